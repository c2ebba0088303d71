/** New render: one shot, a batch, or the shots of a timeline. */

/** @import * as Wire from "../wire.js" */
/** @import { Item, Role } from "../media/items.js" */
import { html, useState } from "../ui/html.js";
import { useStore } from "../ui/hooks.js";
import { Button, Dialog, Select, Tabs } from "../ui/parts.js";
import { draft, itemsOf, pairKey } from "../media/draft.js";
import { ShotEditor } from "../media/editor.js";
import { useIntake, useReceive } from "../media/intake.js";
import { ItemRow } from "../media/item-row.js";
import { DropZone } from "../media/picker.js";
import { overhang, pairsOf, shotsOf } from "../media/request.js";
import { SpeechEditor } from "../media/speech-editor.js";
import { duration } from "../format.js";
import { listed, t } from "../text.js";
import { LengthChoice } from "./length.js";
import { StartPanel } from "./start.js";
import { TimelineTab } from "./timeline.js";

const MOST_PAIRS = 200; // shown; all are rendered

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
      <${Tabs} tabs=${tabs} value=${tab} label=${t("new.title")} panel="new-panel"
        onChange=${(/** @type {any} */ next) => draft.turnTo(next)} />
        </div>
    <div id="new-panel" role="tabpanel" aria-labelledby="tab-${tab}">
      ${tab === "single" ? html`<${SingleTab} />` : tab === "batch" ? html`<${BatchTab} />` : html`<${TimelineTab} />`}
    </div>
  </div>`;
}

/** The length of a pair: its own choice, else the settings'. @param {Item} video @param {Item} speech @returns {Wire.Fit} */
const fitOf = (video, speech) => draft.value.fits[pairKey(video, speech)] ?? draft.value.settings.fit;

/** @param {Item} video @param {Item} speech @returns {Wire.RenderSettings | null} */
const settingsFor = (video, speech) =>
  fitOf(video, speech) === draft.value.settings.fit ? null : { ...draft.value.settings, fit: fitOf(video, speech) };

/** @param {Item} video @param {Item} speech @param {Wire.Fit} fit */
const chooseFit = (video, speech, fit) => draft.edit({ fits: { ...draft.value.fits, [pairKey(video, speech)]: fit } });

/**
 * Why these cannot be rendered as they are.
 * @param {Item[]} videos
 * @param {Item[]} speeches
 * @param {Wire.Pairing} [pairing]
 */
function blockersOf(videos, speeches, pairing = "each") {
  const found = [];
  const refused = [...videos, ...speeches].filter((item) => item.state === "refused");
  if (refused.length) found.push(t("blocker.refused", { names: refused.map((item) => item.name).join(", ") }));
  if (pairing === "in-order" && videos.length !== speeches.length)
    found.push(t("blocker.pairs", { videos: videos.length, speeches: speeches.length }));
  const long = pairsOf(videos, speeches, pairing).find(
    ([video, speech]) =>
      video.state === "ready" && speech.state === "ready" && fitOf(video, speech) === "none" && overhang(video, speech) > 0,
  );
  if (long) found.push(t("blocker.too-long", { name: long[0].name, over: duration(overhang(long[0], long[1])) }));
  return found;
}

/** What has to be chosen before anything can be rendered. @param {Item[]} videos @param {Item[]} speeches @returns {string | null} */
function missingOf(videos, speeches) {
  if (!videos.length) return t(speeches.length ? "start.needs-video" : "start.needs-both");
  return speeches.length ? null : t("start.needs-speech");
}

/** @param {Item[]} items */
const onTheirWay = (items) => items.some((item) => ["waiting", "sending", "checking"].includes(item.state));

/** @param {{role: Role, many?: boolean, compact?: boolean, title: string, hint: string}} props */
function Zone({ role, many = true, compact, title, hint }) {
  const { receive } = useReceive();
  return html`<${DropZone} role=${role} many=${many} compact=${compact} title=${title} hint=${hint}
    onTake=${(/** @type {any} */ things, /** @type {boolean} */ chosen) => receive(things, role, chosen)} />`;
}

function SingleTab() {
  const intake = useIntake("single");
  const video = itemsOf(intake.now, "single", "video")[0] ?? null;
  const speech = itemsOf(intake.now, "single", "speech")[0] ?? null;
  const [videos, speeches] = [video ? [video] : [], speech ? [speech] : []];
  const ready = video?.state === "ready" && speech?.state === "ready";
  return html`<div class="columns">
    <div class="column-main">
      <section class="panel" aria-label=${t("new.video")}><h2>${t("new.video")}</h2>
        ${
          video
            ? html`<${ItemRow} item=${video} onRemove=${() => intake.remove(video)} />`
            : html`<${Zone} role="video" title=${t("drop.video")} hint=${t("drop.video-hint")} />`
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
            ? html`<${ItemRow} item=${speech} edited onRemove=${() => intake.remove(speech)} />`
            : html`<${Zone} role="speech" title=${t("drop.speech")} hint=${t("drop.speech-hint")} />`
        }
        ${
          speech?.state === "ready" &&
          html`<${SpeechEditor} key=${speech.key} item=${speech}
          onChange=${(/** @type {any} */ change) => draft.editItem(speech.key, change)} />`
        }
      </section>
      ${
        ready &&
        html`<section class="panel row-panel" aria-label=${t("length.title")}><h2>${t("length.title")}</h2>
          <${LengthChoice} id="length" name=${t("length.of", { name: video.name })} video=${video} speech=${speech}
            fit=${fitOf(video, speech)} onFit=${(/** @type {Wire.Fit} */ fit) => chooseFit(video, speech, fit)} /></section>`
      }
    </div>
    <${StartPanel} shots=${ready ? shotsOf([[video, speech]], settingsFor) : []} waiting=${onTheirWay([...videos, ...speeches])}
      missing=${missingOf(videos, speeches)} blockers=${blockersOf(videos, speeches)} />
  </div>`;
}

function BatchTab() {
  const intake = useIntake("batch");
  const [editing, setEditing] = useState(/** @type {string | null} */ (null));
  const videos = itemsOf(intake.now, "batch", "video");
  const speeches = itemsOf(intake.now, "batch", "speech");
  const usable = (/** @type {Item[]} */ items) => items.filter((item) => item.state === "ready");
  const edited = [...videos, ...speeches].find((item) => item.key === editing);
  const change = (/** @type {any} */ changed) => edited && draft.editItem(edited.key, changed);
  const faceless = usable(videos).filter((video) => video.faces === 0);
  const { pairing } = intake.now;
  // Refused files do not hold up the others; they are told and left out.
  const pairs = pairsOf(usable(videos), usable(speeches), pairing);
  return html`<div class="columns">
    <div class="column-main">
      <section class="panel" aria-label=${t("new.videos")}><h2>${t("new.videos")} ${
        videos.length > 0 &&
        html`<span class="count">
        ${videos.length}</span>`
      }</h2>
        <div class="items">${videos.map(
          (video) => html`<${ItemRow} key=${video.key} item=${video} onRemove=${() => intake.remove(video)}
            onFaces=${(/** @type {number} */ faces) => video.faces !== faces && draft.editItem(video.key, { faces })}>
          ${
            video.state === "ready" &&
            html`<${Button} kind="quiet" icon="face" onClick=${() => setEditing(video.key)}>${t("batch.edit")}
            <//>`
          }<//>`,
        )}</div>
        <${Zone} role="video" compact=${videos.length > 0} title=${t("drop.videos")} hint=${t("drop.videos-hint")} />
      </section>
      <section class="panel" aria-label=${t("new.speeches")}><h2>${t("new.speeches")} ${
        speeches.length > 0 &&
        html`<span class="count">
        ${speeches.length}</span>`
      }</h2>
        <div class="items">${speeches.map(
          (speech) => html`<${ItemRow} key=${speech.key} item=${speech} onRemove=${() => intake.remove(speech)}>
          ${
            speech.state === "ready" &&
            html`<${Button} kind="quiet" icon="play" onClick=${() => setEditing(speech.key)}>${t("batch.listen")}<//>`
          }<//>`,
        )}</div>
        <${Zone} role="speech" compact=${speeches.length > 0} title=${t("drop.speeches")} hint=${t("drop.speeches-hint")} />
      </section>
      ${pairs.length > 0 && html`<${Pairs} pairs=${pairs} pairing=${pairing} several=${speeches.length > 1} />`}
    </div>
    <${StartPanel} shots=${shotsOf(pairs, settingsFor)} waiting=${onTheirWay([...videos, ...speeches])}
      missing=${missingOf(videos, speeches)} blockers=${blockersOf(usable(videos), usable(speeches), pairing)}
      warnings=${faceless.length ? [t("blocker.no-face", { names: listed(faceless.map(({ name }) => name)) })] : []} />
    ${
      edited &&
      html`<${Dialog} title=${edited.name} wide onClose=${() => setEditing(null)} footer=${html`<${Button} kind="primary"
      onClick=${() => setEditing(null)}>${t("action.done")}<//>`}>
      ${
        edited.role === "speech"
          ? html`<${SpeechEditor} key=${edited.key} item=${edited} onChange=${change} />`
          : html`<${ShotEditor} key=${edited.key} item=${edited} speech=${usable(speeches)[0] ?? null} onChange=${change} />`
      }<//>`
    }
  </div>`;
}

/**
 * The shots that will be made, each with its length.
 * @param {{pairs: [Item, Item][], pairing: Wire.Pairing, several: boolean}} props several: there is more than one speech to pair
 */
function Pairs({ pairs, pairing, several }) {
  return html`<section class="panel" aria-label=${t("pairs.title")}><h2>${t("pairs.title")} <span class="count">${pairs.length}</span></h2>
    ${
      several &&
      html`<div class="row"><label for="pairing">${t("batch.pairing")}</label>
        <${Select} id="pairing" value=${pairing} options=${[["each", t("pairing.each")], ["in-order", t("pairing.in-order")]]}
          onChange=${(/** @type {any} */ value) => draft.edit({ pairing: value })} /></div>`
    }
    <div class="table-scroll" tabindex="0" role="region" aria-label=${t("pairs.title")}><table class="shot-table pairs">
      <thead><tr><th scope="col">${t("new.video")}</th><th scope="col">${t("new.speech")}</th><th scope="col">${t("length.title")}</th></tr>
        </thead>
      <tbody>${pairs.slice(0, MOST_PAIRS).map(
        ([video, speech], k) => html`<tr key=${pairKey(video, speech)}>
          <th scope="row" class="name">${video.name}</th><td class="name">${speech.name}</td>
          <td><${LengthChoice} id=${`length-${k}`} name=${t("length.of", { name: `${video.name}, ${speech.name}` })} video=${video}
            speech=${speech} fit=${fitOf(video, speech)} onFit=${(/** @type {Wire.Fit} */ fit) => chooseFit(video, speech, fit)} /></td></tr>`,
      )}</tbody></table></div>
    ${pairs.length > MOST_PAIRS && html`<p class="hint">${t("pairs.more", { n: pairs.length - MOST_PAIRS })}</p>`}
  </section>`;
}
