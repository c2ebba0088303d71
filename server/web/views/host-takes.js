/** What was rendered for the editor's project: progress, each take's way to its place on the timeline, or from one version to another. */

/** @import * as Wire from "../wire.js" */
/** @import { Editor } from "../editors.js" */
import { html, useState } from "../ui/html.js";
import { useAction, useApp, useLive, useStore, useTask } from "../ui/hooks.js";
import { Badge, Button, Notice, Select } from "../ui/parts.js";
import { sentences } from "../messages.js";
import { hashOf } from "../route.js";
import { t } from "../text.js";
import { workOf } from "./host-work.js";
import { JobCard } from "./job.js";
import { markersOf, takeThere } from "./place.js";
import { ShotRow } from "./shot-row.js";
import { settingsLine } from "./take.js";

const PLACE_S = 120; // an import can take long
const JOBS_SHOWN = 30;
const UNFINISHED = new Set(["queued", "active", "paused"]);

/** The jobs of this project. @param {{host: Editor}} props */
export function ProjectTakes({ host }) {
  const { client } = useApp();
  const project = host.session?.project ?? "";
  const generation = useLive((state) => state.generation);
  const jobs = useLive((state) => state.jobs);
  const loaded = useTask((signal) => client.loadJobs({ limit: JOBS_SHOWN, project }, signal), [generation, project]);
  const list = Object.values(jobs)
    .filter((job) => job.origin.project === project)
    .sort((a, b) => b.created - a.created);
  if (loaded.status === "error" && !list.length) return html`<${Notice} kind="error">${loaded.error.message}<//>`;
  if (!list.length) return null;
  return html`<section class="panel host-takes" aria-label=${t("host.takes")}><h2>${t("host.takes")}</h2>
    <div class="host-jobs">${list.map(
      (job, k) => html`<${JobCard} key=${job.id} job=${job} open=${k === 0 || UNFINISHED.has(job.state)}
        row=${(/** @type {Wire.ShotView} */ shot) => html`<${HostShot} key=${shot.id} shot=${shot} host=${host} />`}>
        ${job.shots_total > 1 && job.shots_done > 1 && html`<${PlaceAll} job=${job} host=${host} />`}<//>`,
    )}</div></section>`;
}

/**
 * Brings a take to its place, or in place of another version; where it lies already, the editor changes nothing.
 * @param {import("../client.js").Client} client @param {Editor} host @param {Wire.ShotView} shot @param {Wire.TakeView} take
 * @returns {Promise<Wire.PlaceResult>}
 */
async function bring(client, host, shot, take) {
  const params = await client.api.placing(take.id);
  const there = takeThere(shot.takes, host.id);
  const method = there && there.id !== take.id ? "host.switchTake" : "host.place";
  const result = await client.api.call(host.id, method, params, PLACE_S);
  await client.loadJob(shot.job);
  return result;
}

/** @param {{job: Wire.JobView, host: Editor}} props */
function PlaceAll({ job, host }) {
  const { client, say } = useApp();
  const [busy, act] = useAction();
  const shots = useLive((state) => state.shots[job.id]) ?? {};
  const waiting = Object.values(shots).filter(
    (shot) => shot.request.placement && !takeThere(shot.takes, host.id) && shot.takes.some((take) => !take.missing),
  );
  if (waiting.length < 2) return null;
  const placeAll = () =>
    act(async () => {
      for (const shot of waiting.sort((a, b) => a.position - b.position)) {
        const take = /** @type {Wire.TakeView} */ (shot.takes.filter((one) => !one.missing).pop());
        const result = await bring(client, host, shot, take);
        for (const notice of sentences(result.notices, result.notice_messages)) say(`${shot.name}: ${notice}`);
      }
      say(t("host.placed-all", { n: waiting.length }));
    });
  return html`<${Button} icon="timeline" busy=${busy} onClick=${placeAll}>${t("host.place-all", { n: waiting.length })}<//>`;
}

