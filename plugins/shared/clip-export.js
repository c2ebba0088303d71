"use strict";
// host.export: which stretch of the sequence becomes which file, for clips that Premiere alone can decode. The adapters do it, one file after
// the other, and put marks and muted tracks back. A preset of Premiere's own is tried before the shipped one (see presets.js).

const { beside, refusal, tell } = require("./errors.js");
const ticks = require("./ticks.js");

const SUFFIX = { picture: ".mov", sound: ".wav" };
const WANTED = { picture: "Apple ProRes 422 HQ", sound: "Waveform Audio 48 kHz" };

/** ExportParams → ExportResult. `editor.exportItems` gives {files: [{item, path, problem}], notices}, problems and notices as messages. A clip that fails is a problem of its own, the others come. Rejects: NoTimeline, NoPreset. */
async function exported(editor, params) {
  const began = Date.now();
  const described = await editor.described();
  if (!described) throw refusal("NoTimeline", "panel.no-sequence");
  const presets = await editor.presets(params.kind);
  if (!presets.length) {
    throw refusal("NoPreset", "panel.premiere-no-preset", { preset: WANTED[params.kind] });
  }
  const order = toExport(described, params, presets);
  const { files, notices } = order.items.length ? await editor.exportItems(order) : { files: [], notices: [] };
  const known = new Map(files.map((one) => [one.item, one]));
  const given = new Map(order.items.map((one) => [one.id, one.handles]));
  const each = params.items.map((id) => result(id, known.get(id), given.get(id), params.handles || 0));
  return { exported: each, blocked_ms: Date.now() - began, ...beside("notices", "notice_messages", notices) };
}

function result(id, made, handles, asked) {
  const problem = made ? made.problem : tell("panel.clip-not-in-sequence");
  const said = { problem: problem && problem.message, problem_message: problem };
  if (!made) return { item: id, path: null, ...said };
  return { item: id, path: made.path, ...said, handles: made.path && handles < asked ? handles : null };
}

/** {project, sequence, kind, presets, files: where they go, items: [{id, start, end (ticks), handles, file}]}. */
function toExport(described, params, presets) {
  const rate = ticks.rateOf(described.timebase);
  const tracks = params.kind === "picture" ? described.video : described.audio;
  const all = tracks.flatMap((track) => track.items);
  const items = [...new Set(params.items)].flatMap((id, index) => {
    const item = all.find((one) => one.id === id);
    if (!item) return [];
    const handles = Math.max(0, Math.min(params.handles || 0, ticks.toFrames(item.start, rate))); // nothing lies before the sequence's start
    const after = ticks.ofFrames(params.handles || 0, rate);
    const file = joined(params.folder, `heygem-${params.kind}-${index + 1}${SUFFIX[params.kind]}`);
    return [{ id, start: ticks.subtract(item.start, ticks.ofFrames(handles, rate)), end: ticks.add(item.end, after), handles, file }];
  });
  return { project: described.project, sequence: described.id, kind: params.kind, presets, items };
}

/** With the separator of the folder's own system: Premiere on Windows wants backslashes throughout. */
function joined(folder, name) {
  const separator = folder.includes("\\") && !folder.includes("/") ? "\\" : "/";
  return folder.replace(/[\\/]$/, "") + separator + name;
}

module.exports = { exported, toExport, joined };
