/** Ready-made settings, and those that people saved on the server. */

import { DEFAULT_SETTINGS } from "./defaults.js";
import { Store } from "./store.js";

/** @import * as Wire from "./wire.js" */

/** @typedef {Required<Wire.RenderSettings>} Settings */

/** @type {Record<string, Partial<Settings>>} by key; their names are texts "preset.KEY" */
export const PRESETS = {
  premiere: { format: "prores" },
  resolve: { format: "dnxhr" },
  timeline: { format: "prores", fit: "hold", sound: "none" },
  "timeline-resolve": { format: "dnxhr", fit: "hold", sound: "none" },
  patch: { format: "prores", kind: "patch" },
  review: { format: "h264" },
  web: { format: "webm" },
  archive: { format: "ffv1" },
};

/** Of files, and of takes for a timeline that is no connected editor's. */
export const FILE_PRESET = "premiere";
export const TIMELINE_PRESET = "timeline";

/** What the page begins with: a file that is a little too short must not stop a render. @type {Settings} */
const BASE = { ...DEFAULT_SETTINGS, fit: "hold" };

/** The preset that says just this, "custom" where none does. @param {Partial<Settings>} settings */
export const presetOf = (settings) =>
  Object.keys(PRESETS).find((key) => {
    const said = /** @type {Record<string, unknown>} */ (PRESETS[key]);
    const names = Object.keys({ ...said, ...settings });
    return names.every((name) => said[name] === /** @type {Record<string, unknown>} */ (settings)[name]);
  }) ?? "custom";

/** Those that people saved: the server keeps them for everybody who uses it. @type {Store<readonly Wire.Preset[]>} */
export const saved = new Store(/** @type {readonly Wire.Preset[]} */ ([]));

/** @param {string} preset @returns {Settings} */
export const settingsOf = (preset) => ({
  ...BASE,
  ...(PRESETS[preset] ?? saved.value.find(({ name }) => name === preset)?.settings ?? PRESETS[FILE_PRESET]),
});

/** Asks for them, and hands over those that this browser kept alone. @param {import("./client/http.js").Api} api @param {boolean} mayChange */
export async function loadPresets(api, mayChange) {
  let known = await api.presets();
  if (mayChange) {
    for (const [name, settings] of Object.entries(keptHere())) {
      if (!known.some((one) => one.name === name)) known = await api.savePreset(name, settings);
    }
    forgetHere();
  }
  saved.update(() => known);
}

const PLACE = "heygem.presets";

/** @returns {Record<string, Partial<Settings>>} by the name their owner gave */
function keptHere() {
  try {
    return JSON.parse(localStorage.getItem(PLACE) ?? "{}");
  } catch {
    return {}; // a frame without storage, or somebody else's text in it
  }
}

function forgetHere() {
  try {
    localStorage.removeItem(PLACE);
  } catch {
    // a frame without storage
  }
}
