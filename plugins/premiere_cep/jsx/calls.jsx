/* The only door: the panel calls $.heygem.call with a name of this table. Always answers with text: {"ok":true,"value":...} or {"ok":false,...}. */
(function (h) {
  var CALLS = {
    about: function () { return h.about(); },
    stayLoaded: function (order) { return h.stayLoaded(order); },
    described: function () { return h.described(); },
    place: function (order) { return h.place(order); },
    switchTake: function (order) { return h.switchTake(order); },
    mark: function (order) { return h.mark(order); },
    reveal: function (order) { return h.reveal(order); },
    exportItems: function (order) { return h.exportItems(order); }
  };

  h.call = function (name, order) {
    if (!Object.prototype.hasOwnProperty.call(CALLS, name)) {
      return refused("UnknownCall", "panel.premiere-unknown-call", {});
    }
    try {
      return h.toText({ ok: true, value: CALLS[name](order) });
    } catch (problem) {
      if (problem.heygem) {
        return refused(problem.heygem, problem.told.code, problem.told.params);
      }
      return refused("EditorFailed", "panel.premiere-failed", { why: problem.message + (problem.line ? ", line " + problem.line : "") });
    }
  };

  function refused(kind, code, params) {
    return h.toText({ ok: false, error: kind, code: code, params: params, message: h.sentence(code, params) });
  }
}($.heygem));
