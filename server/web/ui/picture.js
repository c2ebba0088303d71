/** A picture of the server. One that does not come leaves the ground below it bare: a browser's sign for it tells nobody anything. */

import { html, useState } from "./html.js";

/** @param {{url: string, onError: () => unknown, kind?: string, alt?: string}} props kind: class of its look. alt: nothing where words beside it say the same */
export function Picture({ url, onError, kind = "", alt = "" }) {
  const [broken, setBroken] = useState(/** @type {string | null} */ (null));
  return html`<img src=${url} alt=${alt} loading="lazy" decoding="async" class="${kind} ${broken === url ? "broken" : ""}"
    onError=${() => {
      setBroken(url);
      onError();
    }} />`;
}
