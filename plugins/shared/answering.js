"use strict";
// JSON-RPC 2.0: a request from the server becomes a call on the editor. Nothing outside this table can be called.

const checks = require("./checks.js");
const orders = require("./orders.js");
const timeline = require("./timeline.js");

const CALLS = {
  "host.selection": async (editor) => {
    const described = await editor.described();
    return timeline.selection(described, described && editor.document ? await editor.document(described) : null);
  },
  "host.place": async (editor, params) => {
    if (params.mode === "take") throw refusal("NoTakes", "Premiere's clips hold no takes: place this one on a track.");
    return orders.placedResult(params, await editor.place(orders.toPlace(params)));
  },
  "host.switchTake": async (editor, params) => orders.placedResult(params, await editor.switchTake(orders.toPlace(params))),
  "host.reveal": async (editor, params) => { await editor.reveal(orders.toReveal(params)); return {}; },
  "host.markers": async (editor, params) => ({ notices: [], ...(await editor.mark(orders.toMark(params))) }),
  "host.export": async (editor, params) => {
    const began = Date.now();
    const exported = await editor.exportItems(params);
    return { exported, blocked_ms: Date.now() - began };
  },
};

/** An error for people: `kind` is what programs read. */
function refusal(kind, sentence) {
  return Object.assign(new Error(sentence), { heygem: kind });
}

/** The response; null for a notification. Never rejects: what goes wrong is an answer too. */
async function answer(editor, schema, request) {
  const reply = await replyTo(editor, schema, request.method, request.params || {});
  return request.id === undefined || request.id === null ? null : { jsonrpc: "2.0", id: request.id, ...reply };
}

async function replyTo(editor, schema, method, params) {
  if (!Object.prototype.hasOwnProperty.call(CALLS, method)) {
    return failed(-32601, "UnknownMethod", "This panel does not answer that; is it older than the server?");
  }
  const found = checks.faults(params, schema.methods[method].params, schema.$defs);
  if (found.length) return failed(-32602, "InvalidParams", `${method}: ${found.slice(0, 5).join("; ")}.`);
  try {
    return { result: await CALLS[method](editor, params) };
  } catch (problem) {
    return failed(problem.heygem ? -32000 : -32603, problem.heygem || "EditorFailed", problem.message);
  }
}

const failed = (code, error, message) => ({ error: { code, message, data: { error } } });

module.exports = { CALLS, answer, refusal };
