/** A folder that somebody wants to use and nobody allowed yet: the page asks its person. */

import { html, useState } from "../ui/html.js";
import { useApp } from "../ui/hooks.js";
import { Button, Dialog, Notice } from "../ui/parts.js";
import { Icon } from "../ui/icons.js";
import { t } from "../text.js";

/** @param {{folder: string, wantedBy: string}} props */
export function Consent({ folder, wantedBy }) {
  const { client } = useApp();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(/** @type {string | null} */ (null));
  const dismiss = () => client.dispatch({ type: "consent.answered", folder });
  async function allow() {
    setBusy(true);
    await client.allow(folder).catch((error) => setProblem(error.message));
    setBusy(false);
  }
  const footer = html`<${Button} onClick=${dismiss}>${t("consent.no")}<//>
    <${Button} kind="primary" busy=${busy} onClick=${allow}>${t("consent.yes")}<//>`;
  return html`<${Dialog} title=${t("consent.title")} onClose=${dismiss} footer=${footer}>
    <p>${t("consent.text", { who: wantedBy })}</p><p class="path"><${Icon} name="folder" size=${16} /> ${folder}</p>
    <p class="hint">${t("consent.hint")}</p>
    ${problem && html`<${Notice} kind="error">${problem}<//>`}<//>`;
}
