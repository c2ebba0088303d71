/* A file becomes an item of our bins, once. importFiles says nothing reliable: the bin is looked at before and after. */
(function (h) {
  var TEAL = 9; // label of what came from here; clips get it from their item

  h.imported = function (project, sequence, path) {
    var root = h.binOfTakes(project);
    var found = root ? inBin(root, path) : null;
    var bin;
    if (found) {
      return found;
    }
    if (!new File(path).exists) {
      h.fail("FileGone", "panel.file-gone", { path: path });
    }
    bin = h.binOfToday(project, sequence);
    project.importFiles([path], true, bin, false);
    found = inBin(bin, path);
    if (!found) {
      h.fail("NotImported", "panel.premiere-not-imported-by-script", { path: path, bin: h.TAKES });
    }
    h.tried(function () { found.setColorLabel(TEAL); }, null);
    return found;
  };

  function inBin(bin, path) {
    var all = h.childrenOf(bin);
    var index, within;
    for (index = 0; index < all.length; index += 1) {
      within = h.isBin(all[index]) ? inBin(all[index], path) : null;
      if (within || h.samePath(h.pathOf(all[index]), path)) {
        return within || all[index];
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
