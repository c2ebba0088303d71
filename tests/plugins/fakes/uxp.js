"use strict";
// Premiere's UXP API without Premiere: projects, sequences, actions and an undo stack, with the habits that ledger.json records. State is plain
// data that a transaction copies before it begins, so undo is exact; objects handed out are views that are new each time, as in UXP.

const fs = require("fs");
const path = require("path");

const exporting = require("./exports.js");

const LEDGER = JSON.parse(fs.readFileSync(path.join(__dirname, "ledger.json"), "utf8")).uxp;
const PER_SECOND = 254016000000n;
let numbers = 0;
const next = (prefix) => {
  numbers += 1;
  return `${prefix}-${numbers}`;
};

const TickTime = {
  createWithTicks: (ticks) => ({ ticks: String(BigInt(ticks)), seconds: Number(ticks) / Number(PER_SECOND) }),
};
const at = (value) => TickTime.createWithTicks(value);

const usualLook = () => [
  {
    match: "AE.ADBE Opacity",
    name: "Opacity",
    params: [
      { name: "Opacity", value: 100 },
      { name: "Blend Mode", value: 0 },
    ],
  },
  {
    match: "AE.ADBE Motion",
    name: "Motion",
    params: [
      { name: "Position", value: { x: 0.5, y: 0.5 } },
      { name: "Scale", value: 100 },
    ],
  },
];

const cropEffect = () => ({
  match: "AE.ADBE AECrop",
  name: "Crop",
  params: [...["Left", "Top", "Right", "Bottom", "Edge Feather"].map((name) => ({ name, value: 0 })), { name: "Zoom", value: false }],
});

class PointF {
  constructor(x = 0, y = 0) {
    Object.assign(this, { x, y });
  }
}

class Uxp {
  constructor({
    without = [],
    also = [],
    facts = () => null,
    python = "python3",
    repository = process.cwd(),
    deafTo = [],
    whileExporting = () => {},
  } = {}) {
    Object.assign(this, {
      without,
      also,
      damaged: false,
      facts,
      python,
      repository,
      deafTo,
      whileExporting,
      exports: [],
      stack: [],
      locked: 0,
      steps: [],
      busyMs: 0,
      epoch: 0,
      listeners: [],
    });
    this.projects = new Map();
    this.openBehind = new Set(); // other projects that are open as well
    this.open = this.newProject("Film");
    this.ppro = this.makeApi();
  }

  /** Work that takes the editor's own time. */
  busy(work) {
    const began = process.hrtime.bigint();
    const value = work();
    this.busyMs += Number(process.hrtime.bigint() - began) / 1e6;
    return value;
  }

  does(name) {
    if (!(name in LEDGER)) throw new Error(`not in the ledger: ${name}`);
    return LEDGER[name].rare ? this.also.includes(name) : !this.without.includes(name);
  }

  newProject(name) {
    const project = { guid: next("project"), name, bins: [], items: [], sequences: [], active: null };
    this.projects.set(project.guid, project);
    this.open = project;
    return project;
  }

  newSequence({ name = "Scene", timebase, zeroPoint = "0", display = 101, width = 64, height = 64 }) {
    const sequence = {
      width,
      height,
      inPoint: "-101606400000000000",
      outPoint: "-101606400000000000",
      guid: next("sequence"),
      name,
      timebase,
      zeroPoint,
      display,
      video: [[]],
      audio: [[]],
      names: { video: ["V1"], audio: ["A1"] },
      muted: {},
      locked: {},
      markers: [],
      playhead: "0",
    };
    this.open.sequences.push(sequence);
    this.open.active = sequence.guid;
    return sequence;
  }

  addMedia(file, bin = null, facts = this.facts(file), nest = null) {
    const item = { id: next("media"), name: nest ? "Nest" : path.basename(file), file, facts, nest, bin, inPoint: null, outPoint: null };
    this.open.items.push(item);
    return item;
  }

