/* Makes a take look like the clip it covers. Motion and opacity are on every clip and are copied value by value; other effects cannot be
   added by this API, and keyframes count from the source's own start, so both are reported instead. What is chosen from a list (the blend mode,
   second after the opacity) is never written: two public bridges report that it damages projects. */
(function (h) {
  var ON_EVERY_CLIP = ["AE.ADBE Motion", "AE.ADBE Opacity"];
  var OPACITY = "AE.ADBE Opacity";

  function componentsOf(item) {
    return h.list(h.tried(function () { return item.components; }, null));
  }

  /** The effects that a take would lack, and what has keyframes, as messages. */
  h.effectsOf = function (item) {
    var out = [];
    var all = componentsOf(item);
    var index;
    for (index = 0; index < all.length; index += 1) {
      if (h.contains(ON_EVERY_CLIP, all[index].matchName)) {
        out = out.concat(keyframed(all[index]));
      } else {
        out.push(h.plain(all[index].displayName));
      }
    }
    return out;
  };

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

  function isMoving(property) {
    return h.isOn(h.tried(function () { return property.isTimeVarying(); }, false));
  }

  /** Copies; returns what could not be copied, as messages. */
  h.copyAttributes = function (source, target) {
    var missed = h.effectsOf(source);
    var from = componentsOf(source);
    var index, other;
    for (index = 0; index < from.length; index += 1) {
      if (h.contains(ON_EVERY_CLIP, from[index].matchName)) {
        other = sameComponent(target, from[index].matchName);
        missed = missed.concat(other ? copyValues(from[index], other) : [h.plain(from[index].displayName)]);
      }
    }
    return missed;
  };

  function sameComponent(item, matchName) {
    var all = componentsOf(item);
    var index;
    for (index = 0; index < all.length; index += 1) {
      if (all[index].matchName === matchName) {
        return all[index];
      }
    }
    return null;
  }

  function copyValues(from, to) {
    var missed = [];
    var values = h.list(from.properties);
    var others = h.list(to.properties);
    var index;
    for (index = 0; index < values.length && index < others.length; index += 1) {
      if (!isMoving(values[index]) && !(isWritten(from, index) ? copyValue : isSame)(values[index], others[index])) {
        missed.push(h.plain(values[index].displayName));
      }
    }
    return missed;
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
