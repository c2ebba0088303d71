/**
 * A picture of the server. One that does not come leaves the ground below it bare: a browser's sign for it tells nobody anything. One that
 * goes before it has come is not waited for: a browser has few connections, and what is opened next needs one.
 */

import { html, useEffect, useRef, useState } from "./html.js";

/** @param {{url: string, onError: () => unknown, kind?: string, alt?: string}} props kind: class of its look. alt: nothing where words beside it say the same */
export function Picture({ url, onError, kind = "", alt = "" }) {
  const [broken, setBroken] = useState(/** @type {string | null} */ (null));
  const image = useRef(/** @type {HTMLImageElement | null} */ (null));
  useEffect(() => {
    const shown = image.current;
    return () => void (shown && !shown.complete && shown.removeAttribute("src"));
  }, []);
  return html`<img ref=${image} src=${url} alt=${alt} loading="lazy" decoding="async" class="${kind} ${broken === url ? "broken" : ""}"
    onError=${() => {
      setBroken(url);
      onError();
    }} />`;
}
