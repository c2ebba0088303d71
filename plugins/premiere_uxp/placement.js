"use strict";
// Places takes. All that the sequence shows of a placement is one transaction, so one step of undo: the take, the speech beside it, the original
// disabled. What is believed is what is read back. Copying position and opacity needs the placed clip's components, which
// UXP gives only later (by a promise, while a transaction collects its actions at once): a second step, made only where they differ.

const { core } = require("./core.js");
const { makeTrackPlacement } = require("./track-placement.js");
const { copyAttributes } = require("./clip-attributes.js");
const find = require("./sequence.js");

const { tell } = core("errors.js");

/** @param {import("@adobe/premierepro").premierepro} ppro @param {ReturnType<typeof import("./premiere-ops.js").makePremiereOps>} ops */
function makePlacement(ppro, ops) {
  const { time, project, sequence, imported, inOneStep } = ops;
  const { lay, free, roomEnd, lengthOf } = makeTrackPlacement(ppro, ops);

  async function place(order) {
    const open = await project(order.project);
    const current = await sequence(open, order.sequence);
    const before = await find.everything(ppro, current);
    const there = await find.showing(ppro, before.video, order.file);
    if (there) return result(true, there, [], []);
    return placeNew(open, current, order, before);
  }

  async function placeNew(open, current, order, before) {
    const media = await imported(open, current, order.file);
    const spot = whereItGoes(before.video, order);
    const ours = await oursAmong(open, current, before.video, "video");
    const end = await roomEnd(media, spot);
    const track = ours.find((one) => one >= order.track && free(before.video, one, spot.start, end));
    return placed(open, current, order, { ...spot, ours }, { media, kind: "video", track, part: order, at: spot }, before);
  }

  /** Another version is laid over the shown one (the topmost there) exactly; the old one stays in the bin. */
  async function switchTake(order) {
    const open = await project(order.project);
    const current = await sequence(open, order.sequence);
    const before = await find.everything(ppro, current);
    const there = await find.showing(ppro, before.video, order.file);
    if (there) return result(true, there, [], []);
    const spot = whereItGoes(before.video, order);
    const ours = await oursAmong(open, current, before.video, "video");
    const topmost = before.video.slice().reverse();
    if (order.relink) {
      const within = (one) => BigInt(one.start) >= BigInt(spot.start) && BigInt(one.end) <= BigInt(spot.end);
      const shown = topmost.find((one) => ours.includes(one.track) && one.track >= order.track && within(one));
      if (shown && (await relinked(shown, order.file))) return result(false, shown, [], [tell("panel.relinked")]);
    }
    const old = topmost.find(
      (one) => ours.includes(one.track) && one.track >= order.track && one.start === spot.start && one.end === spot.end,
    );
    if (!old) return placeNew(open, current, order, before);
    const media = await imported(open, current, order.file);
    const others = before.video.filter((one) => one !== old);
    if (!free(others, old.track, spot.start, await roomEnd(media, spot))) return placeNew(open, current, order, before); // above the old one
    const quiet = { ...order, speech: null, mute: "none", disable: false };
    return placed(
      open,
      current,
      quiet,
      { ...spot, ours },
      { media, kind: "video", track: old.track, part: order, at: spot, replaced: old.media },
      before,
    );
  }

  /** The file of a take gives way to another one: what was done to the take stays. Only to a file of the same length, so that each frame shows
   * what it showed; else the former file is put back. No step of undo knows of it. */
  async function relinked(shown, file) {
    const media = await find.clipOf(ppro, shown.item);
    const former = media ? await find.tried(() => media.getMediaFilePath(), "") : "";
    const length = media ? await lengthOf(media) : null;
    if (!former || length === null || !(await find.tried(() => media.canChangeMediaPath(), false))) return false;
    await find.tried(() => media.changeMediaFilePath(file, true), null);
    if (find.samePath(await find.tried(() => media.getMediaFilePath(), ""), file) && (await lengthOf(media)) === length) return true;
    await find.tried(() => media.changeMediaFilePath(former, true), null);
    return false;
  }

  async function placed(open, current, order, spot, picture, before) {
    const extra = await beside(open, current, order, spot, before.audio);
    const parts = [picture, ...extra.parts];
    const known = [...parts.map((one) => String(one.media.item.getId())), picture.replaced];
    const { item, steps, after, empty } = await lay(open, current, parts, extra.actions, before);
    if (steps > 1) spot.notices.push(tell("panel.premiere-undo-steps", { steps }));
    if (empty.length) spot.notices.push(tell("panel.premiere-empty-tracks", { tracks: empty }));
    if (fingerprint(after, known) !== fingerprint(before, known)) {
      spot.notices.push(tell("panel.premiere-clip-changed"));
    }
    spot.notices.push(...(await hiddenBy(before.video, order.track, item.track, spot)));
    const copying = spot.covered && !order.baked;
    const missed = copying
      ? await copyAttributes(ppro, spot.covered, item, time, (label, actions) => inOneStep(open, label, actions), spot.notices)
      : [];
    await extra.after();
    return result(false, item, missed, [...spot.notices, ...extra.notices]);
  }

  /** Clips between a clip and its take are hidden by it; an adjustment layer there no longer changes what shows. Messages. */
  async function hiddenBy(video, above, track, spot) {
    const between = video.filter((one) => one.track >= above && one.track < track && !spot.ours.includes(one.track)); // an older take is meant to be hidden
    const messages = [];
    const told = new Set(); // of the clips of a track, one is enough
    for (const one of between.filter((each) => !free([each], each.track, spot.start, spot.end))) {
      const layer = await find.tried(() => one.item.isAdjustmentLayer(), false);
      if (!layer && told.has(one.track)) continue;
      told.add(one.track);
      messages.push(tell(layer ? "panel.premiere-adjustment" : "panel.hides-clip", { clip: await one.item.getName() }));
    }
    return messages;
  }

  /** Clips move while takes render: a moved clip is followed, a trimmed or deleted one is told. */
  function whereItGoes(video, order) {
    const covered = find.byId(video, order.clip);
    const spot = { covered, start: order.start, end: order.end, notices: [] };
    const moved = covered ? find.movedBy(covered, order.clip) : 0n; // of the clip: the take may cover a part of it alone
    if (moved !== 0n) {
      Object.assign(spot, { start: String(BigInt(order.start) + moved), end: String(BigInt(order.end) + moved) });
      spot.notices.push(tell("panel.clip-moved"));
    } else if (!covered && order.clip) {
      spot.covered = find.trimmed(video, order.clip);
      spot.notices.push(spot.covered ? tell("panel.clip-trimmed-or-moved") : tell("panel.clip-left-sequence"));
    }
    return spot;
  }

  /** From the bottom: tracks that carry our name, and tracks that hold nothing but what lies in our bin (a new track can be named only once it is
   * there, which would be another step of undo). */
  async function oursAmong(open, current, items, kind) {
    const inBin = new Set((await find.takesIn(ppro, open)).map((item) => String(item.getId())));
    const count = kind === "video" ? await current.getVideoTrackCount() : await current.getAudioTrackCount();
    const ours = [];
    for (let index = 0; index < count; index += 1) {
      const track = kind === "video" ? await current.getVideoTrack(index) : await current.getAudioTrack(index);
      const own = items.filter((one) => one.track === index);
      const named = String(track.name).startsWith(kind === "video" ? find.TAKES : find.SPEECH);
      if (named || (own.length && own.every((one) => inBin.has(one.media)))) ours.push(index);
    }
    return ours;
  }

  /** What belongs to the same step: speech on an audio track of its own, the original disabled, the old dialogue silent. */
  async function beside(open, current, order, spot, audio) {
    const old = spot.covered ? find.linkedTo(spot.covered, audio) : [];
    const out = {
      parts: [],
      after: async () => {},
      notices: [],
      actions: () => [
        ...(order.disable && spot.covered ? [spot.covered.item.createSetDisabledAction(true)] : []),
        ...(order.mute === "clip" ? old.map((one) => one.item.createSetDisabledAction(true)) : []),
      ],
    };
    if (order.speech) out.parts = await speechParts(open, current, order, spot, audio);
    if (order.mute !== "none" && old.length === 0) out.notices.push(tell("panel.nothing-linked"));
    if (order.mute === "track" && old.length) {
      out.after = async () => {
        for (const one of old) await (await current.getAudioTrack(one.track)).setMute(true);
      };
      out.notices.push(tell("panel.premiere-track-muted", { tracks: old.map((one) => `A${one.track + 1}`) }));
    }
    return out;
  }

  async function speechParts(open, current, order, spot, audio) {
    const moved = BigInt(spot.start) - BigInt(order.start);
    const at = { start: String(BigInt(order.speech.start) + moved), end: String(BigInt(order.speech.end) + moved) };
    if (BigInt(at.end) <= BigInt(at.start)) return [];
    const meeting = audio.filter((one) => BigInt(one.start) < BigInt(at.end) && BigInt(one.end) > BigInt(at.start));
    if (await find.showing(ppro, meeting, order.speech.file)) return []; // it sounds there already
    const media = await imported(open, current, order.speech.file);
    const end = await roomEnd(media, at);
    const track = (await oursAmong(open, current, audio, "audio")).find((one) => free(audio, one, at.start, end));
    return [{ media, kind: "audio", track, part: order.speech, at }];
  }

  /** All clips as text, those that show `media` aside: equal texts, nothing else was touched. */
  function fingerprint({ video, audio }, media) {
    return [...video, ...audio]
      .filter((one) => !media.includes(one.media))
      .map((one) => one.id)
      .sort()
      .join("\n");
  }

  function result(already, item, missed, notices) {
    return { already, track: item.track + 1, start: item.start, end: item.end, notCopied: missed, notices };
  }

  return { place, switchTake };
}

module.exports = { makePlacement };
