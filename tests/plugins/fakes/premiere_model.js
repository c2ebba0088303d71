"use strict";
// The fake Premiere's object model: times, items, tracks, sequences. `app` is the fake itself, which says what the ledger has in force.

const fs = require("fs");

const exporting = require("./exports.js");

const PER_SECOND = 254016000000n;
const UNSET_S = -400000;
const CLIP = 1;
const BIN = 2;
const ROOT = 3;

let numbers = 0;
const next = (prefix) => {
  numbers += 1;
  return `${prefix}-${numbers}`;
};

class Time {
  constructor(ticks = "0") {
    this.value = String(ticks);
  }

  get ticks() {
    return this.value;
  }

  set ticks(ticks) {
    this.value = String(ticks);
  }

  get seconds() {
    return Number(this.value) / Number(PER_SECOND);
  }

  set seconds(seconds) {
    this.value = String(Math.round(seconds * Number(PER_SECOND)));
  }
}

/** No Array: numItems and indices only. */
function collection(items, counter = "numItems") {
  const out = { [counter]: items.length };
  items.forEach((item, index) => {
    out[index] = item;
  });
  return out;
}

/** A property of an effect. `keys` are [ticks of the source as BigInt, value], joined by straight lines; `bent` = by curves. */
class Property {
  constructor(displayName, value, stubborn = false) {
    Object.assign(this, { displayName, value, stubborn, moving: false, keys: [], bent: false });
  }

  getValue() {
    return Array.isArray(this.value) ? this.value.slice() : this.value;
  }

  setValue(value) {
    if (!this.stubborn) this.value = value;
    if (this.damages) this.damages();
    return true;
  }

  isTimeVarying() {
    return this.moving;
  }

  setTimeVarying(moving) {
    if (!moving) this.keys = [];
    this.moving = moving;
    return true;
  }

  getKeys() {
    return this.keys.map(([ticks]) => new Time(ticks));
  }

  addKey(time) {
    const value = this.getValueAtTime(time);
    this.keys.push([BigInt(time.ticks), value]);
    this.keys.sort((one, other) => (one[0] < other[0] ? -1 : 1));
    return true;
  }

  setValueAtKey(time, value) {
    const key = this.keys.find(([ticks]) => ticks === BigInt(time.ticks));
    if (!key) throw new Error("no keyframe there");
    if (!this.stubborn) key[1] = value;
    return true;
  }

  getValueAtTime(time) {
    return valueAt(this, BigInt(time.ticks));
  }
}

function valueAt({ keys, value, bent }, at) {
  if (!keys.length) return value;
  const [first, last] = [keys[0], keys[keys.length - 1]];
  if (at <= first[0]) return first[1];
  if (at >= last[0]) return last[1];
  const after = keys.findIndex(([ticks]) => ticks > at);
  const [from, to] = [keys[after - 1], keys[after]];
  const straight = Number(at - from[0]) / Number(to[0] - from[0]);
  const share = bent ? straight * straight : straight;
  const mixed = (one, other) => one + (other - one) * share;
  return Array.isArray(from[1]) ? from[1].map((one, index) => mixed(one, to[1][index])) : mixed(from[1], to[1]);
}

function usualComponents(app) {
  const blend = new Property("Blend Mode", 0);
  blend.damages = () => {
    app.damaged = true;
  };
  const component = (matchName, displayName, properties) => ({ matchName, displayName, properties: collection(properties) });
  return [
    component("AE.ADBE Opacity", "Opacity", [new Property("Opacity", 100), blend]),
    component("AE.ADBE Motion", "Motion", [new Property("Position", [0.5, 0.5]), new Property("Scale", 100), new Property("Rotation", 0)]),
  ];
}

function cropEffect() {
  const numbers = ["Left", "Top", "Right", "Bottom", "Edge Feather"].map((name) => new Property(name, 0));
  return { matchName: "AE.ADBE AECrop", displayName: "Crop", properties: collection([...numbers, new Property("Zoom", false)]) };
}

class ProjectItem {
  constructor(app, { name, type = CLIP, file = null, facts = null, nest = null }) {
    Object.assign(this, { name, type, nodeId: next("node"), inner: { app, file, facts, nest, items: [], inPoint: null, outPoint: null } });
    Object.defineProperty(this, "inner", { enumerable: false });
  }

  get children() {
    return collection(this.inner.items);
  }

