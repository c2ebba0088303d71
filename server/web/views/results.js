/**
 * The history: every take, newest first, with its picture. Only the rows in sight are in the document, so a thousand takes scroll like ten;
 * further pages are asked for before their rows come into sight.
 */

/** @import * as Wire from "../wire.js" */
import { html, memo, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../ui/html.js";
import { useAction, useApp, useLive, useMediaUrl, useSize } from "../ui/hooks.js";
import { Badge, Button, Dialog, Empty, Notice, Select } from "../ui/parts.js";
import { Icon } from "../ui/icons.js";
import { Picture } from "../ui/picture.js";
import { posterOf } from "../client/http.js";
import { playedFrom } from "../media/playing.js";
import { secondsOf, parseRate } from "../time.js";
import { duration, size, when } from "../format.js";
import { DEFAULT_SETTINGS } from "../defaults.js";
import { go, hashOf } from "../route.js";
import { t } from "../text.js";
import { save } from "./download.js";
import { SettingsForm } from "./settings.js";

const PAGE = 100;
const CARD_WIDTH = 232; // px, with the gap
const CARD_HEIGHT = 236;
const ROWS_BEYOND = 2; // kept ready above and below what is seen
const NEAR_END_ROWS = 6;
const SEARCH_MS = 250; // between the last key and asking the server
const READY_MS = 200; // after the pictures, and not for what is scrolled past

/** Where the list stood, so that coming back from a take finds the same place. */
let remembered = { scroll: 0, text: "", only: "all" };

export function ResultsView() {
  const { client } = useApp();
  const takes = useLive((state) => state.takes);
  const jobs = useLive((state) => state.jobs);
  const generation = useLive((state) => state.generation);
  const [text, setText] = useState(remembered.text);
  const [only, setOnly] = useState(remembered.only);
  const wanted = text.trim().toLowerCase();
  const pages = usePages(wanted);
  const all = useMemo(
    () => Object.values(takes).sort((a, b) => b.created - a.created || b.version - a.version || (a.id < b.id ? 1 : -1)),
    [takes],
  );
  const shown = useMemo(
    () => all.filter((take) => fits(take, only) && (!wanted || pages.found.has(take.id) || take.name.toLowerCase().includes(wanted))),
    [all, wanted, only, pages.found],
  );
  remembered = { ...remembered, text, only };
  const [chosen, setChosen] = useState(/** @type {ReadonlySet<string>} */ (new Set()));
  const choose = useCallback(
    (/** @type {string} */ id, /** @type {boolean} */ on) =>
      setChosen((now) => new Set(on ? [...now, id] : [...now].filter((one) => one !== id))),
    [],
  );
  useEffect(() => {
    // A choice looks at everything, not only at what was scrolled to.
    if ((wanted || only !== "all") && pages.more && !pages.busy) pages.load();
  }, [wanted, only, pages.more, pages.busy]);
  const begun = pages.loaded > 0;
  useEffect(() => void (begun && client.loadJobs({ limit: 100 }).catch(() => {})), [generation, begun]); // their names: after the takes

  return html`<div class="view results-view">
    <div class="view-head"><h1>${t("results.title")} ${
      all.length > 0 &&
      html`<span class="count">${shown.length}${pages.more ? "+" : ""}
      </span>`
    }</h1>
      <div class="row"><label class="search"><${Icon} name="search" size=${16} /><span class="visually-hidden">${t("results.search")}</span>
        <input type="search" value=${text} placeholder=${t("results.search")}
          onInput=${(/** @type {Event} */ event) => setText(/** @type {HTMLInputElement} */ (event.target).value)} /></label>
        <${Select} id="results-only" name=${t("results.filter")} value=${only}
          options=${[["all", t("results.all")], ["weak", t("results.weak")], ["pinned", t("results.pinned")]]} onChange=${setOnly} /></div>
            </div>
    ${
      chosen.size > 0 &&
      html`<${Chosen} takes=${shown.filter((take) => chosen.has(take.id))} all=${shown.length}
      onAll=${() => setChosen(new Set(shown.map((take) => take.id)))} onNone=${() => setChosen(new Set())} />`
    }
    ${
      pages.error &&
      html`<${Notice} kind="error">${pages.error.message} <${Button} kind="quiet" onClick=${pages.load}>${t("action.again")}
      <//><//>`
    }
    ${
      !shown.length && !pages.busy && !pages.error
        ? html`<${Empty} icon="video" title=${all.length ? t("results.none-fit") : t("results.empty")}>${
            !all.length &&
            html`<a
        href=${hashOf("new")}>${t("queue.empty-hint")}</a>`
          }<//>`
        : html`<${Grid} takes=${shown} jobs=${jobs} chosen=${chosen} onChoose=${choose} onNearEnd=${() => pages.more && !pages.busy && !pages.error && pages.load()}
        loaded=${pages.loaded} />`
    }
  </div>`;
}

/** @param {Wire.TakeView} take @param {string} only */
const fits = (take, only) => (only !== "weak" || take.weak.length > 0) && (only !== "pinned" || take.pinned);

/** Pages of the takes that the server finds by a text, one after the other; everything anew when its events begin anew. @param {string} text */
function usePages(text) {
  const { client } = useApp();
  const generation = useLive((state) => state.generation);
  const [now, setNow] = useState({
    next: /** @type {string | null} */ (null),
    busy: true,
    started: false,
    loaded: 0,
    found: /** @type {ReadonlySet<string>} */ (new Set()), // of the text
    error: /** @type {Error | null} */ (null),
  });
  const call = useRef(0);
  /** @param {string | null} before */
  async function load(before) {
    const mine = ++call.current;
    setNow((was) => ({ ...was, busy: true, error: null }));
    try {
      const page = await client.loadTakes({ limit: PAGE, before, q: text });
      if (mine !== call.current) return;
      const ids = page.takes.map((take) => take.id);
      setNow((was) => ({
        next: page.next,
        busy: false,
        started: true,
        loaded: was.loaded + ids.length,
        found: new Set(before ? [...was.found, ...ids] : ids),
        error: null,
      }));
    } catch (error) {
      if (mine === call.current) setNow((was) => ({ ...was, busy: false, error: /** @type {Error} */ (error) }));
    }
  }
  useLayoutEffect(() => {
    setNow((was) => ({ ...was, busy: true, started: false }));
    const timer = text ? setTimeout(() => void load(null), SEARCH_MS) : void load(null); // not after the next paint
    return () => {
      clearTimeout(timer);
      call.current++;
    };
  }, [generation, text]);
  return {
    more: now.next !== null,
    busy: now.busy,
    loaded: now.loaded,
    found: now.found,
    error: now.error,
    load: () => void load(now.started ? now.next : null),
  };
}

/**
 * What can be done with the takes that are chosen.
 * @param {{takes: Wire.TakeView[], all: number, onAll: () => void, onNone: () => void}} props
 */
function Chosen({ takes, all, onAll, onNone }) {
  const { client, host, say } = useApp();
  const [busy, act] = useAction();
  const [again, setAgain] = useState(false);
  const loose = takes.filter((take) => !take.pinned && !take.placed.length);
  const pinAll = () =>
    act(async () => {
      for (const take of takes)
        client.dispatch({ type: "takes.loaded", takes: [await client.api.actOnTake(take.id, "pin")], asOf: client.state.seq });
      onNone();
    });
  const zip = () => act(() => save(client, `/takes.zip?ids=${takes.map((take) => take.id).join(",")}`, "takes.zip"));
  const remove = () =>
    act(async () => {
      const gone = /** @type {string[]} */ ([]);
      for (const take of loose) {
        await client.deleteTake(take.id, false);
        gone.push(take.id);
      }
      onNone();
      const kept = takes.length - gone.length;
      const said = t(kept ? "results.deleted-kept" : "results.deleted", { n: gone.length, kept });
      say(said, "info", gone.length ? () => Promise.all(gone.map((id) => client.restore(id))) : undefined);
    });
  return html`<div class="chosen-bar" role="toolbar" aria-label=${t("results.chosen", { n: takes.length })}>
    <strong>${t("results.chosen", { n: takes.length })}</strong>
    ${takes.length < all && html`<${Button} kind="quiet" onClick=${onAll}>${t("results.choose-all", { n: all })}<//>`}
    <${Button} kind="quiet" onClick=${onNone}>${t("results.choose-none")}<//><span class="spacer"></span>
    ${
      !host &&
      takes.length > 1 &&
      html`<${Button} kind="quiet" icon="split" onClick=${() => go("vote", takes.map((take) => take.id).join(","))}>${t("vote.start")}<//>`
    }
    <${Button} kind="quiet" icon="retry" onClick=${() => setAgain(true)}>${t("results.again")}<//>
    <${Button} kind="quiet" icon="download" busy=${busy} onClick=${zip}>${t("results.zip")}<//>
    <${Button} kind="quiet" icon="pin" busy=${busy} onClick=${pinAll}>${t("take.pin")}<//>
    ${
      !host &&
      html`<${Button} kind="quiet" icon="trash" busy=${busy} why=${!loose.length && t("results.all-kept")}
      onClick=${remove}>${t("results.delete")}<//>`
    }
    ${again && html`<${AllAgain} takes=${takes} onClose=${() => setAgain(false)} onStarted=${onNone} />`}</div>`;
}

/**
 * The shots of several takes once more, with settings that all of them get.
 * @param {{takes: Wire.TakeView[], onClose: () => void, onStarted: () => void}} props
 */
function AllAgain({ takes, onClose, onStarted }) {
  const { client } = useApp();
  const [busy, act] = useAction();
  const [settings, setSettings] = useState({ ...DEFAULT_SETTINGS, ...takes[0].settings });
  const [preset, setPreset] = useState("custom");
  const start = () =>
    act(async () => {
      for (const shot of new Set(takes.map((take) => take.shot))) await client.api.again(shot, settings);
      onStarted();
      go("queue");
    });
  const footer = html`<${Button} onClick=${onClose}>${t("action.cancel")}<//>
    <${Button} kind="primary" icon="play" busy=${busy} onClick=${start}>${t("start.render")}<//>`;
  return html`<${Dialog} title=${t("results.again")} onClose=${onClose} footer=${footer} wide>
    <p class="hint">${t("results.again-hint", { n: takes.length })}</p>
    <${SettingsForm} id="all-again" settings=${settings} preset=${preset}
      onChange=${(/** @type {any} */ changed, /** @type {string} */ name) => {
        setSettings(changed);
        setPreset(name);
      }} /><//>`;
}

