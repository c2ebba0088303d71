"use strict";
// Premiere by UXP, with the same calls as the CEP panel's bridge.

const { core } = require("./core.js");
const { withIds } = require("./otio-document.js");
const { makePremiereOps } = require("./premiere-ops.js");
const { makeClipExport } = require("./clip-export.js");
const { makePlacement } = require("./placement.js");
const find = require("./sequence.js");

const { candidates, rootsOf, usualRoots } = core("presets.js");

/** @typedef {{version: string, platform: string, application: string | null, readText: (path: string) => Promise<string>,
 * temporary: () => Promise<string>, presetFolder: () => Promise<string>, list: (folder: string) => Promise<string[]>,
 * sizeOf: (path: string) => Promise<number | null>, remove: (path: string) => Promise<void>, pause: (ms: number) => Promise<void>}} Machine */

/** @param {import("@adobe/premierepro").premierepro} ppro @param {Machine} machine */
function makeEditor(ppro, machine) {
  const ops = makePremiereOps(ppro);
  const { time, project, sequence, inOneStep } = ops;

  async function about() {
    const open = await ppro.Project.getActiveProject();
    const current = open ? await open.getActiveSequence() : null;
    const items = current ? await (await current.getSelection()).getTrackItems() : [];
    const selection = await Promise.all(items.map(async (item) => (await item.getStartTime()).ticks + (await item.getName())));
    return {
      version: machine.version,
      project: open ? open.guid.toString() : "",
      projectName: open ? open.name : "",
      sequence: current ? current.guid.toString() : null,
      selection: selection.join(" "),
    };
  }

  /** Premiere's own document with ids; null = it could not be written or matched. */
  async function document(described) {
    const open = await project(described.project);
    const path = await machine.temporary();
    const written = await find.tried(
      async () => ppro.ProjectConverter.exportAsOpenTimelineIO(await sequence(open, described.id), path, true),
      false,
    );
    const made = written ? await find.tried(async () => withIds(JSON.parse(await machine.readText(path)), described), null) : null;
    await machine.remove(path);
    return made;
  }

  async function presets(kind) {
    const roots = machine.application ? rootsOf(machine.application) : usualRoots(machine.platform, machine.version);
    return candidates(kind, roots, await machine.presetFolder(), machine.list);
  }

  async function mark(order) {
    const open = await project(order.project);
    const current = await sequence(open, order.sequence);
    const markers = await ppro.Markers.getMarkers(current);
    const known = new Set(markers.getMarkers().map((marker) => `${marker.getStart().ticks} ${marker.getName()}`));
    const fresh = order.markers.filter((marker) => !known.has(`${marker.start} ${marker.name}`));
    if (fresh.length) {
      inOneStep(open, "Mark weak ranges", () =>
        fresh.map((marker) =>
          markers.createAddMarkerAction(
            marker.name,
            "Comment",
            time(marker.start),
            time(BigInt(marker.end) - BigInt(marker.start)),
            marker.comment,
          ),
        ),
      );
    }
    return { added: fresh.length, already: order.markers.length - fresh.length };
  }

  async function reveal(order) {
    const open = await project(order.project);
    const current = await sequence(open, order.sequence);
    await open.openSequence(current);
    await current.setPlayerPosition(time(order.start));
    return {};
  }

  return {
    about,
    described: () => find.described(ppro),
    document,
    presets,
    mark,
    reveal,
    ...makePlacement(ppro, ops),
    ...makeClipExport(ppro, machine, ops),
  };
}

module.exports = { makeEditor };
