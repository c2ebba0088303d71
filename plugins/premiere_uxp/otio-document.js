"use strict";
// Premiere's own OpenTimelineIO, with the id of each clip put into metadata.heygem.id. Its source_range counts source frames: what shows of a
// retimed clip is duration / time_scalar. Clips are matched by track and start.

const ticks = require("./core.js").core("ticks.js");

/** The same document; null where nothing could be matched, so that whoever asked makes one of his own. */
function withIds(document, described) {
  const rate = ticks.rateOf(described.timebase);
  const counted = { Video: 0, Audio: 0 };
  let matched = 0;
  for (const track of (document.tracks && document.tracks.children) || []) {
    const known = { Video: described.video, Audio: described.audio }[track.kind];
    if (!known) continue;
    const of = known[counted[track.kind]];
    counted[track.kind] += 1;
    if (!of) continue;
    const items = new Map(of.items.map((item) => [ticks.toFrames(item.start, rate), item]));
    for (const [start, child] of starts(track, rate)) {
      const item = items.get(start);
      if (!item) continue;
      const link = [item.id, ...item.linked].sort()[0];
      child.metadata = { ...(child.metadata || {}), heygem: item.linked.length ? { id: item.id, link } : { id: item.id } };
      matched += 1;
    }
  }
  const wanted = [...described.video, ...described.audio].reduce((count, track) => count + track.items.length, 0);
  return matched === wanted ? document : null;
}

function starts(track, rate) {
  let at = 0;
  const found = [];
  for (const child of track.children || []) {
    const schema = String(child.OTIO_SCHEMA);
    if (schema.startsWith("Transition")) continue;
    if (!schema.startsWith("Gap")) found.push([Math.round(at), child]);
    at += lengthOf(child, rate);
  }
  return found;
}

/** Frames of the sequence. */
function lengthOf(child, rate) {
  const range = child.source_range || (child.media_reference && child.media_reference.available_range);
  if (!range) return 0;
  const warp = (child.effects || []).find((effect) => typeof effect.time_scalar === "number" && effect.time_scalar !== 0);
  const scalar = warp ? Math.abs(warp.time_scalar) : 1;
  return ((range.duration.value / ticks.toNumber(ticks.exactRate(range.duration.rate))) * ticks.toNumber(rate)) / scalar;
}

module.exports = { withIds };
