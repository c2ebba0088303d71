/** One job of the queue: how far it is, why it waits, what can be done, its shots, its log. */

/** @import * as Wire from "../wire.js" */
import { html, useState } from "../ui/html.js";
import { useAction, useApp, useLive, useTask } from "../ui/hooks.js";
import { Badge, Bar, IconButton, Notice } from "../ui/parts.js";
import { Icon } from "../ui/icons.js";
import { duration, number, UNKNOWN, when } from "../format.js";
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

/**
 * A job's figures: of the last progress while it is worked on, else its own.
 * @param {Wire.JobView} job
 * @returns {{done: number, total: number | null, fps: number | null, eta: number | null}}
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
    };
  const done = Math.max(job.frames_done, ...now.map((one) => one.job_frames_done));
  const known = now.filter((one) => one.fps !== null);
  return {
    done,
    total: now.find((one) => one.job_frames_total !== null)?.job_frames_total ?? job.frames_total,
    fps: live && known.length ? known.reduce((sum, one) => sum + /** @type {number} */ (one.fps), 0) : null,
    eta: live ? (now.find((one) => one.job_eta_s !== null)?.job_eta_s ?? job.eta_s) : null,
  };
}

/**
 * @param {{job: Wire.JobView, onMove?: (by: number) => void, first?: boolean, last?: boolean, open?: boolean,
 *   handle?: import("../ui/html.js").Children, row?: (shot: Wire.ShotView) => import("../ui/html.js").Children,
 *   children?: import("../ui/html.js").Children}} props
 *   row: how a shot is shown, beside an editor. children: what else can be done with the job.
 */
export function JobCard({ job, onMove, first, last, open: openAtFirst = false, handle, row, children }) {
  const { host } = useApp();
  const [open, setOpen] = useState(openAtFirst);
  const [log, setLog] = useState(false);
  const { done, total, fps, eta } = useFigures(job);
  const frames = { done: number(done), total: total === null ? UNKNOWN : number(total) };
  return html`<article class="panel job ${job.state}" aria-label=${job.name} data-job=${job.id}>
    <div class="job-head">
      ${handle}
      <button type="button" class="job-title" aria-expanded=${String(open)} onClick=${() => setOpen(!open)}>
        <${Icon} name=${open ? "down" : "right"} size=${16} /><span class="name">${job.name}</span></button>
      <${Badge} kind=${JOB_KINDS[job.state]}>${t(/** @type {Key} */ (`job.${job.state}`))}<//>
      <span class="spacer"></span>
      <${JobActions} job=${job} onMove=${onMove} first=${first} last=${last} log=${log} onLog=${() => setLog(!log)} />
    </div>
    <${Bar} share=${job.state === "completed" ? 1 : share(done, total)} label=${t("job.progress", { name: job.name })}
      kind=${BARS[job.state]} />
    <p class="facts job-facts">
      <span>${t("job.shots", { done: job.shots_done, total: job.shots_total })}</span>
      ${(total !== null || done > 0) && html`<span>${t("job.frames", frames)}</span>`}
      ${fps !== null && html`<span>${t("job.fps", { fps: number(fps, 1) })}</span>`}
      ${eta !== null && html`<span class="eta">${t("job.eta", { time: duration(eta) })}</span>`}
      <span>${when(job.created)}</span>
      ${job.shots_failed > 0 && html`<span class="problem">${t("job.failed-shots", { n: job.shots_failed })}</span>`}
    </p>
    ${job.why && html`<p class="why">${sentence(job.why_message, job.why)}</p>`}
    ${open && html`<${Shots} job=${job} row=${row} />`}
    ${log && html`<${JobLog} job=${job.id} />`}
    ${job.timeline && job.shots_done > 0 && !row && html`<${Publish} job=${job} />`}
    ${!host && !row && job.state === "completed" && html`<p class="job-end"><a href=${hashOf("results")}>${t("job.to-results")}</a></p>`}
    ${children}
  </article>`;
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
      html`<${IconButton} name=${t("job.earlier")} icon="up" disabled=${first || busy} onClick=${() => onMove(-1)} />
      <${IconButton} name=${t("job.later")} icon="down" disabled=${last || busy} onClick=${() => onMove(1)} />`
    }
    ${running && html`<${IconButton} name=${t("job.pause")} icon="pause" disabled=${busy} onClick=${() => does("pause")} />`}
    ${paused && html`<${IconButton} name=${t("job.resume")} icon="play" disabled=${busy} onClick=${() => does("resume")} />`}
    ${ended && html`<${IconButton} name=${t("job.retry")} icon="retry" disabled=${busy} onClick=${() => does("retry")} />`}
    ${(running || paused) && html`<${IconButton} name=${t("job.cancel")} icon="stop" disabled=${busy} onClick=${() => does("cancel")} />`}
    <${IconButton} name=${t("job.log")} icon="log" pressed=${log} onClick=${onLog} />
  </div>`;
}

/** @param {{job: Wire.JobView, row?: (shot: Wire.ShotView) => import("../ui/html.js").Children}} props */
function Shots({ job, row }) {
  const { client } = useApp();
  const generation = useLive((state) => state.generation);
  const loaded = useTask((signal) => client.loadJob(job.id, signal), [job.id, generation]);
  const shots = useLive((state) => state.shots[job.id]);
  if (loaded.status === "error") return html`<${Notice} kind="error">${loaded.error.message}<//>`;
  if (!shots) return html`<p class="hint" role="status">${t("action.loading")}</p>`;
  const list = Object.values(shots).sort((a, b) => a.position - b.position);
  return html`<ul class="shots">${list.map((shot) => row?.(shot) ?? html`<${ShotRow} key=${shot.id} shot=${shot} />`)}</ul>`;
}
