/**
 * One speech before its render: heard, seen as a wave, and cut at both ends, unless all of it is heard. Times are counted in hundredths of
 * a second.
 */

/** @import * as Wire from "../wire.js" */
/** @import { Item } from "./items.js" */
import { html, useRef } from "../ui/html.js";
import { useApp, useMediaUrl, useTask } from "../ui/hooks.js";
import { Button, IconButton, Notice } from "../ui/parts.js";
import { duration } from "../format.js";
import { t } from "../text.js";
import * as inspection from "./inspection.js";
import { ChannelChoice } from "./channels.js";
import { colour, drawRange, drawWave } from "./draw.js";
import { FrameInput, Handle } from "./editor.js";
import { Strip } from "./strip.js";
import { transportKey, useTransport } from "./transport.js";

const PER_S = 100;
const RATE = { n: PER_S, d: 1 };

/** "1:05.25" @param {number} hundredths */
export function momentOf(hundredths) {
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  return `${Math.floor(hundredths / 6000)}:${two(Math.floor(hundredths / PER_S) % 60)}.${two(hundredths % PER_S)}`;
}

/** What somebody typed: "65", "1:05", "1:05.25". @param {string} text @returns {number | null} hundredths, null = no time */
export function hundredthsOf(text) {
  const [, minutes, seconds] = /^\s*(?:(\d+):)?(\d+(?:[.,]\d+)?)\s*$/.exec(text) ?? [];
  return seconds === undefined ? null : Math.round((Number(minutes ?? 0) * 60 + Number(seconds.replace(",", "."))) * PER_S);
}

/** @param {{item: Item, cut?: boolean, onChange: (change: Partial<Item>) => void}} props cut: whether it can be cut */
export function SpeechEditor({ item, cut = true, onChange }) {
  const { client } = useApp();
  const ref = /** @type {Wire.MediaRef} */ (item.ref);
  const whole = Math.max(1, Math.round((item.probed?.duration_s ?? 0) * PER_S));
  const sound = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const { channels } = item;
  const wave = useTask(() => inspection.waveform(client.api, ref, channels), [item.key, `${channels}`]);
  const proxy = useTask(() => inspection.proxy(client.api, ref, channels), [item.key, `${channels}`]);
  const playable = useMediaUrl(proxy.value);
  const transport = useTransport(sound, { rate: RATE, frames: whole, src: playable.url });
  const start = cut ? Math.round(item.speechStart * PER_S) : 0;
  const end = !cut || item.speechEnd === null ? whole : Math.round(item.speechEnd * PER_S);

  /** @param {number} at */
  const setIn = (at) => onChange({ speechStart: Math.max(0, Math.min(at, end - 1)) / PER_S });
  /** @param {number} at */
  const setOut = (at) => onChange({ speechEnd: at >= whole ? null : Math.max(start + 1, at) / PER_S });
  /** @param {CanvasRenderingContext2D} context @param {import("./draw.js").Span} span @param {number} height */
  function draw(context, span, height) {
    if (wave.value) drawWave(context, wave.value.peaks, { first: 0, last: whole, span, top: 0, height, fill: colour("--wave-speech") });
    const shade = { span, top: 0, height, fill: colour("--shade") };
    drawRange(context, 0, start, shade);
    drawRange(context, end, whole, shade);
  }
  /** @param {KeyboardEvent} event */
  function key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.matches("input[type=text]") || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = cut ? { i: () => setIn(transport.frame), o: () => setOut(transport.frame) }[event.key.toLowerCase()] : undefined;
    if (act) {
      event.preventDefault();
      act();
    } else if (!(event.key === " " && target.matches("button"))) transportKey(event, transport, whole);
  }
  return html`<div class="shot-editor speech-editor" onKeyDown=${key}>
    <audio ref=${sound} src=${playable.url} preload="auto" onError=${playable.renew}></audio>
    ${proxy.status === "error" && html`<${Notice} kind="warn">${proxy.error.message}<//>`}
    <${Strip} frames=${whole} frame=${transport.frame} onSeek=${transport.seek} height=${56} label=${t("speech.position")}
      valueText=${momentOf(transport.frame)} draw=${draw} drawn=${[wave.value, start, end]}>
      ${
        cut &&
        html`<${Handle} frames=${whole} frame=${start} edge="in" name=${t("editor.in")} text=${momentOf(start)} onMove=${setIn} />
      <${Handle} frames=${whole} frame=${end} edge="out" name=${t("editor.out")} text=${momentOf(end)} onMove=${setOut} />`
      }
    <//>
    <div class="editor-bar">
      <${IconButton} name=${t(transport.playing ? "player.pause" : "player.play")} icon=${transport.playing ? "pause" : "play"}
        why=${!playable.url && (proxy.error?.message ?? t("editor.preparing"))} onClick=${transport.toggle} />
      <output class="timecode" aria-live="off">${momentOf(transport.frame)}</output>
      ${
        cut &&
        html`<${Button} kind="quiet" onClick=${() => setIn(transport.frame)} title=${t("editor.in-key")}>${t("editor.set-in")}<//>
      <${Button} kind="quiet" onClick=${() => setOut(transport.frame)} title=${t("editor.out-key")}>${t("editor.set-out")}<//>`
      }
      <span class="spacer"></span>
      ${
        cut &&
        html`<${FrameInput} label=${t("editor.in")} frame=${start} text=${momentOf(start)} read=${hundredthsOf} onChange=${setIn} />
      <${FrameInput} label=${t("editor.out")} frame=${end} text=${momentOf(end)} read=${hundredthsOf} onChange=${setOut} />`
      }
      <span class="facts-inline">${duration((end - start) / PER_S)}</span>
    </div>
    <${ChannelChoice} streams=${item.probed?.sound_streams ?? []} chosen=${channels}
      onChange=${(/** @type {number[]} */ chosen) => onChange({ channels: chosen })} />
  </div>`;
}
