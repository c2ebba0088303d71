/**
 * Who is lip-synced in each selected clip. Faces are looked for only when somebody opens the list: every look costs the server some
 * seconds. Their numbers are those of the range that a clip shows, so a choice is found again when the clip is trimmed.
 */

/** @import * as Wire from "../wire.js" */
/** @import { Editor } from "../editors.js" */
import { html, useEffect, useState } from "../ui/html.js";
import { useApp, useStore, useTask } from "../ui/hooks.js";
import { Badge } from "../ui/parts.js";
import { Icon } from "../ui/icons.js";
import * as inspection from "../media/inspection.js";
import { FaceTiles, sameFace } from "../media/faces.js";
import { t } from "../text.js";
import { workOf } from "./host-work.js";

/** @param {Wire.TimelineShot} row */
const partOf = (row) => /** @type {Wire.Shot} */ (row.shot);

/** The frames that a clip shows of its file. @param {Wire.TimelineShot} row */
const rangeOf = (row) => `${partOf(row).video} ${partOf(row).start} ${partOf(row).end_exclusive}`;

/** @param {import("../client.js").Client} client @param {Wire.TimelineShot} row */
const look = ({ api }, row) => inspection.faces(api, { path: partOf(row).video }, partOf(row).start, partOf(row).end_exclusive);

/** @param {{host: Editor, shots: readonly Wire.TimelineShot[]}} props shots: that will be rendered */
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
    </details>
    ${shots.map((shot) => shot.key in faces && html`<${Refound} key=${shot.key} host=${host} shot=${shot} />`)}
  </section>`;
}

/**
 * Finds the chosen person again where the clip shows another range than it did then.
 * @param {{host: Editor, shot: Wire.TimelineShot}} props
 */
function Refound({ host, shot }) {
  const { client } = useApp();
  const work = workOf(host);
  const range = rangeOf(shot);
  useEffect(() => {
    const before = work.value.faces[shot.key];
    if (!before || before.range === range) return;
    void look(client, shot).then(
      (found) => work.choose(shot.key, sameFace(before, found.faces), range),
      () => {}, // the list says why when it is opened; the server refuses a number that is not there
    );
  }, [range]);
  return null;
}

/** @param {{host: Editor, shot: Wire.TimelineShot}} props */
function ClipFaces({ host, shot }) {
  const { client } = useApp();
  const work = workOf(host);
  const { faces } = useStore(work);
  const range = rangeOf(shot);
  const found = useTask(() => look(client, shot), [range]);
  const number = faces[shot.key]?.number ?? null;
  const choose = (/** @type {Wire.FaceFound | null} */ face) => work.choose(shot.key, face, range);
  const count = found.value?.faces.length ?? 0;
  return html`<li>
    <div class="shot-head"><span class="name">${shot.clip}</span><span class="timecode">${shot.timecode_in}</span>
      ${number !== null && html`<${Badge}>${t("face.n", { n: number })}<//>`}</div>
    ${found.status === "error" && html`<p class="why">${t("face.failed")}: ${found.error.message}</p>`}
    ${found.status === "pending" && html`<p class="hint" role="status"><${Icon} name="face" size=${16} /> ${t("face.looking")}</p>`}
    ${found.value && count === 0 && html`<p class="why">${t("face.none")}. ${t("face.none-hint")}</p>`}
    ${
      found.value &&
      count > 0 &&
      html`<${FaceTiles} item=${{ path: partOf(shot).video }} found=${found.value} chosen=${number} any
        label=${t("face.of", { name: shot.clip })} onChoose=${choose} />`
    }</li>`;
}
