"use strict";
// The protocol's parameters in frames become orders in ticks for the editor's side, and its answers become the protocol's results.

const { beside, refusal } = require("./errors.js");
const ticks = require("./ticks.js");

const LAST_FRAME = 100000000; // 460 hours at 60 a second: more is a mistake, and outgrows Premiere's ticks

/** host.place and host.switchTake. How the take is laid was chosen before it was rendered and travels in the placement. Audio lies on whole
 * frames of the sequence. */
function toPlace(params) {
  const spot = checked(params.placement);
  const laying = { mode: "track", mute: "none", disable_original: false, ...spot.laying };
  if (laying.mode === "take") throw refusal("NoTakes", "panel.premiere-no-takes");
  const { frames } = params;
  if (!(frames > 0)) throw refusal("BadPlacement", "panel.no-frames");
  const start = ticks.ofFrames(spot.record_start, spot.rate);
  const end = ticks.ofFrames(spot.record_start + spot.record_duration, spot.rate);
  const first = handleTicks(params.handles || 0, frames, spot);
  return {
    take: params.take,
    file: params.file,
    project: spot.project,
    sequence: spot.sequence,
    clip: spot.clip || null,
    track: spot.track,
    start,
    end,
    first,
    last: ticks.add(first, ticks.subtract(end, start)),
    baked: Boolean(spot.baked),
    disable: laying.disable_original,
    relink: laying.mode === "relink",
    mute: laying.mute,
    speech: params.speech ? speechOrder(params, start, end) : null,
  };
}

/** A place that exists on a timeline. Throws: BadPlacement. */
function checked(spot) {
  const [numerator] = ticks.parts(spot.rate);
  if (numerator > 0n && spot.record_duration > 0 && spot.record_start >= 0 && spot.record_start + spot.record_duration < LAST_FRAME)
    return spot;
  throw refusal("BadPlacement", "panel.bad-place");
}

/** Where the visible part begins in the file: its frames last as long as the visible ones do. */
function handleTicks(handles, frames, spot) {
  const [rate, per] = ticks.parts(spot.rate);
  const common = `${BigInt(frames) * rate}/${BigInt(spot.record_duration) * per}`;
  return ticks.ofFrames(handles, common);
}

/** The stretch of the speech under the take; one that begins later is placed later. */
function speechOrder(params, start, end) {
  const spot = params.placement;
  const exact = BigInt(ticks.ofSeconds(params.speech_start || "0/1"));
  const frame = BigInt(ticks.ofFrames(1, spot.rate));
  const begins = BigInt(ticks.toFrames(String(exact), spot.rate)) * frame;
  const late = begins < 0n ? -begins : 0n;
  const first = begins < 0n ? 0n : begins;
  return {
    file: params.speech,
    start: String(BigInt(start) + late),
    end,
    first: String(first),
    last: String(first + BigInt(end) - BigInt(start) - late),
  };
}

function placedResult(params, placed) {
  const rate = params.placement.rate;
  const start = ticks.toFrames(placed.start, rate);
  return {
    take: params.take,
    already: placed.already,
    track: placed.track,
    record_start: start,
    record_duration: ticks.toFrames(placed.end, rate) - start,
    ...beside("not_copied", "not_copied_messages", placed.notCopied),
    ...beside("notices", "notice_messages", placed.notices),
  };
}

function toMark(params) {
  const spot = checked(params.placement);
  const at = (frame) => ticks.ofFrames(frame, spot.rate);
  const markers = params.markers.map((marker) => ({
    start: at(marker.record_start),
    end: at(marker.record_start + Math.max(1, marker.record_duration)),
    name: marker.name,
    comment: marker.comment || "",
  }));
  return { project: spot.project, sequence: spot.sequence, markers };
}

function toReveal(params) {
  const spot = checked(params.placement);
  return { project: spot.project, sequence: spot.sequence, start: ticks.ofFrames(spot.record_start, spot.rate) };
}

module.exports = { toPlace, placedResult, toMark, toReveal };
