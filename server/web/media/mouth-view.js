/** Shows a part of a picture as large as its pane: a browser scales the whole video, the pane cuts it. */

/** @typedef {{x: number, y: number, width: number}} View middle and width of what is shown, shares (0–1) of the picture */

const MOUTH_DOWN = 0.74; // of a face's height, from its top, as the trackers box it
const AROUND = 1.1; // shown, in widths of the face

/** The mouth of a face, its cheeks and chin. @param {[number, number, number, number]} box left, top, right, bottom @returns {View} */
export function mouthView([left, top, right, bottom]) {
  return { x: (left + right) / 2, y: top + MOUTH_DOWN * (bottom - top), width: Math.min(1, AROUND * (right - left)) };
}

/**
 * Where the whole video lies, so that its view fills the pane. Percentages are of the pane's sides.
 * @param {View} view @param {number} aspect of the picture, width by height @param {number} paneAspect of the pane
 */
export function placed(view, aspect, paneAspect) {
  const [width, height] = [1 / view.width, paneAspect / (view.width * aspect)];
  const within = (/** @type {number} */ at, /** @type {number} */ size) =>
    size <= 1 ? (1 - size) / 2 : Math.min(0, Math.max(1 - size, at));
  const percent = (/** @type {number} */ share) => `${(share * 100).toFixed(3)}%`;
  return {
    width: percent(width),
    height: percent(height),
    left: percent(within(0.5 - view.x * width, width)),
    top: percent(within(0.5 - view.y * height, height)),
  };
}
