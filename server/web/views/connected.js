/** An editor's view in an ordinary page: while the editor is away it says so, and comes back by itself. */

import { html, useMemo, useRef } from "../ui/html.js";
import { useLive } from "../ui/hooks.js";
import { Empty, Notice } from "../ui/parts.js";
import { editorName, editorOf } from "../editors.js";
import { t } from "../text.js";
import { HostPage } from "./host.js";

/** @param {{id: string}} props of the host */
export function ConnectedEditor({ id }) {
  const view = useLive((state) => state.hosts.find((one) => one.id === id) ?? null);
  const last = useRef(view);
  if (view) last.current = view;
  const known = last.current;
  const host = useMemo(() => known && editorOf(known), [known]);
  if (!known || !host) return html`<div class="view"><${Empty} icon="timeline" title=${t("host.away")}>${t("host.away-hint")}<//></div>`;
  const left = t("host.left", { name: editorName(known) });
  return html`
    ${!view && html`<div class="away"><${Notice} kind="warn" title=${left}>${t("host.away-hint")}<//></div>`}
    <${HostPage} key=${known.project} host=${host} away=${!view} />`;
}
