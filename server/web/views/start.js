/** The end of “New render”: settings, an estimate, and the button. What speaks against a start is said here, before anybody presses it. */

/** @import * as Wire from "../wire.js" */
import { html } from "../ui/html.js";
import { useAction, useApp, useStore, useTask } from "../ui/hooks.js";
import { Button, Field, Notice } from "../ui/parts.js";
import { draft, editDraft, newKey } from "../media/draft.js";
import { duration, number, size } from "../format.js";
import { go } from "../route.js";
import { t } from "../text.js";
import { SettingsForm } from "./settings.js";

/**
 * @param {{shots: Wire.ShotRequest[], blockers: string[], waiting?: boolean, more?: Partial<Wire.JobRequest>, submit?: (key: string) => Promise<Wire.JobDetail>,
 *   onStarted?: () => void}} props blockers: sentences. waiting: files are still on their way. submit: instead of POST /jobs.
 */
export function StartPanel({ shots, blockers, waiting = false, more = {}, submit, onStarted }) {
  const { client, info, say } = useApp();
  const now = useStore(draft);
  const [busy, act] = useAction();
  /** @type {Wire.JobRequest} */
  const request = { shots, settings: now.settings, name: now.name || null, folder: now.folder || null, origin: { kind: "page" }, ...more };
  const ready = shots.length > 0 && !blockers.length && !waiting;
  const estimate = useTask((signal) => client.api.estimate(request, { signal }), [JSON.stringify(request)], {
    waitMs: 350,
    when: ready && !submit,
  });

  const start = () =>
    act(async () => {
      const detail = await (submit ? submit(now.key) : client.api.submit(request, now.key));
      client.dispatch({ type: "job.loaded", detail, asOf: -1 });
      draft.update((before) => ({ ...before, key: newKey() }));
      say(t("start.started", { name: detail.job.name }));
      if (onStarted) onStarted();
      else go("queue");
    });

  return html`<section class="panel start" aria-label=${t("start.title")}>
    <h2>${t("start.title")}</h2>
    <${SettingsForm} settings=${now.settings} preset=${now.preset}
      onChange=${(/** @type {any} */ settings, /** @type {string} */ preset) => editDraft({ settings, preset })} />
    <details><summary>${t("start.where")}</summary><div class="settings">
      <${Field} id="start-name" label=${t("start.name")}><input id="start-name" type="text" value=${now.name}
        placeholder=${t("start.name-hint")}
        onInput=${(/** @type {Event} */ event) => editDraft({ name: /** @type {HTMLInputElement} */ (event.target).value })} /><//>
      <${Field} id="start-folder" label=${t("start.folder")}><input id="start-folder" type="text" value=${now.folder}
        placeholder=${info.takes_folder} spellcheck=${false}
        onInput=${(/** @type {Event} */ event) => editDraft({ folder: /** @type {HTMLInputElement} */ (event.target).value })} /><//>
    </div></details>
    <div class="start-end">
      ${blockers.map((blocker) => html`<${Notice} kind="warn" key=${blocker}>${blocker}<//>`)}
      ${ready && !submit && html`<${EstimateLine} estimate=${estimate} shots=${shots.length} />`}
      <${Button} kind="primary" icon="play" busy=${busy} disabled=${!ready} onClick=${start}>
        ${shots.length > 1 ? t("start.render-n", { n: shots.length }) : t("start.render")}<//>
      ${waiting && html`<p class="hint" role="status">${t("start.waiting")}</p>`}
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
