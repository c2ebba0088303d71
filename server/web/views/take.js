/** One take: looked at, judged, compared with its other versions, handed out, rendered again with other settings, deleted. */

/** @import * as Wire from "../wire.js" */
import { html, useState } from "../ui/html.js";
import { useAction, useApp, useLive, useTask } from "../ui/hooks.js";
import { Button, Dialog, Facts, IconButton, Notice } from "../ui/parts.js";
import { nameOfFrame, parseRate, secondsOf } from "../time.js";
import { duration, number, percent, rate as rateText, size, when } from "../format.js";
import { unchanged, unchangedShare, verdicts } from "../quality.js";
import { go, hashOf } from "../route.js";
import { listed, sentence, sentences } from "../messages.js";
import { maybe, t } from "../text.js";
import { DeleteJob, DeleteTake } from "./deletion.js";
import { save } from "./download.js";
import { JobLog } from "./log.js";
import { Player } from "./player.js";
import { Publish } from "./publish.js";
import { SettingsForm } from "./settings.js";

/** @typedef {import("../text.js").Key} Key */

const SAME_SHOWN = 8;

/** @param {{id: string}} props */
export function TakePage({ id }) {
  const { client } = useApp();
  const known = useLive((state) => state.takes[id]);
  const gone = useLive((state) => state.gone[id]);
  const asked = useTask(
    async (signal) => {
      const asOf = client.state.seq;
      client.dispatch({ type: "takes.loaded", takes: [await client.api.take(id, { signal })], asOf });
    },
    [id],
    { when: !known && !gone },
  );
  if (gone) return html`<div class="view"><${Notice}>${t("take.gone")} <a href=${hashOf("results")}>${t("results.title")}</a><//></div>`;
  if (asked.status === "error")
    return html`<div class="view"><${Notice} kind="error">${asked.error.message} <a href=${hashOf("results")}>
    ${t("results.title")}</a><//></div>`;
  if (!known) return html`<div class="view"><p class="hint" role="status">${t("action.loading")}</p></div>`;
  return html`<${TakeDetail} key=${id} take=${known} />`;
}

