"use strict";
// Lays parts of files on tracks, in as few steps of undo as Premiere allows, and reads back what came of it.
//
// In and out of a file are set by an action, and nobody says whether they count for the next action of the same transaction: public panels set
// them in a transaction of their own. So all goes in one step while the whole file would do no harm where it is laid; if the whole file came, it
// is taken away again, and from then on (and where there is no room) choosing, laying and clearing are steps of their own.

const { core } = require("./core.js");
const find = require("./sequence.js");

const { refusal, tell } = core("errors.js");
const ADVICE = tell("panel.premiere-advice-track", { name: find.TAKES });
const LABEL = "Place HeyGem take";

/** @param {import("@adobe/premierepro").premierepro} ppro @param {ReturnType<typeof import("./premiere-ops.js").makePremiereOps>} ops */
function makeTrackPlacement(ppro, ops) {
  const { time, inOneStep } = ops;
  let marksCount = null; // null = not seen yet

  const free = (items, track, start, end) =>
    items.every((one) => one.track !== track || BigInt(one.end) <= BigInt(start) || BigInt(one.start) >= BigInt(end));

  /** `before`: all clips, as `everything` gives them. `parts`: {media, kind, track (undefined = a new one on top), part: {first, last} of the file, at: {start, end}}; the first is the take.
   * Returns the take as it lies, all clips afterwards, and how many steps of undo it took. Rejects: Refused, WrongPlace. */
  async function lay(open, current, parts, otherActions, before) {
    const ends = await tops(current);
    const apart = marksCount === false || (marksCount === null && !(await roomy(parts, before)));
    const steps = apart ? inSteps(open, current, parts, otherActions, ends) : inOne(open, current, parts, otherActions, ends);
    const after = await find.everything(ppro, current);
    const found = await Promise.all(parts.map((part) => lying(after, part)));
    if (found.every((one, index) => one && one.end === parts[index].at.end && beginsAt(one, parts[index]))) {
      if (!apart) marksCount = true;
      return { item: found[0], steps, after };
    }
    const wrong = found.filter((one) => one !== null);
    if (wrong.length) takeAway(open, current, wrong);
    if (apart || !wrong.length) throw refusal("WrongPlace", "panel.premiere-wrong-place");
    marksCount = false;
    return lay(
      open,
      current,
      parts.map((part) => (part.track === undefined ? { ...part, track: ends[part.kind] } : part)),
      otherActions,
      before,
    );
  }

  async function tops(current) {
    return { video: await current.getVideoTrackCount(), audio: await current.getAudioTrackCount() };
  }

  /** Whether the whole files would fit. */
  async function roomy(parts, before) {
    for (const { media, kind, track, at, replaced } of parts) {
      if (track === undefined) continue;
      const items = before[kind].filter((one) => one.media !== replaced || one.start !== at.start);
      const length = await find.tried(async () => (await media.clip.getMedia()).duration.ticks, null);
      if (length === null || !free(items, track, at.start, String(BigInt(at.start) + BigInt(length)))) return false;
    }
    return true;
  }

  const choose = ({ media, part }) => media.clip.createSetInOutPointsAction(time(part.first), time(part.last));
  const clear = ({ media }) => media.clip.createClearInOutPointsAction();

  /** There is no call that adds a track: an insert past the last one makes it, and on an empty track there is nothing to push aside. Sound that a
   * take should not have would land on a new track, never on A1. */
  function layAction(current, ends, { media, kind, track, at }) {
    const editing = ppro.SequenceEditor.getEditor(current);
    const [video, audio] =
      kind === "video" ? [track === undefined ? ends.video : track, ends.audio] : [ends.video, track === undefined ? ends.audio : track];
    if (track === undefined) return editing.createInsertProjectItemAction(media.item, time(at.start), video, audio, true);
    return editing.createOverwriteItemAction(media.item, time(at.start), video, audio);
  }

  function inOne(open, current, parts, otherActions, ends) {
    inOneStep(
      open,
      LABEL,
      () => [...parts.flatMap((part) => [choose(part), layAction(current, ends, part), clear(part)]), ...otherActions()],
      ADVICE,
    );
    return 1;
  }

  function inSteps(open, current, parts, otherActions, ends) {
    for (const part of parts) {
      inOneStep(open, "Choose the part of the take", () => [choose(part)], ADVICE);
      inOneStep(open, LABEL, () => [layAction(current, ends, part)], ADVICE);
      inOneStep(open, "Clear the part of the take", () => [clear(part)], ADVICE);
    }
    inOneStep(open, "Finish HeyGem take", otherActions, ADVICE);
    return 3 * parts.length + 1;
  }

  /** The clip that lies where a part should begin, showing its file. */
  async function lying(after, { media, kind, at }) {
    const id = String(media.item.getId());
    const found = after[kind].find((one) => one.media === id && one.start === at.start);
    return found ? { ...found, offset: await find.tried(async () => (await media.clip.getMedia()).start.ticks, "0") } : null;
  }

  /** In points count from the file's start, or from its timecode: both readings are right. */
  function beginsAt(one, { part }) {
    return BigInt(one.inPoint) === BigInt(part.first) || BigInt(one.inPoint) === BigInt(part.first) + BigInt(one.offset);
  }

  function takeAway(open, current, items) {
    inOneStep(open, "Take the take away", () => {
      const actions = [];
      ppro.TrackItemSelection.createEmptySelection((selection) => {
        for (const one of items) selection.addItem(one.item);
        actions.push(ppro.SequenceEditor.getEditor(current).createRemoveItemsAction(selection, false, ppro.Constants.MediaType.ANY));
      });
      return actions;
    });
  }

  return { lay, free };
}

module.exports = { makeTrackPlacement };
