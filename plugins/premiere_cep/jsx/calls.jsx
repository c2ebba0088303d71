/* The only door: the panel calls $.heygem.call with a name of this table. Always answers with text: {"ok":true,"value":...} or {"ok":false,...}. */
(function (h) {
  var CALLS = {
    about: function () { return h.about(); },
    described: function () { return h.described(); },
    place: function (order) { return h.place(order); },
    switchTake: function (order) { return h.switchTake(order); },
    mark: function (order) { return h.mark(order); },
    reveal: function (order) { return h.reveal(order); },
    exportItems: function (order) { return h.exportItems(order); }
  };

  h.call = function (name, order) {
    if (!Object.prototype.hasOwnProperty.call(CALLS, name)) {
      return h.toText({ ok: false, error: "UnknownCall", message: "The panel asked for something that this script does not do." });
    }
    try {
      return h.toText({ ok: true, value: CALLS[name](order) });
    } catch (problem) {
      return h.toText({ ok: false, error: problem.heygem || "EditorFailed", message: sentence(problem) });
    }
  };

  function sentence(problem) {
    if (problem.heygem) {
      return problem.message;
    }
    return "Premiere failed (" + problem.message + (problem.line ? ", line " + problem.line : "") + "): try again; if it stays, report this sentence.";
  }
}($.heygem));
