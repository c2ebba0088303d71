/** The editors of this machine: what is installed beside each, how to have it, and which are connected now. */

/** @import * as Wire from "../wire.js" */
import { html, useState } from "../ui/html.js";
import { useApp, useLive, useTask } from "../ui/hooks.js";
import { Badge, Button, IconButton, Notice, withCommands } from "../ui/parts.js";
import { Icon } from "../ui/icons.js";
import { when } from "../format.js";
import { sentence } from "../messages.js";
import { hashOf } from "../route.js";
import { maybe, t } from "../text.js";

/** @typedef {import("../text.js").Key} Key */

const KINDS = /** @type {const} */ ({ installed: "good", incomplete: "warn", "not installed": "neutral", "not possible": "neutral" });

export function EditorsView() {
  const { client } = useApp();
  const [looks, setLooks] = useState(0);
  const connected = useLive((state) => state.hosts);
  const found = useTask((signal) => client.api.editors({ signal }), [looks, connected.length]);
  const others = connected.filter((host) => !found.value?.some(({ name }) => name === host.app));
  return html`<div class="view editors-view">
    <div class="view-head"><h1>${t("editors.title")}</h1>
      <${Button} icon="retry" kind="quiet" onClick=${() => setLooks(looks + 1)}>${t("editors.look")}<//></div>
    <p>${t("editors.about")}</p>
    ${found.status === "error" && html`<${Notice} kind="error">${found.error.message}<//>`}
    ${!found.value && found.status === "pending" && html`<p class="hint" role="status">${t("action.loading")}</p>`}
    <ul class="editors">
      ${found.value?.map((one) => html`<${Editor} key=${one.name} one=${one} connected=${connected.filter((host) => host.app === one.name)} />`)}
      ${others.map(
        (host) => html`<li key=${host.id} class="panel editor"><div class="row"><h2>${host.app}</h2><${Badge} kind="good">
        ${t("editors.connected")}<//></div><${Connected} host=${host} /></li>`,
      )}
    </ul>
  </div>`;
}

/** @param {{one: Wire.EditorStanding, connected: Wire.HostView[]}} props */
function Editor({ one, connected }) {
  const { say } = useApp();
  const kind = KINDS[/** @type {keyof typeof KINDS} */ (one.state)] ?? "neutral";
  const next = maybe(`editors.next-${one.name}`) ?? one.next_step;
  async function copy() {
    try {
      await navigator.clipboard.writeText(one.command);
      say(t("editors.copied"));
    } catch {
      say(t("editors.not-copied"), "error");
    }
  }
  return html`<li class="panel editor" data-editor=${one.name}>
    <div class="row wrap"><${Icon} name=${one.name === "service" ? "play" : "timeline"} /><h2>${maybe(`editors.name-${one.name}`) ?? one.title}</h2>
      ${
        connected.length
          ? html`<${Badge} kind="good">${t("editors.connected")}<//>`
          : html`<${Badge} kind=${kind}>${t(/** @type {Key} */ (`editors.${one.state.replace(" ", "-")}`))}<//>`
      }</div>
    <p class="hint">${maybe(`editors.what-${one.name}`) ?? one.what}</p>
    ${connected.map((host) => html`<${Connected} key=${host.id} host=${host} />`)}
    ${one.found.length > 0 && html`<ul class="paths">${one.found.map((program) => html`<li key=${program}>${program}</li>`)}</ul>`}
    ${one.why && html`<p class="why">${withCommands(sentence(one.why))}</p>`}
    ${
      (one.state === "not installed" || one.state === "incomplete") &&
      html`<div class="command"><span>${t(one.state === "incomplete" ? "editors.renew" : "editors.install")}</span>
        <span class="row"><code>${one.command}</code>
          <${IconButton} name=${t("editors.copy", { command: one.command })} icon="copy" onClick=${copy} /></span></div>`
    }
    ${one.state !== "not possible" && next && html`<p>${one.state === "installed" ? next : t("editors.then", { next })}</p>`}
  </li>`;
}

/** @param {{host: Wire.HostView}} props */
const Connected = ({ host }) => html`<p class="row wrap connected"><a href=${hashOf("host", host.id)}>${host.project_name || host.id}</a>
  <small>${t("editors.since", { version: host.version, at: when(host.since) })}</small></p>`;
