/**
 * The page inside an editor's panel: what is selected there, what it shall say, render, and put back. Everything the editor does goes through the
 * server to the panel's own script; this page never touches the editor.
 */

/** @import * as Wire from "../wire.js" */
import { html, useEffect, useMemo, useState } from "../ui/html.js";
import { useAction, useApp, useLive, useStore, useTask } from "../ui/hooks.js";
import { Badge, Bar, Button, Field, IconButton, Notice, Select } from "../ui/parts.js";
import { DropZone, ItemRow } from "../media/picker.js";
import { draft, editDraft, itemsOf } from "../media/draft.js";
import { nameOfFrame, parseRate } from "../time.js";
import { duration } from "../format.js";
import { settingsOf } from "../presets.js";
import { hashOf } from "../route.js";
import { t } from "../text.js";
import { useFigures } from "./job.js";
import { useIntake } from "./new.js";
import { markersOf, visible } from "./place.js";
import { settingsLine } from "./take.js";
import { StartPanel } from "./start.js";
import { jobOf } from "./timeline.js";

/** @typedef {import("../host.js").HostLink} HostLink */
/** @typedef {import("../text.js").Key} Key */

const SELECTION_MS = 500; // the selection is asked for at most twice a second
const RETRY_MS = 2000;
const PLACE_S = 120; // an import can take long
const UNFINISHED = new Set(["queued", "active", "paused"]);

/** @param {{host: HostLink}} props */
export function HostPage({ host }) {
  const { client } = useApp();
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const soon = () => (timer ??= setTimeout(() => { timer = undefined; setAsked((n) => n + 1); }, SELECTION_MS));
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
      <div class="panel-head"><h2>${t("host.selection")}</h2><${IconButton} name=${t("host.refresh")} icon="retry" disabled=${selection.status === "pending"} onClick=${selection.again} /></div>
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
  return html`<ul class="selected">${selection.items.map((item) => html`<li key=${item.id}>
    <div class="shot-head"><span class="name">${item.name}</span><${Badge}>${t(item.kind === "picture" ? "host.picture" : "host.sound")}<//></div>
    <p class="facts"><span class="timecode">${recordTimecode(selection, item.placement.record_start)} – ${recordTimecode(selection, item.placement.record_start + item.placement.record_duration - 1)}</span><span>${t(item.kind === "picture" ? "host.track" : "host.sound-track", { n: item.placement.track })}</span></p>
    ${item.needs_host_export && html`<p class="why">${t("timeline.needs-editor", { why: item.needs_host_export })}</p>`}
    ${item.cannot_copy.length > 0 && html`<p class="why">${t("host.cannot-copy", { what: item.cannot_copy.join(", ") })}</p>`}</li>`)}</ul>`;
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
    selection: { ids: selection.items.map((item) => item.id), speech_from: from, project: host.session?.project ?? "", sequence: selection.sequence?.id ?? null },
    ...(speech?.ref ? { speech: speech.ref } : {}),
    settings: now.settings,
    folder: now.folder || null,
    origin: { kind: "host", host: host.id, project: host.session?.project ?? null },
    dry_run: dry,
  });
  const ready = pictures.length > 0 && (speech ? speech.state === "ready" : sounds.length > 0);
  const conformed = useTask((signal) => client.api.timelines(request(true), { signal }), [selection, speech?.key, speech?.state, from], { when: ready });
  const shots = ready ? (conformed.value?.conformed.shots ?? []) : [];
  const usable = shots.filter((shot) => !shot.error && !shot.needs_host_export);
  const blockers = useMemo(() => shots.flatMap((shot) => (shot.error ? [`${shot.clip}: ${shot.error}`] : shot.needs_host_export ? [`${shot.clip}: ${t("timeline.needs-editor", { why: shot.needs_host_export })}`] : [])), [shots]);
  return html`
    <section class="panel" aria-label=${t("new.speech")}><h2>${t("new.speech")}</h2>
      ${sounds.length > 0 && !speech && html`<p class="hint">${t("host.speech-under", { names: sounds.map((item) => item.name).join(", ") })}</p>`}
      ${speech ? html`<${ItemRow} item=${speech} onRemove=${() => intake.remove(speech)} />
        <${Field} id="host-from" label=${t("timeline.speech-from")}><${Select} id="host-from" value=${from} options=${[["clip", t("timeline.from-clip")], ["timeline", t("timeline.from-timeline")]]} onChange=${(/** @type {any} */ value) => setFrom(value)} /><//>`
        : html`<${DropZone} role="speech" compact title=${t("drop.speech")} hint=${t("drop.speech-hint")} onFiles=${(/** @type {File[]} */ files) => intake.files("speech", files)} onEntries=${(/** @type {any} */ entries) => intake.entries("speech", entries)} />`}
    </section>
    ${conformed.status === "error" && html`<${Notice} kind="error">${conformed.error.message}<//>`}
    ${blockers.map((blocker) => html`<${Notice} kind="warn" key=${blocker}>${blocker}<//>`)}
    <${StartPanel} shots=${/** @type {any} */ (usable)} blockers=${[]} waiting=${ready && conformed.status === "pending"} onStarted=${() => {}}
      submit=${() => jobOf(client.api.timelines(request(false)))} />`;
}

/** The shots of this project that have a place on a timeline. @param {{host: HostLink}} props */
function ProjectTakes({ host }) {
  const { client } = useApp();
  const generation = useLive((state) => state.generation);
  const jobs = useLive((state) => state.jobs);
  const shots = useLive((state) => state.shots);
  const loaded = useTask((signal) => client.loadJobs({ limit: 30 }, signal), [generation]);
  const list = Object.values(jobs).filter((job) => job.origin.host === host.id || host.session?.project === job.origin.project).sort((a, b) => b.created - a.created);
  const wanted = list.map((job) => job.id).join();
  useEffect(() => {
    for (const job of list) if (!shots[job.id] || Object.keys(shots[job.id]).length < job.shots_total) void client.loadJob(job.id).catch(() => {});
  }, [wanted, generation]);
  if (loaded.status === "error") return html`<${Notice} kind="error">${loaded.error.message}<//>`;
  if (!list.length) return null;
  return html`<section class="panel" aria-label=${t("host.takes")}><h2>${t("host.takes")}</h2>
    <ul class="host-jobs">${list.map((job) => html`<${HostJob} key=${job.id} job=${job} shots=${Object.values(shots[job.id] ?? {}).sort((a, b) => a.position - b.position)} host=${host} />`)}</ul></section>`;
}

