import assert from "node:assert/strict";
import { test } from "node:test";

import { pairsToJudge } from "../../server/web/media/pairs-to-judge.js";

const take = (id, shot) => ({ id, shot });
const dice = (...values) => {
  let k = 0;
  return () => values[k++ % values.length];
};
const ids = (pairs) => pairs.map(([one, other]) => one.id + other.id);

test("versions of one shot are judged against each other, and no others", () => {
  const takes = [take("a", 1), take("b", 2), take("c", 1), take("d", 1)];
  const found = ids(pairsToJudge(takes, () => 0.1)).map((pair) => [...pair].sort().join(""));
  assert.deepEqual(found.sort(), ["ac", "ad", "cd"]);
});

test("two takes of different shots are a pair, one take is none", () => {
  assert.deepEqual(ids(pairsToJudge([take("a", 1), take("b", 2)], () => 0.1)), ["ab"]);
  assert.deepEqual(pairsToJudge([take("a", 1)]), []);
});

test("the dice choose sides and order", () => {
  const takes = [take("a", 1), take("c", 1), take("b", 2), take("d", 2)];
  assert.deepEqual(ids(pairsToJudge(takes, dice(0.9, 0.1, 0.9))), ["ac", "db"]);
  assert.deepEqual(ids(pairsToJudge(takes, dice(0.1, 0.9, 0.1))), ["db", "ac"]);
});
