/** Small controls that every view uses. Each is keyboard operable and named; looks live in style/parts.css. */

import { html, useEffect, useRef } from "./html.js";
import { Icon } from "./icons.js";
import { percent } from "../format.js";
import { t } from "../text.js";

/** @typedef {import("./html.js").Children} Children */
/** @typedef {import("./icons.js").IconName} IconName */

/** @typedef {string | false | null} Why why a control cannot be used now: it is switched off and says so; anything empty = it can be used */

/**
 * A busy button keeps the focus, which a disabled one would lose to the page.
 * @param {{onClick?: (event: MouseEvent) => void, icon?: IconName, kind?: "plain" | "primary" | "danger" | "quiet", why?: Why,
 *   busy?: boolean, children?: Children, title?: string, submit?: boolean, pressed?: boolean}} props
 */
export const Button = ({ onClick, icon, kind = "plain", why, busy, children, title, submit, pressed }) => html`
  <button type=${submit && !busy ? "submit" : "button"} class="button ${kind}" onClick=${busy ? undefined : onClick} disabled=${!!why}
    title=${why || title} aria-busy=${busy ? "true" : undefined} aria-disabled=${busy ? "true" : undefined}
    aria-pressed=${pressed === undefined ? undefined : String(pressed)}>
    ${icon && html`<${Icon} name=${icon} size=${16} />`}<span>${children}</span>
  </button>`;

/**
 * @param {{name: string, icon: IconName, onClick: (event: MouseEvent) => void, why?: Why, busy?: boolean, pressed?: boolean,
 *   danger?: boolean}} props
 */
export const IconButton = ({ name, icon, onClick, why, busy, pressed, danger }) => html`
  <button type="button" class="icon-button ${danger ? "danger" : ""}" onClick=${busy ? undefined : onClick} disabled=${!!why}
    aria-label=${name} title=${why || name} aria-busy=${busy ? "true" : undefined} aria-disabled=${busy ? "true" : undefined}
    aria-pressed=${pressed === undefined ? undefined : String(pressed)}><${Icon} name=${icon} size=${18} /></button>`;

/** @param {{children: Children, kind?: "neutral" | "live" | "good" | "warn" | "bad"}} props */
export const Badge = ({ children, kind = "neutral" }) => html`<span class="badge ${kind}">${children}</span>`;

/** @param {{share: number | null, label: string, kind?: "live" | "good" | "bad" | "still"}} props share 0–1, null = unknown */
export function Bar({ share, label, kind = "live" }) {
  const known = share !== null && Number.isFinite(share);
  return html`<div class="bar ${kind} ${known ? "" : "unknown"}" role="progressbar" aria-label=${label} aria-valuemin="0"
    aria-valuemax="100"
    aria-valuenow=${known ? Math.floor(share * 100) : undefined} aria-valuetext=${known ? percent(share) : t("progress.unknown")}>
    <div class="bar-fill" style=${{ transform: `scaleX(${known ? Math.min(1, Math.max(0, share)) : 1})` }}></div>
  </div>`;
}

/** @param {{kind?: "info" | "warn" | "error", title?: string, children: Children, onClose?: () => void, live?: boolean}} props */
export const Notice = ({ kind = "info", title, children, onClose, live = true }) => html`
  <div class="notice ${kind}" role=${live ? (kind === "error" ? "alert" : "status") : undefined}>
    <${Icon} name=${kind === "info" ? "info" : "warn"} />
    <div class="notice-text">${title && html`<strong>${title}</strong>`}<div>${typeof children === "string" ? withCommands(children) : children}</div></div>
    ${onClose && html`<${IconButton} name=${t("action.close")} icon="close" onClick=${onClose} />`}
  </div>`;

/** A sentence whose commands stand between backticks, as the command line prints them. @param {string} text @returns {Children} */
export const withCommands = (text) => text.split("`").map((part, k) => (k % 2 ? html`<code>${part}</code>` : part));

/** @param {{icon: IconName, title: string, children?: Children}} props */
export const Empty = ({ icon, title, children }) => html`
  <div class="empty"><${Icon} name=${icon} size=${36} /><h2>${title}</h2>${children && html`<p>${children}</p>`}</div>`;

/** @param {{label: string, hint?: string, children: Children, id: string}} props */
export const Field = ({ label, hint, children, id }) => html`
  <div class="field"><label for=${id}>${label}</label>${children}${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}</div>`;

/**
 * @param {{id: string, value: string, options: [string, string][], onChange: (value: string) => void, why?: Why,
 *   name?: string}} props options: value and text
 */
export const Select = ({ id, value, options, onChange, why, name }) => html`
  <select id=${id} value=${value} disabled=${!!why} title=${why || undefined} aria-label=${name}
    onChange=${(/** @type {Event} */ event) => onChange(/** @type {HTMLSelectElement} */ (event.target).value)}>
    ${options.map(([key, text]) => html`<option key=${key} value=${key} selected=${key === value}>${text}</option>`)}
  </select>`;

/** @param {{id: string, value: number, min: number, max: number, step: number, onChange: (value: number) => void, text: string}} props */
export const Slider = ({ id, value, min, max, step, onChange, text }) => html`
  <div class="slider"><input type="range" id=${id} value=${value} min=${min} max=${max} step=${step} aria-valuetext=${text}
    onInput=${(/** @type {Event} */ event) => onChange(Number(/** @type {HTMLInputElement} */ (event.target).value))} /><output for=${id}>
      ${text}</output></div>`;

/**
 * Tabs as WAI-ARIA describes them: arrow keys move, one tab stop.
 * @param {{tabs: [string, string][], value: string, onChange: (value: string) => void, label: string, panel: string}} props
 */
export function Tabs({ tabs, value, onChange, label, panel }) {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  /** @param {KeyboardEvent} event */
  function move(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = tabs.findIndex(([key]) => key === value);
    const next = (at + step + tabs.length) % tabs.length;
    onChange(tabs[next][0]);
    /** @type {HTMLElement | undefined} */ (list.current?.children[next])?.focus();
  }
  return html`<div class="tabs" role="tablist" aria-label=${label} ref=${list} onKeyDown=${move}>
    ${tabs.map(
      ([key, text]) => html`<button key=${key} type="button" role="tab" id="tab-${key}" aria-selected=${String(key === value)}
      aria-controls=${panel}
      tabindex=${key === value ? 0 : -1} onClick=${() => onChange(key)}>${text}</button>`,
    )}
  </div>`;
}

/**
 * A modal dialog: focus stays inside, Escape closes, focus returns.
 * @param {{title: string, onClose: () => void, children: Children, footer?: Children, wide?: boolean}} props
 */
export function Dialog({ title, onClose, children, footer, wide }) {
  const ref = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    const dialog = ref.current;
    dialog?.showModal();
    return () => {
      dialog?.close(); // while it is open all else is inert and takes no focus
      before?.focus?.();
    };
  }, []);
  return html`<dialog ref=${ref} class=${wide ? "wide" : ""} aria-label=${title}
    onCancel=${(/** @type {Event} */ event) => {
      event.preventDefault();
      onClose();
    }}>
    <header><h2>${title}</h2><${IconButton} name=${t("action.close")} icon="close" onClick=${onClose} /></header>
    <div class="dialog-body">${children}</div>
    ${footer && html`<footer>${footer}</footer>`}
  </dialog>`;
}

/** A line of facts, unknown ones left out. @param {{items: Children[]}} props */
export const Facts = ({ items }) => html`<p class="facts">${items.filter(Boolean).map((item, k) => html`<span key=${k}>${item}</span>`)}
  </p>`;
