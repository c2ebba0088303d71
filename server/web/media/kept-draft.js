/**
 * What survives a reload: what a tab of the browser is putting together, and for all tabs the settings that were used last. Files that had
 * reached the server are there again; of one that was still being sent only its name is known, and its row says so.
 */

import { DEFAULT_SETTINGS } from "../defaults.js";
import { t } from "../text.js";

/** @typedef {import("./draft.js").Draft} Draft */
/** @typedef {import("./draft.js").DraftStore} DraftStore */
/** @typedef {import("./items.js").Item} Item */

const PLACE = "heygem.draft";
const LAST = "heygem.last-settings";
const FORM = 1; // of what is kept: of another one nothing is understood

/** @param {() => Storage} storage @param {string} place @returns {any} null = nothing there, or nothing of ours */
function read(storage, place) {
  try {
    return JSON.parse(storage().getItem(place) ?? "null");
  } catch {
    return null; // a frame without storage, or somebody else's text in it
  }
}

/** @param {() => Storage} storage @param {string} place @param {unknown} value */
function write(storage, place, value) {
  try {
    storage().setItem(place, JSON.stringify(value));
  } catch {
    // a frame without storage, or a full one: it lasts as long as the page
  }
}

const thisTab = () => sessionStorage;
const allTabs = () => localStorage;

/** Only settings that there still are. @param {any} kept @returns {Draft["settings"] | null} */
export function settingsKept(kept) {
  if (kept === null || typeof kept !== "object") return null;
  const known = Object.keys(DEFAULT_SETTINGS).filter((name) => name in kept);
  return { ...DEFAULT_SETTINGS, ...Object.fromEntries(known.map((name) => [name, kept[name]])) };
}

/** @param {Item} item */
const plain = ({ abort, probed, ...rest }) => rest;

/** One item of before; one that had not arrived is refused. @param {any} kept @returns {Item} */
const again = (kept) => ({
  channels: [], // of a version that did not know them
  ...kept,
  probed: null,
  abort: new AbortController(),
  ...(kept.ref ? { state: "checking", problem: null } : { state: "refused", problem: kept.problem ?? t("item.cut-off") }),
});

/**
 * Puts back what was there, and keeps what comes.
 * @param {DraftStore} store
 * @returns {Item[]} files that the server has to look at again
 */
export function keepDraft(store) {
  const [found, last] = [read(thisTab, PLACE), read(allTabs, LAST)];
  const kept = found?.form === FORM ? found : null;
  const settings = settingsKept(kept?.settings ?? last?.settings);
  const items = Array.isArray(kept?.items) ? kept.items.map(again) : [];
  store.update((now) => ({
    ...now,
    ...(kept ? { tab: kept.tab, shown: kept.shown, pairing: kept.pairing, fits: kept.fits, folder: kept.folder, name: kept.name } : {}),
    ...(settings ? { settings, preset: kept?.preset ?? last.preset } : {}),
    items,
  }));
  store.subscribe(() => {
    const { key: _, items: all, ...rest } = store.value;
    write(thisTab, PLACE, { form: FORM, ...rest, items: all.map(plain) });
    if (rest.tab !== "timeline") write(allTabs, LAST, { settings: rest.settings, preset: rest.preset });
  });
  return items.filter((/** @type {Item} */ item) => item.state === "checking");
}
