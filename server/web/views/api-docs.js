/** The API, readable: every route with what it takes and gives, from the document that the server makes of itself. Nothing is loaded from elsewhere. */

import { html, useState } from "../ui/html.js";
import { useApp, useTask } from "../ui/hooks.js";
import { Empty, Notice } from "../ui/parts.js";
import { Icon } from "../ui/icons.js";
import { t } from "../text.js";

/** @typedef {Record<string, any>} Schema of JSON Schema */
/** @typedef {{method: string, path: string, operation: any}} Operation */

const DOCUMENT = "openapi.json";
const [ANY, MAP] = ["any", "Record"]; // as TypeScript calls them
const METHODS = ["get", "post", "delete"];

const SIGN_IN = new Set(["prove", "sign-in", "sign-out", "session", "addresses", "sign-in-codes", "own-sign-in-codes", "tokens"]);

/**
 * The part of the API that a path belongs to: "/api/v1/jobs/{id}" is of "jobs". Parts of one path alone stand together.
 * @param {string} path @param {readonly string[]} paths all there are
 */
function partOfPath(path, paths) {
  const word = (/** @type {string} */ one) => /^\/api\/v1\/([a-z]+(?:-[a-z]+)*)/.exec(one)?.[1] ?? "";
  const own = word(path);
  if (SIGN_IN.has(own)) return "sign-in";
  return own && paths.filter((one) => word(one) === own).length > 1 ? own : "server";
}

/** The name of a schema that is meant, null = none of its own. @param {Schema} schema */
const named = (schema) => /\/schemas\/(.+)$/.exec(schema.$ref ?? "")?.[1] ?? null;

/** @param {string} name of a schema */
const anchor = (name) => `schema-${name}`;

/** @param {Event} event @param {string} name */
function show(event, name) {
  event.preventDefault(); // the address is the page's
  const found = document.getElementById(anchor(name));
  found?.closest("details")?.setAttribute("open", "");
  found?.setAttribute("open", "");
  found?.scrollIntoView({ block: "start" });
  found?.querySelector("summary")?.focus();
}

/** A type in short: "string", "Job[]", "a | b", a link for what has a name. @param {{schema: Schema | undefined}} props */
function Type({ schema }) {
  if (!schema) return html`<span>${ANY}</span>`;
  const name = named(schema);
  if (name) return html`<a href="#/docs" onClick=${(/** @type {Event} */ event) => show(event, name)}>${name}</a>`;
  const several = schema.anyOf ?? schema.oneOf;
  if (several)
    return html`<span>${several.map((/** @type {Schema} */ one, /** @type {number} */ k) => html`${k > 0 && " | "}<${Type} schema=${one} />`)}</span>`;
  if (schema.enum) return html`<span>${schema.enum.map((/** @type {unknown} */ value) => JSON.stringify(value)).join(" | ")}</span>`;
  if (schema.const !== undefined) return html`<span>${JSON.stringify(schema.const)}</span>`;
  if (schema.type === "array" && schema.prefixItems)
    return html`<span>[${schema.prefixItems.map((/** @type {Schema} */ one, /** @type {number} */ k) => html`${k > 0 && ", "}<${Type} schema=${one} />`)}]</span>`;
  if (schema.type === "array") return html`<span><${Type} schema=${schema.items} />[]</span>`;
  if (schema.type === "object" && schema.additionalProperties)
    return html`<span>${MAP}${" <"}<${Type} schema=${schema.additionalProperties} />${">"}</span>`;
  return html`<span>${schema.type ?? ANY}</span>`;
}

/** @param {{schema: Schema}} props */
function Fields({ schema }) {
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {});
  if (!fields.length) return html`<p class="api-type"><${Type} schema=${schema} /></p>`;
  return html`<div class="table-scroll"><table class="shot-table api-fields"><tbody>${fields.map(
    ([name, field]) => html`<tr key=${name}><th scope="row"><code>${name}</code></th><td><${Type} schema=${field} /></td>
      <td class="hint">${required.has(name) ? t("api.required") : field.default === undefined ? "" : t("api.default", { value: JSON.stringify(field.default) })}</td>
      <td class="hint">${field.description ?? ""}</td></tr>`,
  )}</tbody></table></div>`;
}

