"use strict";
// What UXP gives the panel: files anywhere, fetch without a browser's origin, dialogs. It cannot start programs: `heygem install service` does.

const { core } = require("./core.js");

const SUFFIXES = { speech: ["wav", "mp3", "m4a", "aac", "flac", "aif", "aiff", "mov", "mp4"], video: ["mov", "mp4", "mxf", "mkv", "webm"] };

/** `uxp`, `fs`, `os` are UXP's modules, `fetch` its own. */
function makeMachine({ uxp, fs, os, fetch, random }) {
  const system = uxp.storage.localFileSystem;
  return {
    version: uxp.host.version,
    application: uxp.host.applicationPath || null, // from Premiere 26.5
    platform: os.platform(),
    nonce: () => Array.from(random(32), (byte) => byte.toString(16).padStart(2, "0")).join(""),
    readText: (path) => fs.readFile(path, { encoding: "utf-8" }),
    list: async (folder) => tried(() => fs.readdir(folder), []),
    sizeOf: async (path) => tried(async () => (await fs.lstat(path)).size, null),
    remove: async (path) => {
      await tried(() => fs.unlink(path), null);
    },
    pause: (milliseconds) =>
      new Promise((resolve) => {
        setTimeout(resolve, milliseconds);
      }),
    startServer: null,
    presetFolder: async () => inside(await system.getPluginFolder(), "presets"),
    temporary: async () => inside(await system.getTemporaryFolder(), `heygem-${Date.now()}.otio`),
    pick: (kind) => pick(system, kind),
    async http({ method, url, headers, body }) {
      const answer = await fetch(url, { method, headers, body: body === null ? undefined : body });
      return { status: answer.status, text: await answer.text() };
    },
    os,
  };
}

async function tried(read, otherwise) {
  try {
    return await read();
  } catch {
    return otherwise;
  }
}

function inside(folder, name) {
  const path = String(folder.nativePath).replace(/[\\/]$/, "");
  return path + (path.includes("\\") ? "\\" : "/") + name;
}

/** Paths that a person chose; none where the dialog was closed. One entry or several, as UXP gives them. */
async function pick(system, kind) {
  const chosen =
    kind === "folder"
      ? await system.getFolder()
      : await system.getFileForOpening({ types: SUFFIXES[kind], allowMultiple: kind === "video" });
  return (Array.isArray(chosen) ? chosen : [chosen]).filter(Boolean).map((entry) => entry.nativePath);
}

/** Where the server keeps its data unless it is told otherwise, and what `heygem install` left there. */
async function readConfig(machine) {
  const folder = usualDataFolder(machine.os.platform(), machine.os.homedir());
  try {
    return JSON.parse(await machine.readText(`${folder}/install.json`));
  } catch {
    return { command: [], data_folder: folder, server_file: `${folder}/server.json` };
  }
}

function usualDataFolder(platform, home) {
  const name = "heygem-bridge";
  if (platform.startsWith("win")) return `${home}\\AppData\\Local\\${name}`;
  return platform === "darwin" ? `${home}/Library/Application Support/${name}` : `${home}/.local/share/${name}`;
}

module.exports = { makeMachine, readConfig, usualDataFolder, core };
