import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../server/web/", import.meta.url));

test("whoever switches a control off says why: by `why` of the parts, or by a description beside it", () => {
  const found = [];
  for (const folder of ["", "views", "media", "ui"])
    for (const name of readdirSync(join(root, folder)).filter((each) => each.endsWith(".js"))) {
      if (name === "parts.js") continue; // turns `why` into both
      const text = readFileSync(join(root, folder, name), "utf8");
      for (const { 0: tag } of text.matchAll(/<(?:\$\{\w+\}|\w+)[^<]*?\sdisabled=\$[^<]*/g))
        if (!/\stitle=|\saria-describedby=/.test(tag)) found.push(`${folder}/${name}: ${tag.slice(0, 120)}`);
    }
  assert.deepEqual(found, []);
});
