/* Tracks that carry our name. Premiere's own API cannot add one; the undocumented QE can, one at a time. Nothing is written to a track before all
   tracks were compared with what they were and the new one was found empty. */
(function (h) {
  var STEREO = 1;

  /** The index (from 0) of a track of ours above `above` (from 0; -1 = any) with room; -1 = none. */
  h.freeTrack = function (tracks, name, above, start, end) {
    var all = h.list(tracks);
    var index;
    for (index = above + 1; index < all.length; index += 1) {
      if (isOurs(all[index], name) && !h.isOn(all[index].isLocked()) && h.covered(all[index], start, end).length === 0) {
        return index;
      }
    }
    return -1;
  };

  function isOurs(track, name) {
    return String(track.name).indexOf(name) === 0;
  }

  /** Clips of a track that lie at least partly in a range. */
  h.covered = function (track, start, end) {
    var clips = h.list(track.clips);
    var out = [];
    var index;
    for (index = 0; index < clips.length; index += 1) {
      if (Number(clips[index].start.ticks) < Number(end) && Number(clips[index].end.ticks) > Number(start)) {
        out.push(clips[index]);
      }
    }
    return out;
  };

  h.enableQE = function () {
    if (typeof qe === "undefined") {
      h.tried(function () { app.enableQE(); }, null);
    }
  };

  /** A new track on top; returns its index. The sequence must be the open one: QE knows no other. Public panels agree on QE's arguments: how many
      video tracks and where, how many audio tracks, of which type and where. Where the track came to lie is seen, not assumed. */
  h.newTrack = function (sequence, kind, above) {
    var video = kind === "video";
    var before = pictureOf(video ? sequence.videoTracks : sequence.audioTracks);
    var found, track;
    h.enableQE();
    h.tried(function () {
      var editor = qe.project.getActiveSequence();
      if (video) {
        editor.addTracks(1, before.length, 0);
      } else {
        editor.addTracks(0, 0, 1, STEREO, before.length, 0);
      }
    }, null);
    found = addedTrack(before, pictureOf(video ? sequence.videoTracks : sequence.audioTracks));
    track = found === null ? null : (video ? sequence.videoTracks : sequence.audioTracks)[found.index];
    if (!track || found.index <= above || track.clips.numItems !== 0) {
      if (video) {
        h.fail("NoTrack", "panel.premiere-no-video-track", { name: h.TAKES });
      }
      h.fail("NoTrack", "panel.premiere-no-audio-track", { name: h.SPEECH });
    }
    if (found.certain) {
      h.tried(function () { track.name = video ? h.TAKES : h.SPEECH; }, null);
    }
    return found.index;
  };

  /** {id, clips} of each track: its id where Premiere tells one, and the clips on it as text. */
  function pictureOf(tracks) {
    var all = h.list(tracks);
    var out = [];
    var index;
    for (index = 0; index < all.length; index += 1) {
      out.push({ id: idOf(all[index]), clips: clipsOf(all[index]) });
    }
    return out;
  }

  function idOf(track) {
    return h.tried(function () { return String(track.id); }, "");
  }

  function clipsOf(track) {
    var clips = h.list(track.clips);
    var out = [];
    var index;
    for (index = 0; index < clips.length; index += 1) {
      out.push(clipText(clips[index]));
    }
    return out.join(",");
  }

  function clipText(item) {
    return [item.nodeId, item.start.ticks, item.end.ticks, item.inPoint.ticks].join(" ");
  }

  /** {index, certain} of the one track that was added; null = none, several, or another change came with it. Between empty tracks without ids
      nobody can tell which is new: then it is the topmost, and it is not renamed. */
  function addedTrack(before, after) {
    var fits = [];
    var index;
    if (after.length !== before.length + 1) {
      return null;
    }
    for (index = after.length - 1; index >= 0; index -= 1) {
      if (after[index].clips === "" && sameTracks(before, after, index)) {
        fits.push(index);
      }
    }
    return fits.length ? { index: fits[0], certain: fits.length === 1 } : null;
  }

  function sameTracks(before, after, without) {
    var index, other;
    for (index = 0; index < before.length; index += 1) {
      other = after[index < without ? index : index + 1];
      if (before[index].id !== other.id || before[index].clips !== other.clips) {
        return false;
      }
    }
    return true;
  }

  /** A track of ours with room from `start` to `end`, or a new one. */
  h.trackFor = function (sequence, kind, above, start, end) {
    var tracks = kind === "video" ? sequence.videoTracks : sequence.audioTracks;
    var found = h.freeTrack(tracks, kind === "video" ? h.TAKES : h.SPEECH, above, start, end);
    return found >= 0 ? found : h.newTrack(sequence, kind, above);
  };

  /** All clips of some tracks as text, those with these ids aside: equal texts, nothing else was touched. */
  h.clipsPicture = function (tracks, without) {
    var all = h.allItems(tracks);
    var out = [];
    var index;
    for (index = 0; index < all.length; index += 1) {
      if (!h.contains(without, String(all[index].item.nodeId))) {
        out.push(clipText(all[index].item));
      }
    }
    return out.sort().join("\n");
  };
}($.heygem));
