/**
 * Files on their way into a job: uploaded (two at a time, with progress, cancellable) or named by a path, then looked at, so that a file
 * that cannot be used is refused before anybody presses Render.
 */

/** @import * as Wire from "../wire.js" */
import { size } from "../format.js";
import { t } from "../text.js";
import * as inspection from "./inspection.js";
import { wasAborted } from "../client/problem.js";

/** cues: a list of lines (CSV, SRT, WebVTT). cast: which face each of its characters has.
 * @typedef {"video" | "speech" | "timeline" | "cues" | "cast"} Role */
/** waiting: for its turn to be sent. sending: on its way. checking: the server looks at it. ready, refused: as it says.
 * @typedef {"waiting" | "sending" | "checking" | "ready" | "refused"} ItemState */

/**
 * @typedef {object} Item
 * @property {string} key
 * @property {Role} role
 * @property {string} name as its owner calls it; shown, never used as a path
 * @property {number | null} bytes
 * @property {ItemState} state
 * @property {number} sent share, 0–1
 * @property {Wire.MediaRef | null} ref
 * @property {string | null} problem why it is refused
 * @property {Wire.Probed | null} probed
 * @property {number | null} face number, null = the most prominent one
 * @property {number} start first frame
 * @property {number | null} endExclusive null = the end of the file
 * @property {number} speechStart second of a speech at which it begins
 * @property {number | null} speechEnd second at which it is cut off, null = its end
 * @property {number[]} channels of a speech's file that are heard, counted from 1 through all its tracks of sound; none = its main track
 * @property {number | null} faces how many were found, null = nobody knows yet
 * @property {[number, number][]} keep frames without lip-sync, ends exclusive
 * @property {AbortController} abort
 */

const AT_ONCE = 2;

/** @param {Role} role @param {string} name @param {number | null} bytes @param {Wire.MediaRef | null} ref @returns {Item} */
function newItem(role, name, bytes, ref) {
  const state = ref ? /** @type {const} */ ("checking") : /** @type {const} */ ("waiting");
  return {
    key: crypto.getRandomValues(new Uint32Array(2)).join("-"), // unlike those of before a reload
    role,
    name,
    bytes,
    state,
    sent: ref ? 1 : 0,
    ref,
    problem: null,
    probed: null,
    face: null,
    start: 0,
    endExclusive: null,
    speechStart: 0,
    speechEnd: null,
    channels: [],
    faces: null,
    keep: [],
    abort: new AbortController(),
  };
}

/** Why a file that was looked at cannot play its part, null if it can. @param {Role} role @param {Wire.Probed} probed */
export function refusal(role, probed) {
  if (role === "video" && probed.kind === "sound") return t("refused.no-picture");
  if (role === "speech" && probed.sound_channels === null) return t("refused.no-sound");
  return null;
}

/**
 * @param {import("../client.js").Client} client
 * @param {(key: string, change: Partial<Item>) => void} update tells what became of an item
 * @param {number} largestBytes that may be uploaded
 */
export function makeIntake(client, update, largestBytes) {
  /** @type {(() => Promise<void>)[]} */
  const waiting = [];
  let running = 0;

  function next() {
    while (running < AT_ONCE && waiting.length) {
      running++;
      void (
        /** @type {() => Promise<void>} */ (waiting.shift())().finally(() => {
          running--;
          next();
        })
      );
    }
  }

  /** @param {Item} item @param {unknown} error */
  function refuse(item, error) {
    if (wasAborted(error)) return;
    update(item.key, { state: "refused", problem: error instanceof Error ? error.message : String(error) });
  }

  /** @param {Item} item @param {Wire.MediaRef} ref */
  async function look(item, ref) {
    update(item.key, { state: "checking", ref, sent: 1 });
    if (item.role !== "video" && item.role !== "speech") return update(item.key, { state: "ready" }); // read with the timeline
    try {
      const probed = await inspection.probe(client.api, ref);
      const problem = refusal(item.role, probed);
      update(item.key, { probed, state: problem ? "refused" : "ready", problem });
    } catch (error) {
      refuse(item, error);
    }
  }

  /** @param {Item} item @param {File} file */
  async function send(item, file) {
    if (item.abort.signal.aborted) return;
    update(item.key, { state: "sending" });
    try {
      const onProgress = (/** @type {number} */ sent, /** @type {number} */ total) => update(item.key, { sent: total ? sent / total : 0 });
      const view = await client.api.upload(file, { onProgress, signal: item.abort.signal });
      await look(item, { upload: view.id });
    } catch (error) {
      refuse(item, error);
    }
  }

  return {
    /** @param {Role} role @param {File} file @returns {Item} */
    file(role, file) {
      const item = newItem(role, file.name, file.size, null);
      if (file.size > largestBytes)
        return { ...item, state: "refused", problem: t("refused.too-large", { size: size(file.size), limit: size(largestBytes) }) };
      if (file.size === 0) return { ...item, state: "refused", problem: t("refused.empty") };
      waiting.push(() => send(item, file));
      queueMicrotask(next);
      return item;
    },
    /** @param {Role} role @param {Wire.FileEntry} entry of an allowed folder @returns {Item} */
    path(role, entry) {
      const ref = { path: entry.path };
      const item = newItem(role, entry.name, entry.size_bytes, ref);
      queueMicrotask(() => void look(item, ref));
      return item;
    },
    /** Looks once more at a file of before a reload. @param {Item} item */
    again: (item) => look(item, /** @type {Wire.MediaRef} */ (item.ref)),
    /** Stops what is under way; a file already sent is dropped on the server. @param {Item} item */
    remove(item) {
      item.abort.abort();
      if (item.ref?.upload) void client.api.dropUpload(item.ref.upload).catch(() => {}); // still used by a job: the server keeps it
    },
  };
}
