/** Dark or light, and the language: what the person chose, else what the system says; in a panel what the editor says. */

import { languageOf, loadLanguages, setLanguage } from "./text.js";

/** @param {"theme" | "language"} what @returns {string | null} */
function remembered(what) {
  try {
    return localStorage.getItem(`heygem.${what}`);
  } catch {
    return null; // a frame without storage
  }
}

/** @param {"theme" | "language"} what @param {string} value */
export function remember(what, value) {
  try {
    localStorage.setItem(`heygem.${what}`, value);
  } catch {
    // a frame without storage: it lasts as long as the page
  }
}

/** @returns {"dark" | "light"} */
export const themeNow = () => (document.documentElement.dataset.theme === "light" ? "light" : "dark");

/** @param {"dark" | "light"} theme */
export function chooseTheme(theme) {
  document.documentElement.dataset.theme = theme;
  remember("theme", theme);
}

const system = matchMedia("(prefers-color-scheme: light)");

/** Until somebody chooses, the page is as the system is, also when that changes. @param {() => void} onChange */
export function followSystem(onChange) {
  const look = () => {
    if (remembered("theme")) return;
    document.documentElement.dataset.theme = system.matches ? "light" : "dark";
    onChange();
  };
  system.addEventListener("change", look);
  return () => system.removeEventListener("change", look);
}

export async function applyTheme() {
  const chosen = remembered("theme") ?? (system.matches ? "light" : "dark");
  document.documentElement.dataset.theme = chosen === "light" ? "light" : "dark";
  await loadLanguages();
  await setLanguage(remembered("language") ?? languageOf(navigator.languages ?? [navigator.language]));
}

/**
 * The editor's own colour becomes the page's ground, if it suits the mode; text keeps its contrast.
 * @param {import("./host.js").Theme} theme
 */
export function tint({ mode, background }) {
  const root = document.documentElement;
  root.dataset.theme = mode === "light" ? "light" : "dark";
  const found = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(background ?? "");
  const light = found ? found.slice(1).reduce((sum, part) => sum + parseInt(part, 16), 0) / 3 : -1;
  const suits = mode === "light" ? light >= 225 : light >= 0 && light <= 50;
  if (suits && background) root.style.setProperty("--ground", background);
  else root.style.removeProperty("--ground");
}
