/** A take's frames on a timeline: which of them show there, and where its weak ones lie. Pure. */

/** @import * as Wire from "../wire.js" */
import { parseRate } from "../time.js";

/** Which frames of the file show. @param {Wire.TakeView} take @param {Wire.Placement} placement */
export function visible(take, placement) {
  const handles = placement.handles ?? 0;
  const own = parseRate(take.rate);
  const record = parseRate(placement.rate);
  const shown = own && record ? Math.round((placement.record_duration * record.d * own.n) / (record.n * own.d)) : placement.record_duration;
  return { handles, frames: Math.min(shown, take.frames - handles) };
}

/**
 * Weak frames as markers on the record; the take's frames become the timeline's by their rates.
 * @param {Wire.TakeView} take
 * @param {Wire.Placement} placement
 * @returns {Wire.Marker[]}
 */
export function markersOf(take, placement) {
  const own = parseRate(take.rate);
  const record = parseRate(placement.rate);
  const there = (/** @type {number} */ frame) => (own && record ? Math.round((frame * own.d * record.n) / (own.n * record.d)) : frame);
  return take.weak.map((weak) => ({
    record_start: placement.record_start + there(weak.start - (placement.handles ?? 0)),
    record_duration: Math.max(1, there(weak.end_exclusive) - there(weak.start)),
    name: weak.reason,
    comment: take.name,
  }));
}
