// CEP around the panel, in a browser: what Node and Premiere give it is asked of the test. FILES, TEXTS, HERE and CONFIG are put in by
// chromium.py; modules come as functions because the panel's own policy forbids eval.
(() => {
  if (window !== window.top) return; // in CEP, too, only the panel's own frame has Node
  const files = FILES;
  const texts = TEXTS;
  const loaded = {};
  const config = CONFIG;
  const here = HERE;
  const join = (...parts) => {
    const out = [];
    for (const part of parts.join("/").split("/")) {
      if (part === "..") out.pop();
      else if (part !== ".") out.push(part);
    }
    return out.join("/");
  };
  const dirname = (path) => path.split("/").slice(0, -1).join("/");
  const fs = {
    existsSync: (path) => path in files || path in texts || Object.keys(files).some((each) => each.startsWith(`${path}/`)),
    readFileSync: (path) => texts[path],
  };
  const machine = {
    makeMachine: () => ({
      nonce: () => Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) => byte.toString(16).padStart(2, "0")).join(""),
      readText: async (path) => {
        const text = await window.nodeRead(path);
        if (text === null) throw new Error("absent");
        return text;
      },
      http: async (request) => {
        const said = await window.nodeHttp(request);
        if (said.problem) throw new Error(said.problem);
        return said;
      },
      startServer: null,
    }),
    hostId: () => config.host_id,
    readConfig: () => config,
    list: (folder) => window.nodeList(folder),
  };
  function requireFrom(folder) {
    return (name) => {
      if (name === "path") return { join, dirname };
      if (name === "fs") return fs;
      const path = name.startsWith(".") ? join(folder, name) : name;
      if (path.endsWith("/machine.js")) return machine;
      if (path in texts) return JSON.parse(texts[path]);
      if (!(path in files)) throw new Error(`there is no ${path}`);
      if (!(path in loaded)) {
        loaded[path] = { exports: {} };
        files[path](loaded[path], loaded[path].exports, requireFrom(dirname(path)));
      }
      return loaded[path].exports;
    };
  }
  window.require = requireFrom("/");
  window.bridgedMs = 0;
  const skin = { appSkinInfo: { panelBackgroundColor: { color: { red: 35, green: 35, blue: 35, alpha: 255 } } } };
  window.__adobe_cep__ = {
    getHostEnvironment: () => JSON.stringify(skin),
    addEventListener: () => {},
    getExtensionId: () => "com.heygem.bridge.panel",
    getSystemPath: (which) => (which === "extension" ? here : "/Applications/Premiere/Premiere"),
    evalScript: (text, callback) => {
      const began = performance.now();
      const waited = (said) => {
        window.bridgedMs += performance.now() - began; // Premiere's own time, and what it takes to get there from a browser
        callback(said);
      };
      window.hostEval(text).then(waited);
    },
  };
  window.cep = { fs: { showOpenDialogEx: () => ({ err: 0, data: ["/picked.wav"] }) }, util: { openURLInDefaultBrowser: () => {} } };
})();
