"use strict";
// The parent of the server's page in a frame, as server/web/HOST_MODE.md says: checks who speaks, hands a token over a channel of its own.

const PROTOCOL = 1;

/** `host`: {window, frame, session() → {token, app, project, project_name, …}, renew(), pick(kind) → paths, open(url)}. Returns {send, stop}. */
function attach(host, origin) {
  let port = null;
  const send = (message) => { if (port) port.postMessage(message); };
  const onMessage = (event) => {
    if (event.source !== host.frame.contentWindow || event.origin !== origin) return;
    if (!event.data || event.data.type !== "heygem.ready") return;
    const channel = new host.window.MessageChannel();
    port = channel.port1;
    port.onmessage = ({ data }) => asked(host, data, send);
    host.frame.contentWindow.postMessage({ type: "heygem.hello", protocol: PROTOCOL }, origin, [channel.port2]);
    send({ type: "heygem.session", ...host.session() });
  };
  host.window.addEventListener("message", onMessage);
  return { send, stop: () => host.window.removeEventListener("message", onMessage) };
}

function asked(host, data, send) {
  if (!data || typeof data.type !== "string") return;
  if (data.type === "heygem.token-wanted") host.renew();
  else if (data.type === "heygem.open" && /^https?:\/\//.test(String(data.url))) host.open(String(data.url));
  else if (data.type === "heygem.pick") {
    Promise.resolve(host.pick(String(data.kind))).then((paths) => send({ type: "heygem.picked", id: data.id, paths }));
  }
}

module.exports = { attach };
