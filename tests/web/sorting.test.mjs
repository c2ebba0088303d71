import assert from "node:assert/strict";
import { test } from "node:test";

import { partOf, placeOf } from "../../server/web/media/sorting.js";
import { lengthOf, pairsOf, shotsOf } from "../../server/web/media/request.js";

const kinds = { ".mov": "video", ".png": "still", ".wav": "sound", ".xml": "timeline", ".otio": "timeline" };
const named = (...names) => names.map((name) => ({ name }));
const now = { tab: "single", zone: null, single: { video: 0, speech: 0 }, timeline: false, kinds };
const names = ({ taken }) => Object.fromEntries(taken.map(([role, some]) => [role, some.map(({ name }) => name)]));

test("a file plays the part that its kind allows, wherever it is dropped", () => {
  assert.equal(partOf({ name: "a.MOV" }, kinds, null), "video");
  assert.equal(partOf({ name: "a.png" }, kinds, null), "video");
  assert.equal(partOf({ name: "a.wav" }, kinds, "video"), "speech");
  assert.equal(partOf({ name: "a.mov" }, kinds, "speech"), "speech");
  assert.equal(partOf({ name: "a.png" }, kinds, "speech"), "video");
  assert.equal(partOf({ name: "a.otio" }, kinds, "speech"), "timeline");
  assert.equal(partOf({ name: "recording", type: "audio/x-own" }, kinds, null), "speech");
  assert.equal(partOf({ name: "notes.txt", type: "text/plain" }, kinds, null), null);
});

test("what was chosen for a part plays it, and the server says whether it can", () => {
  assert.equal(partOf({ name: "a.wav" }, kinds, "video", true), "video");
  assert.equal(partOf({ name: "odd.xyz" }, kinds, "speech", true), "speech");
  assert.equal(partOf({ name: "a.xml" }, kinds, "video", true), "timeline");
});

test("several videos are a batch, together with what stood on Single", () => {
  const three = placeOf(named("a.mov", "b.mov", "c.mov", "s.wav", "notes.txt"), now);
  assert.equal(three.tab, "batch");
  assert.deepEqual(names(three), { video: ["a.mov", "b.mov", "c.mov"], speech: ["s.wav"] });
  assert.deepEqual(three.unknown, named("notes.txt"));
  assert.equal(placeOf(named("a.mov", "s.wav"), now).tab, "single");
  assert.equal(placeOf(named("b.mov"), { ...now, single: { video: 1, speech: 0 } }).tab, "batch");
  assert.equal(placeOf(named("a.mov"), { ...now, tab: "batch" }).tab, "batch");
});

test("a timeline opens as one wherever it comes; what it has no use for is told", () => {
  const opened = placeOf(named("a.mov", "cut.xml", "s.wav", "other.otio"), { ...now, tab: "batch", zone: "video" });
  assert.equal(opened.tab, "timeline");
  assert.deepEqual(names(opened), { timeline: ["cut.xml"], cues: [], cast: [], speech: ["s.wav"] });
  assert.deepEqual(opened.beside, named("other.otio", "a.mov"));
});

test("a speech on Timeline is the timeline's where one is open", () => {
  assert.equal(placeOf(named("s.wav"), { ...now, tab: "timeline", timeline: true }).tab, "timeline");
  assert.equal(placeOf(named("s.wav"), { ...now, tab: "timeline" }).tab, "single");
  assert.equal(placeOf(named("a.mov"), { ...now, tab: "timeline", timeline: true }).tab, "single");
});

const video = (frames, change) => ({
  key: `v${frames}`,
  name: `v${frames}.mov`,
  start: 0,
  endExclusive: null,
  keep: [],
  face: null,
  probed: { kind: "video", rate: "25", frames, duration_s: frames / 25 },
  ...change,
});
const speech = (seconds) => ({ key: `s${seconds}`, name: `s${seconds}.wav`, probed: { kind: "sound", duration_s: seconds } });

test("the length of a take, and what of the speech it cuts, follow the fit", () => {
  assert.deepEqual(lengthOf(video(50), speech(3), "hold"), { seconds: 2, cut: 1, silent: 0 });
  assert.deepEqual(lengthOf(video(50), speech(1), "hold"), { seconds: 2, cut: 0, silent: 1 });
  assert.deepEqual(lengthOf(video(50), speech(2.02), "hold"), { seconds: 2, cut: 0, silent: 0 }); // less than a frame
  assert.deepEqual(lengthOf(video(50), speech(3), "loop"), { seconds: 3, cut: 0, silent: 0 });
  assert.deepEqual(lengthOf(video(50), speech(1), "trim"), { seconds: 1, cut: 0, silent: 0 });
  assert.equal(lengthOf(video(50, { start: 10, endExclusive: 20 }), speech(1), "hold").seconds, 0.4);
});

test("pairs become shots, with a length of their own where one was chosen", () => {
  const pairs = pairsOf([video(50), video(25)], [speech(1), speech(2)], "each");
  const shots = shotsOf(pairs, (one) => (one.key === "v25" ? { fit: "loop" } : null));
  assert.deepEqual(
    shots.map(({ name, settings }) => [name, settings?.fit]),
    [
      ["v50 – s1", undefined],
      ["v50 – s2", undefined],
      ["v25 – s1", "loop"],
      ["v25 – s2", "loop"],
    ],
  );
  assert.deepEqual(
    shotsOf(pairsOf([video(50), video(25)], [speech(1)], "each"), () => null).map(({ name }) => name),
    ["v50", "v25"],
  );
});

test("a list of lines comes with all its recordings, and only where a timeline is open", () => {
  const sheet = { ...now, tab: "timeline", timeline: true };
  const given = placeOf(named("lines.csv", "1.wav", "2.wav"), sheet);
  assert.deepEqual(names(given), { timeline: [], cues: ["lines.csv"], cast: [], speech: ["1.wav", "2.wav"] });
  assert.deepEqual(given.beside, []);
  assert.deepEqual(names(placeOf(named("3.wav", "4.wav"), { ...sheet, cues: true })).speech, ["3.wav", "4.wav"]);
  assert.deepEqual(names(placeOf(named("roles.csv"), { ...sheet, cues: true, zone: "cast", chosen: true })).cast, ["roles.csv"]);
  assert.equal(placeOf(named("cut.xml", "lines.srt"), now).tab, "timeline");
  assert.deepEqual(placeOf(named("lines.csv"), now).unknown, named("lines.csv"));
  assert.deepEqual(placeOf(named("a.mov", "lines.csv"), now).unknown, named("lines.csv"));
});
