"use strict";
// What every call does: the open project, its sequences, our bin, and steps of undo.

const { core } = require("./core.js");
const find = require("./sequence.js");

const { refusal, tell } = core("errors.js");

/** As 2026-11-30. */
function today() {
  const now = new Date();
  const parts = [now.getFullYear(), now.getMonth() + 1, now.getDate()];
  return parts.map((part) => String(part).padStart(2, "0")).join("-");
}

/** @param {import("@adobe/premierepro").premierepro} ppro */
function makePremiereOps(ppro) {
  /** @param {string | bigint | number} ticks */
  const time = (ticks) => ppro.TickTime.createWithTicks(String(ticks));

  async function project(wanted) {
    const open = await ppro.Project.getActiveProject();
    if (!open) throw refusal("NoProject", "panel.no-project", { editor: "Premiere" });
    if (wanted && open.guid.toString() !== wanted) {
      const behind = await find.tried(() => ppro.Project.getProject(ppro.Guid.fromString(wanted)), null);
      if (behind) throw refusal("OtherProject", "panel.premiere-project-behind", { project: open.name, wanted: behind.name });
      throw refusal("OtherProject", "panel.premiere-other-project", { project: open.name });
    }
    return open;
  }

  async function sequence(open, wanted) {
    const found = (await open.getSequences()).find((one) => one.guid.toString() === wanted);
    if (!found) throw refusal("TimelineGone", "panel.sequence-gone");
    return found;
  }

  /** Where a take that comes today goes: within the bin of all takes one for each sequence and day. Made if it is not there. The bin of all
   * takes where Premiere refuses the name. */
  async function binOfToday(open, current) {
    const all = await madeBin(open, await open.getRootItem(), find.TAKES);
    const name = String(current.name).replace(/\s+/g, " ").slice(0, 60);
    return find.tried(() => madeBin(open, ppro.FolderItem.cast(all), `${name} ${today()}`), all);
  }

  async function madeBin(open, parent, name) {
    const known = async () => (await parent.getItems()).find((item) => item.name === name && item.type === ppro.ProjectItem.TYPE_BIN);
    if (!(await known())) inOneStep(open, `Make the bin ${name}`, () => [parent.createBinAction(name, false)]);
    const made = await known();
    if (!made) throw refusal("NoBin", "panel.premiere-bin-not-made", { bin: name });
    return made;
  }

  /** The file's clip in our bins, imported once: importFiles says nothing reliable, so the bins are looked at. */
  async function imported(open, current, path) {
    const known = async () => {
      for (const item of await find.takesIn(ppro, open)) {
        const clip = await find.tried(() => ppro.ClipProjectItem.cast(item), null);
        if (clip && find.samePath(await find.tried(() => clip.getMediaFilePath(), ""), path)) return { item, clip };
      }
      return null;
    };
    const before = await known();
    if (before) return before;
    await open.importFiles([path], true, await binOfToday(open, current), false);
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

  return { time, project, sequence, imported, inOneStep };
}

module.exports = { makePremiereOps };
