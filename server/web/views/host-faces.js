/** Who speaks in each selected clip. Faces are looked for only when somebody opens the list: every look costs the server some seconds. */

/** @import * as Wire from "../wire.js" */
/** @import { Editor } from "../editors.js" */
import { html, useState } from "../ui/html.js";
import { useApp, useStore, useTask } from "../ui/hooks.js";
import { Badge } from "../ui/parts.js";
import { Icon } from "../ui/icons.js";
import * as looks from "../media/looks.js";
import { FaceTiles } from "../media/faces.js";
import { t } from "../text.js";
import { workOf } from "./host-work.js";

/** @param {{host: Editor, shots: readonly Wire.TimelineShot[]}} props shots: whose video can be read */
export function HostFaces({ host, shots }) {
  const { faces } = useStore(workOf(host));
  const [open, setOpen] = useState(false);
  const chosen = shots.filter((shot) => shot.key in faces).length;
  if (!shots.length) return null;
  return html`<section class="panel" aria-label=${t("face.title")}>
    <details onToggle=${(/** @type {Event} */ event) => setOpen(/** @type {HTMLDetailsElement} */ (event.target).open)}>
      <summary><span class="summary-title">${t("face.title")}</span>
        <span class="hint">${chosen ? t("face.chosen", { n: chosen, total: shots.length }) : t("face.by-itself")}</span></summary>
      ${open && html`<ul class="clip-faces">${shots.map((shot) => html`<${ClipFaces} key=${shot.key} host=${host} shot=${shot} />`)}</ul>`}
    </details></section>`;
}

/** @param {{host: Editor, shot: Wire.TimelineShot}} props */
function ClipFaces({ host, shot }) {
  const { client } = useApp();
  const work = workOf(host);
  const { faces } = useStore(work);
  const video = { path: /** @type {Wire.Shot} */ (shot.shot).video };
  const found = useTask(() => looks.faces(client.api, video), [video.path]);
  /** @param {number | null} face */
  function choose(face) {
    const { [shot.key]: _, ...others } = work.value.faces;
    work.edit({ faces: face === null ? others : { ...others, [shot.key]: face } });
  }
  const count = found.value?.faces.length ?? 0;
  return html`<li>
    <div class="shot-head"><span class="name">${shot.clip}</span><span class="timecode">${shot.timecode_in}</span>
      ${shot.key in faces && html`<${Badge}>${t("face.n", { n: faces[shot.key] })}<//>`}</div>
    ${found.status === "error" && html`<p class="why">${t("face.failed")}: ${found.error.message}</p>`}
    ${found.status === "pending" && html`<p class="hint" role="status"><${Icon} name="face" size=${16} /> ${t("face.looking")}</p>`}
    ${found.value && count === 0 && html`<p class="why">${t("face.none")}. ${t("face.none-hint")}</p>`}
    ${
      found.value &&
      count > 0 &&
      html`<${FaceTiles} item=${video} found=${found.value} chosen=${faces[shot.key] ?? null} any label=${t("face.of", { name: shot.clip })}
        onChoose=${(/** @type {Wire.FaceFound | null} */ face) => choose(face?.number ?? null)} />`
    }</li>`;
}
