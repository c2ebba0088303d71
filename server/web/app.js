/**
 * The page from start to end: signs in, connects, draws the view that the address names. In a panel (`?host=`) it first waits for its
 * token.
 */

import { html, render, useEffect, useMemo, useRef, useState } from "./ui/html.js";
import { AppContext, useApp, useLive, useStore } from "./ui/hooks.js";
import { Icon } from "./ui/icons.js";
import { Button, Empty, Notice } from "./ui/parts.js";
import { makeClient } from "./client.js";
import { useNews, useTitle } from "./done.js";
import { knowEditors } from "./editors.js";
import { makeHostLink, wantedHost } from "./host.js";
import { draft, DraftStore } from "./media/draft.js";
import { useWindowDrop } from "./media/dropping.js";
import { useReceive } from "./media/intake.js";
import { keepDraft } from "./media/kept-draft.js";
import { route, startRouting } from "./route.js";
import { onOtherTab, remember, word } from "./session.js";
import { sentence } from "./messages.js";
import { language, setLanguage, t } from "./text.js";
import { applyTheme, followSystem, tint } from "./theme.js";
import { ApiDocs } from "./views/api-docs.js";
import { ConnectedEditor } from "./views/connected.js";
import { Consent } from "./views/consent.js";
import { EditorsView } from "./views/editors.js";
import { Entrance } from "./views/entrance.js";
import { HostPage } from "./views/host.js";
import { ModelsView } from "./views/models.js";
import { NewView } from "./views/new.js";
import { QueueView } from "./views/queue.js";
import { ResultsView } from "./views/results.js";
import { ServerView } from "./views/server.js";
import { TakePage } from "./views/take.js";
import { VoteView } from "./views/vote.js";
import { Top } from "./views/top.js";

/** @typedef {import("./ui/hooks.js").App} App */
/** @typedef {import("./views/entrance.js").Entry} Entry */
/** @typedef {import("./text.js").Key} Key */
/** @typedef {{id: number, text: string, kind: "info" | "error", undo?: () => Promise<unknown>}} Said */

const SAID_MS = 6000;
const UNDO_MS = 10_000;
const AGAIN_MS = 2000; // from one try to reach the server to the next
const DEAD_MS = 3000; // a restart of the server is shorter than that
const ASLEEP_MS = 30_000;
const SETTLE_MS = 1500; // a webview that lets no socket through still gets the page

const client = makeClient({ word });
const hostId = wantedHost();

