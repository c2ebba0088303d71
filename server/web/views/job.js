/** One job of the queue: how far it is, why it waits, what can be done, its shots, its log. */

/** @import * as Wire from "../wire.js" */
import { html, useEffect, useRef, useState } from "../ui/html.js";
import { useAction, useApp, useBlobUrl, useLive, useMediaUrl, useTask } from "../ui/hooks.js";
import { Badge, Bar, Button, IconButton, Notice, withCommands } from "../ui/parts.js";
import { Icon } from "../ui/icons.js";
import { Picture } from "../ui/picture.js";
import { posterOf } from "../client/http.js";
import { drawn, duration, number, percent, when } from "../format.js";
import { hashOf } from "../route.js";
import { sentence } from "../messages.js";
import { t } from "../text.js";
import { JobLog } from "./log.js";
import { Publish } from "./publish.js";
import { share, ShotRow } from "./shot-row.js";

/** @typedef {import("../text.js").Key} Key */

const JOB_KINDS = /** @type {const} */ ({
  queued: "neutral",
  active: "live",
  paused: "warn",
  completed: "good",
  failed: "bad",
  canceled: "neutral",
});
const BARS = /** @type {const} */ ({
  queued: "still",
  active: "live",
  paused: "still",
  completed: "good",
  failed: "bad",
  canceled: "still",
});

const WORKED_ON = new Set(["planning", "rendering", "joining", "failed"]);
const SHOTS_SHOWN = 8;

/**
 * A job's figures: of the last progress while it is worked on, else its own.
 * @param {Wire.JobView} job
 * @returns {{done: number, total: number | null, fps: number | null, eta: number | null, stage: string | null}}
 */
export function useFigures(job) {
  const progress = useLive((state) => state.progress);
  const now = Object.values(progress).filter((one) => one.job === job.id);
  const live = useLive((state) => state.connection === "open");
  if (job.state !== "active" || !now.length)
    return {
      done: job.frames_done,
      total: job.frames_total,
      fps: live && job.state === "active" ? job.fps : null,
      eta: live && job.state === "active" ? job.eta_s : null,
      stage: null,
    };
  const done = Math.max(job.frames_done, ...now.map((one) => one.job_frames_done));
  const known = now.filter((one) => one.fps !== null);
  return {
    done,
    total: now.find((one) => one.job_frames_total !== null)?.job_frames_total ?? job.frames_total,
    fps: live && known.length ? known.reduce((sum, one) => sum + /** @type {number} */ (one.fps), 0) : null,
    eta: live ? (now.find((one) => one.job_eta_s !== null)?.job_eta_s ?? job.eta_s) : null,
    stage: live ? now[0].stage : null,
  };
}

/**
 * @param {{job: Wire.JobView, onMove?: (by: number) => void, first?: boolean, last?: boolean, open?: boolean,
 *   handle?: import("../ui/html.js").Children, row?: (shot: Wire.ShotView) => import("../ui/html.js").Children,
 *   children?: import("../ui/html.js").Children}} props
 *   row: how a shot is shown, beside an editor. children: what else can be done with the job.
 */
export function JobCard({ job, onMove, first, last, open: openAtFirst, handle, row, children }) {
  const { host } = useApp();
  const [chosen, setChosen] = useState(/** @type {boolean | null} */ (openAtFirst || null));
  const worked = useRef(false); // what was unfolded while it was worked on stays so when it ends
  worked.current ||= job.state === "active";
  const open = chosen ?? worked.current;
  const [log, setLog] = useState(false);
  const { done, total, fps, eta, stage } = useFigures(job);
  const part = job.state === "completed" ? 1 : share(done, total);
  return html`<article class="panel job ${job.state}" aria-label=${job.name} data-job=${job.id}>
    <div class="job-head">
      ${handle}
      <button type="button" class="job-title" aria-expanded=${String(open)} onClick=${() => setChosen(!open)}>
        <${Icon} name=${open ? "down" : "right"} size=${16} /><span class="name">${job.name}</span></button>
      <${Badge} kind=${job.shots_failed && job.shots_done ? "warn" : JOB_KINDS[job.state]}>${stateOf(job, stage)}<//>
      <span class="spacer"></span>
      <${JobActions} job=${job} onMove=${onMove} first=${first} last=${last} log=${log} onLog=${() => setLog(!log)} />
    </div>
    <div class="job-progress"><${JobPicture} job=${job} /><${Bar} share=${part} label=${t("job.progress", { name: job.name })}
      kind=${BARS[job.state]} />${part !== null && job.state !== "canceled" && html`<span class="percent">${percent(part)}</span>`}</div>
    <p class="facts job-facts">
      <span>${t("job.shots", { done: job.shots_done, total: job.shots_total })}</span>
      ${(total !== null || done > 0) && html`<span>${drawn(done, total)}</span>`}
      ${fps !== null && html`<span>${t("job.fps", { fps: number(fps, 1) })}</span>`}
      ${eta !== null && html`<span class="eta">${t("job.eta", { time: duration(eta) })}</span>`}
      <span>${when(job.created)}</span>
      ${job.shots_failed > 0 && html`<span class="problem">${t("job.failed-shots", { n: job.shots_failed })}</span>`}
    </p>
    ${job.why && html`<p class="why">${withCommands(sentence(job.why_message, job.why))}</p>`}
    ${open && html`<${Shots} job=${job} row=${row} />`}
    ${log && html`<${JobLog} job=${job.id} />`}
    ${job.timeline && job.shots_done > 0 && !row && html`<${Publish} job=${job} />`}
    ${!host && !row && job.state === "completed" && html`<p class="job-end"><a href=${hashOf("results")}>${t("job.to-results")}</a></p>`}
    ${children}
  </article>`;
}

