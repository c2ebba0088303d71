/** Videos side by side, and which files a browser plays by itself. */

import { insideOf } from "../time.js";

/** Formats of takes that browsers may know, as they are asked for them. */
const TYPES = /** @type {Record<string, string>} */ ({
  h264: 'video/mp4; codecs="avc1.640028, mp4a.40.2"',
  webm: 'video/webm; codecs="vp9, opus"',
});

/** Whether this browser says that it plays takes of a format. A single file may still be beyond it (10 bits): then the player says so. @param {string} format */
export function playsInBrowser(format) {
  if (!(format in TYPES)) return false;
  plays[format] ??= document.createElement("video").canPlayType(TYPES[format]) !== "";
  return plays[format];
}

/** What this browser said. @type {Record<string, boolean>} */
const plays = {};

/**
 * Where a take's picture plays from, under /api/v1: the file itself where the browser plays it, which begins at once, else the small copy
 * that the server makes.
 * @param {import("../wire.js").TakeView} take @param {boolean} whole a page that must load all of what it plays always gets the copy
 */
export const playedFrom = (take, whole) => `/takes/${take.id}/${!whole && playsInBrowser(take.format) ? "file" : "proxy.mp4"}`;

/** What is not seen any more is not loaded on: a browser has few connections. @param {HTMLVideoElement | null} video */
export function letGo(video) {
  video?.removeAttribute("src");
  video?.load();
}

/**
 * Brings a video to where another one is.
 * @param {HTMLVideoElement | null} one @param {HTMLVideoElement | null} leader @param {import("../time.js").Rate} rate
 */
export function follow(one, leader, rate) {
  if (!one || !leader || one.readyState < 1) return;
  const halfFrame = rate.d / rate.n / 2;
  if (leader.paused) {
    one.pause();
    const target = insideOf(Math.max(0, Math.floor((leader.currentTime * rate.n) / rate.d + 1e-3)), rate);
    if (Math.abs(one.currentTime - target) > halfFrame / 4) one.currentTime = target;
    return;
  }
  one.playbackRate = leader.playbackRate;
  if (one.paused) one.play().catch(() => {}); // no picture of the source: the take still plays
  if (Math.abs(one.currentTime - leader.currentTime) > halfFrame) one.currentTime = leader.currentTime;
}
