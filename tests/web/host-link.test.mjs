import assert from "node:assert/strict";
import { test } from "node:test";

const SESSION = { type: "heygem.session", token: "t", app: "premiere", project: "p", project_name: "P" };

/** A window such as the page finds it: in UXP's webview with `uxpHost`, in a frame with a parent. */
async function page(name, make) {
  const listeners = [];
  const sent = [];
  const window = { addEventListener: (_kind, one) => listeners.push(one) };
  window.parent = window;
  make(window, sent);
  globalThis.window = window;
  globalThis.location = { search: "?host=h" };
  const { makeHostLink } = await import(`../../server/web/host.js?${name}`);
  const sessions = [];
  const on = { onSession: (session) => sessions.push(session), onTheme: () => {}, onLanguage: () => {}, onSelection: () => {} };
  const asking = globalThis.setInterval;
  globalThis.setInterval = () => 0;
  const link = makeHostLink("h", on);
  globalThis.setInterval = asking;
  const say = (event) => {
    for (const one of listeners) one({ ports: [], ...event });
  };
  return { window, sent, sessions, link, say };
}

const uxp = (name) =>
  page(name, (window, sent) => {
    window.uxpHost = { postMessage: (message) => sent.push(message) };
  });

test("in UXP's webview the panel speaks through window.uxpHost, and is answered there", async () => {
  const { window, sent, sessions, link, say } = await uxp("uxp");
  assert.deepEqual(sent, [{ type: "heygem.ready", protocol: 1 }]);
  say({ data: SESSION, source: window.uxpHost });
  assert.deepEqual(sessions, [SESSION]);
  link.accepted();
  assert.deepEqual(sent[1], { type: "heygem.accepted" });
});

test("nobody else is heard there, the page's own frames and windows included", async () => {
  const { window, sessions, say } = await uxp("strangers");
  for (const source of [window, null, undefined, {}]) say({ data: SESSION, source });
  assert.deepEqual(sessions, []);
});
