/**
 * What the server finds out about a file: facts, faces, waveform, pictures, a playable proxy. Each is asked once per file and kept,
 * since every look costs the server a child process.
 */

/** @import * as Wire from "../wire.js" */
/** @typedef {import("../client/http.js").Api} Api */

const KEPT = 300;

/** @type {Map<string, Promise<any>>} */
const kept = new Map();

/** @template T @param {string} what @param {Wire.MediaRef} ref @param {() => Promise<T>} look @returns {Promise<T>} */
function once(what, ref, look) {
  const key = `${what} ${ref.upload ? `upload ${ref.upload}` : `path ${ref.path}`}`;
  const known = kept.get(key);
  if (known) return known;
  const asked = look();
  asked.catch(() => kept.delete(key));
  kept.set(key, asked);
  if (kept.size > KEPT) kept.delete(/** @type {string} */ (kept.keys().next().value));
  return asked;
}

let line = Promise.resolve();

/**
 * Looks that nobody waits for, one after the other, so that forty clips do not keep the server from what is looked at now.
 * @template T @param {() => Promise<T>} look @param {AbortSignal} signal what nobody wants any more is left out @returns {Promise<T>}
 */
export function inTurn(look, signal) {
  const mine = line.then(() => {
    if (signal.aborted) throw new DOMException("Nobody wants it any more.", "AbortError");
    return look();
  });
  line = mine.then(
    () => {},
    () => {},
  );
  return mine;
}

/** @param {Api} api @param {Wire.MediaRef} ref @returns {Promise<Wire.Probed>} */
export const probe = (api, ref) => once("probe", ref, () => api.probe(ref));
/**
 * @param {Api} api @param {Wire.MediaRef} ref @param {number} start @param {number | null} end exclusive
 * @returns {Promise<Wire.FacesFound>}
 */
export const faces = (api, ref, start, end) => once(`faces ${start} ${end}`, ref, () => api.faces(ref, { start, end_exclusive: end }));
/** @param {Api} api @param {Wire.MediaRef} ref @param {readonly number[]} [channels] none = its main sound @returns {Promise<Wire.Waveform>} */
export const waveform = (api, ref, channels = []) => once(`waveform ${channels}`, ref, () => api.waveform(ref, channels));
/** @param {Api} api @param {Wire.MediaRef} ref @param {number | null} frame @returns {Promise<Blob>} */
export const poster = (api, ref, frame) => once(`poster ${frame}`, ref, () => api.poster(ref, frame));
/**
 * The path of a playable copy, for useMediaUrl.
 * @param {Api} api @param {Wire.MediaRef} ref @param {readonly number[]} [channels] that are heard, none = its main sound
 * @returns {Promise<string>}
 */
export const proxy = (api, ref, channels = []) =>
  once(`proxy ${channels}`, ref, async () => `/media/${(await api.proxy(ref, channels)).id}.mp4`);

/** Files on disk may change under the same name: asked anew. */
export const forgetLooks = () => kept.clear();
