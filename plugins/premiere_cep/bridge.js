"use strict";
// The way into Premiere: typed calls to $.heygem.call and nothing else. Arguments travel as a literal that cannot end a string or a line early,
// answers as {ok, value | error}: a clip called "Terror" is a name, not a failure.

const { SENTENCES, refusal, refused } = core("errors.js");

/** The shared core lies beside the panel once it is packed or installed, and one folder up in the repository. */
function core(name) {
  try {
    return require(`./shared/${name}`);
  } catch {
    return require(`../shared/${name}`);
  }
}

/** `evalScript(text, callback)` is CEP's; `order` names the files of `jsxFolder`; `presets(kind)` gives paths of export presets, best first. */
function makeEditor(evalScript, jsxFolder, order, presets) {
  let loading = null;

  const run = (script) =>
    new Promise((resolve) => {
      evalScript(script, resolve);
    });

  async function loaded() {
    for (const name of order) await run(`$.evalFile(${literal(`${jsxFolder}/${name}.jsx`)})`);
    await run(`$.heygem.sentences = ${literal(SENTENCES)}`);
  }

  async function call(name, argument) {
    loading = loading || loaded();
    await loading;
    const text = await run(`$.heygem.call(${literal(name)}, ${literal(argument === undefined ? null : argument)})`);
    return unwrapped(text);
  }

  return {
    about: () => call("about"),
    stayLoaded: (extension) => call("stayLoaded", { extension }),
    described: () => call("described"),
    place: (given) => call("place", given),
    switchTake: (given) => call("switchTake", given),
    mark: (given) => call("mark", given),
    reveal: (given) => call("reveal", given),
    presets: async (kind) => presets(kind),
    exportItems: (given) => call("exportItems", given),
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
  } catch {
    said = null;
  }
  if (!said || typeof said.ok !== "boolean") {
    throw refusal("NoAnswer", "panel.premiere-no-answer");
  }
  if (!said.ok) throw refused(said.error, said);
  return said.value;
}

module.exports = { makeEditor, literal, unwrapped };
