/**
 * One chosen file, from upload to ready or refused. Of a video it shows a picture and whether a face was found, of a speech its wave: what is
 * wrong is seen before anything is rendered.
 */

/** @import * as Wire from "../wire.js" */
/** @import { Item } from "./items.js" */
import { html, useEffect, useRef } from "../ui/html.js";
import { useApp, useBlobUrl, useSize, useTask } from "../ui/hooks.js";
import { Badge, Bar, IconButton } from "../ui/parts.js";
import { Icon } from "../ui/icons.js";
import { facts, percent, size } from "../format.js";
import { sentences } from "../messages.js";
import { parseRate } from "../time.js";
import { t } from "../text.js";
import { colour, drawWave, prepare } from "./draw.js";
import * as inspection from "./inspection.js";
import { ICONS } from "./picker.js";
import { useTheme } from "./strip.js";

const LOOKED_S = 60; // of a clip; one that is longer is looked through when it is opened or rendered
const UNKNOWN_RATE = 25;

/**
 * @param {{item: Item, onRemove: () => void, children?: import("../ui/html.js").Children, edited?: boolean,
 *   onFaces?: (faces: number) => void}} props
 *   edited: its editor stands beside it and shows more. onFaces: faces are looked for, and so many were found
 */
export function ItemRow({ item, onRemove, children, edited = false, onFaces }) {
  const ready = item.state === "ready" && item.ref !== null && item.probed !== null;
  return html`<div class="item ${item.state}">
    ${
      ready && item.role === "video" && onFaces
        ? html`<${Thumbnail} item=${item} />`
        : html`<${Icon} name=${item.state === "refused" ? "warn" : ICONS[item.role]} />`
    }
    <div class="item-text"><strong class="name">${item.name}</strong>
      ${
        item.state === "sending" || item.state === "waiting"
          ? html`<${Bar} share=${item.sent} label=${t("item.sending", { name: item.name })} /><small>
          ${item.state === "waiting" ? t("item.waiting") : `${percent(item.sent)} · ${size(item.bytes)}`}</small>`
          : item.state === "refused"
            ? html`<small class="problem" role="alert">${item.problem}</small>`
            : item.state === "checking"
              ? html`<small role="status">${t("item.checking")}</small>`
              : html`<small>${item.probed ? facts(item.probed) : size(item.bytes)}</small>`
      }
      ${
        item.probed &&
        sentences(item.probed.notices, item.probed.notice_messages).map(
          (notice) => html`<small class="hint" key=${notice}>${notice}</small>`,
        )
      }
    </div>
    ${ready && item.role === "video" && onFaces && html`<${Faces} key=${`${item.start}-${item.endExclusive}`} item=${item} onFaces=${onFaces} />`}
    ${ready && item.role === "video" && item.face !== null && html`<${Badge}>${t("face.n", { n: item.face })}<//>`}
    ${ready && item.role === "speech" && !edited && html`<${Wave} item=${item} />`}
    ${children}
    <${IconButton} name=${t(item.state === "sending" || item.state === "waiting" ? "item.cancel" : "item.remove", { name: item.name })}
      icon="close" onClick=${onRemove} />
  </div>`;
}

/** @param {{item: Item}} props */
function Thumbnail({ item }) {
  const { client } = useApp();
  const made = useTask(() => inspection.poster(client.api, /** @type {Wire.MediaRef} */ (item.ref), null), [item.key]);
  const url = useBlobUrl(made.value);
  return html`<span class="thumbnail">${url && html`<img src=${url} alt="" />`}</span>`;
}

/** Whether a face was found in what is looked at, the clips one after the other. @param {{item: Item, onFaces: (faces: number) => void}} props */
function Faces({ item, onFaces }) {
  const { client } = useApp();
  const { rate, frames } = /** @type {Wire.Probed} */ (item.probed);
  const perSecond = parseRate(rate);
  const most = item.start + Math.round(LOOKED_S * (perSecond ? perSecond.n / perSecond.d : UNKNOWN_RATE));
  const all = (item.endExclusive ?? frames ?? 1) <= most;
  const end = all ? item.endExclusive : most;
  const ref = /** @type {Wire.MediaRef} */ (item.ref);
  const found = useTask((signal) => inspection.inTurn(() => inspection.faces(client.api, ref, item.start, end), signal), [item.key]);
  const count = found.value?.faces.length;
  useEffect(() => void (count !== undefined && (count || all) && onFaces(count)), [count]);
  if (found.status === "error") return html`<${Badge} kind="warn"><span title=${found.error.message}>${t("face.failed")}</span><//>`;
  if (count === undefined) return html`<small class="hint" role="status">${t("face.looking")}</small>`;
  if (count > 0) return html`<${Badge} kind="good">${count === 1 ? t("face.one") : t("face.many", { n: count })}<//>`;
  return html`<${Badge} kind="warn">${all ? t("face.none") : t("face.none-yet")}<//>`;
}

/** @param {{item: Item}} props */
function Wave({ item }) {
  const { client } = useApp();
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const { width, height } = useSize(canvas);
  const theme = useTheme();
  const wave = useTask(
    () => inspection.waveform(client.api, /** @type {Wire.MediaRef} */ (item.ref), item.channels),
    [item.key, `${item.channels}`],
  );
  useEffect(() => {
    if (!canvas.current || !wave.value || !width) return;
    const span = { from: 0, to: 1, width };
    drawWave(prepare(canvas.current, width, height), wave.value.peaks, {
      first: 0,
      last: 1,
      span,
      top: 0,
      height,
      fill: colour("--wave-speech"),
    });
  }, [wave.value, width, height, theme]);
  return html`<canvas ref=${canvas} class="item-wave" aria-hidden="true"></canvas>`;
}
