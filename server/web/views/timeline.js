/** A timeline file as shots: dropped, read without starting anything, chosen clip by clip, rendered, and handed back as a timeline. */

/** @import * as Wire from "../wire.js" */
/** @import { Item, Role } from "../media/items.js" */
import { html, useMemo, useState } from "../ui/html.js";
import { useApp, useTask } from "../ui/hooks.js";
import { Field, Notice, Select, withCommands } from "../ui/parts.js";
import { several } from "../media/channels.js";
import { ItemRow } from "../media/item-row.js";
import { DropZone } from "../media/picker.js";
import { draft, itemsOf, newKey } from "../media/draft.js";
import { lengthsOf } from "../media/host-request.js";
import { sentence, sentences } from "../messages.js";
import { t } from "../text.js";
import { useIntake, useReceive } from "../media/intake.js";
import { SpeechEditor } from "../media/speech-editor.js";
import { StartPanel } from "./start.js";

export function TimelineTab() {
  const { client } = useApp();
  const intake = useIntake("timeline");
  const { receive } = useReceive();
  const file = itemsOf(intake.now, "timeline", "timeline")[0] ?? null;
  const spoken = itemsOf(intake.now, "timeline", "speech");
  const sheet = itemsOf(intake.now, "timeline", "cues")[0] ?? null;
  const cast = itemsOf(intake.now, "timeline", "cast")[0] ?? null;
  const speech = sheet ? null : (spoken[0] ?? null);
  const recordings = sheet ? spoken : [];
  const [from, setFrom] = useState(/** @type {"timeline" | "clip"} */ ("timeline"));
  const [left, setLeft] = useState(/** @type {string[]} */ ([]));
  const [tracks, setTracks] = useState("A1");
  const { settings } = intake.now;
  const lists = [sheet, cast].filter((item) => item !== null);
  const settled = [...(speech ? [speech] : []), ...lists, ...recordings];
  const ready = file?.state === "ready" && settled.every((item) => item.state === "ready" || (item.state === "refused" && item !== speech));
  const usableLines = recordings.filter((item) => item.state === "ready");
  /** @type {Wire.CueSheetRequest | null} */
  const cues = sheet?.ref
    ? {
        sheet: sheet.ref,
        recordings: usableLines.flatMap((item) => item.ref?.upload ?? []),
        folder: folderOf(usableLines),
        ...(cast?.ref ? { cast: cast.ref } : {}),
      }
    : null;
  /** @param {boolean} dry @param {[number, number][]} ranges of the record, none = all @returns {Wire.TimelineRequest} */
  const request = (dry, ranges) => ({
    ...(file?.ref?.upload ? { upload: file.ref.upload } : { path: file?.ref?.path ?? null }),
    name: intake.now.name || null,
    selection: {
      ranges,
      speech_from: from,
      ...(speech?.channels.length ? { speech_channels: speech.channels } : {}),
      speech_tracks:
        speech || cues
          ? []
          : tracks
              .split(",")
              .map((name) => name.trim())
              .filter(Boolean),
    },
    ...(speech?.ref ? { speech: speech.ref } : {}),
    ...(cues ? { cues } : {}),
    settings,
    folder: intake.now.folder || null,
    dry_run: dry,
  });
  const table = useTask(
    (signal) => client.api.timelines(request(true, []), { signal }),
    [file?.key, file?.state, speech?.key, speech?.state, `${speech?.channels}`, from, tracks, JSON.stringify(cues)],
    { when: ready, waitMs: 250 },
  );
  const conformed = ready ? (table.value?.conformed ?? null) : null;
  const usable = conformed?.shots.filter((shot) => !shot.error && !shot.needs_host_export) ?? [];
  const chosen = usable.filter((shot) => !left.includes(shot.key));
  const ranges =
    chosen.length === usable.length
      ? []
      : chosen.map(
          ({ placement }) => /** @type {[number, number]} */ ([placement.record_start, placement.record_start + placement.record_duration]),
        );

  const key = useMemo(newKey, [intake.now.key, `${speech?.channels}`, from, tracks, left]);
  const video = chosen[0]?.shot?.video ?? null;
  function missing() {
    if (!file) return t("start.needs-timeline");
    if (!conformed || chosen.length) return null;
    return t(usable.length ? "start.needs-clips" : "timeline.no-shots");
  }

  return html`<div class="columns">
    <div class="column-main">
      <section class="panel" aria-label=${t("timeline.file")}><h2>${t("timeline.file")}</h2>
        ${
          file
            ? html`<${ItemRow} item=${file} onRemove=${() => {
                intake.remove(file);
                setLeft([]);
              }} />`
            : html`<${DropZone} role="timeline" title=${t("drop.timeline")} hint=${t("drop.timeline-hint")}
            onTake=${(/** @type {any} */ things, /** @type {boolean} */ chosen) => receive(things, "timeline", chosen)} />`
        }
      </section>
      ${
        file &&
        sheet &&
        html`<${Lines} sheet=${sheet} cast=${cast} recordings=${recordings} found=${conformed?.cues.length ?? null} onTake=${receive}
          onRemove=${intake.remove} />`
      }
      ${
        file &&
        !sheet &&
        html`<section class="panel" aria-label=${t("timeline.speech")}><h2>${t("timeline.speech")}</h2>
        ${
          speech
            ? html`<${ItemRow} item=${speech} onRemove=${() => intake.remove(speech)} />
          ${
            several(speech) &&
            html`<${SpeechEditor} key=${speech.key} item=${speech} cut=${false}
              onChange=${(/** @type {Partial<Item>} */ change) => draft.editItem(speech.key, change)} />`
          }
          <${Field} id="speech-from" label=${t("timeline.speech-from")}><${Select} id="speech-from" value=${from}
            options=${[["timeline", t("timeline.from-timeline")], ["clip", t("timeline.from-clip")]]}
              onChange=${(/** @type {any} */ value) => setFrom(value)} /><//>`
            : html`<${Field} id="speech-tracks" label=${t("timeline.speech-tracks")} hint=${t("timeline.speech-hint")}><input
            id="speech-tracks" type="text" value=${tracks}
              onInput=${(/** @type {Event} */ event) => setTracks(/** @type {HTMLInputElement} */ (event.target).value)} /><//>
            <${DropZone} role="speech" compact title=${t("drop.speech")} hint=${t("drop.speech-hint")}
              onTake=${(/** @type {any} */ things, /** @type {boolean} */ chosen) => receive(things, "speech", chosen)} />`
        }
      </section>`
      }
      ${
        file &&
        !sheet &&
        !speech &&
        html`<section class="panel" aria-label=${t("cues.title")}><h2>${t("cues.title")}</h2>
          <${DropZone} role="cues" many compact title=${t("cues.drop")} hint=${t("cues.drop-hint")}
            onTake=${(/** @type {any} */ things) => receive(things, "cues")} /></section>`
      }
      ${table.status === "pending" && html`<p class="hint" role="status">${t("timeline.reading")}</p>`}
      ${table.status === "error" && html`<${Notice} kind="error">${table.error.message}<//>`}
      ${conformed && html`<${ShotTable} conformed=${conformed} speech=${(sheet ?? speech)?.name ?? null} left=${left} onLeft=${setLeft} />`}
    </div>
    <${StartPanel} shots=${lengthsOf(chosen, video ? { path: video } : null)} count=${chosen.length} missing=${missing()}
      waiting=${!!file && !ready && file.state !== "refused"}
      blockers=${[file, ...settled].flatMap((item) => (item?.state === "refused" ? [t("blocker.refused", { names: item.name })] : []))}
      submit=${() => jobOf(client.api.timelines(request(false, ranges), { key }))} />
  </div>`;
}

/**
 * The folder on the server that all recordings lie in; those that were sent have none, and those of several folders are found by the list.
 * @param {import("../media/items.js").Item[]} recordings
 */
function folderOf(recordings) {
  const folders = new Set(recordings.flatMap((item) => item.ref?.path?.replace(/[\\/][^\\/]*$/, "") ?? []));
  return folders.size === 1 ? [...folders][0] : null;
}

/**
 * The lines of a list, with their recordings.
 * @param {{sheet: Item, cast: Item | null, recordings: Item[], found: number | null, onRemove: (item: Item) => void,
 *   onTake: (things: import("../media/intake.js").Thing[], zone: Role, chosen?: boolean) => void}} props
 *   found: how many lines were read, null = not read yet
 */
function Lines({ sheet, cast, recordings, found, onTake, onRemove }) {
  return html`<section class="panel" aria-label=${t("timeline.speech")}><h2>${t("timeline.speech")}
      ${found !== null && html`<span class="count">${t("cues.lines", { n: found })}</span>`}</h2>
    <div class="items"><${ItemRow} item=${sheet} onRemove=${() => onRemove(sheet)} />
      ${cast && html`<${ItemRow} item=${cast} onRemove=${() => onRemove(cast)} />`}
      ${recordings.map((item) => html`<${ItemRow} key=${item.key} item=${item} onRemove=${() => onRemove(item)} />`)}</div>
    <p class="hint">${t("cues.hint")}</p>
    <${DropZone} role="speech" many compact title=${t("cues.recordings")} hint=${t("cues.recordings-hint")}
      onTake=${(/** @type {any} */ things, /** @type {boolean} */ chosen) => onTake(things, "speech", chosen)} />
    ${
      !cast &&
      html`<${DropZone} role="cast" compact title=${t("cues.cast")} hint=${t("cues.cast-hint")}
        onTake=${(/** @type {any} */ things) => onTake(things, "cast", true)} />`
    }
  </section>`;
}

/** The job of an answer. @param {Promise<Wire.TimelineAnswer>} asked @returns {Promise<Wire.JobDetail>} */
export async function jobOf(asked) {
  const { job } = await asked;
  if (!job) throw new Error(t("timeline.no-shots"));
  return job;
}

/**
 * @param {{conformed: Wire.Conformed, speech: string | null, left: string[], onLeft: (left: string[]) => void}} props
 *   speech: name of the file that all clips say, null = what lies under each
 */
function ShotTable({ conformed, speech, left, onLeft }) {
  const usable = conformed.shots.filter((shot) => !shot.error && !shot.needs_host_export);
  const chosen = usable.length - usable.filter((shot) => left.includes(shot.key)).length;
  return html`<section class="panel" aria-label=${t("timeline.shots")}><h2>${t("timeline.shots")} <span class="count">
    ${t("timeline.chosen", { n: chosen, total: conformed.shots.length })}</span></h2>
    ${sentences(conformed.notices, conformed.notice_messages).map((notice) => html`<${Notice} key=${notice} live=${false}>${notice}<//>`)}
    <div class="table-scroll" tabindex="0" role="region" aria-label=${t("timeline.shots")}><table class="shot-table">
      <thead><tr><th scope="col"><span class="visually-hidden">${t("timeline.render")}</span></th><th scope="col">${t("timeline.clip")}</th>
        <th scope="col">${t("timeline.in")}</th><th scope="col">${t("timeline.out")}</th><th scope="col">${t("timeline.speech")}</th><th
          scope="col">${t("timeline.remarks")}</th></tr></thead>
      <tbody>${conformed.shots.map(
        (shot) => html`<${ShotLine} key=${shot.key} shot=${shot} speech=${speech}
        chosen=${!left.includes(shot.key)}
          onChoose=${(/** @type {boolean} */ on) => onLeft(on ? left.filter((key) => key !== shot.key) : [...left, shot.key])} />`,
      )}</tbody>
    </table></div>
    ${
      conformed.skipped.length > 0 &&
      html`<details><summary>${t("timeline.skipped", { n: conformed.skipped.length })}</summary><ul
      class="paths">${conformed.skipped.map((one) => html`<li key=${one.timecode + one.clip}>${one.timecode} ${one.clip}: ${sentence(one.why_message, one.why)}</li>`)}
        </ul></details>`
    }
  </section>`;
}

/** @param {string} path of either kind of machine */
const fileName = (path) => path.split(/[\\/]/).pop() ?? path;

/** @param {{shot: Wire.TimelineShot, speech: string | null, chosen: boolean, onChoose: (on: boolean) => void}} props */
function ShotLine({ shot, speech, chosen, onChoose }) {
  const usable = !shot.error && !shot.needs_host_export;
  return html`<tr class=${usable ? "" : "unusable"}>
    <td><input type="checkbox" checked=${usable && chosen} disabled=${!usable} title=${usable ? undefined : t("why.clip")}
      aria-label=${t("timeline.render-clip", { name: shot.clip })}
      onChange=${(/** @type {Event} */ event) => onChoose(/** @type {HTMLInputElement} */ (event.target).checked)} /></td>
    <th scope="row" class="name">${shot.clip}</th><td class="timecode">${shot.timecode_in}</td><td class="timecode">${shot.timecode_out}
      </td><td class="name">${shot.shot && (speech ?? fileName(shot.shot.speech))}</td>
    <td>${shot.error && html`<p class="problem">${withCommands(sentence(shot.error_message, shot.error))}</p>`}${
      shot.needs_host_export &&
      html`<p class="why">
      ${t("timeline.needs-editor", { why: sentence(shot.needs_host_export_message, shot.needs_host_export) })}</p>`
    }${sentences(shot.notices, shot.notice_messages).map(
      (notice) => html`<p class="hint" key=${notice}>
        ${notice}</p>`,
    )}</td></tr>`;
}