  addClip(sequence, { file = null, nest = null, start, length, offset = 0, track = 0, kind = "video", selected = false, name = null }) {
    const frame = BigInt(sequence.timebase);
    const media = nest
      ? this.addMedia("", null, null, nest)
      : file
        ? this.open.items.find((item) => item.file === file && !item.bin) || this.addMedia(file)
        : null;
    while (sequence[kind].length <= track) grow(sequence, kind);
    const clip = {
      key: next("clip"),
      name: name || (file ? path.basename(file) : "Title"),
      media: media ? media.id : null,
      start: String(BigInt(start) * frame),
      end: String(BigInt(start + length) * frame),
      inPoint: String(BigInt(offset) * frame),
      selected,
      disabled: false,
      speed: 1,
      reversed: 0,
      look: kind === "video" ? usualLook() : [],
    };
    sequence[kind][track].push(clip);
    return clip;
  }

  undo() {
    const { project, state } = this.stack.pop();
    this.epoch += 1;
    Object.assign(project, JSON.parse(state));
  }

  action(run) {
    if (this.does("actions.need-locked-access") && !this.locked) throw new Error("Actions are created inside lockedAccess.");
    return { run };
  }

  makeApi() {
    return {
      TickTime,
      Constants: {
        TrackItemType: { EMPTY: 0, CLIP: 1 },
        MediaType: { ANY: 0 },
        ExportType: { QUEUE_TO_AME: 0, QUEUE_TO_APP: 1, IMMEDIATELY: 2 },
        OperationCompleteEvent: { EXPORT_MEDIA_COMPLETE: 3 },
      },
      EncoderManager: { getManager: () => ({ exportSequence: (...given) => exportSequence(this, ...given) }) },
      EventManager: {
        addGlobalEventListener: (_event, heard) => this.listeners.push(heard),
        removeGlobalEventListener: (_event, heard) => {
          this.listeners = this.listeners.filter((one) => one !== heard);
        },
      },
      TrackItemSelection: {
        createEmptySelection: (use) => {
          use({
            items: [],
            addItem(item) {
              this.items.push(item);
              return true;
            },
          });
          return true;
        },
      },
      ProjectItem: { TYPE_CLIP: 1, TYPE_BIN: 2, TYPE_ROOT: 3 },
      PointF,
      ClipProjectItem: { cast: (item) => cast(this, item, item && item.clip) },
      FolderItem: { cast: (item) => cast(this, item, item && item.createBinAction ? item : null) },
      Transcript: {
        hasTranscript: (clip) => Boolean(clip.transcript()),
        exportToJSON: async (clip) => JSON.stringify(clip.transcript()),
      },
      Guid: { fromString: (text) => ({ toString: () => text }) },
      Project: {
        getActiveProject: async () => (this.open ? projectView(this, this.open) : null),
        getProject: (guid) => (this.openBehind.has(String(guid)) ? projectView(this, this.projects.get(String(guid))) : null),
      },
      VideoFilterFactory: {
        createComponent: async (match) => {
          if (match !== "AE.ADBE AECrop" || this.effects === false) throw new Error("Illegal Parameter type");
          return { made: cropEffect() };
        },
      },
      SequenceEditor: { getEditor: (sequence) => editorView(this, sequence.inner) },
      Markers: { getMarkers: async (sequence) => markersView(this, sequence.inner) },
      ProjectConverter: {
        exportAsOpenTimelineIO: async (sequence, file) => {
          if (!this.does("otio.native")) return false;
          fs.writeFileSync(file, JSON.stringify(nativeOtio(sequence.inner)));
          return true;
        },
      },
    };
  }
}

function cast(fake, item, found) {
  if (!found && item && fake.does("cast.throws-on-bins")) throw new Error("Illegal Parameter type");
  return found || null;
}

function grow(sequence, kind) {
  sequence[kind].push([]);
  sequence.names[kind].push(`${kind[0].toUpperCase()}${sequence[kind].length}`);
}

function projectView(fake, project) {
  return {
    guid: { toString: () => project.guid },
    name: project.name,
    getActiveSequence: async () => {
      const found = project.sequences.find((one) => one.guid === project.active);
      return found ? sequenceView(fake, project, found.guid) : null;
    },
    getSequences: async () => project.sequences.map((one) => sequenceView(fake, project, one.guid)),
    openSequence: async (sequence) => {
      project.active = sequence.inner.guid;
      return true;
    },
    getRootItem: async () => folderView(fake, project, null, "Root"),
    importFiles: async (files, _quiet, bin) => {
      for (const file of files.filter((one) => fs.existsSync(one))) fake.addMedia(file, bin.binId);
      return true;
    },
    lockedAccess: (work) => {
      fake.locked += 1;
      try {
        work();
      } finally {
        fake.locked -= 1;
      }
    },
    executeTransaction: (collect, label) => {
      const actions = [];
      collect({ addAction: (action) => actions.push(action) });
      fake.stack.push({ project, state: JSON.stringify(project) });
      fake.epoch += 1;
      fake.steps.push(label);
      for (const action of actions) action.run();
      return true;
    },
  };
}

