"use strict";
// What is open and what lies on its tracks, as the shared core wants it (ticks, ids, paths). Reads only.
//
// UXP gives clips no id. Ours says where a clip was and what it shows: kind, track, start, media, first frame. A clip that was moved is found
// again by media, first frame and length, if only one fits.

/** @typedef {import("@adobe/premierepro").premierepro} Ppro */
/** @typedef {import("@adobe/premierepro").Sequence} Sequence */
/** @typedef {import("@adobe/premierepro").VideoClipTrackItem} VideoItem */
/** @typedef {import("@adobe/premierepro").AudioClipTrackItem} AudioItem */
/** @typedef {{item: VideoItem | AudioItem, track: number, id: string, start: string, end: string, inPoint: string, media: string}} Found */

const { core } = require("./core.js");

const { plain, tell } = core("errors.js");

const TAKES = "HeyGem takes";
const SPEECH = "HeyGem speech";
const ON_EVERY_CLIP = ["AE.ADBE Motion", "AE.ADBE Opacity"];
const CROP = "AE.ADBE AECrop"; // an effect that has to be added first

/** @param {string} name */
const isCopied = (name) => name === CROP || ON_EVERY_CLIP.includes(name);

/** All clips of a sequence: each call crosses into Premiere, so whoever needs them twice keeps them.
 * @param {Ppro} ppro @param {Sequence} sequence @returns {Promise<{video: Found[], audio: Found[]}>} */
async function everything(ppro, sequence) {
  return { video: await itemsOf(ppro, sequence, "video"), audio: await itemsOf(ppro, sequence, "audio") };
}

/** All clips of a kind of tracks, from the bottom. @param {Ppro} ppro @param {Sequence} sequence @param {"video" | "audio"} kind @returns {Promise<Found[]>} */
async function itemsOf(ppro, sequence, kind) {
  const video = kind === "video";
  const count = video ? await sequence.getVideoTrackCount() : await sequence.getAudioTrackCount();
  const found = [];
  for (let track = 0; track < count; track += 1) {
    const of = video ? await sequence.getVideoTrack(track) : await sequence.getAudioTrack(track);
    found.push(...(await Promise.all(of.getTrackItems(ppro.Constants.TrackItemType.CLIP, false).map((item) => placed(item, kind, track)))));
  }
  return found;
}

/** @param {VideoItem | AudioItem} item @param {"video" | "audio"} kind @param {number} track @returns {Promise<Found>} */
async function placed(item, kind, track) {
  const [start, end, inPoint, media] = await Promise.all([
    item.getStartTime(),
    item.getEndTime(),
    item.getInPoint(),
    item.getProjectItem(),
  ]);
  const id = media ? String(media.getId()) : "none";
  return {
    item,
    track,
    start: start.ticks,
    end: end.ticks,
    inPoint: inPoint.ticks,
    media: id,
    id: [kind[0], track, start.ticks, end.ticks, inPoint.ticks, id].join(":"),
  };
}

/** The clip that an id named, wherever it is now; null = gone. @param {Found[]} items @param {string | null} id */
function byId(items, id) {
  if (!id) return null;
  const exact = items.find((one) => one.id === id);
  if (exact) return exact;
  const [kind, , start, end, inPoint, media] = id.split(":");
  const length = BigInt(end) - BigInt(start);
  const alike = items.filter(
    (one) => one.id[0] === kind && one.media === media && one.inPoint === inPoint && BigInt(one.end) - BigInt(one.start) === length,
  );
  return alike.length === 1 ? alike[0] : null;
}

/** Ticks by which a clip was moved since it had this id. @param {Found} found @param {string} id */
function movedBy(found, id) {
  return BigInt(found.start) - BigInt(id.split(":")[2]);
}

/** A clip that is still there with another start or length: the same file on the same track, where the named one was.
 * @param {Found[]} items @param {string} id */
function trimmed(items, id) {
  const [kind, track, start, end, , media] = id.split(":");
  const there = (one) => one.id[0] === kind && String(one.track) === track && one.media === media;
  return items.find((one) => there(one) && BigInt(one.start) < BigInt(end) && BigInt(one.end) > BigInt(start)) || null;
}

/** The clip that shows a file, wherever it was moved to. @param {Ppro} ppro @param {Found[]} items @param {string} file */
async function showing(ppro, items, file) {
  const ofFile = new Map(); // one file is often shown by many clips
  for (const one of items) {
    if (!ofFile.has(one.media)) ofFile.set(one.media, samePath(await pathOf(ppro, one.item), file));
    if (ofFile.get(one.media)) return one;
  }
  return null;
}

/** @param {string | null} one @param {string | null} other */
function samePath(one, other) {
  return Boolean(one) && Boolean(other) && normal(one) === normal(other);
}

