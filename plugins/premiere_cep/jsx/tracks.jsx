/* Tracks that carry our name. Premiere's own API cannot add one; the undocumented QE can, one at a time. */
(function (h) {
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

  /** On top; returns its index. The sequence must be the open one: QE knows no other. */
  h.newTrack = function (sequence, kind) {
    var video = kind === "video";
    var tracks = video ? sequence.videoTracks : sequence.audioTracks;
    var before = tracks.numTracks;
    var made;
    if (typeof qe === "undefined") {
      h.tried(function () { app.enableQE(); }, null);
    }
    made = h.tried(function () {
      var editor = qe.project.getActiveSequence();
      if (video) {
        editor.addTracks(1, before, 0);
      } else {
        editor.addTracks(0, 0, 1, before, 1);
      }
      return true;
    }, false);
    tracks = video ? sequence.videoTracks : sequence.audioTracks;
    if (!made || tracks.numTracks !== before + 1) {
      if (video) {
        h.fail("NoTrack", "panel.premiere-no-video-track", { name: h.TAKES });
      }
      h.fail("NoTrack", "panel.premiere-no-audio-track", { name: h.SPEECH });
    }
    h.tried(function () { tracks[before].name = video ? h.TAKES : h.SPEECH; }, null);
    return before;
  };

  /** A track with room, or a new one; `fresh` says which. */
  h.trackFor = function (sequence, kind, above, start, end) {
    var tracks = kind === "video" ? sequence.videoTracks : sequence.audioTracks;
    var found = h.freeTrack(tracks, kind === "video" ? h.TAKES : h.SPEECH, above, start, end);
    return found >= 0 ? found : h.newTrack(sequence, kind);
  };

  /** All clips of the audio tracks as text: equal texts, nothing was touched. */
  h.soundPicture = function (sequence) {
    var all = h.allItems(sequence.audioTracks);
    var out = [];
    var index, item;
    for (index = 0; index < all.length; index += 1) {
      item = all[index].item;
      out.push([all[index].track, item.nodeId, item.start.ticks, item.end.ticks, item.inPoint.ticks].join(" "));
    }
    return out.join("\n");
  };
}($.heygem));
