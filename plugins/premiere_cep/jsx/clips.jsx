/* What is open and what lies on its tracks. Reads only. Synthetics have no path, some properties throw: each is asked for on its own. */
(function (h) {
  var BIN = 2;
  var UNSET_S = -400000;

  h.TAKES = "HeyGem takes";
  h.SPEECH = "HeyGem speech";

  h.about = function () {
    var project = h.tried(function () { return app.project; }, null);
    var sequence = project ? project.activeSequence : null;
    return {
      version: app.version,
      project: project ? String(project.documentID) : "",
      projectName: project ? nameOfProject(project) : "",
      sequence: sequence ? sequence.sequenceID : null,
      selection: sequence ? h.selectedIds(sequence).join(" ") : ""
    };
  };

  /** A tab that is hidden is unloaded otherwise, and takes would not arrive. order: {extension}. */
  h.stayLoaded = function (order) {
    return { stays: h.isOn(h.tried(function () { return app.setExtensionPersistent(order.extension, 1); }, false)) };
  };

  /** The open project; `wanted` is its id. */
  h.project = function (wanted) {
    var behind;
    var project = h.tried(function () { return app.project; }, null);
    if (!project) {
      h.fail("NoProject", "panel.no-project", { editor: "Premiere" });
    }
    if (wanted && String(project.documentID) !== wanted) {
      behind = openBehind(wanted);
      if (behind) {
        h.fail("OtherProject", "panel.premiere-project-behind", { project: project.name, wanted: behind.name });
      }
      h.fail("OtherProject", "panel.premiere-other-project", { project: project.name });
    }
    return project;
  };

  /** A project that is open as well, in another tab or in the same Production; null = it is not. */
  function openBehind(wanted) {
    var all = h.list(h.tried(function () { return app.projects; }, null));
    var index;
    for (index = 0; index < all.length; index += 1) {
      if (String(all[index].documentID) === wanted) {
        return all[index];
      }
    }
    return null;
  }

  /** With the Production that it belongs to: projects of one name are common there. */
  function nameOfProject(project) {
    var production = h.tried(function () { return app.production.name; }, "");
    return production ? production + " / " + project.name : project.name;
  }

  h.sequence = function (project, wanted) {
    var index;
    var all = h.list(project.sequences);
    for (index = 0; index < all.length; index += 1) {
      if (all[index].sequenceID === wanted) {
        return all[index];
      }
    }
    return h.fail("TimelineGone", "panel.sequence-gone");
  };

  /** The open sequence with all its clips, and the ids of the selected ones; null = none is open. */
  h.described = function () {
    var project = h.project(null);
    var sequence = project.activeSequence;
    var selected;
    if (!sequence) {
      return null;
    }
    selected = h.selectedIds(sequence);
    return {
      project: String(project.documentID),
      id: sequence.sequenceID,
      name: sequence.name,
      timebase: String(sequence.timebase),
      zeroPoint: String(sequence.zeroPoint),
      displayFormat: h.tried(function () { return sequence.videoDisplayFormat; }, null),
      width: h.tried(function () { return sequence.frameSizeHorizontal; }, null),
      height: h.tried(function () { return sequence.frameSizeVertical; }, null),
      marks: marksOf(sequence),
      video: describedTracks(sequence.videoTracks, selected),
      audio: describedTracks(sequence.audioTracks, selected),
      selected: selected
    };
  };

  /** In and out as ticks from the sequence's beginning, which they do not count from; null = one of them is not set. */
  function marksOf(sequence) {
    return h.tried(function () {
      var first = sequence.getInPointAsTime();
      var last = sequence.getOutPointAsTime();
      var zero = Number(sequence.zeroPoint);
      if (first.seconds <= UNSET_S || last.seconds <= UNSET_S) {
        return null;
      }
      return { start: String(Number(first.ticks) - zero), end: String(Number(last.ticks) - zero) };
    }, null);
  }

  function describedTracks(tracks, selected) {
    var all = h.list(tracks);
    var out = [];
    var index, inner, clips, items;
    for (index = 0; index < all.length; index += 1) {
      clips = h.list(all[index].clips);
      items = [];
      for (inner = 0; inner < clips.length; inner += 1) {
        items.push(h.describedItem(clips[inner], h.contains(selected, String(clips[inner].nodeId))));
      }
      out.push({
        name: h.tried(nameOf(all[index]), ""),
        muted: h.isOn(h.tried(muteOf(all[index]), false)),
        locked: h.isOn(h.tried(lockOf(all[index]), false)),
        items: items
      });
    }
    return out;
  }

  function nameOf(thing) { return function () { return thing.name; }; }
  function muteOf(track) { return function () { return track.isMuted(); }; }
  function lockOf(track) { return function () { return track.isLocked(); }; }

  h.isOn = function (value) {
    return value === true || value === 1 || value === "1";
  };

  /** Effects take a call for each property, so they are read of the selected clips alone. */
  h.describedItem = function (item, isSelected) {
    var media = h.tried(function () { return item.projectItem; }, null);
    return {
      id: String(item.nodeId),
      name: h.tried(nameOf(item), ""),
      start: String(item.start.ticks),
      end: String(item.end.ticks),
      inPoint: String(item.inPoint.ticks),
      outPoint: String(item.outPoint.ticks),
      speed: h.tried(function () { return item.getSpeed(); }, 1),
      reversed: h.isOn(h.tried(function () { return item.isSpeedReversed(); }, 0)),
      disabled: h.isOn(h.tried(function () { return item.disabled; }, false)),
      path: h.pathOf(media),
      mediaRate: h.tried(function () { return media.getFootageInterpretation().frameRate; }, null),
      offline: h.isOn(h.tried(function () { return media.isOffline(); }, false)),
      isSequence: h.isOn(h.tried(function () { return media.isSequence(); }, false)),
      isMulticam: isMulticam(media),
      proxy: h.isOn(h.tried(function () { return media.hasProxy(); }, false)),
      adjustment: h.isAdjustment(item),
      linked: h.linkedIds(item),
      effects: isSelected ? h.effectsOf(item) : []
    };
  };

  h.isAdjustment = function (item) {
    return h.isOn(h.tried(function () { return item.isAdjustmentLayer(); }, false));
  };

  /** Adobe's guide and the public types write the call differently. */
  function isMulticam(media) {
    return h.isOn(h.tried(function () { return media.isMulticamClip(); }, h.tried(function () { return media.isMultiCamClip(); }, false)));
  }

  h.pathOf = function (media) {
    return media ? h.tried(function () { return media.getMediaPath() || null; }, null) : null;
  };

  h.linkedIds = function (item) {
    var all = h.list(h.tried(function () { return item.getLinkedItems(); }, null));
    var out = [];
    var index;
    for (index = 0; index < all.length; index += 1) {
      if (String(all[index].nodeId) !== String(item.nodeId)) {
        out.push(String(all[index].nodeId));
      }
    }
    return out;
  };

  /** Linked picture and sound are two entries; an entry may come twice. */
  h.selectedIds = function (sequence) {
    var all = h.list(h.tried(function () { return sequence.getSelection(); }, null));
    var out = [];
    var index;
    for (index = 0; index < all.length; index += 1) {
      if (all[index] && all[index].nodeId && !h.contains(out, String(all[index].nodeId))) {
        out.push(String(all[index].nodeId));
      }
    }
    return out;
  };

  /** [{item, track}] of all clips of a kind of tracks, tracks counted from 0. */
  h.allItems = function (tracks) {
    var all = h.list(tracks);
    var out = [];
    var index, inner, clips;
    for (index = 0; index < all.length; index += 1) {
      clips = h.list(all[index].clips);
      for (inner = 0; inner < clips.length; inner += 1) {
        out.push({ item: clips[inner], track: index });
      }
    }
    return out;
  };

  h.findItem = function (tracks, id) {
    var all = h.allItems(tracks);
    var index;
    for (index = 0; index < all.length; index += 1) {
      if (String(all[index].item.nodeId) === id) {
        return all[index];
      }
    }
    return null;
  };

  h.samePath = function (one, other) {
    return Boolean(one) && Boolean(other) && normal(one) === normal(other);
  };

  function normal(path) {
    var text = String(path).replace(/\\/g, "/");
    return /^[a-zA-Z]:\//.test(text) ? text.toLowerCase() : text;
  }

  /** Children of a bin, bins within it not entered. */
  h.childrenOf = function (bin) {
    return h.list(bin.children);
  };

  /** The bin of all takes, or null. Takes lie in bins within it, one for each sequence and day. */
  h.binOfTakes = function (project) {
    return binNamed(project.rootItem, h.TAKES);
  };

  /** Where a take that comes today goes; made if it is not there. The bin of all takes where Premiere refuses the name. */
  h.binOfToday = function (project, sequence) {
    var all = madeBin(project.rootItem, h.TAKES);
    return h.tried(function () { return madeBin(all, nameForBin(sequence) + " " + today()); }, all);
  };

  function binNamed(parent, name) {
    var all = h.childrenOf(parent);
    var index;
    for (index = 0; index < all.length; index += 1) {
      if (h.isBin(all[index]) && all[index].name === name) {
        return all[index];
      }
    }
    return null;
  }

  h.isBin = function (item) {
    return item.type === BIN;
  };

  function madeBin(parent, name) {
    var made = binNamed(parent, name) || parent.createBin(name);
    if (!made) {
      h.fail("NoBin", "panel.premiere-bin-not-made", { bin: name });
    }
    return made;
  }

  function nameForBin(sequence) {
    return String(sequence.name).replace(/\s+/g, " ").slice(0, 60);
  }

  function today() {
    var now = new Date();
    return now.getFullYear() + "-" + twoDigits(now.getMonth() + 1) + "-" + twoDigits(now.getDate());
  }

  function twoDigits(number) {
    return (number < 10 ? "0" : "") + number;
  }
}($.heygem));
