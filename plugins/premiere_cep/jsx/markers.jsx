/* Markers on weak ranges (outside Premiere's undo), and bringing a place into view. */
(function (h) {
  var ORANGE = 3;

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
    var marker = markers.createMarker(Number(wanted.start) / h.TICKS_PER_SECOND);
    marker.name = wanted.name;
    marker.comments = wanted.comment;
    h.tried(function () { marker.end = Number(wanted.end) / h.TICKS_PER_SECOND; }, null);
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
}($.heygem));
