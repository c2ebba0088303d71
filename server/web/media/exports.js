/** Which clips only the editor can decode, and what it has made of them already. Pure. */

/** @import * as Wire from "../wire.js" */
import { sentence } from "../messages.js";
import { parseRate } from "../time.js";

/** @typedef {{item: Wire.SelectedItem, why: string}} Wanted */
/** One file: the id of its export, the clip and where it lay. @typedef {{export: string, item: string, kind: Kind, stamp: string}} Made */
/** @typedef {"picture" | "sound"} Kind */

/** A clip that was moved or trimmed since is another one. @param {Wire.SelectedItem} item */
export const stampOf = ({ placement }) => [placement.sequence, placement.record_start, placement.record_duration].join(" ");

/**
 * Pictures that no file can be rendered of, unless the editor makes one. What conforming found out (a retime, a nest that it can read) is
 * truer than what the editor said.
 * @param {Wire.SelectionResult} selection @param {readonly Wire.TimelineShot[]} shots of the last dry run @param {Made[]} made
 * @returns {Wanted[]}
 */
export function picturesWanted(selection, shots, made) {
  return selection.items.flatMap((item) => {
    if (item.kind !== "picture" || isMade(made, item)) return [];
    const rows = shots.filter((shot) => shot.placement.clip === item.id);
    const found = rows.find((row) => row.needs_host_export);
    const why = rows.length && !found ? "" : whyOf(item) || (found ? whyOf(found) : "");
    return why ? [{ item, why: asSentence(why) }] : [];
  });
}

/** In the page's language; "" where the server reads the clip. @param {Wire.SelectedItem | Wire.TimelineShot} of */
const whyOf = (of) => sentence(of.needs_host_export_message, of.needs_host_export);

/** @param {string} why */
function asSentence(why) {
  const whole = why.charAt(0).toUpperCase() + why.slice(1);
  return /[.。]$/.test(whole) ? whole : whole + (/[\u4e00-\u9fff]/.test(whole) ? "。" : ".");
}

/** Selected sounds that only the editor can play. @param {Wire.SelectionResult} selection @param {Made[]} made @returns {Wanted[]} */
export const soundsWanted = (selection, made) =>
  selection.items.flatMap((item) =>
    item.kind === "sound" && item.needs_host_export && !isMade(made, item) ? [{ item, why: asSentence(whyOf(item)) }] : [],
  );

/** @param {Made[]} made @param {Wire.SelectedItem} item */
const isMade = (made, item) => made.some((one) => one.item === item.id && one.stamp === stampOf(item));

/** Those of clips that are still selected as they were. @param {Made[]} made @param {Wire.SelectionResult} selection */
export function stillMeant(made, selection) {
  const left = made.filter((one) => selection.items.some((item) => item.id === one.item && one.stamp === stampOf(item)));
  return left.length === made.length ? made : left;
}

/**
 * Seconds that the clips last on the timeline, and so about as long as their export blocks the editor.
 * @param {Wanted[]} wanted
 * @param {number} handles frames on both sides of each
 */
export const secondsOf = (wanted, handles) =>
  wanted.reduce((sum, { item: { placement } }) => {
    const rate = parseRate(placement.rate);
    return sum + (rate ? ((placement.record_duration + 2 * handles) * rate.d) / rate.n : 0);
  }, 0);

/** What an export gave, and what it could not. @param {Wire.ExportView} view @param {Wanted[]} wanted @param {Kind} kind */
export function madeOf(view, wanted, kind) {
  /** @type {Made[]} */
  const made = [];
  /** @type {Record<string, string>} */
  const problems = {};
  for (const { item } of wanted) {
    const one = view.exported.find((each) => each.item === item.id);
    if (one?.path) made.push({ export: view.id, item: item.id, kind, stamp: stampOf(item) });
    else problems[item.id] = sentence(one?.problem_message, one?.problem);
  }
  return { made, problems };
}
