/**
 * One video before its render: the picture by frames, who speaks, where the shot begins and ends, and what stays as it is. Marks lie on the
 * waveform of the clip's own sound; the new speech lies below it where it will be heard.
 */

/** @import * as Wire from "../wire.js" */
/** @import { Item } from "./items.js" */
import { html, useEffect, useRef, useState } from "../ui/html.js";
import { useApp, useBlobUrl, useMediaUrl, useTask } from "../ui/hooks.js";
import { Button, IconButton, Notice } from "../ui/parts.js";
import { Icon } from "../ui/icons.js";
import { frameOfText, nameOfFrame, parseRate, secondsOf } from "../time.js";
import { duration } from "../format.js";
import { t } from "../text.js";
import * as inspection from "./inspection.js";
import { colour, drawRange, drawWave } from "./draw.js";
import { FaceOutlines, FaceTiles, sameFace } from "./faces.js";
import { Strip } from "./strip.js";
import { TransportButtons, transportKey, useTransport } from "./transport.js";

const RANGE_MS = 700; // marks are often moved several times in a row

/**
 * Faces are numbered within a range: after a mark was moved, the person who was chosen may have another number.
 * @param {Item} item
 * @param {Wire.FacesFound | null} found
 * @param {(change: Partial<Item>) => void} onChange
 */
function useFaceThroughRanges(item, found, onChange) {
  const last = useRef(found);
  useEffect(() => {
    const before = last.current?.faces.find((face) => face.number === item.face);
    if (found) last.current = found;
    if (!found || !before) return;
    const after = sameFace(before, found.faces)?.number ?? null;
    if (after !== item.face) onChange({ face: after });
  }, [found]);
}

