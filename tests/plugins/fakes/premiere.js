"use strict";
// A Premiere without Premiere: the part of its ExtendScript object model that the panel uses, with the habits that ledger.json records.
// Scripts run in an engine of ECMAScript 3: newer syntax is refused by a parser, newer library functions and JSON are taken away.

const childProcess = require("child_process");
const fs = require("fs");
const path = require("path");
const vm = require("vm");

const LEDGER = JSON.parse(fs.readFileSync(path.join(__dirname, "ledger.json"), "utf8")).premiere;
const PER_SECOND = 254016000000n;
const UNSET_S = -400000;
const CLIP = 1;
const BIN = 2;
const ROOT = 3;

let numbers = 0;
const next = (prefix) => `${prefix}-${(numbers += 1)}`;

class Time {
  constructor(ticks = "0") {
    this.value = String(ticks);
  }

  get ticks() { return this.value; }

  set ticks(ticks) { this.value = String(ticks); }

  get seconds() { return Number(this.value) / Number(PER_SECOND); }

  set seconds(seconds) { this.value = String(Math.round(seconds * Number(PER_SECOND))); }
}

/** No Array: numItems and indices only. */
function collection(items, counter = "numItems") {
  const out = { [counter]: items.length };
  items.forEach((item, index) => { out[index] = item; });
  return out;
}

class Property {
  constructor(displayName, value, stubborn = false) {
    Object.assign(this, { displayName, value, stubborn, moving: false });
  }

  getValue() { return Array.isArray(this.value) ? this.value.slice() : this.value; }

  setValue(value) {
    if (!this.stubborn) this.value = value;
    return true;
  }

  isTimeVarying() { return this.moving; }
}

function usualComponents() {
  const component = (matchName, displayName, properties) => ({ matchName, displayName, properties: collection(properties) });
  return [
    component("AE.ADBE Opacity", "Opacity", [new Property("Opacity", 100), new Property("Blend Mode", 0)]),
    component("AE.ADBE Motion", "Motion", [new Property("Position", [0.5, 0.5]), new Property("Scale", 100), new Property("Rotation", 0)]),
  ];
}

class ProjectItem {
  constructor(app, { name, type = CLIP, file = null, facts = null }) {
    Object.assign(this, { name, type, nodeId: next("node"), inner: { app, file, facts, items: [], inPoint: null, outPoint: null, nested: false } });
    Object.defineProperty(this, "inner", { enumerable: false });
  }

  get children() { return collection(this.inner.items); }

  getMediaPath() {
    if (!this.inner.file && this.inner.app.does("path.synthetic-throws")) throw new Error("Illegal Parameter type");
    return this.inner.file || "";
  }

  startTime() { return new Time(this.inner.facts ? this.inner.facts.startTicks : "0"); }

  isSequence() { return this.inner.nested; }

  isMulticamClip() { return false; }

  isOffline() { return Boolean(this.inner.file) && !fs.existsSync(this.inner.file); }

  getFootageInterpretation() {
    if (!this.inner.facts || !this.inner.facts.rate) throw new Error("no footage");
    const [numerator, denominator] = this.inner.facts.rate.split("/");
    return { frameRate: Math.round((numerator / denominator) * 1000) / 1000 };
  }

  getProjectMetadata() {
    const sound = this.inner.facts && this.inner.facts.samples !== null ? "48000 Hz - 16-bit - Mono" : "";
    return `<rdf><premierePrivateProjectMetaData:Column.Intrinsic.AudioInfo>${sound}</premierePrivateProjectMetaData:Column.Intrinsic.AudioInfo></rdf>`;
  }

  setInPoint(time) { this.inner.inPoint = time.ticks; }

  setOutPoint(time) { this.inner.outPoint = time.ticks; }

  clearInPoint() { this.inner.inPoint = null; }

  clearOutPoint() { this.inner.outPoint = null; }

  createBin(name) {
    const bin = new ProjectItem(this.inner.app, { name, type: BIN });
    this.inner.items.push(bin);
    return bin;
  }
}

class TrackItem {
  constructor(track, { name, projectItem, start, end, inPoint, mediaType }) {
    const inner = { track, start: BigInt(start), end: BigInt(end), inPoint: BigInt(inPoint), linked: [], selected: false, speed: 1, reversed: 0 };
    Object.defineProperty(this, "inner", { value: inner, enumerable: false });
    Object.assign(this, { name, projectItem, mediaType, nodeId: next("item"), disabled: false });
    this.parts = mediaType === "Video" ? usualComponents() : [];
  }

  get components() { return collection(this.parts); }

  get start() { return new Time(this.inner.start); }

  get end() { return new Time(this.inner.end); }

  set end(time) { this.inner.end = BigInt(time.ticks); }

  get inPoint() { return new Time(this.inner.inPoint); }

  get outPoint() { return new Time(this.inner.inPoint + this.inner.end - this.inner.start); }

  get duration() { return new Time(this.inner.end - this.inner.start); }

  getLinkedItems() { return this.inner.linked.length ? collection([this, ...this.inner.linked]) : undefined; }

  getSpeed() { return this.inner.speed; }

  isSpeedReversed() { return this.inner.reversed; }

  isSelected() { return this.inner.selected; }

  setSelected(selected) { this.inner.selected = Boolean(selected); }

  remove() {
    const { items } = this.inner.track.inner;
    items.splice(items.indexOf(this), 1);
    return true;
  }

  picture() {
    const { inner } = this;
    const looks = this.parts.map((part) => [part.displayName, Object.keys(part.properties).filter((key) => /^\d/.test(key)).map((key) => part.properties[key].value)]);
    const media = this.projectItem ? this.projectItem.inner.file : null;
    return { id: this.nodeId, name: this.name, media, start: String(inner.start), end: String(inner.end), inPoint: String(inner.inPoint),
      disabled: this.disabled, selected: inner.selected, looks };
  }
}

class Track {
  constructor(sequence, kind, name) {
    Object.assign(this, { name, mediaType: kind });
    Object.defineProperty(this, "inner", { value: { sequence, items: [], muted: false, locked: false }, enumerable: false });
  }

  get clips() { return collection(this.inner.items.slice().sort((one, other) => (one.inner.start < other.inner.start ? -1 : 1))); }

  isMuted() { return this.inner.muted; }

  setMute(muted) { this.inner.muted = Boolean(muted); }

  isLocked() { return this.inner.locked; }

  overwriteClip(item, time) {
    const { sequence } = this.inner;
    const { app, facts, file } = item.inner;
    if (this.inner.locked || !file) return false;
    const start = BigInt(typeof time === "number" ? Math.round(time * Number(PER_SECOND)) : time.ticks);
    const first = BigInt(item.inner.inPoint === null ? 0 : item.inner.inPoint);
    const last = BigInt(item.inner.outPoint === null ? facts.lengthTicks : item.inner.outPoint);
    const end = start + (last < BigInt(facts.lengthTicks) ? last : BigInt(facts.lengthTicks)) - first;
    const placed = [];
    if (this.mediaType === "Video" && facts.rate) placed.push(lay(this, item, start, end, first));
    if (this.mediaType === "Audio" && facts.samples !== null) placed.push(lay(this, item, start, end, first));
    if (this.mediaType === "Video" && facts.samples !== null && app.does("overwrite.sound-lands-on-a1")) {
      placed.push(lay(sequence.inner.audio[0], item, start, end, first));
    }
    if (app.does("selected.place-changes-selection")) {
      sequence.everything().forEach((one) => { one.inner.selected = placed.includes(one); });
    }
    return true;
  }
}

/** Cuts away what lies under a new clip, as an overwrite edit does. */
function lay(track, projectItem, start, end, first) {
  const kept = [];
  for (const item of track.inner.items) {
    const { inner } = item;
    if (inner.end <= start || inner.start >= end) {
      kept.push(item);
      continue;
    }
    if (inner.start < start) kept.push(Object.assign(item, {}));
    if (inner.start < start) inner.end = start;
    else if (inner.end > end) {
      inner.inPoint += end - inner.start;
      inner.start = end;
      kept.push(item);
    }
  }
  const placed = new TrackItem(track, { name: projectItem.name, projectItem, start, end, inPoint: first, mediaType: track.mediaType });
  track.inner.items = [...kept, placed];
  return placed;
}

class Markers {
  constructor() {
    Object.defineProperty(this, "all", { value: [], enumerable: false });
  }

  get numMarkers() { return this.all.length; }

  createMarker(seconds) {
    const marker = { start: new Time(), end: new Time(), name: "", comments: "", setColorByIndex(index) { this.colour = index; } };
    marker.start.seconds = seconds;
    this.all.push(marker);
    return marker;
  }

  getFirstMarker() { return this.all[0]; }

  getNextMarker(marker) { return this.all[this.all.indexOf(marker) + 1]; }
}

class Sequence {
  constructor(app, { name, timebase, zeroPoint, displayFormat }) {
    Object.assign(this, { name, timebase, zeroPoint, videoDisplayFormat: displayFormat, sequenceID: next("sequence"), markers: new Markers(),
      frameSizeHorizontal: 1920, frameSizeVertical: 1080 });
    const inner = { app, video: [], audio: [], inPoint: UNSET_S, outPoint: UNSET_S, playhead: "0" };
    Object.defineProperty(this, "inner", { value: inner, enumerable: false });
    inner.video.push(new Track(this, "Video", "V1"));
    inner.audio.push(new Track(this, "Audio", "A1"));
  }

