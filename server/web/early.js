// Before the first paint, and so not a module: the theme that somebody chose, lest a light page flashes dark.
try {
  if (localStorage.getItem("heygem.theme") === "light") document.documentElement.dataset.theme = "light";
} catch {
  // a frame without storage keeps the dark theme
}
