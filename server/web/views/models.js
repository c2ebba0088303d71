/**
 * Models that do not come with the program: which are here, under which terms, and the way to have them. Only whoever administers the server
 * may change that; a panel shows what there is and says where it is done.
 */

/** @import * as Wire from "../wire.js" */
import { html, useEffect, useState } from "../ui/html.js";
import { useAction, useApp, useTask } from "../ui/hooks.js";
import { Badge, Bar, Button, Dialog, Facts, Notice, withCommands } from "../ui/parts.js";
import { size } from "../format.js";
import { sentence } from "../messages.js";
import { maybe, t } from "../text.js";

/** @typedef {import("../text.js").Key} Key */

const LOOK_MS = 1000; // while one is being fetched

export function ModelsView() {
  const { client, refresh } = useApp();
  const [looks, setLooks] = useState(0);
  const look = () => setLooks((count) => count + 1);
  const found = useTask((signal) => client.api.models({ signal }), [looks]);
  const models = found.value?.models ?? [];
  const fetching = models.filter(({ fetch }) => fetch && fetch.step !== "failed").length;
  const here = models.filter(({ standing }) => standing.installed).length;
  useEffect(() => {
    if (!fetching) return;
    const timer = setTimeout(look, LOOK_MS);
    return () => clearTimeout(timer);
  }, [fetching, found.status, looks]);
  useEffect(() => void (found.value && refresh()), [here]); // other engines can be chosen now
  return html`<div class="view models-view">
    <div class="view-head"><h1>${t("models.title")}</h1></div>
    <p>${t("models.about")}</p>
    ${
      found.status === "error" &&
      html`<${Notice} kind="error">${found.error.message}
      <${Button} kind="quiet" onClick=${look}>${t("action.again")}<//><//>`
    }
    ${found.value && !found.value.may_change && html`<${Notice} live=${false}>${t("models.not-yours")}<//>`}
    <ul class="models">${models.map(
      (one) => html`<${Model} key=${one.standing.id} one=${one} mayChange=${found.value?.may_change ?? false} onChange=${look} />`,
    )}</ul>
    ${found.value && html`<p class="hint">${t("models.folder", { folder: found.value.folder })}</p>`}
  </div>`;
}

/** @param {{one: Wire.ModelView, mayChange: boolean, onChange: () => void}} props */
function Model({ one: { standing: model, fetch }, mayChange, onChange }) {
  const { client } = useApp();
  const [busy, act] = useAction();
  const [asking, setAsking] = useState(/** @type {"terms" | "removal" | null} */ (null));
  const going = fetch !== null && fetch !== undefined && fetch.step !== "failed";
  /** @param {() => Promise<unknown>} work */
  const change = (work) =>
    act(async () => {
      setAsking(null);
      await work();
      onChange();
    });
  const get = () => change(() => client.api.fetchModel(model.id, true));
  return html`<li class="panel model">
    <div class="row"><h2>${titleOf(model)}</h2>
      ${model.installed && html`<${Badge} kind="good">${t("models.here")}<//>`}
      ${model.known === false && html`<${Badge} kind="warn">${t("models.unknown-file")}<//>`}
      ${!model.commercial && html`<${Badge} kind="warn">${t("models.not-for-business")}<//>`}
      <span class="spacer"></span>
      ${
        mayChange &&
        (going
          ? html`<${Button} busy=${busy} onClick=${() => change(() => client.api.stopModel(model.id))}>${t("models.stop")}<//>`
          : model.ours
            ? html`<${Button} kind="quiet" icon="trash" busy=${busy} onClick=${() => setAsking("removal")}>${t("models.remove")}<//>`
            : !model.installed &&
              model.fetchable &&
              html`<${Button} busy=${busy} onClick=${model.ask ? () => setAsking("terms") : get}>${t("models.fetch")}<//>`)
      }</div>
    <${Facts} items=${[
      model.used_by.join(", "),
      model.size === null || model.size === undefined ? "" : size(model.size),
      model.memory ? t("models.memory", { size: size(model.memory) }) : "",
      model.licence,
    ]} />
    ${going && fetch && html`<${Progress} title=${titleOf(model)} fetch=${fetch} />`}
    ${fetch?.problem && html`<${Notice} kind="error">${sentence(fetch.problem)}<//>`}
    ${!model.installed && !model.fetchable && html`<p class="hint">${t("models.only-added", { command: model.command })}</p>`}
    ${asking === "terms" && html`<${Terms} model=${model} busy=${busy} onAccept=${get} onClose=${() => setAsking(null)} />`}
    ${
      asking === "removal" &&
      html`<${Removal} model=${model} busy=${busy} onClose=${() => setAsking(null)}
        onRemove=${() => change(() => client.api.removeModel(model.id))} />`
    }
  </li>`;
}

/** What it is called here: names of models stay, and what is said about them is in the page's language. @param {Wire.Standing} model */
const titleOf = (model) => maybe(`models.title-${model.id}`) ?? model.title;

/** @param {{title: string, fetch: Wire.ModelFetch}} props */
const Progress = ({ title, fetch }) => html`
  <${Bar} share=${fetch.total ? fetch.done / fetch.total : null} label=${t("models.progress", { title })} />
  <p class="hint">${t(/** @type {Key} */ (`models.step-${fetch.step}`))}
    ${fetch.total ? ` ${size(fetch.done)} / ${size(fetch.total)}` : ""}</p>`;

/** @param {{model: Wire.Standing, busy: boolean, onAccept: () => void, onClose: () => void}} props */
function Terms({ model, busy, onAccept, onClose }) {
  const footer = html`<${Button} onClick=${onClose}>${t("action.cancel")}<//>
    <${Button} kind="primary" busy=${busy} onClick=${onAccept}>${t("models.accept")}<//>`;
  return html`<${Dialog} title=${t("models.terms", { title: titleOf(model) })} onClose=${onClose} footer=${footer}>
    <p>${withCommands(sentence(model.terms))}</p>
    <p><a href=${model.licence_url} target="_blank" rel="noreferrer">${model.licence}</a></p>
  <//>`;
}

/** @param {{model: Wire.Standing, busy: boolean, onRemove: () => void, onClose: () => void}} props */
function Removal({ model, busy, onRemove, onClose }) {
  const footer = html`<${Button} onClick=${onClose}>${t("action.cancel")}<//>
    <${Button} kind="danger" icon="trash" busy=${busy} onClick=${onRemove}>${t("models.remove")}<//>`;
  return html`<${Dialog} title=${t("models.remove-title", { title: titleOf(model) })} onClose=${onClose} footer=${footer}>
    <p>${t("models.remove-frees", { size: size(model.size ?? 0) })}</p>
  <//>`;
}
