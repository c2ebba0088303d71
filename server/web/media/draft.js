/** What somebody is putting together on the page “New render”. It outlives a change of view, not the page. */

import { settingsOf } from "../presets.js";
import { Store } from "../store.js";

/** @import * as Wire from "../wire.js" */
/** @typedef {import("./items.js").Item} Item */

/**
 * @typedef {object} Draft
 * @property {"single" | "batch" | "timeline"} tab
 * @property {Item[]} items of all tabs
 * @property {{single: string[], batch: string[], timeline: string[]}} shown keys of the items of each tab
 * @property {Wire.Pairing} pairing
 * @property {import("../presets.js").Settings} settings
 * @property {string} preset
 * @property {string} folder "" = the server's
 * @property {string} name "" = by the first video
 * @property {string} key Idempotency-Key of the next submit
 */

/** @returns {Draft} */
const fresh = () => ({
  tab: "single",
  items: [],
  shown: { single: [], batch: [], timeline: [] },
  pairing: "each",
  settings: settingsOf("premiere"),
  preset: "premiere",
  folder: "",
  name: "",
  key: newKey(),
});

export const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

export const draft = new Store(fresh());

/** @param {Partial<Draft>} change any change makes it another job */
export const editDraft = (change) => draft.update((now) => ({ ...now, key: newKey(), ...change }));

/** @param {string} key @param {Partial<Item>} change */
export const editItem = (key, change) =>
  draft.update((now) => ({ ...now, key: newKey(), items: now.items.map((item) => (item.key === key ? { ...item, ...change } : item)) }));

/** @param {Draft} now @param {Draft["tab"]} tab @param {import("./items.js").Role} role @returns {Item[]} */
export const itemsOf = (now, tab, role) => now.items.filter((item) => item.role === role && now.shown[tab].includes(item.key));

/** @param {Item[]} items @param {Draft["tab"]} tab */
export const addItems = (items, tab) =>
  draft.update((now) => ({
    ...now,
    key: newKey(),
    items: [...now.items, ...items],
    shown: { ...now.shown, [tab]: [...now.shown[tab], ...items.map((item) => item.key)] },
  }));

/** @param {string} key */
export const removeItem = (key) =>
  draft.update((now) => ({
    ...now,
    key: newKey(),
    items: now.items.filter((item) => item.key !== key),
    shown: {
      single: now.shown.single.filter((one) => one !== key),
      batch: now.shown.batch.filter((one) => one !== key),
      timeline: now.shown.timeline.filter((one) => one !== key),
    },
  }));
