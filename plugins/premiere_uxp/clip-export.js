"use strict";
// Exports of what Premiere alone can decode, by its own encoder. In, out and mutes are put back, whatever happens (in and out by actions: steps
// of undo of their own). The promise of an export may stay pending though its file is complete, and may say true though there is none: what
// counts is a file that no longer grows.

const { core } = require("./core.js");
const find = require("./sequence.js");

const { tell, toldBy } = core("errors.js");
const ticks = core("ticks.js");

const POLL_MS = 250;
const SETTLE_MS = 20; // between two looks at a file that Premiere calls done
const QUIET_MS = 15000; // without growing, where neither promise nor event said that it is done
const NOTHING_MS = 60000; // without any file
const LATE_MS = 3000; // for a file to appear after Premiere said that it is done

/** @param {import("@adobe/premierepro").premierepro} ppro @param {import("./editor.js").Machine} machine
 * @param {ReturnType<typeof import("./premiere-ops.js").makePremiereOps>} ops */
function makeClipExport(ppro, machine, ops) {
  const { time, project, sequence, inOneStep } = ops;

  /** As the CEP panel's exportItems: {files: [{item, path, problem}], notices}. */
  async function exportItems(order) {
    const open = await project(order.project);
    const current = await sequence(open, order.sequence);
    const [first, last] = [await current.getInPoint(), await current.getOutPoint()];
    const [files, notices] = [[], []];
    for (const wanted of order.items) files.push(await exportOne(open, current, order, wanted, notices));
    const back = await find.tried(() => setRange(open, current, first, last, "Put in and out back after an export"), false);
    if (!back) notices.push(tell("panel.premiere-range-changed"));
    return { files, notices };
  }

  /** Whether in and out are read back as they were written. */
  async function setRange(open, current, first, last, label) {
    inOneStep(open, label, () => [current.createSetInPointAction(first), current.createSetOutPointAction(last)]);
    return (await current.getInPoint()).ticks === first.ticks && (await current.getOutPoint()).ticks === last.ticks;
  }

  /** Never rejects: one clip's trouble is not the next one's. */
  async function exportOne(open, current, order, wanted, notices) {
    const changed = [];
    try {
      await project(order.project); // another one may have been opened since the last file
      const kind = order.kind === "picture" ? "video" : "audio";
      const entry = (await find.itemsOf(ppro, current, kind)).find((one) => one.id === wanted.id);
      if (!entry) return failed(wanted, tell("panel.clip-not-in-sequence"));
      await setMutes(current, kind, entry.track, changed);
      const zero = (await current.getZeroPoint()).ticks; // in and out count from zero o'clock, clips from the sequence's beginning
      const range = [time(ticks.add(wanted.start, zero)), time(ticks.add(wanted.end, zero))];
      if (!(await setRange(open, current, range[0], range[1], "Set the range of an export"))) {
        return failed(wanted, tell("panel.premiere-range-refused"));
      }
      let said = null;
      for (const preset of order.presets) {
        await machine.remove(wanted.file); // a rest of an attempt that failed would pass for a file
        said = await exported(current, wanted.file, preset);
        if (await machine.sizeOf(wanted.file)) return { item: wanted.id, path: wanted.file, problem: null };
      }
      return failed(wanted, tell("panel.premiere-exported-none", { said }));
    } catch (problem) {
      return failed(wanted, toldBy(problem));
    } finally {
      for (const [track, muted] of changed) {
        await find.tried(() => track.setMute(muted), null);
        if (Boolean(await find.tried(() => track.isMuted(), !muted)) !== muted)
          notices.push(tell("panel.premiere-track-changed", { track: track.name }));
      }
    }
  }

  const failed = (wanted, problem) => ({ item: wanted.id, path: null, problem });

  /** A picture is what shows with nothing above it; a sound is heard alone. `changed` gets [track, muted] of each that was changed. */
  async function setMutes(current, kind, own, changed) {
    const count = kind === "video" ? await current.getVideoTrackCount() : await current.getAudioTrackCount();
    for (let index = 0; index < count; index += 1) {
      const track = kind === "video" ? await current.getVideoTrack(index) : await current.getAudioTrack(index);
      const muted = Boolean(await track.isMuted());
      const wanted = index !== own && (kind === "audio" || index > own || muted);
      if (wanted === muted) continue;
      changed.push([track, muted]);
      await track.setMute(wanted);
    }
  }

  /** What Premiere said, once the file is done or hope is gone. */
  async function exported(current, file, preset) {
    const manager = await ppro.EncoderManager.getManager();
    const event = ppro.Constants.OperationCompleteEvent.EXPORT_MEDIA_COMPLETE;
    let tell;
    /** @type {Promise<string>} */
    const words = new Promise((resolve) => {
      tell = (said) => resolve(String(said));
    });
    const finished = () => tell("done");
    await find.tried(() => ppro.EventManager.addGlobalEventListener(event, finished), null);
    try {
      const promise = manager.exportSequence(current, ppro.Constants.ExportType.IMMEDIATELY, file, preset, false);
      Promise.resolve(promise).then(tell, (problem) => tell((problem && problem.message) || problem));
      return await grown(file, words);
    } finally {
      await find.tried(() => ppro.EventManager.removeGlobalEventListener(event, finished), null);
    }
  }

  /** Waits until a file no longer grows; gives what Premiere said by then. `words` resolves when it says something. */
  async function grown(file, words) {
    let [said, size, still, absent] = [null, null, 0, 0];
    words.then((value) => {
      said = value;
    });
    for (;;) {
      const told = said !== null;
      const step = told ? SETTLE_MS : POLL_MS;
      await (told ? machine.pause(step) : Promise.race([machine.pause(step), words]));
      const now = await machine.sizeOf(file);
      still = now && now === size ? still + step : 0;
      absent = now ? 0 : absent + step;
      size = now;
      if (still >= (told ? SETTLE_MS : QUIET_MS) || absent >= (told ? LATE_MS : NOTHING_MS)) return told ? said : "nothing";
      if (!now && said === "false") return said; // refused at once
    }
  }

  return { exportItems };
}

module.exports = { makeClipExport };
