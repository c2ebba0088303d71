/** Choosing files: drop them, pick them with the browser's dialog, or from a folder that the server may read. */

/** @import * as Wire from "../wire.js" */
/** @import { Role } from "./items.js" */
import { html, useRef, useState } from "../ui/html.js";
import { useAction, useApp } from "../ui/hooks.js";
import { Button } from "../ui/parts.js";
import { Icon } from "../ui/icons.js";
import { t } from "../text.js";
import { filesOf } from "./dropping.js";
import { FolderDialog } from "./folders.js";

const ACCEPT = {
  video: "video/*,image/*,.mxf,.mkv,.mov,.mts,.m2ts",
  speech: "audio/*,video/*,.wav,.aif,.aiff,.flac,.m4a",
  cues: ".csv,.srt,.vtt",
  cast: ".csv",
};
/** @param {Role} role @param {Wire.Info} info @returns {string} the files that the browser's dialog offers */
const accepted = (role, info) =>
  role === "timeline"
    ? info.timeline_formats
        .filter((row) => row.reads)
        .flatMap((row) => row.suffixes)
        .join(",")
    : ACCEPT[role];
/** @type {Record<Role, import("../ui/icons.js").IconName>} */
export const ICONS = { video: "video", speech: "sound", timeline: "timeline", cues: "log", cast: "face" };

/**
 * @param {{role: Role, many?: boolean, title: string, hint: string, compact?: boolean,
 *   onTake: (things: import("./intake.js").Thing[], chosen: boolean) => void}} props
 *   onTake: chosen = in a dialog that offers files for just this, not dropped
 */
export function DropZone({ role, many = false, title, hint, onTake, compact }) {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [over, setOver] = useState(false);
  const [browsing, setBrowsing] = useState(false);
  const { host, info } = useApp();
  const [, act] = useAction();

  /** @param {DragEvent} event */
  function drop(event) {
    event.preventDefault();
    setOver(false);
    void filesOf(event.dataTransfer).then((files) => files.length && onTake(files, false));
  }
  const pickInPanel = () =>
    act(async () => {
      const paths = (await host?.pick(role === "speech" ? "speech" : "video")) ?? [];
      if (paths.length) onTake(paths.map(entryOfPath), true);
    });

  return html`<div class="drop ${over ? "over" : ""} ${compact ? "compact" : ""}"
    onDragOver=${(/** @type {DragEvent} */ event) => {
      event.preventDefault();
      setOver(true);
    }}
    onDragLeave=${() => setOver(false)} onDrop=${drop}>
    <${Icon} name=${ICONS[role]} size=${compact ? 20 : 28} />
    <div class="drop-text"><strong>${title}</strong><span>${hint}</span></div>
    <div class="drop-actions">
      <${Button} icon="upload" onClick=${() => (host?.can("pick") ? pickInPanel() : input.current?.click())}>${t("pick.choose")}<//>
      ${!host && html`<${Button} kind="quiet" icon="folder" onClick=${() => setBrowsing(true)}>${t("pick.folders")}<//>`}
    </div>
    <input ref=${input} type="file" class="visually-hidden" tabindex="-1" aria-label=${title} accept=${accepted(role, info)} multiple=${many}
      onChange=${(/** @type {Event} */ event) => {
        const field = /** @type {HTMLInputElement} */ (event.target);
        if (field.files?.length) onTake([...field.files], true);
        field.value = "";
      }} />
    ${
      browsing &&
      html`<${FolderDialog} role=${role} many=${many} onClose=${() => setBrowsing(false)}
      onChoose=${(/** @type {Wire.FileEntry[]} */ entries) => {
        setBrowsing(false);
        onTake(entries, true);
      }} />`
    }
  </div>`;
}

/** @param {string} path @returns {Wire.FileEntry} */
export const entryOfPath = (path) => ({ name: path.split(/[\\/]/).pop() ?? path, path, kind: "other", size_bytes: null, modified: null });
