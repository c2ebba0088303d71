"use strict";
// A described sequence (ticks, ids, paths) as the protocol's SelectionResult and as OpenTimelineIO with metadata.heygem.id and .link.

const { beside, tell } = require("./errors.js");
const ticks = require("./ticks.js");

const RAW = /\.(braw|r3d|ari|arx|crm|nev|dng|cine|rmf)$/i;
const DROP_FRAME = [102, 106];

/** null = no sequence is open. `document` is the editor's own OpenTimelineIO where it can write one. */
function selection(described, document) {
  if (!described) return { sequence: null, items: [], document: null, found_by: null, captions: [], marks: null };
  const rate = ticks.rateOf(described.timebase);
  const chosen = chosenItems(described);
  const drop = DROP_FRAME.includes(described.displayFormat);
  return {
    sequence: {
      id: described.id,
      name: described.name,
      rate,
      start_frame: ticks.toFrames(described.zeroPoint, rate),
      drop_frame: drop,
    },
    items: chosen.items.map((entry) => selectedItem(described, rate, entry)),
    document: saysItsTimecode(document || otio(described), drop),
    found_by: chosen.items.length ? chosen.by : null,
    captions: captions(rate, chosen.items),
    marks: chosen.items.length && chosen.by === "marks" ? inFrames(described.marks, rate) : null,
  };
}

/** What is said in the selected sounds, by Premiere's own transcript of their files (seconds of the file), as frames of the sequence. */
function captions(rate, chosen) {
  const sounds = chosen.filter(
    (entry) => entry.kind === "sound" && entry.item.transcript && !entry.item.reversed && (entry.item.speed || 1) === 1,
  );
  return sounds.flatMap(({ item }) => item.transcript.flatMap((said) => caption(item, said, rate)));
}

/** The part of a segment that is heard in a clip; [] = none of it. */
function caption(item, { start, end, text }, rate) {
  const shift = BigInt(item.start) - BigInt(item.inPoint);
  const [from, to] = [start, end].map((seconds) => BigInt(Math.round(seconds * Number(ticks.PER_SECOND))) + shift);
  const [first, last] = [from > BigInt(item.start) ? from : BigInt(item.start), to < BigInt(item.end) ? to : BigInt(item.end)];
  if (last <= first) return [];
  const begins = ticks.toFrames(String(first), rate);
  return [{ record_start: begins, record_duration: Math.max(1, ticks.toFrames(String(last), rate) - begins), text }];
}

const inFrames = (marks, rate) => [Math.max(0, ticks.toFrames(marks.start, rate)), ticks.toFrames(marks.end, rate)];

/** OpenTimelineIO counts frames and does not say how timecode names them. */
function saysItsTimecode(document, drop) {
  const metadata = document.metadata || {};
  return Object.assign(document, { metadata: { ...metadata, heygem: { ...(metadata.heygem || {}), drop_frame: drop } } });
}

/** {by, items}: what is selected; where that is nothing, the pictures between in and out of the sequence. With the speech: selected sound that
 * belongs to none of them, else what lies unlinked under them. */
function chosenItems(described) {
  const found = itemsAmong(described, new Set(described.selected));
  if (found.length || !described.marks) return { by: "selection", items: found };
  const shown = described.video.filter((track) => !track.muted).flatMap((track) => track.items.filter((item) => !isTake(item, track)));
  const between = shown.filter((item) => !item.disabled && !item.adjustment && overlap(item, described.marks));
  return { by: "marks", items: between.length ? itemsAmong(described, new Set(between.map((item) => item.id))) : [] };
}

/** Its track says so, or, where a track cannot be named, its bin. */
const isTake = (item, track) => Boolean(item.ours) || String(track.name).startsWith("HeyGem takes");

function itemsAmong(described, selected) {
  const all = (tracks, kind) => tracks.flatMap((track, index) => track.items.map((item) => ({ item, kind, track, number: index + 1 })));
  const caught = all(described.video, "picture").filter((entry) => selected.has(entry.item.id));
  const originals = caught.filter(({ item, track }) => !isTake(item, track)); // a take above comes along unasked
  const pictures = originals.length ? originals : caught;
  const old = new Set(pictures.flatMap((entry) => entry.item.linked));
  const sounds = all(described.audio, "sound").filter((entry) => !old.has(entry.item.id));
  const meant = ({ item, track }) => selected.has(item.id) && !item.ours && !String(track.name).startsWith("HeyGem speech");
  const picked = sounds.filter(meant);
  const under = sounds.filter((entry) => !entry.track.muted && pictures.some((picture) => overlap(picture.item, entry.item)));
  return pictures.concat(picked.length ? picked : under);
}

function overlap(one, other) {
  return BigInt(one.start) < BigInt(other.end) && BigInt(other.start) < BigInt(one.end);
}

