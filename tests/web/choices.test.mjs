import assert from "node:assert/strict";
import { test } from "node:test";

import { stretches } from "../../server/web/media/draw.js";
import { overhang, pairsOf, shotsOf } from "../../server/web/media/request.js";
import { Task } from "../../server/web/task.js";
import { takeView } from "./helpers.mjs";

const item = (change) => ({
  key: change.name,
  role: "video",
  state: "ready",
  ref: { upload: change.name },
  start: 0,
  endExclusive: null,
  keep: [],
  face: null,
  probed: { kind: "video", rate: "25/1", frames: 100, duration_s: 4 },
  ...change,
});
const speech = (name, seconds = 2) => item({ name, role: "speech", probed: { kind: "sound", duration_s: seconds } });

test("every speech on every video, named apart", () => {
  const shots = shotsOf(
    pairsOf([item({ name: "a.mp4" }), item({ name: "b.mov" })], [speech("en.wav"), speech("de.wav")], "each"),
    () => null,
  );
  assert.deepEqual(
    shots.map((shot) => shot.name),
    ["a – en", "a – de", "b – en", "b – de"],
  );
});

test("pairs take the first with the first", () => {
  const shots = shotsOf(
    pairsOf([item({ name: "a.mp4" }), item({ name: "b.mov" })], [speech("1.wav"), speech("2.wav")], "in-order"),
    () => null,
  );
  assert.deepEqual(
    shots.map((shot) => [shot.name, shot.speech.upload]),
    [
      ["a", "1.wav"],
      ["b", "2.wav"],
    ],
  );
});

test("a shot carries the marks, the face and what stays as it is", () => {
  const [shot] = shotsOf(
    pairsOf([item({ name: "a.mp4", start: 3, endExclusive: 50, keep: [[5, 9]], face: 2 })], [speech("1.wav")], "each"),
    () => null,
  );
  assert.deepEqual([shot.start, shot.end_exclusive, shot.keep, shot.face], [3, 50, [[5, 9]], 2]);
});

test("a speech within one frame of the picture's end fits, a longer one does not", () => {
  assert.equal(overhang(item({ name: "a" }), speech("s", 4.03)), 0);
  assert.ok(overhang(item({ name: "a" }), speech("s", 4.05)) > 0);
  assert.ok(overhang(item({ name: "a", endExclusive: 50 }), speech("s", 3)) > 0.9);
});

test("a late answer of an earlier call never overwrites a newer one", async () => {
  const answers = [];
  const task = new Task(
    (_, n) => new Promise((resolve) => answers.push(() => resolve(n))),
    () => {},
  );
  const first = task.run(1);
  const second = task.run(2);
  answers[1]();
  await second;
  answers[0]();
  await first;
  assert.deepEqual([task.now.status, task.now.value], ["complete", 2]);
});

test("an error keeps the last value beside it", async () => {
  let fail = false;
  const task = new Task(
    async () => {
      if (fail) throw new Error("no");
      return 5;
    },
    () => {},
  );
  await task.run();
  fail = true;
  await task.run();
  assert.deepEqual([task.now.status, task.now.value, task.now.error.message], ["error", 5, "no"]);
});

test("a curve is drawn in its stretches without gaps", () => {
  assert.deepEqual(stretches([null, 1, 2, null, null, 3]), [
    [1, 3],
    [5, 6],
  ]);
  assert.deepEqual(stretches([]), []);
});

test("weak frames land on the record in the timeline's own frames; those in the handles are not seen and get no marker", async () => {
  globalThis.window = globalThis;
  const { markersOf } = await import("../../server/web/views/place.js");
  const placement = { project: "p", sequence: "s", track: 1, record_start: 1000, record_duration: 100, rate: "50/1", handles: 5 };
  const weak = [
    [0, 4],
    [3, 7],
    [10, 12],
    [54, 59],
    [57, 60],
  ].map(([start, end_exclusive]) => ({ start, end_exclusive, reason: "profile" }));
  const marked = markersOf(takeView({ frames: 60, rate: "25/1", weak }), placement);
  assert.deepEqual(
    marked.map(({ record_start, record_duration }) => [record_start, record_duration]),
    [
      [1000, 4],
      [1010, 4],
      [1098, 2],
    ],
  );
});
