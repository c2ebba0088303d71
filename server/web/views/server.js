/** The server itself: what it uses of the disk and what of that can go, which folders it may read, how it is set up, a report, the way out. */

/** @import * as Wire from "../wire.js" */
import { html, useState } from "../ui/html.js";
import { useAction, useApp, useTask } from "../ui/hooks.js";
import { Badge, Button, Dialog, IconButton, Notice } from "../ui/parts.js";
import { Icon } from "../ui/icons.js";
import { FolderDialog } from "../media/folders.js";
import { number, size } from "../format.js";
import { hashOf } from "../route.js";
import { forget } from "../session.js";
import { maybe, t } from "../text.js";
import { save } from "./download.js";

/** @typedef {import("../text.js").Key} Key */
/** @typedef {Wire.RoomRequest["name"]} Cleanable */

export function ServerView() {
  const { client } = useApp();
  const [looks, setLooks] = useState(0);
  const look = () => setLooks((count) => count + 1);
  const found = useTask((signal) => client.api.standing({ signal }), [looks]);
  const standing = found.value;
  return html`<div class="view server-view">
    <div class="view-head"><h1>${t("server.title")}</h1><${SignOut} /></div>
    ${
      found.status === "error" &&
      html`<${Notice} kind="error">${found.error.message} <${Button} kind="quiet" onClick=${look}>${t("action.again")}<//><//>`
    }
    ${!standing && found.status === "pending" && html`<p class="hint" role="status">${t("action.loading")}</p>`}
    ${
      standing &&
      html`<div class="server-columns">
        <${Rooms} standing=${standing} onChange=${look} />
        <${Folders} standing=${standing} onChange=${look} />
        <${Setup} standing=${standing} />
        <${Report} />
      </div>`
    }
  </div>`;
}

function SignOut() {
  const { client } = useApp();
  const [busy, act] = useAction();
  const leave = () =>
    act(async () => {
      await client.api.signOut();
      forget();
      location.reload();
    });
  return html`<${Button} busy=${busy} onClick=${leave}>${t("server.sign-out")}<//>`;
}

