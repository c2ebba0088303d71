/**
 * A take beside what it was made from, or beside another of its versions: side by side, with a wipe, as their difference, or flipped with
 * a key; frame by frame, over the speech it follows.
 *
 * Two videos of equal frames: the take leads, the other follows. Paused, both stand on the same frame exactly; while they play the other
 * is pulled back whenever it is off by more than half a frame.
 */

/** @import * as Wire from "../wire.js" */
import { html, useEffect, useRef, useState } from "../ui/html.js";
import { useApp, useMediaUrl, useTask } from "../ui/hooks.js";
import { Button, Dialog, IconButton, Notice, Select, Tabs } from "../ui/parts.js";
import { posterOf } from "../client/http.js";
import { colour, drawCurve, drawRange, drawWave } from "../media/draw.js";
import * as inspection from "../media/inspection.js";
import { mouthView, placed } from "../media/mouth-view.js";
import { follow, letGo, playedFrom } from "../media/playing.js";
import { looped } from "../media/shuttle.js";
import { Strip } from "../media/strip.js";
import { TransportButtons, transportKey, useTransport } from "../media/transport.js";
import { nameOfFrame, parseRate } from "../time.js";
import { unchanged } from "../quality.js";
import { sentence } from "../messages.js";
import { t } from "../text.js";

/** @typedef {"after" | "before" | "side" | "wipe" | "difference"} Mode */
/** @typedef {{frame: number, loop?: [number, number]}} Seek loop: a range to play again and again, its end not in it */

const LEAST_OPENING = 0.15; // eye distances: a mouth that hardly opens shall not fill the strip
const MOST_WAIT_MS = 1000;
const MOUTH_PANE = 1.5; // width by height
const KEYS = /** @type {const} */ ([
  ["Space", "player.key-play"],
  ["J K L", "player.key-shuttle"],
  [", .", "player.key-step"],
  ["Home End", "player.key-ends"],
  ["I O X", "player.key-loop"],
  ["A B S W D", "player.key-compare"],
  ["Z", "player.key-zoom"],
  ["F", "player.key-full"],
  ["M", "player.key-mute"],
  ["?", "player.key-help"],
]);

/**
 * @param {{take: Wire.TakeView, versions: readonly Wire.TakeView[], report: Wire.TakeReport | null, waveform: Wire.Waveform | null,
 *   seekTo: Seek | null, onOpened?: () => void}} props
 *   seekTo: a new object seeks. onOpened: the picture is there, or does not come soon
 */
