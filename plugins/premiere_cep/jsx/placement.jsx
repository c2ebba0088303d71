/* Places a take above its clip: overwriteClip of a Track (that of the Sequence ignores the track), on a track of ours that is empty there,
   with a file that has no sound (a file with sound drops it on A1 and destroys what is there). What is believed is what is read back. */
(function (h) {
  var ALL_MEDIA = 4;
  var marksCount = false; // whether it was seen that a file's in and out decide what is laid

  /** order: {take, file, project, sequence, clip, track, start, end, first, last, baked, disable, speech, mute}; times are ticks of the
      sequence (start, end) and of the file (first, last). */
  h.place = function (order) {
    var project = h.project(order.project);
    var sequence = h.sequence(project, order.sequence);
    var there = h.placed(sequence, order.file);
    if (there) {
      return result(true, there.track, there.item, [], []);
    }
    return h.asItWas(project, function () {
      if (!project.activeSequence || project.activeSequence.sequenceID !== order.sequence) {
        project.activeSequence = sequence;
      }
      return placeNew(project, sequence, order);
    });
  };

  /** The clip that shows a take's file, wherever it was moved to: takes are never overwritten, so a file is a take. */
  h.placed = function (sequence, file) {
    var all = h.allItems(sequence.videoTracks);
    var index;
    for (index = 0; index < all.length; index += 1) {
      if (h.samePath(h.pathOf(all[index].item.projectItem), file)) {
        return all[index];
      }
    }
    return null;
  };

  function placeNew(project, sequence, order) {
    var media = h.imported(project, sequence, order.file);
    var spot = whereItGoes(sequence, order);
    var track, item, missed;
    if (h.hasSound(media)) {
      h.fail("HasSound", "panel.premiere-has-sound");
    }
    track = h.trackFor(sequence, "video", order.track - 1, spot.start, roomEnd(media, spot));
    item = putAlone(sequence, sequence.videoTracks[track], media, spot, order);
    missed = spot.covered && !order.baked ? h.copyAttributes(spot.covered, item, track) : [];
    spot.notices = spot.notices.concat(hiddenBy(sequence, order.track, track, spot));
    if (order.disable && spot.covered) {
      spot.covered.disabled = true;
      if (!h.isOn(spot.covered.disabled)) {
        spot.notices.push(h.tell("panel.premiere-not-disabled", { clip: String(spot.covered.name) }));
      }
    }
    sound(project, sequence, order, spot);
    return result(false, track, item, missed, spot.notices);
  }

  /** Clips between a clip and its take are hidden by it; an adjustment layer there no longer changes what shows. Messages. */
  function hiddenBy(sequence, above, track, spot) {
    var out = [];
    var index, inner, hidden, layer, ours;
    for (index = above; index < track; index += 1) {
      ours = String(sequence.videoTracks[index].name).indexOf(h.TAKES) === 0; // an older take is meant to be hidden
      hidden = ours ? [] : h.covered(sequence.videoTracks[index], spot.start, spot.end);
      for (inner = 0; inner < hidden.length; inner += 1) {
        layer = h.isAdjustment(hidden[inner]);
        if (layer || inner === 0) {
          out.push(h.tell(layer ? "panel.premiere-adjustment" : "panel.hides-clip", { clip: String(hidden[inner].name) }));
        }
      }
    }
    return out;
  }

  /** Lays a part of a file and tells what else changed meanwhile. `replaced` is the clip that it takes the place of. */
  function putAlone(sequence, track, media, spot, part, replaced) {
    var old = replaced ? [String(replaced.nodeId)] : [];
    var pictures = h.clipsPicture(sequence.videoTracks, old);
    var sounds = h.clipsPicture(sequence.audioTracks, old);
    var item = put(track, media, spot, part.first, part.last);
    var without = old.concat([String(item.nodeId)]);
    if (h.clipsPicture(sequence.videoTracks, without) !== pictures) {
      spot.notices.push(h.tell("panel.premiere-clip-changed"));
    }
    if (h.clipsPicture(sequence.audioTracks, without) !== sounds) {
      spot.notices.push(h.tell("panel.premiere-audio-changed"));
    }
    return item;
  }

  /** Up to where a track must be free. Until it was seen here that in and out of a file count, the whole file must fit: where they are ignored,
      all of it is laid, over whatever follows. */
  function roomEnd(media, spot) {
    var length;
    if (marksCount) {
      return spot.end;
    }
    length = wholeLength(media);
    return length === null ? "Infinity" : String(Math.max(Number(spot.end), Number(spot.start) + length));
  }

  function wholeLength(media) {
    return h.tried(function () {
      var length;
      media.clearInPoint();
      media.clearOutPoint();
      length = Number(media.getOutPoint().ticks) - Number(media.getInPoint().ticks);
      return length > 0 ? length : null;
    }, null);
  }

  /** Clips move while takes render: a moved clip is followed, a trimmed or deleted one is told. A take may cover a part of its clip alone. */
  function whereItGoes(sequence, order) {
    var entry = order.clip ? h.findItem(sequence.videoTracks, order.clip) : null;
    var spot = { covered: entry ? entry.item : null, start: order.start, end: order.end, notices: [] };
    var start, length;
    if (!entry) {
      if (order.clip) {
        spot.notices.push(h.tell("panel.clip-left-sequence"));
      }
      return spot;
    }
    start = String(entry.item.start.ticks);
    length = Number(entry.item.end.ticks) - Number(start);
    if (length !== Number(order.end) - Number(order.start)) {
      if (Number(order.start) < Number(start) || Number(order.end) > Number(start) + length) {
        spot.notices.push(h.tell("panel.clip-trimmed-or-moved"));
      }
    } else if (start !== order.start) {
      spot.start = start;
      spot.end = String(entry.item.end.ticks);
      spot.notices.push(h.tell("panel.clip-moved"));
    }
    return spot;
  }

  /** Lays [first, last) of a file on a stretch of a track that was proven empty; the clip that the track then lists. */
  function put(track, media, spot, first, last) {
    var length = wholeLength(media);
    var item;
    media.setInPoint(h.time(first), ALL_MEDIA);
    media.setOutPoint(h.time(last), ALL_MEDIA);
    track.overwriteClip(media, h.time(spot.start));
    h.tried(function () { media.clearInPoint(); media.clearOutPoint(); }, null);
    item = at(track, media, spot.start);
    if (!item) {
      h.fail("NotPlaced", "panel.not-placed", { editor: "Premiere" });
    }
    if (Number(first) !== 0 || length === null || Number(last) < length) {
      marksCount = String(item.inPoint.ticks) === first && Math.abs(Number(item.end.ticks) - Number(spot.end)) * 2 < Number(last) - Number(first);
    }
    trim(item, spot, first);
    if (!lies(item, spot, first)) {
      h.tried(function () { item.remove(false, false); }, null);
      h.fail("WrongPlace", "panel.premiere-wrong-place");
    }
    return item;
  }

  /** Where in and out were ignored, or a rate was rounded, the clip is trimmed where it lies: it can only become shorter. */
  function trim(item, spot, first) {
    if (String(item.inPoint.ticks) !== first) {
      h.tried(function () { item.inPoint = h.time(first); }, null);
    }
    if (String(item.end.ticks) !== spot.end) {
      h.tried(function () { item.end = h.time(spot.end); }, null);
    }
  }

  /** In points of clips count from the beginning of the file, whatever its timecode. */
  function lies(item, spot, first) {
    return String(item.start.ticks) === spot.start && String(item.end.ticks) === spot.end && String(item.inPoint.ticks) === first;
  }

  function at(track, media, start) {
    var clips = h.list(track.clips);
    var index;
    for (index = 0; index < clips.length; index += 1) {
      if (String(clips[index].start.ticks) === start && clips[index].projectItem && clips[index].projectItem.nodeId === media.nodeId) {
        return clips[index];
      }
    }
    return null;
  }

  /** The take is there by now: what goes wrong with its sound is told, not thrown. */
  function sound(project, sequence, order, spot) {
    try {
      if (order.speech) {
        spot.notices = spot.notices.concat(placeSpeech(project, sequence, order.speech, Number(spot.start) - Number(order.start)));
      }
      if (order.mute === "clip" || order.mute === "track") {
        spot.notices = spot.notices.concat(h.muteOld(sequence, spot.covered, order.mute));
      }
    } catch (problem) {
      spot.notices.push(h.tell("panel.sound-not-placed", { problem: h.toldBy(problem) }));
    }
  }

  function placeSpeech(project, sequence, speech, moved) {
    var spot = { start: String(Number(speech.start) + moved), end: String(Number(speech.end) + moved), notices: [] };
    var all = h.allItems(sequence.audioTracks);
    var index, track, media;
    if (Number(spot.end) <= Number(spot.start)) {
      return [];
    }
    for (index = 0; index < all.length; index += 1) {
      if (h.samePath(h.pathOf(all[index].item.projectItem), speech.file)
          && Number(all[index].item.start.ticks) < Number(spot.end) && Number(all[index].item.end.ticks) > Number(spot.start)) {
        return []; // it sounds there already: placed before, or the very clip that the speech was taken from
      }
    }
    media = h.imported(project, sequence, speech.file);
    track = h.trackFor(sequence, "audio", -1, spot.start, roomEnd(media, spot));
    putAlone(sequence, sequence.audioTracks[track], media, spot, speech);
    return spot.notices;
  }

  /** Both can be undone by hand: a disabled clip, a muted track. */
  h.muteOld = function (sequence, covered, how) {
    var linked = covered ? h.linkedIds(covered) : [];
    var all = h.allItems(sequence.audioTracks);
    var names = [];
    var notices = [];
    var index, track;
    for (index = 0; index < all.length; index += 1) {
      if (h.contains(linked, String(all[index].item.nodeId))) {
        if (how === "clip") {
          all[index].item.disabled = true;
          if (!h.isOn(all[index].item.disabled)) {
            notices.push(h.tell("panel.premiere-not-disabled", { clip: String(all[index].item.name) }));
          }
        } else {
          track = sequence.audioTracks[all[index].track];
          track.setMute(1);
          if (!h.contains(names, String(track.name))) {
            names.push(String(track.name));
          }
        }
      }
    }
    if (linked.length === 0) {
      return [h.tell("panel.nothing-linked")];
    }
    return how === "track" ? [h.tell("panel.track-muted", { tracks: names })] : notices;
  };

  /** Another version at the place of one of ours: it is laid over it exactly; the old one stays in the bin. */
  h.switchTake = function (order) {
    var project = h.project(order.project);
    var sequence = h.sequence(project, order.sequence);
    var there = h.placed(sequence, order.file);
    var old = there ? null : versionAt(sequence, order);
    if (there) {
      return result(true, there.track, there.item, [], []);
    }
    if (order.relink) {
      old = versionWithin(sequence, order);
      if (old && relinked(old.item, order.file)) {
        return result(false, old.track, old.item, [], [h.tell("panel.relinked")]);
      }
      old = versionAt(sequence, order);
    }
    if (!old) {
      return h.place(order);
    }
    return h.asItWas(project, function () {
      var media = h.imported(project, sequence, order.file);
      var track = sequence.videoTracks[old.track];
      var spot = { start: String(old.item.start.ticks), end: String(old.item.end.ticks), notices: [] };
      var former = old.item.projectItem;
      var formerFirst = String(old.item.inPoint.ticks);
      var item, missed;
      if (h.hasSound(media)) {
        h.fail("HasSound", "panel.premiere-has-sound");
      }
      if (h.isOn(track.isLocked()) || h.covered(track, spot.start, roomEnd(media, spot)).length !== 1) {
        return placeNew(project, sequence, order); // above the old one, which nothing can be written over safely
      }
      try {
        item = putAlone(sequence, track, media, spot, order, old.item);
      } catch (problem) {
        if (h.covered(track, spot.start, spot.end).length === 0) {
          put(track, former, spot, formerFirst, String(Number(formerFirst) + Number(spot.end) - Number(spot.start)));
        }
        throw problem;
      }
      missed = copyFromClip(sequence, order, item, old.track);
      return result(false, old.track, item, missed, spot.notices);
    });
  };

  function copyFromClip(sequence, order, item, track) {
    var entry = order.clip ? h.findItem(sequence.videoTracks, order.clip) : null;
    return entry && !order.baked ? h.copyAttributes(entry.item, item, track) : [];
  }

  /** The file of a take gives way to another one: what was done to the take stays. Only to a file of the same length, so that each frame shows what
      it showed; else the former file is put back. */
  function relinked(item, file) {
    var media = item.projectItem;
    var former = h.pathOf(media);
    var length = wholeLength(media);
    if (!former || length === null || !h.isOn(h.tried(function () { return media.canChangeMediaPath(); }, false))) {
      return false;
    }
    h.tried(function () { media.changeMediaPath(file, true); }, null);
    if (h.samePath(h.pathOf(media), file) && wholeLength(media) === length) {
      return true;
    }
    h.tried(function () { media.changeMediaPath(former, true); }, null);
    return false;
  }

  /** The topmost take that lies within the place of a clip: the editor may have trimmed it. */
  function versionWithin(sequence, order) {
    var spot = whereItGoes(sequence, order);
    var all = h.allItems(sequence.videoTracks);
    var index, item;
    for (index = all.length - 1; index >= 0; index -= 1) {
      item = all[index].item;
      if (all[index].track >= order.track && String(sequence.videoTracks[all[index].track].name).indexOf(h.TAKES) === 0
          && Number(item.start.ticks) >= Number(spot.start) && Number(item.end.ticks) <= Number(spot.end)) {
        return all[index];
      }
    }
    return null;
  }

  function versionAt(sequence, order) {
    var spot = whereItGoes(sequence, order);
    var all = h.allItems(sequence.videoTracks);
    var index, item, track;
    for (index = all.length - 1; index >= 0; index -= 1) {
      item = all[index].item;
      track = sequence.videoTracks[all[index].track];
      if (all[index].track >= order.track && String(track.name).indexOf(h.TAKES) === 0
          && String(item.start.ticks) === spot.start && String(item.end.ticks) === spot.end) {
        return all[index];
      }
    }
    return null;
  }

  function result(already, track, item, missed, notices) {
    return {
      already: already,
      track: track + 1,
      start: String(item.start.ticks),
      end: String(item.end.ticks),
      notCopied: missed,
      notices: notices
    };
  }
}($.heygem));
