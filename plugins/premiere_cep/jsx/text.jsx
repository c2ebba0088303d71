/* The namespace $.heygem, and values as text. ECMAScript 3 throughout: Premiere's script engine knows nothing newer, and not always JSON.
   Every file is a function that gets the namespace; the panel loads them in the order of jsx/order.json. Times are ticks as strings. */
$.heygem = {};

(function (h) {
  var COUNTERS = ["numItems", "numTracks", "numSequences", "numProjects"];

  h.TICKS_PER_SECOND = 254016000000;

  /** English sentences with gaps such as {path}, by code: the panel fills the table after it has loaded these files. */
  h.sentences = {};

  h.sentence = function (code, params) {
    var name;
    var text = h.sentences[code] || code;
    for (name in params) {
      if (Object.prototype.hasOwnProperty.call(params, name)) {
        text = text.split("{" + name + "}").join(wordsOf(params[name]));
      }
    }
    return text;
  };

  /** A parameter in a sentence: a message within another, a list, or text. */
  function wordsOf(value) {
    var index;
    var out = [];
    if (h.isArray(value)) {
      for (index = 0; index < value.length; index += 1) {
        out.push(wordsOf(value[index]));
      }
      return out.join(", ");
    }
    return value && typeof value === "object" ? String(value.message) : String(value);
  }

  /** A message: the code with its parameters, and the English sentence. */
  h.tell = function (code, params) {
    return { code: code, params: params || {}, message: h.sentence(code, params || {}) };
  };

  /** A sentence without a code, as somebody else said it. */
  h.plain = function (message) {
    return { code: null, params: {}, message: String(message) };
  };

  /** What an error tells: ours has a code. */
  h.toldBy = function (problem) {
    return problem.told ? { code: problem.told.code, params: problem.told.params, message: problem.message } : h.plain(problem.message);
  };

  /** Throws what a person reads, as a code with parameters; `kind` is what programs read. */
  h.fail = function (kind, code, params) {
    var problem = new Error(h.sentence(code, params || {}));
    problem.heygem = kind;
    problem.told = { code: code, params: params || {} };
    throw problem;
  };

  /** Also for arrays that the host made, whose Array is another one than this engine's. */
  h.isArray = function (value) {
    return Object.prototype.toString.call(value) === "[object Array]";
  };

  /** A value as JSON of plain ASCII, so that no engine on the way stumbles over U+2028, a surrogate or a quote. */
  h.toText = function (value) {
    var parts, index, name;
    if (value === null || value === undefined) {
      return "null";
    }
    if (typeof value === "string") {
      return quoted(value);
    }
    if (typeof value === "number") {
      return isFinite(value) ? String(value) : "null";
    }
    if (typeof value === "boolean") {
      return value ? "true" : "false";
    }
    parts = [];
    if (h.isArray(value)) {
      for (index = 0; index < value.length; index += 1) {
        parts.push(h.toText(value[index]));
      }
      return "[" + parts.join(",") + "]";
    }
    for (name in value) {
      if (Object.prototype.hasOwnProperty.call(value, name) && typeof value[name] !== "function") {
        parts.push(quoted(name) + ":" + h.toText(value[name]));
      }
    }
    return "{" + parts.join(",") + "}";
  };

  function quoted(text) {
    var out = '"';
    var index, code, letter;
    for (index = 0; index < text.length; index += 1) {
      code = text.charCodeAt(index);
      letter = text.charAt(index);
      if (letter === '"' || letter === "\\") {
        out += "\\" + letter;
      } else if (code < 32 || code > 126) {
        out += "\\u" + ("0000" + code.toString(16)).slice(-4);
      } else {
        out += letter;
      }
    }
    return out + '"';
  }

  /** What a host property says, or `otherwise` where this version throws at it or lacks it. */
  h.tried = function (read, otherwise) {
    var value;
    try {
      value = read();
    } catch (_problem) {
      return otherwise;
    }
    return value === undefined || value === null ? otherwise : value;
  };

  /** Premiere's collections and its arrays alike, as an array. */
  h.list = function (collection) {
    var count, index;
    var out = [];
    if (!collection) {
      return out;
    }
    count = collection.length || 0;
    for (index = 0; index < COUNTERS.length; index += 1) {
      if (collection[COUNTERS[index]] !== undefined) {
        count = collection[COUNTERS[index]];
      }
    }
    for (index = 0; index < count; index += 1) {
      out.push(collection[index]);
    }
    return out;
  };

  h.contains = function (values, value) {
    var index;
    for (index = 0; index < values.length; index += 1) {
      if (values[index] === value) {
        return true;
      }
    }
    return false;
  };

  /** A time of exactly so many ticks. */
  h.time = function (ticks) {
    var time = new Time();
    time.ticks = ticks;
    return time;
  };
}($.heygem));
