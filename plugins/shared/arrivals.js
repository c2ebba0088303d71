"use strict";
// Which finished takes belong into the sequence and are not there yet: decided from what the server says, so nothing gets lost meanwhile.
// What this editor once placed never comes back by itself, even if somebody removed it since.

const ticks = require("./ticks.js");

const placedBy = (take, host) => (take.placed || []).some((placed) => placed.host === host);

/** The newest version of each shot that this editor has not placed, oldest first. */
function due(takes, host) {
  const newest = new Map();
  for (const take of takes) {
    const known = newest.get(take.shot);
    if (!known || take.version > known.version) newest.set(take.shot, take);
  }
  return [...newest.values()].filter((take) => !take.missing && !placedBy(take, host)).sort((one, other) => one.created - other.created);
}

/** The call that brings a take into the sequence; null = it is not meant for a sequence of this project. */
function requestFor(take, shot, project, versions, host, dataFolder) {
  const spot = shot.request.placement;
  if (!spot || spot.project !== project) return null;
  const params = { take: take.id, file: take.path, name: take.name, placement: spot, handles: spot.handles || 0, frames: visibleFrames(take, spot) };
  Object.assign(params, speechOf(shot.request, take, params.handles, dataFolder));
  const again = versions.some((other) => other.shot === take.shot && placedBy(other, host));
  return { method: again ? "host.switchTake" : "host.place", params };
}

/** Speech that is a file of its own comes along; what the server mixed or keeps for a while lies in its folder and belongs in no sequence. */
function speechOf(request, take, handles, dataFolder) {
  const path = request.speech && request.speech.path;
  const plain = (text) => text.replace(/\\/g, "/");
  if (!path || plain(path).startsWith(`${plain(dataFolder).replace(/\/$/, "")}/`)) return {};
  const [rate, perRate] = ticks.parts(take.rate || request.placement.rate);
  const [start, perStart] = ticks.parts(request.speech_start || "0/1");
  return { speech: path, speech_start: ticks.reduced(start * rate + BigInt(handles) * perRate * perStart, perStart * rate) };
}

/** Frames of the file that cover the clip: the clip's length at the file's own rate, rounded up. */
function visibleFrames(take, spot) {
  const [rate, perRate] = ticks.parts(take.rate || spot.rate);
  const [base, perBase] = ticks.parts(spot.rate);
  const over = perRate * base;
  const wanted = (BigInt(spot.record_duration) * rate * perBase + over - 1n) / over;
  return Math.min(take.frames, Number(wanted));
}

module.exports = { due, requestFor, visibleFrames, placedBy };