function folderView(fake, project, binId, name) {
  return {
    binId,
    name,
    type: binId ? 2 : 3,
    getId: () => binId,
    getItems: async () => [
      ...project.bins.filter((bin) => bin.parent === binId).map((bin) => folderView(fake, project, bin.id, bin.name)),
      ...project.items.filter((item) => item.bin === binId).map((item) => itemView(fake, project, item.id)),
    ],
    createBinAction: (binName) => fake.action(() => project.bins.push({ id: next("bin"), name: binName, parent: binId })),
  };
}

function itemView(fake, project, id) {
  const item = () => project.items.find((one) => one.id === id);
  const clip = {
    getMediaFilePath: async () => item().file,
    transcript: () => item().transcript,
    isOffline: async () => Boolean(item().file) && !fs.existsSync(item().file),
    hasProxy: async () => Boolean(item().proxy),
    isSequence: async () => Boolean(item().nest),
    isMulticamClip: async () => false,
    getMedia: async () => ({ start: at(item().facts ? item().facts.startTicks : "0"), duration: at(item().facts.lengthTicks) }),
    getFootageInterpretation: async () => ({
      getFrameRate: () => {
        const [over, under] = item().facts.rate.split("/");
        return over / under;
      },
    }),
    createSetInOutPointsAction: (first, last) => fake.action(() => Object.assign(item(), { inPoint: first.ticks, outPoint: last.ticks })),
    canChangeMediaPath: async () => !fake.does("relink.is-refused"),
    changeMediaFilePath: async (file) => {
      if (!fs.existsSync(file)) return false;
      Object.assign(item(), { file, facts: fake.facts(file) });
      return true;
    },
    createClearInOutPointsAction: () => fake.action(() => Object.assign(item(), { inPoint: null, outPoint: null })),
  };
  const createSetColorLabelAction = (label) => fake.action(() => Object.assign(item(), { label }));
  return { getId: () => id, name: item().name, type: 1, clip, createSetColorLabelAction };
}

function sequenceView(fake, project, guid) {
  const inner = () => project.sequences.find((one) => one.guid === guid);
  const trackView = (kind, index) => ({
    get name() {
      return inner().names[kind][index];
    },
    isMuted: async () => Boolean(inner().muted[kind + index]),
    setMute: async (muted) => {
      if (muted) inner().muted[kind + index] = true;
      else delete inner().muted[kind + index];
      return true;
    },
    getTrackItems: () => inner()[kind][index].map((clip) => clipView(fake, project, guid, kind, index, clip.key, clip)),
  });
  return {
    get inner() {
      return {
        project,
        guid,
        get state() {
          return inner();
        },
      };
    },
    guid: { toString: () => guid },
    name: inner().name,
    getVideoTrackCount: async () => inner().video.length,
    getAudioTrackCount: async () => inner().audio.length,
    getVideoTrack: async (index) => trackView("video", index),
    getAudioTrack: async (index) => trackView("audio", index),
    getTimebase: async () => inner().timebase,
    getZeroPoint: async () => at(inner().zeroPoint),
    getSequenceVideoTimeDisplayFormat: async () => ({ type: inner().display }),
    getInPoint: async () => at(inner().inPoint),
    getOutPoint: async () => at(inner().outPoint),
    createSetInPointAction: (time) =>
      fake.action(() => {
        if (!fake.deafRange) inner().inPoint = time.ticks;
      }),
    createSetOutPointAction: (time) =>
      fake.action(() => {
        inner().outPoint = time.ticks;
      }),
    setPlayerPosition: async (time) => {
      inner().playhead = time.ticks;
      return true;
    },
    getSelection: async () => ({
      getTrackItems: async () =>
        ["video", "audio"].flatMap((kind) =>
          inner()[kind].flatMap((track, index) =>
            track.filter((clip) => clip.selected).map((clip) => clipView(fake, project, guid, kind, index, clip.key)),
          ),
        ),
    }),
  };
}

