/**
 * The page from start to end: signs in, connects, draws the view that the address names. In a panel (`?host=`) it first waits for its token.
 */

import { html, render, useEffect, useMemo, useRef, useState } from "./ui/html.js";
import { AppContext, useLive, useStore } from "./ui/hooks.js";
import { Badge, Button, Dialog, IconButton, Notice, Select } from "./ui/parts.js";
import { Icon } from "./ui/icons.js";
import { makeClient } from "./client.js";
import { makeHostLink, wantedHost } from "./host.js";
import { draft } from "./media/draft.js";
import { hashOf, route, startRouting } from "./route.js";
import { language, LANGUAGES, setLanguage, t } from "./text.js";
import { applyTheme, chooseTheme, remember, themeNow, tint } from "./theme.js";
import { HostPage } from "./views/host.js";
import { NewView } from "./views/new.js";
import { QueueView } from "./views/queue.js";
import { ResultsView } from "./views/results.js";
import { SignIn } from "./views/signin.js";
import { TakePage } from "./views/take.js";

/** @typedef {import("./ui/hooks.js").App} App */
/** @typedef {import("./text.js").Key} Key */

const SAID_MS = 6000;
const ASLEEP_MS = 30_000;
const SETTLE_MS = 1500; // a webview that lets no socket through still gets the page
const UNFINISHED = new Set(["queued", "active", "paused"]);

const client = makeClient();
const hostId = wantedHost();

/** @typedef {{state: "starting" | "waiting-for-panel" | "signed-out" | "in" | "failed", info: import("./wire.js").Info | null, problem: string | null}} Entry */

function Page() {
  const [entry, setEntry] = useState(
    /** @type {Entry} */ ({ state: hostId ? "waiting-for-panel" : "starting", info: null, problem: null }),
  );
  const [, draw] = useState({});
  const [messages, setMessages] = useState(/** @type {{id: number, text: string, kind: "info" | "error"}[]} */ ([]));
  const counted = useRef(0);

  /** @param {string} text @param {"info" | "error"} [kind] */
  function say(text, kind = "info") {
    const id = ++counted.current;
    setMessages((now) => [...now.slice(-2), { id, text, kind }]);
    setTimeout(() => setMessages((now) => now.filter((one) => one.id !== id)), kind === "error" ? SAID_MS * 2 : SAID_MS);
  }

  async function enter() {
    try {
      const [session, info] = await Promise.all([client.api.session(), client.api.info()]);
      client.who.csrf = session.csrf;
      client.connect();
      await client.settled(SETTLE_MS);
      setEntry({ state: "in", info, problem: null });
      host?.accepted();
    } catch (error) {
      const problem = /** @type {import("./client.js").ServerProblem} */ (error);
      if (problem.status === 401 && host) host.tokenWanted(problem.message);
      setEntry({
        state: problem.status === 401 ? (host ? "waiting-for-panel" : "signed-out") : "failed",
        info: null,
        problem: problem.message,
      });
    }
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
              if (session.language) setLanguage(session.language);
              void enter();
            },
            onTheme: tint,
            onLanguage(tag) {
              setLanguage(tag);
              draw({});
            },
            onSelection: () => window.dispatchEvent(new Event("heygem-selection")),
          }),
    [],
  );

  useEffect(() => {
    if (!hostId) void signInByLink().then(enter, (error) => setEntry({ state: "signed-out", info: null, problem: error.message }));
    return client.subscribe(() => {
      if (client.state.connection !== "refused") return;
      host?.tokenWanted(client.state.refused?.message ?? t("signin.ended"));
      setEntry((now) =>
        now.state === "in"
          ? { ...now, state: host ? "waiting-for-panel" : "signed-out", problem: client.state.refused?.message ?? null }
          : now,
      );
    });
  }, []);
  useEffect(() => comeBackAwake(), []);
  useEffect(() => {
    // Renders go on without the page, uploads do not.
    const warn = (/** @type {Event} */ event) =>
      draft.value.items.some((item) => item.state === "sending" || item.state === "waiting") && event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, []);

  const toasts = html`<div class="toasts" role="status" aria-live="polite">${messages.map(
    (one) => html`<${Notice} key=${one.id}
    kind=${one.kind} onClose=${() => setMessages((now) => now.filter((other) => other.id !== one.id))}>${one.text}<//>`,
  )}</div>`;
  if (entry.state !== "in" || !entry.info)
    return html`<${Entrance} entry=${entry} onAgain=${() => void enter()}
    onCode=${async (/** @type {string} */ code) => {
      await client.api.signIn(code);
      await enter();
    }} />`;
  /** @type {App} */
  const app = { client, info: entry.info, host, say };
  return html`<${AppContext.Provider} value=${app}><${Shell} key=${language()} host=${host} onLook=${() => draw({})} />${toasts}<//>`;
}

/** The code in a sign-in link is used once and leaves the address at once. */
async function signInByLink() {
  const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1];
  if (!code) return;
  history.replaceState(null, "", location.pathname + location.search);
  await client.api.signIn(code);
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

