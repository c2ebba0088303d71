"use strict";
// What an editor's encoder does, for both fake Premieres: reads the preset, looks which clip shows at each frame, and writes a real file of real
// frames (tests/plugins/media.py does the decoding and encoding).

const childProcess = require("child_process");
const fs = require("fs");

const PER_SECOND = 254016000000n;
const TYPES = { MooV: "picture", WAVE: "sound" };

/** picture, sound, or null where this is no preset that the encoder could use. */
function kindOf(preset) {
  const text = fs.existsSync(preset) ? fs.readFileSync(preset, "utf8") : "";
  const number = Number((/<ExporterFileType>(\d+)</.exec(text) || [])[1] || 0);
  const kind = TYPES[String.fromCharCode(number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255)];
  const wanted = { picture: /<DoVideo>true</, sound: /<DoAudio>true</ }[kind];
  return kind && wanted.test(text) ? kind : null;
}

/** `tracks`: from the bottom, {muted, items: [{start, end, inPoint (ticks as BigInt), file, disabled}]}. */
function write({ python, repository }, { file, kind, timebase, from, to, width, height, tracks }) {
  const frame = BigInt(timebase);
  const shown = tracks.filter((track) => !track.muted).map((track) => track.items.filter((item) => !item.disabled && item.file));
  const at = (tick) =>
    shown
      .slice()
      .reverse()
      .map((items) => items.find((item) => item.start <= tick && tick < item.end))
      .find(Boolean);
  const frames = [];
  for (let tick = BigInt(from); tick < BigInt(to); tick += frame) {
    const item = at(tick);
    frames.push(item ? [item.file, Number((item.inPoint + tick - item.start) / frame)] : null);
  }
  const heard = shown
    .flat()
    .filter((item) => item.start < BigInt(to) && item.end > BigInt(from))
    .map((item) => ({
      file: item.file,
      at: Number(item.start - BigInt(from)) / Number(PER_SECOND),
      from: Number(item.inPoint) / Number(PER_SECOND),
      length: Number(item.end - item.start) / Number(PER_SECOND),
    }));
  const spec = {
    file,
    kind,
    width,
    height,
    rate: `${PER_SECOND}/${frame}`,
    frames,
    heard,
    seconds: Number(BigInt(to) - BigInt(from)) / Number(PER_SECOND),
  };
  childProcess.execFileSync(python, ["-m", "tests.plugins.media", "render"], {
    cwd: repository,
    input: JSON.stringify(spec),
    encoding: "utf8",
  });
}

module.exports = { kindOf, write };