function Page() {
  const [entry, setEntry] = useState(
    /** @type {Entry} */ ({ state: hostId ? "waiting-for-panel" : "starting", info: null, problem: null }),
  );
  const [, draw] = useState({});
  const [messages, setMessages] = useState(/** @type {Said[]} */ ([]));
  const counted = useRef(0);

  /** @type {App["say"]} */
  function say(text, kind = "info", undo) {
    const id = ++counted.current;
    setMessages((now) => [...now.slice(-2), { id, text, kind, undo }]);
    const shownMs = kind === "error" ? SAID_MS * 2 : undo ? UNDO_MS : SAID_MS;
    setTimeout(() => setMessages((now) => now.filter((one) => one.id !== id)), shownMs);
  }

  async function enter() {
    const first = begun;
    begun = null;
    try {
      const info = await (first ?? client.api.info());
      knowEditors(info.editors);
      if (!first) client.connect();
      await client.settled(SETTLE_MS);
      setEntry({ state: "in", info, problem: null });
      host?.accepted();
    } catch (error) {
      const problem = /** @type {import("./client.js").ServerProblem} */ (error);
      const unknown = problem.status === 401 || problem.error === "NoCsrf";
      if (unknown && host) host.tokenWanted(problem.message);
      setEntry({
        state: unknown ? (host ? "waiting-for-panel" : "signed-out") : "failed",
        info: null,
        problem: problem.message,
      });
    }
  }

  /** Asks the server anew what it can do. A failure changes nothing: the connection's own sign tells it. */
  async function refresh() {
    const info = await client.api.info().catch(() => null);
    if (info) setEntry((now) => (now.state === "in" ? { ...now, info } : now));
  }

  const host = useMemo(
    () =>
      hostId === null
        ? null
        : makeHostLink(hostId, {
            onSession(session) {
              client.who.token = session.token;
              document.documentElement.dataset.host = session.app;
              if (session.theme) tint(session.theme);
              void (session.language ? setLanguage(session.language) : Promise.resolve()).then(enter);
            },
            onTheme: tint,
            onLanguage(tag) {
              void setLanguage(tag).then(() => draw({}));
              draw({});
            },
            onSelection: () => window.dispatchEvent(new Event("heygem-selection")),
          }),
    [],
  );

  useEffect(() => {
    const comeIn = () => signInByLink().then(enter, (error) => setEntry({ state: "signed-out", info: null, problem: error.message }));
    const followLink = () => location.hash.startsWith("#code=") && void comeIn();
    if (!hostId) {
      void comeIn();
      window.addEventListener("hashchange", followLink); // a new link in the tab of before changes nothing else of the address
    }
    return client.subscribe(() => {
      if (client.state.connection !== "refused") return;
      const { refused } = client.state;
      host?.tokenWanted(sentence(refused, t("signin.ended")));
      setEntry((now) =>
        now.state === "in" ? { ...now, state: host ? "waiting-for-panel" : "signed-out", problem: refused && sentence(refused) } : now,
      );
    });
  }, []);
  useEffect(() => comeBackAwake(), []);
  useEffect(() => (hostId ? undefined : followSystem(() => draw({}))), []);
  useEffect(() => {
    if (entry.state !== "failed") return; // a server that starts just now is found without a press
    const timer = setTimeout(() => void enter(), AGAIN_MS);
    return () => clearTimeout(timer);
  }, [entry]);
  const signedOut = useRef(false);
  signedOut.current = entry.state === "signed-out";
  useEffect(() => onOtherTab(() => signedOut.current && void enter()), []);
  useEffect(() => {
    // Renders go on without the page, uploads do not.
    const warn = (/** @type {Event} */ event) => DraftStore.sending() && event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, []);

  const hush = (/** @type {number} */ id) => setMessages((now) => now.filter((one) => one.id !== id));
  const toasts = html`<div class="toasts" role="status" aria-live="polite">
    ${messages.map(
      (one) => html`<${Notice} key=${one.id} kind=${one.kind} onClose=${() => hush(one.id)}>${one.text}
      ${
        one.undo &&
        html` <${Button} kind="quiet" onClick=${() => {
          hush(one.id);
          void one.undo?.().catch((error) => say(error.message, "error"));
        }}>${t("action.undo")}<//>`
      }<//>`,
    )}</div>`;
  /** @param {string} code */
  async function signIn(code) {
    remember((await client.api.signIn(code)).csrf);
    await enter();
  }
  if (entry.state !== "in" || !entry.info) return html`<${Entrance} entry=${entry} onAgain=${() => void enter()} onCode=${signIn} />`;
  /** @type {App} */
  const app = { client, info: entry.info, host, say, refresh };
  return html`<${AppContext.Provider} value=${app}><${Shell} key=${language()} host=${host} onLook=${() => draw({})} />${toasts}<//>`;
}

/**
 * The code in a sign-in link is used once and leaves the address at once; a page that is signed in already stays so with a link that was
 * used before. `#code=…&host=ID` goes on to that editor's view.
 */
async function signInByLink() {
  const [, code, host] = /^#code=([\w-]+)(?:&host=(.+))?$/.exec(location.hash) ?? [];
  if (!code) return;
  history.replaceState(null, "", location.pathname + location.search + (host ? `#/host/${host}` : ""));
  readAddress();
  try {
    remember((await client.api.signIn(code)).csrf);
  } catch (problem) {
    await client.api.session().catch(() => {
      throw problem;
    });
  }
}

/** After a sleep the socket may be dead without knowing it. */
function comeBackAwake() {
  let hiddenAt = 0;
  const look = () => {
    if (document.hidden) hiddenAt = Date.now();
    else if (hiddenAt && Date.now() - hiddenAt > ASLEEP_MS && client.state.connection === "open") client.connect();
  };
  const online = () => client.state.connection === "waiting" && client.connect();
  document.addEventListener("visibilitychange", look);
  window.addEventListener("online", online);
  return () => {
    document.removeEventListener("visibilitychange", look);
    window.removeEventListener("online", online);
  };
}

