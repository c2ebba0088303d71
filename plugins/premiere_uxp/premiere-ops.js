"use strict";
// What every call does: the open project, its sequences, our bin, and steps of undo.

const { core } = require("./core.js");
const find = require("./sequence.js");

const { refusal } = core("errors.js");

/** @param {import("@adobe/premierepro").premierepro} ppro */
function makePremiereOps(ppro) {
  const time = (ticks) => ppro.TickTime.createWithTicks(String(ticks));

  async function project(wanted) {
    const open = await ppro.Project.getActiveProject();
    if (!open) throw refusal("NoProject", "No project is open in Premiere: open one and try again.");
    if (wanted && open.guid.toString() !== wanted) {
      throw refusal(
        "OtherProject",
        `The project “${open.name}” is open in Premiere, and this belongs to another one: open that one first.`,
      );
    }
    return open;
  }

  async function sequence(open, wanted) {
    const found = (await open.getSequences()).find((one) => one.guid.toString() === wanted);
    if (!found)
      throw refusal(
        "TimelineGone",
        "The sequence of this shot is no longer in the project; the take is safe in its folder: import it by hand if you want it elsewhere.",
      );
    return found;
  }

  async function bin(open) {
    const root = await open.getRootItem();
    const known = async () => (await root.getItems()).find((item) => item.name === find.TAKES && item.type === ppro.ProjectItem.TYPE_BIN);
    if (!(await known())) inOneStep(open, "Make the bin HeyGem takes", () => [root.createBinAction(find.TAKES, false)]);
    const made = await known();
    if (!made)
      throw refusal(
        "NoBin",
        `Premiere did not make the bin “${find.TAKES}”: is the project read-only? Make that bin yourself and try again.`,
      );
    return made;
  }

  /** The file's clip in our bin, imported once: importFiles says nothing reliable, so the bin is looked at. */
  async function imported(open, path) {
    const folder = await bin(open);
    const items = () => ppro.FolderItem.cast(folder).getItems();
    const known = async () => {
      for (const item of await items()) {
        const clip = ppro.ClipProjectItem.cast(item);
        if (clip && find.samePath(await find.tried(() => clip.getMediaFilePath(), ""), path)) return { item, clip };
      }
      return null;
    };
    const before = await known();
    if (before) return before;
    await open.importFiles([path], true, folder, false);
    const after = await known();
    if (!after)
      throw refusal(
        "NotImported",
        `Premiere could not import ${path}: is it still there, and does it play elsewhere? Drag it into the bin “${find.TAKES}” and try again.`,
      );
    return after;
  }

  /** Actions are created and carried out under the project's lock, as one step of undo. Throws: Refused. */
  function inOneStep(open, label, makeActions, advice = "try again; if it stays, report this sentence") {
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
    if (problem || !done) throw refusal("Refused", `Premiere refused “${label}”${problem ? ` (${problem.message})` : ""}: ${advice}.`);
  }

  return { time, project, sequence, bin, imported, inOneStep };
}

module.exports = { makePremiereOps };