/** @param {{entry: Entry, onAgain: () => void, onCode: (code: string) => Promise<void>}} props */
function Entrance({ entry, onAgain, onCode }) {
  if (entry.state === "signed-out")
    return html`<main id="main" class="entrance"><${SignIn} problem=${entry.problem} onCode=${onCode} />
    </main>`;
  return html`<main id="main" class="entrance"><div class="entrance-box"><${Brand} />
    ${
      entry.state === "failed"
        ? html`<${Notice} kind="error">${entry.problem}<//><${Button} icon="retry" onClick=${onAgain}>
      ${t("action.again")}<//>`
        : html`<p role="status">${t(entry.state === "starting" ? "action.loading" : "host.waiting")}</p>${
            entry.problem &&
            html`<p
        class="hint">${entry.problem}</p>`
          }`
    }</div></main>`;
}

const Brand = () => html`<span class="brand"><svg width="22" height="22" viewBox="0 0 20 20" aria-hidden="true" focusable="false"><rect
  x="1" y="1" width="18" height="18" rx="5" class="brand-box" /><path d="M4 10q3-3.2 6-1.6Q13 6.8 16 10q-3 4-6 4t-6-4z"
    class="brand-lips" /></svg><span>HeyGem Bridge</span></span>`;

/** @param {{host: import("./host.js").HostLink | null, onLook: () => void}} props */
function Shell({ host, onLook }) {
  const { view, id } = useStore(route);
  const connection = useLive((state) => state.connection);
  const notice = useLive((state) => state.notice);
  const consent = useLive((state) => state.consents[0]);
  const waiting = useLive((state) => Object.values(state.jobs).filter((job) => UNFINISHED.has(job.state)).length);
  const main = useRef(/** @type {HTMLElement | null} */ (null));
  const first = useRef(true);
  useEffect(() => {
    document.title = `${t(/** @type {Key} */ (`nav.${view === "take" ? "results" : view}`))} – HeyGem Bridge`;
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
    if (view !== "results" && main.current) main.current.scrollTop = 0;
  }, [view, id]);
  /** @type {("host" | "new" | "queue" | "results")[]} */
  const views = [host ? "host" : "new", "queue", "results"];
  return html`
    <a class="skip" href="#main" onClick=${(/** @type {Event} */ event) => {
      event.preventDefault();
      main.current?.focus();
    }}>
      ${t("nav.skip")}</a>
    <header class="top">
      ${!host && html`<${Brand} />`}
      <nav aria-label=${t("nav.title")}>${views.map(
        (one) => html`<a key=${one} href=${hashOf(one)}
        aria-current=${one === view || (view === "take" && one === "results") ? "page" : undefined}>
          ${t(`nav.${one}`)}${one === "queue" && waiting > 0 && html` <span class="count">${waiting}</span>`}</a>`,
      )}</nav>
      <span class="spacer"></span>
      <${ConnectionSign} connection=${connection} />
      ${!host && html`<${Look} onLook=${onLook} />`}
    </header>
    ${notice && html`<${Notice} kind="warn">${notice}<//>`}
    <main id="main" ref=${main} tabindex="-1" class=${connection === "open" ? "" : "not-live"}>
      ${
        view === "host" && host
          ? html`<${HostPage}
        host=${host} />`
          : view === "queue"
            ? html`<${QueueView} />`
            : view === "results"
              ? html`<${ResultsView} />`
              : view === "take" && id
                ? html`<${TakePage} id=${id} />`
                : html`<${NewView} />`
      }
    </main>
    ${consent && html`<${Consent} key=${consent.folder} folder=${consent.folder} wantedBy=${consent.wanted_by} />`}`;
}

/** @param {{connection: import("./client/reducer.js").Connection}} props */
function ConnectionSign({ connection }) {
  const kind = connection === "open" ? "good" : "warn";
  return html`<span class="connection ${connection}" role="status"><${Badge} kind=${kind}><span class="dot"></span>
    ${t(/** @type {Key} */ (`connection.${connection}`))}<//></span>`;
}

/** @param {{onLook: () => void}} props */
const Look = ({ onLook }) => html`<div class="row look">
  <${Select} id="language" name=${t("nav.language")} value=${language()}
    options=${LANGUAGES.map((tag) => [tag, tag === "en" ? "English" : "简体中文"])}
      onChange=${(/** @type {string} */ tag) => {
        remember("language", tag);
        setLanguage(tag);
        onLook();
      }} />
  <${IconButton} name=${t(themeNow() === "dark" ? "nav.light" : "nav.dark")} icon=${themeNow() === "dark" ? "sun" : "moon"}
    onClick=${() => {
      chooseTheme(themeNow() === "dark" ? "light" : "dark");
      onLook();
    }} />
</div>`;

/** @param {{folder: string, wantedBy: string}} props */
function Consent({ folder, wantedBy }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(/** @type {string | null} */ (null));
  const dismiss = () => client.dispatch({ type: "consent.answered", folder });
  async function allow() {
    setBusy(true);
    await client.allow(folder).catch((error) => setProblem(error.message));
    setBusy(false);
  }
  const footer = html`<${Button} onClick=${dismiss}>${t("consent.no")}<//><${Button} kind="primary" busy=${busy} onClick=${allow}>
    ${t("consent.yes")}<//>`;
  return html`<${Dialog} title=${t("consent.title")} onClose=${dismiss} footer=${footer}>
    <p>${t("consent.text", { who: wantedBy })}</p><p class="path"><${Icon} name="folder" size=${16} /> ${folder}</p><p class="hint">
      ${t("consent.hint")}</p>
    ${problem && html`<${Notice} kind="error">${problem}<//>`}<//>`;
}

applyTheme();
startRouting(hostId ? "host" : "new");
render(html`<${Page} />`, /** @type {HTMLElement} */ (document.getElementById("page")));
