"use strict";
// What people are told. The English sentences are in messages.json, a copy of the panels' part of the catalogue; other languages are made
// from code and parameters by whoever shows the sentence. `heygem` is what programs read.

/** @type {Record<string, string>} */
const SENTENCES = sentences();

/** It lies beside this file once the panel is packed or installed, and in the repository's protocol folder before. */
function sentences() {
  try {
    return require("./messages.json");
  } catch {
    return require("../protocol/messages.json");
  }
}

/** A message; one within another is a parameter. @param {string} code @param {Record<string, any>} params */
function tell(code, params = {}) {
  const text = (value) => (typeof value === "object" && value !== null ? value.message : String(value));
  const message = SENTENCES[code].replace(/\{(\w+)\}/g, (gap, name) => (name in params ? text(params[name]) : gap));
  return { code, params, message };
}

/** An error whose sentence is shown as it is. @param {string} kind @param {string} code @param {Record<string, any>} params */
function refusal(kind, code, params = {}) {
  return refused(kind, tell(code, params));
}

/** What somebody else (the server, Premiere's scripts) told. @param {string} kind @param {{code?: string | null, params?: Record<string, any>, message: string}} told */
function refused(kind, { code = null, params = {}, message }) {
  return Object.assign(new Error(message), { heygem: kind, told: { code, params, message } });
}

module.exports = { SENTENCES, tell, refusal, refused };
