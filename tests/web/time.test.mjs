import assert from "node:assert/strict";
import { test } from "node:test";

import {
  frameAt,
  frameOfText,
  frameToTimecode,
  insideOf,
  nameOfFrame,
  parseRate,
  secondsOf,
  timecodeToFrame,
} from "../../server/web/time.js";

const RATES = ["24000/1001", "24/1", "25/1", "30000/1001", "30/1", "50/1", "60000/1001", "60/1", "120/1"];

test("a seek into the middle of a frame names that frame again, after hours too", () => {
  for (const text of RATES) {
    const rate = parseRate(text);
    for (const frame of [0, 1, 2, 999, 107_892, 1_000_003]) {
      assert.equal(frameAt(insideOf(frame, rate), rate), frame, text);
      assert.equal(frameAt(Math.fround(secondsOf(frame, rate) * 1e6) / 1e6 >= 0 ? secondsOf(frame, rate) : 0, rate), frame, text);
    }
  }
});

test("a moment that a player rounded down to whole microseconds still names its frame", () => {
  for (const text of RATES) {
    const rate = parseRate(text);
    for (let frame = 0; frame < 5000; frame++) assert.equal(frameAt(Math.floor(secondsOf(frame, rate) * 1e6) / 1e6, rate), frame, text);
  }
});

test("drop-frame leaves out two numbers a minute except every tenth", () => {
  const rate = parseRate("30000/1001");
  assert.equal(frameToTimecode(1799, rate, true), "00:00:59;29");
  assert.equal(frameToTimecode(1800, rate, true), "00:01:00;02");
  assert.equal(frameToTimecode(17_982, rate, true), "00:10:00;00");
  assert.equal(frameToTimecode(107_892, rate, true), "01:00:00;00");
  assert.equal(timecodeToFrame("00:01:00;01", rate, true), null);
});

test("timecodes read back to the frame they were made of", () => {
  for (const [text, drop] of [
    ["24000/1001", false],
    ["25/1", false],
    ["30000/1001", true],
    ["60000/1001", true],
    ["60/1", false],
  ]) {
    const rate = parseRate(text);
    for (let frame = 0; frame < 200_000; frame += 37)
      assert.equal(timecodeToFrame(frameToTimecode(frame, rate, drop), rate, drop), frame, text);
  }
});

test("a file's frames count on from its own start timecode", () => {
  assert.equal(nameOfFrame(26, parseRate("25/1"), "10:00:00:00"), "10:00:01:01");
  assert.equal(nameOfFrame(2, parseRate("30000/1001"), "00:00:59;29"), "00:01:00;03");
  assert.equal(nameOfFrame(7, null, null), "7");
});

test("what people type is a timecode, seconds and frames, or a frame", () => {
  const rate = parseRate("25/1");
  assert.equal(frameOfText("10:00:01:01", rate, "10:00:00:00"), 26);
  assert.equal(frameOfText("09:00:00:00", rate, "10:00:00:00"), null);
  assert.equal(frameOfText("02:10", rate, null), 60);
  assert.equal(frameOfText(" 123 ", rate, null), 123);
  assert.equal(frameOfText("soon", rate, null), null);
  assert.equal(frameOfText("00:00:00:25", rate, null), null);
});

test("an unknown rate stays unknown", () => {
  assert.equal(parseRate(null), null);
  assert.equal(parseRate("0/1"), null);
});
