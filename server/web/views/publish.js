/** A job that came from a timeline hands the timeline back, with its takes in it. */

/** @import * as Wire from "../wire.js" */
import { html, useState } from "../ui/html.js";
import { useAction, useApp } from "../ui/hooks.js";
import { Button, Select } from "../ui/parts.js";
import { maybe, t } from "../text.js";
import { save } from "./download.js";

/** @typedef {import("../text.js").Key} Key */

/** The timeline with its takes, as a file for an editor. @param {{job: Wire.JobView}} props */
export function Publish({ job }) {
  const { client, info } = useApp();
  const [format, setFormat] = useState("otio");
  const [mode, setMode] = useState("references");
  const [busy, act] = useAction();
  const written = info.timeline_formats.filter((row) => row.writes);
  const options = written.map((row) => [row.name, maybe(`publish.${row.name}`) ?? row.title]);
  const suffix = written.find((row) => row.name === format)?.suffixes[0] ?? "";
  return html`<div class="row wrap publish"><${Select} id="publish-${job.id}" name=${t("publish.format")} value=${format} options=${options}
    onChange=${setFormat} />
    <${Select} id="mode-${job.id}" name=${t("publish.mode")} value=${mode}
      options=${["references", "track", "both"].map((key) => [key, t(/** @type {Key} */ (`publish-mode.${key}`))])} onChange=${setMode} />
    <${Button} icon="download" busy=${busy}
      onClick=${() => act(() => save(client, `/timelines/${job.timeline}/publish?format=${format}&mode=${mode}`, `${job.name}${suffix}`))}>
        ${t("publish.do")}<//></div>`;
}
