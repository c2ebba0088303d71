/**
 * The page beside an editor, in its panel or in a browser: what is selected there, what it shall say, render, and put back. Everything the
 * editor does goes through the server to the editor's own script; this page never touches the editor.
 */

/** @import * as Wire from "../wire.js" */
/** @import { Editor } from "../editors.js" */
import { html, useEffect, useRef, useState } from "../ui/html.js";
import { useApp, useStore, useTask } from "../ui/hooks.js";
import { t } from "../text.js";
import { HostRender } from "./host-render.js";
import { Selection } from "./host-selection.js";
import { ProjectTakes } from "./host-takes.js";
import { workOf } from "./host-work.js";

const SELECTION_MS = 500; // the selection is asked for at most twice a second
const RETRY_MS = 2000;

/** @param {{host: Editor, away?: boolean}} props away: it is not connected, so only what was rendered for it is shown */
export function HostPage({ host, away = false }) {
  const { client } = useApp();
  const store = workOf(host);
  const exporting = useStore(store).exporting !== null;
  const changes = useSelectionChanges(host);
  const selection = useTask(
    async () => {
      /** @type {Wire.SelectionResult} */
      const found = await client.api.call(host.id, "host.selection");
      store.selected(found);
      return found;
    },
    [changes],
    { when: !away && !exporting },
  );
  useEffect(() => {
    // The panel's own socket may still be on its way, or on its way back.
    if (selection.status !== "error" || away || exporting) return;
    const timer = setTimeout(selection.again, RETRY_MS);
    return () => clearTimeout(timer);
  }, [selection.status, away, exporting]);
  const problem = useLastProblem(selection);
  return html`<div class="view host-view ${host.framed ? "" : "in-browser"}">
    <h1 class="visually-hidden">${t("nav.host")}</h1>
    ${
      !away &&
      html`<div class="host-prepare">
        <${Selection} host=${host} selection=${selection} problem=${problem} busy=${exporting} />
        ${selection.value?.document && html`<${HostRender} host=${host} selection=${selection.value} />`}
      </div>`
    }
    <${ProjectTakes} host=${host} />
  </div>`;
}

/**
 * Why there is no selection: stands, and is not told anew, while it is asked for again.
 * @param {import("../task.js").Outcome<Wire.SelectionResult>} selection
 */
function useLastProblem(selection) {
  const last = useRef(/** @type {string | null} */ (null));
  if (selection.status === "error") last.current = selection.error.message;
  else if (selection.status === "complete") last.current = null;
  return last.current;
}

/**
 * Counts reasons to ask for the selection again: the panel tells of them; a page without one asks when somebody comes back to it.
 * @param {Editor} host
 */
function useSelectionChanges(host) {
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const soon = () =>
      (timer ??= setTimeout(() => {
        timer = undefined;
        setAsked((n) => n + 1);
      }, SELECTION_MS));
    const [source, name] = host.framed ? [window, "heygem-selection"] : [window, "focus"];
    source.addEventListener(name, soon);
    return () => {
      clearTimeout(timer);
      source.removeEventListener(name, soon);
    };
  }, [host.framed]);
  return asked;
}