/** @param {{standing: Wire.ServerStanding, onChange: () => void}} props */
function Rooms({ standing, onChange }) {
  const { client, say } = useApp();
  const [asking, setAsking] = useState(/** @type {Cleanable | null} */ (null));
  const [busy, act] = useAction();
  const most = Math.max(1, ...standing.rooms.map(({ bytes }) => bytes));
  /** @param {Cleanable} name */
  const clean = (name) =>
    act(async () => {
      setAsking(null);
      const { freed_bytes } = await client.api.clean(name);
      say(freed_bytes ? t("room.freed", { size: size(freed_bytes) }) : t("room.in-use"));
      onChange();
    });
  return html`<section class="panel" aria-label=${t("room.title")}>
    <h2>${t("room.title")} <span class="spacer"></span><small>${t("estimate.free", { size: size(standing.free_bytes) })}</small></h2>
    <ul class="rooms">${standing.rooms.map(
      ({ name, count, bytes }) => html`<li key=${name}>
        <div class="room-head"><strong>${t(/** @type {Key} */ (`room.${name}`))}</strong>
          <small>${name === "takes" || name === "trash" ? t("room.takes-n", { n: number(count) }) : t("room.files-n", { n: number(count) })}</small>
          <span class="spacer"></span><span class="room-size">${size(bytes)}</span>
          ${
            name !== "takes" &&
            html`<${Button} kind="quiet" why=${!count && t("why.no-files")} busy=${busy} onClick=${() => (name === "trash" ? setAsking(name) : clean(name))}>
              ${t(name === "trash" ? "room.empty" : "room.clean")}<//>`
          }</div>
        <div class="room-bar" aria-hidden="true"><div style=${{ width: `${(bytes / most) * 100}%` }}></div></div>
        <p class="hint">${t(/** @type {Key} */ (`room-hint.${name}`))}</p></li>`,
    )}</ul>
    <h3>${t("keep.title")}</h3>
    <dl class="pairs-list">
      <div><dt>${t("keep.days")}</dt><dd>${standing.keep_days === null ? t("keep.for-good") : t("keep.n-days", { n: number(standing.keep_days, 1) })}
        </dd></div>
      <div><dt>${t("keep.bytes")}</dt><dd>${standing.keep_bytes === null ? t("keep.no-limit") : size(standing.keep_bytes)}</dd></div>
      <div><dt>${t("keep.trash")}</dt><dd>${
        standing.trash_days === null ? t("keep.until-emptied") : t("keep.n-days", { n: number(standing.trash_days, 1) })
      }</dd></div>
    </dl>
    <p class="hint">${t("keep.hint", { file: standing.settings_file })}</p>
    ${
      asking &&
      html`<${Dialog} title=${t("room.empty-title")} onClose=${() => setAsking(null)}
        footer=${html`<${Button} onClick=${() => setAsking(null)}>${t("action.cancel")}<//>
          <${Button} kind="danger" icon="trash" busy=${busy} onClick=${() => clean(asking)}>${t("room.empty")}<//>`}>
        <p>${t("room.empty-text")}</p><//>`
    }
  </section>`;
}

/** @param {{standing: Wire.ServerStanding, onChange: () => void}} props */
function Folders({ standing, onChange }) {
  const { client } = useApp();
  const [browsing, setBrowsing] = useState(false);
  const [busy, act] = useAction();
  /** @param {() => Promise<unknown>} work */
  const change = (work) =>
    act(async () => {
      await work();
      onChange();
    });
  return html`<section class="panel" aria-label=${t("folders.title")}><h2>${t("folders.title")}</h2>
    <p class="hint">${t("folders.about")}</p>
    <ul class="folders">${standing.folders.map(
      ({ path, given }) => html`<li key=${path}><${Icon} name="folder" size=${18} /><span class="path">${path}</span>
        ${
          given
            ? html`<${IconButton} name=${t("folders.take-back", { folder: path })} icon="close" busy=${busy}
                onClick=${() => change(() => client.api.forbid(path))} />`
            : html`<${Badge}>${t(path === standing.takes_folder ? "folders.takes" : "folders.of-settings")}<//>`
        }</li>`,
    )}</ul>
    <${Button} icon="plus" onClick=${() => setBrowsing(true)}>${t("folders.allow")}<//>
    ${
      browsing &&
      html`<${FolderDialog} role="folder" onClose=${() => setBrowsing(false)} onChoose=${(/** @type {Wire.FileEntry[]} */ [folder]) => {
        setBrowsing(false);
        void change(() => client.api.allow(folder.path));
      }} />`
    }
  </section>`;
}

/** @param {{standing: Wire.ServerStanding}} props */
function Setup({ standing }) {
  /** @type {[Key, import("../ui/html.js").Children][]} */
  const rows = [
    ["server.version", `HeyGem Bridge ${standing.version}`],
    ["server.system", standing.system],
    [
      "server.devices",
      standing.devices.length ? standing.devices.map((name) => maybe(`device.${name}`) ?? name).join(", ") : t("server.devices-unknown"),
    ],
    ["server.workers", `${number(standing.workers)} · ${maybe(`executor.${standing.executor}`) ?? standing.executor}`],
  ];
  /** @type {[Key, string][]} */
  const folders = [
    ["server.takes-folder", standing.takes_folder],
    ["server.data-folder", standing.data_folder],
    ["server.cache-folder", standing.cache_folder],
    ["server.settings-file", standing.settings_file],
  ];
  return html`<section class="panel" aria-label=${t("server.setup")}><h2>${t("server.setup")}</h2>
    <dl class="pairs-list">
      ${rows.map(([key, value]) => html`<div key=${key}><dt>${t(key)}</dt><dd>${value}</dd></div>`)}
      ${folders.map(([key, path]) => html`<div key=${key}><dt>${t(key)}</dt><dd class="path">${path}</dd></div>`)}
    </dl></section>`;
}

function Report() {
  const { client } = useApp();
  const [busy, act] = useAction();
  return html`<section class="panel" aria-label=${t("report.title")}><h2>${t("report.title")}</h2>
    <p class="hint">${t("report.about")}</p>
    <p class="row wrap"><${Button} icon="download" busy=${busy} onClick=${() => act(() => save(client, "/bug-report.zip", "heygem-report.zip"))}>
      ${t("report.make")}<//> <a href=${hashOf("docs")}>${t("server.api")}</a></p></section>`;
}
