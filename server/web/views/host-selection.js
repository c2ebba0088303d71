/** What is selected in the editor, where it lies, and what a take above it would lose. */

/** @import * as Wire from "../wire.js" */
/** @import { Editor } from "../editors.js" */
/** @import { Outcome } from "../task.js" */
import { html } from "../ui/html.js";
import { Badge, IconButton, Notice } from "../ui/parts.js";
import { sentences } from "../messages.js";
import { nameOfFrame, parseRate } from "../time.js";
import { t } from "../text.js";

/** @typedef {import("../text.js").Key} Key */

/**
 * @param {{host: Editor, selection: Outcome<Wire.SelectionResult> & {again: () => void}, problem: string | null, busy: boolean}} props
 *   problem: why there is none. busy: the editor exports
 */
export function Selection({ host, selection, problem, busy }) {
  const { value } = selection;
  return html`<section class="panel" aria-label=${t("host.selection")}>
    <div class="panel-head"><h2>${t("host.selection")}</h2>
      <${IconButton} name=${t("host.refresh")} icon="retry" busy=${busy || selection.status === "pending"} onClick=${selection.again} />
    </div>
    <p class="hint name">${host.session?.project_name}${value?.sequence && ` › ${value.sequence.name}`}</p>
    ${problem && html`<${Notice} kind="error">${problem}<//>`}
    ${selection.status === "pending" && !value && !problem && html`<p class="hint" role="status">${t("host.asking")}</p>`}
    ${value && html`<${Items} selection=${value} />`}
  </section>`;
}

/** @param {{selection: Wire.SelectionResult}} props */
function Items({ selection }) {
  if (!selection.sequence) return html`<p class="hint">${t("host.no-timeline")}</p>`;
  if (!selection.items.length) return html`<p class="hint">${t("host.nothing")}</p>`;
  const { found_by } = selection;
  return html`
    ${found_by && found_by !== "selection" && html`<p class="hint">${t(/** @type {Key} */ (`found.${found_by}`))}</p>`}
    <ul class="selected">${selection.items.map((item) => html`<${Line} key=${item.id} selection=${selection} item=${item} />`)}</ul>`;
}

/** @param {{selection: Wire.SelectionResult, item: Wire.SelectedItem}} props */
function Line({ selection, item }) {
  const { record_start: start, record_duration: length, track } = item.placement;
  const picture = item.kind === "picture";
  return html`<li>
    <div class="shot-head"><span class="name">${item.name}</span><${Badge}>${t(picture ? "host.picture" : "host.sound")}<//></div>
    <p class="facts">
      <span class="timecode">${recordTimecode(selection, start)} – ${recordTimecode(selection, start + length - 1)}</span>
      <span>${t(picture ? "host.track" : "host.sound-track", { n: track })}</span></p>
    ${!picture && said(selection, item) && html`<p class="hint">“${said(selection, item)}”</p>`}
    ${item.cannot_copy.length > 0 && html`<p class="why">${t("host.cannot-copy", { what: sentences(item.cannot_copy, item.cannot_copy_messages).join(", ") })}</p>`}
    ${sentences(item.notices ?? [], item.notice_messages).map((sentence) => html`<p class="why">${sentence}</p>`)}</li>`;
}

/** What the editor knows to be said in a sound. @param {Wire.SelectionResult} selection @param {Wire.SelectedItem} item */
function said({ captions }, { placement: { record_start: start, record_duration: length } }) {
  const heard = (captions ?? []).filter((one) => one.record_start < start + length && one.record_start + one.record_duration > start);
  return heard
    .sort((one, other) => one.record_start - other.record_start)
    .map((one) => one.text)
    .join(" ");
}

/** @param {Wire.SelectionResult} selection @param {number} frame of the record */
function recordTimecode({ sequence }, frame) {
  const rate = parseRate(sequence?.rate);
  if (!sequence || !rate) return String(frame);
  const start = nameOfFrame(sequence.start_frame, rate, sequence.drop_frame ? "00:00:00;00" : null);
  return nameOfFrame(frame, rate, start);
}
