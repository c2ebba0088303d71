/** A strip of time under a picture: a drawing, a playhead, marks to press; pressing anywhere seeks to that frame. */

import { html, useEffect, useRef, useState } from "../ui/html.js";
import { useSize } from "../ui/hooks.js";
import { prepare, valueAt, xOf } from "./draw.js";

/** @typedef {import("./draw.js").Span} Span */
/** @typedef {{key: string, from: number, to: number, name: string, kind: "weak" | "keep" | "unchanged", onClick: () => void}} Mark */

/**
 * @param {{frames: number, frame: number, onSeek: (frame: number) => void, height: number, label: string, valueText: string,
 *   marks?: Mark[], draw: (context: CanvasRenderingContext2D, span: Span, height: number) => void, drawn: unknown[],
 *   children?: import("../ui/html.js").Children}} props
 *   drawn: what the drawing depends on
 */
export function Strip({ frames, frame, onSeek, height, label, valueText, marks = [], draw, drawn, children }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const { width } = useSize(box);
  const theme = useTheme();
  const span = { from: 0, to: Math.max(1, frames), width };
  useEffect(() => {
    if (canvas.current && width > 0) draw(prepare(canvas.current, width, height), span, height);
  }, [width, height, frames, theme, ...drawn]);

  /** @param {PointerEvent} event */
  function seek(event) {
    const left = /** @type {HTMLElement} */ (box.current).getBoundingClientRect().left;
    onSeek(Math.max(0, Math.min(frames - 1, Math.floor(valueAt(event.clientX - left, span)))));
  }
  /** @param {PointerEvent} event */
  function press(event) {
    if (event.button !== 0) return;
    /** @type {HTMLElement} */ (event.currentTarget).setPointerCapture(event.pointerId);
    seek(event);
  }
  /** @param {KeyboardEvent} event */
  function step(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10, Home: -frames, End: frames }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    onSeek(Math.max(0, Math.min(frames - 1, frame + by * (event.shiftKey ? 10 : 1))));
  }
  return html`<div class="strip" ref=${box} style=${{ height: `${height}px` }}>
    <div class="strip-face" role="slider" tabindex="0" aria-label=${label} aria-valuemin="0" aria-valuemax=${Math.max(0, frames - 1)}
      aria-valuenow=${frame} aria-valuetext=${valueText}
      onPointerDown=${press} onPointerMove=${(/** @type {PointerEvent} */ event) => event.buttons & 1 && seek(event)} onKeyDown=${step}>
      <canvas ref=${canvas} aria-hidden="true"></canvas>
      <div class="playhead" style=${{ transform: `translateX(${xOf(frame + 0.5, span)}px)` }}></div>
    </div>
    ${marks.map(
      (mark) => html`<button key=${mark.key} type="button" class="mark ${mark.kind}" title=${mark.name} aria-label=${mark.name}
      onClick=${mark.onClick}
      style=${{ left: `${(mark.from / span.to) * 100}%`, width: `max(10px, ${((mark.to - mark.from) / span.to) * 100}%)` }}></button>`,
    )}
    ${children}
  </div>`;
}

/** Changes whenever the theme does, so that canvases are drawn again. */
export function useTheme() {
  const read = () => `${document.documentElement.dataset.theme ?? ""}${matchMedia("(prefers-color-scheme: light)").matches}`;
  const [theme, setTheme] = useState(read);
  useEffect(() => {
    const look = () => setTheme(read());
    const observer = new MutationObserver(look);
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "style"] });
    const scheme = matchMedia("(prefers-color-scheme: light)");
    scheme.addEventListener("change", look);
    return () => {
      observer.disconnect();
      scheme.removeEventListener("change", look);
    };
  }, []);
  return theme;
}
