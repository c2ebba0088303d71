"use strict";
// Lists what files use that came to Chromium after a version: `node features.cjs 88 FILE.js FILE.css …`, an answer as JSON
// [{file, line, what, since}]. What came when is MDN's table (@mdn/browser-compat-data).
//
// Members are known by name: a call of `.at` is Array's since nothing else has a member of that name. A name that something older has, too, passes.
// Of the web's interfaces those are looked at that a page without graphics cards, payments and the like meets.
// What stands in an @supports block, or behind a question whether it is there, is said as well: whoever reads the list decides.

const fs = require("fs");

const bcd = require("@mdn/browser-compat-data");
const acorn = require("acorn");

const [, , limit, ...files] = process.argv;
const newest = Number(limit);

const MET =
  /^(HTML|SVG|Element|Document|Window|Node|Event|Abort|URL|Blob|File|Response|Request|Readable|Crypto|Navigator|Clipboard|Animation|DOM|Storage|History|Location|Intersection|Resize|Mutation|Canvas|Audio|Media|Text|WebSocket|Message|Broadcast)/;
const LANGUAGE_LATER = ["Temporal", "Iterator", "AsyncIterator"];

/** The first version without a flag, a prefix or another name; null = none, or nobody knows. */
function since(entry) {
  const support = entry && entry.__compat && entry.__compat.support && entry.__compat.support.chrome;
  const plain = [support].flat().filter((one) => one && !one.flags && !one.prefix && !one.alternative_name && one.version_added);
  const versions = plain.map((one) => Number(String(one.version_added).replace(/[^\d.]/g, ""))).filter((one) => one > 0);
  return versions.length ? Math.min(...versions) : null;
}

/** Members and globals by name: [name, [owner, version]]. */
function table() {
  const members = new Map();
  const globals = new Map();
  const put = (map, name, owner, entry) => {
    const version = since(entry);
    if (version === null) return;
    const known = map.get(name);
    const language = owner.split(".")[0] in bcd.javascript.builtins; // whose newer members are methods
    if (!known || version < known.version) map.set(name, { owner, version, language });
  };
  for (const room of [bcd.api, bcd.javascript.builtins]) {
    for (const [owner, entry] of Object.entries(room)) {
      if (owner === "__compat") continue;
      put(globals, owner, owner, entry);
      const looked = room === bcd.api ? MET.test(owner) : !LANGUAGE_LATER.includes(owner);
      for (const [name, member] of looked ? Object.entries(entry) : []) {
        if (name === "__compat") continue;
        const bare = name.replace(/_(static|event)$/, "");
        if (!name.endsWith("_event")) put(members, bare, owner, member);
        for (const [inner, deeper] of Object.entries(member)) if (inner !== "__compat") put(members, inner, `${owner}.${name}`, deeper);
      }
    }
  }
  for (const name of Object.keys(bcd.api._globals || {})) put(globals, name, "window", bcd.api._globals[name]);
  for (const name of Object.keys(bcd.api.Window)) put(globals, name, "window", bcd.api.Window[name]);
  for (const name of Object.keys(bcd.css.properties)) put(members, name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase()), "style", bcd.css.properties[name]);
  return { members, globals };
}

const { members, globals } = table();
const syntax = {
  StaticBlock: ["a static block of a class", 94],
  topLevelAwait: ["await outside functions", 89],
  privateIn: ["#name in object", 91],
  attributes: ["attributes of an import", 123],
  regexD: ["flag d of a regular expression", 90],
  regexV: ["flag v of a regular expression", 112],
};

