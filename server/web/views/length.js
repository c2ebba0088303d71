/** How long the take of a video with a speech will be, said in words, and the other choices one step away. */

/** @import * as Wire from "../wire.js" */
/** @typedef {import("../media/items.js").Item} Item */
import { html } from "../ui/html.js";
import { Select } from "../ui/parts.js";
import { CHOICES } from "../defaults.js";
import { duration } from "../format.js";
import { lengthOf } from "../media/request.js";
import { t } from "../text.js";

/** @typedef {import("../text.js").Key} Key */

/** @param {Item} video @param {Item} speech @param {Wire.Fit} fit @returns {{text: string, warns: boolean}} */
export function lengthInWords(video, speech, fit) {
  const length = lengthOf(video, speech, fit);
  if (!length) return { text: t("length.unknown"), warns: false };
  if (fit === "none" && length.cut) return { text: t("length.refused", { over: duration(length.cut) }), warns: true };
  const text = [duration(length.seconds)];
  if (length.cut) text.push(t("length.cut", { over: duration(length.cut) }));
  else if (length.silent) text.push(t("length.silent", { over: duration(length.silent) }));
  return { text: text.join(" · "), warns: length.cut > 0 };
}

/**
 * @param {{video: Item, speech: Item, fit: Wire.Fit, onFit: (fit: Wire.Fit) => void, id: string, name: string}} props
 *   name: of the choice, for who cannot see the row
 */
export function LengthChoice({ video, speech, fit, onFit, id, name }) {
  const { text, warns } = lengthInWords(video, speech, fit);
  return html`<div class="length-choice">
    <${Select} id=${id} name=${name} value=${fit} onChange=${(/** @type {any} */ value) => onFit(value)}
      options=${CHOICES.fit.map((each) => [each, t(/** @type {Key} */ (`fit.${each}`))])} />
    <small class=${warns ? "warns" : ""} role="status">${text}</small></div>`;
}