/** @param {{take: Wire.TakeView}} props */
function TakeDetail({ take }) {
  const { client } = useApp();
  const [seekTo, setSeekTo] = useState(/** @type {import("./player.js").Seek | null} */ (null));
  const [again, setAgain] = useState(false);
  const [log, setLog] = useState(false);
  const [opened, setOpened] = useState(false);
  const report = useTask((signal) => client.api.report(take.id, { signal }), [take.id], { when: !take.missing });
  const wave = useTask((signal) => client.api.takeWaveform(take.id, { signal }), [take.id], { when: opened && !take.missing });
  const loaded = useTask((signal) => client.loadJob(take.job, signal), [take.job]);
  const shot = useLive((state) => state.shots[take.job]?.[take.shot]) ?? null;
  const job = useLive((state) => state.jobs[take.job]) ?? null;
  return html`<div class="view take-view">
    <div class="view-head"><div><a class="back" href=${hashOf("results")}>${t("results.title")}</a><h1 class="name">${take.name}</h1></div>
      <${TakeActions} take=${take} job=${job} onAgain=${() => setAgain(true)} /></div>
    ${take.missing && html`<${Notice} kind="warn" title=${t("take.missing")}>${t("take.missing-hint", { path: take.path })}<//>`}
    <div class="columns take-columns">
      <div class="column-main">
        ${
          !take.missing &&
          html`<section class="panel" aria-label=${t("player.title")}><${Player} take=${take} versions=${shot?.takes ?? []} report=${report.value}
          waveform=${wave.value} seekTo=${seekTo} onOpened=${() => setOpened(true)} /></section>`
        }
        <section class="panel" aria-label=${t("job.log")}><details
          onToggle=${(/** @type {Event} */ event) => setLog(/** @type {HTMLDetailsElement} */ (event.target).open)}><summary>${t("job.log")}
            </summary>${log && html`<${JobLog} job=${take.job} />`}</details></section>
      </div>
      <aside class="column-side">
        <section class="panel" aria-label=${t("quality.title")}><h2>${t("quality.title")}</h2>
          ${report.status === "error" && html`<${Notice} kind="warn">${t("quality.no-report")}<//>`}
          ${
            report.value &&
            html`<${QualityReport} report=${report.value} take=${take} onMeasured=${report.again}
            onSeek=${(/** @type {number} */ frame, /** @type {[number, number]} */ loop) => setSeekTo({ frame, loop })} />`
          }
        </section>
        <section class="panel" aria-label=${t("versions.title")}><h2>${t("versions.title")}</h2>
          ${loaded.status === "error" && html`<p class="hint">${t("versions.no-job")}</p>`}
          ${
            shot &&
            html`<ol class="versions">${[...shot.takes].reverse().map(
              (one) => html`<li key=${one.id}><a
            href=${hashOf("take", one.id)} aria-current=${one.id === take.id ? "page" : undefined}>
            <strong>${t("take.version", { n: one.version })}</strong><span>${settingsLine(one.settings)}</span><small>${when(one.created)}
              </small></a></li>`,
            )}</ol>`
          }
          <${SameVideo} take=${take} />
          ${job?.timeline && html`<${Publish} job=${job} />`}
        </section>
        <section class="panel" aria-label=${t("take.facts")}><h2>${t("take.facts")}</h2>
          <${Facts} items=${factsOf(take)} />
          <${MadeOf} take=${take} report=${report.value} />
          <p class="path">${take.path}</p>
          ${sentences(take.notices, take.notice_messages).map((notice) => html`<${Notice} key=${notice} live=${false}>${notice}<//>`)}
        </section>
      </aside>
    </div>
    ${again && html`<${RenderAgain} take=${take} shot=${shot} onClose=${() => setAgain(false)} />`}
  </div>`;
}

/** What it was made of and how. @param {{take: Wire.TakeView, report: Wire.TakeReport | null}} props */
function MadeOf({ take, report }) {
  const shot = report?.plan.shot;
  const engine = report?.plan.settings.engine ?? take.settings.engine ?? "auto";
  /** @type {[Key, string | undefined, string?][]} */
  const rows = [
    ["new.video", fileOf(shot?.video), shot?.video],
    ["new.speech", fileOf(shot?.speech), shot?.speech],
    ["settings.engine", maybe(`engine.${engine}`) ?? engine],
    ["start.title", settingsLine(take.settings)],
  ];
  return html`<dl class="pairs-list">${rows.map(
    ([key, value, whole]) => value && html`<div key=${key}><dt>${t(key)}</dt><dd title=${whole}>${value}</dd></div>`,
  )}</dl>`;
}

/** The last part of a path of the server's machine, whatever that is. @param {string | undefined} path */
const fileOf = (path) => path?.split(/[/\\]/).pop();

/** Takes of the same video by other shots, also of other jobs. @param {{take: Wire.TakeView}} props */
function SameVideo({ take }) {
  const { client } = useApp();
  const found = useTask((signal) => client.api.takes({ same_video: take.id }, { signal }), [take.id]);
  const others = found.value?.takes.filter((one) => one.shot !== take.shot).slice(0, SAME_SHOWN) ?? [];
  if (!others.length) return null;
  return html`<h3>${t("versions.same-video")}</h3><ol class="versions">${others.map(
    (one) => html`<li key=${one.id}><a href=${hashOf("take", one.id)}>
      <strong class="name">${one.name}</strong><span>${settingsLine(one.settings)}</span><small>${when(one.created)}</small></a></li>`,
  )}</ol>`;
}

/** @param {Wire.TakeView} take */
function factsOf(take) {
  const rate = parseRate(take.rate);
  return [
    `${take.width}×${take.height}`,
    rateText(take.rate),
    t("take.frames", { n: number(take.frames) }),
    rate && duration(secondsOf(take.frames, rate)),
    maybe(`format.${take.format}`) ?? take.format,
    take.start_timecode,
    size(take.size_bytes),
  ];
}

/** @param {Wire.RenderSettings} settings */
export const settingsLine = (settings) =>
  [
    settings.format && (maybe(`format.${settings.format}`) ?? settings.format),
    t(/** @type {Key} */ (`fit.${settings.fit ?? "none"}`)),
    `${number((settings.intensity ?? 1) * 100)} %`,
    settings.offset_ms ? `${number(settings.offset_ms)} ms` : null,
  ]
    .filter(Boolean)
    .join(" · ");

/** @param {{take: Wire.TakeView, job: Wire.JobView | null, onAgain: () => void}} props */
function TakeActions({ take, job, onAgain }) {
  const { client, host, say } = useApp();
  const [busy, act] = useAction();
  const [deleting, setDeleting] = useState(/** @type {"take" | "job" | null} */ (null));
  const pinned = take.pinned || take.placed.length > 0;
  const gone = take.missing && t("take.missing-hint", { path: take.path });
  const pin = () =>
    act(async () => {
      const changed = await client.api.actOnTake(take.id, pinned ? "unpin" : "pin");
      client.dispatch({ type: "takes.loaded", takes: [changed], asOf: client.state.seq });
    });
  return html`<div class="row actions">
    <${Button} icon="download" busy=${busy} why=${gone}
      onClick=${() => act(() => save(client, `/takes/${take.id}/file`, take.name))}>${t("take.download")}<//>
    ${
      job &&
      job.shots_total > 1 &&
      html`<${Button} kind="quiet" icon="download" busy=${busy}
      onClick=${() => act(() => save(client, `/jobs/${take.job}/takes.zip`, `${job.name}.zip`))}>
        ${t("take.download-all", { n: job.shots_total })}<//>`
    }
    ${
      !host &&
      html`<${Button} kind="quiet" icon="folder" why=${gone}
      onClick=${() => act(async () => void (await client.api.actOnTake(take.id, "reveal")))}>${t("take.reveal")}<//>`
    }
    <${Button} kind="quiet" icon="retry" onClick=${onAgain}>${t("take.again")}<//>
    <${Button} kind="quiet" icon="pin" pressed=${pinned} why=${take.placed.length > 0 && t("take.placed-hint")} title=${t("take.pin-hint")}
      onClick=${pin}>${t(pinned ? "take.unpin" : "take.pin")}<//>
    ${!host && html`<${Button} kind="quiet" icon="trash" onClick=${() => setDeleting("take")}>${t("take.delete")}<//>`}
    ${
      deleting === "take" &&
      html`<${DeleteTake} take=${take} onJob=${() => setDeleting("job")} onClose=${() => setDeleting(null)}
      onGone=${() => {
        say(t("delete.done"));
        go("results");
      }} />`
    }
    ${
      deleting === "job" &&
      html`<${DeleteJob} id=${take.job} onClose=${() => setDeleting(null)}
      onGone=${() => {
        say(t("delete.done"));
        go("results");
      }} />`
    }
  </div>`;
}

/**
 * @param {{report: Wire.TakeReport, take: Wire.TakeView, onSeek: (frame: number, loop?: [number, number]) => void,
 *   onMeasured: () => void}} props
 */
function QualityReport({ report, take, onSeek, onMeasured }) {
  const { client } = useApp();
  const [busy, act] = useAction();
  const measure = () =>
    act(async () => {
      const asOf = client.state.seq;
      client.dispatch({ type: "takes.loaded", takes: [await client.api.actOnTake(take.id, "measure")], asOf });
      onMeasured();
    });
  const rate = parseRate(take.rate);
  const name = (/** @type {number} */ frame) => nameOfFrame(frame, rate, take.start_timecode);
  const said = verdicts(report);
  const same = unchanged(report);
  const worked = report.rendering_s === null ? null : (report.planning_s ?? 0) + report.rendering_s;
  const made = worked === null ? null : t("quality.made", { time: duration(worked) });
  return html`
    ${
      said.length > 0
        ? html`<ul class="verdicts">${said.map(
            (one) => html`<li key=${one.text} class=${one.level}><span>${one.text}</span>
      <small>${one.figure}</small></li>`,
          )}</ul>`
        : html`<p class="hint">${t("quality.not-measured")}</p><${Button} busy=${busy} onClick=${measure}>${t("quality.measure")}<//>`
    }
    <h3>${t("quality.weak")}</h3>
    ${
      take.weak.length
        ? html`<ul class="ranges">${take.weak.map(
            (weak) => html`<li key=${weak.start} class="with-loop"><button type="button"
      class="range weak" onClick=${() => onSeek(weak.start)}><span class="timecode">${name(weak.start)} – ${name(weak.end_exclusive - 1)}
        </span><span>${sentence(weak.reason_message, weak.reason)}</span></button>
        <${IconButton} name=${t("quality.loop", { at: name(weak.start) })} icon="loop"
          onClick=${() => onSeek(...around(weak, take.frames))} /></li>`,
          )}</ul>`
        : html`<p class="hint">${t("quality.no-weak")}</p>`
    }
    ${
      same.length > 0 &&
      html`<h3>${t("quality.unchanged", { share: percent(unchangedShare(report)) })}</h3>
      <ul class="ranges">${same.slice(0, 50).map(
        ({ from, to, why }) => html`<li key=${from}><button type="button" class="range"
        onClick=${() => onSeek(from)}><span class="timecode">${name(from)} – ${name(to - 1)}</span><span>${why}</span></button></li>`,
      )}
          </ul>`
    }
    <p class="hint">${[facesOf(report.plan), made, maybe(`device.${report.device}`) ?? report.device].filter(Boolean).join(" · ")}</p>`;
}

/**
 * Where to play a range that deserves a look, with some frames to see it come and go.
 * @param {Wire.WeakRange} weak @param {number} frames of the take @returns {[number, [number, number]]}
 */
function around({ start, end_exclusive: end }, frames) {
  const from = Math.max(0, start - 12);
  return [from, [from, Math.min(frames, end + 12)]];
}

/**
 * The same shot once more with other settings, as its next version; nothing that exists is overwritten.
 * @param {{take: Wire.TakeView, shot: Wire.ShotView | null, onClose: () => void}} props
 */
function RenderAgain({ take, shot, onClose }) {
  const { client, say } = useApp();
  const [settings, setSettings] = useState(/** @type {import("../presets.js").Settings} */ ({ ...take.settings }));
  const [preset, setPreset] = useState("custom");
  const [busy, act] = useAction();
  const start = () =>
    act(async () => {
      if (!shot) return;
      await client.api.again(shot.id, settings);
      say(t("start.started", { name: shot.name }));
      onClose();
      go("queue");
    });
  const footer = html`<${Button} kind="quiet" onClick=${onClose}>${t("action.cancel")}<//><${Button} kind="primary" icon="play" busy=${busy}
    why=${!shot && t("versions.no-job")} onClick=${start}>${t("start.render")}<//>`;
  return html`<${Dialog} title=${t("take.again-title", { name: take.name })} onClose=${onClose} footer=${footer}>
    ${!shot && html`<${Notice} kind="warn">${t("versions.no-job")}<//>`}
    <p class="hint">${t("take.again-hint")}</p>
    <${SettingsForm} id="again" settings=${settings} preset=${preset}
      onChange=${(/** @type {any} */ next, /** @type {string} */ name) => {
        setSettings(next);
        setPreset(name);
      }} /><//>`;
}

/** All faces of the range, in the page's language. @param {Wire.PlanFacts} plan */
const facesOf = ({ faces, face_messages: messages }) => (messages?.length ? listed(messages) : faces);
