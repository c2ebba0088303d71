/* A file becomes an item of our bin, once. importFiles says nothing reliable: the bin is looked at before and after. */
(function (h) {
  h.imported = function (project, path) {
    var bin = h.binOfTakes(project);
    var found = inBin(bin, path);
    if (found) {
      return found;
    }
    if (!new File(path).exists) {
      h.fail("FileGone", "panel.file-gone", { path: path });
    }
    project.importFiles([path], true, bin, false);
    found = inBin(bin, path);
    if (!found) {
      h.fail("NotImported", "panel.premiere-not-imported-by-script", { path: path, bin: h.TAKES });
    }
    return found;
  };

  function inBin(bin, path) {
    var all = h.childrenOf(bin);
    var index;
    for (index = 0; index < all.length; index += 1) {
      if (h.samePath(h.pathOf(all[index]), path)) {
        return all[index];
      }
    }
    return null;
  }

  /** Whether Premiere says that an item has sound; null = it does not say. Its project metadata has a column for it. */
  h.hasSound = function (media) {
    var text = h.tried(function () { return String(media.getProjectMetadata()); }, "");
    var match = /<[\w.]*:?Column\.Intrinsic\.AudioInfo>([^<]*)</.exec(text);
    if (!text) {
      return null;
    }
    return Boolean(match && match[1].replace(/\s/g, ""));
  };
}($.heygem));
