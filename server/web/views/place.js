/** Weak frames of a take as markers on its timeline. Pure. */

/** @import * as Wire from "../wire.js" */
import { parseRate } from "../time.js";

/**
 * The take's frames become the timeline's by their rates; what lies in the handles is not seen and gets no marker.
 * @param {Wire.TakeView} take
 * @param {Wire.Placement} placement
 * @returns {Wire.Marker[]}
 */
export function markersOf(take, placement) {
  const own = parseRate(take.rate);
  const record = parseRate(placement.rate);
  const handles = placement.handles ?? 0;
  const there = (/** @type {number} */ frame) => (own && record ? Math.round((frame * own.d * record.n) / (own.n * record.d)) : frame);
  return take.weak.flatMap((weak) => {
    const start = Math.max(0, there(weak.start - handles));
    const end = Math.min(placement.record_duration, Math.max(start + 1, there(weak.end_exclusive - handles)));
    if (weak.end_exclusive <= handles || start >= end) return [];
    return [{ record_start: placement.record_start + start, record_duration: end - start, name: weak.reason, comment: take.name }];
  });
}
