/**
 * The word that a signed-in browser's pages send with all they ask. A browser brings its cookie to every port of this machine; what is
 * stored here only pages of this very address can read. It is told at the sign-in and never again, and all tabs share it.
 */

const PLACE = "heygem.word";

/** For a browser without storage: as long as the page lives. @type {string | null} */
let here = null;

/** @returns {string | null} null = nobody signed in here */
export function word() {
  try {
    return localStorage.getItem(PLACE) ?? here;
  } catch {
    return here;
  }
}

/** @param {string} told */
export function remember(told) {
  here = told;
  try {
    localStorage.setItem(PLACE, told);
  } catch {
    // kept in memory
  }
}

/** Nobody is signed in here any more. */
export function forget() {
  here = null;
  try {
    localStorage.removeItem(PLACE);
  } catch {
    // kept in memory
  }
}

/** Tells when another tab has signed in. @param {() => void} listener @returns {() => void} unsubscribe */
export function onOtherTab(listener) {
  const heard = (/** @type {StorageEvent} */ event) => {
    if (event.key === PLACE && event.newValue !== null) listener();
  };
  window.addEventListener("storage", heard);
  return () => window.removeEventListener("storage", heard);
}
