"use strict";
// JSON-RPC 2.0: a request from the server becomes a call on the editor. Nothing outside this table can be called.

const { refusal } = require("./errors.js");
const schemaChecks = require("./schema-checks.js");
const clipExport = require("./clip-export.js");
const requests = require("./editor-requests.js");
const timeline = require("./timeline.js");

const CALLS = {
  "host.selection": async (editor) => {
    const described = await editor.described();
    return timeline.selection(described, described && editor.document ? await editor.document(described) : null);
  },
  "host.place": async (editor, params) => requests.placedResult(params, await editor.place(requests.toPlace(params))),
  "host.switchTake": async (editor, params) => requests.placedResult(params, await editor.switchTake(requests.toPlace(params))),
  "host.reveal": async (editor, params) => {
    await editor.reveal(requests.toReveal(params));
    return {};
  },
  "host.markers": async (editor, params) => ({ notices: [], ...(await editor.mark(requests.toMark(params))) }),
  "host.export": clipExport.exported,
};

/** The response; null for a notification. Never rejects: what goes wrong is an answer too. */
async function answer(editor, schema, request) {
  const asked = typeof request === "object" && request !== null ? request : {};
  const reply = await replyTo(editor, schema, asked.method, asked.params === undefined ? {} : asked.params);
  return asked.id === undefined || asked.id === null ? null : { jsonrpc: "2.0", id: asked.id, ...reply };
}

async function replyTo(editor, schema, method, params) {
  if (typeof method !== "string" || !Object.prototype.hasOwnProperty.call(CALLS, method)) {
    return failed(-32601, refusal("UnknownMethod", "panel.premiere-unknown-method"));
  }
  try {
    const found = schemaChecks.faults(params, schema.methods[method].params, schema.$defs);
    if (found.length)
      return failed(-32602, refusal("InvalidParams", "panel.invalid-params", { method, faults: found.slice(0, 5).join("; ") }));
    return { result: await CALLS[method](editor, params) };
  } catch (problem) {
    if (problem && problem.heygem) return failed(-32000, problem);
    return failed(-32603, refusal("EditorFailed", "panel.premiere-failed", { why: String((problem && problem.message) || problem) }));
  }
}

const failed = (code, { heygem, told, message }) => ({
  error: { code, message, data: { error: heygem, code: told.code, params: told.params } },
});

module.exports = { CALLS, answer };
