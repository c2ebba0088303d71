/* Makes a take look like the clip it covers. Motion (position, scale, crop and the like) and opacity are on every clip and are copied, values
   and keyframes, and so is the effect Crop; other effects are reported instead. What is chosen from a list (the blend mode, second after the opacity) is
   never written: two public bridges report that it damages projects. Keyframes count in the time of the source, so those of a take lie
   elsewhere; how they are joined cannot be read, so the values between them are compared. */
(function (h) {
  var ON_EVERY_CLIP = ["AE.ADBE Motion", "AE.ADBE Opacity"];
  var OPACITY = "AE.ADBE Opacity";
  var CROP = "AE.ADBE AECrop"; // an effect that has to be added first

  function componentsOf(item) {
    return h.list(h.tried(function () { return item.components; }, null));
  }

  /** The effects that a take would lack, and keyframes that cannot be copied, as messages. */
  h.effectsOf = function (item) {
    var out = [];
    var all = componentsOf(item);
    var index;
    for (index = 0; index < all.length; index += 1) {
      if (!isCopied(all[index])) {
        out.push(h.plain(all[index].displayName));
      } else if (isRetimed(item)) {
        out = out.concat(keyframed(all[index]));
      }
    }
    return out;
  };

  function isCopied(component) {
    return component.matchName === CROP || h.contains(ON_EVERY_CLIP, component.matchName);
  }

  function keyframed(component) {
    var out = [];
    var all = h.list(component.properties);
    var index;
    for (index = 0; index < all.length; index += 1) {
      if (isMoving(all[index])) {
        out.push(h.tell("panel.premiere-keyframes", { what: String(all[index].displayName) }));
      }
    }
    return out;
  }

  function isRetimed(item) {
    return h.tried(function () { return item.getSpeed(); }, 1) !== 1 || h.isOn(h.tried(function () { return item.isSpeedReversed(); }, 0));
  }

  function isMoving(property) {
    return h.isOn(h.tried(function () { return property.isTimeVarying(); }, false));
  }

  /** Copies; returns what could not be copied, as messages. `track` is the target's, from 0. */
  h.copyAttributes = function (source, target, track) {
    var missed = h.effectsOf(source);
    var from = componentsOf(source);
    var span = spanOf(source, target);
    var seen = {};
    var index, name, other;
    for (index = 0; index < from.length; index += 1) {
      name = from[index].matchName;
      if (isCopied(from[index])) {
        seen[name] = (seen[name] || 0) + 1;
        other = sameComponent(target, name, seen[name]);
        if (!other && name === CROP) {
          h.addEffect(target, track, String(from[index].displayName));
          other = sameComponent(target, name, seen[name]);
        }
        missed = missed.concat(other ? copyProperties(from[index], other, span) : [h.plain(from[index].displayName)]);
      }
    }
    return missed;
  };

  /** The first, second and so on of a kind. */
  function sameComponent(item, matchName, number) {
    var all = componentsOf(item);
    var seen = 0;
    var index;
    for (index = 0; index < all.length; index += 1) {
      seen += all[index].matchName === matchName ? 1 : 0;
      if (seen === number) {
        return all[index];
      }
    }
    return null;
  }

  /** Premiere's own API adds no effects; the undocumented QE can, by the effect's name in the language of Premiere. QE lists gaps among the clips
      of a track. Whether it did so is seen by whoever asks. The sequence must be the open one. */
  h.addEffect = function (item, track, name) {
    h.enableQE();
    h.tried(function () {
      var lane = qe.project.getActiveSequence().getVideoTrackAt(track);
      var index, each;
      for (index = 0; index < lane.numItems; index += 1) {
        each = lane.getItemAt(index);
        if (each.name === item.name && String(each.start.ticks) === String(item.start.ticks)) {
          each.addVideoEffect(qe.project.getVideoEffectByName(name));
          return;
        }
      }
    }, null);
  };

  /** What of the source shows under the take: from, to (ticks of the source), and how much later the take's own file shows the same. */
  function spanOf(source, target) {
    var from = Number(source.inPoint.ticks) + Number(target.start.ticks) - Number(source.start.ticks);
    return {
      from: from,
      to: from + Number(target.end.ticks) - Number(target.start.ticks),
      shift: Number(target.inPoint.ticks) - from,
      retimed: isRetimed(source)
    };
  }

  function copyProperties(from, to, span) {
    var missed = [];
    var values = h.list(from.properties);
    var others = h.list(to.properties);
    var index;
    for (index = 0; index < values.length && index < others.length; index += 1) {
      if (isMoving(values[index])) {
        missed = missed.concat(span.retimed ? [] : copyKeys(values[index], others[index], span, isWritten(from, index)));
      } else if (!(isWritten(from, index) ? copyValue : isSame)(values[index], others[index])) {
        missed.push(h.plain(values[index].displayName));
      }
    }
    return missed;
  }

  /** Read back at each keyframe and between them. What did not come as it was is taken away again. */
  function copyKeys(from, to, span, written) {
    var times = written ? h.tried(function () { return timesWithin(from, span); }, null) : null;
    var done = times !== null && h.tried(function () {
      var index;
      to.setTimeVarying(true);
      for (index = 0; index < times.length; index += 1) {
        to.addKey(at(times[index] + span.shift));
        to.setValueAtKey(at(times[index] + span.shift), from.getValueAtTime(at(times[index])), index === times.length - 1);
      }
      return agree(from, to, span, times);
    }, false);
    if (!done) {
      if (times !== null) {
        h.tried(function () { to.setTimeVarying(false); }, null);
      }
      return [h.tell("panel.premiere-keyframes", { what: String(from.displayName) })];
    }
    return agree(from, to, span, between(times)) ? [] : [h.tell("panel.premiere-curves", { what: String(from.displayName) })];
  }

  /** The first and the end of what shows, and the keyframes between, in ticks of the source. */
  function timesWithin(property, span) {
    var keys = h.list(property.getKeys());
    var out = [span.from];
    var index, ticks;
    for (index = 0; index < keys.length; index += 1) {
      ticks = Number(keys[index].ticks);
      if (ticks > span.from && ticks < span.to) {
        out.push(ticks);
      }
    }
    return out.concat([span.to]);
  }

  function between(times) {
    var out = [];
    var index;
    for (index = 1; index < times.length; index += 1) {
      out.push(Math.round((times[index - 1] + times[index]) / 2));
    }
    return out;
  }

  function agree(from, to, span, times) {
    var index;
    for (index = 0; index < times.length; index += 1) {
      if (!same(from.getValueAtTime(at(times[index])), to.getValueAtTime(at(times[index] + span.shift)))) {
        return false;
      }
    }
    return true;
  }

  function at(ticks) {
    return h.time(String(ticks));
  }

  function isWritten(component, index) {
    return component.matchName !== OPACITY || index === 0;
  }

  function isSame(from, to) {
    var wanted = h.tried(function () { return from.getValue(); }, undefined);
    return wanted === undefined || same(wanted, h.tried(function () { return to.getValue(); }, undefined));
  }

  /** Read back: setValue says true to values that it ignores. */
  function copyValue(from, to) {
    var wanted = h.tried(function () { return from.getValue(); }, undefined);
    if (isSame(from, to)) {
      return true;
    }
    h.tried(function () { to.setValue(wanted, true); }, null);
    return same(wanted, h.tried(function () { return to.getValue(); }, undefined));
  }

  function same(one, other) {
    var index;
    if (h.isArray(one) && h.isArray(other)) {
      for (index = 0; index < one.length; index += 1) {
        if (!same(one[index], other[index])) {
          return false;
        }
      }
      return one.length === other.length;
    }
    if (typeof one === "number" && typeof other === "number") {
      return Math.abs(one - other) <= 0.0001 * Math.max(1, Math.abs(one));
    }
    return one === other;
  }
}($.heygem));
