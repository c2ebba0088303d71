"use strict";
// Premiere by UXP, with the same calls as the CEP panel's bridge. A placement is one transaction, so one step of undo: the part of the file is
// chosen, laid down, and the original disabled, all in one. Copying position and opacity needs the placed clip and is a second step, made only
// where they differ from a fresh clip's.

const { core } = require("./core.js");
const { withIds } = require("./document.js");
const { copyLook } = require("./looks.js");
const find = require("./sequence.js");

const { refusal } = core("answering.js");

/**
 * @param {import("@adobe/premierepro").premierepro} ppro
 * @param {{version: string, readText: (path: string) => Promise<string>, temporary: () => Promise<string>}} machine */
function makeEditor(ppro, machine) {
  const time = (ticks) => ppro.TickTime.createWithTicks(String(ticks));

  async function project(wanted) {
    const open = await ppro.Project.getActiveProject();
    if (!open) throw refusal("NoProject", "No project is open in Premiere: open one and try again.");
    if (wanted && open.guid.toString() !== wanted) {
      throw refusal("OtherProject", `The project “${open.name}” is open in Premiere, and this belongs to another one: open that one first.`);
    }
    return open;
  }

  async function sequence(open, wanted) {
    const found = (await open.getSequences()).find((one) => one.guid.toString() === wanted);
    if (!found) throw refusal("TimelineGone", "The sequence of this shot is no longer in the project; the take itself is safe in its folder.");
    return found;
  }

  async function about() {
    const open = await ppro.Project.getActiveProject();
    const current = open ? await open.getActiveSequence() : null;
    const items = current ? await (await current.getSelection()).getTrackItems() : [];
    const selection = await Promise.all(items.map(async (item) => (await item.getStartTime()).ticks + (await item.getName())));
    return {
      version: machine.version,
      project: open ? open.guid.toString() : "",
      projectName: open ? open.name : "",
      sequence: current ? current.guid.toString() : null,
      selection: selection.join(" "),
    };
  }

  /** Premiere's own document with ids; null = it could not be written or matched. */
  async function document(described) {
    const open = await project(described.project);
    const path = await machine.temporary();
    const written = await find.tried(async () => ppro.ProjectConverter.exportAsOpenTimelineIO(await sequence(open, described.id), path, true), false);
    if (!written) return null;
    return find.tried(async () => withIds(JSON.parse(await machine.readText(path)), described), null);
  }

  async function bin(open) {
    const root = await open.getRootItem();
    const known = async () => (await root.getItems()).find((item) => item.name === find.TAKES && item.type === ppro.ProjectItem.TYPE_BIN);
    if (!(await known())) inOneStep(open, "Make the bin HeyGem takes", () => [root.createBinAction(find.TAKES, false)]);
    const made = await known();
    if (!made) throw refusal("NoBin", `Premiere did not make the bin “${find.TAKES}”; is the project read-only?`);
    return made;
  }

  /** The file's clip in our bin, imported once: importFiles says nothing reliable, so the bin is looked at. */
  async function imported(open, path) {
    const folder = await bin(open);
    const items = () => ppro.FolderItem.cast(folder).getItems();
    const known = async () => {
      for (const item of await items()) {
        const clip = ppro.ClipProjectItem.cast(item);
        if (clip && (await find.tried(() => clip.getMediaFilePath(), "")) === path) return { item, clip };
      }
      return null;
    };
    const before = await known();
    if (before) return before;
    await open.importFiles([path], true, folder, false);
    const after = await known();
    if (!after) throw refusal("NotImported", `Premiere could not import ${path}; is the file still there?`);
    return after;
  }

  /** Actions are created and carried out under the project's lock, as one step of undo. Throws where Premiere refuses. */
  function inOneStep(open, label, makeActions) {
    let done = false;
    /** @type {any} */
    let problem = null;
    open.lockedAccess(() => {
      try {
        done = open.executeTransaction((compound) => { for (const action of makeActions()) compound.addAction(action); }, label);
      } catch (thrown) {
        problem = thrown;
      }
    });
    if (problem || !done) throw refusal("Refused", `Premiere refused “${label}”${problem ? ` (${problem.message})` : ""}: add a track on top named “${find.TAKES}” and try again.`);
  }

  async function place(order) {
    const open = await project(order.project);
    const current = await sequence(open, order.sequence);
    const video = await find.itemsOf(ppro, current, "video");
    const there = await showing(video, order.file);
    if (there) return result(true, there, [], []);
    const media = await imported(open, order.file);
    const spot = whereItGoes(video, order);
    const laying = await layTake(current, video, media, order, spot);
    return done(open, current, order, spot, media, laying);
  }

  /** Another version is laid over the shown one exactly; the old one stays in the bin. */
  async function switchTake(order) {
    const open = await project(order.project);
    const current = await sequence(open, order.sequence);
    const video = await find.itemsOf(ppro, current, "video");
    const there = await showing(video, order.file);
    if (there) return result(true, there, [], []);
    const spot = whereItGoes(video, order);
    const ours = await oursAmong(current, video, "video");
    const old = video.find((one) => ours.has(one.track) && one.track >= order.track && one.start === spot.start && one.end === spot.end);
    if (!old) return place(order);
    const media = await imported(open, order.file);
    const noAudioTrack = await current.getAudioTrackCount();
    const laying = { replaced: [old.media], actions: () => overwrite(current, media, order, spot, old.track, noAudioTrack) };
    return done(open, current, { ...order, speech: null, mute: "none", disable: false }, spot, media, laying);
  }

  async function done(open, current, order, spot, media, laying) {
    const extra = await beside(open, current, order, spot);
    const fresh = [media.item.getId(), ...extra.media, ...(laying.replaced || [])];
    const before = await fingerprint(current, fresh);
    inOneStep(open, "Place HeyGem take", () => [...laying.actions(), ...extra.actions()]);
    const video = await find.itemsOf(ppro, current, "video");
    const placed = video.find((one) => one.media === media.item.getId() && one.start === spot.start);
    if (!placed || placed.end !== spot.end) {
      throw refusal("WrongPlace", "Premiere did not place the take where it belongs: undo once; the take is safe in the bin.");
    }
    if ((await fingerprint(current, fresh)) !== before) {
      spot.notices.push("Another clip changed while the take was placed: undo once, and report this version of Premiere.");
    }
    const copying = spot.covered && !order.baked;
    const missed = copying ? await copyLook(spot.covered.item, placed.item, (label, actions) => inOneStep(open, label, actions), spot.notices) : [];
    await extra.after();
    return result(false, placed, missed, [...spot.notices, ...extra.notices]);
  }

  /** The clip that shows a file, wherever it was moved to. */
  async function showing(items, file) {
    for (const one of items) if ((await find.pathOf(ppro, one.item)) === file) return one;
    return null;
  }

  function whereItGoes(video, order) {
    const covered = find.byId(video, order.clip);
    const spot = { covered, start: order.start, end: order.end, notices: [] };
    if (!covered) {
      if (order.clip) spot.notices.push("The clip of this shot is no longer in the sequence; the take lies where the clip was.");
    } else if (covered.start !== order.start) {
      Object.assign(spot, { start: covered.start, end: covered.end });
      spot.notices.push("The clip was moved since it was rendered; the take follows it.");
    }
    return spot;
  }

  /** Tracks that carry our name, and tracks that hold nothing but what lies in our bin: UXP can name a track only after it exists. */
  async function oursAmong(current, items, kind) {
    const open = await ppro.Project.getActiveProject();
    const folder = ppro.FolderItem.cast(await bin(open));
    const inBin = new Set((await folder.getItems()).map((item) => item.getId()));
    const count = kind === "video" ? await current.getVideoTrackCount() : await current.getAudioTrackCount();
    const ours = new Set();
    for (let index = 0; index < count; index += 1) {
      const track = kind === "video" ? await current.getVideoTrack(index) : await current.getAudioTrack(index);
      const own = items.filter((one) => one.track === index);
      const named = String(track.name).startsWith(kind === "video" ? find.TAKES : find.SPEECH);
      if (named || (own.length && own.every((one) => inBin.has(one.media)))) ours.add(index);
    }
    return ours;
  }

  const free = (items, track, spot) => items.every((one) => one.track !== track || BigInt(one.end) <= BigInt(spot.start) || BigInt(one.start) >= BigInt(spot.end));

  async function layTake(current, video, media, order, spot) {
    const ours = await oursAmong(current, video, "video");
    const noAudioTrack = await current.getAudioTrackCount(); // sound that a take should not have would land on a new track, never on A1
    const track = [...ours].sort((one, other) => one - other).find((one) => one >= order.track && free(video, one, spot));
    if (track !== undefined) return { actions: () => overwrite(current, media, order, spot, track, noAudioTrack) };
    const top = await current.getVideoTrackCount();
    return { actions: () => insertOnTop(current, media, order, spot, top, noAudioTrack) };
  }

  function chosen(media, part, lay) {
    return [media.clip.createSetInOutPointsAction(time(part.first), time(part.last)), lay, media.clip.createClearInOutPointsAction()];
  }

  function overwrite(current, media, part, spot, video, audio) {
    const editing = ppro.SequenceEditor.getEditor(current);
    return chosen(media, part, editing.createOverwriteItemAction(media.item, time(spot.start), video, audio));
  }

  /** There is no call that adds a track: an insert past the last one makes it, and on an empty track there is nothing to push aside. */
  function insertOnTop(current, media, part, spot, video, audio) {
    const editing = ppro.SequenceEditor.getEditor(current);
    return chosen(media, part, editing.createInsertProjectItemAction(media.item, time(spot.start), video, audio, true));
  }

  /** What belongs to the same step: speech on an audio track of its own, the original disabled, the old dialogue silent. */
  async function beside(open, current, order, spot) {
    const audio = await find.itemsOf(ppro, current, "audio");
    const out = { actions: () => [], after: async () => {}, notices: [], media: [] };
    const steps = [];
    if (order.speech) await speechStep(open, current, order, spot, audio, steps, out);
    if (order.disable && spot.covered) steps.push(() => [spot.covered.item.createSetDisabledAction(true)]);
    const old = spot.covered ? find.linkedTo(spot.covered, audio) : [];
    if (order.mute !== "none" && old.length === 0) out.notices.push("No sound is linked to the clip, so nothing was muted.");
    if (order.mute === "clip") steps.push(() => old.map((one) => one.item.createSetDisabledAction(true)));
    if (order.mute === "track" && old.length) {
      out.after = async () => { for (const one of old) await (await current.getAudioTrack(one.track)).setMute(true); };
      out.notices.push(`Muted the whole track ${old.map((one) => `A${one.track + 1}`).join(", ")}; unmute it in its header, undo does not.`);
    }
    out.actions = () => steps.flatMap((step) => step());
    return out;
  }

  async function speechStep(open, current, order, spot, audio, steps, out) {
    const moved = BigInt(spot.start) - BigInt(order.start);
    const part = { start: String(BigInt(order.speech.start) + moved), end: String(BigInt(order.speech.end) + moved) };
    if (BigInt(part.end) <= BigInt(part.start)) return;
    for (const one of audio) {
      const meets = BigInt(one.start) < BigInt(part.end) && BigInt(one.end) > BigInt(part.start);
      if (meets && (await find.pathOf(ppro, one.item)) === order.speech.file) return; // it sounds there already
    }
    const media = await imported(open, order.speech.file);
    const ours = await oursAmong(current, audio, "audio");
    const track = [...ours].find((one) => free(audio, one, part));
    const [noVideoTrack, top] = [await current.getVideoTrackCount(), await current.getAudioTrackCount()];
    out.media.push(media.item.getId());
    if (track !== undefined) steps.push(() => overwrite(current, media, order.speech, part, noVideoTrack, track));
    else steps.push(() => insertOnTop(current, media, order.speech, part, noVideoTrack, top));
  }

  /** All clips as text, those that show `media` aside: equal texts, nothing else was touched. */
  async function fingerprint(current, media) {
    const all = [...(await find.itemsOf(ppro, current, "video")), ...(await find.itemsOf(ppro, current, "audio"))];
    return all.filter((one) => !media.includes(one.media)).map((one) => one.id).sort().join("\n");
  }

  async function mark(order) {
    const open = await project(order.project);
    const current = await sequence(open, order.sequence);
    const markers = await ppro.Markers.getMarkers(current);
    const known = new Set(markers.getMarkers().map((marker) => `${marker.getStart().ticks} ${marker.getName()}`));
    const fresh = order.markers.filter((marker) => !known.has(`${marker.start} ${marker.name}`));
    if (fresh.length) {
      inOneStep(open, "Mark weak ranges", () => fresh.map((marker) => markers.createAddMarkerAction(
        marker.name, "Comment", time(marker.start), time(BigInt(marker.end) - BigInt(marker.start)), marker.comment)));
    }
    return { added: fresh.length, already: order.markers.length - fresh.length };
  }

  async function reveal(order) {
    const open = await project(order.project);
    const current = await sequence(open, order.sequence);
    await open.openSequence(current);
    await current.setPlayerPosition(time(order.start));
    return {};
  }

  async function exportItems() {
    throw refusal("NotHere", "This panel cannot export clips: use the other HeyGem panel (Window > Extensions), or render and replace the clip first.");
  }

  function result(already, placed, missed, notices) {
    return { already, track: placed.track + 1, start: placed.start, end: placed.end, notCopied: missed, notices };
  }

  return { about, described: () => find.described(ppro), document, place, switchTake, mark, reveal, exportItems };
}

module.exports = { makeEditor };
