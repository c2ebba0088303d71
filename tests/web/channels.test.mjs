import assert from "node:assert/strict";
import { test } from "node:test";

import { several, tracksOf } from "../../server/web/media/channels.js";
import { shotsOf } from "../../server/web/media/request.js";

test("channels are counted through all tracks, as far as tracks say how many they have", () => {
  assert.deepEqual(tracksOf([]), []);
  assert.deepEqual(tracksOf([4]), [[1, 2, 3, 4]]);
  assert.deepEqual(tracksOf([2, 1, 1]), [[1, 2], [3], [4]]);
  assert.deepEqual(tracksOf([2, 0, 1]), [[1, 2]]);
});

test("a shot says which channels are its speech, and nothing where none was chosen", () => {
  const video = { name: "a.mov", ref: { upload: "v" }, start: 0, endExclusive: null, keep: [], face: null };
  const speech = { name: "s.wav", ref: { upload: "s" }, speechStart: 0, speechEnd: null, channels: [] };
  const said = (channels) => shotsOf([[video, { ...speech, channels }]], () => null)[0].speech_channels;
  assert.equal(said([]), undefined);
  assert.deepEqual(said([1, 3]), [1, 3]);
});

test("there is something to choose where a recording that is ready has more than two channels", () => {
  const item = (state, ...sound_streams) => ({ state, probed: { sound_streams } });
  assert.deepEqual(
    [item("ready", 4), item("ready", 1, 1, 1), item("ready", 2), item("ready", 1), item("sending", 4), item("ready")].map(several),
    [true, true, false, false, false, false],
  );
  assert.equal(several({ state: "ready", probed: null }), false);
});
