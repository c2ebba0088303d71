/** Which face speaks: the people of a clip, outlined and numbered on the picture, each also as a tile to choose. */

/** @import * as Wire from "../wire.js" */
import { html } from "../ui/html.js";
import { useApp, useBlobUrl, useTask } from "../ui/hooks.js";
import { percent } from "../format.js";
import { t } from "../text.js";
import * as inspection from "./inspection.js";

/** @param {Wire.FaceFound} face @returns {Record<string, string>} */
const placed = ({ box: [left, top, right, bottom] }) => ({
  left: `${left * 100}%`,
  top: `${top * 100}%`,
  width: `${(right - left) * 100}%`,
  height: `${(bottom - top) * 100}%`,
});

/**
 * Outlines over a picture; those of another frame are faint.
 * @param {{found: Wire.FacesFound, chosen: number | null, frame: number, onChoose: (number: number) => void}} props
 */
export const FaceOutlines = ({ found, chosen, frame, onChoose }) => html`
  <div class="outlines">${found.faces.map(
    (face) => html`
    <button key=${face.number} type="button"
      class="outline ${isChosen(face, chosen) ? "chosen" : ""} ${Math.abs(face.frame - frame) > 2 ? "elsewhere" : ""}" style=${placed(face)}
      aria-label=${t("face.choose", { n: face.number })} aria-pressed=${String(isChosen(face, chosen))}
        onClick=${() => onChoose(face.number)}><span>${face.number}</span></button>`,
  )}
  </div>`;

/** @param {Wire.FaceFound} face @param {number | null} chosen */
const isChosen = (face, chosen) => face.number === (chosen ?? 1);

/**
 * @param {{item: Wire.MediaRef, found: Wire.FacesFound, chosen: number | null, onChoose: (face: Wire.FaceFound | null) => void,
 *   any?: boolean, label?: string}} props any: nobody in particular may be chosen, and is while `chosen` is null
 */
export function FaceTiles({ item, found, chosen, onChoose, any = false, label }) {
  const isOn = (/** @type {Wire.FaceFound} */ face) => (any ? face.number === chosen : isChosen(face, chosen));
  const nobody = !found.faces.some(isOn);
  return html`<div class="face-tiles" role="radiogroup" aria-label=${label ?? t("face.which")} onKeyDown=${moveChoice}>
    ${
      any &&
      html`<button type="button" class="face-tile any" role="radio" aria-checked=${String(chosen === null)} tabindex=${nobody ? 0 : -1}
        onClick=${() => onChoose(null)}>
        <span class="face-name"><strong>${t("face.any")}</strong><small>${t("face.any-hint")}</small></span></button>`
    }
    ${found.faces.map(
      (face, k) => html`<${FaceTile} key=${face.number} item=${item} face=${face} size=${found} chosen=${isOn(face)}
        stop=${isOn(face) || (nobody && !any && k === 0)} onChoose=${() => onChoose(face)} />`,
    )}
  </div>`;
}

/** Radios as WAI-ARIA describes them: one tab stop, arrow keys choose. @param {KeyboardEvent} event */
function moveChoice(event) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const group = /** @type {HTMLElement} */ (event.currentTarget);
  const radios = /** @type {HTMLElement[]} */ ([...group.querySelectorAll("[role=radio]")]);
  const at = radios.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  if (!step || at < 0) return;
  event.preventDefault();
  event.stopPropagation();
  const next = radios[(at + step + radios.length) % radios.length];
  next.focus();
  next.click();
}

/**
 * @param {{item: Wire.MediaRef, face: Wire.FaceFound, size: {width: number, height: number}, chosen: boolean,
 *   stop: boolean, onChoose: () => void}} props stop: whether Tab stops here
 */
function FaceTile({ item, face, size, chosen, stop, onChoose }) {
  const { client } = useApp();
  const picture = useTask(() => inspection.poster(client.api, item, face.frame), [face.frame]);
  const url = useBlobUrl(picture.value);
  return html`<button type="button" class="face-tile" role="radio" aria-checked=${String(chosen)} tabindex=${stop ? 0 : -1}
    onClick=${onChoose}>
    <span class="face-crop">${url && html`<img src=${url} alt="" style=${cropped(face.box, size)} />`}</span>
    <span class="face-name"><strong>${t("face.n", { n: face.number })}</strong><small>
      ${t("face.usable", { share: percent(face.usable_share) })}</small></span>
  </button>`;
}

/**
 * The same person among the faces of another range, whose numbers may differ: who is seen nearest to where they were seen.
 * @param {{box: Wire.FaceFound["box"]}} before
 * @param {readonly Wire.FaceFound[]} faces
 * @returns {Wire.FaceFound | null} null = nobody is seen near there
 */
export function sameFace(before, faces) {
  const distance = (/** @type {Wire.FaceFound} */ { box }) =>
    Math.hypot(...[0, 1].map((axis) => (box[axis] + box[axis + 2] - before.box[axis] - before.box[axis + 2]) / 2));
  const [nearest] = [...faces].sort((a, b) => distance(a) - distance(b));
  return nearest && distance(nearest) <= before.box[2] - before.box[0] ? nearest : null;
}

const TILE_PX = 56;

/**
 * The face in the middle of a square tile, with some room around.
 * @param {Wire.FaceFound["box"]} box
 * @param {{width: number, height: number}} size
 */
function cropped([left, top, right, bottom], { width, height }) {
  const side = Math.max((right - left) * width, (bottom - top) * height) * 1.4;
  const scale = TILE_PX / Math.max(1, side);
  const x = ((left + right) / 2) * width * scale - TILE_PX / 2;
  const y = ((top + bottom) / 2) * height * scale - TILE_PX / 2;
  return { width: `${width * scale}px`, height: `${height * scale}px`, transform: `translate(${-x}px, ${-y}px)` };
}
