"""The page under the eye and the clock; needs Chromium and Playwright.

`python -m benchmarks.page` measures how fast the page is with a long history (about a minute): a real server, one real take, and its row
in the database two thousand times, of five hundred jobs; every card asks for its own picture, which the server has made once. For the
history and the queue it prints the time to the first card with a picture, how many cards the document holds, the frames a second and the
longest task while it is scrolled through, and what the page holds in memory before and after, swept each time.

`python -m benchmarks.page shots FOLDER` takes pictures of every moment of the page (`page_moments`), in each language, theme and width.

`python -m benchmarks.page opening` measures how long it takes from opening a take until its address is known, its header is read and its
picture moves, for H.264, and for ProRes whose copy is made then or was made when it was delivered.
"""

from __future__ import annotations

import argparse
import itertools
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from heygem_core.shot import from_json, to_json
from heygem_server.wire import TakeView
from tests import actors
from tests.browser import CHROMIUM, MISSING, launched
from tests.web.clips import make_clips
from tests.web.running import RunningServer, open_page

from .page_moments import LANGUAGES, MOMENTS, THEMES, WIDTHS

_SCROLL = """([seconds, patience]) => new Promise((done) => {
  const main = document.getElementById("main");
  const gaps = [], tasks = [], began = performance.now();
  const watched = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => entry.duration)));
  watched.observe({ type: "longtask" });
  let last = began, down = 1, lowest = 0;
  const step = (now) => {
    gaps.push(now - last);
    main.scrollTop += down * main.clientHeight * 2 * (now - last) / 1000;
    if (main.scrollTop + main.clientHeight >= main.scrollHeight - 1) down = -1;
    if (main.scrollTop <= 0) down = 1;
    lowest = Math.max(lowest, main.scrollTop + main.clientHeight);
    last = now;
    if (now - began < seconds * 1000) return requestAnimationFrame(step);
    setTimeout(() => { watched.disconnect(); done({ gaps: gaps.slice(1), tasks, lowest, height: main.scrollHeight }); }, patience);
  };
  requestAnimationFrame(step);
})"""

_PAINTS = "() => Object.fromEntries(performance.getEntriesByType('paint').map((entry) => [entry.name, entry.startTime]))"
_FIRST_CARD = """(cards) => new Promise((done) => {
  const drawn = (one) => !(one instanceof HTMLImageElement) || (one.complete && one.naturalWidth);
  const shown = () => [...document.querySelectorAll(cards)].some(drawn);
  const look = () => shown() ? done(performance.now()) : requestAnimationFrame(look);
  look();
})"""
_MOVES = """(id) => new Promise((done) => {
  const began = performance.now();
  const at = {};
  const seen = (what) => { at[what] ??= performance.now() - began; };
  location.hash = `#/take/${id}`;
  const look = () => {
    const video = document.querySelector("video.after");
    if (video?.src) {
      seen("address");
      video.muted = true;
      video.play().catch(() => {});
      if (video.readyState >= 1) seen("header");
      if (video.readyState >= 2 && video.currentTime > 0) {
        seen("moves");
        return done(at);
      }
    }
    requestAnimationFrame(look);
  };
  look();
})"""
_SETTLE_MS = 250
_PATIENCE_MS = 120_000  # of pictures: this measures nothing


