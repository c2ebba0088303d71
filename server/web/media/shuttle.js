/** The speeds of J, K and L, as editors know them: each press in one direction is faster, the other direction begins anew. */

const SPEEDS = [1, 2, 4, 8];

/**
 * The next speed after a press.
 * @param {number} speed times the normal one; below 0 = backwards, 0 = standing still
 * @param {1 | -1} direction
 */
export function faster(speed, direction) {
  if (Math.sign(speed) !== direction) return direction;
  return direction * (SPEEDS.find((each) => each > Math.abs(speed)) ?? SPEEDS[SPEEDS.length - 1]);
}

/** @typedef {{from: number, to: number}} Loop frames, the last one is not in it */

/**
 * A loop whose beginning or end was set anew; an end before the beginning opens it to that side.
 * @param {Loop | null} loop @param {{from?: number, to?: number}} change @param {number} frames of the whole
 * @returns {Loop}
 */
export function looped(loop, change, frames) {
  const next = { from: change.from ?? loop?.from ?? 0, to: change.to ?? loop?.to ?? frames };
  if (next.from < next.to) return next;
  return change.from === undefined ? { from: 0, to: next.to } : { from: next.from, to: frames };
}
