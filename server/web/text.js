/**
 * Every text of the page by key, from one catalogue per language. `{name}` in a text is replaced by a value; values are text, never HTML.
 */

import en from "./text/en.js";
import zh from "./text/zh.js";
import { loadMessages } from "./messages.js";

/** @typedef {keyof typeof en} Key */
/** @typedef {"en" | "zh-CN"} Language */

/** @type {Record<Language, Record<string, string>>} */
const CATALOGUES = { en, "zh-CN": zh };
export const LANGUAGES = /** @type {Language[]} */ (Object.keys(CATALOGUES));

/** @type {Language} */
let current = "en";

/** @returns {Language} */
export const language = () => current;

/** The first of the languages that somebody reads and that the page has. @param {readonly string[]} wanted BCP 47 tags, the best first */
export const languageOf = (wanted) => wanted.find((tag) => /^(zh|en)\b/i.test(tag));

/**
 * @param {string | null | undefined} tag a BCP 47 tag; zh… is Simplified Chinese, all else English
 * @returns {Promise<void>} until the server's sentences are there too
 */
export function setLanguage(tag) {
  current = tag?.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
  document.documentElement.lang = current;
  return loadMessages(current);
}

/** @param {Key} key @param {Record<string, string | number>} [values] */
export function t(key, values) {
  const text = CATALOGUES[current][key] ?? key;
  return values ? text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole)) : text;
}

/** A text that may be absent, such as the explanation of one error of many. @param {string} key @returns {string | null} */
export const maybe = (key) => CATALOGUES[current][key] ?? null;

/** Names one after the other, as the language sets parts apart. @param {readonly string[]} names */
export const listed = (names) => names.join(current === "en" ? ", " : "、");
