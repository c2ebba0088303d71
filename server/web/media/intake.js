/** What comes into “New render” or into an editor's view: files that are dropped or picked, and files of the server. */

/** @import * as Wire from "../wire.js" */
/** @import { Item, Role } from "./items.js" */
import { useMemo } from "../ui/html.js";
import { useApp, useStore } from "../ui/hooks.js";
import { go, route } from "../route.js";
import { listed, t } from "../text.js";
import { draft, itemsOf } from "./draft.js";
import { makeIntake } from "./items.js";
import { placeOf } from "./sorting.js";

/** @typedef {File | Wire.FileEntry} Thing a file of the browser's machine, or one of the server's */

/** @param {import("./draft.js").DraftStore} store */
function useMaker(store) {
  const { client, info } = useApp();
  return useMemo(() => makeIntake(client, store.editItem, info.largest_upload_bytes), [client, info.largest_upload_bytes, store]);
}

/** @param {ReturnType<typeof makeIntake>} intake @param {Role} role @param {readonly Thing[]} things */
const itemsFor = (intake, role, things) =>
  things.map((thing) => (thing instanceof File ? intake.file(role, thing) : intake.path(role, thing)));

/**
 * Adding and removing files of one tab, each for a part that is known.
 * @param {import("./draft.js").Draft["tab"]} tab
 * @param {import("./draft.js").DraftStore} [store]
 */
export function useIntake(tab, store = draft) {
  const intake = useMaker(store);
  const now = useStore(store);
  return {
    now,
    /** @param {Role} role @param {readonly Thing[]} things */
    take: (role, things) => store.add(itemsFor(intake, role, things), tab),
    /** @param {Item} item */
    remove(item) {
      intake.remove(item);
      store.remove(item.key);
    },
  };
}

/** Files for “New render”, wherever they were dropped: they are sorted by what they are. */
export function useReceive() {
  const { info, say } = useApp();
  const intake = useMaker(draft);

  /** @param {import("./draft.js").Draft["tab"]} tab @param {Role} role */
  function clear(tab, role) {
    for (const item of itemsOf(draft.value, tab, role)) {
      intake.remove(item);
      draft.remove(item.key);
    }
  }

  /**
   * @param {readonly Thing[]} things
   * @param {Role | null} [zone] where they were dropped, null = anywhere
   * @param {boolean} [chosen] they were chosen for just that
   */
  function receive(things, zone = null, chosen = false) {
    const count = (/** @type {import("./draft.js").Draft["tab"]} */ tab, /** @type {Role} */ role) =>
      itemsOf(draft.value, tab, role).length;
    const before = draft.value.tab;
    const { tab, taken, unknown, beside } = placeOf(things, {
      tab: before,
      zone,
      chosen,
      single: { video: count("single", "video"), speech: count("single", "speech") },
      timeline: count("timeline", "timeline") > 0,
      cues: count("timeline", "cues") > 0,
      kinds: info.file_kinds,
    });
    if (unknown.length) say(t("intake.unknown", { names: listed(unknown.map(({ name }) => name)) }), "error");
    if (beside.length) say(t("intake.beside", { names: listed(beside.map(({ name }) => name)) }), "error");
    if (!taken.some(([, some]) => some.length)) return;
    if (tab === "batch" && before === "single") {
      draft.toBatch();
      say(t("intake.batch"));
    }
    if (tab === "timeline" && before !== "timeline") say(t("intake.timeline"));
    if (tab !== before) draft.turnTo(tab);
    const lines = tab === "timeline" && (count(tab, "cues") > 0 || taken.some(([role, some]) => role === "cues" && some.length > 0));
    for (const [role, some] of taken) {
      if (tab === "timeline" && some.length && !(lines && role === "speech")) clear(tab, role); // it has one of each
      if (some.length) draft.add(itemsFor(intake, role, some), tab);
    }
    const { view } = route.value;
    if (view !== "new") go("new");
  }
  return { receive, again: intake.again };
}
