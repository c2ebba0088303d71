/** From a selection to a job: the new speech, who speaks, what only the editor can decode, how takes will lie, settings, and the button. */

/** @import * as Wire from "../wire.js" */
/** @import { Editor } from "../editors.js" */
/** @import { Item } from "../media/items.js" */
import { html, useEffect, useMemo } from "../ui/html.js";
import { useApp, useStore, useTask } from "../ui/hooks.js";
import { Field, Notice, Select } from "../ui/parts.js";
import { able, appName } from "../editors.js";
import { several } from "../media/channels.js";
import { itemsOf, newKey } from "../media/draft.js";
import { lengthsOf, timelineRequest } from "../media/host-request.js";
import { ItemRow } from "../media/item-row.js";
import { DropZone } from "../media/picker.js";
import { sentence, sentences } from "../messages.js";
import { t } from "../text.js";
import { Exports } from "./host-exports.js";
import { HostFaces } from "./host-faces.js";
import { workOf } from "./host-work.js";
import { modesOf, PlacementOptions } from "./placement-options.js";
import { useIntake } from "../media/intake.js";
import { SpeechEditor } from "../media/speech-editor.js";
import { StartPanel } from "./start.js";
import { jobOf } from "./timeline.js";

/** @param {{host: Editor, selection: Wire.SelectionResult}} props */
export function HostRender({ host, selection }) {
  const { client } = useApp();
  const store = workOf(host);
  const work = useStore(store);
  const intake = useIntake("timeline", store.draft);
  const speech = itemsOf(intake.now, "timeline", "speech")[0] ?? null;
  const pictures = selection.items.filter((item) => item.kind === "picture");
  const sounds = selection.items.filter((item) => item.kind === "sound");
  const about = { id: host.id, project: host.session?.project ?? "", modes: modesOf(host) };
  const prepared = { host: about, selection, speech: speech?.ref ?? null, channels: speech?.channels, work, draft: intake.now };
  const key = useMemo(newKey, [selection, `${speech?.channels}`, work.from, work.faces, work.laying, work.made, intake.now.key]);
  const ready = pictures.length > 0 && (speech ? speech.state === "ready" : sounds.length > 0);
  const made = work.made.map((one) => one.export + one.item).join();
  const { kind } = intake.now.settings;
  const conformed = useTask(
    (signal) => client.api.timelines(timelineRequest(prepared, true), { signal }),
    [selection, speech?.key, speech?.state, `${speech?.channels}`, work.from, work.laying.handles, made, kind],
    { when: ready && !work.exporting, waitMs: 100 },
  );
  useEffect(() => {
    // Unused exports are kept for a day: what is gone is made once more.
    if (conformed.status === "error" && /** @type {any} */ (conformed.error).status === 404 && work.made.length) store.edit({ made: [] });
  }, [conformed.status]);
  const answer = ready ? (conformed.value?.conformed ?? null) : null;
  const shots = answer?.shots ?? [];
  const usable = shots.filter((shot) => shot.shot && !shot.error && !shot.needs_host_export);
  const plain = usable.filter((shot) => !shot.placement.baked);
  const path = plain[0]?.shot?.video ?? sounds.find((sound) => sound.path)?.path;
  const readable = path ? { path } : (speech?.ref ?? null);
  const unlike = kind === "patch" ? pictures.filter((item) => item.cannot_copy.length).map((item) => item.name) : [];
  const blockers = unlike.length ? [t("host.no-patch", { names: unlike.join(", ") })] : [];
  return html`
    <${Speech} host=${host} intake=${intake} speech=${speech} sounds=${sounds} />
    <${Exports} host=${host} selection=${selection} shots=${shots} kind=${kind} ownSpeech=${speech !== null} />
    ${conformed.status === "error" && html`<${Notice} kind="error">${conformed.error.message}<//>`}
    ${answer && html`<${Remarks} conformed=${answer} above=${work.laying.mode === "track"} />`}
    <${HostFaces} host=${host} shots=${usable} />
    <${PlacementOptions} host=${host} kind=${kind} />
    <${StartPanel} shots=${lengthsOf(usable, readable)} count=${usable.length} blockers=${blockers} store=${store.draft}
      waiting=${ready && conformed.status === "pending"} missing=${missing(pictures.length, ready, speech, usable.length)}
      onStarted=${showTakes} submit=${() => jobOf(client.api.timelines(timelineRequest(prepared, false), { key }))} />`;
}

/** What was started stands below all that was chosen. */
const showTakes = () => requestAnimationFrame(() => document.querySelector(".host-takes")?.scrollIntoView({ block: "start" }));

/**
 * What has to be chosen yet.
 * @param {number} pictures
 * @param {boolean} ready
 * @param {import("../media/items.js").Item | null} speech
 * @param {number} usable
 */
function missing(pictures, ready, speech, usable) {
  if (!pictures) return t("host.no-picture");
  if (speech?.state === "refused") return t("blocker.refused", { names: speech.name });
  if (speech && !ready) return t("start.waiting");
  if (!ready) return t("host.no-speech");
  return usable ? null : t("timeline.no-shots");
}

/**
 * @param {{host: Editor, intake: ReturnType<typeof useIntake>, speech: import("../media/items.js").Item | null,
 *   sounds: Wire.SelectedItem[]}} props
 */
function Speech({ host, intake, speech, sounds }) {
  const store = workOf(host);
  const work = useStore(store);
  const names = [...new Set(sounds.map((item) => item.name))].join(", ");
  const comes = able(host, "place.speech") ? "host.speech-comes" : "host.speech-by-hand";
  return html`<section class="panel" aria-label=${t("new.speech")}><h2>${t("new.speech")}</h2>
    ${sounds.length > 0 && !speech && html`<p class="hint">${t("host.speech-under", { names })}</p>`}
    ${
      speech
        ? html`<${ItemRow} item=${speech} onRemove=${() => intake.remove(speech)} />
          ${
            several(speech) &&
            html`<${SpeechEditor} key=${speech.key} item=${speech} cut=${false}
              onChange=${(/** @type {Partial<Item>} */ change) => store.draft.editItem(speech.key, change)} />`
          }
          <p class="hint speech-comes">${t(comes, { app: appName(host.session?.app) })}</p>
          <${Field} id="host-from" label=${t("timeline.speech-from")}><${Select} id="host-from" value=${work.from}
            options=${[["clip", t("timeline.from-clip")], ["timeline", t("timeline.from-timeline")]]}
            onChange=${(/** @type {any} */ from) => store.edit({ from })} /><//>`
        : html`<${DropZone} role="speech" compact title=${t("drop.speech")} hint=${t("drop.speech-hint")}
            onTake=${(/** @type {any} */ things) => intake.take("speech", things.slice(0, 1))} />`
    }
  </section>`;
}

/**
 * What cannot be rendered and why, and what one should know of the rest.
 * @param {{conformed: Wire.Conformed, above: boolean}} props above: takes go on a track above
 */
function Remarks({ conformed, above }) {
  const said = conformed.shots.flatMap((shot) => sentences(shot.notices, shot.notice_messages).map((notice) => `${shot.clip}: ${notice}`));
  const skipped = conformed.skipped.map((one) => `${one.clip} (${one.timecode}): ${sentence(one.why_message, one.why)}`);
  const errors = conformed.shots.flatMap((shot) => (shot.error ? [sentence(shot.error_message, shot.error)] : []));
  const twice = conformed.shots.flatMap(({ clip, not_above, not_above_message }) =>
    above && not_above ? [t("host.not-above", { clip, why: sentence(not_above_message, not_above) })] : [],
  );
  const remarks = [...new Set([...sentences(conformed.notices, conformed.notice_messages), ...said, ...twice, ...skipped])];
  return html`${[...new Set(errors)].map((error) => html`<${Notice} kind="warn" key=${error}>${error}<//>`)}
    ${
      remarks.length > 0 &&
      html`<${Notice} live=${false} title=${t("timeline.remarks")}>
        <ul class="why-list">${remarks.map((remark) => html`<li key=${remark}>${remark}</li>`)}</ul><//>`
    }`;
}
