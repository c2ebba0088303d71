/** What comes into a tab: files that are dropped or picked, and files of the server. */

/** @import * as Wire from "../wire.js" */
/** @import { Item, Role } from "./items.js" */
import { useMemo } from "../ui/html.js";
import { useApp, useStore } from "../ui/hooks.js";
import { draft } from "./draft.js";
import { makeIntake } from "./items.js";

/**
 * Adding and removing files of one tab.
 * @param {import("./draft.js").Draft["tab"]} tab
 * @param {import("./draft.js").DraftStore} [store]
 */
export function useIntake(tab, store = draft) {
  const { client, info } = useApp();
  const intake = useMemo(() => makeIntake(client, store.editItem, info.largest_upload_bytes), [client, info, store]);
  const now = useStore(store);
  return {
    now,
    /** @param {Role} role @param {File[]} files */
    files: (role, files) =>
      store.add(
        files.map((file) => intake.file(role, file)),
        tab,
      ),
    /** @param {Role} role @param {Wire.FileEntry[]} entries */
    entries: (role, entries) =>
      store.add(
        entries.map((entry) => intake.path(role, entry)),
        tab,
      ),
    /** @param {Item} item */
    remove(item) {
      intake.remove(item);
      store.remove(item.key);
    },
  };
}
