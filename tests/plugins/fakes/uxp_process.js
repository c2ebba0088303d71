"use strict";
// The UXP panel's real adapter and core around the fake UXP, as a process that answers lines of JSON.

const childProcess = require("child_process");
const fs = require("fs");
const os = require("os");
const Module = require("module");
const path = require("path");
const readline = require("readline");

const { Uxp, valueAt, cropEffect } = require("./uxp.js");

const options = JSON.parse(process.argv[2] || "{}");
const PLUGINS = path.join(__dirname, "..", "..", "..", "plugins");
const PANEL = options.panel || path.join(PLUGINS, "premiere_uxp"); // a packed one, for its main.js
const { makeEditor } = require(path.join(PANEL, "editor.js"));
const { makeMachine } = require(path.join(PANEL, "machine.js"));
const { answer } = require(path.join(PLUGINS, "shared", "rpc-dispatch.js"));
const schema = JSON.parse(fs.readFileSync(path.join(PLUGINS, "protocol", "host.schema.json"), "utf8"));

const known = new Map();
const probe = (file) =>
  JSON.parse(childProcess.execFileSync(options.python, ["-m", "tests.plugins.media", file], { cwd: options.repository, encoding: "utf8" }));
const fake = new Uxp({ ...options, facts });
function facts(file) {
  if (!known.has(file)) fake.busy(() => known.set(file, probe(file)));
  return known.get(file);
}
const opened = [];
const uxp = {
  shell: { openExternal: (url) => opened.push(url) },
  host: { version: "26.3.0", applicationPath: options.application },
  storage: {
    localFileSystem: {
      getTemporaryFolder: async () => ({ nativePath: options.temporary || os.tmpdir() }),
      getPluginFolder: async () => ({ nativePath: options.plugin || options.panel || path.join(PLUGINS, "premiere_cep") }), // where the presets lie until the panel is packed
      getFolder: async () => options.picked[0],
      getFileForOpening: async ({ allowMultiple }) => (allowMultiple ? options.picked : options.picked[0]),
    },
  },
};
const random = (count) => require("crypto").randomBytes(count);
const machine = {
  ...makeMachine({ uxp, fs: fs.promises, os, fetch, random }),
  pause: (ms) =>
    new Promise((resolve) => {
      setTimeout(resolve, ms >= 250 ? ms / 50 : ms);
    }),
};
const editor = makeEditor(fake.ppro, machine);
const find = (guid) => [...fake.projects.values()].flatMap((project) => project.sequences).find((one) => one.guid === guid);
const clip = (guid, key) => [...find(guid).video, ...find(guid).audio].flat().find((one) => one.key === key);

/** The whole panel: its real main.js, with UXP's modules and document around it. Needs Node's --experimental-websocket. */
const page = {
  src: "",
  sent: [],
  postMessage(message, origin) {
    this.sent.push([message, origin]);
  },
};
const heard = [];
const elements = { page, state: { textContent: "" }, said: { textContent: "" } };
function live(serverFile) {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), "heygem-home-"));
  const folder = path.join(home, ".local", "share", "heygem-bridge");
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, "install.json"), JSON.stringify({ command: [], data_folder: folder, server_file: serverFile }));
  const given = { premierepro: fake.ppro, uxp, fs: fs.promises, os: { ...os, homedir: () => home, platform: () => "linux" } };
  const load = Module._load;
  Module._load = (name, parent, main) => (name in given && parent.filename.startsWith(PANEL) ? given[name] : load(name, parent, main));
  globalThis.document = { getElementById: (id) => elements[id] };
  globalThis.window = { addEventListener: (_kind, one) => heard.push(one) };
  globalThis.localStorage = { getItem: () => "uxp-test", setItem: () => {} };
  require(path.join(PANEL, "main.js"));
}

