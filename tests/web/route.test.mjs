import assert from "node:assert/strict";
import { test } from "node:test";

import { hashOf, readRoute } from "../../server/web/route.js";

test("an address leads to its view and back", () => {
  for (const id of ["t1", "resolve/on this machine", "100 %", "ä"])
    assert.deepEqual(readRoute(hashOf("take", id), "new"), { view: "take", id });
  assert.deepEqual(readRoute("", "host"), { view: "host", id: null });
  assert.deepEqual(readRoute("#/elsewhere/x", "new"), { view: "new", id: null });
});

test("an address that cannot be read leads to a view that says so, and never to an empty page", () => {
  for (const hash of ["#/take/%", "#/take/%e0%a4%a", "#/host/%ff", "#/results/%zz"])
    assert.deepEqual(readRoute(hash, "new"), { view: "nothing", id: null });
});
