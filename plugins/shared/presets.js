"use strict";
// Which export presets are tried, best first: Premiere's own where it can be found, then the one that ships with the panel.
// Premiere files its presets by exporter, as eight digits of its class and eight of the file type ('????' and 'MooV' or 'WAVE').

const OWN = {
  picture: { folder: "3F3F3F3F_4D6F6F56", name: /^Apple ProRes 422 HQ\.epr$/i },
  sound: { folder: "3F3F3F3F_57415645", name: /^Waveform Audio 48 ?kHz.*\.epr$/i },
};
const SHIPPED = { picture: "HeyGem ProRes 422 HQ.epr", sound: "HeyGem WAV 48 kHz.epr" };

/** Folders that may hold `MediaIO`, from the path of the program: beside it (Windows), or within its bundle (macOS). */
function rootsOf(application) {
  const plain = String(application).replace(/[\\/]+$/, "");
  const up = (path) => path.replace(/[\\/][^\\/]*$/, "");
  return [up(plain), up(up(plain)), `${plain}/Contents`].filter((root, index, all) => root && all.indexOf(root) === index);
}

/** Where Adobe's installer puts Premiere, for panels that are not told its path. `version`: "26.3.1". */
function usualRoots(platform, version) {
  const name = `Adobe Premiere Pro ${2000 + Number(String(version).split(".")[0])}`;
  if (platform.startsWith("win")) return [`C:\\Program Files\\Adobe\\${name}`];
  return platform === "darwin" ? [`/Applications/${name}/${name}.app/Contents`] : [];
}

/** Paths of presets. `list(folder)` gives the names in a folder, and none where it is absent. */
async function candidates(kind, roots, shipped, list) {
  const found = [];
  const look = async (folder, fits) => {
    const separator = folder.includes("\\") ? "\\" : "/";
    for (const name of (await list(folder)).filter(fits).sort()) found.push(folder + separator + name);
  };
  const own = OWN[kind];
  for (const root of roots) {
    const separator = root.includes("\\") ? "\\" : "/";
    await look([root, "MediaIO", "systempresets", own.folder].join(separator), (name) => own.name.test(name));
    if (found.length) break;
  }
  await look(shipped, (name) => name === SHIPPED[kind]);
  return found;
}

module.exports = { SHIPPED, rootsOf, usualRoots, candidates };