/**
 * What it does now, or how it ended: of one that ended partly, both counts.
 * @param {Wire.JobView} job @param {string | null} stage
 */
function stateOf(job, stage) {
  if (job.state === "active" && stage) return t(/** @type {Key} */ (`stage.${stage}`));
  if (job.state === "failed" && job.shots_done) return t("job.partly", { done: job.shots_done, failed: job.shots_failed });
  return t(/** @type {Key} */ (`job.${job.state}`));
}

/** The newest frame of whatever of it is rendered, else a picture of one of its takes. @param {{job: Wire.JobView}} props */
function JobPicture({ job }) {
  const { client } = useApp();
  const [picture, setPicture] = useState(/** @type {Blob | null} */ (null));
  const live = job.state === "active";
  useEffect(
    () => (live ? client.watchPreviews(({ header, picture: blob }) => header.job === job.id && setPicture(blob)) : undefined),
    [live, job.id],
  );
  const take = useLive((state) => Object.values(state.takes).find((one) => one.job === job.id && !one.missing)) ?? null;
  const finished = useMediaUrl(take && !live ? posterOf(take.id) : null);
  const url = useBlobUrl(live ? picture : null) ?? finished.url;
  return url && html`<${Picture} kind="job-picture" url=${url} onError=${finished.renew} />`;
}

/**
 * @param {{job: Wire.JobView, onMove?: (by: number) => void, first?: boolean, last?: boolean, log: boolean, onLog: () => void}} props
 */
function JobActions({ job, onMove, first, last, log, onLog }) {
  const { client } = useApp();
  const [busy, act] = useAction();
  const does = (/** @type {"cancel" | "pause" | "resume" | "retry"} */ verb) =>
    act(async () => client.dispatch({ type: "jobs.loaded", jobs: [await client.api.act(job.id, verb)], asOf: client.state.seq }));
  const running = job.state === "active" || job.state === "queued";
  const paused = job.state === "paused";
  const ended = job.state === "failed" || job.state === "canceled";
  return html`<div class="job-actions" role="group" aria-label=${t("job.actions", { name: job.name })}>
    ${
      onMove &&
      html`<${IconButton} name=${t("job.earlier")} icon="up" why=${first && t("why.first")} busy=${busy} onClick=${() => onMove(-1)} />
      <${IconButton} name=${t("job.later")} icon="down" why=${last && t("why.last")} busy=${busy} onClick=${() => onMove(1)} />`
    }
    ${running && html`<${IconButton} name=${t("job.pause")} icon="pause" busy=${busy} onClick=${() => does("pause")} />`}
    ${paused && html`<${IconButton} name=${t("job.resume")} icon="play" busy=${busy} onClick=${() => does("resume")} />`}
    ${ended && html`<${IconButton} name=${t("job.retry")} icon="retry" busy=${busy} onClick=${() => does("retry")} />`}
    ${(running || paused) && html`<${IconButton} name=${t("job.cancel")} icon="stop" busy=${busy} onClick=${() => does("cancel")} />`}
    <${IconButton} name=${t("job.log")} icon="log" pressed=${log} onClick=${onLog} />
  </div>`;
}

/** @param {{job: Wire.JobView, row?: (shot: Wire.ShotView) => import("../ui/html.js").Children}} props */
function Shots({ job, row }) {
  const { client } = useApp();
  const [all, setAll] = useState(false);
  const generation = useLive((state) => state.generation);
  const loaded = useTask((signal) => client.loadJob(job.id, signal), [job.id, generation]);
  const shots = useLive((state) => state.shots[job.id]);
  if (loaded.status === "error") return html`<${Notice} kind="error">${loaded.error.message}<//>`;
  if (!shots) return html`<p class="hint" role="status">${t("action.loading")}</p>`;
  const list = Object.values(shots).sort((a, b) => a.position - b.position);
  // Of many shots those that are worked on or failed come first; the rest at a press.
  const urgent = list.length > SHOTS_SHOWN && !all ? list.filter((shot) => WORKED_ON.has(shot.state)) : list;
  const rest = list.filter((shot) => !urgent.includes(shot));
  const shown = urgent.length < SHOTS_SHOWN ? [...urgent, ...rest.slice(0, SHOTS_SHOWN - urgent.length)] : urgent;
  return html`<ul class="shots">${shown
    .sort((a, b) => a.position - b.position)
    .map((shot) => row?.(shot) ?? html`<${ShotRow} key=${shot.id} shot=${shot} />`)}</ul>
    ${
      shown.length < list.length &&
      html`<p class="more"><${Button} kind="quiet" onClick=${() => setAll(true)}>${t("job.all-shots", { n: list.length })}<//></p>`
    }`;
}