  getMediaPath() {
    if (!this.inner.file && this.inner.app.does("path.synthetic-throws")) throw new Error("Illegal Parameter type");
    return this.inner.file || "";
  }

  startTime() {
    return new Time(this.inner.facts ? this.inner.facts.startTicks : "0");
  }

  isSequence() {
    return this.inner.nest !== null;
  }

  isMulticamClip() {
    if (!this.inner.app.does("multicam.as-in-the-guide")) throw new TypeError("isMulticamClip is not a function");
    return Boolean(this.inner.multicam);
  }

  isMultiCamClip() {
    if (this.inner.app.does("multicam.as-in-the-guide")) throw new TypeError("isMultiCamClip is not a function");
    return Boolean(this.inner.multicam);
  }

  isOffline() {
    return Boolean(this.inner.file) && !fs.existsSync(this.inner.file);
  }

  hasProxy() {
    return Boolean(this.inner.proxy);
  }

  getFootageInterpretation() {
    if (!this.inner.facts || !this.inner.facts.rate) throw new Error("no footage");
    const [numerator, denominator] = this.inner.facts.rate.split("/");
    return { frameRate: Math.round((numerator / denominator) * 1000) / 1000 };
  }

  getProjectMetadata() {
    const sound = this.inner.facts && this.inner.facts.samples !== null ? "48000 Hz - 16-bit - Mono" : "";
    return `<rdf><premierePrivateProjectMetaData:Column.Intrinsic.AudioInfo>${sound}</premierePrivateProjectMetaData:Column.Intrinsic.AudioInfo></rdf>`;
  }

  setInPoint(time) {
    this.inner.inPoint = time.ticks;
  }

  setOutPoint(time) {
    this.inner.outPoint = time.ticks;
  }

  getInPoint() {
    return new Time(this.inner.inPoint === null ? 0 : this.inner.inPoint);
  }

  getOutPoint() {
    return new Time(this.inner.outPoint === null ? this.inner.facts.lengthTicks : this.inner.outPoint);
  }

  clearInPoint() {
    this.inner.inPoint = null;
  }

  clearOutPoint() {
    this.inner.outPoint = null;
  }

  canChangeMediaPath() {
    return !this.inner.app.does("relink.is-refused");
  }

  changeMediaPath(file) {
    if (!fs.existsSync(file)) return false;
    Object.assign(this.inner, { file, facts: this.inner.app.facts(file) });
    return true;
  }

  setColorLabel(label) {
    this.inner.label = label;
  }

  createBin(name) {
    const bin = new ProjectItem(this.inner.app, { name, type: BIN });
    this.inner.items.push(bin);
    return bin;
  }
}

class TrackItem {
  constructor(track, { name, projectItem, start, end, inPoint, mediaType }) {
    const inner = {
      track,
      start: BigInt(start),
      end: BigInt(end),
      inPoint: BigInt(inPoint),
      linked: [],
      selected: false,
      speed: 1,
      reversed: 0,
    };
    Object.defineProperty(this, "inner", { value: inner, enumerable: false });
    Object.assign(this, { name, projectItem, mediaType, nodeId: next("item") });
    inner.disabled = false;
    this.parts = mediaType === "Video" ? usualComponents(track.inner.sequence.inner.app) : [];
  }

  get components() {
    return collection(this.parts);
  }

  get disabled() {
    return this.inner.disabled;
  }

  set disabled(disabled) {
    const { track } = this.inner;
    if (track.inner.locked && track.inner.sequence.inner.app.does("disabled.locked-is-ignored")) return;
    this.inner.disabled = disabled;
  }

  get start() {
    return new Time(this.inner.start);
  }

  get end() {
    return new Time(this.inner.end);
  }

  set end(time) {
    this.inner.end = BigInt(time.ticks);
  }

  get inPoint() {
    return new Time(this.inner.inPoint);
  }

  /** The clip begins with a later frame at the same place, and becomes so much shorter. */
  set inPoint(time) {
    const { inner } = this;
    const end = inner.end - (BigInt(time.ticks) - inner.inPoint);
    if (end <= inner.start) throw new Error("nothing would be left");
    Object.assign(inner, { end, inPoint: BigInt(time.ticks) });
  }

  get outPoint() {
    return new Time(this.inner.inPoint + this.inner.end - this.inner.start);
  }

  get duration() {
    return new Time(this.inner.end - this.inner.start);
  }

  getLinkedItems() {
    return this.inner.linked.length ? collection([this, ...this.inner.linked]) : undefined;
  }

