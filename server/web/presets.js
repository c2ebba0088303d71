/** Ready-made settings, and those that a person saved in this browser. */

import { DEFAULT_SETTINGS } from "./defaults.js";

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

const PLACE = "heygem.presets";

/** The preset that says just this, "custom" where none does. @param {Partial<Settings>} settings */
export const presetOf = (settings) =>
  Object.keys(PRESETS).find((key) => {
    const said = /** @type {Record<string, unknown>} */ (PRESETS[key]);
    const names = Object.keys({ ...said, ...settings });
    return names.every((name) => said[name] === /** @type {Record<string, unknown>} */ (settings)[name]);
  }) ?? "custom";

/** @param {string} preset @returns {Settings} */
export const settingsOf = (preset) => ({ ...BASE, ...(PRESETS[preset] ?? savedPresets()[preset] ?? PRESETS[FILE_PRESET]) });

/** @returns {Record<string, Partial<Settings>>} by the name their owner gave */
export function savedPresets() {
  try {
    return JSON.parse(localStorage.getItem(PLACE) ?? "{}");
  } catch {
    return {}; // a frame without storage, or somebody else's text in it
  }
}

/** @param {string} name @param {Partial<Settings> | null} settings null = forget it */
export function savePreset(name, settings) {
  const { [name]: _, ...rest } = savedPresets();
  try {
    localStorage.setItem(PLACE, JSON.stringify(settings ? { ...rest, [name]: settings } : rest));
  } catch {
    // a frame without storage: the preset is not kept
  }
}
