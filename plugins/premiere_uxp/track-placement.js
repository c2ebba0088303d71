"use strict";
// Lays parts of files on tracks and reads back what came of it.
//
// An action holds the state at its creation, so a file's in and out must stand before the actions that lay it are made: choosing the part is a
// step of its own, which only touches the bin. All that the sequence shows is the next step, and undo takes it back at once. Nothing is laid where
// something lies already. Until it was seen here that in and out count, the whole file must fit: were they ignored, all of it would be laid.

const { core } = require("./core.js");
const find = require("./sequence.js");

const { refusal, tell } = core("errors.js");
const TEAL = 9; // Constants.ProjectItemColorLabel.TEAL
const ADVICE = tell("panel.premiere-advice-track", { name: find.TAKES });

/** @param {import("@adobe/premierepro").premierepro} ppro @param {ReturnType<typeof import("./premiere-ops.js").makePremiereOps>} ops */
function makeTrackPlacement(ppro, ops) {
  const { time, inOneStep } = ops;
  let marksCount = false; // whether it was seen that a file's in and out decide what is laid

  const free = (items, track, start, end) =>
    items.every((one) => one.track !== track || (end !== null && BigInt(one.start) >= BigInt(end)) || BigInt(one.end) <= BigInt(start));

  /** Up to where a track must be free for a file that is laid at `at`; null = to its end. */
  async function roomEnd(media, at) {
    if (marksCount) return at.end;
    const length = await lengthOf(media.clip);
    if (length === null) return null;
    const whole = BigInt(at.start) + BigInt(length);
    return whole > BigInt(at.end) ? String(whole) : at.end;
  }

  /** Of a file, in ticks. @param {import("@adobe/premierepro").ClipProjectItem} clip */
  const lengthOf = (clip) => find.tried(async () => (await clip.getMedia()).duration.ticks, null);

  /** `before`: all clips, as `everything` gives them. `parts`: {media, kind, track (undefined = a new one on top), part: {first, last} of the file, at: {start, end}}; the first is the take.
   * Returns the take as it lies, all clips afterwards, the tracks that came empty ("A3"), and how many steps of undo take the take away.
   * Rejects: Refused, WrongPlace. */
  async function lay(open, current, parts, otherActions, before, tries = 1) {
    const ends = await tops(current);
    inOneStep(open, "Choose the part of the take", () => parts.flatMap(choose), ADVICE);
    const refused = await carriedOut(open, current, parts, otherActions, before, ends);
    const after = await find.everything(ppro, current);
    const found = parts.map((part) => lying(after, part));
    if (found.every((one, index) => one && one.end === parts[index].at.end && one.inPoint === parts[index].part.first)) {
      await learn(parts);
      return { item: found[0], steps: tries, after, empty: emptyTracks(after, ends, await tops(current)) };
    }
    const wrong = found.filter((one) => one !== null);
    if (wrong.length) takeAway(open, current, wrong);
    const existing = parts.some((part, index) => part.track !== undefined && found[index] === null);
    if (existing && tries === 1) {
      const elsewhere = parts.map((part, index) => (found[index] === null ? { ...part, track: undefined } : part)); // theirs may be locked, which UXP does not say
      return lay(open, current, elsewhere, otherActions, before, refused ? 1 : tries + (wrong.length ? 2 : 1));
    }
    throw refused || refusal("WrongPlace", "panel.premiere-wrong-place");
  }

  /** What Premiere refused with, null = it was carried out. */
  async function carriedOut(open, current, parts, otherActions, before, ends) {
    const aside = await soundTrack(parts[0], before, ends);
    const actions = () => [...parts.map((part) => layAction(current, ends, aside, part)), ...otherActions()];
    try {
      inOneStep(open, "Place HeyGem take", actions, ADVICE);
      return null;
    } catch (problem) {
      return problem;
    }
  }

  async function tops(current) {
    return { video: await current.getVideoTrackCount(), audio: await current.getAudioTrackCount() };
  }

  /** Takes that were laid in part prove that in and out count; whole files prove nothing. */
  async function learn(parts) {
    for (const { media, part } of parts) {
      const length = await lengthOf(media.clip);
      if (length !== null && BigInt(part.last) - BigInt(part.first) < BigInt(length)) marksCount = true;
    }
  }

  /** Where a take's sound would land if it had any: never on anybody's clip. A track past the last is made even for a file without sound, so one
   * that is empty is used where there is one (wholly, for an insert: it would move what lies behind). */
  async function soundTrack({ media, track, at }, before, ends) {
    const end =
      track === undefined ? null : await find.tried(async () => String(BigInt(at.start) + BigInt(await lengthOf(media.clip))), null);
    const start = track === undefined ? "0" : at.start;
    for (let index = ends.audio - 1; index >= 0; index -= 1) if (free(before.audio, index, start, end)) return index;
    return ends.audio;
  }

  /** The label says that it came from here; clips get it from their item. */
  const choose = ({ media, part }) => [
    media.clip.createSetInOutPointsAction(time(part.first), time(part.last)),
    media.item.createSetColorLabelAction(TEAL),
  ];

  /** There is no call that adds a track: an insert past the last one makes it, and on an empty track there is nothing to push aside. */
  function layAction(current, ends, aside, { media, kind, track, at }) {
    const editing = ppro.SequenceEditor.getEditor(current);
    const [video, audio] =
      kind === "video" ? [track === undefined ? ends.video : track, aside] : [ends.video, track === undefined ? ends.audio : track];
    if (track === undefined) return editing.createInsertProjectItemAction(media.item, time(at.start), video, audio, true);
    return editing.createOverwriteItemAction(media.item, time(at.start), video, audio);
  }

  /** The clip that lies where a part should begin, showing its file. */
  function lying(after, { media, kind, at }) {
    const id = String(media.item.getId());
    return after[kind].find((one) => one.media === id && one.start === at.start) || null;
  }

  /** Tracks that are new and hold nothing. UXP has no call that removes a track. */
  function emptyTracks(after, ends, now) {
    return [...emptyAmong(after.video, ends.video, now.video, "V"), ...emptyAmong(after.audio, ends.audio, now.audio, "A")];
  }

  function emptyAmong(items, from, to, letter) {
    const names = [];
    for (let index = from; index < to; index += 1) if (items.every((one) => one.track !== index)) names.push(`${letter}${index + 1}`);
    return names;
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

  return { lay, free, roomEnd, lengthOf };
}

module.exports = { makeTrackPlacement };
