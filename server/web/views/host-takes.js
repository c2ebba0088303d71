/** What was rendered for the editor's project: progress, and each take's way to its place on the timeline, or from one version to another. */

/** @import * as Wire from "../wire.js" */
import { html, useEffect, useState } from "../ui/html.js";
import { useAction, useApp, useLive, useTask } from "../ui/hooks.js";
import { Badge, Bar, Button, IconButton, Notice, Select } from "../ui/parts.js";
import { duration } from "../format.js";
import { hashOf } from "../route.js";
import { t } from "../text.js";
import { useFigures } from "./job.js";
import { markersOf, visible } from "./place.js";
import { settingsLine } from "./take.js";

/** @typedef {import("../host.js").HostLink} HostLink */
/** @typedef {import("../text.js").Key} Key */

const PLACE_S = 120; // an import can take long
const UNFINISHED = new Set(["queued", "active", "paused"]);

/** The shots of this project that have a place on a timeline. @param {{host: HostLink}} props */
export function ProjectTakes({ host }) {
  const { client } = useApp();
  const generation = useLive((state) => state.generation);
  const jobs = useLive((state) => state.jobs);
  const shots = useLive((state) => state.shots);
  const loaded = useTask((signal) => client.loadJobs({ limit: 30 }, signal), [generation]);
  const list = Object.values(jobs)
    .filter((job) => job.origin.host === host.id || host.session?.project === job.origin.project)
    .sort((a, b) => b.created - a.created);
  const wanted = list.map((job) => job.id).join();
  useEffect(() => {
    for (const job of list)
      if (!shots[job.id] || Object.keys(shots[job.id]).length < job.shots_total) void client.loadJob(job.id).catch(() => {});
  }, [wanted, generation]);
  if (loaded.status === "error") return html`<${Notice} kind="error">${loaded.error.message}<//>`;
  if (!list.length) return null;
  return html`<section class="panel" aria-label=${t("host.takes")}><h2>${t("host.takes")}</h2>
    <ul class="host-jobs">${list.map(
      (job) => html`<${HostJob} key=${job.id} job=${job}
      shots=${Object.values(shots[job.id] ?? {}).sort((a, b) => a.position - b.position)} host=${host} />`,
    )}</ul></section>`;
}

/** @param {{job: Wire.JobView, shots: Wire.ShotView[], host: HostLink}} props */
function HostJob({ job, shots, host }) {
  const { done, total, eta } = useFigures(job);
  const { client } = useApp();
  const [busy, act] = useAction();
  return html`<li><div class="shot-head"><span class="name">${job.name}</span><${Badge}
    kind=${job.state === "completed" ? "good" : job.state === "failed" ? "bad" : job.state === "active" ? "live" : "neutral"}>
      ${t(/** @type {Key} */ (`job.${job.state}`))}<//>
      ${
        UNFINISHED.has(job.state) &&
        html`<${IconButton} name=${t("job.cancel")} icon="stop" disabled=${busy}
        onClick=${() => act(async () => void (await client.api.act(job.id, "cancel")))} />`
      }</div>
    ${
      UNFINISHED.has(job.state) &&
      html`<${Bar} share=${total ? done / total : null} label=${t("job.progress", { name: job.name })} />
      ${eta !== null && html`<p class="facts"><span>${t("job.eta", { time: duration(eta) })}</span></p>`}`
    }
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
  if (!take)
    return html`<li class="host-shot"><span class="name">${shot.name}</span>${
      shot.why &&
      html`<p
    class=${shot.state === "failed" ? "why problem" : "why"}>${shot.why}</p>`
    }</li>`;
  const here = shot.takes.find((one) => one.placed.some((placed) => placed.host === host.id));
  const place = () =>
    act(async () => {
      if (!placement) return;
      /** @type {Wire.PlaceResult} */
      const result =
        here && here.id !== take.id
          ? await client.api.call(host.id, "host.switchTake", {
              take: take.id,
              file: "",
              name: take.name,
              placement,
              ...visible(take, placement),
            })
          : await client.api.call(
              host.id,
              "host.place",
              { take: take.id, file: "", name: take.name, placement, ...visible(take, placement), mode: "track" },
              PLACE_S,
            );
      client.dispatch({ type: "takes.loaded", takes: [await client.api.take(take.id)], asOf: client.state.seq });
      await client.loadJob(shot.job);
      say(
        result.already
          ? t("host.already")
          : [
              t("host.placed", { n: result.track }),
              ...result.not_copied.map((what) => t("host.cannot-copy", { what })),
              ...result.notices,
            ].join(" "),
      );
    });
  const label = !here ? "host.place" : here.id === take.id ? "host.place-again" : "host.switch";
  return html`<li class="host-shot">
    <div class="shot-head"><a class="name" href=${hashOf("take", take.id)}>${shot.name}</a>${
      here &&
      html`<${Badge} kind="good">
      ${t("take.placed")}<//>`
    }</div>
    <div class="row wrap">
      ${
        shot.takes.length > 1 &&
        html`<${Select} id="version-${shot.id}" name=${t("versions.title")} value=${take.id}
        options=${[...shot.takes].reverse().map((one) => [one.id, `${t("take.version", { n: one.version })} · ${settingsLine(one.settings)}`])} onChange=${setChosen} />`
      }
      <${Button} kind="primary" busy=${busy} disabled=${!placement || take.missing} onClick=${place}>${t(label)}<//>
      ${
        placement &&
        html`<${Button} kind="quiet" busy=${busy}
        onClick=${() => act(() => client.api.call(host.id, "host.reveal", { placement }))}>${t("host.show")}<//>`
      }
      ${
        take.weak.length > 0 &&
        placement &&
        html`<${Button} kind="quiet" busy=${busy}
        onClick=${() =>
          act(async () => {
            await client.api.call(host.id, "host.markers", { placement, markers: markersOf(take, placement) });
            say(t("host.marked", { n: take.weak.length }));
          })}>${t("host.mark", { n: take.weak.length })}<//>`
      }
    </div></li>`;
}
