/** What is seen before anybody is in: the sign-in, the wait for a panel, or why the server does not let one in. */

import { html } from "../ui/html.js";
import { Button, Notice } from "../ui/parts.js";
import { t } from "../text.js";
import { SignIn } from "./signin.js";

/** @import * as Wire from "../wire.js" */
/**
 * @typedef {object} Entry
 * @property {"starting" | "waiting-for-panel" | "signed-out" | "in" | "failed"} state
 * @property {Wire.Info | null} info
 * @property {string | null} problem
 */

/** @param {{entry: Entry, onAgain: () => void, onCode: (code: string) => Promise<void>}} props */
export function Entrance({ entry, onAgain, onCode }) {
  if (entry.state === "signed-out")
    return html`<main id="main" class="entrance"><${SignIn} problem=${entry.problem} onCode=${onCode} /></main>`;
  const failed = html`<${Notice} kind="error">${entry.problem}<//><${Button} icon="retry" onClick=${onAgain}>${t("action.again")}<//>`;
  const waiting = html`<p role="status">${t(entry.state === "starting" ? "action.loading" : "host.waiting")}</p>
    ${entry.problem && html`<p class="hint">${entry.problem}</p>`}`;
  return html`<main id="main" class="entrance">
    <div class="entrance-box"><${Brand} />${entry.state === "failed" ? failed : waiting}</div></main>`;
}

export const Brand = () => html`<span class="brand">
  <svg width="22" height="22" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
    <rect x="1" y="1" width="18" height="18" rx="5" class="brand-box" />
    <path d="M4 10q3-3.2 6-1.6Q13 6.8 16 10q-3 4-6 4t-6-4z" class="brand-lips" />
  </svg><span>HeyGem Bridge</span></span>`;
