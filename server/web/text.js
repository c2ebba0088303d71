/**
 * Every text of the page by key. English is the page's own; of other languages the server has a catalogue, fetched when one is chosen.
 * `{name}` in a text is replaced by a value; values are text, never HTML.
 */

import en from "./text/en.js";
import { loaded, useMessages } from "./messages.js";

/** @typedef {keyof typeof en} Key */

/** @type {import("./wire.js").Spoken} */
const ENGLISH = { name: "en", tag: "en", title: "English", between: ", " };
let known = [ENGLISH];
let current = ENGLISH;
/** @type {Record<string, string>} */
let texts = en;
let asked = 0;

/** The languages that the server has. */
export const languages = () => known;

/** The BCP 47 tag of the page's language. */
export const language = () => current.tag;

/** Asks the server which languages there are. Without an answer it is English alone. */
export async function loadLanguages() {
  const found = await loaded("/api/v1/languages");
  if (Array.isArray(found)) known = found;
}

/** @param {string | null | undefined} tag a BCP 47 tag: its first part decides */
const languageFor = (tag) => known.find((one) => one.name === tag?.toLowerCase().split(/[-_]/)[0]);

/** The first of the languages that somebody reads and that the page has. @param {readonly string[]} wanted BCP 47 tags, the best first */
export const languageOf = (wanted) => wanted.find(languageFor);

/**
 * @param {string | null | undefined} tag a BCP 47 tag; what the page does not have is English
 * @returns {Promise<void>} until its texts and the server's sentences are there
 */
export async function setLanguage(tag) {
  const mine = ++asked;
  const chosen = languageFor(tag) ?? ENGLISH;
  const both = chosen.name === "en" ? [] : [`/api/v1/page-texts/${chosen.name}`, `/api/v1/messages/${chosen.name}`];
  const [own, messages] = await Promise.all(both.map(loaded));
  if (mine !== asked) return;
  useTexts(chosen, own ?? {});
  useMessages(messages ?? {}, chosen.between);
}

/** @param {import("./wire.js").Spoken} chosen @param {Record<string, string>} own what it lacks stays English */
export function useTexts(chosen, own) {
  current = chosen;
  texts = { ...en, ...own };
  document.documentElement.lang = chosen.tag;
}

/** @param {Key} key @param {Record<string, string | number>} [values] */
export function t(key, values) {
  const text = texts[key] ?? key;
  return values ? text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole)) : text;
}

/** A text that may be absent, such as the explanation of one error of many. @param {string} key @returns {string | null} */
export const maybe = (key) => texts[key] ?? null;

/** Names one after the other, as the language sets parts apart. @param {readonly string[]} names */
export const listed = (names) => names.join(current.between);
