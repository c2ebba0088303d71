/** Which part a file plays, and where files go that were dropped anywhere. Pure. */

/** @import * as Wire from "../wire.js" */
/** @typedef {import("./items.js").Role} Role */
/** @typedef {import("./draft.js").Draft["tab"]} Tab */
/** @typedef {{name: string, type?: string}} Named a file, or an entry of a folder of the server */
/** @typedef {Wire.Info["file_kinds"]} Kinds what files of a suffix are, as the server says */

const CUES = /\.(csv|srt|vtt)$/i; // lists of lines, which only a timeline has a use for

/**
 * The part of one file, null = nothing that a render could use.
 * @param {Named} file
 * @param {Kinds} kinds
 * @param {Role | null} zone where it was dropped: a video may be somebody's speech
 * @param {boolean} [chosen] it was chosen for this part, which only a timeline cannot play
 * @returns {Role | null}
 */
export function partOf(file, kinds, zone, chosen = false) {
  const kind = kinds[/\.[^.]*$/.exec(file.name.toLowerCase())?.[0] ?? ""] ?? kindOfType(file.type ?? "");
  if (kind === "timeline") return "timeline";
  if (zone === "cast") return "cast";
  if (CUES.test(file.name)) return zone === null || zone === "speech" || zone === "timeline" || zone === "cues" ? "cues" : zone;
  if (zone === "cues") return kind === null ? null : "speech";
  if (zone && (chosen || kind === null)) return zone;
  if (kind === "sound") return "speech";
  if (kind === "video" && zone === "speech") return "speech";
  return kind === null ? null : "video";
}

/** @param {string} type as the browser says it @returns {"video" | "sound" | null} */
const kindOfType = (type) => (/^(video|image)\//.test(type) ? "video" : /^audio\//.test(type) ? "sound" : null);

/**
 * Where files go: a timeline opens as one, several videos or speeches are a batch, nothing is left out in silence.
 * @template {Named} T
 * @param {readonly T[]} files
 * @param {{tab: Tab, zone: Role | null, chosen?: boolean, single: {video: number, speech: number}, timeline: boolean, cues?: boolean, kinds: Kinds}} now
 *   single: how many files that tab has; timeline: whether one is open; cues: with a list of lines
 * @returns {{tab: Tab, taken: [Role, T[]][], unknown: T[], beside: T[]}} beside: what a timeline has no use for
 */
export function placeOf(files, { tab, zone, chosen, single, timeline, cues = false, kinds }) {
  /** @param {Role | null} role */
  const all = (role) => files.filter((file) => partOf(file, kinds, zone, chosen) === role);
  const [videos, speeches, timelines, unknown] = [all("video"), all("speech"), all("timeline"), all(null)];
  const [lists, casts] = [all("cues"), all("cast")];
  const heard = speeches.length + lists.length + casts.length > 0;
  if (timelines.length > 0 || (tab === "timeline" && timeline && heard && !videos.length)) {
    const many = cues || lists.length > 0; // each line of a list has a recording of its own
    return {
      tab: "timeline",
      taken: [
        ["timeline", timelines.slice(0, 1)],
        ["cues", lists.slice(0, 1)],
        ["cast", casts.slice(0, 1)],
        ["speech", many ? speeches : speeches.slice(0, 1)],
      ],
      unknown,
      beside: [...timelines.slice(1), ...lists.slice(1), ...casts.slice(1), ...videos, ...(many ? [] : speeches.slice(1))],
    };
  }
  const counted = tab === "single" ? single : { video: 0, speech: 0 };
  const many = tab === "batch" || videos.length + counted.video > 1 || speeches.length + counted.speech > 1;
  /** @type {Tab} */
  const next = videos.length + speeches.length === 0 ? tab : many ? "batch" : "single";
  return {
    tab: next,
    taken: [
      ["video", videos],
      ["speech", speeches],
    ],
    unknown: [...unknown, ...lists, ...casts],
    beside: [],
  };
}
