import assert from "node:assert/strict";
import { test } from "node:test";

import { mouthView, placed } from "../../server/web/media/mouth-view.js";

const number = (text) => Number.parseFloat(text) / 100;

test("the mouth lies in the lower part of the face, in the middle of the pane", () => {
  const view = mouthView([0.4, 0.2, 0.6, 0.5]);
  assert.equal(view.x, 0.5);
  assert.ok(view.y > 0.35 && view.y < 0.5);
  const where = placed(view, 9 / 16, 3 / 2);
  const middle = [number(where.left) + view.x * number(where.width), number(where.top) + view.y * number(where.height)];
  for (const at of middle) assert.ok(Math.abs(at - 0.5) < 1e-4, String(at));
  assert.ok(Math.abs(number(where.width) * view.width - 1) < 1e-4, "the view is as wide as the pane");
});

test("pixels stay square, and nothing beyond the picture is shown", () => {
  for (const [aspect, pane] of [
    [16 / 9, 1.5],
    [9 / 16, 1.5],
    [1, 2],
  ]) {
    const where = placed({ x: 0.98, y: 0.02, width: 0.3 }, aspect, pane);
    assert.ok(Math.abs((number(where.width) * pane) / number(where.height) - aspect) < 1e-3);
    assert.ok(number(where.top) <= 0 && number(where.left) + number(where.width) >= 1 - 1e-4);
  }
});
