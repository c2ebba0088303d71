"use strict";
// An error for people: the sentence is shown as it is, `heygem` is what programs read.

function refusal(kind, sentence) {
  return Object.assign(new Error(sentence), { heygem: kind });
}

module.exports = { refusal };
