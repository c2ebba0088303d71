/* global document, window, fetch, WebSocket, localStorage, crypto */
"use strict";
// The UXP panel: the same core as the CEP panel, the page in a webview. How UXP's webview delivers messages could not be tried outside Premiere.

(async function start() {
  const ppro = require("premierepro");
  const uxp = require("uxp");
  const { core } = require("./core.js");
  const { makeEditor } = require("./editor.js");
  const { makeMachine, readConfig } = require("./machine.js");
  const { Link } = core("link.js");
  const { CALLS } = core("answering.js");
  const schema = core("host.schema.json");

  const random = (count) => crypto.getRandomValues(new Uint8Array(count));
  const machine = makeMachine({ uxp, fs: require("fs"), os: require("os"), fetch, random });
  const config = await readConfig(machine);
  const page = document.getElementById("page");
  let session = null;
  let shownAt = null;

  function hostId() {
    const known = localStorage.getItem("heygem-host");
    if (known) return known;
    const made = `premiere-uxp-${machine.nonce().slice(0, 16)}`;
    localStorage.setItem("heygem-host", made);
    return made;
  }

  function message() {
    const { about, token } = session;
    return { type: "heygem.session", token, app: "premiere", project: about.project, project_name: about.projectName, theme: { mode: "dark" }, can: ["open"] };
  }

  const link = new Link({
    machine,
    editor: makeEditor(ppro, machine),
    schema,
    serverFile: config.server_file,
    hostId: hostId(),
    capabilities: [...Object.keys(CALLS).filter((name) => name !== "host.export"), "place.track", "place.speech", "place.mute", "place.undo", "selection.clips"],
    WebSocket,
    told: {
      state(sentence, connected) {
        const line = document.getElementById("state");
        line.textContent = sentence;
        line.className = connected ? "gone" : "";
      },
      session(found) {
        session = found;
        const { origin } = new URL(found.server.url);
        if (shownAt === origin) page.postMessage(message(), origin);
        else page.src = `${found.server.url}/?host=${encodeURIComponent(link.hostId)}`;
        shownAt = origin;
      },
      selectionChanged: () => { if (shownAt) page.postMessage({ type: "heygem.selection-changed" }, shownAt); },
      said: (sentence) => { document.getElementById("said").textContent = sentence; },
    },
  });

  window.addEventListener("message", (event) => {
    if (!session || event.origin !== shownAt || !event.data) return;
    if (event.data.type === "heygem.ready") page.postMessage(message(), shownAt);
    else if (event.data.type === "heygem.token-wanted" && link.socket) link.socket.close();
    else if (event.data.type === "heygem.open" && /^https?:\/\//.test(String(event.data.url))) uxp.shell.openExternal(String(event.data.url));
  });
  link.run();
}());
