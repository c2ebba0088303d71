/** The log of a job: what was written so far, and each line as it comes. It stays at its end unless somebody scrolled up. */

import { html, useEffect, useRef } from "../ui/html.js";
import { useApp, useLive } from "../ui/hooks.js";
import { clock } from "../format.js";
import { sentence } from "../messages.js";
import { t } from "../text.js";

const NEAR_END_PX = 24;

/** @param {{job: string}} props */
export function JobLog({ job }) {
  const { client } = useApp();
  const lines = useLive((state) => state.logs[job]) ?? [];
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const atEnd = useRef(true);
  useEffect(() => client.followLog(job), [job]);
  useEffect(() => {
    if (box.current && atEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines.length]);
  return html`<div class="log" ref=${box} tabindex="0" role="log" aria-label=${t("job.log")}
    onScroll=${() => {
      const el = /** @type {HTMLElement} */ (box.current);
      atEnd.current = el.scrollHeight - el.scrollTop - el.clientHeight < NEAR_END_PX;
    }}>
    ${lines.map(
      (line) => html`<div class="log-line ${line.level}" key=${line.number}><time>${clock(line.at)}</time><span>${sentence(line)}
      </span></div>`,
    )}
    ${!lines.length && html`<p class="hint">${t("log.empty")}</p>`}
  </div>`;
}