/** @param {{job: Wire.JobView, shots: Wire.ShotView[], host: HostLink}} props */
function HostJob({ job, shots, host }) {
  const { done, total, eta } = useFigures(job);
  const { client } = useApp();
  const [busy, act] = useAction();
  return html`<li><div class="shot-head"><span class="name">${job.name}</span><${Badge} kind=${job.state === "completed" ? "good" : job.state === "failed" ? "bad" : job.state === "active" ? "live" : "neutral"}>${t(/** @type {Key} */ (`job.${job.state}`))}<//>
      ${UNFINISHED.has(job.state) && html`<${IconButton} name=${t("job.cancel")} icon="stop" disabled=${busy} onClick=${() => act(async () => void (await client.api.act(job.id, "cancel")))} />`}</div>
    ${UNFINISHED.has(job.state) && html`<${Bar} share=${total ? done / total : null} label=${t("job.progress", { name: job.name })} />${eta !== null && html`<p class="facts"><span>${t("job.eta", { time: duration(eta) })}</span></p>`}`}
    ${job.why && html`<p class="why">${job.why}</p>`}
    <ul>${shots.map((shot) => html`<${HostShot} key=${shot.id} shot=${shot} host=${host} />`)}</ul></li>`;
}

/** @param {{shot: Wire.ShotView, host: HostLink}} props */
function HostShot({ shot, host }) {
  const { client, say } = useApp();
  const [busy, act] = useAction();
  const newest = shot.takes[shot.takes.length - 1];
  const [chosen, setChosen] = useState(/** @type {string | null} */ (null));
  const take = shot.takes.find((one) => one.id === chosen) ?? newest;
  const placement = shot.request.placement;
  if (!take) return html`<li class="host-shot"><span class="name">${shot.name}</span>${shot.why && html`<p class=${shot.state === "failed" ? "why problem" : "why"}>${shot.why}</p>`}</li>`;
  const here = shot.takes.find((one) => one.placed.some((placed) => placed.host === host.id));
  const place = () => act(async () => {
    if (!placement) return;
    /** @type {Wire.PlaceResult} */
    const result = here && here.id !== take.id
      ? await client.api.call(host.id, "host.switchTake", { take: take.id, file: "", name: take.name, placement, ...visible(take, placement) })
      : await client.api.call(host.id, "host.place", { take: take.id, file: "", name: take.name, placement, ...visible(take, placement), mode: "track" }, PLACE_S);
    client.dispatch({ type: "takes.loaded", takes: [await client.api.take(take.id)], asOf: client.state.seq });
    await client.loadJob(shot.job);
    say(result.already ? t("host.already") : [t("host.placed", { n: result.track }), ...result.not_copied.map((what) => t("host.cannot-copy", { what })), ...result.notices].join(" "));
  });
  const label = !here ? "host.place" : here.id === take.id ? "host.place-again" : "host.switch";
  return html`<li class="host-shot">
    <div class="shot-head"><a class="name" href=${hashOf("take", take.id)}>${shot.name}</a>${here && html`<${Badge} kind="good">${t("take.placed")}<//>`}</div>
    <div class="row wrap">
      ${shot.takes.length > 1 && html`<${Select} id="version-${shot.id}" name=${t("versions.title")} value=${take.id} options=${[...shot.takes].reverse().map((one) => [one.id, `${t("take.version", { n: one.version })} · ${settingsLine(one.settings)}`])} onChange=${setChosen} />`}
      <${Button} kind="primary" busy=${busy} disabled=${!placement || take.missing} onClick=${place}>${t(label)}<//>
      ${placement && html`<${Button} kind="quiet" busy=${busy} onClick=${() => act(() => client.api.call(host.id, "host.reveal", { placement }))}>${t("host.show")}<//>`}
      ${take.weak.length > 0 && placement && html`<${Button} kind="quiet" busy=${busy} onClick=${() => act(async () => { await client.api.call(host.id, "host.markers", { placement, markers: markersOf(take, placement) }); say(t("host.marked", { n: take.weak.length })); })}>${t("host.mark", { n: take.weak.length })}<//>`}
    </div></li>`;
}
