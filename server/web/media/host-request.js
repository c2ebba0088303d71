/** From what somebody prepared beside an editor to the TimelineRequest that says it. Pure. */

/** @import * as Wire from "../wire.js" */
import { layingOf } from "./placement-options.js";

/**
 * @typedef {object} Prepared
 * @property {{id: string, project: string, modes: readonly import("./placement-options.js").Mode[]}} host modes: in which it can lay takes
 * @property {Wire.SelectionResult} selection
 * @property {Wire.MediaRef | null} speech a file, null = what lies under the clips
 * @property {readonly number[]} [channels] of it that are heard, none = its main track
 * @property {import("../views/host-work.js").Work} work
 * @property {import("./draft.js").Draft} draft
 */

/** @param {Prepared} prepared @param {boolean} dry only say what would be rendered @returns {Wire.TimelineRequest} */
export const timelineRequest = ({ host, selection, speech, channels, work, draft }, dry) => ({
  document: selection.document ?? null,
  name: draft.name || null,
  selection: {
    ids: selection.items.map((item) => item.id),
    ...(selection.marks ? { ranges: [selection.marks] } : {}),
    speech_from: work.from,
    ...(speech && channels?.length ? { speech_channels: [...channels] } : {}),
    faces: Object.fromEntries(Object.entries(work.faces).map(([key, face]) => [key, face.number])),
    handles: work.laying.handles,
    project: host.project,
    sequence: selection.sequence?.id ?? null,
  },
  ...(speech ? { speech } : {}),
  laying: layingOf(work.laying, { modes: host.modes, kind: draft.settings.kind }),
  exports: [...new Set(work.made.filter((one) => one.kind === "picture" || !speech).map((one) => one.export))],
  settings: draft.settings,
  folder: draft.folder || null,
  origin: { kind: "host", host: host.id, project: host.project },
  dry_run: dry,
});

/**
 * What an estimate is asked for. It knows only lengths, and the files of some rows lie where nobody may name them (mixed speech, exports),
 * so one readable file stands for all.
 * @param {readonly Wire.TimelineShot[]} shots
 * @param {Wire.MediaRef | null} readable
 * @returns {Wire.ShotRequest[]}
 */
export function lengthsOf(shots, readable) {
  return shots.flatMap(({ take_seconds, take_rate, placement }) => {
    const frames = Math.ceil(fraction(take_seconds) * fraction(take_rate ?? placement.rate));
    return readable && frames > 0 ? [{ video: readable, speech: readable, start: 0, end_exclusive: frames }] : [];
  });
}

/** @param {string | null} text "24000/1001" */
function fraction(text) {
  const [n, d = "1"] = (text ?? "0").split("/");
  return Number(n) / Number(d);
}
