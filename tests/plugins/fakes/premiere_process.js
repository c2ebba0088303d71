"use strict";
// A fake Premiere as a process: each line of standard input is a request {id, do, …}, each line of output its answer. The panel's real files
// run here: the ES3 scripts in the fake's engine, bridge.js and the shared core in Node.

const fs = require("fs");
const path = require("path");
const readline = require("readline");

const { Premiere } = require("./premiere.js");
const { Property, collection, cropEffect } = require("./premiere_model.js");

const PLUGINS = path.join(__dirname, "..", "..", "..", "plugins");
const { makeEditor } = require(path.join(PLUGINS, "premiere_cep", "bridge.js"));
const { answer } = require(path.join(PLUGINS, "shared", "rpc-dispatch.js"));
const schema = JSON.parse(fs.readFileSync(path.join(PLUGINS, "protocol", "host.schema.json"), "utf8"));
const order = JSON.parse(fs.readFileSync(path.join(PLUGINS, "premiere_cep", "jsx", "order.json"), "utf8"));

const options = JSON.parse(process.argv[2] || "{}");
const premiere = new Premiere(options);
const jsx = path.join(PLUGINS, "premiere_cep", "jsx");
const { candidates, rootsOf } = require(path.join(PLUGINS, "shared", "presets.js"));
const list = async (folder) => (fs.existsSync(folder) ? fs.readdirSync(folder) : []);
const shipped = options.shipped || path.join(PLUGINS, "premiere_cep", "presets");
const presets = (kind) => candidates(kind, rootsOf(options.application || "/nowhere/Premiere"), shipped, list);
const editor = makeEditor((text, callback) => premiere.evalScript(text, callback), jsx, order, presets);
const sequences = new Map();
const items = new Map();
const projects = new Map([[premiere.project.documentID, premiere.project]]);

const find = (id) =>
  [...sequences.values()].flatMap((sequence) => sequence.everything()).find((item) => item.nodeId === id) || items.get(id);

const DEEDS = {
  about: () => ({
    project: premiere.project.documentID,
    sequence: premiere.project.activeSequence && premiere.project.activeSequence.sequenceID,
  }),
  known: ({ file, facts }) => {
    premiere.known.set(file, facts);
  },
  sequence: (given) => {
    const sequence = premiere.newSequence(given);
    sequences.set(sequence.sequenceID, sequence);
    return sequence.sequenceID;
  },
  clip: ({ sequence, ...given }) => {
    const item = premiere.addClip(sequences.get(sequence), given);
    items.set(item.nodeId, item);
    return { id: item.nodeId, linked: item.inner.linked.map((one) => one.nodeId) };
  },
  project: ({ name }) => {
    premiere.project = premiere.newProject(name);
    projects.set(premiere.project.documentID, premiere.project);
    return premiere.project.documentID;
  },
  openBehind: ({ projects: ids }) => {
    premiere.openBehind = ids.map((id) => projects.get(id));
  },
  production: ({ name }) => {
    premiere.production = name;
  },
  reopen: ({ project }) => {
    premiere.project = projects.get(project);
  },
  bins: () => {
    const within = (item, path) =>
      item.inner.items.flatMap((one) =>
        one.type === 2 ? within(one, [...path, one.name]) : [{ media: one.inner.file, bin: path, label: one.inner.label }],
      );
    return within(premiere.project.rootItem, []);
  },
  picture: ({ sequence, without = [] }) => sequences.get(sequence).picture(without),
  change: ({ item, ...values }) => {
    const found = find(item);
    for (const [name, value] of Object.entries(values)) {
      if (["start", "end", "inPoint"].includes(name)) found.inner[name] = BigInt(value);
      else if (["selected", "speed", "reversed", "adjustment"].includes(name)) found.inner[name] = value;
      else if (["multicam", "proxy"].includes(name)) found.projectItem.inner[name] = value;
      else if (name === "file") found.projectItem.inner.file = value;
      else found[name] = value;
    }
  },
  property: ({ item, component, name, value, moving, keys, bent, stubborn }) => {
    const part = find(item).parts.find((one) => one.displayName === component);
    const property = Object.values(part.properties).find((one) => one && one.displayName === name);
    if (value !== undefined) property.value = value;
    if (moving !== undefined) property.moving = moving;
    if (bent !== undefined) property.bent = bent;
    if (stubborn !== undefined) property.stubborn = stubborn;
    if (keys) property.keys = keys.map(([ticks, at]) => [BigInt(ticks), at]);
  },
  effect: ({ item, matchName, displayName }) => {
    if (displayName === "Crop") find(item).parts.push(cropEffect());
    else find(item).parts.push({ matchName, displayName, properties: collection([new Property("Amount", 1)]) });
  },
  track: ({ sequence, kind, index, ...values }) => {
    Object.assign(sequences.get(sequence).inner[kind][index].inner, values);
  },
  tracks: ({ sequence, kind }) => sequences.get(sequence).inner[kind].map((track) => track.name),
  sequenceState: ({ sequence, ...values }) => {
    Object.assign(sequences.get(sequence).inner, values);
  },
  nameTrack: ({ sequence, kind, index, name }) => {
    sequences.get(sequence).inner[kind][index].name = name;
  },
  active: ({ sequence }) => {
    premiere.project.activeSequence = sequences.get(sequence);
  },
  remove: ({ item }) => {
    find(item).remove();
  },
  naive: ({ sequence, file, track, start }) => {
    const bin = premiere.project.rootItem;
    premiere.project.importFiles([file], true, bin, false);
    const item = bin.inner.items[bin.inner.items.length - 1];
    return sequences.get(sequence).inner.video[track].overwriteClip(item, { ticks: start });
  },
  noEffects: () => {
    premiere.effects = false;
  },
  breakQE: () => {
    premiere.qe = () => {
      throw new Error("no QE");
    };
  },
  ask: ({ request }) => answer(editor, schema, request),
  eval: ({ text }) =>
    new Promise((resolve) => {
      premiere.evalScript(text, resolve);
    }),
  call: ({ name, argument }) => editor[name](argument),
  valueAt: ({ item, component, name, ticks }) => {
    const part = find(item).parts.find((one) => one.displayName === component);
    const property = Object.values(part.properties).find((one) => one && one.displayName === name);
    return property.getValueAtTime({ ticks });
  },
  oddQE: ({ how }) => {
    const real = premiere.qe.bind(premiere);
    premiere.qe = () => ({
      project: {
        getActiveSequence: () => ({
          addTracks(video) {
            const { video: tracks } = premiere.project.activeSequence.inner;
            const add = (index) => real().project.getActiveSequence().addTracks(video, index, 0);
            if (how === "at the bottom") add(0);
            for (let count = 0; how === "two at once" && count < 2; count += 1) add(tracks.length);
            if (how === "with a clip moved") {
              add(tracks.length);
              tracks[0].inner.items[0].inner.start += 1n;
            }
          },
        }),
      },
    });
  },
  deafRange: () => {
    premiere.project.activeSequence.setInPoint = () => {};
  },
  damaged: () => premiere.damaged,
  persistent: () => premiere.persistent,
  addTrack: ({ sequence, kind, name }) => {
    premiere.addTrack(sequences.get(sequence), kind, name);
  },
  exports: () => premiere.exports,
  busy: () => premiere.busyMs,
};

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const request = JSON.parse(line);
  let said;
  try {
    said = { id: request.id, value: await DEEDS[request.do](request) };
  } catch (problem) {
    said = { id: request.id, error: problem.message, kind: problem.heygem || null, stack: problem.stack };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
});