function normal(path) {
  const text = String(path).replace(/\\/g, "/");
  return /^[a-zA-Z]:\//.test(text) ? text.toLowerCase() : text;
}

/** The clip's file; null for titles and nested sequences. @param {Ppro} ppro @param {VideoItem | AudioItem} item */
async function pathOf(ppro, item) {
  const media = await clipOf(ppro, item);
  return media ? (await tried(() => media.getMediaFilePath(), "")) || null : null;
}

/** @param {Ppro} ppro @param {VideoItem | AudioItem} item */
async function clipOf(ppro, item) {
  const media = await item.getProjectItem();
  return media ? tried(() => ppro.ClipProjectItem.cast(media), null) : null; // it may throw at what is no clip
}

/** What lies in our bins, whatever they hold. @param {Ppro} ppro @param {import("@adobe/premierepro").Project} open */
async function takesIn(ppro, open) {
  const isBin = (item) => item.type === ppro.ProjectItem.TYPE_BIN;
  const root = await open.getRootItem();
  const bins = (await root.getItems()).filter((item) => isBin(item) && item.name === TAKES);
  const found = [];
  for (const bin of bins) {
    for (const item of await ppro.FolderItem.cast(bin).getItems()) {
      if (isBin(item)) bins.push(item);
      else found.push(item);
    }
  }
  return found;
}

/** @template T @param {() => T | Promise<T>} read @param {T} otherwise @returns {Promise<T>} */
async function tried(read, otherwise) {
  try {
    const value = await read();
    return value === undefined || value === null ? otherwise : value;
  } catch {
    return otherwise;
  }
}

/** The open sequence for `timeline.js` of the shared core; null = none is open. @param {Ppro} ppro */
async function described(ppro) {
  const project = await ppro.Project.getActiveProject();
  const sequence = project ? await project.getActiveSequence() : null;
  if (!project || !sequence) return null;
  const { video, audio } = await everything(ppro, sequence);
  const ids = await selectedIds([...video, ...audio]);
  const facts = new Map();
  const ours = new Set((await takesIn(ppro, project)).map((item) => String(item.getId())));
  const zero = await sequence.getZeroPoint();
  const display = await sequence.getSequenceVideoTimeDisplayFormat();
  return {
    project: project.guid.toString(),
    id: sequence.guid.toString(),
    name: sequence.name,
    timebase: await sequence.getTimebase(),
    zeroPoint: zero.ticks,
    displayFormat: display ? display.type : null,
    marks: await marksOf(sequence, zero.ticks),
    video: await describedTracks(ppro, sequence, "video", video, byPlace(audio), ids, facts, ours),
    audio: await describedTracks(ppro, sequence, "audio", audio, byPlace(video), ids, facts, ours),
    selected: ids,
  };
}

/** In and out as ticks from the sequence's beginning, which they do not count from; null = one of them is not set.
 * @param {Sequence} sequence @param {string} zero */
async function marksOf(sequence, zero) {
  const [first, last] = [await tried(() => sequence.getInPoint(), null), await tried(() => sequence.getOutPoint(), null)];
  if (!first || !last || BigInt(first.ticks) < 0n || BigInt(last.ticks) <= BigInt(first.ticks)) return null;
  return { start: String(BigInt(first.ticks) - BigInt(zero)), end: String(BigInt(last.ticks) - BigInt(zero)) };
}

/** @param {Found[]} all */
async function selectedIds(all) {
  const selected = await Promise.all(all.map((one) => one.item.getIsSelected()));
  return all.filter((_, index) => selected[index]).map((one) => one.id);
}

const placeOf = (/** @type {Found} */ one) => `${one.media} ${one.start} ${one.end}`;

/** Clips by what they show and where. @param {Found[]} items @returns {Map<string, Found[]>} */
function byPlace(items) {
  const found = new Map();
  for (const one of items) found.set(placeOf(one), [...(found.get(placeOf(one)) || []), one]);
  return found;
}

/** @param {Ppro} ppro @param {Sequence} sequence @param {"video" | "audio"} kind @param {Found[]} items @param {Map<string, Found[]>} others
 * @param {string[]} selected @param {Map<string, object>} facts @param {Set<string>} ours what lies in our bins: only a track that is named tells it otherwise */
async function describedTracks(ppro, sequence, kind, items, others, selected, facts, ours) {
  const video = kind === "video";
  const count = video ? await sequence.getVideoTrackCount() : await sequence.getAudioTrackCount();
  const tracks = [];
  for (let index = 0; index < count; index += 1) {
    const track = video ? await sequence.getVideoTrack(index) : await sequence.getAudioTrack(index);
    const own = items.filter((one) => one.track === index);
    const described = own.map((one) => describedItem(ppro, one, others, video && selected.includes(one.id), facts));
    tracks.push({
      name: track.name,
      muted: await tried(() => track.isMuted(), false),
      locked: false, // UXP does not say
      items: (await Promise.all(described)).map((item, each) => ({ ...item, ours: ours.has(own[each].media) })),
    });
  }
  return tracks;
}

