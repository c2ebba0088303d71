import assert from "node:assert/strict";
import { test } from "node:test";

import { drawn } from "../../server/web/format.js";

test("of a job whose shots are not all planned only the frames that are drawn are told", () => {
  assert.equal(drawn(21, 100), "21 of 100 frames");
  assert.equal(drawn(0, 100), "0 of 100 frames");
  assert.equal(drawn(1234, null), "1,234 frames");
});