function selectedItem(described, rate, { item, kind, number }) {
  const start = ticks.toFrames(item.start, rate);
  const why = onlyPremiereReads(item, kind);
  return {
    id: item.id,
    name: item.name,
    kind,
    placement: {
      project: described.project,
      sequence: described.id,
      clip: item.id,
      track: number,
      record_start: start,
      record_duration: ticks.toFrames(item.end, rate) - start,
      rate,
    },
    path: item.path,
    needs_host_export: why && why.message,
    needs_host_export_message: why,
    ...beside("cannot_copy", "cannot_copy_messages", kind === "picture" ? item.effects : []),
    ...beside("notices", "notice_messages", worthKnowing(described, item, kind, number)),
  };
}

/** A file that is not there, a proxy that plays in its place, an adjustment layer above. */
function worthKnowing(described, item, kind, number) {
  const above = kind === "picture" ? described.video.slice(number).flatMap((track) => track.items) : [];
  const layers = above.filter((other) => other.adjustment && !other.disabled && overlap(item, other));
  return [...mediaNotices(item), ...layers.map((layer) => tell("panel.adjustment-above", { clip: layer.name }))];
}

function mediaNotices({ path, offline, proxy }) {
  if (!path) return [];
  if (offline) return [tell(proxy ? "panel.media-only-proxy" : "panel.media-offline", { path })];
  return proxy ? [tell("panel.media-proxy", { path })] : [];
}

function onlyPremiereReads(item, kind) {
  if (kind === "sound") return item.path && !item.isSequence && !item.isMulticam ? null : tell("panel.only-premiere-plays");
  if (item.isMulticam) return tell("panel.only-host-multicam", { editor: "Premiere" });
  if (item.isSequence) return tell("panel.only-premiere-nested");
  if (!item.path) return tell("panel.only-premiere-draws");
  if (RAW.test(item.path)) return tell("panel.only-host-camera", { suffix: RAW.exec(item.path)[0], editor: "Premiere" });
  return null;
}

function otio(described) {
  const rate = ticks.rateOf(described.timebase);
  const tracks = [
    ...described.video.map((track) => otioTrack(track, "Video", rate)),
    ...described.audio.map((track) => otioTrack(track, "Audio", rate)),
  ];
  return {
    OTIO_SCHEMA: "Timeline.1",
    name: described.name,
    global_start_time: time(ticks.toFrames(described.zeroPoint, rate), rate),
    metadata: { heygem: { sequence: described.id } },
    tracks: { OTIO_SCHEMA: "Stack.1", name: "", source_range: null, children: tracks, ...plain({}) },
  };
}

function otioTrack(track, kind, rate) {
  const children = [];
  let at = 0;
  for (const item of [...track.items].sort((one, other) => (BigInt(one.start) < BigInt(other.start) ? -1 : 1))) {
    const start = ticks.toFrames(item.start, rate);
    if (start > at)
      children.push({ OTIO_SCHEMA: "Gap.1", name: "", enabled: true, source_range: range(0, start - at, rate), ...plain({}) });
    at = ticks.toFrames(item.end, rate);
    children.push(otioClip(item, at - start, rate));
  }
  return { OTIO_SCHEMA: "Track.1", name: track.name, kind, enabled: !track.muted, source_range: null, children, ...plain({}) };
}

/** The range's length is the clip's on the timeline; its start is a time of the media, counted from the media's first frame, as Premiere's in points are. */
function otioClip(item, length, rate) {
  const mediaRate = item.mediaRate ? ticks.exactRate(item.mediaRate) : rate;
  const start = (Number(item.inPoint) / Number(ticks.PER_SECOND)) * ticks.toNumber(mediaRate);
  const nearest = Math.round(start);
  const link = [item.id, ...item.linked].sort()[0];
  const media = item.path
    ? {
        OTIO_SCHEMA: "ExternalReference.1",
        name: item.name,
        target_url: item.path,
        available_range: null,
        available_image_bounds: null,
        metadata: {},
      }
    : { OTIO_SCHEMA: "MissingReference.1", name: item.name, available_range: null, available_image_bounds: null, metadata: {} };
  return {
    OTIO_SCHEMA: "Clip.2",
    name: item.name,
    enabled: !item.disabled,
    source_range: {
      OTIO_SCHEMA: "TimeRange.1",
      start_time: time(Math.abs(start - nearest) < 1e-3 ? nearest : start, mediaRate),
      duration: time(length, rate),
    },
    media_references: { DEFAULT_MEDIA: media },
    active_media_reference_key: "DEFAULT_MEDIA",
    ...plain({ heygem: item.linked.length ? { id: item.id, link } : { id: item.id } }),
    effects: warp(item),
  };
}

function warp(item) {
  const scalar = (item.reversed ? -1 : 1) * (item.speed || 1);
  if (scalar === 1) return [];
  return [{ OTIO_SCHEMA: "LinearTimeWarp.1", name: "", effect_name: "LinearTimeWarp", time_scalar: scalar, enabled: true, metadata: {} }];
}

const plain = (metadata) => ({ effects: [], markers: [], metadata });
const time = (value, rate) => ({ OTIO_SCHEMA: "RationalTime.1", value, rate: ticks.toNumber(rate) });
const range = (start, length, rate) => ({ OTIO_SCHEMA: "TimeRange.1", start_time: time(start, rate), duration: time(length, rate) });

module.exports = { selection, otio, chosenItems };
