/**
 * Frames, seconds and timecode. A frame is a whole number; a rate is a fraction ("24000/1001"); nothing here divides by a rounded rate.
 * Where the rate is unknown (variable), there is no timecode, only the frame's number.
 */

/** @typedef {{n: number, d: number}} Rate frames per second = n / d */

/** @param {string | null | undefined} fraction @returns {Rate | null} */
export function parseRate(fraction) {
  if (!fraction) return null;
  const [n, d = "1"] = String(fraction).split("/");
  const rate = { n: Number(n), d: Number(d) };
  return rate.n > 0 && rate.d > 0 ? rate : null;
}

/** The frame's first moment. @param {number} frame @param {Rate} rate */
export const secondsOf = (frame, rate) => (frame * rate.d) / rate.n;

/**
 * A moment safely inside the frame, for seeking: rounding in a player must not land on its neighbour.
 * @param {number} frame
 * @param {Rate} rate
 */
export const insideOf = (frame, rate) => ((frame + 0.5) * rate.d) / rate.n;

/**
 * The frame shown at a moment. The tenth of a frame forgives players that round timestamps down.
 * @param {number} seconds
 * @param {Rate} rate
 */
export const frameAt = (seconds, rate) => Math.max(0, Math.floor((seconds * rate.n) / rate.d + 0.1));

/** Frames counted in one second of timecode: 30 at 29.97. @param {Rate} rate */
const nominal = (rate) => Math.round(rate.n / rate.d);

/** @param {Rate} rate @param {boolean} drop */
const droppedPerMinute = (rate, drop) => (drop ? Math.round(nominal(rate) / 15) : 0);

/** @param {string | null} start @returns {boolean} a semicolon before the frames says drop-frame */
export const isDropFrame = (start) => !!start && /[;.,]\d+$/.test(start);

/** Frame number that a timecode names, null where it names none. @param {string} text @param {Rate} rate @param {boolean} drop */
export function timecodeToFrame(text, rate, drop) {
  const found = /^(\d{1,2}):(\d{2}):(\d{2})[:;.,](\d{2,3})$/.exec(text.trim());
  if (!found) return null;
  const [h, m, s, f] = found.slice(1).map(Number);
  const dropped = droppedPerMinute(rate, drop);
  if (m > 59 || s > 59 || f >= nominal(rate) || (dropped && s === 0 && f < dropped && m % 10 !== 0)) return null;
  const minutes = h * 60 + m;
  return (minutes * 60 + s) * nominal(rate) + f - dropped * (minutes - Math.floor(minutes / 10));
}

/** @param {number} frame @param {Rate} rate @param {boolean} drop */
export function frameToTimecode(frame, rate, drop) {
  const fps = nominal(rate);
  const dropped = droppedPerMinute(rate, drop);
  let n = frame;
  if (dropped) {
    const perTen = fps * 600 - dropped * 9;
    const tens = Math.floor(n / perTen);
    const rest = n % perTen;
    n += dropped * 9 * tens + (rest >= fps * 60 ? dropped * Math.floor((rest - dropped) / (fps * 60 - dropped)) : 0);
  }
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const seconds = Math.floor(n / fps);
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(":");
  return `${clock}${drop ? ";" : ":"}${two(n % fps)}`;
}

/**
 * What a file's frame is called: its timecode, counted from the file's own start.
 * @param {number} frame
 * @param {Rate | null} rate
 * @param {string | null} start
 */
export function nameOfFrame(frame, rate, start) {
  if (!rate) return String(frame);
  const drop = isDropFrame(start);
  const first = start ? timecodeToFrame(start, rate, drop) : null;
  return frameToTimecode((first ?? 0) + frame, rate, drop);
}

/**
 * The frame that somebody typed: a timecode, "12:05" (seconds and frames) or a plain frame number.
 * @param {string} text @param {Rate | null} rate @param {string | null} start @returns {number | null}
 */
export function frameOfText(text, rate, start) {
  const trimmed = text.trim();
  if (/^\d+$/.test(trimmed)) return Number(trimmed);
  if (!rate) return null;
  const drop = isDropFrame(start);
  const short = /^(\d{1,2})[:;](\d{2})$/.exec(trimmed);
  if (short) return timecodeToFrame(`00:00:${short[1].padStart(2, "0")}:${short[2]}`, rate, false);
  const frame = timecodeToFrame(trimmed, rate, drop);
  if (frame === null) return null;
  const first = (start && timecodeToFrame(start, rate, drop)) || 0;
  return frame >= first ? frame - first : null;
}