export function Player({ take, versions, report, waveform, seekTo, onOpened }) {
  const [mode, setMode] = useState(/** @type {Mode} */ ("after"));
  const [against, setAgainst] = useState("original"); // or the id of another version
  const [wipe, setWipe] = useState(0.5);
  const [muted, setMuted] = useState(false);
  const [volume, setVolume] = useState(1);
  const [zoomed, setZoomed] = useState(/** @type {boolean | null} */ (null)); // null = as the picture's shape suggests
  const [help, setHelp] = useState(false);
  const [broken, setBroken] = useState(/** @type {string | null} */ (null));
  const [ready, setReady] = useState(false);
  const opened = useOpened(ready || broken !== null);
  const [lost, setLost] = useState(false);
  const root = useRef(/** @type {HTMLDivElement | null} */ (null));
  const after = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const before = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const pictureOf = usePlayable();
  const afterUrl = pictureOf(take);
  const other = versions.find((version) => version.id === against && version.id !== take.id && !version.missing) ?? null;
  const otherUrl = pictureOf(other);
  const sourceUrl = useMediaUrl(lost || other || !(opened || mode !== "after") ? null : `/takes/${take.id}/source.mp4`);
  const beforeUrl = other ? otherUrl : sourceUrl;
  const poster = useMediaUrl(posterOf(take.id));
  const comparable = other !== null || (!lost && beforeUrl.error === null);
  const rate = parseRate(take.rate);
  const transport = useTransport(after, { rate, frames: take.frames, src: afterUrl.url });
  const name = (/** @type {number} */ frame) => nameOfFrame(frame, rate, take.start_timecode);
  const shown = comparable ? mode : "after";
  const mouth = useMouth(take, report, opened);
  const portrait = take.height > take.width && shown !== "after" && shown !== "before";
  const near = mouth !== null && (zoomed ?? portrait);
  const sourceFrame = useSourceFrame(take, report, transport.frame, opened);

  useEffect(() => follow(before.current, after.current, transport.rateNow()), [transport.frame, transport.speed]);
  useEffect(() => {
    if (!seekTo) return;
    transport.setLoop(seekTo.loop ? { from: seekTo.loop[0], to: seekTo.loop[1] } : null);
    transport.seek(seekTo.frame);
    if (seekTo.loop) transport.play();
  }, [seekTo]);
  useEffect(() => setReady(false), [afterUrl.url]);
  useEffect(() => {
    const videos = [before.current, after.current];
    return () => videos.forEach(letGo);
  }, []);
  useEffect(() => void (opened && onOpened?.()), [opened]);
  useEffect(() => {
    // Before and after are heard as they are seen: each with its own sound.
    const heard = shown === "before" && !other ? before.current : after.current;
    for (const video of [before.current, after.current]) if (video) [video.volume, video.muted] = [volume, muted || video !== heard];
  }, [shown, muted, volume, other, afterUrl.url, beforeUrl.url]);

  /** @param {{from?: number, to?: number}} change */
  const mark = (change) => transport.setLoop(looped(transport.loop, change, take.frames));
  const full = () => (document.fullscreenElement ? document.exitFullscreen() : root.current?.requestFullscreen?.().catch(() => {}));
  usePageKeys((event) => {
    const act = {
      a: () => setMode("after"),
      b: () => setMode(mode === "before" ? "after" : "before"),
      s: () => setMode("side"),
      w: () => setMode("wipe"),
      d: () => setMode("difference"),
      m: () => setMuted(!muted),
      i: () => mark({ from: transport.frame }),
      o: () => mark({ to: transport.frame + 1 }),
      x: () => transport.setLoop(null),
      z: () => setZoomed(!near),
      f: full,
      "?": () => setHelp(true),
    }[event.key.toLowerCase()];
    if (!act) return void transportKey(event, transport, take.frames);
    event.preventDefault();
    act();
  });
  /** @param {CanvasRenderingContext2D} context @param {import("../media/draw.js").Span} span @param {number} height */
  function draw(context, span, height) {
    // The speech stands on the same ground as the lips, so that one can see whether they rise together.
    if (waveform)
      drawWave(context, waveform.peaks, { first: 0, last: take.frames, span, top: 0, height: height * 2, fill: colour("--wave-speech") });
    if (report) {
      for (const { from, to } of unchanged(report))
        drawRange(context, from, to, { span, top: 0, height, fill: colour("--keep-fill"), hatch: colour("--keep-line") });
      drawCurve(context, report.wanted_opening, {
        span,
        top: 4,
        height: height - 8,
        most: Math.max(LEAST_OPENING, ...report.wanted_opening.map((value) => value ?? 0)),
        stroke: colour("--lips"),
        fill: colour("--lips-fill"),
      });
    }
    if (!transport.loop) return;
    const shade = { span, top: 0, height, fill: colour("--shade") };
    drawRange(context, 0, transport.loop.from, shade);
    drawRange(context, transport.loop.to, take.frames, shade);
  }
  const beforeName = other ? t("take.version", { n: other.version }) : t("player.before");
  const afterName = other ? t("take.version", { n: take.version }) : t("player.after");
  /** @type {[string, string][]} */
  const modes = [
    ["after", afterName],
    ["before", beforeName],
    ["side", t("player.side")],
    ["wipe", t("player.wipe")],
    ["difference", t("player.difference")],
  ];
  const marks = take.weak.map((weak, k) => ({
    key: `weak-${k}`,
    from: weak.start,
    to: weak.end_exclusive,
    kind: /** @type {const} */ ("weak"),
    name: t("player.weak-mark", { at: name(weak.start), why: sentence(weak.reason_message, weak.reason) }),
    onClick: () => transport.seek(weak.start),
  }));
  const failed = afterUrl.error?.message ?? broken;
  const aspect = near ? MOUTH_PANE : take.width / take.height;
  const lies = near ? { ...placed(mouth, take.width / take.height, MOUTH_PANE), objectFit: "fill" } : undefined;

  return html`<div class="player" ref=${root}>
    <div class="player-modes">${
      comparable
        ? html`<${Tabs} tabs=${modes} value=${shown} label=${t("player.compare")} panel="player-stage"
      onChange=${(/** @type {any} */ next) => setMode(next)} />`
        : html`<p class="hint">${t("player.no-before")}</p>`
    }
    ${
      versions.length > 1 &&
      html`<${Select} id="player-against" name=${t("player.against")} value=${other ? against : "original"} onChange=${setAgainst}
      options=${[
        ["original", t("player.against-original")],
        ...versions.filter((one) => one.id !== take.id && !one.missing).map((one) => [one.id, t("take.version", { n: one.version })]),
      ]} />`
    }</div>
    <div id="player-stage" role="tabpanel" aria-label=${t("player.picture", { name: take.name })} class="player-stage ${shown}"
      style=${{ aspectRatio: shown === "side" ? `${aspect * 2}` : `${aspect}` }}>
      <div class="pane before"><video ref=${before} class="before" src=${beforeUrl.url ?? undefined} playsinline muted preload="auto"
        tabindex="-1" aria-label=${beforeName} style=${lies} onLoadedData=${() => follow(before.current, after.current, transport.rateNow())}
        onError=${() => beforeUrl.url === null || beforeUrl.renew() || (other ? setAgainst("original") : setLost(true))}></video></div>
      <div class="pane after" style=${{ clipPath: shown === "wipe" ? `inset(0 0 0 ${wipe * 100}%)` : "none" }}>
        <video ref=${after} class="after" src=${afterUrl.url ?? undefined} poster=${poster.url ?? undefined} playsinline preload="auto"
          tabindex="-1" aria-label=${afterName} style=${lies}
          onError=${() => afterUrl.url === null || afterUrl.renew() || setBroken(t("player.broken"))}
          onLoadedData=${() => {
            setBroken(null);
            setReady(true);
          }} onClick=${transport.toggle}></video></div>
      <span class="stage-label left">${shown === "after" ? afterName : beforeName}</span>
      ${(shown === "side" || shown === "wipe") && html`<span class="stage-label right">${afterName}</span>`}
      ${!ready && !failed && html`<p class="stage-note" role="status">${t("player.preparing")}</p>`}
      ${
        shown === "wipe" &&
        html`<div class="wipe-line" style=${{ left: `${wipe * 100}%` }}></div>
        <input class="wipe" type="range" min="0" max="1" step="0.005" value=${wipe} aria-label=${t("player.wipe-at")}
          onInput=${(/** @type {Event} */ event) => setWipe(Number(/** @type {HTMLInputElement} */ (event.target).value))} />`
      }
    </div>
    ${failed && html`<${Notice} kind="warn">${failed}<//>`}
    <div class="editor-bar">
      <${TransportButtons} transport=${transport} />
      <output class="timecode" aria-live="off">${name(transport.frame)}</output>
      <span class="frame-number">${t("player.frame", { n: transport.frame, last: take.frames - 1 })}</span>
      ${sourceFrame !== null && html`<span class="frame-number">${t("player.source-frame", { at: sourceFrame })}</span>`}
      ${Math.abs(transport.speed) > 1 && html`<span class="frame-number">${`${transport.speed}×`}</span>`}
      <span class="spacer"></span>
      ${
        transport.loop &&
        html`<${Button} kind="quiet" icon="close" onClick=${() => transport.setLoop(null)}>${t("player.loop-off", {
          from: name(transport.loop.from),
          to: name(transport.loop.to - 1),
        })}<//>`
      }
      <span class="player-controls"><${Button} kind="quiet" icon="split" title=${t("player.ab-key")} pressed=${shown === "before"} why=${!comparable && t("player.no-before")}
        onClick=${() => setMode(mode === "before" ? "after" : "before")}>${t("player.ab")}<//>
      <${IconButton} name=${t("player.zoom")} icon="search" pressed=${near} why=${mouth === null && t("why.no-mouth")} onClick=${() => setZoomed(!near)} />
      <${IconButton} name=${t(muted ? "player.unmute" : "player.mute")} icon=${muted ? "mute" : "speaker"} pressed=${muted}
        onClick=${() => setMuted(!muted)} />
      <input class="volume" type="range" min="0" max="1" step="0.05" value=${muted ? 0 : volume} aria-label=${t("player.volume")}
        onInput=${(/** @type {Event} */ event) => {
          setVolume(Number(/** @type {HTMLInputElement} */ (event.target).value));
          setMuted(false);
        }} />
      ${document.fullscreenEnabled && html`<${IconButton} name=${t("player.full")} icon="full" onClick=${full} />`}
      <${IconButton} name=${t("player.help")} icon="info" onClick=${() => setHelp(true)} /></span>
    </div>
    <${Strip} frames=${take.frames} frame=${transport.frame} onSeek=${transport.seek} height=${96} label=${t("player.position")}
      valueText=${name(transport.frame)} marks=${marks} draw=${draw} drawn=${[report, waveform, transport.loop]} />
    <ul class="legend" aria-label=${t("player.legend")}><li class="speech">${t("player.legend-speech")}</li><li class="lips">
      ${t("player.legend-lips")}</li>
      ${
        report &&
        Object.keys(report.passed_through).length > 0 &&
        html`<li class="unchanged">${t("player.legend-unchanged")}
        </li>`
      }${take.weak.length > 0 && html`<li class="weak">${t("player.legend-weak")}</li>`}</ul>
    ${
      help &&
      html`<${Dialog} title=${t("player.help")} onClose=${() => setHelp(false)}><dl class="keys">${KEYS.map(
        ([
          keys,
          text,
        ]) => html`<div key=${keys}><dt>${keys.split(" ").map((one) => html`<kbd key=${one}>${one}</kbd>`)}</dt><dd>${t(text)}</dd>
          </div>`,
      )}</dl><//>`
    }
  </div>`;
}

/** Addresses of takes' pictures; the copy also where the file itself does not play after all. */
export function usePlayable() {
  const { host } = useApp();
  const [unplayable, setUnplayable] = useState(/** @type {Record<string, boolean>} */ ({}));
  /** @param {Wire.TakeView | null} take */
  return (take) => {
    const path = take && playedFrom(take, host !== null || unplayable[take.id]);
    const media = useMediaUrl(path);
    if (take === null || !path?.endsWith("/file")) return media;
    const copyInstead = () => {
      setUnplayable({ ...unplayable, [take.id]: true });
      return true;
    };
    return { ...media, renew: () => media.renew() || copyInstead() };
  };
}

/** The take's source, for a look at it: an upload has a number and no path. @param {Wire.TakeView} take @param {Wire.TakeReport | null} report */
const sourceOf = (take, report) => take.source ?? { path: report?.plan.shot.video ?? "" };

/**
 * Whether the take's own picture is there: what the server has to make for the rest (the original's frames, the wave, the mouth) would keep
 * it waiting, and comes after it; after a second in any case, since a browser may load nothing before Play is pressed.
 * @param {boolean} shown
 */
function useOpened(shown) {
  const [opened, setOpened] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setOpened(true), shown ? 0 : MOST_WAIT_MS);
    return () => clearTimeout(timer);
  }, [shown]);
  return opened;
}

/**
 * The speaker's mouth, where it is seen best; null until it is known.
 * @param {Wire.TakeView} take @param {Wire.TakeReport | null} report @param {boolean} when
 */
function useMouth(take, report, when) {
  const { client } = useApp();
  const shot = report?.plan.shot;
  const found = useTask(
    () => inspection.faces(client.api, sourceOf(take, report), shot?.start ?? 0, shot?.end_exclusive ?? null),
    [shot?.video, shot?.start, shot?.end_exclusive],
    { when: when && shot !== undefined },
  );
  const face = found.value?.faces.find((one) => one.number === report?.plan.face) ?? found.value?.faces[0];
  return face ? mouthView(/** @type {[number, number, number, number]} */ (face.box)) : null;
}

/** What the source calls the frame that lies under a frame of the take; null where time does not simply run. @param {Wire.TakeView} take @param {Wire.TakeReport | null} report @param {number} frame @param {boolean} when */
function useSourceFrame(take, report, frame, when) {
  const { client } = useApp();
  const shot = report?.plan.shot;
  const facts = useTask(() => inspection.probe(client.api, sourceOf(take, report)), [shot?.video], {
    when: when && shot !== undefined,
  });
  if (!shot || !facts.value || facts.value.kind === "still") return null;
  const at = (shot.start ?? 0) + frame;
  const end = shot.end_exclusive ?? facts.value.frames ?? 0;
  const speed = parseRate(shot.speed);
  return (speed === null || speed.n === speed.d) && at < end
    ? nameOfFrame(at, parseRate(facts.value.rate), facts.value.start_timecode)
    : null;
}

/**
 * Keys that are heard wherever the focus is, except where a control has its own use for them or a dialog is open.
 * @param {(event: KeyboardEvent) => void} act
 */
function usePageKeys(act) {
  const newest = useRef(act);
  newest.current = act;
  useEffect(() => {
    /** @param {KeyboardEvent} event */
    function hear(event) {
      const target = /** @type {HTMLElement} */ (event.target);
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (document.querySelector("dialog[open]") || target.closest?.("select, textarea, [contenteditable], input:not([type=range])"))
        return;
      if (event.key === " " && target.closest?.("button, summary, a")) return;
      if (/^(Arrow|Home|End|Page)/.test(event.key) && target.closest?.("input")) return;
      newest.current(event);
    }
    window.addEventListener("keydown", hear);
    return () => window.removeEventListener("keydown", hear);
  }, []);
}
