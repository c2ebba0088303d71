import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import en from "../../server/web/text/en.js";
import { language, languages, listed, loadLanguages, setLanguage, t } from "../../server/web/text.js";

const root = fileURLToPath(new URL("../../server/web/", import.meta.url));
const typescript = createRequire(join(root, "../../web-tools/package.json"))("typescript");
const MADE_AT_RUN_TIME = [
  "models.title-",
  "queue.tab-",
  "editors.",
  "room.",
  "room-hint.",
  "slots.",
  "app.",
  "app-short.",
  "connection.",
  "device.",
  "executor.",
  "engine.",
  "fit.",
  "fit-hint.",
  "format.",
  "found.",
  "job.",
  "kind.",
  "kind-hint.",
  "mode.",
  "models.step-",
  "mode-hint.",
  "mute.",
  "mute-hint.",
  "nav.",
  "preset.",
  "publish.",
  "publish-mode.",
  "quality.",
  "settings.",
  "shot.",
  "sound.",
  "stage.",
  "tracker.",
];
const NAMED = new Set(["HeyGem Bridge", "English", "简体中文", "heygem serve"]); // names, and languages in their own tongue
const SPOKEN = new Set(["aria-label", "title", "placeholder", "alt", "label", "hint", "name"]);

const files = readdirSync(root, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".js") && !/vendor|text$/.test(entry.parentPath ?? entry.path))
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name));

/** Each html`…` of a file, values replaced by a mark that is no letter. */
function templates(file) {
  const source = typescript.createSourceFile(
    file,
    readFileSync(file, "utf8"),
    typescript.ScriptTarget.Latest,
    true,
    typescript.ScriptKind.JS,
  );
  const found = [];
  const walk = (node) => {
    if (typescript.isTaggedTemplateExpression(node) && node.tag.getText() === "html") {
      const { template } = node;
      found.push(
        typescript.isNoSubstitutionTemplateLiteral(template)
          ? template.text
          : template.head.text + template.templateSpans.map((span) => `\uE000${span.literal.text}`).join(""),
      );
    }
    typescript.forEachChild(node, walk);
  };
  walk(source);
  return found;
}

/** A language's texts of the page, as its file has them below [page]: a line is a key and a text, both as JSON writes them. */
function pageTexts(file) {
  const lines = readFileSync(join(catalogues, file), "utf8")
    .split(/^\[page\]$/m)[1]
    .trim()
    .split("\n");
  return Object.fromEntries(lines.map((line) => JSON.parse(`[${line.replace(/^("[^"]*") = /, "$1,")}]`)));
}

const catalogues = join(root, "../../heygem_core/messages");
const others = readdirSync(catalogues).filter((name) => name.endsWith(".toml") && name !== "en.toml");
const zh = pageTexts("zh.toml");

for (const file of others) {
  test(`${file} has the same keys as the page's own texts`, () => {
    assert.deepEqual(Object.keys(pageTexts(file)).sort(), Object.keys(en).sort());
  });

  test(`${file} has the same gaps to fill`, () => {
    const gaps = (text) => [...text.matchAll(/\{\w+\}/g)].map(([gap]) => gap).sort();
    for (const [key, text] of Object.entries(pageTexts(file))) assert.deepEqual(gaps(text), gaps(en[key]), key);
  });
}

test("a language that only the server knows of is offered and spoken", async () => {
  const told = {
    "/api/v1/languages": [
      { name: "en", tag: "en", title: "English", between: ", " },
      { name: "tlh", tag: "tlh", title: "tlhIngan Hol", between: " ’ej " },
    ],
    "/api/v1/page-texts/tlh": { "action.save": "choq" },
    "/api/v1/messages/tlh": {},
  };
  globalThis.fetch = async (path) => ({ ok: path in told, json: async () => told[path] });
  globalThis.document = { documentElement: {} };
  await loadLanguages();
  assert.deepEqual(
    languages().map((one) => one.title),
    ["English", "tlhIngan Hol"],
  );
  await setLanguage("tlh-Latn");
  assert.deepEqual(
    [language(), document.documentElement.lang, t("action.save"), t("action.close"), listed(["a", "b"])],
    ["tlh", "tlh", "choq", en["action.close"], "a ’ej b"],
  );
  await setLanguage("fr");
  assert.deepEqual([language(), t("action.save"), listed(["a", "b"])], ["en", en["action.save"], "a, b"]);
});

test("Chinese texts are Chinese", () => {
  const same = Object.keys(en).filter((key) => !/[\u4e00-\u9fff]/.test(zh[key]));
  assert.deepEqual(
    same.filter((key) => !/^(app|app-short|engine|tracker|preset|format|publish)\.|^player\.weak-mark$|^timeline\.chosen$/.test(key)),
    [],
  );
});

test("no text stands outside the catalogues", () => {
  const found = [];
  for (const file of files) {
    for (const template of templates(file)) {
      const texts = template.replaceAll(/<[^>]*>/g, "\uE001").split(/[\uE000\uE001]/);
      const spoken = [...template.matchAll(/([\w-]+)="([^"]*)"/g)]
        .filter(([, name]) => SPOKEN.has(name))
        .map(([, , value]) => value)
        .filter((value) => !/^[\w-]*\uE000?[\w-]*$/.test(value));
      for (const text of [...texts, ...spoken]) {
        const words = text.replaceAll(/\uE000/g, "").trim();
        if (/\p{L}/u.test(words) && !NAMED.has(words)) found.push(`${file}: ${words}`);
      }
    }
  }
  assert.deepEqual(found, []);
});

test("every key that is asked for exists, and every text is asked for", () => {
  const asked = new Set();
  for (const file of files) for (const [, key] of readFileSync(file, "utf8").matchAll(/["'`]([a-z][\w-]*\.[\w.-]+)["'`]/g)) asked.add(key);
  const used = (key) => asked.has(key) || MADE_AT_RUN_TIME.some((prefix) => key.startsWith(prefix));
  assert.deepEqual(
    Object.keys(en).filter((key) => !used(key)),
    [],
  );
  const called = new Set();
  for (const file of files) for (const [, key] of readFileSync(file, "utf8").matchAll(/\bt\([^()`]*?"([^"]+)"/g)) called.add(key);
  assert.deepEqual(
    [...called].filter((key) => /^[a-z]/.test(key) && key.includes(".") && !(key in en)),
    [],
  );
});
