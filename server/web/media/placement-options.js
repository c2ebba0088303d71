/** How takes are laid above the clips they cover: what a person chose, remembered for each kind of editor. Pure but for the memory. */

/** @import * as Wire from "../wire.js" */

/** @typedef {Required<Wire.Laying>["mode"]} Mode */
/** @typedef {Required<Wire.Laying> & {handles: number}} Choice handles: frames of the timeline on both sides */

export const MOST_HANDLES = 500;

/** The original stays as it is until somebody chooses otherwise. @type {Choice} */
export const DEFAULT_CHOICE = { mode: "track", mute: "none", disable_original: false, handles: 0 };

const place = (/** @type {string} */ app) => `heygem.laying.${app}`;

/** @param {string} app @param {Wire.Laying} [laying] the server's word for editors of the kind @returns {Choice} */
export function remembered(app, laying) {
  const usual = { ...DEFAULT_CHOICE, ...laying };
  try {
    const kept = localStorage.getItem(place(app));
    return kept === null ? usual : checked(JSON.parse(kept));
  } catch {
    return usual; // a frame without storage, or somebody else's text in it
  }
}

/** @param {string} app @param {Choice} choice */
export function rememberChoice(app, choice) {
  try {
    localStorage.setItem(place(app), JSON.stringify(choice));
  } catch {
    // a frame without storage: it lasts as long as the page
  }
}

/** What storage holds may be of another version, or anybody's. @param {any} found @returns {Choice} */
export function checked(found) {
  return {
    mode: ["take", "relink"].includes(found?.mode) ? found.mode : "track",
    mute: ["clip", "track"].includes(found?.mute) ? found.mute : "none",
    disable_original: found?.disable_original === true,
    handles: framesOf(found?.handles),
  };
}

/** @param {unknown} typed @returns {number} whole, 0 to MOST_HANDLES; what is no number is none */
export function framesOf(typed) {
  const value = Math.round(Number(typed));
  return Number.isFinite(value) ? Math.max(0, Math.min(MOST_HANDLES, value)) : 0;
}

/**
 * What is sent: a take of the clip takes the clip's place, so disabling it would hide the take as well; a patch needs the original to be
 * seen below it.
 * @param {Choice} choice
 * @param {{modes: readonly Mode[], kind: string}} by modes: that the editor knows. kind: of the render settings
 * @returns {Wire.Laying}
 */
export function layingOf(choice, { modes, kind }) {
  const mode = modeOf(choice, { modes, kind });
  return { mode, mute: choice.mute, disable_original: choice.disable_original && mode !== "take" && kind !== "patch" };
}

/** @param {Choice} choice @param {{modes: readonly Mode[], kind: string}} by @returns {Mode} the one that counts */
export function modeOf({ mode }, { modes, kind }) {
  return modes.includes(mode) && !(mode === "take" && kind === "patch") ? mode : "track";
}
