/* global document, window, fetch, WebSocket, localStorage, crypto */
"use strict";
// The UXP panel: the same core as the CEP panel, the page in a webview. How UXP's webview delivers messages could not be tried outside Premiere.

(async function start() {
  const ppro = require("premierepro");
  const uxp = require("uxp");
  const { core } = require("./core.js");
  const { makeEditor } = require("./editor.js");
  const { makeMachine, readConfig } = require("./machine.js");
  const { ServerConnection } = core("connection.js");
  const { CALLS } = core("rpc-dispatch.js");
  const { languageOf, say, tell } = core("errors.js");
  const { asked } = core("page-frame.js");
  const schema = core("host.schema.json");

  const random = (count) => crypto.getRandomValues(new Uint8Array(count));
  const machine = makeMachine({ uxp, fs: require("fs"), os: require("os"), fetch, random });
  const config = await readConfig(machine);
  const page = document.getElementById("page");
  let session = null;
  let shownAt = null;

  const locale = String(uxp.host.uiLocale || "en").replace("_", "-"); // of Premiere's own windows
  const language = languageOf(locale);
  document.getElementById("state").textContent = say(tell("panel.looking"), language);

  /** UXP gives the whole address of the webview's content as a message's origin. */
  function originOf(address) {
    try {
      return new URL(address).origin;
    } catch {
      return null;
    }
  }

  function hostId() {
    const known = localStorage.getItem("heygem-host");
    if (known) return known;
    const made = `premiere-uxp-${machine.nonce().slice(0, 16)}`;
    localStorage.setItem("heygem-host", made);
    return made;
  }

  function message() {
    const { about, token } = session;
    const { capabilities } = link;
    return {
      type: "heygem.session",
      token,
      app: "premiere",
      project: about.project,
      project_name: about.projectName,
      capabilities,
      language: locale,
      theme: { mode: "dark" },
      can: ["open", "pick"],
    };
  }

  const link = new ServerConnection({
    app: "premiere",
    machine,
    editor: makeEditor(ppro, machine),
    schema,
    serverFile: config.server_file,
    hostId: hostId(),
    capabilities: [
      ...Object.keys(CALLS),
      "place.track",
      "place.relink",
      "place.speech",
      "place.mute",
      "place.undo",
      "selection.clips",
      "export.picture",
      "export.sound",
    ],
    WebSocket,
    language,
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
      selectionChanged: () => {
        if (shownAt) page.postMessage({ type: "heygem.selection-changed" }, shownAt);
      },
      said: (sentence) => {
        document.getElementById("said").textContent = sentence;
      },
    },
  });

  const forPage = {
    renew: () => link.renew(),
    pick: (kind) => machine.pick(kind),
    open: (url) => uxp.shell.openExternal(url),
  };
  window.addEventListener("message", (event) => {
    if (!session || originOf(event.origin) !== shownAt || typeof event.data !== "object" || event.data === null) return;
    if (event.data.type === "heygem.ready") page.postMessage(message(), shownAt);
    else asked(forPage, event.data, (answer) => page.postMessage(answer, shownAt));
  });
  link.run();
})();
