/** How takes will lie on the editor's timeline, chosen before they are rendered, since they may arrive while nobody looks. */

/** @import { Editor } from "../editors.js" */
import { html } from "../ui/html.js";
import { useStore } from "../ui/hooks.js";
import { Field, Select } from "../ui/parts.js";
import { able, known } from "../editors.js";
import { framesOf, modeOf, MOST_HANDLES } from "../media/placement-options.js";
import { t } from "../text.js";
import { workOf } from "./host-work.js";

const MUTES = /** @type {const} */ (["none", "clip", "track"]);
const MODES = /** @type {const} */ (["track", "take", "relink"]);

/** The ways to lay a take that an editor knows. @param {Editor} host */
export const modesOf = (host) => MODES.filter((mode) => mode === "track" || known(host, `place.${mode}`));

/** @param {{host: Editor, kind: string}} props kind: "full" or "patch", of the settings */
export function PlacementOptions({ host, kind }) {
  const work = workOf(host);
  const { laying } = useStore(work);
  const patch = kind === "patch";
  const modes = modesOf(host);
  const mode = modeOf(laying, { modes, kind });
  const asTake = mode === "take";
  const needs = patch ? t("laying.patch-needs") : asTake ? t("laying.take-needs") : null;
  const disable = (/** @type {Event} */ event) => work.lay({ disable_original: /** @type {HTMLInputElement} */ (event.target).checked });
  const number = (/** @type {Event} */ event) => framesOf(/** @type {HTMLInputElement} */ (event.target).value);
  return html`<section class="panel" aria-label=${t("laying.title")}><h2>${t("laying.title")}</h2>
    <div class="settings laying">
      ${
        able(host, "place.mute") &&
        html`<${Field} id="laying-mute" label=${t("laying.mute")} hint=${t(`mute-hint.${laying.mute}`)}>
          <${Select} id="laying-mute" value=${laying.mute} options=${MUTES.map((mute) => [mute, t(`mute.${mute}`)])}
            onChange=${(/** @type {any} */ mute) => work.lay({ mute })} /><//>`
      }
      ${
        modes.length > 1 &&
        html`<${Field} id="laying-mode" label=${t("laying.mode")} hint=${t(patch ? "laying.patch-above" : `mode-hint.${mode}`)}>
          <${Select} id="laying-mode" value=${mode} why=${patch && t("laying.patch-above")}
            options=${modes.map((one) => [one, t(`mode.${one}`)])} onChange=${(/** @type {any} */ chosen) => work.lay({ mode: chosen })} /><//>`
      }
      <${Field} id="laying-handles" label=${t("laying.handles")} hint=${t("laying.handles-hint")}>
        <input id="laying-handles" type="number" inputmode="numeric" min="0" max=${MOST_HANDLES} step="1" value=${laying.handles}
          aria-describedby="laying-handles-hint" onChange=${(/** @type {Event} */ event) => work.lay({ handles: number(event) })} /><//>
      <div><label class="check"><input type="checkbox" disabled=${!!needs} aria-describedby=${needs ? "laying-needs" : undefined} checked=${laying.disable_original && !asTake && !patch}
        onChange=${disable} />
        <span>${t("laying.disable")}</span></label>
      ${needs && html`<p class="hint" id="laying-needs">${needs}</p>`}</div>
    </div></section>`;
}