@contextmanager
def served() -> Iterator[tuple[RunningServer, Any, Path]]:
    """A server with tiny clips, and a browser."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        media = Path(folder, "media")
        media.mkdir()
        server = RunningServer(Path(folder), make_clips(actors.people(), media))
        server.start()
        browser = launched(playwright)
        try:
            yield server, browser, media
        finally:
            browser.close()
            server.stop()


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


def multiply_jobs(server: RunningServer, job: str, count: int) -> None:
    """Adds `count` - 1 copies of an ended job to a stopped server, and gives each its share of the takes."""
    with sqlite3.connect(server.home / "data" / "heygem.sqlite3") as connection:
        connection.row_factory = sqlite3.Row
        own = dict(connection.execute("SELECT * FROM jobs WHERE id = ?", (job,)).fetchone())
        shot = dict(connection.execute("SELECT * FROM shots WHERE job = ?", (job,)).fetchone())
        takes = [row[0] for row in connection.execute("SELECT id FROM takes WHERE job = ? ORDER BY created", (job,))][:-1]
        newest = own["number"]
        connection.execute("UPDATE jobs SET number = ? WHERE id = ?", (newest + count, job))
        for k in range(count - 1):
            made, its = f"c{k:016x}", f"d{k:016x}"
            earlier = own["created"] - 60.0 * (count - k)
            _insert(
                connection,
                "jobs",
                own | {"id": made, "number": newest + k, "name": f"batch {k:04}", "created": earlier, "updated": earlier},
            )
            _insert(connection, "shots", shot | {"id": its, "number": None, "job": made})
            for take in takes[k :: count - 1]:
                connection.execute("UPDATE takes SET job = ?, shot = ? WHERE id = ?", (made, its, take))
    connection.close()


def _insert(connection: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))


def history(options: argparse.Namespace) -> None:
    with served() as (server, browser, _):
        take = server.a_take()
        server.stop()
        multiply(server, take, options.takes)
        multiply_jobs(server, take["job"], options.jobs)
        server.start()
        server.have_poster(take)
        for view, cards, first in (("results", ".card", ".card img"), ("queue", ".job", ".job")):  # a job that has ended has no picture
            page, _ = open_page(browser, server)
            page.goto(f"{server.url}/#/{view}")
            page.reload()
            first_card = page.evaluate(_FIRST_CARD, first)
            paints = page.evaluate(_PAINTS)
            session = page.context.new_cdp_session(page)
            before = _held(session)
            seen = page.evaluate(_SCROLL, [options.seconds, _SETTLE_MS])
            after = _held(session)
            gaps = sorted(seen["gaps"])
            at = lambda share: gaps[min(len(gaps) - 1, int(len(gaps) * share))]  # noqa: B023, E731
            print(f"{view}: {options.takes} takes, {options.jobs} jobs")
            print(f"  first contentful paint              {paints.get('first-contentful-paint', float('nan')):.0f} ms")
            print(f"  first card, with its picture if any {first_card:.0f} ms")
            print(f"  cards in the document               {page.locator(cards).count()}")
            print(f"  scrolled through                    {seen['lowest']:.0f} of {seen['height']:.0f} px")
            print(f"  frames while scrolling              {len(gaps) / sum(gaps) * 1000:.1f} a second over {sum(gaps) / 1000:.1f} s")
            print(f"  time of a frame, median/95 %/99 %   {at(0.5):.1f} / {at(0.95):.1f} / {at(0.99):.1f} ms")
            print(f"  tasks over 50 ms                    {len(seen['tasks'])}, the longest {max(seen['tasks'], default=0):.0f} ms")
            print(
                f"  held before and after               {before[0]:.1f} and {after[0]:.1f} MB, {before[1]} and {after[1]} nodes", flush=True
            )
            page.context.close()


def _held(session: Any) -> tuple[float, int]:
    """(MB of the page's own memory, nodes of documents), swept first."""
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    return metrics["JSHeapUsedSize"] / 1e6, int(metrics["Nodes"])


def shots(options: argparse.Namespace) -> None:
    options.folder.mkdir(parents=True, exist_ok=True)
    wanted = options.only or list(MOMENTS)
    with served() as (server, browser, media):
        server.a_take()
        server.finished(server.submit(name="second")["job"]["id"])
        for name in wanted:
            view, reach = MOMENTS[name]
            for language in options.languages:
                page, _ = open_page(browser, server, view=view)
                page.set_default_timeout(_PATIENCE_MS)
                page.evaluate("language => localStorage.setItem('heygem.language', language)", language)
                page.reload()
                reach(page, server, media)
                for theme, width in itertools.product(THEMES, WIDTHS):
                    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
                    page.set_viewport_size({"width": width, "height": 900})
                    page.wait_for_timeout(_SETTLE_MS)
                    page.screenshot(path=options.folder / f"{name}-{language}-{theme}-{width}.png")
                page.context.close()
                if not server.is_up():
                    server.start()
            print(name, flush=True)


def opening(options: argparse.Namespace) -> None:
    with served() as (server, browser, _):
        made: dict[str, list[str]] = {"h264": [], "prores": []}
        for name, take in itertools.product(made, range(options.takes_each)):
            job = server.submit(settings={"format": name, "fit": "hold", "intensity": 1.01 + take / 1000}, name=f"{name} {take}")["job"]
            delivered = server.finished(job["id"])["shots"][0]["takes"][0]
            server.have_poster(delivered)
            made[name].append(delivered["id"])
        page, _ = open_page(browser, server, view="results")
        print(f"Milliseconds until … of {options.takes_each} takes, median and worst")
        for what, takes in (("H.264", made["h264"]), ("ProRes, copy made then", made["prores"]), ("ProRes, copy there", made["prores"])):
            seen = []
            for take in takes:
                page.goto(f"{server.url}/#/results")
                page.locator(".card img").first.wait_for()
                page.wait_for_timeout(_SETTLE_MS)
                seen.append(page.evaluate(_MOVES, take))
            times = {step: sorted(each[step] for each in seen) for step in ("address", "header", "moves")}
            print(
                f"{what:24}" + "  ".join(f"{step} {statistics.median(all_):4.0f} / {all_[-1]:4.0f}" for step, all_ in times.items()),
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description="The page under the eye and the clock.")
    parser.add_argument("--takes", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=12.0, help="of scrolling")
    parser.set_defaults(run=history)
    kinds = parser.add_subparsers()
    pictures = kinds.add_parser("shots", help="pictures of every moment")
    pictures.add_argument("folder", type=Path, nargs="?", default=Path("build/shots"))
    pictures.add_argument("--only", nargs="+", choices=list(MOMENTS))
    pictures.add_argument("--languages", nargs="+", choices=LANGUAGES, default=LANGUAGES)
    pictures.set_defaults(run=shots)
    opened = kinds.add_parser("opening", help="from opening a take to a moving picture")
    opened.add_argument("--takes-each", type=int, default=5)
    opened.set_defaults(run=opening)
    options = parser.parse_args()
    if CHROMIUM is None:
        sys.exit(f"{MISSING}.")
    options.run(options)


if __name__ == "__main__":
    main()
