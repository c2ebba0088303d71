/** From what somebody chose to the JobRequest that says it. Pure. */

/** @import * as Wire from "../wire.js" */
/** @typedef {import("./items.js").Item} Item */

/**
 * @param {Item} video @param {Item} speech
 * @param {Wire.RenderSettings | null} [settings] null = those of the job
 * @returns {Wire.ShotRequest}
 */
export function shotOf(video, speech, settings = null) {
  return {
    video: /** @type {Wire.MediaRef} */ (video.ref),
    speech: /** @type {Wire.MediaRef} */ (speech.ref),
    name: withoutSuffix(video.name),
    start: video.start,
    end_exclusive: video.endExclusive,
    keep: video.keep,
    face: video.face,
    ...(speech.speechStart > 0 ? { speech_start: fraction(speech.speechStart) } : {}),
    ...(speech.speechEnd === null || speech.speechEnd === undefined ? {} : { speech_end: fraction(speech.speechEnd) }),
    ...(speech.channels?.length ? { speech_channels: speech.channels } : {}),
    ...(settings ? { settings } : {}),
  };
}

/** Exact seconds as the server reads them. @param {number} seconds in thousandths at most */
const fraction = (seconds) => `${Math.round(seconds * 1000)}/1000`;

/** Seconds that are heard of a speech, null = unknown. @param {Item} speech */
export function speechSeconds(speech) {
  const whole = speech.probed?.duration_s ?? null;
  return whole === null ? null : (speech.speechEnd ?? whole) - (speech.speechStart ?? 0);
}

/** @param {string} name */
export const withoutSuffix = (name) => name.replace(/\.[^.]{1,5}$/, "");

/**
 * Which speech goes on which video: every one on every one, or the first on the first and so on.
 * @param {Item[]} videos @param {Item[]} speeches @param {Wire.Pairing} pairing @returns {[Item, Item][]}
 */
export const pairsOf = (videos, speeches, pairing) =>
  pairing === "in-order"
    ? videos.slice(0, speeches.length).map((video, k) => [video, speeches[k]])
    : videos.flatMap((video) => speeches.map((speech) => /** @type {[Item, Item]} */ ([video, speech])));

/**
 * The shots of pairs. Where a video is said several times, the names say which is which.
 * @param {[Item, Item][]} pairs
 * @param {(video: Item, speech: Item) => Wire.RenderSettings | null} settingsFor null = those of the job
 * @returns {Wire.ShotRequest[]}
 */
export const shotsOf = (pairs, settingsFor) =>
  pairs.map(([video, speech]) => {
    const shot = shotOf(video, speech, settingsFor(video, speech));
    const alone = pairs.every(([other, said]) => other !== video || said === speech);
    return alone ? shot : { ...shot, name: `${shot.name} – ${withoutSuffix(speech.name)}` };
  });

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
  const sound = speechSeconds(speech);
  if (picture === null || sound === null || !video.probed?.rate) return 0;
  const [n, d = "1"] = video.probed.rate.split("/");
  return sound - picture > Number(d) / Number(n) ? sound - picture : 0;
}

/**
 * How long a take of a pair will be.
 * @param {Item} video
 * @param {Item} speech
 * @param {Wire.Fit} fit
 * @returns {{seconds: number, cut: number, silent: number} | null}
 *   cut: seconds of speech that are not heard; silent: seconds of picture without speech; less than a frame is none. null = not known
 */
export function lengthOf(video, speech, fit) {
  const picture = pictureSeconds(video);
  const sound = speechSeconds(speech);
  if (sound === null || !video.probed) return null;
  if (video.probed.kind === "still") return { seconds: sound, cut: 0, silent: 0 };
  if (picture === null) return null;
  if (fit === "loop") return { seconds: sound, cut: 0, silent: 0 };
  const frame = video.probed.rate ? picture / Math.max(1, (video.endExclusive ?? video.probed.frames ?? 1) - video.start) : 0;
  const more = (/** @type {number} */ seconds) => (seconds > frame ? seconds : 0);
  if (fit === "trim") return { seconds: Math.min(picture, sound), cut: more(sound - picture), silent: 0 };
  return { seconds: picture, cut: more(sound - picture), silent: more(picture - sound) };
}
