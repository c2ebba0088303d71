"use strict";
// Walks a panel's code with the compiler and the vendor's types: `node walk.cjs SPEC`, SPEC as JSON with {files, types, own, table, folder}.
// Answers with JSON: {faults: what the compiler finds, unknown: members of things whose type nobody knows, vendor: how many calls the vendor's
// types confirm (a count by name), listed: those that only our list declares}.
//
// The code is plain JavaScript. `table.parameters` says what a parameter of a name is ("track", or "put.track" for that of one function); what
// comes of it is inferred. A call on something without a type is a fault of its own kind: the compiler would let everything pass.

const fs = require("fs");
const path = require("path");
const ts = require("typescript");

const spec = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));

/** The text with a JSDoc comment before each named function whose parameters the table knows. Lines stay where they are. */
function annotated(name, text) {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const inserts = [];
  const typeOf = (owner, parameter) => spec.table.parameters[`${owner}.${parameter}`] || spec.table.parameters[parameter] || "any";
  const visit = (node) => {
    const owner = ownerOf(node);
    if (owner && !ts.getJSDocParameterTags(node.parameters[0] || node).length && !hasParameterTags(node)) {
      const lines = node.parameters.map((parameter, index) => {
        if (ts.isIdentifier(parameter.name)) {
          const last = spec.table.optional.includes(`${owner}.${parameter.name.text}`) || parameter.initializer;
          return `@param {${typeOf(owner, parameter.name.text)}} ${last ? `[${parameter.name.text}]` : parameter.name.text}`;
        }
        const fields = parameter.name.elements.map((one) => `${(one.propertyName || one.name).getText()}?: ${typeOf(owner, (one.propertyName || one.name).getText())}`);
        return `@param {{ ${fields.join(", ")} }} given${index}`;
      });
      const place = statementOf(node);
      if (spec.table.returns[owner]) lines.push(`@returns {${spec.table.returns[owner]}}`);
      if (lines.length) inserts.push([place.getStart(), `/** ${lines.join(" ")} */ `]);
    }
    const variable = ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) ? variableType(node) : null;
    if (variable) inserts.push([node.name.getStart(), `/** @type {${variable}} */ `]);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return inserts.sort((one, other) => other[0] - one[0]).reduce((all, [at, words]) => all.slice(0, at) + words + all.slice(at), text);
}

/** What the table says of a variable whose value does not tell its type ("put.item": set later, used in a function within). */
function variableType(node) {
  for (let at = node.parent; at; at = at.parent) {
    if (ts.isFunctionLike(at)) return spec.table.variables[`${nameOfFunction(at)}.${node.name.text}`] || null;
  }
  return null;
}

/** The name of a function that has one: declared, or kept in a constant. */
function ownerOf(node) {
  if (ts.isFunctionDeclaration(node)) return node.name.text;
  if (ts.isArrowFunction(node) && ts.isVariableDeclaration(node.parent) && ts.isIdentifier(node.parent.name)) return node.parent.name.text;
  return null;
}

const statementOf = (node) => (ts.isFunctionDeclaration(node) ? node : node.parent.parent.parent);

function hasParameterTags(node) {
  return ts.getJSDocTags(statementOf(node)).some((tag) => ts.isJSDocParameterTag(tag));
}

const files = spec.files.map((file) => {
  const made = path.join(spec.folder, path.basename(file).replace(/\.jsx$/, ".js"));
  const text = fs.readFileSync(file, "utf8").replace("$.heygem = {};", "$.heygem = /** @type {any} */ ({});");
  fs.writeFileSync(made, annotated(made, text));
  return made;
});
const program = ts.createProgram([...spec.types, ...files], spec.options);
const checker = program.getTypeChecker();
const where = (node) => {
  const source = node.getSourceFile();
  return `${path.basename(source.fileName)}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
};

const faults = ts
  .getPreEmitDiagnostics(program)
  .filter((one) => one.file && files.includes(one.file.fileName) && !(one.code >= 7000 && one.code < 8000)) // implicit any: counted below
  .map((one) => `${path.basename(one.file.fileName)}:${one.file.getLineAndCharacterOfPosition(one.start).line + 1} ${ts.flattenDiagnosticMessageText(one.messageText, " ")}`);
const [unknown, vendor, listed] = [[], new Map(), new Map()];
const counted = (map, name) => map.set(name, (map.get(name) || 0) + 1);

/** Whether a name at the root of an expression is our own module, a catch clause's error or a value of no particular type. */
function isOwn(expression) {
  let root = expression;
  while (ts.isPropertyAccessExpression(root) || ts.isElementAccessExpression(root) || ts.isCallExpression(root) || ts.isParenthesizedExpression(root) || ts.isAwaitExpression(root) || ts.isNonNullExpression(root))
    root = root.expression;
  if (!ts.isIdentifier(root)) return false;
  if (spec.table.own.includes(root.text)) return true;
  const symbol = checker.getSymbolAtLocation(root);
  const declared = symbol && symbol.declarations && symbol.declarations[0];
  if (!declared) return false;
  if (declared.parent && ts.isCatchClause(declared.parent)) return true;
  for (let at = declared; at && !ts.isSourceFile(at); at = at.parent) {
    if (ts.isVariableDeclaration(at) && at.initializer && /^(require|core)\(/.test(at.initializer.getText()) && !/\)\.core/.test(at.initializer.getText()))
      return true;
  }
  return /require\("\.\/core\.js"\)/.test(declared.getText());
}

function within(node) {
  for (let at = node; at; at = at.parent) if (ts.isFunctionLike(at) && spec.table.values.includes(nameOfFunction(at))) return true;
  return false;
}

function nameOfFunction(node) {
  if (node.name && ts.isIdentifier(node.name)) return node.name.text;
  const { parent } = node;
  if (parent && ts.isBinaryExpression(parent) && ts.isPropertyAccessExpression(parent.left)) return parent.left.name.text;
  return parent && ts.isVariableDeclaration(parent) ? parent.name.getText() : "";
}

function visit(node) {
  if (ts.isPropertyAccessExpression(node) && checker.getTypeAtLocation(node.expression).flags & ts.TypeFlags.Any && !isOwn(node.expression) && !within(node))
    unknown.push(`${where(node)} ${node.getText()}`);
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    const signature = checker.getResolvedSignature(node);
    const file = signature && signature.declaration && signature.declaration.getSourceFile().fileName;
    const name = node.expression.name.text;
    if (file && spec.vendor.includes(file)) counted(vendor, name);
    if (file && spec.own.includes(file) && !/\bh$/.test(node.expression.expression.getText())) counted(listed, name);
  }
  ts.forEachChild(node, visit);
}
for (const file of files) visit(program.getSourceFile(file));
process.stdout.write(JSON.stringify({ faults, unknown, vendor: Object.fromEntries(vendor), listed: Object.fromEntries(listed) }));
