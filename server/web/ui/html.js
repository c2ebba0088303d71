/** The page's one binding to its library: Preact with htm. Values in a template become text nodes or properties, never HTML. */

import { createContext, Fragment, h, render } from "../vendor/preact.js";
import htm from "../vendor/htm.js";

export { createContext, Fragment, render };
export { useCallback, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/hooks.js";

/** @typedef {import("preact").ComponentChildren} Children */

/**
 * A component that is drawn again only when one of its properties changed.
 * @template P @param {(props: P) => import("preact").VNode<any>} component @returns {(props: P) => import("preact").VNode<any>}
 */
export function memo(component) {
  /** @this {any} @param {any} props */
  function Kept(props) {
    this.shouldComponentUpdate = (/** @type {any} */ next) =>
      Object.keys(next).length !== Object.keys(this.props).length ||
      Object.keys(next).some((key) => !Object.is(next[key], this.props[key]));
    return h(/** @type {any} */ (component), props);
  }
  return /** @type {any} */ (Kept);
}

export const html = /** @type {(strings: TemplateStringsArray, ...values: unknown[]) => import("preact").VNode<any>} */ (
  /** @type {unknown} */ (htm.bind(h))
);