  isAdjustmentLayer() {
    return Boolean(this.inner.adjustment);
  }

  getSpeed() {
    return this.inner.speed;
  }

  isSpeedReversed() {
    return this.inner.reversed;
  }

  isSelected() {
    return this.inner.selected;
  }

  setSelected(selected) {
    this.inner.selected = Boolean(selected);
  }

  remove() {
    const { items } = this.inner.track.inner;
    items.splice(items.indexOf(this), 1);
    return true;
  }

  picture() {
    const { inner } = this;
    const looks = this.parts.map((part) => [
      part.displayName,
      Object.keys(part.properties)
        .filter((key) => /^\d/.test(key))
        .map((key) => part.properties[key].value),
    ]);
    const media = this.projectItem ? this.projectItem.inner.file : null;
    return {
      id: this.nodeId,
      name: this.name,
      media,
      start: String(inner.start),
      end: String(inner.end),
      inPoint: String(inner.inPoint),
      disabled: this.disabled,
      selected: inner.selected,
      looks,
    };
  }
}

class Track {
  constructor(sequence, kind, name) {
    Object.assign(this, { name, mediaType: kind });
    if (sequence.inner.app.does("track.ids")) this.id = next("track");
    Object.defineProperty(this, "inner", { value: { sequence, items: [], muted: false, locked: false }, enumerable: false });
  }

  get clips() {
    return collection(this.inner.items.slice().sort((one, other) => (one.inner.start < other.inner.start ? -1 : 1)));
  }

  isMuted() {
    return this.inner.muted;
  }

  setMute(muted) {
    this.inner.muted = Boolean(muted);
  }

  isLocked() {
    return this.inner.locked;
  }

  overwriteClip(item, time) {
    const { sequence } = this.inner;
    const { app, facts, file } = item.inner;
    if (this.inner.locked || !file) return false;
    const start = BigInt(typeof time === "number" ? Math.round(time * Number(PER_SECOND)) : time.ticks);
    const ignored = app.does("marks.are-ignored");
    const first = BigInt(item.inner.inPoint === null || ignored ? 0 : item.inner.inPoint);
    const last = BigInt(item.inner.outPoint === null || ignored ? facts.lengthTicks : item.inner.outPoint);
    const end = start + (last < BigInt(facts.lengthTicks) ? last : BigInt(facts.lengthTicks)) - first;
    const placed = [];
    if (this.mediaType === "Video" && facts.rate) placed.push(lay(this, item, start, end, first));
    if (this.mediaType === "Audio" && facts.samples !== null) placed.push(lay(this, item, start, end, first));
    if (this.mediaType === "Video" && facts.samples !== null && app.does("overwrite.sound-lands-on-a1")) {
      placed.push(lay(sequence.inner.audio[0], item, start, end, first));
    }
    if (app.does("selected.place-changes-selection")) {
      sequence.everything().forEach((one) => {
        one.inner.selected = placed.includes(one);
      });
    }
    return true;
  }
}

/** Cuts away what lies under a new clip, as an overwrite edit does: a clip that reaches beyond it on both sides becomes two. */
function lay(track, projectItem, start, end, first) {
  const kept = [];
  for (const item of track.inner.items) {
    const { inner } = item;
    if (inner.end <= start || inner.start >= end) {
      kept.push(item);
      continue;
    }
    if (inner.end > end) kept.push(rest(track, item, end));
    if (inner.start < start) {
      inner.end = start;
      kept.push(item);
    }
  }
  const placed = new TrackItem(track, { name: projectItem.name, projectItem, start, end, inPoint: first, mediaType: track.mediaType });
  track.inner.items = [...kept, placed];
  return placed;
}

/** What shows of a clip from a moment on, as a clip of its own. */
function rest(track, item, from) {
  const { inner, name, projectItem, mediaType } = item;
  const given = { name, projectItem, mediaType, start: from, end: inner.end, inPoint: inner.inPoint + from - inner.start };
  return new TrackItem(track, given);
}

class Markers {
  constructor() {
    Object.defineProperty(this, "all", { value: [], enumerable: false });
  }

  get numMarkers() {
    return this.all.length;
  }

  createMarker(seconds) {
    const marker = {
      start: new Time(),
      end: new Time(),
      name: "",
      comments: "",
      setColorByIndex(index) {
        this.colour = index;
      },
    };
    marker.start.seconds = seconds;
    this.all.push(marker);
    return marker;
  }

  getFirstMarker() {
    return this.all[0];
  }

