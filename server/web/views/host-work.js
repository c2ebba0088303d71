/** What is being prepared for an editor's project: it outlives a change of view, and a moment without the editor. */

/** @import * as Wire from "../wire.js" */
/** @import { Editor } from "../editors.js" */
/** @import { Made, Wanted } from "../media/exports.js" */
import { DEFAULT_SETTINGS } from "../defaults.js";
import { described } from "../editors.js";
import { DraftStore, newKey } from "../media/draft.js";
import { madeOf, secondsOf, stillMeant } from "../media/exports.js";
import { remembered, rememberChoice } from "../media/placement-options.js";
import { sentences } from "../messages.js";
import { presetOf, TIMELINE_PRESET } from "../presets.js";
import { Store } from "../store.js";

/**
 * @typedef {object} Work
 * @property {"clip" | "timeline"} from where a speech file begins
 * @property {Record<string, ChosenFace>} faces by `TimelineShot.key`
 * @property {import("../media/placement-options.js").Choice} laying
 * @property {Made[]} made files that the editor exported
 * @property {Exporting | null} exporting under way
 * @property {Record<string, string>} problems why a clip was not exported, by its id
 * @property {{kind: "picture" | "sound", message: string} | null} failed why none was
 * @property {number | null} blockedMs for which the editor was busy with the last export
 * @property {readonly string[]} notices what the editor said about it
 * @property {Record<string, readonly string[]>} lost what a take above a clip loses, by the clip's id
 */
/** Numbers are those of a range. @typedef {{number: number, box: Wire.FaceFound["box"], range: string}} ChosenFace */
/** @typedef {{kind: "picture" | "sound", began: number, seconds: number}} Exporting began: seconds since 1970 */

/** @extends {Store<Work>} */
export class WorkStore extends Store {
  /** @param {string} app */
  constructor(app) {
    const kind = described(app);
    super({
      from: "clip",
      faces: {},
      laying: remembered(app, kind?.laying),
      made: [],
      exporting: null,
      problems: {},
      failed: null,
      blockedMs: null,
      notices: [],
      lost: {},
    });
    this.app = app;
    /** Its speech and settings are no other editor's. */
    this.draft = kind
      ? new DraftStore(presetOf(kind.settings), { ...DEFAULT_SETTINGS, ...kind.settings })
      : new DraftStore(TIMELINE_PRESET);
  }

  /** @param {Partial<Work>} change */
  edit = (change) => this.update((now) => ({ ...now, ...change }));

  /** @param {Partial<import("../media/placement-options.js").Choice>} change */
  lay(change) {
    const laying = { ...this.value.laying, ...change };
    rememberChoice(this.app, laying);
    this.edit({ laying });
  }

  /**
   * @param {string} key of a row
   * @param {Wire.FaceFound | null} face null = nobody in particular
   * @param {string} range that it was found in
   */
  choose(key, face, range) {
    const { [key]: _, ...others } = this.value.faces;
    this.edit({ faces: face ? { ...others, [key]: { number: face.number, box: face.box, range } } : others });
  }

  /**
   * A selection came: files of clips that are gone or were moved are forgotten, and what takes would lose is remembered.
   * @param {Wire.SelectionResult} selection
   */
  selected(selection) {
    const losses = selection.items
      .filter((item) => item.kind === "picture")
      .map((item) => [item.id, sentences(item.cannot_copy, item.cannot_copy_messages)]);
    this.update((now) => ({ ...now, made: stillMeant(now.made, selection), lost: { ...now.lost, ...Object.fromEntries(losses) } }));
  }
}

/** @type {Map<string, WorkStore>} */
const works = new Map();

/** @param {Editor} host @returns {WorkStore} of its project that is open */
export function workOf(host) {
  const key = [host.id, host.session?.project].join("\n");
  const work = works.get(key) ?? new WorkStore(host.session?.app ?? "script");
  works.set(key, work);
  return work;
}

/**
 * The editor makes files of clips; it cannot be used meanwhile, and nothing stops it. What went wrong is kept with the clips.
 * @param {import("../client.js").Client} client
 * @param {Editor} host
 * @param {Wanted[]} wanted
 * @param {"picture" | "sound"} kind
 */
export async function exportClips(client, host, wanted, kind) {
  const work = workOf(host);
  const { handles } = work.value.laying;
  const exporting = { kind, began: Date.now() / 1000, seconds: secondsOf(wanted, handles) };
  work.edit({ exporting, problems: {}, failed: null, blockedMs: null, notices: [] });
  try {
    const view = await patiently(client, host.id, { items: wanted.map((one) => one.item.id), kind, handles });
    const { made, problems } = madeOf(view, wanted, kind);
    const items = new Set(made.map((one) => one.item));
    const others = work.value.made.filter((one) => !items.has(one.item));
    work.edit({
      made: [...others, ...made],
      problems,
      notices: sentences(view.notices, view.notice_messages),
      blockedMs: made.length ? view.blocked_ms : null,
    });
  } catch (error) {
    work.edit({ failed: { kind, message: error instanceof Error ? error.message : String(error) } });
  } finally {
    work.edit({ exporting: null });
  }
}

const LOST_TRIES = 10;
const LOST_MS = 2000;

/**
 * An export can last for minutes: where the connection is lost meanwhile, the same is asked again and the answer is that of the first.
 * @param {import("../client.js").Client} client
 * @param {string} host
 * @param {Wire.ExportRequest} request
 * @returns {Promise<Wire.ExportView>}
 */
async function patiently(client, host, request) {
  const key = newKey();
  for (let tries = 1; ; tries++) {
    try {
      return await client.api.exportClips(host, request, key);
    } catch (error) {
      if (/** @type {any} */ (error).status !== 0 || tries === LOST_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, LOST_MS));
    }
  }
}
