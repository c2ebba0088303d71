"""Fills the pages in while mkdocs builds: reference made from the program, and files of the repository that are shown as they are.

A page holds a line `<!-- generated: NAME -->` (see `generated.GENERATED`) or `<!-- include: PATH -->`, PATH from the repository's root.
An unknown name or a missing file ends the build.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from generated import GENERATED, api_document
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

REPOSITORY = Path(__file__).resolve().parent.parent
_MARKER = re.compile(r"^<!-- (generated|include): (\S+) -->$", re.MULTILINE)
_TITLE = re.compile(r"\A# .*\n+")


def on_files(files: Files, config: Any) -> Files:
    """Adds the API document beside the page about it."""
    files.append(File.generated(config, "reference/openapi.json", content=api_document()))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    return _MARKER.sub(lambda found: _included(found[2]) if found[1] == "include" else _generated(found[2]), markdown)


def _generated(name: str) -> str:
    if name not in GENERATED:
        raise PluginError(f"Nothing generated is called “{name}”: there is {', '.join(sorted(GENERATED))}.")
    return GENERATED[name]()


def _included(path: str) -> str:
    """A Markdown file without its title: the page that includes it has its own."""
    try:
        return _TITLE.sub("", (REPOSITORY / path).read_text(encoding="utf-8"))
    except OSError as error:
        raise PluginError(f"“{path}” cannot be included ({error.strerror}).") from error
