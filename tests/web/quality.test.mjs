import assert from "node:assert/strict";
import { test } from "node:test";

import { unchanged, unchangedShare, verdicts } from "../../server/web/quality.js";

const figures = {
  opening: { r: 0.9, r_best: 0.92, lag_ms: -12, amplitude: 0.95 },
  sharpness: 0.97,
  flicker: 1.1,
  teeth: 1.2,
  rim: 1,
  point_error: null,
  width: null,
};
const report = (quality) => ({
  quality,
  passed_through: { "no face is seen": [[8, 10]], "left alone by choice": [[2, 4]] },
  wanted_opening: Array(20).fill(0.1),
});

test("good figures are told as good, in words, each with its figure", () => {
  const said = verdicts(report(figures));
  assert.deepEqual(
    said.map((one) => one.level),
    Array(6).fill("good"),
  );
  assert.equal(said[0].text, "The lips follow the speech.");
  assert.match(said[1].figure, /^[-−]12 ms$/);
});

test("early and late lips are judged alike, and too much movement like too little", () => {
  const level = (change) => verdicts(report({ ...figures, opening: { ...figures.opening, ...change } }));
  assert.equal(level({ lag_ms: 120 })[1].level, "poor");
  assert.equal(level({ lag_ms: -120 })[1].level, "poor");
  assert.equal(level({ amplitude: 0.4 })[2].level, "poor");
  assert.equal(level({ amplitude: 1.6 })[2].level, "poor");
});

test("what could not be measured is not judged", () => {
  assert.deepEqual(verdicts(report(null)), []);
  assert.deepEqual(verdicts(report({ ...figures, opening: null, teeth: null })).length, 2);
});

test("frames that stayed as they were come in order, with their share", () => {
  assert.deepEqual(
    unchanged(report(figures)).map(({ from, to, why }) => [from, to, why]),
    [
      [2, 4, "left alone by choice"],
      [8, 10, "no face is seen"],
    ],
  );
  assert.equal(unchangedShare(report(figures)), 0.2);
});
