"use strict";
// The shared core lies beside the panel once it is packed or installed, and one folder up in the repository.

function core(name) {
  try {
    return require(`./shared/${name}`);
  } catch {
    return require(`../shared/${name}`);
  }
}

module.exports = { core };
