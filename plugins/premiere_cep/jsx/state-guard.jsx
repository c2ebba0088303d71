/* Runs something and puts the sequence back: which one is open, its in and out, its playhead, its selection. `touched` is a sequence that is
   put back as well, if another one is open. */
(function (h) {
  var UNSET_S = -400000;

  h.asItWas = function (project, work, touched) {
    var open = project.activeSequence;
    var other = touched && (!open || open.sequenceID !== touched.sequenceID) ? touched : null;
    var before = open ? remembered(open) : null;
    var beforeOther = other ? remembered(other) : null;
    var result, problem;
    try {
      result = work();
    } catch (thrown) {
      problem = thrown;
    }
    putBack(other, beforeOther);
    reopen(project, open);
    putBack(open, before);
    if (problem) {
      throw problem;
    }
    return result;
  };

  function reopen(project, sequence) {
    h.tried(function () {
      if (sequence && (!project.activeSequence || project.activeSequence.sequenceID !== sequence.sequenceID)) {
        project.activeSequence = sequence;
      }
    }, null);
  }

  function remembered(sequence) {
    return {
      inPoint: h.tried(function () { return sequence.getInPointAsTime().seconds; }, null),
      outPoint: h.tried(function () { return sequence.getOutPointAsTime().seconds; }, null),
      playhead: h.tried(function () { return String(sequence.getPlayerPosition().ticks); }, null),
      selected: h.selectedIds(sequence)
    };
  }

  /** Each part on its own, and only where it differs: writing a mark may set one where none was. */
  function putBack(sequence, before) {
    var now;
    if (!sequence) {
      return;
    }
    now = remembered(sequence);
    h.tried(function () {
      if (before.inPoint !== null && before.inPoint !== now.inPoint) {
        sequence.setInPoint(Math.max(before.inPoint, UNSET_S));
      }
    }, null);
    h.tried(function () {
      if (before.outPoint !== null && before.outPoint !== now.outPoint) {
        sequence.setOutPoint(Math.max(before.outPoint, UNSET_S));
      }
    }, null);
    h.tried(function () {
      if (before.playhead !== null && before.playhead !== now.playhead) {
        sequence.setPlayerPosition(before.playhead);
      }
    }, null);
    h.tried(function () { select(sequence, before.selected, now.selected); }, null);
  }

  function select(sequence, wanted, present) {
    var all, index, id;
    if (wanted.join("|") === present.join("|")) {
      return;
    }
    all = h.allItems(sequence.videoTracks).concat(h.allItems(sequence.audioTracks));
    for (index = 0; index < all.length; index += 1) {
      id = String(all[index].item.nodeId);
      if (h.contains(wanted, id) !== h.contains(present, id)) {
        all[index].item.setSelected(h.contains(wanted, id), true);
      }
    }
  }
}($.heygem));
