/**
 * A take beside what it was made from: side by side, with a wipe, or flipped with a key; frame by frame, over the speech it follows.
 *
 * Two videos of equal frames: the take leads, the source follows. Paused, both stand on the same frame exactly; while they play the source
 * is pulled back whenever it is off by more than half a frame.
 */

/** @import * as Wire from "../wire.js" */
import { html, useEffect, useRef, useState } from "../ui/html.js";
import { useMediaUrl } from "../ui/hooks.js";
import { Button, IconButton, Notice, Tabs } from "../ui/parts.js";
import { colour, drawCurve, drawRange, drawWave } from "../media/draw.js";
import { Strip } from "../media/strip.js";
import { TransportButtons, transportKey, useTransport } from "../media/transport.js";
import { insideOf, nameOfFrame, parseRate } from "../time.js";
import { unchanged } from "../quality.js";
import { sentence } from "../messages.js";
import { t } from "../text.js";

/** @typedef {"after" | "before" | "side" | "wipe"} Mode */

const LEAST_OPENING = 0.15; // eye distances: a mouth that hardly opens shall not fill the strip

/**
 * @param {{take: Wire.TakeView, report: Wire.TakeReport | null, waveform: Wire.Waveform | null, seekTo: {frame: number} | null,
 *   onFrame?: (frame: number) => void}} props
 *   seekTo: a new object seeks
 */
