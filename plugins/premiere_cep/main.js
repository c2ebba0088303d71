/* global document, window */
"use strict";
// The panel: connects Premiere to the render server and shows the server's page in a frame that has neither Node nor a way into Premiere.

(function start() {
  const cep = window.__adobe_cep__;
  const here = folderOf(cep.getSystemPath("extension"));
  const nodeRequire = window.require || window.cep_node.require;
  const path = nodeRequire("path");
  const fs = nodeRequire("fs");
  const own = (name) => nodeRequire(path.join(here, name));
  const shared = fs.existsSync(path.join(here, "shared")) ? path.join(here, "shared") : path.join(here, "..", "shared");
  const core = (name) => nodeRequire(path.join(shared, name));

  const machineSide = own("machine.js");
  const { makeEditor } = own("bridge.js");
  const { ServerConnection } = core("connection.js");
  const frames = core("page-frame.js");

  const { languageOf, say, tell } = core("errors.js");

  const frame = document.getElementById("page");
  let session = null;
  let channel = null;
  let shownAt = null;

  function show(id, text) {
    const line = document.getElementById(id);
    line.textContent = text;
    line.hidden = !text;
  }

  /** The page is loaded once for each address of the server; a new token goes over the channel. */
  function showPage(found) {
    session = found;
    const { origin } = new window.URL(found.server.url);
    if (shownAt === origin) {
      channel.send({ type: "heygem.session", ...sessionMessage() });
      return;
    }
    if (channel) channel.stop();
    channel = frames.attach({ window, frame, session: sessionMessage, renew, pick, open }, origin);
    shownAt = origin;
    frame.src = `${found.server.url}/?host=${encodeURIComponent(link.hostId)}`;
    frame.hidden = false;
  }

  function sessionMessage() {
    const { about, token } = session;
    const { capabilities } = link;
    return {
      token,
      app: "premiere",
      project: about.project,
      project_name: about.projectName,
      capabilities,
      language: locale(),
      theme: theme(),
      can: ["pick", "open"],
    };
  }

  /** The language of Premiere's own windows, such as zh-CN. */
  function locale() {
    try {
      return JSON.parse(cep.getHostEnvironment()).appUILocale.replace("_", "-");
    } catch {
      return window.navigator.language;
    }
  }

  /** Premiere's own colours, so that the page does not glare in a dark editor. */
  function theme() {
    try {
      const { red, green, blue } = JSON.parse(cep.getHostEnvironment()).appSkinInfo.panelBackgroundColor.color;
      const part = (value) => Math.round(value).toString(16).padStart(2, "0");
      return { mode: red + green + blue < 384 ? "dark" : "light", background: `#${part(red)}${part(green)}${part(blue)}` };
    } catch {
      return { mode: "dark" };
    }
  }

  const renew = () => link.renew();

  function pick(kind) {
    const folder = kind === "folder";
    const suffixes =
      { speech: ["wav", "mp3", "m4a", "aac", "flac", "aif", "aiff", "mov", "mp4"], video: ["mov", "mp4", "mxf", "mkv", "webm"] }[kind] ||
      [];
    const answer = window.cep.fs.showOpenDialogEx(kind === "video", folder, "HeyGem", "", suffixes);
    return answer && answer.err === 0 ? answer.data.map((chosen) => (fs.existsSync(chosen) ? chosen : folderOf(chosen))) : [];
  }

  function open(url) {
    window.cep.util.openURLInDefaultBrowser(url);
  }

  const language = languageOf(locale());
  show("state", say(tell("panel.looking"), language));
  const config = machineSide.readConfig(here);
  const order = JSON.parse(fs.readFileSync(path.join(here, "jsx", "order.json"), "utf8"));
  const { candidates, rootsOf } = core("presets.js");
  const roots = rootsOf(path.join(folderOf(cep.getSystemPath("hostApplication")))); // join: the system's own separators
  const presets = (kind) => candidates(kind, roots, path.join(here, "presets"), machineSide.list);
  const jsx = path.join(here, "jsx").replace(/\\/g, "/");
  const editor = makeEditor((script, callback) => cep.evalScript(script, callback), jsx, order, presets);
  const schemaFile = fs.existsSync(path.join(shared, "host.schema.json"))
    ? path.join(shared, "host.schema.json")
    : path.join(shared, "..", "protocol", "host.schema.json");
  const schema = JSON.parse(fs.readFileSync(schemaFile, "utf8"));

  const link = new ServerConnection({
    app: "premiere",
    machine: machineSide.makeMachine(config),
    editor,
    schema,
    serverFile: config.server_file,
    hostId: machineSide.hostId(config.data_folder),
    capabilities: [
      ...Object.keys(core("rpc-dispatch.js").CALLS),
      "place.track",
      "place.relink",
      "place.speech",
      "place.mute",
      "selection.clips",
      "export.picture",
      "export.sound",
    ],
    WebSocket: window.WebSocket,
    language,
    told: {
      state(sentence, connected) {
        show("state", sentence);
        document.getElementById("state").dataset.connected = String(connected);
      },
      session: showPage,
      selectionChanged: () => {
        if (channel) channel.send({ type: "heygem.selection-changed" });
      },
      said: (sentence) => show("said", sentence),
    },
  });
  cep.addEventListener("com.adobe.csxs.events.ThemeColorChanged", () => {
    if (channel) channel.send({ type: "heygem.theme", ...theme() });
  });
  window.addEventListener("beforeunload", () => link.stop());
  editor.stayLoaded(cep.getExtensionId()).catch(() => null); // without it, takes arrive when the panel is shown again
  link.run();

  /** CEP gives file URLs on some platforms and paths on others. */
  function folderOf(text) {
    const bare = /^file:/.test(text) ? decodeURIComponent(text.replace(/^file:\/\//, "")) : String(text);
    return /^\/[a-zA-Z]:/.test(bare) ? bare.slice(1) : bare;
  }
})();
