// Before the first paint, and so not a module: the theme that somebody chose, else the system's, lest a light page flashes dark.
{
  let chosen = null;
  try {
    chosen = localStorage.getItem("heygem.theme");
  } catch {
    // a frame without storage
  }
  if (chosen ? chosen === "light" : matchMedia("(prefers-color-scheme: light)").matches) document.documentElement.dataset.theme = "light";
}
