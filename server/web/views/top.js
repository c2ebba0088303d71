/** The bar above every view: where one can go, also to each editor that is connected, and whether what is seen is live. */

import { html } from "../ui/html.js";
import { useLive, useStore } from "../ui/hooks.js";
import { Badge, IconButton, Select } from "../ui/parts.js";
import { Icon } from "../ui/icons.js";
import { editorName, shortName } from "../editors.js";
import { hashOf, route } from "../route.js";
import { language, languages, setLanguage, t } from "../text.js";
import { chooseTheme, remember, themeNow } from "../theme.js";
import { Brand } from "./entrance.js";

/** @typedef {import("../text.js").Key} Key */

const UNFINISHED = new Set(["queued", "active", "paused"]);

/** @param {{framed: boolean, onLook: () => void}} props framed: inside an editor's panel */
export function Top({ framed, onLook }) {
  const { view } = useStore(route);
  const connection = useLive((state) => state.connection);
  const waiting = useLive((state) => Object.values(state.jobs).filter((job) => UNFINISHED.has(job.state)).length);
  /** @type {("host" | "new" | "queue" | "results")[]} */
  const views = [framed ? "host" : "new", "queue", "results"];
  const isHere = (/** @type {string} */ one) => one === view || (view === "take" && one === "results");
  return html`<header class="top">
    ${!framed && html`<${Brand} />`}
    <nav aria-label=${t("nav.title")}>
      ${views.map(
        (one) => html`<a key=${one} href=${hashOf(one)} aria-current=${isHere(one) ? "page" : undefined}>
          ${t(`nav.${one}`)}${one === "queue" && waiting > 0 && html` <span class="count">${waiting}</span>`}</a>`,
      )}
      ${!framed && html`<${Editors} />`}
    </nav>
    <span class="spacer"></span>
    <${ConnectionSign} connection=${connection} />
    ${!framed && html`<${Ways} />`}
    ${!framed && html`<${Look} onLook=${onLook} />`}
  </header>`;
}

/** An ordinary page shows the way to each connected editor: Resolve has no panel that could frame the page. */
function Editors() {
  const { view, id } = useStore(route);
  const hosts = useLive((state) => state.hosts);
  return hosts.map(
    (host) => html`<a key=${host.id} class="nav-editor" href=${hashOf("host", host.id)} title=${editorName(host)}
      aria-current=${view === "host" && id === host.id ? "page" : undefined}>
      <${Icon} name="timeline" size=${16} /><span class="nav-app">${shortName(host.app)}</span>
      <span class="visually-hidden">›</span><span class="nav-project name">${host.project_name}</span></a>`,
  );
}

/** Ways to what is not needed for every render. */
function Ways() {
  const { view } = useStore(route);
  /** @type {["editors" | "server", import("../ui/icons.js").IconName][]} */
  const ways = [
    ["editors", "timeline"],
    ["server", "sliders"],
  ];
  return html`<span class="ways">${ways.map(
    ([one, icon]) => html`<a key=${one} class="icon-button" href=${hashOf(one)} aria-label=${t(`nav.${one}`)} title=${t(`nav.${one}`)}
      aria-current=${view === one ? "page" : undefined}><${Icon} name=${icon} size=${18} /></a>`,
  )}</span>`;
}

/** @param {{connection: import("../client/reducer.js").Connection}} props */
function ConnectionSign({ connection }) {
  const kind = connection === "open" ? "good" : "warn";
  return html`<span class="connection ${connection}" role="status"><${Badge} kind=${kind}><span class="dot"></span>
    ${t(/** @type {Key} */ (`connection.${connection}`))}<//></span>`;
}

/** @param {{onLook: () => void}} props */
const Look = ({ onLook }) => html`<div class="row look">
  <${Select} id="language" name=${t("nav.language")} value=${language()}
    options=${languages().map((one) => [one.tag, one.title])}
    onChange=${(/** @type {string} */ tag) => {
      remember("language", tag);
      void setLanguage(tag).then(onLook);
      onLook();
    }} />
  <${IconButton} name=${t(themeNow() === "dark" ? "nav.light" : "nav.dark")} icon=${themeNow() === "dark" ? "sun" : "moon"}
    onClick=${() => {
      chooseTheme(themeNow() === "dark" ? "light" : "dark");
      onLook();
    }} />
</div>`;
