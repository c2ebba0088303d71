"use strict";
// What every call does: the open project, its sequences, our bin, and steps of undo.

const { core } = require("./core.js");
const find = require("./sequence.js");

const { refusal, tell } = core("errors.js");

/** @param {import("@adobe/premierepro").premierepro} ppro */
function makePremiereOps(ppro) {
  /** @param {string | bigint | number} ticks */
  const time = (ticks) => ppro.TickTime.createWithTicks(String(ticks));

  async function project(wanted) {
    const open = await ppro.Project.getActiveProject();
    if (!open) throw refusal("NoProject", "panel.no-project", { editor: "Premiere" });
    if (wanted && open.guid.toString() !== wanted) {
      throw refusal("OtherProject", "panel.premiere-other-project", { project: open.name });
    }
    return open;
  }

  async function sequence(open, wanted) {
    const found = (await open.getSequences()).find((one) => one.guid.toString() === wanted);
    if (!found) throw refusal("TimelineGone", "panel.sequence-gone");
    return found;
  }

  async function bin(open) {
    const root = await open.getRootItem();
    const known = async () => (await root.getItems()).find((item) => item.name === find.TAKES && item.type === ppro.ProjectItem.TYPE_BIN);
    if (!(await known())) inOneStep(open, "Make the bin HeyGem takes", () => [root.createBinAction(find.TAKES, false)]);
    const made = await known();
    if (!made) throw refusal("NoBin", "panel.premiere-bin-not-made", { bin: find.TAKES });
    return made;
  }

  /** The file's clip in our bin, imported once: importFiles says nothing reliable, so the bin is looked at. */
  async function imported(open, path) {
    const folder = await bin(open);
    const items = () => ppro.FolderItem.cast(folder).getItems();
    const known = async () => {
      for (const item of await items()) {
        const clip = await find.tried(() => ppro.ClipProjectItem.cast(item), null); // it throws at bins
        if (clip && find.samePath(await find.tried(() => clip.getMediaFilePath(), ""), path)) return { item, clip };
      }
      return null;
    };
    const before = await known();
    if (before) return before;
    await open.importFiles([path], true, folder, false);
    const after = await known();
    if (!after) throw refusal("NotImported", "panel.premiere-not-imported", { path, bin: find.TAKES });
    return after;
  }

  /** Actions are created and carried out under the project's lock, as one step of undo. Throws: Refused. */
  function inOneStep(open, label, makeActions, advice = tell("panel.premiere-advice-again")) {
    let done = false;
    /** @type {any} */
    let problem = null;
    open.lockedAccess(() => {
      try {
        done = open.executeTransaction((compound) => {
          for (const action of makeActions()) compound.addAction(action);
        }, label);
      } catch (thrown) {
        problem = thrown;
      }
    });
    if (problem) throw refusal("Refused", "panel.premiere-refused-why", { step: label, why: problem.message, advice });
    if (!done) throw refusal("Refused", "panel.premiere-refused", { step: label, advice });
  }

  return { time, project, sequence, bin, imported, inOneStep };
}

module.exports = { makePremiereOps };
