/** Waveforms and curves on a canvas. Pure drawing: numbers in, pixels out. x runs in frames (or any unit) from `from` to `to`. */

/** @typedef {{from: number, to: number, width: number}} Span what is seen, and how many pixels wide */

/** @param {number} value @param {Span} span */
export const xOf = (value, span) => ((value - span.from) / Math.max(1e-9, span.to - span.from)) * span.width;
/** @param {number} x @param {Span} span */
export const valueAt = (x, span) => span.from + (x / Math.max(1, span.width)) * (span.to - span.from);

/** A canvas as sharp as the screen. @param {HTMLCanvasElement} canvas @param {number} width @param {number} height CSS pixels */
export function prepare(canvas, width, height) {
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** A colour of the theme. @param {string} name "--wave" */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * @param {CanvasRenderingContext2D} context @param {readonly number[]} peaks 0–1, equal stretches of `first`–`last` (in the span's unit)
 * @param {{first: number, last: number, span: Span, top: number, height: number, fill: string}} where
 */
export function drawWave(context, peaks, { first, last, span, top, height, fill }) {
  if (!peaks.length || last <= first) return;
  const perUnit = peaks.length / (last - first);
  const middle = top + height / 2;
  const loudest = peaks.reduce((most, peak) => Math.max(most, peak), 0.05);
  context.fillStyle = fill;
  for (let x = Math.max(0, Math.floor(xOf(first, span))); x < Math.min(span.width, xOf(last, span)); x++) {
    const a = Math.max(0, Math.floor((valueAt(x, span) - first) * perUnit));
    const b = Math.min(peaks.length, Math.max(a + 1, Math.ceil((valueAt(x + 1, span) - first) * perUnit)));
    let peak = 0;
    for (let k = a; k < b; k++) peak = Math.max(peak, peaks[k]);
    const tall = Math.max(0.75, (peak / loudest) * (height / 2 - 1));
    context.fillRect(x, middle - tall, 1, tall * 2);
  }
}

/**
 * One value a frame, gaps where it is null. A stretch beside a gap is closed at the frame's edge.
 * @param {CanvasRenderingContext2D} context @param {readonly (number | null)[]} values
 * @param {{span: Span, top: number, height: number, most: number, stroke: string, fill?: string}} where most: value at the top
 */
export function drawCurve(context, values, { span, top, height, most, stroke, fill }) {
  const bottom = top + height;
  const y = (/** @type {number} */ value) => bottom - Math.min(1, Math.max(0, value / most)) * height;
  for (const [begin, end] of stretches(values)) {
    context.beginPath();
    for (let k = begin; k < end; k++) {
      const x = xOf(k + 0.5, span);
      if (k === begin) context.moveTo(x, y(/** @type {number} */ (values[k])));
      else context.lineTo(x, y(/** @type {number} */ (values[k])));
    }
    context.strokeStyle = stroke;
    context.lineWidth = 1.5;
    context.lineJoin = "round";
    context.stroke();
    if (!fill) continue;
    context.lineTo(xOf(end - 0.5, span), bottom);
    context.lineTo(xOf(begin + 0.5, span), bottom);
    context.closePath();
    context.fillStyle = fill;
    context.fill();
  }
}

/** Ranges without null, ends exclusive. @param {readonly (number | null)[]} values @returns {[number, number][]} */
export function stretches(values) {
  /** @type {[number, number][]} */
  const found = [];
  let begin = -1;
  for (let k = 0; k <= values.length; k++) {
    const known = k < values.length && values[k] !== null;
    if (known && begin < 0) begin = k;
    if (!known && begin >= 0) {
      found.push([begin, k]);
      begin = -1;
    }
  }
  return found;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} from
 * @param {number} to
 * @param {{span: Span, top: number, height: number, fill: string, hatch?: string}} where
 */
export function drawRange(context, from, to, { span, top, height, fill, hatch }) {
  const x = xOf(from, span);
  const width = Math.max(1, xOf(to, span) - x);
  context.fillStyle = fill;
  context.fillRect(x, top, width, height);
  if (!hatch) return;
  context.save();
  context.beginPath();
  context.rect(x, top, width, height);
  context.clip();
  context.strokeStyle = hatch;
  context.lineWidth = 1;
  context.beginPath();
  for (let at = x - height; at < x + width; at += 7) {
    context.moveTo(at, top + height);
    context.lineTo(at + height, top);
  }
  context.stroke();
  context.restore();
}