/**
 * @param {{takes: Wire.TakeView[], jobs: Record<string, Wire.JobView>, chosen: ReadonlySet<string>,
 *   onChoose: (id: string, on: boolean) => void, onNearEnd: () => void, loaded: number}} props
 */
function Grid({ takes, jobs, chosen, onChoose, onNearEnd, loaded }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const { width } = useSize(box);
  const columns = Math.max(1, Math.floor(width / CARD_WIDTH));
  const rows = Math.ceil(takes.length / columns);
  const [first, last] = useRows(box, rows);
  useEffect(() => {
    if (width && last + NEAR_END_ROWS >= rows) onNearEnd();
  }, [last, rows, loaded, width]);
  const seen = takes.slice(first * columns, last * columns);
  useReady(seen);
  return html`<div class="grid" ref=${box} role="list" aria-label=${t("results.title")} style=${{ height: `${rows * CARD_HEIGHT}px` }}>
    ${
      width > 0 &&
      seen.map((take, k) => {
        const at = first * columns + k;
        return html`<${Card} key=${take.id} take=${take} job=${jobs[take.job]} x=${(at % columns) * (width / columns)}
        y=${Math.floor(at / columns) * CARD_HEIGHT} width=${width / columns - 12} at=${at} total=${takes.length}
        chosen=${chosen.has(take.id)} onChoose=${onChoose} />`;
      })
    }
  </div>`;
}

