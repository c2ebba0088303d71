/** Where in the page one is: `#/view/id`. The address is the only memory of it, so reload and history work by themselves. */

import { Store } from "./store.js";

/** @typedef {"new" | "queue" | "results" | "take" | "host" | "models" | "editors" | "server" | "docs" | "vote" | "nothing"} View "nothing": no such address */
/** @typedef {{view: View, id: string | null}} Route */

const VIEWS = new Set(["new", "queue", "results", "take", "host", "models", "editors", "server", "docs", "vote"]);

/** @param {string} hash @param {View} home @returns {Route} */
export function readRoute(hash, home) {
  const [view, id = null] = hash.replace(/^#\/?/, "").split("/");
  if (!VIEWS.has(view)) return { view: home, id: null };
  try {
    return { view: /** @type {View} */ (view), id: id && decodeURIComponent(id) };
  } catch {
    return { view: "nothing", id: null }; // “%” without two digits behind it
  }
}

/** @type {Store<Route>} */
export const route = new Store({ view: "new", id: null });

/** @param {View} view @param {string | null} [id] */
export function go(view, id = null) {
  location.hash = hashOf(view, id);
}

/** @param {View} view @param {string | null} [id] */
export const hashOf = (view, id = null) => `#/${view}${id ? `/${encodeURIComponent(id)}` : ""}`;

/** Follows the address. @param {View} home @returns {() => void} reads it at once, after it was replaced in silence */
export function startRouting(home) {
  const read = () => route.update(() => readRoute(location.hash, home));
  window.addEventListener("hashchange", read);
  read();
  return read;
}