/** @param {{shot: Wire.ShotView, host: Editor}} props */
function HostShot({ shot, host }) {
  const [chosen, setChosen] = useState(/** @type {string | null} */ (null));
  const { lost } = useStore(workOf(host));
  const [result, setResult] = useState(/** @type {Wire.PlaceResult | null} */ (null));
  const newest = shot.takes[shot.takes.length - 1];
  const take = shot.takes.find((one) => one.id === chosen) ?? newest;
  const placement = shot.request.placement;
  if (!take || !placement) return html`<${ShotRow} shot=${shot} />`;
  const there = takeThere(shot.takes, host.id);
  const losses = placement.baked || there ? [] : (lost[placement.clip ?? ""] ?? []);
  /** @type {[string, string][]} */
  const versions = [...shot.takes].reverse().map((one) => {
    const parts = [t("take.version", { n: one.version }), settingsLine(one.settings), one === there && t("take.placed")];
    return [one.id, parts.filter(Boolean).join(" · ")];
  });
  return html`<${ShotRow} shot=${shot}>
    ${
      shot.takes.length > 1 &&
      html`<${Select} id="version-${shot.id}" name=${t("versions.title")} value=${take.id} options=${versions} onChange=${setChosen} />`
    }
    ${losses.length > 0 && html`<p class="why">${t("host.cannot-copy", { what: losses.join(", ") })}</p>`}
    <${TakeButtons} host=${host} shot=${shot} take=${take} placement=${placement} onPlaced=${setResult} />
    ${result?.take === take.id && html`<${Said} result=${result} />`}
  <//>`;
}

/** What the editor said to the last placing, as long as the row is seen. @param {{result: Wire.PlaceResult}} props */
const Said = ({ result }) => html`<div role="status" class="placed-notes">
  ${result.not_copied.length > 0 && html`<p class="why">${t("host.cannot-copy", { what: sentences(result.not_copied, result.not_copied_messages).join(", ") })}</p>`}
  ${sentences(result.notices, result.notice_messages).map((notice) => html`<p class="why" key=${notice}>${notice}</p>`)}</div>`;

/**
 * @param {{host: Editor, shot: Wire.ShotView, take: Wire.TakeView, placement: Wire.Placement,
 *   onPlaced: (result: Wire.PlaceResult) => void}} props
 */
function TakeButtons({ host, shot, take, placement, onPlaced }) {
  const { client, say } = useApp();
  const [busy, act] = useAction();
  const there = takeThere(shot.takes, host.id);
  const markers = markersOf(take, placement);
  const place = () =>
    act(async () => {
      const result = await bring(client, host, shot, take);
      onPlaced(result);
      say(result.already ? t("host.already") : t("host.placed", { n: result.track }));
    });
  const mark = () =>
    act(async () => {
      await client.api.call(host.id, "host.markers", { placement, markers });
      say(t("host.marked", { n: markers.length }));
    });
  const reveal = () => act(() => client.api.call(host.id, "host.reveal", { placement }));
  const isThere = there?.id === take.id;
  const label = !there ? "host.place" : isThere ? "host.place-again" : "host.switch";
  return html`<div class="row wrap">
    <${Button} kind=${isThere ? "plain" : "primary"} busy=${busy} why=${take.missing && t("take.missing-hint", { path: take.path })} onClick=${place}>${t(label)}<//>
    <a class="button quiet" href=${hashOf("take", take.id)}><span>${t("shot.open")}</span></a>
    <${Button} kind="quiet" busy=${busy} onClick=${reveal}>${t("host.show")}<//>
    ${markers.length > 0 && html`<${Button} kind="quiet" busy=${busy} onClick=${mark}>${t("host.mark", { n: markers.length })}<//>`}
    ${isThere && html`<${Badge} kind="good">${t("take.placed")}<//>`}
    ${take.missing && html`<${Badge} kind="bad">${t("take.missing")}<//>`}
  </div>`;
}