function clipView(fake, project, guid, kind, index, key, known = null) {
  let [found, epoch] = [known, known ? fake.epoch : -1];
  const clip = () => {
    if (epoch !== fake.epoch)
      [found, epoch] = [
        project.sequences
          .find((one) => one.guid === guid)
          [kind].flat()
          .find((one) => one.key === key),
        fake.epoch,
      ];
    return found;
  };
  return {
    key,
    getName: async () => clip().name,
    getStartTime: async () => at(clip().start),
    getEndTime: async () => at(clip().end),
    getInPoint: async () => at(clip().inPoint),
    getOutPoint: async () => at(BigInt(clip().inPoint) + BigInt(clip().end) - BigInt(clip().start)),
    getTrackIndex: async () => index,
    getProjectItem: async () => (clip().media ? itemView(fake, project, clip().media) : null),
    getIsSelected: async () => clip().selected,
    isAdjustmentLayer: async () => Boolean(clip().adjustment),
    getSpeed: async () => clip().speed,
    isSpeedReversed: async () => clip().reversed,
    isDisabled: async () => clip().disabled,
    createSetDisabledAction: (disabled) =>
      fake.action(() => {
        clip().disabled = disabled;
      }),
    getComponentChain: async () => ({
      getComponentCount: () => clip().look.length,
      createAppendComponentAction: (component) => fake.action(() => clip().look.push(component.made)),
      getComponentAtIndex: (number) => ({
        getMatchName: async () => clip().look[number].match,
        getDisplayName: async () => clip().look[number].name,
        getParamCount: () => clip().look[number].params.length,
        getParam: (each) => paramView(fake, () => clip().look[number].params[each]),
      }),
    }),
  };
}

/** Keyframes are [ticks of the source, value], joined by straight lines; `bent` = by curves. */
function valueAt({ keys = [], value, bent = false }, at) {
  if (!keys.length) return value;
  const after = keys.findIndex(([ticks]) => BigInt(ticks) > at);
  if (after <= 0) return keys[after < 0 ? keys.length - 1 : 0][1];
  const [from, to] = [keys[after - 1], keys[after]];
  const straight = Number(at - BigInt(from[0])) / Number(BigInt(to[0]) - BigInt(from[0]));
  const mixed = (one, other) => one + (other - one) * (bent ? straight * straight : straight);
  return typeof from[1] === "object" ? { x: mixed(from[1].x, to[1].x), y: mixed(from[1].y, to[1].y) } : mixed(from[1], to[1]);
}

const given = (value) => (value && typeof value === "object" ? new PointF(value.x, value.y) : value);

function paramView(fake, param) {
  return {
    get displayName() {
      return param().name;
    },
    isTimeVarying: () => Boolean(param().moving),
    getKeyframeListAsTickTimes: () => (param().keys || []).map(([ticks]) => at(ticks)),
    getValueAtTime: async (time) => given(valueAt(param(), BigInt(time.ticks))),
    createSetTimeVaryingAction: (moving) =>
      fake.action(() => {
        param().moving = moving;
      }),
    createAddKeyframeAction: (key) =>
      fake.action(() => {
        if (!param().moving) throw new Error("the parameter has no keyframes");
        const { value } = key.value;
        const plain = value instanceof PointF ? { x: value.x, y: value.y } : value;
        if (!param().stubborn) param().keys = [...(param().keys || []), [key.position.ticks, plain]];
      }),
    getStartValue: async () => ({ value: { value: given(param().value) } }),
    createKeyframe: (value) => {
      if (!(value instanceof PointF) && !["number", "string", "boolean"].includes(typeof value)) throw new Error("Illegal Parameter type");
      return { value: { value } };
    },
    createSetValueAction: (keyframe) =>
      fake.action(() => {
        if (param().name === "Blend Mode") fake.damaged = true;
        const { value } = keyframe.value;
        if (!param().stubborn) param().value = value instanceof PointF ? { x: value.x, y: value.y } : value;
      }),
  };
}

/** The clips of a track after `start` to `end` was overwritten: one that reaches beyond on both sides becomes two. */
function overwritten(track, start, end) {
  return track.flatMap((clip) => {
    if (BigInt(clip.end) <= start || BigInt(clip.start) >= end) return [clip];
    const [left, right] = [{ ...clip, end: String(start) }, laterPart(clip, end)];
    return [...(BigInt(clip.start) < start ? [left] : []), ...(BigInt(clip.end) > end ? [right] : [])];
  });
}

