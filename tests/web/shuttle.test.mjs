import assert from "node:assert/strict";
import { test } from "node:test";

import { faster, looped } from "../../server/web/media/shuttle.js";

test("each press is faster up to eight times, the other direction begins with the normal speed", () => {
  let speed = 0;
  const speeds = [1, 1, 1, 1, 1, -1, -1].map((direction) => (speed = faster(speed, /** @type {1 | -1} */ (direction))));
  assert.deepEqual(speeds, [1, 2, 4, 8, 8, -1, -2]);
});

test("a loop keeps its other side, and never ends before it begins", () => {
  assert.deepEqual(looped(null, { from: 10 }, 100), { from: 10, to: 100 });
  assert.deepEqual(looped({ from: 10, to: 100 }, { to: 20 }, 100), { from: 10, to: 20 });
  assert.deepEqual(looped({ from: 10, to: 20 }, { from: 30 }, 100), { from: 30, to: 100 });
  assert.deepEqual(looped({ from: 30, to: 100 }, { to: 5 }, 100), { from: 0, to: 5 });
});
