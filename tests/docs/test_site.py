"""The built pages hold the whole reference and load nothing from other hosts."""

from __future__ import annotations

import html
import json
import re
import threading
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from heygem_core import errors
from heygem_core.media.deliverables import DELIVERABLES
from heygem_core.messages import catalogue
from heygem_server import cli
from heygem_server.settings import ServerSettings
from heygem_server.timeline.formats.registry import FORMATS as TIMELINE_FORMATS
from tests.browser import CHROMIUM, MISSING, launched

from ..conftest import REPOSITORY


def text_of(page: Path) -> str:
    """What a reader sees, in one line."""
    markup = re.sub(r"<(script|style)\b.*?</\1>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def _below(parser) -> list:  # type: ignore[no-untyped-def, type-arg]
    """All parsers of the command line that run something."""
    choices = [action.choices for action in parser._actions if isinstance(action.choices, dict) and action.dest == "==SUPPRESS=="]
    return [each for names in choices for below in names.values() for each in _below(below)] or [parser]


def test_every_subcommand_and_each_of_its_options_is_in_the_reference(site: Path) -> None:
    text = text_of(site / "reference" / "command-line.html")
    parsers = _below(cli.make_parser())
    assert len(parsers) >= 13
    for parser in parsers:
        assert parser.prog in text
        for action in parser._actions:
            assert all(name in text for name in action.option_strings if name not in ("-h", "--help")), (parser.prog, action)


def test_every_setting_is_in_the_reference_by_each_of_its_names(site: Path) -> None:
    text = text_of(site / "reference" / "settings.html")
    for field in msgspec.structs.fields(ServerSettings):
        assert re.search(rf"\b{field.name}\b", text), field.name
        assert f"HEYGEM_{field.name.upper()}" in text


def test_a_default_that_depends_on_the_machine_is_told_in_words(site: Path) -> None:
    assert str(Path.home()) not in text_of(site / "reference" / "settings.html")


def test_every_variable_of_the_environment_that_is_read_is_in_the_reference(site: Path) -> None:
    text = text_of(site / "reference" / "settings.html")
    files = [file for folder in ("heygem_core", "server", "plugins") for file in (REPOSITORY / folder).rglob("*.py")]
    named = {name for file in files for name in re.findall(r"\bHEYGEM_[A-Z_]+[A-Z]\b", file.read_text(encoding="utf-8"))}
    assert {"HEYGEM_CACHE", "HEYGEM_CONFIG"} <= named
    assert [name for name in sorted(named) if name not in text] == []


def test_every_error_stands_beside_its_exit_code(site: Path) -> None:
    text = text_of(site / "reference" / "exit-codes.html")
    named = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.HeygemError)]
    for kind in named:
        if kind is not errors.HeygemError:
            assert f"{kind.exit_code} {kind.__name__} " in text
    assert f"{errors.EXIT_BUG} " in text


def test_every_route_and_every_struct_that_travels_is_in_the_reference(site: Path) -> None:
    described = json.loads((site / "reference" / "openapi.json").read_bytes())
    text = text_of(site / "reference" / "api.html")
    for path, methods in described["paths"].items():
        assert all(f"{method.upper()} {path}" in text for method in methods)
    for name, schema in described["components"]["schemas"].items():
        assert name in text
        assert all(field in text for field in schema.get("properties", ())), name


def test_every_format_of_takes_is_in_the_reference(site: Path) -> None:
    text = text_of(site / "reference" / "formats.html")
    assert all(f"{row.name} {row.title}" in text for row in DELIVERABLES.all().values())


def test_every_message_is_in_the_reference(site: Path) -> None:
    text = text_of(site / "reference" / "messages.html")
    assert all(code in text for code in catalogue("en"))


def test_every_timeline_format_is_on_the_page_about_timelines(site: Path) -> None:
    text = text_of(site / "timelines.html")
    assert all(f"{row.name} {row.title} {row.suffixes[0]}" in text for row in TIMELINE_FORMATS.all().values())


class _Loads(HTMLParser):
    """The addresses that a page loads by itself; links that a reader may follow are none."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "link":
            self.found.append(given.get("href") or "")
        elif tag != "a":
            self.found += [given.get("src") or "", given.get("data") or "", given.get("poster") or ""]


def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert pages
    for page in pages:
        loads = _Loads()
        loads.feed(page.read_text(encoding="utf-8"))
        assert [address for address in loads.found if re.match(r"(\w+:)?//", address)] == [], page
    for sheet in site.rglob("*.css"):
        loaded = re.findall(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')]+)""", sheet.read_text(encoding="utf-8"))
        assert loaded == [], sheet


def test_a_browser_that_reads_and_searches_asks_no_other_host(site: Path) -> None:
    if CHROMIUM is None:
        pytest.skip(MISSING)
    from playwright.sync_api import sync_playwright

    served = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=str(site)))
    threading.Thread(target=served.serve_forever, daemon=True).start()
    own, asked = f"http://127.0.0.1:{served.server_port}/", []
    try:
        with sync_playwright() as playwright:
            browser = launched(playwright)
            page = browser.new_page()
            page.on("request", lambda request: asked.append(request.url))
            for path in ("index.html", "reference/command-line.html", "reference/api.html"):
                page.goto(own + path)
            page.locator(".md-search__input").fill("intensity")
            page.locator(".md-search-result__item").first.wait_for(timeout=60_000)
            browser.close()
    finally:
        served.shutdown()
        served.server_close()
    assert len(asked) > 10
    assert [url for url in asked if not url.startswith((own, "data:", "blob:"))] == []


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass
