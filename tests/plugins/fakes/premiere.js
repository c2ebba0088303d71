"use strict";
// A Premiere without Premiere: the part of its ExtendScript object model that the panel uses, with the habits that ledger.json records.
// Scripts run in an engine of ECMAScript 3: newer syntax is refused by a parser, newer library functions and JSON are taken away.

const childProcess = require("child_process");
const fs = require("fs");
const path = require("path");
const vm = require("vm");

const { ROOT, BIN, Time, ProjectItem, TrackItem, Track, Sequence, collection, cropEffect, next } = require("./premiere_model.js");

const LEDGER = JSON.parse(fs.readFileSync(path.join(__dirname, "ledger.json"), "utf8")).premiere;

/** `without` names entries of the ledger that do not hold, `also` rare ones that do; `python` probes and renders media; `deafTo` names presets that leave no file. */
class Premiere {
  constructor({ without = [], also = [], python = "python3", repository = process.cwd(), deafTo = [] } = {}) {
    without.forEach((name) => {
      if (!(name in LEDGER)) throw new Error(`not in the ledger: ${name}`);
    });
    Object.assign(this, {
      without,
      also,
      damaged: false,
      persistent: [],
      python,
      repository,
      deafTo,
      exports: [],
      openBehind: [],
      effects: true,
      production: null,
      known: new Map(),
      scripts: [],
      busyMs: 0,
    });
    this.project = this.newProject("Film");
    this.engine = this.makeEngine();
  }

  does(name) {
    if (!(name in LEDGER)) throw new Error(`not in the ledger: ${name}`);
    return LEDGER[name].rare ? this.also.includes(name) : !this.without.includes(name);
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
      get sequences() {
        return collection(all, "numSequences");
      },
      get activeSequence() {
        return active;
      },
      set activeSequence(sequence) {
        active = sequence;
      },
      openSequence(id) {
        active = all.find((one) => one.sequenceID === id) || active;
        return true;
      },
      importFiles(files, _quiet, bin) {
        for (const file of files) {
          if (!fs.existsSync(file)) return false;
          const facts = app.facts(file);
          bin.inner.items.push(new ProjectItem(app, { name: path.basename(file), file, facts }));
        }
        return app.does("import.returns-nothing") ? undefined : true;
      },
      add(sequence) {
        all.push(sequence);
        active = sequence;
        return sequence;
      },
    };
  }

  makeEngine() {
    const host = { Time };
    const application = {
      version: "26.3.0",
      get project() {
        return premiere.project;
      },
      get projects() {
        return collection([premiere.project, ...premiere.openBehind], "numProjects");
      },
      get production() {
        if (!premiere.production) throw new Error("no production");
        return { name: premiere.production };
      },
      setExtensionPersistent: (id, stays) => {
        premiere.persistent.push([id, stays]);
        return true;
      },
      enableQE: () => {
        engine.qe = premiere.qe();
      },
    };
    const premiere = this;
    const engine = vm.createContext({ ...host, app: application, File: FakeFile });
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
    const began = process.hrtime.bigint();
    this.scripts.push(text);
    try {
      const value = this.run(this.engine, text, "evalScript");
      said = value === undefined ? "" : String(value);
    } catch (problem) {
      this.lastProblem = problem;
      said = "EvalScript error.";
    }
    this.busyMs += Number(process.hrtime.bigint() - began) / 1e6;
    setImmediate(() => callback(said));
  }

  qe() {
    const premiere = this;
    return {
      project: {
        getVideoEffectByName: (name) => (name === "Crop" && premiere.effects ? { name } : null),
        getActiveSequence: () => ({
          getVideoTrackAt: (index) => {
            const { items } = premiere.project.activeSequence.inner.video[index].inner;
            const clips = items.slice().sort((one, other) => (one.inner.start < other.inner.start ? -1 : 1));
            const listed = clips.flatMap((item) => [{ name: "", type: "Empty", start: new Time("0") }, qeItem(item)]);
            return { numItems: listed.length, getItemAt: (at) => listed[at] };
          },
          addTracks(video, videoIndex, audio, _audioType, audioIndex = 0) {
            const { inner } = premiere.project.activeSequence;
            const sequence = premiere.project.activeSequence;
            const most = premiere.does("qe.one-track-per-call") ? 1 : Infinity;
            for (let count = 0; count < Math.min(video || 0, most); count += 1)
              inner.video.splice(videoIndex, 0, new Track(sequence, "Video", `V${inner.video.length + 1}`));
            for (let count = 0; count < Math.min(audio || 0, most); count += 1)
              inner.audio.splice(audioIndex, 0, new Track(sequence, "Audio", `A${inner.audio.length + 1}`));
          },
        }),
      },
    };
  }

  // what a test does with it

  newSequence({ name = "Scene", timebase, zeroPoint = "0", displayFormat = 101, width = 64, height = 64 }) {
    return this.project.add(new Sequence(this, { name, timebase, zeroPoint, displayFormat, width, height }));
  }

  addTrack(sequence, kind, name) {
    const video = kind === "video";
    (video ? sequence.inner.video : sequence.inner.audio).push(new Track(sequence, video ? "Video" : "Audio", name));
  }

  /** A clip of `length` frames at frame `start`, from frame `offset` of its file; `sound` = index of the track of its linked sound; `nest` = a
   * file of what a nested sequence shows. */
  addClip(
    sequence,
    { file = null, nest = null, start, length, offset = 0, track = 0, kind = "Video", sound = null, name = null, selected = false },
  ) {
    const frame = BigInt(sequence.timebase);
    const facts = file ? this.facts(file) : null;
    const projectItem = new ProjectItem(this, { name: name || (file ? path.basename(file) : nest ? "Nest" : "Title"), file, facts, nest });
    this.project.rootItem.inner.items.push(projectItem);
    const make = (tracks, index, mediaType) => {
      while (tracks.length <= index) tracks.push(new Track(sequence, mediaType, `${mediaType[0]}${tracks.length + 1}`));
      const item = new TrackItem(tracks[index], {
        name: projectItem.name,
        projectItem,
        start: BigInt(start) * frame,
        end: BigInt(start + length) * frame,
        inPoint: BigInt(offset) * frame,
        mediaType,
      });
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

function qeItem(item) {
  return {
    name: item.name,
    type: "Clip",
    start: item.start,
    addVideoEffect: (effect) => {
      if (effect) item.parts.push(cropEffect());
    },
  };
}

class FakeFile {
  constructor(file) {
    this.fsName = file;
  }

  get exists() {
    return fs.existsSync(this.fsName);
  }

  get length() {
    return this.exists ? fs.statSync(this.fsName).size : -1;
  }

  remove() {
    fs.unlinkSync(this.fsName);
    return true;
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

module.exports = { Premiere };
