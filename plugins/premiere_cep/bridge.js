"use strict";
// The way into Premiere: typed calls to $.heygem.call and nothing else. Arguments travel as a literal that cannot end a string or a line early,
// answers as {ok, value | error}: a clip called "Terror" is a name, not a failure.

/** `evalScript(text, callback)` is CEP's. `load(name)` loads jsx/NAME.jsx. */
function makeEditor(evalScript, jsxFolder, order, exportPresets) {
  let loading = null;

  const run = (script) => new Promise((resolve) => { evalScript(script, resolve); });

  async function loaded() {
    for (const name of order) await run(`$.evalFile(${literal(`${jsxFolder}/${name}.jsx`)})`);
  }

  async function call(name, argument) {
    loading = loading || loaded();
    await loading;
    const text = await run(`$.heygem.call(${literal(name)}, ${literal(argument === undefined ? null : argument)})`);
    return unwrapped(text);
  }

  return {
    about: () => call("about"),
    described: () => call("described"),
    place: (given) => call("place", given),
    switchTake: (given) => call("switchTake", given),
    mark: (given) => call("mark", given),
    reveal: (given) => call("reveal", given),
    exportItems: (params) => exportItems(call, params, exportPresets),
  };
}

/** JSON as a literal of ECMAScript 3: U+2028 and U+2029 end a line there. */
function literal(value) {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The value of an answer. An empty answer and "EvalScript error." are failures of the engine itself. */
function unwrapped(text) {
  let said = null;
  try {
    said = JSON.parse(text);
  } catch (problem) {
    said = null;
  }
  if (!said || typeof said.ok !== "boolean") {
    throw Object.assign(new Error("Premiere did not answer the panel: close and open the panel; if it stays, restart Premiere."), { heygem: "NoAnswer" });
  }
  if (!said.ok) throw Object.assign(new Error(said.message), { heygem: said.error });
  return said.value;
}

async function exportItems(call, params, presets) {
  const described = await call("described");
  if (!described) throw Object.assign(new Error("No sequence is open in Premiere: open one and try again."), { heygem: "NoTimeline" });
  const preset = presets(params.kind);
  if (!preset) {
    const wanted = params.kind === "picture" ? "Apple ProRes 422 HQ" : "WAV 48 kHz";
    throw Object.assign(new Error(`Premiere's own export preset “${wanted}” was not found on this machine.`), { heygem: "NoPreset" });
  }
  const tracks = params.kind === "picture" ? described.video : described.audio;
  const margin = BigInt(params.handles || 0) * BigInt(described.timebase);
  const items = params.items.map((id) => {
    const item = tracks.flatMap((track) => track.items).find((one) => one.id === id);
    const start = item ? BigInt(item.start) - margin : 0n;
    return { id, start: String(start < 0n ? 0n : start), end: item ? String(BigInt(item.end) + margin) : "0" };
  });
  const suffix = params.kind === "picture" ? ".mov" : ".wav";
  return call("exportItems", { project: described.project, items, preset, folder: params.folder, suffix, kind: params.kind });
}

module.exports = { makeEditor, literal, unwrapped };