export function Player({ take, report, waveform, seekTo, onFrame }) {
  const [mode, setMode] = useState(/** @type {Mode} */ ("after"));
  const [wipe, setWipe] = useState(0.5);
  const [muted, setMuted] = useState(false);
  const [broken, setBroken] = useState(/** @type {string | null} */ (null));
  const after = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const before = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const afterUrl = useMediaUrl(`/takes/${take.id}/proxy.mp4`);
  const [lost, setLost] = useState(false);
  const beforeUrl = useMediaUrl(lost ? null : `/takes/${take.id}/source.mp4`);
  const comparable = !lost && beforeUrl.error === null;
  const rate = parseRate(take.rate);
  const transport = useTransport(after, { rate, frames: take.frames, src: afterUrl.url });
  const name = (/** @type {number} */ frame) => nameOfFrame(frame, rate, take.start_timecode);

  useEffect(() => follow(before.current, after.current, transport.rateNow()), [transport.frame, transport.playing]);
  useEffect(() => void (seekTo && transport.seek(seekTo.frame)), [seekTo]);
  useEffect(() => onFrame?.(transport.frame), [transport.frame]);

  /** @param {KeyboardEvent} event */
  function key(event) {
    if (/** @type {HTMLElement} */ (event.target).matches("input, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && /** @type {HTMLElement} */ (event.target).matches("button")) return;
    const act = {
      a: () => setMode("after"),
      b: () => setMode(mode === "before" ? "after" : "before"),
      s: () => setMode("side"),
      w: () => setMode("wipe"),
      m: () => setMuted(!muted),
    }[event.key.toLowerCase()];
    if (!act) return void transportKey(event, transport, take.frames);
    event.preventDefault();
    act();
  }
  /** @param {CanvasRenderingContext2D} context @param {import("../media/draw.js").Span} span @param {number} height */
  function draw(context, span, height) {
    // The speech stands on the same ground as the lips, so that one can see whether they rise together.
    if (waveform)
      drawWave(context, waveform.peaks, { first: 0, last: take.frames, span, top: 0, height: height * 2, fill: colour("--wave-speech") });
    if (!report) return;
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
  /** @type {[string, string][]} */
  const modes = [
    ["after", t("player.after")],
    ["before", t("player.before")],
    ["side", t("player.side")],
    ["wipe", t("player.wipe")],
  ];
  const shown = comparable ? mode : "after";
  const marks = take.weak.map((weak, k) => ({
    key: `weak-${k}`,
    from: weak.start,
    to: weak.end_exclusive,
    kind: /** @type {const} */ ("weak"),
    name: t("player.weak-mark", { at: name(weak.start), why: sentence(weak.reason_message, weak.reason) }),
    onClick: () => transport.seek(weak.start),
  }));
  const failed = afterUrl.error?.message ?? broken;

  return html`<div class="player" onKeyDown=${key}>
    <div class="player-modes">${
      comparable
        ? html`<${Tabs} tabs=${modes} value=${shown} label=${t("player.compare")} panel="player-stage"
      onChange=${(/** @type {any} */ next) => setMode(next)} />`
        : html`<p class="hint">${t("player.no-before")}</p>`
    }</div>
    <div id="player-stage" role="tabpanel" aria-label=${t("player.picture", { name: take.name })} class="player-stage ${shown}"
      style=${{ aspectRatio: shown === "side" ? `${take.width * 2} / ${take.height}` : `${take.width} / ${take.height}` }}>
      <video ref=${before} class="before" src=${beforeUrl.url ?? undefined} playsinline muted preload="auto" tabindex="-1"
        aria-label=${t("player.before")} onError=${() => beforeUrl.url === null || beforeUrl.renew() || setLost(true)}></video>
      <video ref=${after} class="after" src=${afterUrl.url ?? undefined} playsinline preload="auto" tabindex="-1" aria-label=${t("player.after")}
        muted=${muted}
        onError=${() => afterUrl.url === null || afterUrl.renew() || setBroken(t("player.broken"))} onLoadedData=${() => setBroken(null)}
          style=${{ clipPath: shown === "wipe" ? `inset(0 0 0 ${wipe * 100}%)` : "none" }} onClick=${transport.toggle}></video>
      <span class="stage-label left">${shown === "after" ? t("player.after") : t("player.before")}</span>
      ${(shown === "side" || shown === "wipe") && html`<span class="stage-label right">${t("player.after")}</span>`}
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
      <span class="spacer"></span>
      <${Button} kind="quiet" icon="split" title=${t("player.ab-key")} pressed=${shown === "before"} disabled=${!comparable}
        onClick=${() => setMode(mode === "before" ? "after" : "before")}>${t("player.ab")}<//>
      <${IconButton} name=${t(muted ? "player.unmute" : "player.mute")} icon=${muted ? "mute" : "speaker"} pressed=${muted}
        onClick=${() => setMuted(!muted)} />
    </div>
    <${Strip} frames=${take.frames} frame=${transport.frame} onSeek=${transport.seek} height=${96} label=${t("player.position")}
      valueText=${name(transport.frame)} marks=${marks} draw=${draw} drawn=${[report, waveform]} />
    <ul class="legend" aria-label=${t("player.legend")}><li class="speech">${t("player.legend-speech")}</li><li class="lips">
      ${t("player.legend-lips")}</li>
      ${
        report &&
        Object.keys(report.passed_through).length > 0 &&
        html`<li class="unchanged">${t("player.legend-unchanged")}
        </li>`
      }${take.weak.length > 0 && html`<li class="weak">${t("player.legend-weak")}</li>`}</ul>
  </div>`;
}

/** @param {HTMLVideoElement | null} one @param {HTMLVideoElement | null} leader @param {import("../time.js").Rate} rate */
function follow(one, leader, rate) {
  if (!one || !leader || one.readyState < 1) return;
  const halfFrame = rate.d / rate.n / 2;
  if (leader.paused) {
    one.pause();
    const target = insideOf(Math.max(0, Math.floor((leader.currentTime * rate.n) / rate.d + 1e-3)), rate);
    if (Math.abs(one.currentTime - target) > halfFrame / 4) one.currentTime = target;
    return;
  }
  if (one.paused) one.play().catch(() => {}); // no picture of the source: the take still plays
  if (Math.abs(one.currentTime - leader.currentTime) > halfFrame) one.currentTime = leader.currentTime;
}
