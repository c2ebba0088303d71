/** The folders that the server may read, to choose files in, or one of them for takes. For people: an editor's token does not reach it. */

/** @import * as Wire from "../wire.js" */
/** @import { Role } from "./items.js" */
import { html, useState } from "../ui/html.js";
import { useApp, useTask } from "../ui/hooks.js";
import { Button, Dialog, Field, IconButton, Notice } from "../ui/parts.js";
import { Icon } from "../ui/icons.js";
import { size, when } from "../format.js";
import { t } from "../text.js";

/** @type {Record<Role | "folder", Wire.FileEntry["kind"][]>} */
const KINDS = {
  video: ["video", "still"],
  speech: ["sound", "video"],
  timeline: ["timeline"],
  cues: ["other"],
  cast: ["other"],
  folder: [],
};
const LISTS = /\.(csv|srt|vtt)$/i;
/** @type {Record<Role | "folder", import("../ui/icons.js").IconName>} */
const ICONS = { video: "video", speech: "sound", timeline: "timeline", cues: "log", cast: "face", folder: "folder" };

/**
 * @param {{role: Role | "folder", many?: boolean, onClose: () => void, onChoose: (entries: Wire.FileEntry[]) => void}} props
 *   role "folder": the answer is the folder that is shown when its button is pressed.
 */
export function FolderDialog({ role, many = false, onClose, onChoose }) {
  const { client } = useApp();
  const [path, setPath] = useState(/** @type {string | null} */ (null));
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState(/** @type {Wire.FileEntry[]} */ ([]));
  const folder = useTask((signal) => client.api.files(path, { signal }), [path]);
  const fits = (/** @type {Wire.FileEntry} */ entry) =>
    KINDS[role].includes(entry.kind) && (entry.kind !== "other" || LISTS.test(entry.name));
  const entries = (folder.value?.entries ?? []).filter((entry) => entry.kind === "folder" || fits(entry));
  const isChosen = (/** @type {Wire.FileEntry} */ entry) => chosen.some((one) => one.path === entry.path);
  /** @param {string | null} to */
  function turnTo(to) {
    setChosen([]);
    setTyped("");
    setPath(to);
  }
  /** @param {Wire.FileEntry} entry */
  function press(entry) {
    if (entry.kind === "folder") return turnTo(entry.path);
    if (!many) return onChoose([entry]);
    setChosen(isChosen(entry) ? chosen.filter((one) => one.path !== entry.path) : [...chosen, entry]);
  }
  /** @param {Event} event */
  function go(event) {
    event.preventDefault();
    if (typed.trim()) turnTo(typed.trim());
  }
  const here = folder.status === "complete" ? folder.value.path : null;
  const footer =
    role === "folder"
      ? html`<${Button} kind="primary" why=${here === null && t("why.folder")} onClick=${() => here !== null && onChoose([folderEntry(here)])}>
        ${t("folder.use")}<//>`
      : many &&
        html`<${Button} kind="primary" why=${!chosen.length && t("why.file")} onClick=${() => onChoose(chosen)}>
          ${t("pick.add", { n: chosen.length })}<//>`;
  return html`<${Dialog} title=${t(role === "folder" ? "folder.title" : "pick.title")} onClose=${onClose} footer=${footer} wide>
    <form class="path-bar" onSubmit=${go}>
      <${IconButton} name=${t("pick.up")} icon="up" why=${path === null && t("why.top-folder")} onClick=${() => turnTo(folder.value?.parent ?? null)} />
      <input type="text" value=${typed || path || ""} placeholder=${t("pick.path")} aria-label=${t("pick.path")} spellcheck=${false}
        onInput=${(/** @type {Event} */ event) => setTyped(/** @type {HTMLInputElement} */ (event.target).value)} />
      <${Button} submit>${t("pick.go")}<//>
    </form>
    ${
      folder.status === "error" &&
      html`<${Notice} kind="warn">${folder.error.message} <${Button} kind="quiet" onClick=${folder.again}>${t("action.again")}<//><//>`
    }
    ${path === null && folder.status === "complete" && !entries.length && html`<${Notice}>${t("pick.no-roots")}<//>`}
    <ul class="file-list" aria-busy=${String(folder.status === "pending")}>
      ${entries.map(
        (entry) => html`<${Line} key=${entry.path} entry=${entry} role=${role} onPress=${() => press(entry)}
        pressed=${many && entry.kind !== "folder" ? isChosen(entry) : undefined} />`,
      )}
      ${
        path !== null &&
        folder.status === "complete" &&
        !entries.length &&
        html`<li class="hint">${t(role === "folder" ? "folder.no-folders" : "pick.empty")}</li>`
      }
    </ul>
  <//>`;
}

/** @param {{entry: Wire.FileEntry, role: Role | "folder", onPress: () => void, pressed?: boolean}} props */
const Line = ({ entry, role, onPress, pressed }) => html`<li><button type="button" onClick=${onPress}
  aria-pressed=${pressed === undefined ? undefined : String(pressed)}>
  <${Icon} name=${entry.kind === "folder" ? "folder" : ICONS[role]} size=${18} /><span class="file-name">${entry.name}</span>
  <small>${entry.kind === "folder" ? "" : size(entry.size_bytes)}</small><small>${entry.modified ? when(entry.modified) : ""}</small>
</button></li>`;

/** @param {string} path @returns {Wire.FileEntry} */
const folderEntry = (path) => ({ name: path, path, kind: "folder", size_bytes: null, modified: null });

/**
 * Where takes shall live: in a browser typed or chosen among the server's folders, in a panel by the system's own dialog.
 * @param {{id: string, value: string, onChange: (folder: string) => void}} props value: "" = the server's own folder
 */
export function FolderField({ id, value, onChange }) {
  const { host, info, say } = useApp();
  const [browsing, setBrowsing] = useState(false);
  const byPanel = host?.can("pick") ?? false;
  async function pick() {
    const [path] = (await host?.pick("folder").catch((error) => say(error.message, "error"))) ?? [];
    if (path) onChange(path);
  }
  if (host && !byPanel)
    return html`<${Field} id=${id} label=${t("start.folder")} hint=${t("folder.elsewhere")}>
      <input id=${id} type="text" class="path" readonly aria-describedby="${id}-hint" value=${value || info.takes_folder} /><//>`;
  return html`<${Field} id=${id} label=${t("start.folder")}><div class="row">
      <input id=${id} type="text" value=${value} placeholder=${info.takes_folder} title=${value || info.takes_folder} spellcheck=${false}
        onInput=${(/** @type {Event} */ event) => onChange(/** @type {HTMLInputElement} */ (event.target).value)} />
      ${value && html`<${IconButton} name=${t("folder.default")} icon="close" onClick=${() => onChange("")} />`}
      <${IconButton} name=${t("folder.choose")} icon="folder" onClick=${byPanel ? pick : () => setBrowsing(true)} />
    </div><//>
    ${
      browsing &&
      html`<${FolderDialog} role="folder" onClose=${() => setBrowsing(false)}
        onChoose=${(/** @type {Wire.FileEntry[]} */ [folder]) => {
          setBrowsing(false);
          onChange(folder.path);
        }} />`
    }`;
}