  get id() { return Math.random(); } // not stable

  get videoTracks() { return collection(this.inner.video, "numTracks"); }

  get audioTracks() { return collection(this.inner.audio, "numTracks"); }

  everything() { return [...this.inner.video, ...this.inner.audio].flatMap((track) => track.inner.items); }

  getSelection() {
    const selected = this.everything().filter((item) => item.inner.selected);
    const twice = this.inner.app.does("selection.linked-come-twice") ? selected.flatMap((item) => [item, ...item.inner.linked.filter((one) => one.inner.selected)]) : selected;
    return this.inner.app.does("selection.is-a-collection") ? collection(twice) : twice;
  }

  getInPointAsTime() { const time = new Time(); time.seconds = this.inner.inPoint; return { seconds: this.inner.inPoint, ticks: time.ticks }; }

  getOutPointAsTime() { const time = new Time(); time.seconds = this.inner.outPoint; return { seconds: this.inner.outPoint, ticks: time.ticks }; }

  setInPoint(seconds) { this.inner.inPoint = seconds; }

  setOutPoint(seconds) { this.inner.outPoint = seconds; }

  getPlayerPosition() { return new Time(this.inner.playhead); }

  setPlayerPosition(ticks) { this.inner.playhead = String(ticks); }

  overwriteClip(item, time) { return this.inner.video[0].overwriteClip(item, time); } // whatever track is asked for

  exportAsMediaDirect(file, preset) {
    const { app } = this.inner;
    if (!fs.existsSync(preset)) return "Invalid preset";
    app.exports.push({ file, inPoint: this.inner.inPoint, outPoint: this.inner.outPoint, heard: this.inner.video.map((track) => !track.inner.muted) });
    fs.writeFileSync(file, "exported");
    return app.does("export.result-varies") ? 0 : "No Error";
  }

  picture(without) {
    const tracks = (all) => all.map((track) => ({ name: track.name, muted: track.inner.muted, locked: track.inner.locked,
      items: track.inner.items.map((item) => item.picture()).filter((item) => !without.includes(item.media)) })).filter((track) => track.items.length);
    const { inPoint, outPoint, playhead } = this.inner;
    return { video: tracks(this.inner.video), audio: tracks(this.inner.audio), inPoint, outPoint, playhead, markers: this.markers.numMarkers };
  }
}

/** `without` names entries of the ledger that do not hold; `python` probes media. */
class Premiere {
  constructor({ without = [], python = "python3", repository = process.cwd() } = {}) {
    without.forEach((name) => { if (!(name in LEDGER)) throw new Error(`not in the ledger: ${name}`); });
    Object.assign(this, { without, python, repository, exports: [], known: new Map(), scripts: [] });
    this.project = this.newProject("Film");
    this.engine = this.makeEngine();
  }

  does(name) {
    if (!(name in LEDGER)) throw new Error(`not in the ledger: ${name}`);
    return !this.without.includes(name);
  }

  /** {rate, frames, samples, startTicks, lengthTicks} of a real file. */
  facts(file) {
    if (!this.known.has(file)) {
      const said = childProcess.execFileSync(this.python, ["-m", "tests.plugins.media", file], { cwd: this.repository, encoding: "utf8" });
      this.known.set(file, JSON.parse(said));
    }
    return this.known.get(file);
  }

  newProject(name) {
    const rootItem = new ProjectItem(this, { name: "Root", type: this.does("root.type-is-root") ? ROOT : BIN });
    const all = [];
    const app = this;
    let active = null;
    return {
      documentID: next("document"),
      name,
      rootItem,
      get sequences() { return collection(all, "numSequences"); },
      get activeSequence() { return active; },
      set activeSequence(sequence) { active = sequence; },
      openSequence(id) { active = all.find((one) => one.sequenceID === id) || active; return true; },
      importFiles(files, quiet, bin) {
        for (const file of files) {
          if (!fs.existsSync(file)) return false;
          const facts = app.facts(file);
          bin.inner.items.push(new ProjectItem(app, { name: path.basename(file), file, facts }));
        }
        return app.does("import.returns-nothing") ? undefined : true;
      },
      add(sequence) { all.push(sequence); active = sequence; return sequence; },
    };
  }

  makeEngine() {
    const host = { Time };
    const application = { version: "26.3.0", get project() { return premiere.project; }, enableQE: () => { engine.qe = premiere.qe(); } };
    const premiere = this;
    const engine = vm.createContext({ ...host, app: application, File: function File(file) { this.exists = fs.existsSync(file); } });
    engine.$ = { evalFile: (file) => premiere.run(engine, fs.readFileSync(file, "utf8"), file) };
    vm.runInContext(ES3_LIBRARY, engine);
    if (!this.does("engine.no-json")) engine.JSON = JSON;
    return engine;
  }

