/** Before anybody is signed in: how to get in. */

import { html, useState } from "../ui/html.js";
import { Button, Field, Notice } from "../ui/parts.js";
import { t } from "../text.js";

/** @param {{problem: string | null, onCode: (code: string) => Promise<void>}} props */
export function SignIn({ problem, onCode }) {
  const [typed, setTyped] = useState("");
  const [said, setSaid] = useState(/** @type {string | null} */ (null));
  const [busy, setBusy] = useState(false);
  /** @param {Event} event */
  async function enter(event) {
    event.preventDefault();
    const code = typed.trim().replace(/^.*#code=/, "");
    if (!code) return;
    setBusy(true);
    await onCode(code).catch((error) => setSaid(error.message));
    setBusy(false);
  }
  return html`<form class="entrance-box" onSubmit=${enter}>
    <h1>${t("signin.title")}</h1>
    <p>${t("signin.how")}</p><p><code>heygem serve</code></p>
    <${Field} id="code" label=${t("signin.code")}><input id="code" type="text" autocomplete="off" spellcheck=${false} value=${typed}
      onInput=${(/** @type {Event} */ event) => setTyped(/** @type {HTMLInputElement} */ (event.target).value)} /><//>
    ${(said ?? problem) && html`<${Notice} kind="warn">${said ?? problem}<//>`}
    <${Button} kind="primary" submit busy=${busy}>${t("signin.enter")}<//>
  </form>`;
}
