/**
 * The page's end of the talk with an editor's panel, as HOST_MODE.md describes it: waits for a port from the parent, takes the bearer token
 * from it and keeps it in memory alone.
 */

/**
 * @typedef {{type: "heygem.session", token: string, app: string, project: string, project_name: string, theme?: Theme, language?: string,
 *   can?: string[], capabilities?: string[]}} Session
 * @typedef {{mode: "dark" | "light", background?: string}} Theme
 */

const PROTOCOL = 1;
const ASK_MS = 1000;
const PICK_MS = 600_000;

/** @typedef {ReturnType<typeof makeHostLink>} HostLink */

/** The id in `?host=`, null = an ordinary page. */
export const wantedHost = () => new URLSearchParams(location.search).get("host");

/**
 * @param {string} id
 * @param {{onSession: (session: Session) => void, onTheme: (theme: Theme) => void, onLanguage: (language: string) => void,
 *   onSelection: () => void}} on
 */
export function makeHostLink(id, on) {
  const bridge = /** @type {{postMessage: (message: object) => void} | undefined} */ (/** @type {any} */ (window).uxpHost);
  /** @type {MessagePort | null} */
  let port = null;
  /** @type {Session | null} */
  let session = null;
  /** @type {Map<number, (paths: string[]) => void>} */
  const picking = new Map();
  let picks = 0;

  /** @param {object} message */
  function tell(message) {
    if (bridge) bridge.postMessage(message);
    else port?.postMessage(message);
  }

  function ready() {
    const message = { type: "heygem.ready", protocol: PROTOCOL };
    if (bridge) bridge.postMessage(message);
    else if (window.parent !== window) window.parent.postMessage(message, "*");
  }

  /** @param {any} data */
  function hear(data) {
    if (data?.type === "heygem.session" && typeof data.token === "string") {
      session = data;
      on.onSession(data);
    } else if (data?.type === "heygem.theme") on.onTheme(data);
    else if (data?.type === "heygem.language") on.onLanguage(data.language);
    else if (data?.type === "heygem.selection-changed") on.onSelection();
    else if (data?.type === "heygem.picked") {
      picking.get(data.id)?.(Array.isArray(data.paths) ? data.paths : []);
      picking.delete(data.id);
    }
  }

  window.addEventListener("message", (event) => {
    if (bridge) {
      if (event.source === bridge) hear(event.data);
      return;
    }
    if (window.parent === window || event.source !== window.parent || event.data?.type !== "heygem.hello" || event.ports.length !== 1)
      return;
    port?.close();
    port = event.ports[0];
    port.onmessage = (message) => hear(message.data);
  });
  const asking = setInterval(() => (session ? clearInterval(asking) : port || ready()), ASK_MS);
  ready();

  return {
    id,
    framed: true,
    get session() {
      return session;
    },
    /** @param {string} what "pick", "open" */
    can: (what) => session?.can?.includes(what) ?? false,
    accepted: () => tell({ type: "heygem.accepted" }),
    /** @param {string} reason a sentence */
    tokenWanted: (reason) => tell({ type: "heygem.token-wanted", reason }),
    /** @param {string} url */
    open: (url) => tell({ type: "heygem.open", url }),
    /** @param {"speech" | "video" | "folder"} kind @returns {Promise<string[]>} empty = the dialog was closed */
    pick: (kind) =>
      new Promise((resolve) => {
        const number = ++picks;
        picking.set(number, resolve);
        setTimeout(() => picking.delete(number) && resolve([]), PICK_MS);
        tell({ type: "heygem.pick", id: number, kind });
      }),
  };
}
