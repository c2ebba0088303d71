/**
 * The page inside an editor's panel: what is selected there, what it shall say, render, and put back. Everything the editor does goes through the
 * server to the panel's own script; this page never touches the editor.
 */

/** @import * as Wire from "../wire.js" */
import { html, useEffect, useMemo, useState } from "../ui/html.js";
import { useApp, useStore, useTask } from "../ui/hooks.js";
import { Badge, Field, IconButton, Notice, Select } from "../ui/parts.js";
import { DropZone, ItemRow } from "../media/picker.js";
import { draft, editDraft, itemsOf } from "../media/draft.js";
import { nameOfFrame, parseRate } from "../time.js";
import { settingsOf } from "../presets.js";
import { t } from "../text.js";
import { useIntake } from "./new.js";
import { ProjectTakes } from "./host-takes.js";
import { StartPanel } from "./start.js";
import { jobOf } from "./timeline.js";

/** @typedef {import("../host.js").HostLink} HostLink */
/** @typedef {import("../text.js").Key} Key */

const SELECTION_MS = 500; // the selection is asked for at most twice a second
const RETRY_MS = 2000;

/** @param {{host: HostLink}} props */
export function HostPage({ host }) {
  const { client } = useApp();
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const soon = () =>
      (timer ??= setTimeout(() => {
        timer = undefined;
        setAsked((n) => n + 1);
      }, SELECTION_MS));
    window.addEventListener("heygem-selection", soon);
    return () => {
      clearTimeout(timer);
      window.removeEventListener("heygem-selection", soon);
    };
  }, []);
  const selection = useTask(() => /** @type {Promise<Wire.SelectionResult>} */ (client.api.call(host.id, "host.selection")), [asked]);
  useEffect(() => {
    // The panel's own socket may still be on its way, or on its way back.
    if (selection.status !== "error") return;
    const timer = setTimeout(selection.again, RETRY_MS);
    return () => clearTimeout(timer);
  }, [selection.status]);
  return html`<div class="view host-view">
    <h1 class="visually-hidden">${t("nav.host")}</h1>
    <section class="panel" aria-label=${t("host.selection")}>
      <div class="panel-head"><h2>${t("host.selection")}</h2><${IconButton} name=${t("host.refresh")} icon="retry"
        disabled=${selection.status === "pending"} onClick=${selection.again} /></div>
      <p class="hint name">${host.session?.project_name}${selection.value?.sequence && ` › ${selection.value.sequence.name}`}</p>
      ${selection.status === "error" && html`<${Notice} kind="error">${selection.error.message}<//>`}
      ${selection.status === "pending" && !selection.value && html`<p class="hint" role="status">${t("host.asking")}</p>`}
      ${selection.value && html`<${Selected} selection=${selection.value} />`}
    </section>
    ${selection.value?.document && html`<${HostRender} host=${host} selection=${selection.value} />`}
    <${ProjectTakes} host=${host} />
  </div>`;
}

/** @param {Wire.SelectionResult} selection @param {number} frame of the record */
function recordTimecode({ sequence }, frame) {
  const rate = parseRate(sequence?.rate);
  if (!sequence || !rate) return String(frame);
  const start = nameOfFrame(sequence.start_frame, rate, sequence.drop_frame ? "00:00:00;00" : null);
  return nameOfFrame(frame, rate, start);
}

/** @param {{selection: Wire.SelectionResult}} props */
function Selected({ selection }) {
  if (!selection.sequence) return html`<p class="hint">${t("host.no-timeline")}</p>`;
  if (!selection.items.length) return html`<p class="hint">${t("host.nothing")}</p>`;
  return html`<ul class="selected">${selection.items.map(
    (item) => html`<li key=${item.id}>
    <div class="shot-head"><span class="name">${item.name}</span><${Badge}>${t(item.kind === "picture" ? "host.picture" : "host.sound")}<//>
      </div>
    <p class="facts"><span class="timecode">
      ${recordTimecode(selection, item.placement.record_start)} – ${recordTimecode(selection, item.placement.record_start + item.placement.record_duration - 1)}</span><span>${t(item.kind === "picture" ? "host.track" : "host.sound-track", { n: item.placement.track })}</span></p>
    ${item.needs_host_export && html`<p class="why">${t("timeline.needs-editor", { why: item.needs_host_export })}</p>`}
    ${item.cannot_copy.length > 0 && html`<p class="why">${t("host.cannot-copy", { what: item.cannot_copy.join(", ") })}</p>`}</li>`,
  )}
      </ul>`;
}

/** @param {{host: HostLink, selection: Wire.SelectionResult}} props */
function HostRender({ host, selection }) {
  const { client } = useApp();
  const intake = useIntake("timeline");
  const now = useStore(draft);
  const speech = itemsOf(intake.now, "timeline", "speech")[0] ?? null;
  const [from, setFrom] = useState(/** @type {"timeline" | "clip"} */ ("clip"));
  const pictures = selection.items.filter((item) => item.kind === "picture");
  const sounds = selection.items.filter((item) => item.kind === "sound");
  useEffect(() => {
    const preset = host.session?.app === "resolve" ? "timeline-resolve" : "timeline";
    editDraft({ preset, settings: settingsOf(preset) });
  }, []);
  /** @param {boolean} dry @returns {Wire.TimelineRequest} */
  const request = (dry) => ({
    document: selection.document ?? null,
    name: now.name || null,
    selection: {
      ids: selection.items.map((item) => item.id),
      speech_from: from,
      project: host.session?.project ?? "",
      sequence: selection.sequence?.id ?? null,
    },
    ...(speech?.ref ? { speech: speech.ref } : {}),
    settings: now.settings,
    folder: now.folder || null,
    origin: { kind: "host", host: host.id, project: host.session?.project ?? null },
    dry_run: dry,
  });
  const ready = pictures.length > 0 && (speech ? speech.state === "ready" : sounds.length > 0);
  const conformed = useTask((signal) => client.api.timelines(request(true), { signal }), [selection, speech?.key, speech?.state, from], {
    when: ready,
  });
  const shots = ready ? (conformed.value?.conformed.shots ?? []) : [];
  const usable = shots.filter((shot) => !shot.error && !shot.needs_host_export);
  const blockers = useMemo(
    () =>
      shots.flatMap((shot) =>
        shot.error
          ? [`${shot.clip}: ${shot.error}`]
          : shot.needs_host_export
            ? [`${shot.clip}: ${t("timeline.needs-editor", { why: shot.needs_host_export })}`]
            : [],
      ),
    [shots],
  );
  return html`
    <section class="panel" aria-label=${t("new.speech")}><h2>${t("new.speech")}</h2>
      ${
        sounds.length > 0 &&
        !speech &&
        html`<p class="hint">
        ${t("host.speech-under", { names: sounds.map((item) => item.name).join(", ") })}</p>`
      }
      ${
        speech
          ? html`<${ItemRow} item=${speech} onRemove=${() => intake.remove(speech)} />
        <${Field} id="host-from" label=${t("timeline.speech-from")}><${Select} id="host-from" value=${from}
          options=${[
            ["clip", t("timeline.from-clip")],
            ["timeline", t("timeline.from-timeline")],
          ]}
            onChange=${(/** @type {any} */ value) => setFrom(value)} /><//>`
          : html`<${DropZone} role="speech" compact title=${t("drop.speech")} hint=${t("drop.speech-hint")}
          onFiles=${(/** @type {File[]} */ files) => intake.files("speech", files)}
            onEntries=${(/** @type {any} */ entries) => intake.entries("speech", entries)} />`
      }
    </section>
    ${conformed.status === "error" && html`<${Notice} kind="error">${conformed.error.message}<//>`}
    ${blockers.map((blocker) => html`<${Notice} kind="warn" key=${blocker}>${blocker}<//>`)}
    <${StartPanel} shots=${/** @type {any} */ (usable)} blockers=${[]} waiting=${ready && conformed.status === "pending"}
      onStarted=${() => {}}
      submit=${() => jobOf(client.api.timelines(request(false)))} />`;
}
