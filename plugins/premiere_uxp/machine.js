"use strict";
// What UXP gives the panel: files anywhere, fetch without a browser's origin. It cannot start programs: `heygem install service` does.

const { core } = require("./core.js");

/** `uxp`, `fs`, `os` are UXP's modules, `fetch` its own. */
function makeMachine({ uxp, fs, os, fetch, random }) {
  return {
    version: uxp.host.version,
    nonce: () => Array.from(random(32), (byte) => byte.toString(16).padStart(2, "0")).join(""),
    readText: (path) => fs.readFile(path, { encoding: "utf-8" }),
    startServer: null,
    async temporary() {
      const folder = await uxp.storage.localFileSystem.getTemporaryFolder();
      return `${folder.nativePath}/heygem-${Date.now()}.otio`;
    },
    async http({ method, url, headers, body }) {
      const answer = await fetch(url, { method, headers, body: body === null ? undefined : body });
      return { status: answer.status, text: await answer.text() };
    },
    os,
  };
}

/** Where the server keeps its data unless it is told otherwise, and what `heygem install` left there. */
async function readConfig(machine) {
  const folder = usualDataFolder(machine.os.platform(), machine.os.homedir());
  try {
    return JSON.parse(await machine.readText(`${folder}/install.json`));
  } catch (problem) {
    return { command: [], data_folder: folder, server_file: `${folder}/server.json` };
  }
}

function usualDataFolder(platform, home) {
  const name = "heygem-bridge";
  if (platform.startsWith("win")) return `${home}\\AppData\\Local\\${name}`;
  return platform === "darwin" ? `${home}/Library/Application Support/${name}` : `${home}/.local/share/${name}`;
}

module.exports = { makeMachine, readConfig, usualDataFolder, core };
