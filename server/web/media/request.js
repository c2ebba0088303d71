/** From what somebody chose to the JobRequest that says it. Pure. */

/** @import * as Wire from "../wire.js" */
/** @typedef {import("./items.js").Item} Item */

/** @param {Item} video @param {Item} speech @returns {Wire.ShotRequest} */
export function shotOf(video, speech) {
  return {
    video: /** @type {Wire.MediaRef} */ (video.ref),
    speech: /** @type {Wire.MediaRef} */ (speech.ref),
    name: withoutSuffix(video.name),
    start: video.start,
    end_exclusive: video.endExclusive,
    keep: video.keep,
    face: video.face,
  };
}

/** @param {string} name */
export const withoutSuffix = (name) => name.replace(/\.[^.]{1,5}$/, "");

/**
 * Every speech on every video, or the first on the first and so on. With several speeches the names say which is which.
 * @param {Item[]} videos @param {Item[]} speeches @param {Wire.Pairing} pairing @returns {Wire.ShotRequest[]}
 */
export function shotsOf(videos, speeches, pairing) {
  if (pairing === "in-order") return videos.slice(0, speeches.length).map((video, k) => shotOf(video, speeches[k]));
  const shots = videos.flatMap((video) => speeches.map((speech) => ({ shot: shotOf(video, speech), speech })));
  return shots.map(({ shot, speech }) => (speeches.length > 1 ? { ...shot, name: `${shot.name} – ${withoutSuffix(speech.name)}` } : shot));
}

/** Seconds of picture that a video's range lasts, null = unknown. @param {Item} video */
export function pictureSeconds(video) {
  const facts = video.probed;
  if (!facts || facts.kind === "still") return null;
  if (!facts.rate || !facts.frames) return video.start === 0 && video.endExclusive === null ? facts.duration_s : null;
  const [n, d = "1"] = facts.rate.split("/");
  return (((video.endExclusive ?? facts.frames) - video.start) * Number(d)) / Number(n);
}

/**
 * Seconds by which the speech outlasts the picture by more than a frame, 0 = it fits or nobody knows.
 * @param {Item} video
 * @param {Item} speech
 */
export function overhang(video, speech) {
  const picture = pictureSeconds(video);
  const sound = speech.probed?.duration_s ?? null;
  if (picture === null || sound === null || !video.probed?.rate) return 0;
  const [n, d = "1"] = video.probed.rate.split("/");
  return sound - picture > Number(d) / Number(n) ? sound - picture : 0;
}
