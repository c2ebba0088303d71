/** Line icons, drawn for this page on a 20-pixel grid. They are decoration: whoever uses one gives the control its name. */

import { html } from "./html.js";

const PATHS = {
  plus: "M10 4v12M4 10h12",
  close: "M5 5l10 10M15 5L5 15",
  check: "M4 10.5l4 4 8-9",
  play: "M6 4l10 6-10 6z",
  pause: "M6.5 4v12M13.5 4v12",
  stop: "M5 5h10v10H5z",
  retry: "M15.5 7A6 6 0 1 0 16 11M16 3.5V7h-3.5",
  up: "M5 12l5-5 5 5",
  down: "M5 8l5 5 5-5",
  left: "M12 5l-5 5 5 5",
  right: "M8 5l5 5-5 5",
  first: "M14 5l-5 5 5 5M6 5v10",
  last: "M6 5l5 5-5 5M14 5v10",
  folder: "M3 6a1 1 0 0 1 1-1h4l2 2h6a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1z",
  video: "M3 5h10v10H3zM13 9l4-2.5v7L13 11z",
  sound: "M4 8v4M7 6v8M10 4v12M13 7v6M16 9v2",
  timeline: "M3 5h8v4H3zM8 11h9v4H8z",
  upload: "M10 14V4M6 8l4-4 4 4M4 16h12",
  download: "M10 4v10M6 10l4 4 4-4M4 17h12",
  trash: "M4 6h12M8 6V4h4v2M6 6l.7 10h6.6L14 6",
  pin: "M8 3h4l-.5 5 2.5 3H6l2.5-3zM10 11v6",
  full: "M4 8V4h4M12 4h4v4M16 12v4h-4M8 16H4v-4",
  loop: "M5 9V8a3 3 0 0 1 3-3h7M12.5 2.5L15 5l-2.5 2.5M15 11v1a3 3 0 0 1-3 3H5M7.5 12.5L5 15l2.5 2.5",
  face: "M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM7.5 8.5v.5M12.5 8.5v.5M7 12.5q3 2.5 6 0",
  split: "M10 3v14M3 5h14v10H3z",
  log: "M4 5h12M4 9h12M4 13h8",
  moon: "M15.5 12A6.5 6.5 0 0 1 8 4.5 6.5 6.5 0 1 0 15.5 12z",
  sun:
    "M10 7a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM10 2v2M10 16v2M2 10h2M16 10h2" +
    "M4.5 4.5l1.4 1.4M14.1 14.1l1.4 1.4M15.5 4.5l-1.4 1.4M5.9 14.1l-1.4 1.4",
  warn: "M10 3.5l7.5 13h-15zM10 8v4M10 14.2v.3",
  info: "M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM10 9v5M10 6.2v.3",
  copy: "M8 7h8v9H8zM5 13H4V4h9v1",
  sliders: "M4 6h6M14 6h2M10 6a2 2 0 1 0 4 0a2 2 0 1 0-4 0M4 14h2M10 14h6M6 14a2 2 0 1 0 4 0a2 2 0 1 0-4 0",
  more: "M5 10h.01M10 10h.01M15 10h.01",
  search: "M9 4a5 5 0 1 1 0 10A5 5 0 0 1 9 4zM13 13l4 4",
  mute: "M4 8h3l4-3v10l-4-3H4zM14 8l3 4M17 8l-3 4",
  speaker: "M4 8h3l4-3v10l-4-3H4zM14 7q2 3 0 6",
  link: "M8 12l4-4M9 6l1.5-1.5a3 3 0 0 1 5 5L14 11M11 14l-1.5 1.5a3 3 0 0 1-5-5L6 9",
};

/** @typedef {keyof typeof PATHS} IconName */

/** @param {{name: IconName, size?: number}} props */
export const Icon = ({ name, size = 20 }) => html`
  <svg class="icon" width=${size} height=${size} viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.6"
    stroke-linecap="round"
    stroke-linejoin="round" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>`;