  getNextMarker(marker) {
    return this.all[this.all.indexOf(marker) + 1];
  }
}

class Sequence {
  constructor(app, { name, timebase, zeroPoint, displayFormat, width, height }) {
    Object.assign(this, {
      name,
      timebase,
      zeroPoint,
      videoDisplayFormat: displayFormat,
      sequenceID: next("sequence"),
      markers: new Markers(),
      frameSizeHorizontal: width,
      frameSizeVertical: height,
    });
    const inner = { app, video: [], audio: [], inPoint: UNSET_S, outPoint: UNSET_S, playhead: "0" };
    Object.defineProperty(this, "inner", { value: inner, enumerable: false });
    inner.video.push(new Track(this, "Video", "V1"));
    inner.audio.push(new Track(this, "Audio", "A1"));
  }

  get id() {
    return Math.random();
  } // not stable

  get videoTracks() {
    return collection(this.inner.video, "numTracks");
  }

  get audioTracks() {
    return collection(this.inner.audio, "numTracks");
  }

  everything() {
    return [...this.inner.video, ...this.inner.audio].flatMap((track) => track.inner.items);
  }

  getSelection() {
    const selected = this.everything().filter((item) => item.inner.selected);
    const twice = this.inner.app.does("selection.linked-come-twice")
      ? selected.flatMap((item) => [item, ...item.inner.linked.filter((one) => one.inner.selected)])
      : selected;
    return this.inner.app.does("selection.is-a-collection") ? collection(twice) : twice;
  }

  getInPointAsTime() {
    const time = new Time();
    time.seconds = this.inner.inPoint;
    return { seconds: this.inner.inPoint, ticks: time.ticks };
  }

  getOutPointAsTime() {
    const time = new Time();
    time.seconds = this.inner.outPoint;
    return { seconds: this.inner.outPoint, ticks: time.ticks };
  }

  setInPoint(seconds) {
    this.inner.inPoint = seconds;
  }

  setOutPoint(seconds) {
    this.inner.outPoint = seconds;
  }

  getPlayerPosition() {
    return new Time(this.inner.playhead);
  }

  setPlayerPosition(ticks) {
    this.inner.playhead = String(ticks);
  }

  overwriteClip(item, time) {
    return this.inner.video[0].overwriteClip(item, time);
  } // whatever track is asked for

  exportAsMediaDirect(file, preset) {
    const { app, video, audio, inPoint, outPoint } = this.inner;
    const kind = exporting.kindOf(preset);
    if (!kind || app.deafTo.some((name) => preset.includes(name)))
      return app.does("export.failure-may-be-silent") ? "No Error" : "Invalid preset";
    const frame = BigInt(this.timebase);
    const onFrame = (seconds) => BigInt(Math.round((seconds * Number(PER_SECOND)) / Number(frame))) * frame - BigInt(this.zeroPoint);
    const tracks = (kind === "picture" ? video : audio).map(({ inner }) => ({
      muted: inner.muted,
      items: inner.items.map((item) => ({
        ...item.inner,
        disabled: item.disabled,
        file: item.projectItem && (item.projectItem.inner.file || item.projectItem.inner.nest),
      })),
    }));
    app.exports.push({ file, preset, inPoint, outPoint, heard: tracks.map((track) => !track.muted) });
    exporting.write(app, {
      file,
      kind,
      timebase: this.timebase,
      from: onFrame(inPoint),
      to: onFrame(outPoint),
      width: this.frameSizeHorizontal,
      height: this.frameSizeVertical,
      tracks,
    });
    return app.does("export.result-varies") ? 0 : "No Error";
  }

  picture(without) {
    const tracks = (all) =>
      all
        .map((track, index) => ({
          number: index + 1,
          name: track.name,
          muted: track.inner.muted,
          locked: track.inner.locked,
          items: track.inner.items.map((item) => item.picture()).filter((item) => !without.includes(item.media)),
        }))
        .filter((track) => track.items.length);
    const { inPoint, outPoint, playhead } = this.inner;
    return {
      video: tracks(this.inner.video),
      audio: tracks(this.inner.audio),
      inPoint,
      outPoint,
      playhead,
      markers: this.markers.numMarkers,
    };
  }
}

module.exports = {
  CLIP,
  BIN,
  ROOT,
  Time,
  Property,
  ProjectItem,
  TrackItem,
  Track,
  Sequence,
  collection,
  cropEffect,
  usualComponents,
  next,
};
