"""Measures how fast the page is with a long history: `python -m benchmarks.page` (about a minute; needs Chromium and Playwright).

A real server, one real take, and its row in the database a thousand times: every card asks for its own picture, which the
server has made once. Prints the time to the first paint and to the first card with a picture, how many cards the document
holds, and the frames a second while the history is scrolled through by a screen's height every half second.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from heygem_core.shot import from_json, to_json
from heygem_server.wire import TakeView
from tests.web.clips import make_clips
from tests.web.conftest import CHROMIUM
from tests.web.running import RunningServer, open_page

_SCROLL = """(seconds) => new Promise((done) => {
  const main = document.getElementById("main");
  const gaps = [], began = performance.now();
  let last = began, down = 1;
  const step = (now) => {
    gaps.push(now - last);
    main.scrollTop += down * main.clientHeight * 2 * (now - last) / 1000;
    if (main.scrollTop + main.clientHeight >= main.scrollHeight - 1) down = -1;
    last = now;
    now - began < seconds * 1000 ? requestAnimationFrame(step) : done(gaps.slice(1));
  };
  requestAnimationFrame(step);
})"""

_PAINTS = "() => Object.fromEntries(performance.getEntriesByType('paint').map((entry) => [entry.name, entry.startTime]))"
_FIRST_CARD = """() => new Promise((done) => {
  const shown = () => [...document.querySelectorAll(".card img")].some((image) => image.complete && image.naturalWidth);
  const look = () => shown() ? done(performance.now()) : requestAnimationFrame(look);
  look();
})"""


def multiply(server: RunningServer, take: dict[str, Any], count: int) -> None:
    """Adds `count` copies of a take to the history of a stopped server."""
    with sqlite3.connect(server.home / "data" / "heygem.sqlite3") as connection:
        row = connection.execute("SELECT job, shot, path, size_bytes, view FROM takes WHERE id = ?", (take["id"],)).fetchone()
        view = from_json(row[4], TakeView)
        for k in range(count - 1):
            made = msgspec.structs.replace(
                view, id=f"b{k:016x}", name=f"interview {k:04} – scene {k % 37}.mp4", created=view.created - 60.0 * (count - k)
            )
            connection.execute(
                "INSERT INTO takes (id, job, shot, path, size_bytes, created, view) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (made.id, *row[:4], made.created, to_json(made).decode()),
            )
    connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast the page is with a long history.")
    parser.add_argument("--takes", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=12.0, help="of scrolling")
    options = parser.parse_args()
    clips = Path(os.environ.get("HEYGEM_CLIPS", "../shared/clips"))
    if not clips.is_dir() or CHROMIUM is None:
        sys.exit("This measure needs clips of people ($HEYGEM_CLIPS) and Chromium.")
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        media = Path(folder, "media")
        media.mkdir()
        server = RunningServer(Path(folder), make_clips(clips, media))
        server.start()
        take = server.a_take()
        server.stop()
        multiply(server, take, options.takes)
        server.start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            page, _ = open_page(browser, server)
            page.goto(f"{server.url}/#/results")
            page.reload()
            first_card = page.evaluate(_FIRST_CARD)
            paints = page.evaluate(_PAINTS)
            gaps = sorted(page.evaluate(_SCROLL, options.seconds))
            cards = page.locator(".card").count()
            shown = page.locator("h1 .count").inner_text()
        finally:
            browser.close()
            server.stop()
    at = lambda share: gaps[min(len(gaps) - 1, int(len(gaps) * share))]  # noqa: E731
    print(f"takes in the history                {shown}")
    print(f"first contentful paint              {paints.get('first-contentful-paint', float('nan')):.0f} ms")
    print(f"first card with its picture         {first_card:.0f} ms")
    print(f"cards in the document               {cards}")
    print(f"frames while scrolling              {len(gaps) / sum(gaps) * 1000:.1f} a second over {sum(gaps) / 1000:.1f} s")
    print(f"time of a frame, median/95 %/99 %   {at(0.5):.1f} / {at(0.95):.1f} / {at(0.99):.1f} ms")


if __name__ == "__main__":
    main()
