/** Which take of a shot lies on a timeline, and its weak frames as markers there. Pure. */

/** @import * as Wire from "../wire.js" */
import { parseRate } from "../time.js";
import { sentence } from "../messages.js";

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
    return [
      {
        record_start: placement.record_start + start,
        record_duration: end - start,
        name: sentence(weak.reason_message, weak.reason),
        comment: take.name,
      },
    ];
  });
}

/**
 * The take of a shot that lies on an editor's timeline: of several that were laid there, the last one took the place of the others.
 * @param {readonly Wire.TakeView[]} takes
 * @param {string} host
 * @returns {Wire.TakeView | null}
 */
export function takeThere(takes, host) {
  const at = (/** @type {Wire.TakeView} */ take) => Math.max(0, ...take.placed.filter((one) => one.host === host).map((one) => one.at));
  return takes.reduce((last, take) => (at(take) > (last ? at(last) : 0) ? take : last), /** @type {Wire.TakeView | null} */ (null));
}
