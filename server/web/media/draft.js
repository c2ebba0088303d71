/** What somebody is putting together: on the page “New render”, and beside an editor. It outlives a change of view, not the page. */

import { FILE_PRESET, settingsOf, TIMELINE_PRESET } from "../presets.js";
import { Store } from "../store.js";

/** @import * as Wire from "../wire.js" */
/** @typedef {import("./items.js").Item} Item */

/**
 * @typedef {object} Draft
 * @property {"single" | "batch" | "timeline"} tab
 * @property {Item[]} items of all tabs
 * @property {{single: string[], batch: string[], timeline: string[]}} shown keys of the items of each tab
 * @property {Wire.Pairing} pairing
 * @property {Record<string, Wire.Fit>} fits of pairs (`pairKey`) whose length was chosen for them alone
 * @property {import("../presets.js").Settings} settings
 * @property {string} preset
 * @property {string} folder "" = the server's
 * @property {string} name "" = by the first video
 * @property {string} key Idempotency-Key of the next submit
 */

export const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** One of the page “New render”, and one for each editor's project. @extends {Store<Draft>} */
export class DraftStore extends Store {
  /** @type {DraftStore[]} */
  static all = [];

  /** @param {string} preset @param {import("../presets.js").Settings} settings */
  constructor(preset, settings = settingsOf(preset)) {
    super({
      tab: "single",
      items: [],
      shown: { single: [], batch: [], timeline: [] },
      pairing: "each",
      fits: {},
      settings,
      preset,
      folder: "",
      name: "",
      key: newKey(),
    });
    DraftStore.all.push(this);
  }

  /** Whether files of any draft are still on their way to the server. */
  static sending = () => DraftStore.all.some(({ value }) => value.items.some((item) => ["sending", "waiting"].includes(item.state)));

  /** @param {Partial<Draft>} change any change makes it another job */
  edit = (change) => this.update((now) => ({ ...now, key: newKey(), ...change }));

  /** @param {string} key @param {Partial<Item>} change */
  editItem = (key, change) =>
    this.update((now) => ({ ...now, key: newKey(), items: now.items.map((item) => (item.key === key ? { ...item, ...change } : item)) }));

  /** @param {Item[]} items @param {Draft["tab"]} tab */
  add = (items, tab) =>
    this.update((now) => ({
      ...now,
      key: newKey(),
      items: [...now.items, ...items],
      shown: { ...now.shown, [tab]: [...now.shown[tab], ...items.map((item) => item.key)] },
    }));

  /** What stood on “Single” stands on “Batch” from now on. */
  toBatch = () =>
    this.update((now) => ({
      ...now,
      key: newKey(),
      shown: { ...now.shown, single: [], batch: [...now.shown.batch, ...now.shown.single] },
    }));

  /**
   * Takes for a timeline carry no sound and are as long as what they cover; others are whole files.
   * @param {Draft["tab"]} tab
   */
  turnTo = (tab) => {
    const [from, to] = tab === "timeline" ? [FILE_PRESET, TIMELINE_PRESET] : [TIMELINE_PRESET, FILE_PRESET];
    this.edit(this.value.preset === from ? { tab, preset: to, settings: settingsOf(to) } : { tab });
  };

  /** @param {string} key */
  remove = (key) =>
    this.update((now) => ({
      ...now,
      key: newKey(),
      items: now.items.filter((item) => item.key !== key),
      shown: {
        single: now.shown.single.filter((one) => one !== key),
        batch: now.shown.batch.filter((one) => one !== key),
        timeline: now.shown.timeline.filter((one) => one !== key),
      },
    }));
}

/** Of the page “New render”. */
export const draft = new DraftStore(FILE_PRESET);

/** @param {Item} video @param {Item} speech */
export const pairKey = (video, speech) => `${video.key} ${speech.key}`;

/** @param {Draft} now @param {Draft["tab"]} tab @param {import("./items.js").Role} role @returns {Item[]} */
export const itemsOf = (now, tab, role) => now.items.filter((item) => item.role === role && now.shown[tab].includes(item.key));