function laterPart(clip, from) {
  return { ...clip, key: next("clip"), start: String(from), inPoint: String(BigInt(clip.inPoint) + from - BigInt(clip.start)) };
}

/** The clips of a track after an insert at `at`: what lies later moves, what lies across is split. */
function pushed(track, at, by) {
  const later = (clip) => ({ ...clip, start: String(BigInt(clip.start) + by), end: String(BigInt(clip.end) + by) });
  return track.flatMap((clip) => {
    if (BigInt(clip.end) <= at) return [clip];
    if (BigInt(clip.start) >= at) return [later(clip)];
    return [{ ...clip, end: String(at) }, later(laterPart(clip, at))];
  });
}

function editorView(fake, { project, guid }) {
  const sequence = () => project.sequences.find((one) => one.guid === guid);
  const mediaOf = (item) => project.items.find((one) => one.id === item.getId());
  const marksOf = ({ inPoint, outPoint }) => ({ inPoint, outPoint });
  const lay = (item, time, video, audio, insert, then) => {
    const media = mediaOf(item);
    const marks = fake.does("marks.are-ignored")
      ? { inPoint: null, outPoint: null }
      : fake.does("actions.hold-their-state")
        ? then
        : marksOf(media);
    const first = BigInt(marks.inPoint === null ? 0 : marks.inPoint);
    const last = BigInt(marks.outPoint === null ? media.facts.lengthTicks : marks.outPoint);
    const [start, end] = [BigInt(time.ticks), BigInt(time.ticks) + last - first];
    const on = (kind, index, wanted) => {
      const adds = kind === "audio" && fake.does("insert.silent-file-adds-audio-track");
      if (!wanted && !(adds && index >= sequence()[kind].length)) return;
      if (index >= sequence()[kind].length) {
        if (!(insert && fake.does("tracks.grow-on-insert"))) throw new Error("no such track");
        grow(sequence(), kind);
      }
      if (!wanted) return;
      const number = Math.min(index, sequence()[kind].length - 1);
      if (sequence().locked[kind + number]) return;
      const track = sequence()[kind][number];
      const kept = insert ? pushed(track, start, end - start) : overwritten(track, start, end);
      track.splice(0, track.length, ...kept, {
        key: next("clip"),
        name: media.name,
        media: media.id,
        start: String(start),
        end: String(end),
        inPoint: String(first),
        selected: false,
        disabled: false,
        speed: 1,
        reversed: 0,
        look: kind === "video" ? usualLook() : [],
      });
    };
    on("video", video, media.facts.rate !== null);
    on("audio", audio, media.facts.samples !== null);
  };
  const layAction = (item, time, video, audio, insert) => {
    const then = marksOf(mediaOf(item));
    return fake.action(() => lay(item, time, video, audio, insert, then));
  };
  return {
    createOverwriteItemAction: (item, time, video, audio) => layAction(item, time, video, audio, false),
    createInsertProjectItemAction: (item, time, video, audio) => layAction(item, time, video, audio, true),
    createRemoveItemsAction: (selection) =>
      fake.action(() => {
        const keys = selection.items.map((item) => item.key);
        for (const kind of ["video", "audio"])
          sequence()[kind] = sequence()[kind].map((track) => track.filter((clip) => !keys.includes(clip.key)));
      }),
  };
}

function markersView(fake, { project, guid }) {
  const markers = () => project.sequences.find((one) => one.guid === guid).markers;
  return {
    getMarkers: () => markers().map((marker) => ({ getStart: () => at(marker.start), getName: () => marker.name })),
    createAddMarkerAction: (name, type, start, duration, comments) =>
      fake.action(() => markers().push({ name, type, start: start.ticks, duration: duration.ticks, comments })),
  };
}

