/** The end of “New render”: settings, an estimate, and the button. What speaks against a start is said here, before anybody presses it. */

/** @import * as Wire from "../wire.js" */
import { html } from "../ui/html.js";
import { useAction, useApp, useStore, useTask } from "../ui/hooks.js";
import { Button, Field, Notice } from "../ui/parts.js";
import { draft, newKey } from "../media/draft.js";
import { FolderField } from "../media/folders.js";
import { duration, number, size } from "../format.js";
import { go } from "../route.js";
import { t } from "../text.js";
import { SettingsForm } from "./settings.js";

/**
 * @param {{shots: Wire.ShotRequest[], blockers: string[], waiting?: boolean, missing?: string | null, warnings?: string[],
 *   submit?: (key: string) => Promise<Wire.JobDetail>, onStarted?: () => void, store?: import("../media/draft.js").DraftStore,
 *   count?: number}} props
 *   shots: what the estimate is made for; count: how many there are, where not all can be estimated. blockers: sentences.
 *   warnings: what speaks against it and does not hinder it. waiting: files are still on their way. missing: what has to be chosen yet. submit: instead of POST /jobs.
 */
export function StartPanel({
  shots,
  blockers,
  warnings = [],
  waiting = false,
  missing = null,
  submit,
  onStarted,
  store = draft,
  count = shots.length,
}) {
  const { client, say } = useApp();
  const now = useStore(store);
  const [busy, act] = useAction();
  /** @type {Wire.JobRequest} */
  const request = { shots, settings: now.settings, name: now.name || null, folder: now.folder || null, origin: { kind: "page" } };
  const why = blockers.join(" ") || (waiting && t("start.waiting")) || missing || (!count && t("start.needs-clips"));
  const ready = count > 0 && !blockers.length && !waiting;
  const estimate = useTask((signal) => client.api.estimate(request, { signal }), [JSON.stringify(request)], {
    waitMs: 350,
    when: ready && shots.length > 0,
  });

  const estimated = ready && shots.length > 0 && !(submit && estimate.status === "error");
  const start = () =>
    act(async () => {
      const detail = await (submit ? submit(now.key) : client.api.submit(request, now.key));
      client.dispatch({ type: "job.loaded", detail, asOf: -1 });
      store.update((before) => ({ ...before, key: newKey() }));
      say(t("start.started", { name: detail.job.name }));
      if (onStarted) onStarted();
      else go("queue");
    });

  return html`<section class="panel start" aria-label=${t("start.title")}>
    <h2>${t("start.title")}</h2>
    <${SettingsForm} settings=${now.settings} preset=${now.preset}
      onChange=${(/** @type {any} */ settings, /** @type {string} */ preset) => store.edit({ settings, preset })} />
    <details><summary>${t("start.where")}</summary><div class="settings">
      <${Field} id="start-name" label=${t("start.name")}><input id="start-name" type="text" value=${now.name}
        placeholder=${t("start.name-hint")}
        onInput=${(/** @type {Event} */ event) => store.edit({ name: /** @type {HTMLInputElement} */ (event.target).value })} /><//>
      <${FolderField} id="start-folder" value=${now.folder} onChange=${(/** @type {string} */ folder) => store.edit({ folder })} />
    </div></details>
    <div class="start-end">
      ${blockers.map((blocker) => html`<${Notice} kind="warn" key=${blocker}>${blocker}<//>`)}
      ${warnings.map((warning) => html`<${Notice} kind="warn" live=${false} key=${warning}>${warning}<//>`)}
      ${estimated && html`<${EstimateLine} estimate=${estimate} shots=${count} />`}
      <${Button} kind="primary" icon="play" busy=${busy} why=${!ready && why} onClick=${start}>
        ${count > 1 ? t("start.render-n", { n: count }) : t("start.render")}<//>
      ${waiting && html`<p class="hint" role="status">${t("start.waiting")}</p>`}
      ${!waiting && missing && html`<p class="hint" role="status">${missing}</p>`}
    </div>
  </section>`;
}

/** @param {{estimate: import("../task.js").Outcome<Wire.Estimate>, shots: number}} props */
function EstimateLine({ estimate, shots }) {
  const { info } = useApp();
  if (estimate.status === "error") return html`<${Notice} kind="error">${estimate.error.message}<//>`;
  const { value } = estimate;
  if (!value) return html`<p class="estimate" role="status">${t("estimate.asking")}</p>`;
  const full = value.disk_bytes !== null && value.disk_bytes > info.free_bytes;
  return html`<dl class="estimate ${estimate.status === "pending" ? "stale" : ""}" aria-label=${t("estimate.title")}>
    <div><dt>${t("estimate.time")}</dt><dd>
      ${value.seconds === null ? t("estimate.unknown") : t("estimate.about", { time: duration(value.seconds) })}</dd></div>
    <div><dt>${t("estimate.frames")}</dt><dd>${value.frames === null ? "–" : number(value.frames)}${
      shots > 1 &&
      html` <small>
      ${t("estimate.shots", { n: shots })}</small>`
    }</dd></div>
    <div><dt>${t("estimate.disk")}</dt><dd>${size(value.disk_bytes)} <small>${t("estimate.free", { size: size(info.free_bytes) })}</small>
      </dd></div>
  </dl>${full && html`<${Notice} kind="warn">${t("estimate.disk-full")}<//>`}`;
}
