/** One shot of a job: what it is doing, its newest picture, what can be done with it. */

/** @import * as Wire from "../wire.js" */
import { html, useEffect, useState } from "../ui/html.js";
import { useAction, useApp, useBlobUrl, useLive, useMediaUrl, useTask } from "../ui/hooks.js";
import { Badge, Bar, Button, IconButton, withCommands } from "../ui/parts.js";
import { Picture } from "../ui/picture.js";
import { posterOf } from "../client/http.js";
import * as inspection from "../media/inspection.js";
import { drawn, duration, number } from "../format.js";
import { hashOf } from "../route.js";
import { sentence } from "../messages.js";
import { t } from "../text.js";

/** @typedef {import("../text.js").Key} Key */

const KINDS = /** @type {const} */ ({
  queued: "neutral",
  planning: "live",
  rendering: "live",
  joining: "live",
  done: "good",
  failed: "bad",
  canceled: "neutral",
});

/** @param {number} done @param {number | null} total */
export const share = (done, total) => (total ? done / total : null);

/**
 * @param {{shot: Wire.ShotView, children?: import("../ui/html.js").Children}} props
 *   children: what else can be done with its takes, the way to them included; stand below, over the whole width
 */
export function ShotRow({ shot, children }) {
  const { client } = useApp();
  const [busy, act] = useAction();
  const progress = useLive((state) => state.progress[shot.id]);
  const live = useLive((state) => state.connection === "open");
  const worked = shot.state === "planning" || shot.state === "rendering" || shot.state === "joining";
  const now = worked && progress ? progress : shot;
  const does = (/** @type {"cancel" | "retry"} */ verb) => act(async () => void (await client.api.actOnShot(shot.id, verb)));
  const stage = worked && now.stage ? t(/** @type {Key} */ (`stage.${now.stage}`)) : t(/** @type {Key} */ (`shot.${shot.state}`));
  const take = shot.takes[shot.takes.length - 1];
  const attempts = Math.max(0, ...shot.attempts.map((attempt) => attempt.number));
  const reused = [
    shot.reused.tracks && t("reused.tracks"),
    shot.reused.speech && t("reused.speech"),
    shot.reused.plan && t("reused.plan"),
    shot.reused.segments > 0 && t("reused.segments", { n: shot.reused.segments }),
  ].filter(Boolean);
  const done = shot.state === "done" ? (shot.frames_total ?? now.frames_done) : now.frames_done;
  return html`<li class="shot ${shot.state}" data-shot=${shot.id}>
    <${ShotPicture} shot=${shot} live=${worked && live} />
    <div class="shot-text">
      <div class="shot-head"><span class="name">${shot.name}</span><${Badge} kind=${KINDS[shot.state]}>${stage}<//></div>
      ${
        shot.state !== "done" &&
        html`<${Bar} share=${share(now.frames_done, now.frames_total)} label=${t("job.progress", { name: shot.name })}
          kind=${shot.state === "failed" ? "bad" : worked ? "live" : "still"} />`
      }
      <p class="facts">
        ${(worked || shot.state === "done") && html`<span>${drawn(done, now.frames_total)}</span>`}
        ${worked && live && now.fps !== null && html`<span>${t("job.fps", { fps: number(now.fps, 1) })}</span>`}
        ${worked && live && now.eta_s !== null && html`<span>${t("job.eta", { time: duration(now.eta_s) })}</span>`}
        ${attempts > 1 && html`<span>${t("shot.attempts", { n: attempts })}</span>`}
        ${reused.length > 0 && html`<span>${t("reused.title", { what: reused.join(", ") })}</span>`}
      </p>
      ${shot.why && html`<p class=${shot.state === "failed" ? "why problem" : "why"}>${withCommands(sentence(shot.why_message, shot.why))}</p>`}
    </div>
    <div class="shot-actions">
      ${take && !children && html`<a class="button quiet" href=${hashOf("take", take.id)}><span>${t("shot.open")}</span></a>`}
      ${
        (shot.state === "failed" || shot.state === "canceled") &&
        html`<${Button} kind="quiet" icon="retry" busy=${busy} onClick=${() => does("retry")}>${t("shot.retry")}<//>`
      }
      ${
        (worked || shot.state === "queued") &&
        html`<${IconButton} name=${t("shot.cancel", { name: shot.name })} icon="close" busy=${busy} onClick=${() => does("cancel")} />`
      }
    </div>
    ${children && html`<div class="shot-more">${children}</div>`}
  </li>`;
}

/** The newest frame while it is rendered, else a frame of the source. @param {{shot: Wire.ShotView, live: boolean}} props */
function ShotPicture({ shot, live }) {
  const { client } = useApp();
  const [picture, setPicture] = useState(/** @type {Blob | null} */ (null));
  useEffect(
    () => (live ? client.watchPreviews(({ header, picture: blob }) => header.shot === shot.id && setPicture(blob)) : undefined),
    [live, shot.id],
  );
  const take = shot.takes[shot.takes.length - 1];
  const finished = useMediaUrl(take && !take.missing && !live ? posterOf(take.id) : null);
  const source = useTask(() => inspection.poster(client.api, shot.request.video, shot.request.start ?? 0), [shot.id], { when: !take });
  const newest = useBlobUrl(live ? picture : (source.value ?? picture));
  const url = finished.url ?? newest;
  return html`<div class="shot-picture">
    ${url && html`<${Picture} url=${url} alt=${picture ? t("shot.preview", { name: shot.name }) : ""} onError=${finished.renew} />`}
    ${picture && live && html`<span class="live-dot">${t("shot.live")}</span>`}
  </div>`;
}
