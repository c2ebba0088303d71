/** The queue: what is worked on and what waits, in the order in which it will be done; what ended lately stands below. */

/** @import * as Wire from "../wire.js" */
import { html, useRef, useState } from "../ui/html.js";
import { useAction, useApp, useLive, useTask } from "../ui/hooks.js";
import { Empty, Notice } from "../ui/parts.js";
import { Icon } from "../ui/icons.js";
import { reorder } from "../media/request.js";
import { hashOf } from "../route.js";
import { t } from "../text.js";
import { JobCard } from "./job.js";

const UNFINISHED = new Set(["queued", "active", "paused"]);
const ENDED_SHOWN = 10;

/** As the server takes them: the highest priority first, then the oldest. @param {Wire.JobView} a @param {Wire.JobView} b */
const inOrder = (a, b) => b.priority - a.priority || a.created - b.created;

export function QueueView() {
  const { client } = useApp();
  const jobs = useLive((state) => state.jobs);
  const generation = useLive((state) => state.generation);
  const loaded = useTask((signal) => client.loadJobs({ limit: 100 }, signal), [generation]);
  const [dragged, setDragged] = useState(/** @type {string | null} */ (null));
  const over = useRef(/** @type {string | null} */ (null));
  const [, act] = useAction();
  const all = Object.values(jobs);
  const waiting = all.filter((job) => UNFINISHED.has(job.state)).sort(inOrder);
  const ended = all
    .filter((job) => !UNFINISHED.has(job.state))
    .sort((a, b) => b.updated - a.updated)
    .slice(0, ENDED_SHOWN);

  /** @param {string} id @param {number} place */
  const move = (id, place) =>
    act(async () => {
      for (const change of reorder(waiting, id, place)) {
        client.dispatch({ type: "jobs.loaded", jobs: [await client.api.prioritise(change.id, change.priority)], asOf: client.state.seq });
      }
    });
  function drop() {
    const place = waiting.findIndex((job) => job.id === over.current);
    if (dragged && place >= 0 && dragged !== over.current) void move(dragged, place);
    setDragged(null);
  }
  if (loaded.status === "error" && !all.length) return html`<div class="view"><${Notice} kind="error">${loaded.error.message}<//></div>`;
  return html`<div class="view queue-view">
    <div class="view-head"><h1>${t("queue.title")}</h1></div>
    ${
      !all.length &&
      loaded.status === "complete" &&
      html`<${Empty} icon="timeline" title=${t("queue.empty")}><a href=${hashOf("new")}>
      ${t("queue.empty-hint")}</a><//>`
    }
    <div class="job-list">${[
      ...waiting.map(
        (job, k) => html`
      <div key=${job.id} class="job-slot ${dragged && over.current === job.id ? "target" : ""}"
        onDragOver=${(/** @type {DragEvent} */ event) => {
          if (dragged) {
            event.preventDefault();
            over.current = job.id;
          }
        }}
          onDrop=${drop}>
        <${JobCard} job=${job} open=${job.state === "active" && k === 0} first=${k === 0} last=${k === waiting.length - 1}
          onMove=${waiting.length > 1 ? (/** @type {number} */ by) => move(job.id, k + by) : undefined}
          handle=${
            waiting.length > 1 &&
            html`<span class="drag" draggable="true" title=${t("job.drag")} aria-hidden="true"
            onDragStart=${(/** @type {DragEvent} */ event) => {
              event.dataTransfer?.setData("text/plain", "");
              setDragged(job.id);
            }}
              onDragEnd=${() => setDragged(null)}><${Icon} name="more" size=${16} /></span>`
          } />
      </div>`,
      ),
      // One list for both, so that a card keeps what was unfolded when its job ends.
      ...(ended.length ? [html`<h2 key="ended" class="section">${t("queue.ended")}</h2>`] : []),
      ...ended.map((job) => html`<div key=${job.id} class="job-slot"><${JobCard} job=${job} /></div>`),
    ]}</div>
  </div>`;
}