/** @param {{one: Operation}} props */
function Route({ one: { method, path, operation } }) {
  const body = operation.requestBody?.content;
  const [status, answer] = Object.entries(operation.responses).find(([code]) => code !== "default") ?? ["", {}];
  const [kind, given] = /** @type {[string, any]} */ (Object.entries(answer.content ?? {})[0] ?? ["", null]);
  return html`<details class="api-route"><summary><span class="method ${method}">${method.toUpperCase()}</span><code>${path}</code>
      <span class="api-summary">${operation.summary}</span></summary>
    <div class="api-body">
      ${operation.description && html`<p>${operation.description}</p>`}
      <p class="hint">${operation["x-scopes"]?.length ? t("api.scopes", { scopes: operation["x-scopes"].join(", ") }) : t("api.public")}</p>
      ${
        operation.parameters?.length > 0 &&
        html`<h3>${t("api.parameters")}</h3><div class="table-scroll"><table class="shot-table api-fields"><tbody>${operation.parameters.map(
          (/** @type {any} */ one) => html`<tr key=${one.in + one.name}><th scope="row"><code>${one.name}</code></th>
            <td><${Type} schema=${one.schema} /></td><td class="hint">${one.in}${one.required ? `, ${t("api.required")}` : ""}</td>
            <td class="hint">${one.description ?? ""}</td></tr>`,
        )}</tbody></table></div>`
      }
      ${body && html`<h3>${t("api.takes")}</h3>${Object.entries(body).map(([type, of]) => html`<p key=${type} class="api-type"><code>${type}</code> <${Type} schema=${of.schema} /></p>`)}`}
      <h3>${t("api.gives")}</h3><p class="api-type">${status} ${kind && html`<code>${kind}</code>`} ${given?.schema && html`<${Type} schema=${given.schema} />`}</p>
    </div></details>`;
}

export function ApiDocs() {
  const { client } = useApp();
  const [text, setText] = useState("");
  const found = useTask(async (signal) => (await client.api.send("GET", `/${DOCUMENT}`, undefined, { signal })).json(), []);
  const wanted = text.trim().toLowerCase();
  /** @type {Operation[]} */
  const all = Object.entries(found.value?.paths ?? {}).flatMap(([path, methods]) =>
    METHODS.flatMap((method) => (methods[method] ? [{ method, path, operation: methods[method] }] : [])),
  );
  const fits = all.filter(({ method, path, operation }) => `${method} ${path} ${operation.summary}`.toLowerCase().includes(wanted));
  const paths = all.map(({ path }) => path);
  const parts = [...new Set(fits.map(({ path }) => partOfPath(path, paths)))];
  const schemas = Object.entries(found.value?.components.schemas ?? {}).filter(([name]) => !wanted || name.toLowerCase().includes(wanted));
  return html`<div class="view api-view">
    <div class="view-head"><h1>${t("nav.docs")}</h1><div class="row">
      <label class="search"><${Icon} name="search" size=${16} /><span class="visually-hidden">${t("api.search")}</span>
        <input type="search" value=${text} placeholder=${t("api.search")}
          onInput=${(/** @type {Event} */ event) => setText(/** @type {HTMLInputElement} */ (event.target).value)} /></label>
      <a href="/api/v1/openapi.json" onClick=${(/** @type {Event} */ event) => void saveDocument(event, found.value)}>${DOCUMENT}</a></div></div>
    <p>${t("api.about")}</p>
    ${found.status === "error" && html`<${Notice} kind="error">${found.error.message}<//>`}
    ${found.status === "complete" && !fits.length && !schemas.length && html`<${Empty} icon="search" title=${t("api.none-fit")} />`}
    ${parts.map(
      (part) => html`<section key=${part} class="panel" aria-label=${part}><h2>${part}</h2>
        ${fits.filter(({ path }) => partOfPath(path, paths) === part).map((one) => html`<${Route} key=${one.method + one.path} one=${one} />`)}</section>`,
    )}
    ${
      schemas.length > 0 &&
      html`<section class="panel" aria-label=${t("api.schemas")}><h2>${t("api.schemas")} <span class="count">${schemas.length}</span></h2>
        ${schemas.map(
          ([name, schema]) => html`<details key=${name} id=${anchor(name)} class="api-route"><summary><code>${name}</code>
            <span class="api-summary">${schema.description ?? ""}</span></summary><div class="api-body"><${Fields} schema=${schema} /></div></details>`,
        )}</section>`
    }
  </div>`;
}

/** A link could not say who asks. @param {Event} event @param {unknown} value */
async function saveDocument(event, value) {
  event.preventDefault();
  const url = URL.createObjectURL(new Blob([JSON.stringify(value, null, 2)], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = DOCUMENT;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
