"use strict";
// The parent of the server's page in a frame, as server/web/HOST_MODE.md says: checks who speaks, hands a token over a channel of its own.

const PROTOCOL = 1;
const KINDS = ["speech", "video", "folder"];
const LONGEST = 4000; // of an address

/** `host`: {window, frame, session() → {token, app, project, project_name, …}, renew(), pick(kind) → paths, open(url)}. Returns {send, stop}. */
function attach(host, origin) {
  let port = null;
  const send = (message) => {
    if (port) port.postMessage(message);
  };
  const onMessage = (event) => {
    if (event.source !== host.frame.contentWindow || event.origin !== origin) return;
    if (typeof event.data !== "object" || event.data === null || event.data.type !== "heygem.ready") return;
    const channel = new host.window.MessageChannel();
    port = channel.port1;
    port.onmessage = ({ data }) => asked(host, data, send);
    host.frame.contentWindow.postMessage({ type: "heygem.hello", protocol: PROTOCOL }, origin, [channel.port2]);
    send({ type: "heygem.session", ...host.session() });
  };
  host.window.addEventListener("message", onMessage);
  return { send, stop: () => host.window.removeEventListener("message", onMessage) };
}

/** One message of the page. Whatever else it says is ignored: the page is the server's, and this is the editor's side. */
function asked(host, data, send) {
  if (typeof data !== "object" || data === null) return;
  if (data.type === "heygem.token-wanted") host.renew();
  else if (data.type === "heygem.open" && typeof data.url === "string" && data.url.length < LONGEST && /^https?:\/\//.test(data.url))
    host.open(data.url);
  else if (data.type === "heygem.pick" && KINDS.includes(data.kind) && isName(data.id)) pick(host, data, send);
}

/** One dialog at a time; a dialog that fails is one that was closed. */
async function pick(host, { id, kind }, send) {
  if (host.picking) return send({ type: "heygem.picked", id, paths: [] });
  host.picking = true;
  try {
    return send({ type: "heygem.picked", id, paths: await host.pick(kind) });
  } catch {
    return send({ type: "heygem.picked", id, paths: [] });
  } finally {
    host.picking = false;
  }
}

const isName = (value) => Number.isFinite(value) || (typeof value === "string" && value.length < 200);

module.exports = { attach, asked };
