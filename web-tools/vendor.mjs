/**
 * Lays the page's library (preact, its hooks, htm) beside the page, as the ES modules their authors publish.
 *
 * The only change is that `from "preact"` becomes a relative path, since a strict CSP forbids an inline import map. The `.d.ts`
 * beside each file hands the checker the package's own types. Licences travel with the files.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const vendor = join(here, "..", "server", "web", "vendor");

const FILES = [
  { from: "preact/dist/preact.module.js", to: "preact.js", types: 'export * from "preact";\n' },
  { from: "preact/hooks/dist/hooks.module.js", to: "hooks.js", types: 'export * from "preact/hooks";\n' },
  { from: "htm/dist/htm.module.js", to: "htm.js", types: 'export { default } from "htm";\n' },
];

rmSync(vendor, { recursive: true, force: true });
mkdirSync(vendor, { recursive: true });
for (const { from, to, types } of FILES) {
  const text = readFileSync(join(modules, from), "utf8");
  const relative = text.replaceAll(/(from\s*)(["'])preact\2/g, '$1"./preact.js"').replaceAll(/\n?\/\/# sourceMappingURL=\S+/g, "");
  writeFileSync(join(vendor, to), relative);
  writeFileSync(join(vendor, to.replace(/\.js$/, ".d.ts")), types);
}
for (const name of ["preact", "htm"]) copyFileSync(join(modules, name, "LICENSE"), join(vendor, `LICENSE.${name}`));
const versions = ["preact", "htm"].map(
  (name) => `${name} ${JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8")).version}`,
);
writeFileSync(join(vendor, "VERSIONS"), `${versions.join("\n")}\n`);
