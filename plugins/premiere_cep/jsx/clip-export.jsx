/* Exports of what only Premiere can decode. exportAsMediaDirect blocks Premiere, and its answer says little: what counts is the file. */
(function (h) {
  var IN_TO_OUT = 1;

  /** order: {project, sequence, kind, presets: [path], items: [{id, start, end (ticks), file}]}; {files: [{item, path, problem}], notices}, problems and notices as messages.
      Presets are tried in their order until one leaves a file. */
  h.exportItems = function (order) {
    var project = h.project(order.project);
    var sequence = h.sequence(project, order.sequence);
    var before = rangeOf(sequence);
    var mutes = mutesOf(sequence);
    var out = [];
    h.asItWas(project, function () {
      var index;
      for (index = 0; index < order.items.length; index += 1) {
        out.push(exportOne(sequence, order, order.items[index]));
      }
    }, sequence);
    return { files: out, notices: changes(before, rangeOf(sequence), mutes, mutesOf(sequence)) };
  };

  function changes(before, after, mutes, mutesAfter) {
    var out = [];
    if (before !== after) {
      out.push(h.tell("panel.premiere-range-changed"));
    }
    if (mutes !== mutesAfter) {
      out.push(h.tell("panel.premiere-mutes-changed"));
    }
    return out;
  }

  function rangeOf(sequence) {
    return h.tried(function () { return sequence.getInPointAsTime().seconds + " " + sequence.getOutPointAsTime().seconds; }, "");
  }

  function mutesOf(sequence) {
    var all = h.list(sequence.videoTracks).concat(h.list(sequence.audioTracks));
    var out = [];
    var index;
    for (index = 0; index < all.length; index += 1) {
      out.push(h.isOn(all[index].isMuted()) ? "1" : "0");
    }
    return out.join("");
  }

  function exportOne(sequence, order, wanted) {
    var tracks = order.kind === "picture" ? sequence.videoTracks : sequence.audioTracks;
    var entry = h.findItem(tracks, wanted.id);
    var changed, said, failed, index;
    remove(wanted.file);
    if (!entry) {
      return { item: wanted.id, path: null, problem: h.tell("panel.clip-not-in-sequence") };
    }
    changed = setMutes(tracks, entry.track, order.kind);
    try {
      setRange(sequence, wanted);
      for (index = 0; index < order.presets.length && !hasContent(wanted.file); index += 1) {
        said = exported(sequence, wanted.file, order.presets[index]);
      }
    } catch (problem) {
      failed = problem.told ? h.toldBy(problem) : null;
      said = problem.message;
    }
    putBackMutes(tracks, changed);
    if (hasContent(wanted.file)) {
      return { item: wanted.id, path: wanted.file, problem: null };
    }
    return { item: wanted.id, path: null, problem: failed || exportFailed(said) };
  }

  /** A clip's start counts from the beginning of the sequence, its in and out from zero o'clock: between them lies the zero point. Read back, since
      another range would give the wrong frames without a word. */
  function setRange(sequence, wanted) {
    var zero = Number(sequence.zeroPoint);
    var start = (Number(wanted.start) + zero) / h.TICKS_PER_SECOND;
    sequence.setInPoint(start);
    sequence.setOutPoint((Number(wanted.end) + zero) / h.TICKS_PER_SECOND);
    if (Math.abs(sequence.getInPointAsTime().seconds - start) * h.TICKS_PER_SECOND > Number(sequence.timebase) / 2) {
      h.fail("NoRange", "panel.premiere-range-refused");
    }
  }

  function exportFailed(said) {
    return h.tell("panel.premiere-exported-none", { said: String(said) });
  }

  /** A rest of an attempt that failed would pass for a file. */
  function remove(path) {
    var rest = new File(path);
    if (rest.exists) {
      rest.remove();
    }
  }

  /** What Premiere said. */
  function exported(sequence, file, preset) {
    remove(file);
    try {
      return String(sequence.exportAsMediaDirect(file, preset, IN_TO_OUT));
    } catch (problem) {
      return String(problem.message);
    }
  }

  function hasContent(path) {
    var file = new File(path);
    return file.exists && file.length > 0;
  }

  /** A picture is what shows with nothing above it; a sound is heard alone. [[track, muted]] of what was changed. */
  function setMutes(tracks, own, kind) {
    var all = h.list(tracks);
    var out = [];
    var index, muted, wanted;
    for (index = 0; index < all.length; index += 1) {
      muted = h.isOn(all[index].isMuted());
      wanted = kind === "picture" ? (index > own ? true : muted) : index !== own;
      if (index === own) {
        wanted = false;
      }
      if (wanted !== muted) {
        all[index].setMute(wanted ? 1 : 0);
        out.push([index, muted]);
      }
    }
    return out;
  }

  function putBackMutes(tracks, changed) {
    var index;
    for (index = 0; index < changed.length; index += 1) {
      tracks[changed[index][0]].setMute(changed[index][1] ? 1 : 0);
    }
  }
}($.heygem));
