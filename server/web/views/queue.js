/**
 * The queue: what is worked on and what waits, in the order in which it will be done, and below it what ended, newest first. Nothing
 * disappears from it: older jobs come page by page, and a search looks at all of them.
 */

/** @import * as Wire from "../wire.js" */
import { html, useEffect, useRef, useState } from "../ui/html.js";
import { useAction, useApp, useLive, useTask } from "../ui/hooks.js";
import { Button, Empty, Notice, Tabs } from "../ui/parts.js";
import { Icon } from "../ui/icons.js";
import { soundWanted, useAsking, wantSound } from "../done.js";
import { hashOf } from "../route.js";
import { t } from "../text.js";
import { JobCard } from "./job.js";
import { Slots } from "./slots.js";

const PAGE = 50;
const SEARCH_MS = 250; // between the last key and asking the server
const UNFINISHED = new Set(["queued", "active", "paused"]);

/** What the tabs hold, by the states that the server knows. @type {Record<string, string[]>} */
const TABS = { all: [], active: ["queued", "active", "paused"], done: ["completed"], attention: ["failed", "canceled"] };

/** As the server takes them: the highest priority first, then by their place. @param {Wire.JobView} a @param {Wire.JobView} b */
const inOrder = (a, b) => b.priority - a.priority || (a.place ?? 0) - (b.place ?? 0) || a.created - b.created;

const CLEARED = "heygem.cleared"; // jobs that ended before are out of the way on the first tab

/** Seconds since 1970. */
function clearedUntil() {
  try {
    return Number(localStorage.getItem(CLEARED) ?? 0);
  } catch {
    return 0;
  }
}

/** @param {number} until */
function clearUntil(until) {
  try {
    localStorage.setItem(CLEARED, String(until));
  } catch {
    // a frame without storage: it lasts as long as the view
  }
}

/** Where the list stood, so that coming back finds the same. */
let remembered = { tab: "all", text: "" };

/** @typedef {{ id: string, over: string | null }} Drag a waiting job that is dragged, and the one whose place it would take */