/** Asks for the addresses of what is in sight, once it stays there: a take that is opened then plays without asking. @param {Wire.TakeView[]} seen */
function useReady(seen) {
  const { client, host } = useApp();
  useEffect(() => {
    if (host || !seen.length) return;
    const timer = setTimeout(() => {
      for (const take of seen) if (!take.missing) client.api.addresses.get(playedFrom(take, false)).catch(() => {}); // asked again when it is opened
    }, READY_MS);
    return () => clearTimeout(timer);
  }, [seen[0]?.id, seen[seen.length - 1]?.id]);
}

/**
 * The rows in sight of the element that scrolls, and some beyond.
 * @param {{current: HTMLElement | null}} box
 * @param {number} rows
 * @returns {[number, number]} end exclusive
 */
function useRows(box, rows) {
  const [range, setRange] = useState(/** @type {[number, number]} */ ([0, 8]));
  useLayoutEffect(() => {
    const scroller = /** @type {HTMLElement} */ (document.getElementById("main"));
    let waiting = 0;
    const look = () => {
      waiting = 0;
      const top = (box.current?.getBoundingClientRect().top ?? 0) - scroller.getBoundingClientRect().top;
      const first = Math.max(0, Math.floor(-top / CARD_HEIGHT) - ROWS_BEYOND);
      const last = Math.ceil((-top + scroller.clientHeight) / CARD_HEIGHT) + ROWS_BEYOND;
      setRange((was) => (was[0] === first && was[1] === last ? was : [first, last]));
      remembered.scroll = scroller.scrollTop;
    };
    const soon = () => {
      waiting ||= requestAnimationFrame(look);
    };
    scroller.addEventListener("scroll", soon, { passive: true });
    const observer = new ResizeObserver(soon);
    observer.observe(scroller);
    look();
    return () => {
      scroller.removeEventListener("scroll", soon);
      observer.disconnect();
      cancelAnimationFrame(waiting);
    };
  }, []);
  const restored = useRef(false);
  useLayoutEffect(() => {
    if (restored.current || !rows) return;
    restored.current = true;
    /** @type {HTMLElement} */ (document.getElementById("main")).scrollTop = remembered.scroll;
  }, [rows]);
  return [range[0], Math.min(rows, range[1])];
}

