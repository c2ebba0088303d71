/** Deleting, with all that would go shown first. What a timeline uses stays unless somebody insists. */

/** @import * as Wire from "../wire.js" */
import { html, useState } from "../ui/html.js";
import { useAction, useApp, useTask } from "../ui/hooks.js";
import { Button, Dialog, Notice } from "../ui/parts.js";
import { size } from "../format.js";
import { t } from "../text.js";

/** @param {{take: Wire.TakeView, onClose: () => void, onJob: () => void, onGone: () => void}} props */
export function DeleteTake({ take, onClose, onJob, onGone }) {
  const { client } = useApp();
  const [busy, act] = useAction();
  const kept = take.pinned || take.placed.length > 0;
  const [force, setForce] = useState(false);
  const remove = () =>
    act(async () => {
      await client.deleteTake(take.id, force);
      onGone();
    });
  const footer = html`<${Button} kind="quiet" onClick=${onJob}>${t("delete.whole-job")}<//><span class="spacer"></span><${Button}
    onClick=${onClose}>${t("action.cancel")}<//>
    <${Button} kind="danger" icon="trash" busy=${busy} why=${kept && !force && t("why.kept")} onClick=${remove}>${t("delete.take")}<//>`;
  return html`<${Dialog} title=${t("delete.take-title")} onClose=${onClose} footer=${footer}>
    <p>${t("delete.goes", { size: size(take.size_bytes) })}</p>
    <ul class="paths"><li>${take.path}</li><li>${`${take.path}.report.json`}</li></ul>
    ${kept && html`<${Insist} force=${force} onForce=${setForce} names=${[take.name]} />`}
  <//>`;
}

/** @param {{id: string, onClose: () => void, onGone: () => void}} props */
export function DeleteJob({ id, onClose, onGone }) {
  const { client } = useApp();
  const [busy, act] = useAction();
  const [force, setForce] = useState(false);
  const preview = useTask(() => client.api.deletion(id), [id]);
  const remove = () =>
    act(async () => {
      await client.deleteJob(id, force);
      onGone();
    });
  const footer = html`<${Button} onClick=${onClose}>${t("action.cancel")}<//><${Button} kind="danger" icon="trash" busy=${busy}
    why=${!preview.value && (preview.error?.message ?? t("action.loading"))} onClick=${remove}>${t("delete.job")}<//>`;
  return html`<${Dialog} title=${t("delete.job-title")} onClose=${onClose} footer=${footer}>
    ${preview.status === "error" && html`<${Notice} kind="error">${preview.error.message}<//>`}
    ${
      preview.value &&
      html`<p>
      ${preview.value.files.length ? t("delete.goes", { size: size(preview.value.size_bytes) }) : t("delete.no-files")}</p>
      <ul class="paths">${preview.value.files.map((file) => html`<li key=${file}>${file}</li>`)}</ul>
      ${preview.value.kept.length > 0 && html`<${Insist} force=${force} onForce=${setForce} names=${preview.value.kept} />`}`
    }
  <//>`;
}

/** @param {{force: boolean, onForce: (force: boolean) => void, names: readonly string[]}} props */
const Insist = ({ force, onForce, names }) => html`
  <${Notice} kind="warn" title=${t("delete.kept")}><ul class="paths">${names.map((name) => html`<li key=${name}>${name}</li>`)}</ul>
    <label class="check"><input type="checkbox" checked=${force}
      onChange=${(/** @type {Event} */ event) => onForce(/** @type {HTMLInputElement} */ (event.target).checked)} /><span>
        ${t("delete.force")}</span></label><//>`;
