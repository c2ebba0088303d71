/** How takes will lie on the editor's timeline, chosen before they are rendered, since they may arrive while nobody looks. */

/** @import { Editor } from "../editors.js" */
import { html } from "../ui/html.js";
import { useStore } from "../ui/hooks.js";
import { Field, Select } from "../ui/parts.js";
import { able, known } from "../editors.js";
import { framesOf, MOST_HANDLES } from "../media/placement-options.js";
import { t } from "../text.js";
import { workOf } from "./host-work.js";

const MUTES = /** @type {const} */ (["none", "clip", "track"]);
const MODES = /** @type {const} */ (["track", "take"]);

/** Whether the editor knows takes of a clip. @param {Editor} host */
export const knowsTakes = (host) => known(host, "place.take");

/** @param {{host: Editor, kind: string}} props kind: "full" or "patch", of the settings */
export function PlacementOptions({ host, kind }) {
  const work = workOf(host);
  const { laying } = useStore(work);
  const patch = kind === "patch";
  const takes = knowsTakes(host);
  const asTake = takes && !patch && laying.mode === "take";
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
        takes &&
        html`<${Field} id="laying-mode" label=${t("laying.mode")} hint=${t(patch ? "laying.patch-above" : `mode-hint.${laying.mode}`)}>
          <${Select} id="laying-mode" value=${asTake ? "take" : "track"} disabled=${patch}
            options=${MODES.map((mode) => [mode, t(`mode.${mode}`)])} onChange=${(/** @type {any} */ mode) => work.lay({ mode })} /><//>`
      }
      <${Field} id="laying-handles" label=${t("laying.handles")} hint=${t("laying.handles-hint")}>
        <input id="laying-handles" type="number" inputmode="numeric" min="0" max=${MOST_HANDLES} step="1" value=${laying.handles}
          aria-describedby="laying-handles-hint" onChange=${(/** @type {Event} */ event) => work.lay({ handles: number(event) })} /><//>
      <div><label class="check"><input type="checkbox" disabled=${asTake || patch} checked=${laying.disable_original && !asTake && !patch}
        onChange=${disable} />
        <span>${t("laying.disable")}</span></label>
      ${(asTake || patch) && html`<p class="hint">${t(patch ? "laying.patch-needs" : "laying.take-needs")}</p>`}</div>
    </div></section>`;
}
