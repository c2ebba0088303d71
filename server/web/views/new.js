/** New render: one shot, a batch, or the shots of a timeline. */

/** @import * as Wire from "../wire.js" */
/** @import { Item } from "../media/items.js" */
import { html, useState } from "../ui/html.js";
import { useStore } from "../ui/hooks.js";
import { Button, Dialog, Select, Tabs } from "../ui/parts.js";
import { draft, itemsOf } from "../media/draft.js";
import { ShotEditor } from "../media/editor.js";
import { useIntake } from "../media/intake.js";
import { DropZone, ItemRow } from "../media/picker.js";
import { overhang, shotOf, shotsOf } from "../media/request.js";
import { FILE_PRESET, settingsOf, TIMELINE_PRESET } from "../presets.js";
import { duration } from "../format.js";
import { t } from "../text.js";
import { StartPanel } from "./start.js";
import { TimelineTab } from "./timeline.js";

/**
 * Takes for a timeline carry no sound and are as long as what they cover; others are whole files.
 * @param {import("../media/draft.js").Draft["tab"]} tab
 */
function turnTo(tab) {
  const { preset } = draft.value;
  const [from, to] = tab === "timeline" ? [FILE_PRESET, TIMELINE_PRESET] : [TIMELINE_PRESET, FILE_PRESET];
  const other = preset === from ? to : null;
  draft.edit(other ? { tab, preset: other, settings: settingsOf(other) } : { tab });
}

export function NewView() {
  const { tab } = useStore(draft);
  /** @type {[string, string][]} */
  const tabs = [
    ["single", t("new.single")],
    ["batch", t("new.batch")],
    ["timeline", t("new.timeline")],
  ];
  return html`<div class="view new-view">
    <div class="view-head"><h1>${t("new.title")}</h1>
      <${Tabs} tabs=${tabs} value=${tab} label=${t("new.title")} panel="new-panel" onChange=${(/** @type {any} */ next) => turnTo(next)} />
        </div>
    <div id="new-panel" role="tabpanel" aria-labelledby="tab-${tab}">
      ${tab === "single" ? html`<${SingleTab} />` : tab === "batch" ? html`<${BatchTab} />` : html`<${TimelineTab} />`}
    </div>
  </div>`;
}

/**
 * Why these cannot be rendered as they are.
 * @param {Item[]} videos
 * @param {Item[]} speeches
 * @param {import("../presets.js").Settings} settings
 * @param {Wire.Pairing} [pairing]
 */
export function blockersOf(videos, speeches, settings, pairing = "each") {
  const found = [];
  const refused = [...videos, ...speeches].filter((item) => item.state === "refused");
  if (refused.length) found.push(t("blocker.refused", { names: refused.map((item) => item.name).join(", ") }));
  if (pairing === "in-order" && videos.length !== speeches.length)
    found.push(t("blocker.pairs", { videos: videos.length, speeches: speeches.length }));
  if (settings.fit === "none") {
    const pairs =
      pairing === "in-order"
        ? videos.slice(0, speeches.length).map((video, k) => [video, speeches[k]])
        : videos.flatMap((video) => speeches.map((speech) => [video, speech]));
    const long = pairs.find(([video, speech]) => video.state === "ready" && speech.state === "ready" && overhang(video, speech) > 0);
    if (long) found.push(t("blocker.too-long", { name: long[0].name, over: duration(overhang(long[0], long[1])) }));
  }
  return found;
}

/** @param {Item[]} items */
const onTheirWay = (items) => items.some((item) => ["waiting", "sending", "checking"].includes(item.state));

