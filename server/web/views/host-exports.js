/** Clips that only the editor can decode: which and why, and the button that lets it make files of them. */

/** @import * as Wire from "../wire.js" */
/** @import { Editor } from "../editors.js" */
/** @import { Wanted } from "../media/exports.js" */
import { html } from "../ui/html.js";
import { useApp, useClock, useStore } from "../ui/hooks.js";
import { Bar, Button, Notice } from "../ui/parts.js";
import { able, appName } from "../editors.js";
import { duration, length } from "../format.js";
import { picturesWanted, secondsOf, soundsWanted } from "../media/exports.js";
import { t } from "../text.js";
import { exportClips, workOf } from "./host-work.js";

/**
 * @param {{host: Editor, selection: Wire.SelectionResult, shots: readonly Wire.TimelineShot[], kind: string, ownSpeech: boolean}} props
 *   kind: of the take, "full" or "patch". ownSpeech: the speech is a file, so no sound of the timeline is needed.
 */
export function Exports({ host, selection, shots, kind, ownSpeech }) {
  const work = useStore(workOf(host));
  const pictures = picturesWanted(selection, shots, work.made);
  const sounds = ownSpeech ? [] : soundsWanted(selection, work.made);
  return html`
    ${(pictures.length > 0 || work.exporting?.kind === "picture") && html`<${Missing} host=${host} wanted=${pictures} kind="picture" />`}
    ${(sounds.length > 0 || work.exporting?.kind === "sound") && html`<${Missing} host=${host} wanted=${sounds} kind="sound" />`}
    <${Done} host=${host} selection=${selection} patch=${kind === "patch"} />`;
}

/** @param {{host: Editor, wanted: Wanted[], kind: "picture" | "sound"}} props */
function Missing({ host, wanted, kind }) {
  const { client } = useApp();
  const work = useStore(workOf(host));
  const app = appName(host.session?.app);
  const time = length(secondsOf(wanted, work.laying.handles));
  const problem = (/** @type {string} */ id) => (id in work.problems ? work.problems[id] || t("export.failed", { app }) : null);
  const mine = work.exporting?.kind === kind ? work.exporting : null;
  return html`<${Notice} kind="warn" title=${t(kind === "picture" ? "export.pictures" : "export.sounds", { app })}>
    <ul class="why-list">${wanted.map(
      ({ item, why }) => html`<li key=${item.id}><strong class="name">${item.name}</strong>${" "}${why}
        ${problem(item.id) !== null && html`<p class="problem" role="alert">${problem(item.id)}</p>`}</li>`,
    )}</ul>
    ${!mine && work.failed?.kind === kind && html`<p class="problem" role="alert">${work.failed.message}</p>`}
    ${
      mine
        ? html`<${Waiting} app=${app} began=${mine.began} seconds=${mine.seconds} />`
        : able(host, `export.${kind}`)
          ? html`<${Button} busy=${work.exporting !== null} onClick=${() => exportClips(client, host, wanted, kind)}>
              ${t("export.do", { app, time })}<//><p class="hint">${t("export.meanwhile", { app })}</p>`
          : html`<p>${t("export.cannot", { app })}</p>`
    }<//>`;
}

/** @param {{app: string, began: number, seconds: number}} props */
function Waiting({ app, began, seconds }) {
  const now = useClock(true);
  const values = { app, passed: length(Math.max(0, now - began)), time: length(seconds) };
  return html`<div class="exporting"><${Bar} share=${null} label=${t("export.progress", { app })} />
    <p role="timer">${t("export.waiting", values)}</p><p class="hint">${t("export.no-stop", { app })}</p></div>`;
}

/** @param {{host: Editor, selection: Wire.SelectionResult, patch: boolean}} props */
function Done({ host, selection, patch }) {
  const store = workOf(host);
  const { made, blockedMs, exporting, notices } = useStore(store);
  const [names, pictures] = [
    selection.items.filter((item) => made.some((one) => one.item === item.id)).map((item) => item.name),
    made.some((one) => one.kind === "picture"),
  ];
  if (!names.length || exporting) return null;
  const said = blockedMs === null ? t("export.used") : t("export.done", { time: duration(blockedMs / 1000) });
  const again = () => store.edit({ made: [], blockedMs: null, notices: [] });
  return html`<${Notice}>${said}${" "}<span class="name">${names.join(", ")}</span>
    ${notices.map((notice) => html`<p key=${notice}>${notice}</p>`)}
    ${patch && pictures && html`<p>${t("export.no-patch")}</p>`}
    <${Button} kind="quiet" icon="retry" onClick=${again}>${t("export.again")}<//><//>`;
}
