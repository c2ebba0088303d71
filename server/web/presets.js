/** Ready-made settings, and those that a person saved in this browser. Defaults come from the server's own schema (see defaults.js). */

/** @import * as Wire from "./wire.js" */

/** @typedef {Required<Wire.RenderSettings>} Settings */

/** @type {Settings} */
export const DEFAULTS = {
  engine: "mesh",
  tracker: "mediapipe",
  device: "auto",
  fit: "none",
  offset_ms: 0,
  intensity: 1,
  format: "prores",
  audio: true,
};

/** @type {Record<string, Partial<Settings>>} by key; their names are texts "preset.KEY" */
export const PRESETS = {
  editor: { format: "prores" },
  resolve: { format: "dnxhr" },
  review: { format: "h264" },
  web: { format: "webm" },
  archive: { format: "ffv1" },
};

const PLACE = "heygem.presets";

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
    // a frame without storage: the preset lasts as long as the page
  }
}