  run(engine, text, name) {
    if (this.does("engine.es3")) parser().parse(text, { ecmaVersion: 3, allowReserved: "never" });
    return vm.runInContext(text, engine, { filename: name });
  }

  /** CEP's door: strings in, strings out, one error text for everything. */
  evalScript(text, callback) {
    let said;
    this.scripts.push(text);
    try {
      const value = this.run(this.engine, text, "evalScript");
      said = value === undefined ? "" : String(value);
    } catch (problem) {
      this.lastProblem = problem;
      said = "EvalScript error.";
    }
    setImmediate(() => callback(said));
  }

  qe() {
    const premiere = this;
    return {
      project: {
        getActiveSequence: () => ({
          addTracks(video, videoIndex, audio, audioIndex) {
            const { inner } = premiere.project.activeSequence;
            const sequence = premiere.project.activeSequence;
            const most = premiere.does("qe.one-track-per-call") ? 1 : Infinity;
            for (let count = 0; count < Math.min(video || 0, most); count += 1) inner.video.splice(videoIndex, 0, new Track(sequence, "Video", `V${inner.video.length + 1}`));
            for (let count = 0; count < Math.min(audio || 0, most); count += 1) inner.audio.splice(audioIndex, 0, new Track(sequence, "Audio", `A${inner.audio.length + 1}`));
          },
        }),
      },
    };
  }

  // what a test does with it

  newSequence({ name = "Scene", timebase, zeroPoint = "0", displayFormat = 101 }) {
    return this.project.add(new Sequence(this, { name, timebase, zeroPoint, displayFormat }));
  }

  /** A clip of `length` frames at frame `start`, from frame `offset` of its file; `sound` = index of the track of its linked sound. */
  addClip(sequence, { file = null, start, length, offset = 0, track = 0, kind = "Video", sound = null, name = null, selected = false }) {
    const frame = BigInt(sequence.timebase);
    const facts = file ? this.facts(file) : null;
    const projectItem = new ProjectItem(this, { name: name || (file ? path.basename(file) : "Title"), file, facts });
    this.project.rootItem.inner.items.push(projectItem);
    const make = (tracks, index, mediaType) => {
      while (tracks.length <= index) tracks.push(new Track(sequence, mediaType, `${mediaType[0]}${tracks.length + 1}`));
      const item = new TrackItem(tracks[index], { name: projectItem.name, projectItem, start: BigInt(start) * frame, end: BigInt(start + length) * frame,
        inPoint: BigInt(offset) * frame, mediaType });
      tracks[index].inner.items.push(item);
      item.inner.selected = selected;
      return item;
    };
    const item = make(kind === "Video" ? sequence.inner.video : sequence.inner.audio, track, kind);
    if (sound !== null) {
      const linked = make(sequence.inner.audio, sound, "Audio");
      item.inner.linked = [linked];
      linked.inner.linked = [item];
    }
    return item;
  }
}

/** Takes away what ECMAScript 3 does not have. */
const ES3_LIBRARY = `
(function () {
  var gone = { "Array.prototype": ["indexOf", "lastIndexOf", "forEach", "map", "filter", "some", "every", "reduce", "includes", "find", "flat", "flatMap"],
    "String.prototype": ["trim", "startsWith", "endsWith", "includes", "repeat", "padStart", "padEnd", "replaceAll"],
    "Object": ["keys", "values", "entries", "create", "assign", "defineProperty", "freeze", "getPrototypeOf"],
    "Function.prototype": ["bind"], "Array": ["isArray", "from", "of"], "Date": ["now"], "Number": ["isInteger", "isFinite"] };
  var owners = { "Array.prototype": Array.prototype, "String.prototype": String.prototype, "Object": Object, "Function.prototype": Function.prototype,
    "Array": Array, "Date": Date, "Number": Number };
  for (var owner in gone) for (var index = 0; index < gone[owner].length; index += 1) delete owners[owner][gone[owner][index]];
  var names = ["JSON", "Promise", "Map", "Set", "WeakMap", "WeakSet", "Symbol", "Proxy", "Reflect", "BigInt", "globalThis"];
  for (var each = 0; each < names.length; each += 1) { try { delete this[names[each]]; } catch (problem) {} }
}).call(this);
`;

function parser() {
  return require(process.env.HEYGEM_NODE_MODULES ? path.join(process.env.HEYGEM_NODE_MODULES, "acorn") : "acorn");
}

module.exports = { Premiere, Time, Property, usualComponents, collection };