/** Picture and sound of one recording that lie at the same place are linked, as far as anybody can tell here: UXP knows no links.
 * Effects take a call for each property, so they are read of the selected clips alone.
 * @param {Ppro} ppro @param {Found} one @param {Map<string, Found[]>} others @param {boolean} withEffects @param {Map<string, object>} facts */
async function describedItem(ppro, one, others, withEffects, facts) {
  const withTranscript = one.id[0] === "a";
  const { item } = one;
  if (!facts.has(one.media)) facts.set(one.media, mediaFacts(ppro, item)); // a promise: clips of one file wait for the same one
  return {
    id: one.id,
    name: await item.getName(),
    start: one.start,
    end: one.end,
    inPoint: one.inPoint,
    outPoint: (await item.getOutPoint()).ticks,
    speed: await tried(() => item.getSpeed(), 1),
    reversed: Boolean(await tried(() => item.isSpeedReversed(), 0)),
    disabled: await tried(() => item.isDisabled(), false),
    ...(await facts.get(one.media)),
    transcript: withTranscript ? await transcriptOf(ppro, item) : null,
    adjustment: one.id[0] === "v" && (await tried(() => /** @type {VideoItem} */ (item).isAdjustmentLayer(), false)),
    linked: (others.get(placeOf(one)) || []).map((other) => other.id),
    effects: withEffects ? await effectsOf(/** @type {VideoItem} */ (item)) : [],
  };
}

/** What is the same for all clips of one file. @param {Ppro} ppro @param {VideoItem | AudioItem} item */
async function mediaFacts(ppro, item) {
  const media = await clipOf(ppro, item);
  return {
    path: await pathOf(ppro, item),
    mediaRate: media ? await tried(async () => (await media.getFootageInterpretation()).getFrameRate(), null) : null,
    offline: media ? await tried(() => media.isOffline(), false) : false,
    proxy: media ? await tried(() => media.hasProxy(), false) : false,
    isSequence: media ? await tried(() => media.isSequence(), false) : false,
    isMulticam: media ? await tried(() => media.isMulticamClip(), false) : false,
  };
}

/** What Premiere's own transcript of a file says: [{start, end (seconds of the file), text}]; null = there is none.
 * @param {Ppro} ppro @param {VideoItem | AudioItem} item */
async function transcriptOf(ppro, item) {
  const media = await clipOf(ppro, item);
  if (!media || !(await tried(() => ppro.Transcript.hasTranscript(media), false))) return null;
  return segmentsOf(await tried(async () => JSON.parse(await ppro.Transcript.exportToJSON(media)), null));
}

/** Of whatever Premiere writes. @param {any} said */
function segmentsOf(said) {
  const segments = said && Array.isArray(said.segments) ? said.segments : [];
  return segments.flatMap(({ start, duration, words }) => {
    const text = (Array.isArray(words) ? words : []).map((word) => String((word && word.text) || "")).join(" ");
    return text.trim() && start >= 0 && duration > 0 ? [{ start, end: start + duration, text: text.trim() }] : [];
  });
}

/** @param {Found} one @param {Found[]} others */
function linkedTo(one, others) {
  return others.filter((other) => placeOf(other) === placeOf(one));
}

/** What a take above this clip would lack. @param {VideoItem | AudioItem} item */
async function effectsOf(item) {
  const chain = await tried(() => item.getComponentChain(), null);
  const retimed = await isRetimed(item);
  const names = [];
  for (let index = 0; chain && index < chain.getComponentCount(); index += 1) {
    const component = chain.getComponentAtIndex(index);
    if (!isCopied(await component.getMatchName())) names.push(plain(String(await component.getDisplayName())));
    else if (retimed) names.push(...keyframed(component));
  }
  return names;
}

/** Keyframes of a retimed clip cannot be copied: they count in the time of its source.
 * @param {import("@adobe/premierepro").Component} component */
function keyframed(component) {
  const names = [];
  for (let each = 0; each < component.getParamCount(); each += 1) {
    const param = component.getParam(each);
    if (param.isTimeVarying()) names.push(tell("panel.premiere-keyframes", { what: String(param.displayName) }));
  }
  return names;
}

/** @param {VideoItem | AudioItem} item */
async function isRetimed(item) {
  return (await tried(() => item.getSpeed(), 1)) !== 1 || Boolean(await tried(() => item.isSpeedReversed(), 0));
}

module.exports = {
  TAKES,
  SPEECH,
  CROP,
  isCopied,
  everything,
  itemsOf,
  byId,
  movedBy,
  trimmed,
  showing,
  takesIn,
  samePath,
  pathOf,
  clipOf,
  described,
  linkedTo,
  effectsOf,
  isRetimed,
  tried,
};
