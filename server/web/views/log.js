/** The log of a job: what was written so far, and each line as it comes. It stays at its end unless somebody scrolled up. */

import { html, useEffect, useRef } from "../ui/html.js";
import { useApp, useLive, useTask } from "../ui/hooks.js";
import { clock } from "../format.js";
import { sentence } from "../messages.js";
import { language, t } from "../text.js";

const NEAR_END_PX = 24;

/** @param {{job: string}} props */
export function JobLog({ job }) {
  const { client } = useApp();
  const before = useTask((signal) => client.api.log(job, language().slice(0, 2), { signal }), [job, language()]);
  const lines = useLive((state) => state.logs[job]) ?? [];
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const atEnd = useRef(true);
  useEffect(() => {
    client.dispatch({ type: "log.loaded", job });
    return client.followLog(job);
  }, [job]);
  useEffect(() => {
    if (box.current && atEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines.length, before.value]);
  return html`<div class="log" ref=${box} tabindex="0" role="log" aria-label=${t("job.log")}
    onScroll=${() => {
      const el = /** @type {HTMLElement} */ (box.current);
      atEnd.current = el.scrollHeight - el.scrollTop - el.clientHeight < NEAR_END_PX;
    }}>
    ${
      before.value &&
      logLines(before.value).map(
        (line, k) => html`<div class="log-line ${line.level}" key=${k}><time>
      ${line.at === null ? "" : clock(line.at)}</time><span>${line.message}</span></div>`,
      )
    }
    ${lines.map(
      (line, k) => html`<div class="log-line ${line.level}" key=${`live-${k}`}><time>${clock(line.at)}</time><span>${sentence(line)}
      </span></div>`,
    )}
    ${before.status === "complete" && !before.value && !lines.length && html`<p class="hint">${t("log.empty")}</p>`}
  </div>`;
}

const LINE = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (info|warning|error)\s+(\S+) (.*)$/;

/** The stored log: "date time level shot message". @param {string} text @returns {{at: number | null, level: string, message: string}[]} */
export function logLines(text) {
  return text
    .split("\n")
    .filter(Boolean)
    .slice(-1000)
    .map((line) => {
      const found = LINE.exec(line);
      if (!found) return { at: null, level: "info", message: line };
      return { at: Date.parse(`${found[1].replace(" ", "T")}Z`) / 1000, level: found[2], message: found[4] };
    });
}