function SingleTab() {
  const intake = useIntake("single");
  const video = itemsOf(intake.now, "single", "video")[0] ?? null;
  const speech = itemsOf(intake.now, "single", "speech")[0] ?? null;
  const all = [video, speech].filter((item) => item !== null);
  const ready = video?.state === "ready" && speech?.state === "ready";
  return html`<div class="columns">
    <div class="column-main">
      <section class="panel" aria-label=${t("new.video")}><h2>${t("new.video")}</h2>
        ${
          video
            ? html`<${ItemRow} item=${video} onRemove=${() => intake.remove(video)} />`
            : html`<${DropZone} role="video" title=${t("drop.video")} hint=${t("drop.video-hint")}
            onFiles=${(/** @type {File[]} */ files) => intake.files("video", files)}
              onEntries=${(/** @type {any} */ entries) => intake.entries("video", entries)} />`
        }
        ${
          video?.state === "ready" &&
          html`<${ShotEditor} key=${video.key} item=${video} speech=${speech}
          onChange=${(/** @type {any} */ change) => draft.editItem(video.key, change)} />`
        }
      </section>
      <section class="panel" aria-label=${t("new.speech")}><h2>${t("new.speech")}</h2>
        ${
          speech
            ? html`<${ItemRow} item=${speech} onRemove=${() => intake.remove(speech)} />`
            : html`<${DropZone} role="speech" title=${t("drop.speech")} hint=${t("drop.speech-hint")}
            onFiles=${(/** @type {File[]} */ files) => intake.files("speech", files)}
              onEntries=${(/** @type {any} */ entries) => intake.entries("speech", entries)} />`
        }
      </section>
    </div>
    <${StartPanel} shots=${ready ? [shotOf(video, speech)] : []} waiting=${onTheirWay(all)}
      blockers=${blockersOf(video ? [video] : [], speech ? [speech] : [], intake.now.settings)} />
  </div>`;
}

function BatchTab() {
  const intake = useIntake("batch");
  const [editing, setEditing] = useState(/** @type {string | null} */ (null));
  const videos = itemsOf(intake.now, "batch", "video");
  const speeches = itemsOf(intake.now, "batch", "speech");
  const usable = (/** @type {Item[]} */ items) => items.filter((item) => item.state === "ready");
  const edited = videos.find((video) => video.key === editing);
  const { pairing } = intake.now;
  // Refused files do not hold up the others; they are told and left out.
  const shots = usable(videos).length && usable(speeches).length ? shotsOf(usable(videos), usable(speeches), pairing) : [];
  return html`<div class="columns">
    <div class="column-main">
      <section class="panel" aria-label=${t("new.videos")}><h2>${t("new.videos")} ${
        videos.length > 0 &&
        html`<span class="count">
        ${videos.length}</span>`
      }</h2>
        <div class="items">${videos.map(
          (video) => html`<${ItemRow} key=${video.key} item=${video} onRemove=${() => intake.remove(video)}>
          ${
            video.state === "ready" &&
            html`<${Button} kind="quiet" icon="face" onClick=${() => setEditing(video.key)}>${t("batch.edit")}
            <//>`
          }<//>`,
        )}</div>
        <${DropZone} role="video" many compact=${videos.length > 0} title=${t("drop.videos")} hint=${t("drop.videos-hint")}
          onFiles=${(/** @type {File[]} */ files) => intake.files("video", files)}
            onEntries=${(/** @type {any} */ entries) => intake.entries("video", entries)} />
      </section>
      <section class="panel" aria-label=${t("new.speeches")}><h2>${t("new.speeches")} ${
        speeches.length > 0 &&
        html`<span class="count">
        ${speeches.length}</span>`
      }</h2>
        <div class="items">${speeches.map(
          (speech) => html`<${ItemRow} key=${speech.key} item=${speech}
          onRemove=${() => intake.remove(speech)} />`,
        )}</div>
        <${DropZone} role="speech" many compact=${speeches.length > 0} title=${t("drop.speeches")} hint=${t("drop.speeches-hint")}
          onFiles=${(/** @type {File[]} */ files) => intake.files("speech", files)}
            onEntries=${(/** @type {any} */ entries) => intake.entries("speech", entries)} />
      </section>
      ${
        speeches.length > 1 &&
        html`<section class="panel row-panel"><label for="pairing">${t("batch.pairing")}</label>
        <${Select} id="pairing" value=${pairing} options=${[["each", t("pairing.each")], ["in-order", t("pairing.in-order")]]}
          onChange=${(/** @type {any} */ value) => draft.edit({ pairing: value })} /></section>`
      }
    </div>
    <${StartPanel} shots=${shots} waiting=${onTheirWay([...videos, ...speeches])}
      blockers=${blockersOf(usable(videos), usable(speeches), intake.now.settings, pairing)} />
    ${
      edited &&
      html`<${Dialog} title=${edited.name} wide onClose=${() => setEditing(null)} footer=${html`<${Button} kind="primary"
      onClick=${() => setEditing(null)}>${t("action.done")}<//>`}>
      <${ShotEditor} key=${edited.key} item=${edited} speech=${usable(speeches)[0] ?? null}
        onChange=${(/** @type {any} */ change) => draft.editItem(edited.key, change)} /><//>`
    }
  </div>`;
}
