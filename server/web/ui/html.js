/** The page's one binding to its library: Preact with htm. Values in a template become text nodes or properties, never HTML. */

import { createContext, Fragment, h, render } from "../vendor/preact.js";
import htm from "../vendor/htm.js";

export { createContext, Fragment, render };
export { useCallback, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/hooks.js";

/** @typedef {import("preact").ComponentChildren} Children */

export const html = /** @type {(strings: TemplateStringsArray, ...values: unknown[]) => import("preact").VNode<any>} */ (
  /** @type {unknown} */ (htm.bind(h))
);
