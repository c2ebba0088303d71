/** One job of the queue: how far it is, why it waits, what can be done, its shots, its log. */

/** @import * as Wire from "../wire.js" */
import { html, useEffect, useState } from "../ui/html.js";
import { useAction, useApp, useBlobUrl, useLive, useMediaUrl, useTask } from "../ui/hooks.js";
import { Badge, Bar, Button, IconButton, Notice } from "../ui/parts.js";
import { Icon } from "../ui/icons.js";
import * as looks from "../media/looks.js";
import { duration, number, UNKNOWN, when } from "../format.js";
import { hashOf } from "../route.js";
import { t } from "../text.js";
import { JobLog } from "./log.js";
import { Publish } from "./publish.js";

/** @typedef {import("../text.js").Key} Key */

const JOB_KINDS = /** @type {const} */ ({
  queued: "neutral",
  active: "live",
  paused: "warn",
  completed: "good",
  failed: "bad",
  canceled: "neutral",
});
const SHOT_KINDS = /** @type {const} */ ({
  queued: "neutral",
  planning: "live",
  rendering: "live",
  joining: "live",
  done: "good",
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

/** @param {number} done @param {number | null} total */
const share = (done, total) => (total ? done / total : null);

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

/** @param {{job: Wire.JobView, onMove?: (by: number) => void, first?: boolean, last?: boolean, open?: boolean, handle?: import("../ui/html.js").Children}} props */
export function JobCard({ job, onMove, first, last, open: openAtFirst = false, handle }) {
  const { client, host } = useApp();
  const [open, setOpen] = useState(openAtFirst);
  const [log, setLog] = useState(false);
  const [busy, act] = useAction();
  const { done, total, fps, eta } = useFigures(job);
  const does = (/** @type {"cancel" | "pause" | "resume" | "retry"} */ verb) =>
    act(async () => client.dispatch({ type: "jobs.loaded", jobs: [await client.api.act(job.id, verb)], asOf: client.state.seq }));
  const running = job.state === "active" || job.state === "queued";
  return html`<article class="panel job ${job.state}" aria-label=${job.name} data-job=${job.id}>
    <div class="job-head">
      ${handle}
      <button type="button" class="job-title" aria-expanded=${String(open)} onClick=${() => setOpen(!open)}>
        <${Icon} name=${open ? "down" : "right"} size=${16} /><span class="name">${job.name}</span></button>
      <${Badge} kind=${JOB_KINDS[job.state]}>${t(/** @type {Key} */ (`job.${job.state}`))}<//>
      <span class="spacer"></span>
      <div class="job-actions" role="group" aria-label=${t("job.actions", { name: job.name })}>
        ${
          onMove &&
          html`<${IconButton} name=${t("job.earlier")} icon="up" disabled=${first || busy} onClick=${() => onMove(-1)} />
          <${IconButton} name=${t("job.later")} icon="down" disabled=${last || busy} onClick=${() => onMove(1)} />`
        }
        ${running && html`<${IconButton} name=${t("job.pause")} icon="pause" disabled=${busy} onClick=${() => does("pause")} />`}
        ${
          job.state === "paused" &&
          html`<${IconButton} name=${t("job.resume")} icon="play" disabled=${busy}
          onClick=${() => does("resume")} />`
        }
        ${
          (job.state === "failed" || job.state === "canceled") &&
          html`<${IconButton} name=${t("job.retry")} icon="retry" disabled=${busy}
          onClick=${() => does("retry")} />`
        }
        ${
          (running || job.state === "paused") &&
          html`<${IconButton} name=${t("job.cancel")} icon="stop" disabled=${busy}
          onClick=${() => does("cancel")} />`
        }
        <${IconButton} name=${t("job.log")} icon="log" pressed=${log} onClick=${() => setLog(!log)} />
      </div>
    </div>
    <${Bar} share=${job.state === "completed" ? 1 : share(done, total)} label=${t("job.progress", { name: job.name })}
      kind=${BARS[job.state]} />
    <p class="facts job-facts">
      <span>${t("job.shots", { done: job.shots_done, total: job.shots_total })}</span>
      ${
        (total !== null || done > 0) &&
        html`<span>
        ${t("job.frames", { done: number(done), total: total === null ? UNKNOWN : number(total) })}</span>`
      }
      ${fps !== null && html`<span>${t("job.fps", { fps: number(fps, 1) })}</span>`}
      ${eta !== null && html`<span class="eta">${t("job.eta", { time: duration(eta) })}</span>`}
      <span>${when(job.created)}</span>
      ${job.shots_failed > 0 && html`<span class="problem">${t("job.failed-shots", { n: job.shots_failed })}</span>`}
    </p>
    ${job.why && html`<p class="why">${job.why}</p>`}
    ${open && html`<${Shots} job=${job} />`}
    ${log && html`<${JobLog} job=${job.id} />`}
    ${job.timeline && job.shots_done > 0 && html`<${Publish} job=${job} />`}
    ${!host && job.state === "completed" && html`<p class="job-end"><a href=${hashOf("results")}>${t("job.to-results")}</a></p>`}
  </article>`;
}

/** @param {{job: Wire.JobView}} props */
function Shots({ job }) {
  const { client } = useApp();
  const generation = useLive((state) => state.generation);
  const loaded = useTask((signal) => client.loadJob(job.id, signal), [job.id, generation]);
  const shots = useLive((state) => state.shots[job.id]);
  if (loaded.status === "error") return html`<${Notice} kind="error">${loaded.error.message}<//>`;
  if (!shots) return html`<p class="hint" role="status">${t("action.loading")}</p>`;
  const list = Object.values(shots).sort((a, b) => a.position - b.position);
  return html`<ul class="shots">${list.map((shot) => html`<${ShotRow} key=${shot.id} shot=${shot} />`)}</ul>`;
}

/** @param {{shot: Wire.ShotView}} props */
function ShotRow({ shot }) {
  const { client } = useApp();
  const [busy, act] = useAction();
  const progress = useLive((state) => state.progress[shot.id]);
  const live = useLive((state) => state.connection === "open");
  const worked = shot.state === "planning" || shot.state === "rendering" || shot.state === "joining";
  const now = worked && progress ? progress : shot;
  const does = (/** @type {"cancel" | "retry"} */ verb) => act(async () => void (await client.api.actOnShot(shot.id, verb)));
  const stage = worked && now.stage ? t(/** @type {Key} */ (`stage.${now.stage}`)) : t(/** @type {Key} */ (`shot.${shot.state}`));
  const take = shot.takes[shot.takes.length - 1];
  const attempts = Math.max(0, ...shot.attempts.map((attempt) => attempt.number));
  const reused = [
    shot.reused.tracks && t("reused.tracks"),
    shot.reused.speech && t("reused.speech"),
    shot.reused.plan && t("reused.plan"),
    shot.reused.segments > 0 && t("reused.segments", { n: shot.reused.segments }),
  ].filter(Boolean);
  return html`<li class="shot ${shot.state}" data-shot=${shot.id}>
    <${ShotPicture} shot=${shot} live=${worked && live} />
    <div class="shot-text">
      <div class="shot-head"><span class="name">${shot.name}</span><${Badge} kind=${SHOT_KINDS[shot.state]}>${stage}<//></div>
      ${
        shot.state !== "done" &&
        html`<${Bar} share=${share(now.frames_done, now.frames_total)}
        label=${t("job.progress", { name: shot.name })} kind=${shot.state === "failed" ? "bad" : worked ? "live" : "still"} />`
      }
      <p class="facts">
        ${
          (worked || shot.state === "done") &&
          html`<span>
          ${t("job.frames", { done: number(shot.state === "done" ? (shot.frames_total ?? now.frames_done) : now.frames_done), total: now.frames_total === null ? UNKNOWN : number(now.frames_total) })}</span>`
        }
        ${worked && live && now.fps !== null && html`<span>${t("job.fps", { fps: number(now.fps, 1) })}</span>`}
        ${worked && live && now.eta_s !== null && html`<span>${t("job.eta", { time: duration(now.eta_s) })}</span>`}
        ${attempts > 1 && html`<span>${t("shot.attempts", { n: attempts })}</span>`}
        ${reused.length > 0 && html`<span>${t("reused.title", { what: reused.join(", ") })}</span>`}
      </p>
      ${shot.why && html`<p class=${shot.state === "failed" ? "why problem" : "why"}>${shot.why}</p>`}
    </div>
    <div class="shot-actions">
      ${take && html`<a class="button quiet" href=${hashOf("take", take.id)}><span>${t("shot.open")}</span></a>`}
      ${
        (shot.state === "failed" || shot.state === "canceled") &&
        html`<${Button} kind="quiet" icon="retry" busy=${busy}
        onClick=${() => does("retry")}>${t("shot.retry")}<//>`
      }
      ${
        (worked || shot.state === "queued") &&
        html`<${IconButton} name=${t("shot.cancel", { name: shot.name })} icon="close"
        disabled=${busy} onClick=${() => does("cancel")} />`
      }
    </div>
  </li>`;
}

/** The newest frame while it is rendered, else a frame of the source. @param {{shot: Wire.ShotView, live: boolean}} props */
function ShotPicture({ shot, live }) {
  const { client } = useApp();
  const [picture, setPicture] = useState(/** @type {Blob | null} */ (null));
  useEffect(
    () => (live ? client.watchPreviews(({ header, picture: blob }) => header.shot === shot.id && setPicture(blob)) : undefined),
    [live, shot.id],
  );
  const take = shot.takes[shot.takes.length - 1];
  const finished = useMediaUrl(take && !take.missing && !live ? `/takes/${take.id}/poster.jpg` : null);
  const source = useTask(() => looks.poster(client.api, shot.request.video, shot.request.start ?? 0), [shot.id], { when: !take });
  const newest = useBlobUrl(live ? picture : (source.value ?? picture));
  const url = finished.url ?? newest;
  return html`<div class="shot-picture">${
    url &&
    html`<img src=${url}
    alt=${picture ? t("shot.preview", { name: shot.name }) : ""} />`
  }${
    picture &&
    live &&
    html`<span class="live-dot">${t("shot.live")}
      </span>`
  }</div>`;
}