/** Encodes at once; what it says about that is another matter. */
function exportSequence(fake, view, type, file, preset, full) {
  const { project, guid } = view.inner;
  const sequence = project.sequences.find((one) => one.guid === guid);
  const kind = exporting.kindOf(preset);
  if (!kind || fake.deafTo.some((name) => preset.includes(name))) return Promise.resolve(fake.does("export.failure-may-be-silent"));
  const media = (clip) => project.items.find((item) => item.id === clip.media);
  const tracks = sequence[kind === "picture" ? "video" : "audio"].map((clips, index) => ({
    muted: Boolean(sequence.muted[(kind === "picture" ? "video" : "audio") + index]),
    items: clips.map((clip) => ({
      ...clip,
      start: BigInt(clip.start),
      end: BigInt(clip.end),
      inPoint: BigInt(clip.inPoint),
      file: media(clip) && (media(clip).file || media(clip).nest),
    })),
  }));
  fake.exports.push({
    file,
    preset,
    type,
    full,
    inPoint: sequence.inPoint,
    outPoint: sequence.outPoint,
    heard: tracks.map((track) => !track.muted),
  });
  fake.busy(() =>
    exporting.write(fake, {
      file,
      kind,
      timebase: sequence.timebase,
      from: String(BigInt(sequence.inPoint) - BigInt(sequence.zeroPoint)),
      to: String(BigInt(sequence.outPoint) - BigInt(sequence.zeroPoint)),
      width: sequence.width,
      height: sequence.height,
      tracks,
    }),
  );
  fake.whileExporting();
  return fake.does("export.promise-may-hang") ? new Promise(() => {}) : Promise.resolve(true);
}

/** As Premiere writes it: source ranges in source frames, a warp on every clip. */
function nativeOtio({ project, guid }) {
  const sequence = project.sequences.find((one) => one.guid === guid);
  const rate = Number(PER_SECOND) / Number(sequence.timebase);
  const frames = (ticks) => Number(BigInt(ticks)) / Number(sequence.timebase);
  const time = (value) => ({ OTIO_SCHEMA: "RationalTime.1", value, rate });
  const track = (kind, clips) => {
    const children = [];
    let from = 0;
    for (const clip of [...clips].sort((one, other) => (BigInt(one.start) < BigInt(other.start) ? -1 : 1))) {
      const start = frames(clip.start);
      if (start > from)
        children.push({
          OTIO_SCHEMA: "Gap.1",
          name: "",
          source_range: { OTIO_SCHEMA: "TimeRange.1", start_time: time(0), duration: time(start - from) },
          effects: [],
          markers: [],
          metadata: {},
        });
      from = frames(clip.end);
      const scalar = clip.speed * (clip.reversed ? -1 : 1);
      const media = project.items.find((item) => item.id === clip.media);
      children.push({
        OTIO_SCHEMA: "Clip.2",
        name: clip.name,
        source_range: { OTIO_SCHEMA: "TimeRange.1", start_time: time(frames(clip.inPoint)), duration: time((from - start) * clip.speed) },
        media_references: {
          DEFAULT_MEDIA:
            media && media.nest
              ? { OTIO_SCHEMA: "MissingReference.1", name: "", metadata: {} }
              : media
                ? {
                    OTIO_SCHEMA: "ExternalReference.1",
                    target_url: `file://${encodeURI(media.file)}`,
                    available_range: null,
                    metadata: {},
                    name: "",
                  }
                : { OTIO_SCHEMA: "GeneratorReference.1", name: "", metadata: {}, generator_kind: "title", parameters: {} },
        },
        active_media_reference_key: "DEFAULT_MEDIA",
        effects: [{ OTIO_SCHEMA: "LinearTimeWarp.1", name: "", effect_name: "LinearTimeWarp", time_scalar: scalar, metadata: {} }],
        markers: [],
        metadata: { PremierePro_OTIO: {} },
      });
    }
    return { OTIO_SCHEMA: "Track.1", name: "", kind, children, source_range: null, effects: [], markers: [], metadata: {} };
  };
  return {
    OTIO_SCHEMA: "Timeline.1",
    name: sequence.name,
    global_start_time: time(frames(sequence.zeroPoint)),
    metadata: { PremierePro_OTIO: {} },
    tracks: {
      OTIO_SCHEMA: "Stack.1",
      name: "",
      source_range: null,
      effects: [],
      markers: [],
      metadata: {},
      children: [...sequence.video.map((clips) => track("Video", clips)), ...sequence.audio.map((clips) => track("Audio", clips))],
    },
  };
}

module.exports = { Uxp, valueAt, cropEffect };
