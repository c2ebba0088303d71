/**
 * What the server says, in the page's language. Reasons, notices and errors come as `{code, params, message}`; the sentences of all codes
 * are the server's catalogue, fetched once for a language. `message` is the English sentence: shown where the catalogue lacks the code.
 */

/** @typedef {{code?: string | null, params?: Record<string, any>, message: string}} Message */

/** @type {Record<string, string>} */
let texts = {};
let between = ", ";

/** What everybody may ask the server for. @param {string} path @returns {Promise<any>} nothing where it does not answer */
export const loaded = (path) =>
  fetch(path).then(
    (answer) => (answer.ok ? answer.json() : undefined),
    () => undefined,
  );

/** @param {Record<string, string>} catalogue code → text @param {string} separator between the parts of a list */
export function useMessages(catalogue, separator) {
  texts = catalogue;
  between = separator;
}

/**
 * The sentence of a message.
 * @param {Message | null | undefined} message absent = an older server, or a sentence of before there were codes
 * @param {string | null} [english] what stands in then
 * @returns {string}
 */
export function sentence(message, english) {
  if (!message) return english ?? "";
  const text = message.code ? texts[message.code] : undefined;
  return text === undefined ? message.message : filled(text, message.params ?? {});
}

/** Sentences of a list, with their messages beside it. @param {readonly string[]} english @param {readonly Message[] | undefined} messages */
export const sentences = (english, messages) =>
  english.map((one, k) => sentence(messages?.length === english.length ? messages[k] : null, one));

/** Messages one after the other, as the language sets parts apart. @param {readonly Message[]} messages @returns {string} */
export const listed = (messages) => value([...messages]);

/** @param {string} text @param {Record<string, any>} params */
const filled = (text, params) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in params ? value(params[name]) : whole));

/** @param {any} param @returns {string} */
function value(param) {
  if (Array.isArray(param)) return param.map(value).join(between);
  return param !== null && typeof param === "object" ? sentence(param) : String(param);
}
