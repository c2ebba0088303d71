/** Figures as people read them, in the page's language: sizes, durations, dates, rates. Unknown is a dash, never a zero. */

import { language, t } from "./text.js";

export const UNKNOWN = "–";

/** Formats are kept: making one takes far longer than using it. @template T @param {(tag: string) => T} make @returns {() => T} */
function kept(make) {
  /** @type {Map<string, T>} */
  const made = new Map();
  return () => {
    const tag = language();
    if (!made.has(tag)) made.set(tag, make(tag));
    return /** @type {T} */ (made.get(tag));
  };
}

/** @param {Intl.DateTimeFormatOptions} options */
const dates = (options) => kept((tag) => new Intl.DateTimeFormat(tag, options));

const NUMBERS = [0, 1, 2, 3].map((digits) => kept((tag) => new Intl.NumberFormat(tag, { maximumFractionDigits: digits })));
const TODAY = dates({ hour: "2-digit", minute: "2-digit" });
const DAY = dates({ dateStyle: "medium", timeStyle: "short" });
const CLOCK = dates({ hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** @param {number} value @param {0 | 1 | 2 | 3} [digits] after the point */
export const number = (value, digits = 0) => NUMBERS[digits]().format(value);

/** @param {number | null | undefined} share 0–1 */
export const percent = (share) => (share === null || share === undefined ? UNKNOWN : `${number(Math.floor(share * 100))} %`);

/** How many frames are drawn, and of how many where that is known. @param {number} done @param {number | null} total */
export const drawn = (done, total) =>
  total === null ? t("take.frames", { n: number(done) }) : t("job.frames", { done: number(done), total: number(total) });

/** @param {number | null | undefined} bytes */
export function size(bytes) {
  if (bytes === null || bytes === undefined) return UNKNOWN;
  const units = ["B", "KB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log(bytes) / Math.log(1000)));
  const value = bytes / 1000 ** power;
  return `${number(value, power > 1 && value < 100 ? 1 : 0)} ${units[power]}`;
}

/** "2 min 10 s". @param {number | null | undefined} seconds */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return UNKNOWN;
  if (seconds < 10) return t("time.seconds", { n: number(seconds, 1) });
  const whole = Math.round(seconds);
  if (whole < 60) return t("time.seconds", { n: whole });
  if (whole < 3600) return t("time.minutes", { m: Math.floor(whole / 60), s: whole % 60 });
  return t("time.hours", { h: Math.floor(whole / 3600), m: Math.floor((whole % 3600) / 60) });
}

/** "1:05", as players count: a length that is waited for. @param {number} seconds */
export function length(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** @param {number} at seconds since 1970 */
export function when(at) {
  const date = new Date(at * 1000);
  const today = new Date().toDateString() === date.toDateString();
  return today ? t("time.today", { at: TODAY().format(date) }) : DAY().format(date);
}

/** @param {number} at seconds since 1970 */
export const clock = (at) => CLOCK().format(new Date(at * 1000));

/** "23.976 fps" @param {string | null} rate a fraction */
export function rate(rate) {
  if (!rate) return t("media.variable-rate");
  const [n, d = "1"] = rate.split("/");
  return `${number(Number(n) / Number(d), 3)} fps`;
}

/** @type {Record<string, string>} */
const CODECS = {
  h264: "H.264",
  hevc: "HEVC",
  prores: "ProRes",
  dnxhd: "DNxHR",
  mpeg4: "MPEG-4",
  mpeg1video: "MPEG-1",
  mpeg2video: "MPEG-2",
  vp9: "VP9",
  av1: "AV1",
  aac: "AAC",
  mp3: "MP3",
  flac: "FLAC",
  opus: "Opus",
};

/** @param {string} name as FFmpeg calls it */
const codec = (name) => (name.startsWith("pcm_") ? "PCM" : (CODECS[name] ?? name));

/** "1920×1080 · 25 fps · 12 s · H.264" @param {import("./wire.js").Probed} facts */
export function facts(facts) {
  const parts = [];
  if (facts.width && facts.height) parts.push(`${facts.width}×${facts.height}`);
  if (facts.kind === "video") parts.push(rate(facts.rate));
  if (facts.duration_s !== null) parts.push(duration(facts.duration_s));
  if (facts.codec) parts.push(codec(facts.codec));
  if (facts.bit_depth && facts.bit_depth > 8) parts.push(`${facts.bit_depth} bit`);
  if (facts.kind === "sound" && facts.sound_rate) parts.push(`${number(facts.sound_rate / 1000, 1)} kHz`);
  return parts.join(" · ");
}
