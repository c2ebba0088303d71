/**
 * A take's figures in plain words. The bounds are rules of thumb for an editor's eye, said in one place; each sentence tells which figure
 * it comes from. None of them is a promise: weak frames are named one by one beside them.
 */

/** @import * as Wire from "./wire.js" */
import { number } from "./format.js";
import { sentence } from "./messages.js";
import { maybe } from "./text.js";

/** @typedef {{level: "good" | "fair" | "poor", text: string, figure: string}} Verdict */

/** Where a figure turns from good to fair and from fair to poor. */
const BOUNDS = {
  sync: [0.8, 0.6], // correlation of lip opening with what the speech wants, at the best lag; more is better
  lagMs: [45, 90], // EBU R37 asks for 40 ms early to 60 ms late; less is better
  amplitude: [0.25, 0.5], // distance of the opening's size from the wanted one
  sharpness: [0.85, 0.7], // of the mouth over the source's; more is better
  flicker: [1.25, 1.6], // over the source's; less is better
  teeth: [1.5, 2.2], // movement of the upper teeth over the source's; less is better
};

/** @param {number} value @param {number[]} bounds @returns {Verdict["level"]} */
const more = (value, [good, fair]) => (value >= good ? "good" : value >= fair ? "fair" : "poor");
/** @param {number} value @param {number[]} bounds @returns {Verdict["level"]} */
const less = (value, [good, fair]) => (value <= good ? "good" : value <= fair ? "fair" : "poor");

/**
 * @param {keyof typeof BOUNDS} what
 * @param {number | null | undefined} value
 * @param {typeof more} judge
 * @param {number} judged
 * @param {string} figure
 * @returns {Verdict[]}
 */
function verdict(what, value, judge, judged, figure) {
  if (value === null || value === undefined) return [];
  const level = judge(judged, BOUNDS[what]);
  return [{ level, text: maybe(`quality.${what}.${level}`) ?? what, figure }];
}

/** @param {Wire.TakeReport} report @returns {Verdict[]} empty = not measured */
export function verdicts(report) {
  const figures = report.quality;
  if (!figures) return [];
  const sync = figures.opening?.r_best;
  const lag = figures.opening?.lag_ms;
  const amplitude = figures.opening?.amplitude;
  const times = (/** @type {number | null | undefined} */ value) => `× ${number(value ?? 0, 2)}`;
  return [
    ...verdict("sync", sync, more, sync ?? 0, `r ${number(sync ?? 0, 2)}`),
    ...verdict("lagMs", lag, less, Math.abs(lag ?? 0), `${number(lag ?? 0)} ms`),
    ...verdict("amplitude", amplitude, less, Math.abs((amplitude ?? 1) - 1), times(amplitude)),
    ...verdict("sharpness", figures.sharpness, more, figures.sharpness ?? 0, times(figures.sharpness)),
    ...verdict("flicker", figures.flicker, less, figures.flicker ?? 0, times(figures.flicker)),
    ...verdict("teeth", figures.teeth, less, figures.teeth ?? 0, times(figures.teeth)),
  ];
}

/** Reasons in reports of before these held codes. @type {Record<string, string>} */
const OLDER = {
  "left alone by choice": "frame.choice",
  "no face is seen": "frame.none",
  "the face is covered or blurred": "frame.unsure",
  "the face is cut off by the edge of the picture": "frame.edge",
  "the face is seen from the side": "frame.profile",
  "the face is too small": "frame.too-small",
  "this person's face is not seen": "frame.lost",
};

/**
 * Frames that are the source's own, with the reason in the page's language.
 * @param {Wire.TakeReport} report
 * @returns {{from: number, to: number, why: string}[]}
 */
export function unchanged(report) {
  const all = Object.entries(report.passed_through).flatMap(([reason, ranges]) =>
    ranges.map(([from, to]) => ({ from, to, why: sentence({ code: report.reason_codes?.[reason] ?? OLDER[reason], message: reason }) })),
  );
  return all.sort((a, b) => a.from - b.from);
}

/** Of all frames. @param {Wire.TakeReport} report @returns {number} share 0–1 */
export function unchangedShare(report) {
  const total = Math.max(1, report.wanted_opening.length);
  return unchanged(report).reduce((sum, { from, to }) => sum + to - from, 0) / total;
}