export function QueueView() {
  const { client, say } = useApp();
  const jobs = useLive((state) => state.jobs);
  const [tab, setTab] = useState(remembered.tab);
  const [text, setText] = useState(remembered.text);
  remembered = { tab, text };
  const wanted = text.trim();
  const pages = useJobPages(TABS[tab], wanted);
  const fits = (/** @type {Wire.JobView} */ job) =>
    (!TABS[tab].length || TABS[tab].includes(job.state)) &&
    (!wanted || pages.found.has(job.id) || job.name.toLowerCase().includes(wanted.toLowerCase()));
  const drag = useRef(/** @type {Drag | null} */ (null)); // read by events, which may come before what they changed is drawn
  const [drawn, draw] = useState(/** @type {Drag | null} */ (null));
  const [busy, act] = useAction();
  const [askable, ask] = useAsking();
  const all = Object.values(jobs);
  const queue = all.filter((job) => UNFINISHED.has(job.state)).sort(inOrder);
  const waiting = queue.filter(fits);
  const [cleared, setCleared] = useState(clearedUntil);
  const [sound, setSound] = useState(soundWanted);
  const hides = tab === "all" && !wanted;
  const ended = all
    .filter((job) => !UNFINISHED.has(job.state) && fits(job) && !(hides && job.updated <= cleared))
    .sort((a, b) => b.created - a.created);

  /** @param {number} until */
  function clear(until) {
    clearUntil(until);
    setCleared(until);
  }
  function clearEnded() {
    const before = cleared;
    clear(Math.max(...ended.map((job) => job.updated)));
    say(t("queue.cleared"), "info", async () => clear(before));
  }

  const retryAll = () =>
    act(async () => {
      const { seq: asOf } = client.state;
      for (const { id } of ended) client.dispatch({ type: "jobs.loaded", jobs: [await client.api.act(id, "retry")], asOf });
    });

  /** @param {string} id @param {string | null} before the job that then comes after it; null = the end */
  const move = (id, before) =>
    act(async () => client.dispatch({ type: "jobs.loaded", jobs: [await client.api.order(id, before)], asOf: client.state.seq }));
  /** @param {string} id @param {number} by */
  function step(id, by) {
    const at = queue.findIndex((job) => job.id === id);
    return move(id, queue[by < 0 ? at - 1 : at + 2]?.id ?? null);
  }
  /** @param {Drag | null} next */
  function dragTo(next) {
    drag.current = next;
    draw(next);
  }
  function drop() {
    if (!drag.current) return;
    const { id, over } = drag.current;
    const [from, to] = [id, over].map((one) => queue.findIndex((job) => job.id === one));
    if (from >= 0 && to >= 0 && from !== to) void move(id, queue[from < to ? to + 1 : to]?.id ?? null);
    dragTo(null);
  }
  if (pages.error && !all.length) return html`<div class="view"><${Notice} kind="error">${pages.error.message}<//></div>`;
  const none = !waiting.length && !ended.length && !pages.busy;
  return html`<div class="view queue-view">
    <div class="view-head"><h1>${t("queue.title")}</h1>
      <div class="row"><label class="search"><${Icon} name="search" size=${16} /><span class="visually-hidden">${t("queue.search")}</span>
        <input type="search" value=${text} placeholder=${t("queue.search")}
          onInput=${(/** @type {Event} */ event) => setText(/** @type {HTMLInputElement} */ (event.target).value)} /></label>
        <${Tabs} tabs=${Object.keys(TABS).map((one) => [one, t(/** @type {any} */ (`queue.tab-${one}`))])} value=${tab}
          label=${t("queue.show")} panel="queue-jobs" onChange=${setTab} /></div></div>
    ${
      all.length > 0 &&
      html`<div class="queue-bar">
        <label class="check"><input type="checkbox" checked=${sound} onChange=${(/** @type {Event} */ event) => {
          const on = /** @type {HTMLInputElement} */ (event.target).checked;
          setSound(on);
          wantSound(on);
        }} /><span>${t("queue.sound")}</span></label>
        ${askable && waiting.length > 0 && html`<${Button} kind="quiet" icon="info" onClick=${ask}>${t("queue.tell-me")}<//>`}
        <span class="spacer"></span>
        ${
          tab === "attention" &&
          ended.length > 1 &&
          html`<${Button} kind="quiet" icon="retry" busy=${busy} onClick=${retryAll}>${t("queue.retry-all", { n: ended.length })}<//>`
        }
        ${hides && ended.length > 0 && html`<${Button} kind="quiet" icon="check" onClick=${clearEnded}>${t("queue.clear")}<//>`}
      </div>`
    }
    ${
      none &&
      (all.length && (wanted || tab !== "all")
        ? html`<${Empty} icon="timeline" title=${t("queue.none-fit")} />`
        : html`<${Empty} icon="timeline" title=${t("queue.empty")}><a href=${hashOf("new")}>${t("queue.empty-hint")}</a><//>`)
    }
    <div class="job-list" id="queue-jobs" role="tabpanel" aria-label=${t("queue.title")}>${[
      ...waiting.map(
        (job) => html`
      <div key=${job.id} class="job-slot ${drawn?.over === job.id ? "target" : ""}"
        onDragOver=${(/** @type {DragEvent} */ event) => {
          if (!drag.current) return;
          event.preventDefault();
          if (drag.current.over !== job.id) dragTo({ ...drag.current, over: job.id });
        }}
          onDrop=${drop}>
        <${JobCard} job=${job} first=${job.id === queue[0].id} last=${job.id === queue[queue.length - 1].id}
          onMove=${queue.length > 1 ? (/** @type {number} */ by) => step(job.id, by) : undefined}
          handle=${
            queue.length > 1 &&
            html`<span class="drag" draggable="true" title=${t("job.drag")} aria-hidden="true"
            onDragStart=${(/** @type {DragEvent} */ event) => {
              event.dataTransfer?.setData("text/plain", "");
              dragTo({ id: job.id, over: null });
            }}
              onDragEnd=${() => dragTo(null)}><${Icon} name="more" size=${16} /></span>`
          } />
      </div>`,
      ),
      // One list for both, so that a card keeps what was unfolded when its job ends.
      ...(ended.length && waiting.length ? [html`<h2 key="ended" class="section">${t("queue.ended")}</h2>`] : []),
      ...ended.map((job) => html`<div key=${job.id} class="job-slot"><${JobCard} job=${job} /></div>`),
    ]}</div>
    ${pages.more && html`<p class="more"><${Button} kind="quiet" busy=${pages.busy} onClick=${pages.load}>${t("queue.more")}<//></p>`}
    <${Slots} />
  </div>`;
}

/**
 * Jobs of some states whose name holds a text, a page at a time; anew when either changes or the server's events begin anew.
 * @param {string[]} states none = all @param {string} text
 */
function useJobPages(states, text) {
  const { client } = useApp();
  const generation = useLive((state) => state.generation);
  const [next, setNext] = useState(/** @type {string | null} */ (null));
  const [found, setFound] = useState(/** @type {ReadonlySet<string>} */ (new Set())); // by what the server knows of them
  const by = { state: states.join(",") || undefined, q: text || undefined, limit: PAGE };
  const first = useTask(
    async (signal) => {
      const page = await client.loadJobs(by, signal);
      setNext(page.next);
      setFound(new Set(page.jobs.map((job) => job.id)));
      return page;
    },
    [generation, states, text],
    { waitMs: text ? SEARCH_MS : 0 },
  );
  const [busy, act] = useAction();
  useEffect(() => setNext(null), [states, text]);
  const load = async () => {
    const page = await client.loadJobs({ ...by, before: next });
    setNext(page.next);
    setFound((before) => new Set([...before, ...page.jobs.map((job) => job.id)]));
  };
  return {
    more: next !== null,
    found,
    busy: busy || first.status === "pending" || first.status === "initial",
    error: first.status === "error" ? first.error : null,
    load: () => act(load),
  };
}
