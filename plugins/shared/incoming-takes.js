"use strict";
// Which finished takes belong into the sequence and are not there yet: decided from what the server says, so nothing gets lost meanwhile.
// What this editor once placed never comes back by itself, even if somebody removed it since. Where and how a take lies is the server's word
// (GET /api/v1/takes/{id}/placing); here it is only decided whether it is a first version or another one.

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

/** A version after one that lies there takes its place. */
function methodFor(take, takes, host) {
  return takes.some((other) => other.shot === take.shot && placedBy(other, host)) ? "host.switchTake" : "host.place";
}

module.exports = { due, methodFor };