const Card = memo(function Card(
  /** @type {{take: Wire.TakeView, job: Wire.JobView | undefined, x: number, y: number, width: number, at: number, total: number,
   * chosen: boolean, onChoose: (id: string, on: boolean) => void}} */ { take, job, x, y, width, at, total, chosen, onChoose },
) {
  const rate = parseRate(take.rate);
  const poster = useMediaUrl(take.missing ? null : posterOf(take.id));
  return html`<div class="card-slot" role="listitem" aria-posinset=${at + 1} aria-setsize=${total}
    style=${{ transform: `translate(${x}px, ${y}px)`, width: `${width}px` }}><input type="checkbox" class="card-check" checked=${chosen}
      aria-label=${t("results.choose", { name: take.name })}
      onChange=${(/** @type {Event} */ event) => onChoose(take.id, /** @type {HTMLInputElement} */ (event.target).checked)} /><a class="card" href=${hashOf("take", take.id)}
      data-take=${take.id}>
    <span class="card-picture">${poster.url && html`<${Picture} url=${poster.url} onError=${poster.renew} />`}
      ${rate && html`<span class="card-length">${duration(secondsOf(take.frames, rate))}</span>`}
      ${take.version > 1 && html`<span class="card-version">${t("take.version", { n: take.version })}</span>`}</span>
    <strong class="name">${take.name}</strong>
    <small>${job?.name ?? ""}</small>
    <small>${when(take.created)} · ${size(take.size_bytes)}</small>
    <span class="card-badges">${take.missing && html`<${Badge} kind="bad">${t("take.missing")}<//>`}
      ${take.weak.length > 0 && html`<${Badge} kind="warn">${t("take.weak-n", { n: take.weak.length })}<//>`}
      ${
        take.placed.length > 0
          ? html`<${Badge} kind="good">${t("take.placed")}<//>`
          : take.pinned &&
            html`<${Badge}>${t("take.pinned")}
        <//>`
      }</span>
  </a></div>`;
});