/** @param {{host: import("./host.js").HostLink | null, onLook: () => void}} props */
function Shell({ host, onLook }) {
  const { view, id } = useStore(route);
  const connection = useLive((state) => state.connection);
  const notice = useLive((state) => state.notice);
  const consent = useLive((state) => state.consents[0]);
  const dead = useDead(connection);
  useEffect(() => keepFocus(), []);
  const main = useRef(/** @type {HTMLElement | null} */ (null));
  const first = useRef(true);
  useTitle(`${t(/** @type {Key} */ (`nav.${view === "take" ? "results" : view}`))} – HeyGem Bridge`);
  useNews();
  useEffect(() => {
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
    if (view !== "results" && main.current) main.current.scrollTop = 0;
  }, [view, id]);
  /** @param {Event} event */
  function skip(event) {
    event.preventDefault();
    main.current?.focus();
  }
  return html`
    <a class="skip" href="#main" onClick=${skip}>${t("nav.skip")}</a>
    <${Top} framed=${host !== null} onLook=${onLook} />
    ${notice && html`<${Notice} kind="warn">${sentence(notice)}<//>`}
    <main id="main" ref=${main} tabindex="-1" class=${connection === "open" ? "" : "not-live"} inert=${dead}>${drawn(view, id, host)}</main>
    ${dead && html`<${Dead} />`}
    ${host === null && !dead && html`<${DropAnywhere} />`}
    ${consent && html`<${Consent} key=${consent.folder} folder=${consent.folder} wantedBy=${sentence(consent.wanted_by_message, consent.wanted_by)} />`}`;
}

/** What is focused may go with what it belongs to, such as a row that is removed: then the focus goes to the view, not to the page. */
function keepFocus() {
  /** @type {Element | null} */
  let last = null;
  const heard = (/** @type {FocusEvent} */ event) => {
    last = /** @type {Element} */ (event.target);
  };
  const look = () => {
    if (last === null || last.isConnected || document.activeElement !== document.body) return;
    last = null;
    document.getElementById("main")?.focus({ preventScroll: true });
  };
  const observer = new MutationObserver(look);
  document.addEventListener("focusin", heard);
  observer.observe(document.body, { childList: true, subtree: true });
  return () => {
    document.removeEventListener("focusin", heard);
    observer.disconnect();
  };
}

/** Whether a server that was there has not answered for a while; where no socket comes through at all, requests still may. @param {import("./client/reducer.js").Connection} connection */
function useDead(connection) {
  const [dead, setDead] = useState(false);
  const wasThere = useRef(false);
  useEffect(() => {
    wasThere.current ||= connection === "open";
    if (connection === "open" || connection === "refused" || !wasThere.current) return setDead(false);
    const timer = setTimeout(() => setDead(true), DEAD_MS);
    return () => clearTimeout(timer);
  }, [connection === "open" || connection === "refused"]);
  return dead;
}

/** Over a view that cannot do anything without its server. */
function Dead() {
  const { client } = useApp();
  return html`<div class="dead" role="alertdialog" aria-label=${t("dead.title")}><div class="entrance-box"><h2>${t("dead.title")}</h2>
    <p>${t("dead.text")}</p><${Button} icon="retry" onClick=${() => client.connect()}>${t("action.again")}<//></div></div>`;
}

/** Files of before a reload, that nobody has looked at again yet. @type {import("./media/items.js").Item[]} */
let kept = [];

/** The whole window takes files, whatever it shows; an editor's view has its own places for them. */
function DropAnywhere() {
  const { view } = useStore(route);
  const { receive, again } = useReceive();
  const over = useWindowDrop((files) => files.length && view !== "host" && receive(files));
  useEffect(() => {
    for (const item of kept.splice(0)) void again(item);
  }, []);
  return (
    over &&
    view !== "host" &&
    html`<div class="drop-anywhere" aria-hidden="true"><p><${Icon} name="upload" /> ${t("drop.anywhere")}</p></div>`
  );
}

/** @param {import("./route.js").View} view @param {string | null} id @param {import("./host.js").HostLink | null} host */
function drawn(view, id, host) {
  if (view === "host" && host) return html`<${HostPage} key=${host.session?.project} host=${host} />`;
  if (view === "host" && id) return html`<${ConnectedEditor} key=${id} id=${id} />`;
  if (view === "queue") return html`<${QueueView} />`;
  if (view === "models") return html`<${ModelsView} />`;
  if (view === "vote" && id) return html`<${VoteView} key=${id} ids=${id.split(",")} />`;
  if (view === "docs") return html`<${ApiDocs} />`;
  if (view === "editors") return html`<${EditorsView} />`;
  if (view === "server") return html`<${ServerView} />`;
  if (view === "results") return html`<${ResultsView} />`;
  if (view === "nothing")
    return html`<div class="view"><${Empty} icon="timeline" title=${t("nav.nothing")}>${t("nav.nothing-hint")}<//></div>`;
  if (view === "take" && id) return html`<${TakePage} id=${id} />`;
  return html`<${NewView} />`;
}

/**
 * Where somebody signed in before, what the server can do and its state are asked for while the page is made ready. Not in a panel: each
 * refusal would ask it for another token.
 * @type {Promise<import("./wire.js").Info> | null}
 */
let begun = null;
if (!hostId && word() !== null && !location.hash.startsWith("#code=")) {
  begun = client.api.info();
  begun.catch(() => {}); // told when it is awaited
  client.connect();
}

const readAddress = startRouting(hostId ? "host" : "new");
void applyTheme().then(() => {
  if (!hostId) kept = keepDraft(draft);
  render(html`<${Page} />`, /** @type {HTMLElement} */ (document.getElementById("page")));
});
