"use strict";
// What Node gives the panel: files, plain HTTP without a browser's origin, and starting `heygem serve`. The page's frame has none of it.

const childProcess = require("child_process");
const crypto = require("crypto");
const fs = require("fs");
const http = require("http");
const https = require("https");
const os = require("os");
const path = require("path");

const { refusal } = core("errors.js");

const TIMEOUT_MS = 10000;

/** The shared core lies beside the panel once it is packed or installed, and one folder up in the repository. */
function core(name) {
  try {
    return require(`./shared/${name}`);
  } catch {
    return require(`../shared/${name}`);
  }
}

function makeMachine(config) {
  let exitCode = null;
  const start = () => {
    exitCode = null;
    return startServer(config.command, (code) => {
      exitCode = code;
    });
  };
  return {
    nonce: () => crypto.randomBytes(32).toString("hex"),
    readText: (file) => fs.promises.readFile(file, "utf8"),
    http: ask,
    startServer: config.command && config.command.length ? start : null,
    startProblem: () => (exitCode ? refusal("Ended", "panel.premiere-server-ended", { code: exitCode }) : null),
  };
}

/** {status, text}. Follows nothing and uses no proxy: the server is on this machine or in this house. */
function ask({ method, url, headers, body, certificate }) {
  const secure = url.startsWith("https:");
  const options = { method, headers, timeout: TIMEOUT_MS, agent: false };
  if (secure && certificate) options.ca = fs.readFileSync(certificate);
  return new Promise((resolve, reject) => {
    const request = (secure ? https : http).request(url, options, (response) => {
      const pieces = [];
      response.on("data", (piece) => pieces.push(piece));
      response.on("end", () => resolve({ status: response.statusCode, text: Buffer.concat(pieces).toString("utf8") }));
      response.on("error", reject);
    });
    request.on("timeout", () => request.destroy(new Error("it took too long")));
    request.on("error", reject);
    request.end(body === null ? undefined : body);
  });
}

/** Outlives the panel and Premiere. It stands in its program's own folder: Python would import a stranger's files out of Premiere's.
 *  `ended` hears its exit code, should it end at once. */
function startServer(command, ended) {
  return new Promise((resolve, reject) => {
    const child = childProcess.spawn(command[0], [...command.slice(1), "serve"], {
      cwd: path.dirname(command[0]),
      env: { ...process.env, PYTHONSAFEPATH: "1" },
      detached: true,
      stdio: "ignore",
      windowsHide: true,
    });
    child.on("error", () => reject(refusal("NotInstalled", "panel.premiere-program-gone", { command: command[0] })));
    child.on("exit", (code) => ended(code));
    child.unref();
    setTimeout(resolve, 100);
  });
}

/** The same for each start on this machine. */
function hostId(dataFolder) {
  const file = path.join(dataFolder, "panel-premiere.id");
  try {
    const known = fs.readFileSync(file, "utf8").trim();
    if (known) return known;
  } catch {
    fs.mkdirSync(dataFolder, { recursive: true });
  }
  const made = `premiere-${crypto.randomBytes(8).toString("hex")}`;
  fs.writeFileSync(file, made, "utf8");
  return made;
}

/** The names in a folder; none where it is absent. */
function list(folder) {
  return fs.promises.readdir(folder).catch(() => []);
}

/** What `heygem install` wrote: into the panel's own folder, or into the usual folder for data (for a panel that came as a package). */
function readConfig(folder, dataFolder = usualDataFolder(process.platform, process.env, os.homedir())) {
  for (const file of [path.join(folder, "config.json"), path.join(dataFolder, "install.json")]) {
    try {
      return JSON.parse(fs.readFileSync(file, "utf8"));
    } catch {
      // absent or half written: the next place is asked
    }
  }
  return { command: [], data_folder: dataFolder, server_file: path.join(dataFolder, "server.json") };
}

/** Where the server keeps its data unless it is told otherwise. */
function usualDataFolder(platform, environment, home) {
  const name = "heygem-bridge";
  if (platform === "win32") return path.join(environment.LOCALAPPDATA || path.join(home, "AppData", "Local"), name);
  if (platform === "darwin") return path.join(home, "Library", "Application Support", name);
  return path.join(environment.XDG_DATA_HOME || path.join(home, ".local", "share"), name);
}

module.exports = { makeMachine, hostId, list, readConfig, usualDataFolder };
