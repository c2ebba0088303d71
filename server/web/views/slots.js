/** Where work runs: every slot of this machine and of a farm, and what is in it; asked anew while it is unfolded. */

import { html, useEffect, useState } from "../ui/html.js";
import { useApp, useLive, useTask } from "../ui/hooks.js";
import { size } from "../format.js";
import { sentence } from "../messages.js";
import { t } from "../text.js";

/** @typedef {import("../text.js").Key} Key */

const LOOK_MS = 2000;

export function Slots() {
  const { client } = useApp();
  const [open, setOpen] = useState(false);
  const [looks, setLooks] = useState(0);
  const found = useTask(async () => (open ? await client.api.info() : null), [open, looks]);
  const jobs = useLive((state) => state.jobs);
  useEffect(() => {
    if (!open) return;
    const timer = setInterval(() => setLooks((count) => count + 1), LOOK_MS);
    return () => clearInterval(timer);
  }, [open]);
  const { slots = [], nodes = [], farm_trouble: trouble } = found.value ?? {};
  return html`<details class="where" onToggle=${(/** @type {Event} */ event) => setOpen(/** @type {HTMLDetailsElement} */ (event.target).open)}>
    <summary>${t("slots.title")}</summary>
    ${trouble && html`<p class="why">${sentence(trouble, trouble.message)}</p>`}
    <ul>${nodes.map(
      (
        node,
      ) => html`<li key=${node.address + node.name}><b>${node.name}</b> ${node.address}: ${t(/** @type {Key} */ (`slots.node-${node.state}`))}
        ${node.reason && html` <span class="why">${sentence(node.reason, node.reason.message)}</span>`}</li>`,
    )}</ul>
    <ul>${slots.map(
      (
        slot,
      ) => html`<li key=${slot.name}><b>${slot.name}</b>${slot.title && ` ${slot.title}`}${slot.memory_bytes && ` (${size(slot.memory_bytes)})`}:
        <span> ${slot.task ? t("slots.busy", { what: t(/** @type {Key} */ (`slots.${slot.task}`)), job: jobs[slot.job ?? ""]?.name ?? "" }) : t("slots.free")}</span></li>`,
    )}</ul>
  </details>`;
}