const DEEDS = {
  live: ({ serverFile }) => live(serverFile),
  page: () => ({
    src: page.src,
    sent: page.sent.splice(0),
    state: elements.state.textContent,
    said: elements.said.textContent,
    opened: opened.splice(0),
  }),
  pageSays: ({ data, origin }) => {
    for (const one of heard) one({ data, origin });
  },
  about: () => ({ project: fake.open.guid, sequence: fake.open.active }),
  known: ({ file, facts }) => {
    known.set(file, facts);
  },
  sequence: (given) => fake.newSequence(given).guid,
  clip: ({ sequence, ...given }) => fake.addClip(find(sequence), given).key,
  project: ({ name }) => fake.newProject(name).guid,
  noEffects: () => {
    fake.effects = false;
  },
  openBehind: ({ projects }) => {
    fake.openBehind = new Set(projects);
  },
  reopen: ({ project }) => {
    fake.open = fake.projects.get(project);
  },
  change: ({ sequence, clip: key, ...values }) => {
    Object.assign(clip(sequence, key), values);
  },
  changeMedia: ({ sequence, clip: key, id: _, ...values }) => {
    Object.assign(
      fake.open.items.find((one) => one.id === clip(sequence, key).media),
      values,
    );
  },
  sequenceState: ({ sequence, inPoint, outPoint }) => {
    Object.assign(find(sequence), { inPoint, outPoint });
  },
  param: ({ sequence, clip: key, component, name, ...values }) => {
    Object.assign(
      clip(sequence, key)
        .look.find((one) => one.name === component)
        .params.find((one) => one.name === name),
      values,
    );
  },
  valueAt: ({ sequence, clip: key, component, name, ticks }) => {
    const { params } = clip(sequence, key).look.find((one) => one.name === component);
    return valueAt(
      params.find((one) => one.name === name),
      BigInt(ticks),
    );
  },
  effect: ({ sequence, clip: key, match, name }) => {
    clip(sequence, key).look.push(name === "Crop" ? cropEffect() : { match, name, params: [] });
  },
  bins: () => {
    const path = (id) => {
      const bin = fake.open.bins.find((one) => one.id === id);
      return bin ? [...path(bin.parent), bin.name] : [];
    };
    return fake.open.items.map((item) => ({ media: item.file, bin: path(item.bin), label: item.label }));
  },
  state: ({ sequence }) => find(sequence),
  whole: () => JSON.stringify(fake.open),
  steps: () => fake.steps,
  media: () => fake.open.items,
  nameTrack: ({ sequence, kind, index, name }) => {
    find(sequence).names[kind][index] = name;
  },
  mute: ({ sequence, track, muted = true }) => {
    find(sequence).muted[track] = muted;
  },
  lock: ({ sequence, track }) => {
    find(sequence).locked[track] = true;
  },
  deafRange: () => {
    fake.deafRange = true;
  },
  damaged: () => fake.damaged,
  removeClip: ({ sequence, clip: key }) => {
    for (const kind of ["video", "audio"]) find(sequence)[kind] = find(sequence)[kind].map((all) => all.filter((one) => one.key !== key));
  },
  switchWhileExporting: ({ name }) => {
    fake.whileExporting = () => {
      fake.newProject(name);
      fake.whileExporting = () => {};
    };
  },
  exports: () => fake.exports,
  busy: () => fake.busyMs,
  pick: ({ kind }) => machine.pick(kind),
  call: ({ name, argument }) => editor[name](argument),
  undo: () => fake.undo(),
  addTrack: ({ sequence, kind, name }) => {
    find(sequence)[kind].push([]);
    find(sequence).names[kind].push(name);
  },
  ask: ({ request }) => answer(editor, schema, request),
};

const lines = readline.createInterface({ input: process.stdin });
lines.on("close", () => process.exit(0)); // the link would go on trying
lines.on("line", async (line) => {
  const request = JSON.parse(line);
  fake.epoch += 1;
  let said;
  try {
    said = { id: request.id, value: await DEEDS[request.do](request) };
  } catch (problem) {
    said = { id: request.id, error: problem.message, stack: problem.stack };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
});