/** @param {{item: Item, speech: Item | null, onChange: (change: Partial<Item>) => void}} props */
export function ShotEditor({ item, speech, onChange }) {
  const { client } = useApp();
  const ref = /** @type {Wire.MediaRef} */ (item.ref);
  const facts = /** @type {Wire.Probed} */ (item.probed);
  const rate = parseRate(facts.rate);
  const frames = facts.kind === "still" ? 1 : (facts.frames ?? 0);
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const still = useTask(() => inspection.poster(client.api, ref, null), [item.key]);
  const found = useTask(() => inspection.faces(client.api, ref, item.start, item.endExclusive), [item.key, item.start, item.endExclusive], {
    waitMs: item.start === 0 && item.endExclusive === null ? 0 : RANGE_MS,
  });
  useFaceThroughRanges(item, found.value, onChange);
  const wave = useTask(() => inspection.waveform(client.api, ref), [item.key], { when: facts.sound_channels !== null });
  const heard = useTask(
    () => inspection.waveform(client.api, /** @type {Wire.MediaRef} */ (speech?.ref), speech?.channels),
    [speech?.key, speech?.state, `${speech?.channels}`],
    { when: speech?.state === "ready" },
  );
  const proxy = useTask(() => inspection.proxy(client.api, ref), [item.key], { when: facts.kind === "video" });
  const playable = useMediaUrl(proxy.value);
  const transport = useTransport(video, { rate, frames, src: playable.url });
  const stillUrl = useBlobUrl(still.value);
  const [keepFrom, setKeepFrom] = useState(/** @type {number | null} */ (null));
  const end = item.endExclusive ?? frames;
  const name = (/** @type {number} */ frame) => nameOfFrame(frame, rate, facts.start_timecode);

  /** @param {number} frame */
  const setIn = (frame) => onChange({ start: Math.max(0, Math.min(frame, end - 1)) });
  /** @param {number} frame the last one that belongs to the shot */
  const setOut = (frame) => onChange({ endExclusive: frame + 1 >= frames ? null : Math.max(item.start + 1, frame + 1) });
  function toggleKeep() {
    if (keepFrom === null) return setKeepFrom(transport.frame);
    const range = /** @type {[number, number]} */ ([Math.min(keepFrom, transport.frame), Math.max(keepFrom, transport.frame) + 1]);
    setKeepFrom(null);
    onChange({ keep: united([...item.keep, range]) });
  }
  /** @param {KeyboardEvent} event */
  function key(event) {
    if (/** @type {HTMLElement} */ (event.target).matches("input[type=text]") || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = { i: () => setIn(transport.frame), o: () => setOut(transport.frame), n: toggleKeep }[event.key.toLowerCase()];
    if (act) {
      event.preventDefault();
      act();
    } else if (!(event.key === " " && /** @type {HTMLElement} */ (event.target).matches("button"))) transportKey(event, transport, frames);
  }
  /** @param {CanvasRenderingContext2D} context @param {import("./draw.js").Span} span @param {number} height */
  function draw(context, span, height) {
    const half = height / 2;
    if (wave.value)
      drawWave(context, wave.value.peaks, { first: 0, last: frames, span, top: 0, height: half, fill: colour("--wave-source") });
    if (heard.value)
      drawWave(context, heard.value.peaks, {
        first: item.start,
        last: item.start + (rate ? (heard.value.duration_s * rate.n) / rate.d : frames),
        span,
        top: half,
        height: half,
        fill: colour("--wave-speech"),
      });
    const shade = { span, top: 0, height, fill: colour("--shade") };
    drawRange(context, 0, item.start, shade);
    drawRange(context, end, frames, shade);
    for (const [from, to] of item.keep)
      drawRange(context, from, to, { ...shade, fill: colour("--keep-fill"), hatch: colour("--keep-line") });
    if (keepFrom !== null)
      drawRange(context, Math.min(keepFrom, transport.frame), Math.max(keepFrom, transport.frame) + 1, {
        ...shade,
        fill: colour("--keep-fill"),
      });
  }
  const frameLength = frames && rate ? secondsOf(end - item.start, rate) : null;

  return html`<div class="shot-editor" onKeyDown=${key}>
    <div class="stage" style=${{ aspectRatio: `${facts.width ?? 16} / ${facts.height ?? 9}` }}>
      ${stillUrl && html`<img src=${stillUrl} alt="" />`}
      ${
        playable.url &&
        html`<video ref=${video} src=${playable.url} playsinline preload="auto" tabindex="-1" aria-label=${item.name}
          onError=${playable.renew}>
        </video>`
      }
      ${
        found.value &&
        html`<${FaceOutlines} found=${found.value} chosen=${item.face}
        frame=${facts.kind === "still" ? (found.value.faces[0]?.frame ?? 0) : transport.frame}
          onChoose=${(/** @type {number} */ face) => onChange({ face })} />`
      }
      ${proxy.status === "pending" && html`<span class="stage-note" role="status">${t("editor.preparing")}</span>`}
    </div>
    ${proxy.status === "error" && html`<${Notice} kind="warn">${proxy.error.message}<//>`}
    ${
      facts.kind === "video" &&
      frames > 0 &&
      html`
      <div class="editor-bar">
        <${TransportButtons} transport=${transport} why=${!playable.url && (proxy.error?.message ?? t("editor.preparing"))} />
        <output class="timecode" aria-live="off">${name(transport.frame)}</output>
        <span class="spacer"></span>
        <${Button} kind="quiet" onClick=${() => setIn(transport.frame)} title=${t("editor.in-key")}>${t("editor.set-in")}<//>
        <${Button} kind="quiet" onClick=${() => setOut(transport.frame)} title=${t("editor.out-key")}>${t("editor.set-out")}<//>
        <${Button} kind="quiet" onClick=${toggleKeep} pressed=${keepFrom !== null} title=${t("editor.keep-key")}>
          ${t(keepFrom === null ? "editor.keep-from" : "editor.keep-to")}<//>
      </div>
      <${Strip} frames=${frames} frame=${transport.frame} onSeek=${transport.seek} height=${88} label=${t("editor.position")}
        valueText=${name(transport.frame)}
        draw=${draw} drawn=${[wave.value, heard.value, item.start, end, item.keep, keepFrom, keepFrom === null ? 0 : transport.frame]}>
        <${Handle} frames=${frames} frame=${item.start} edge="in" name=${t("editor.in")} text=${name(item.start)} onMove=${setIn} />
        <${Handle} frames=${frames} frame=${end} edge="out" name=${t("editor.out")} text=${name(end - 1)}
          onMove=${(/** @type {number} */ frame) => setOut(frame - 1)} />
      <//>
      <div class="editor-marks">
        <${FrameInput} label=${t("editor.in")} frame=${item.start} text=${name(item.start)}
          read=${(/** @type {string} */ text) => frameOfText(text, rate, facts.start_timecode)} onChange=${setIn} />
        <${FrameInput} label=${t("editor.out")} frame=${end - 1} text=${name(end - 1)}
          read=${(/** @type {string} */ text) => frameOfText(text, rate, facts.start_timecode)} onChange=${setOut} />
        <span class="facts-inline">
          ${t("editor.length", { frames: end - item.start })}${frameLength !== null && ` · ${duration(frameLength)}`}</span>
      </div>
      ${
        item.keep.length > 0 &&
        html`<ul class="chips" aria-label=${t("editor.keep")}>${item.keep.map(
          ([from, to], k) => html`
        <li key=${`${from}-${to}`} class="chip keep"><button type="button" class="chip-text" onClick=${() => transport.seek(from)}>
          ${name(from)} – ${name(to - 1)}</button>
          <${IconButton} name=${t("editor.keep-remove", { from: name(from), to: name(to - 1) })} icon="close"
            onClick=${() => onChange({ keep: item.keep.filter((_, other) => other !== k) })} /></li>`,
        )}</ul>`
      }`
    }
    <${FaceChoice} item=${item} found=${found}
      onChoose=${(/** @type {Wire.FaceFound} */ face) => {
        onChange({ face: face.number });
        if (facts.kind === "video") transport.seek(face.frame);
      }} />
  </div>`;
}

/**
 * @param {{item: Item, found: import("../task.js").Outcome<Wire.FacesFound> & {again: () => void},
 *   onChoose: (face: Wire.FaceFound) => void}} props
 */
function FaceChoice({ item, found, onChoose }) {
  if (found.status === "error") return html`<${Notice} kind="warn" title=${t("face.failed")}>${found.error.message}<//>`;
  if (!found.value) return html`<p class="hint" role="status"><${Icon} name="face" size=${16} /> ${t("face.looking")}</p>`;
  if (!found.value.faces.length) return html`<${Notice} kind="warn" title=${t("face.none")}>${t("face.none-hint")}<//>`;
  return html`<div class="face-choice"><h3>${t("face.which")}</h3><${FaceTiles} item=${item.ref} found=${found.value} chosen=${item.face}
    onChoose=${onChoose} /></div>`;
}

/** @param {{frames: number, frame: number, edge: "in" | "out", name: string, text: string, onMove: (frame: number) => void}} props */
export function Handle({ frames, frame, edge, name, text, onMove }) {
  const ref = useRef(/** @type {HTMLDivElement | null} */ (null));
  /** @param {PointerEvent} event */
  function drag(event) {
    const box = ref.current?.parentElement?.getBoundingClientRect();
    if (!box || !(event.buttons & 1)) return;
    onMove(Math.round(((event.clientX - box.left) / box.width) * frames));
  }
  /** @param {KeyboardEvent} event */
  function step(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    onMove(frame + by * (event.shiftKey ? 10 : 1));
  }
  return html`<div ref=${ref} class="handle ${edge}" role="slider" tabindex="0" aria-label=${name} aria-valuemin="0" aria-valuemax=${frames}
    aria-valuenow=${frame} aria-valuetext=${text}
    style=${{ left: `${(frame / frames) * 100}%` }} onKeyDown=${step} onPointerMove=${drag}
    onPointerDown=${(/** @type {PointerEvent} */ event) => {
      event.stopPropagation();
      ref.current?.setPointerCapture(event.pointerId);
    }}>
      </div>`;
}

/**
 * A frame typed as timecode or number; what makes no sense is put back.
 * @param {{label: string, frame: number, text: string, read: (text: string) => number | null, onChange: (frame: number) => void}} props
 */
export function FrameInput({ label, frame, text, read, onChange }) {
  const [typed, setTyped] = useState(text);
  useEffect(() => setTyped(text), [text, frame]);
  function commit() {
    const value = read(typed);
    if (value === null) setTyped(text);
    else onChange(value);
  }
  return html`<label class="frame-input"><span>${label}</span><input type="text" class="timecode" value=${typed} spellcheck=${false}
    onInput=${(/** @type {Event} */ event) => setTyped(/** @type {HTMLInputElement} */ (event.target).value)} onChange=${commit}
    onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Enter" && commit()} /></label>`;
}

/** Ranges in order, those that touch made one. @param {[number, number][]} ranges @returns {[number, number][]} */
export function united(ranges) {
  /** @type {[number, number][]} */
  const result = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = result[result.length - 1];
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result;
}
