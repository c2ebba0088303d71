/** Where work runs: every slot of this machine and of a farm, and what is in it; asked anew while it is unfolded. */
import { html, useEffect, useState } from "../ui/html.js";
import { useApp, useLive, useTask } from "../ui/hooks.js";
import { size } from "../format.js";
import { t } from "../text.js";

const LOOK_MS = 2000;

export function Slots() {
  const { client } = useApp();
  const [open, setOpen] = useState(false);
  const [looks, setLooks] = useState(0);
  const found = useTask(async () => (open ? (await client.api.info()).slots : null), [open, looks]);
  const jobs = useLive((state) => state.jobs);
  useEffect(() => {
    if (!open) return;
    const timer = setInterval(() => setLooks((count) => count + 1), LOOK_MS);
    return () => clearInterval(timer);
  }, [open]);
  const slots = found.value ?? [];
  return html`<details class="where" onToggle=${(/** @type {Event} */ event) => setOpen(/** @type {HTMLDetailsElement} */ (event.target).open)}>
    <summary>${t("slots.title")}</summary>
    <ul>${slots.map(
      (
        slot,
      ) => html`<li key=${slot.name}><b>${slot.name}</b>${slot.title && ` ${slot.title}`}${slot.memory_bytes && ` (${size(slot.memory_bytes)})`}:
        <span> ${slot.task ? t("slots.busy", { what: t(`slots.${slot.task}`), job: jobs[slot.job ?? ""]?.name ?? "" }) : t("slots.free")}</span></li>`,
    )}</ul>
  </details>`;
}