function ofScript(file, text) {
  const found = [];
  const tree = acorn.parse(text, { ecmaVersion: "latest", sourceType: /^\s*"use strict"/.test(text) ? "script" : "module", locations: true, allowReturnOutsideFunction: true });
  const own = new Set();
  const note = (node, what, version) => version > newest && found.push({ file, line: node.loc.start.line, what, since: version });
  const say = (node, name) => note(node, syntax[name][0], syntax[name][1]);
  const each = (node, visit, parents = []) => {
    visit(node, parents);
    for (const value of Object.values(node)) {
      for (const one of [value].flat()) if (one && typeof one.type === "string") each(one, visit, [...parents, node]);
    }
  };
  each(tree, (node) => {
    if (["FunctionDeclaration", "ClassDeclaration", "VariableDeclarator"].includes(node.type) && node.id && node.id.name) own.add(node.id.name);
    if (/^Import\w*Specifier$/.test(node.type)) own.add(node.local.name);
    for (const parameter of node.params || []) each(parameter, (one) => one.type === "Identifier" && own.add(one.name));
    if (node.type === "Property" && node.value && node.value.type === "Identifier" && node.shorthand) own.add(node.value.name);
  });
  each(tree, (node, parents) => {
    const parent = parents[parents.length - 1];
    const inside = parents.some((one) => /Function/.test(one.type));
    if (node.type === "StaticBlock") say(node, "StaticBlock");
    if (node.type === "AwaitExpression" && !inside) say(node, "topLevelAwait");
    if (node.type === "BinaryExpression" && node.left.type === "PrivateIdentifier") say(node, "privateIn");
    if (/^(Import|Export)/.test(node.type) && node.attributes && node.attributes.length) say(node, "attributes");
    if (node.type === "Literal" && node.regex && node.regex.flags.includes("d")) say(node, "regexD");
    if (node.type === "Literal" && node.regex && node.regex.flags.includes("v")) say(node, "regexV");
    if (node.type === "MemberExpression" && !node.computed && node.property.type === "Identifier") {
      const known = members.get(node.property.name);
      const called = parent.type === "CallExpression" && parent.callee === node;
      if (known && (called || !known.language)) note(node, `${known.owner}.${node.property.name}`, known.version);
    }
    const reads = node.type === "Identifier" && !own.has(node.name) && parent && !(parent.type === "MemberExpression" && parent.property === node && !parent.computed);
    if (reads && !(parent.type === "Property" && parent.key === node && !parent.shorthand) && !/Definition$/.test(parent.type)) {
      const known = globals.get(node.name);
      if (known) note(node, node.name, known.version);
    }
  });
  return found;
}

/** Properties with their keywords, functions, pseudo-classes, at-rules and units of a style sheet. */
function ofStyle(file, text) {
  const found = [];
  const bare = text.replace(/\/\*[\s\S]*?\*\//g, (words) => words.replace(/[^\n]/g, " "));
  const lineOf = (index) => bare.slice(0, index).split("\n").length;
  const note = (index, what, entry) => {
    const version = since(entry);
    if (version > newest) found.push({ file, line: lineOf(index), what, since: version });
  };
  const types = Object.assign({}, bcd.css.types, ...Object.values(bcd.css.types));
  for (const match of bare.matchAll(/([{};]\s*)([a-z-]+)\s*:\s*([^;{}]+)(?=[;}])/g)) {
    const [, before, name] = match;
    const value = match[3].replace(/--[\w-]+/g, "");
    const at = match.index + before.length;
    const property = bcd.css.properties[name];
    if (!property) continue;
    note(at, name, property);
    for (const word of value.match(/[a-z][a-z-]*(?=[\s,;)!]|$)/g) || []) if (property[word]) note(at, `${name}: ${word}`, property[word]);
    for (const [, called] of value.matchAll(/([a-z][a-z0-9-]*)\(/g)) if (types[called]) note(at, `${called}()`, types[called]);
    for (const [, unit] of value.matchAll(/\d(dvh|svh|lvh|dvw|svw|lvw|cqw|cqh|cqi|lh|rlh|cap)\b/g)) found.push({ file, line: lineOf(at), what: unit, since: 108 });
  }
  for (const match of bare.matchAll(/::?([a-z-]+)(?=[^{};]*\{)/g)) note(match.index, `:${match[1]}`, bcd.css.selectors[match[1]]);
  for (const match of bare.matchAll(/@([a-z-]+)/g)) note(match.index, `@${match[1]}`, bcd.css["at-rules"][match[1]]);
  for (const match of bare.matchAll(/[{;]\s*&/g)) found.push({ file, line: lineOf(match.index), what: "nested rules", since: 112 });
  return found.filter((one) => one.since > newest);
}

const all = files.flatMap((file) => (file.endsWith(".css") ? ofStyle : ofScript)(file, fs.readFileSync(file, "utf8")));
process.stdout.write(JSON.stringify(all));
