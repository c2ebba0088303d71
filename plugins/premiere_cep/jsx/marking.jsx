/* Markers on weak ranges (outside Premiere's undo), bringing a place into view, and exports of what only Premiere can decode. */
(function (h) {
  var ORANGE = 3;
  var TICKS_PER_SECOND = 254016000000;
  var IN_TO_OUT = 1;

  /** order: {project, sequence, markers: [{start, end, name, comment}]}, ticks. */
  h.mark = function (order) {
    var sequence = h.sequence(h.project(order.project), order.sequence);
    var added = 0;
    var already = 0;
    var index;
    for (index = 0; index < order.markers.length; index += 1) {
      if (hasMarker(sequence.markers, order.markers[index], Number(sequence.timebase))) {
        already += 1;
      } else {
        setMarker(sequence.markers, order.markers[index]);
        added += 1;
      }
    }
    return { added: added, already: already };
  };

  function hasMarker(markers, wanted, frame) {
    var marker = markers.getFirstMarker();
    while (marker) {
      if (marker.name === wanted.name && Math.abs(Number(marker.start.ticks) - Number(wanted.start)) < frame / 2) {
        return true;
      }
      marker = markers.getNextMarker(marker);
    }
    return false;
  }

  function setMarker(markers, wanted) {
    var marker = markers.createMarker(Number(wanted.start) / TICKS_PER_SECOND);
    marker.name = wanted.name;
    marker.comments = wanted.comment;
    h.tried(function () { marker.end = Number(wanted.end) / TICKS_PER_SECOND; }, null);
    h.tried(function () { marker.setColorByIndex(ORANGE); }, null);
  }

  /** order: {project, sequence, start}. */
  h.reveal = function (order) {
    var project = h.project(order.project);
    var sequence = h.sequence(project, order.sequence);
    project.openSequence(order.sequence);
    sequence.setPlayerPosition(order.start);
    return {};
  };

  /** order: {project, items: [{id, start, end}], preset, folder, suffix, kind}; one file each, tracks above muted for the picture's sake. */
  h.exportItems = function (order) {
    var project = h.project(order.project);
    var sequence = project.activeSequence;
    var out = [];
    if (!sequence) {
      h.fail("NoTimeline", "No sequence is open in Premiere: open one and try again.");
    }
    return h.asItWas(project, function () {
      var index;
      for (index = 0; index < order.items.length; index += 1) {
        out.push(exportOne(sequence, order, order.items[index]));
      }
      return out;
    });
  };

  function exportOne(sequence, order, wanted) {
    var picture = order.kind === "picture";
    var entry = h.findItem(picture ? sequence.videoTracks : sequence.audioTracks, wanted.id);
    var path = order.folder + "/heygem-" + wanted.id.replace(/[^\w]/g, "") + "-" + order.kind + order.suffix;
    var said, muted;
    if (!entry) {
      return { item: wanted.id, path: null, problem: "The clip is no longer in the sequence." };
    }
    muted = picture ? aloneOn(sequence, entry.track) : [];
    try {
      sequence.setInPoint(Number(wanted.start) / TICKS_PER_SECOND);
      sequence.setOutPoint(Number(wanted.end) / TICKS_PER_SECOND);
      said = sequence.exportAsMediaDirect(path, order.preset, IN_TO_OUT);
    } catch (problem) {
      said = problem.message;
    }
    unmute(sequence, muted);
    if (!new File(path).exists) {
      return { item: wanted.id, path: null, problem: "Premiere did not export the clip: " + said };
    }
    return { item: wanted.id, path: path, problem: null };
  }

  function aloneOn(sequence, track) {
    var all = h.list(sequence.videoTracks);
    var out = [];
    var index;
    for (index = 0; index < all.length; index += 1) {
      if (index !== track && !h.isOn(all[index].isMuted())) {
        all[index].setMute(1);
        out.push(index);
      }
    }
    return out;
  }

  function unmute(sequence, tracks) {
    var index;
    for (index = 0; index < tracks.length; index += 1) {
      sequence.videoTracks[tracks[index]].setMute(0);
    }
  }
}($.heygem));
