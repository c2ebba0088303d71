"use strict";
// What people are told. The sentences are in messages.json (English, for programs) and messages.others.json, copies of the panels' part of
// the catalogues. A sentence in another language is made from code and parameters by whoever shows it: the page, or the panel's own lines (`say`).
// `heygem` is what programs read.

/** @typedef {{code?: string | null, params?: Record<string, any>, message: string}} Message */

/** They lie beside this file once the panel is packed or installed, and in the repository's protocol folder before. */
const SENTENCES = either(
  () => require("./messages.json"),
  () => require("../protocol/messages.json"),
);
/** @type {Record<string, {between: string, sentences: Record<string, string>}>} */
const OTHERS = either(
  () => require("./messages.others.json"),
  () => require("../protocol/messages.others.json"),
);

/** @param {() => any} one @param {() => any} other @returns {any} */
function either(one, other) {
  try {
    return one();
  } catch {
    return other();
  }
}

/** A message; one within another is a parameter, and so is a list. @param {string} code @param {Record<string, any>} params */
function tell(code, params = {}) {
  return { code, params, message: filled(SENTENCES[code], params, (one) => one.message, ", ") };
}

/** A sentence that has no code, as somebody else said it. @param {string} message @returns {Message} */
const plain = (message) => ({ code: null, params: {}, message });

/** The sentence in a language. `others` are sentences that are not the panels' own; what nobody holds stays English.
 * @param {Message} message @param {string} language as `languageOf` says it @param {Record<string, string>} [others] @returns {string} */
function say(message, language, others = {}) {
  const spoken = OTHERS[language];
  const template = spoken && message.code ? spoken.sentences[message.code] || others[message.code] : undefined;
  return template === undefined
    ? message.message
    : filled(template, message.params || {}, (one) => say(one, language, others), spoken.between);
}

/** @param {string} text @param {Record<string, any>} params @param {(one: Message) => string} said @param {string} between the parts of a list */
function filled(text, params, said, between) {
  const value = (param) => {
    if (Array.isArray(param)) return param.map(value).join(between);
    return typeof param === "object" && param !== null ? said(param) : String(param);
  };
  return text.replace(/\{(\w+)\}/g, (gap, name) => (name in params ? value(params[name]) : gap));
}

/** The first part of a tag such as zh_CN or zh-Hans; what the panels do not speak is English. @param {unknown} tag */
function languageOf(tag) {
  const name = String(tag).toLowerCase().split(/[-_]/)[0];
  return name in OTHERS ? name : "en";
}

/** What an error tells. @param {any} problem @returns {Message} */
const toldBy = (problem) => (problem && problem.told) || plain(String((problem && problem.message) || problem));

/** Messages as a result of the protocol has them: the English sentences, and the messages beside them.
 * @param {string} english name of the one @param {string} coded of the other @param {Message[]} messages */
const beside = (english, coded, messages) => ({ [english]: messages.map((one) => one.message), [coded]: messages });

/** The messages beside sentences of a result. @param {Record<string, any>} result @param {string} english @param {string} coded @returns {Message[]} */
function messagesOf(result, english, coded) {
  const [sentences, messages] = [result[english] || [], result[coded] || []];
  return messages.length === sentences.length ? messages : sentences.map(plain);
}

/** An error whose sentence is shown as it is. @param {string} kind @param {string} code @param {Record<string, any>} params */
function refusal(kind, code, params = {}) {
  return refused(kind, tell(code, params));
}

/** What somebody else (the server, Premiere's scripts) told. @param {string} kind @param {{code?: string | null, params?: Record<string, any>, message: string}} told */
function refused(kind, { code = null, params = {}, message }) {
  return Object.assign(new Error(message), { heygem: kind, told: { code, params, message } });
}

module.exports = { SENTENCES, tell, plain, say, languageOf, toldBy, beside, messagesOf, refusal, refused };
