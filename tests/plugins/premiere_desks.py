"""A Premiere panel at work beside a real server: the CEP panel in Chromium, or the UXP panel's adapter and link, on a fake Premiere."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from heygem_plugins.installing import sources
from heygem_server.wire import HostCall
from tests.plugins.chromium import installed, panel_in_chromium
from tests.plugins.media import in_ticks
from tests.plugins.node import HERE, NodeProcess, run_node
from tests.plugins.premiere_scenes import NASTY, ONE_OCLOCK, RATES, TIMEBASES
from tests.plugins.real_server import RealServer, until

WEBSOCKET = ("--experimental-websocket", "--no-warnings")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A sequence's rate and where it starts; drop-frame where the rate knows it."""

    name: str  # "29.97"
    late: bool  # from one o'clock

    @property
    def rate(self) -> Fraction:
        return RATES[self.name]

    @property
    def timebase(self) -> int:
        return TIMEBASES[self.name]

    @property
    def first(self) -> int:
        return ONE_OCLOCK[self.name] if self.late else 0

    @property
    def drops(self) -> bool:
        return self.name in ("29.97", "59.94")

    @property
    def media_timecode(self) -> str:
        return "10:00:00;00" if self.drops else "10:00:00:00"


def setting(default: str) -> Setting:
    """What HEYGEM_RATE ("29.97") and HEYGEM_START ("zero" or "late") ask for."""
    return Setting(name=os.environ.get("HEYGEM_RATE", default), late=os.environ.get("HEYGEM_START", "late") == "late")


class Desk:
    """`sequence` is open in the fake; `tick` passes a moment of the panel's time."""

    host: str
    sound: str

    def __init__(self, server: RealServer, here: Setting, fake: NodeProcess, **size: int) -> None:
        self.server, self.setting, self.fake = server, here, fake
        about = {"name": NASTY, "timebase": str(here.timebase), "zeroPoint": str(here.first * here.timebase), **size}
        self.project: str = fake("project", name=NASTY)
        self.sequence: str = fake("sequence", **about, **self.display())

    def display(self) -> dict[str, int]:
        raise NotImplementedError

    def tick(self) -> None:
        raise NotImplementedError

    def clips(self, kind: str) -> list[tuple[int, dict[str, Any]]]:
        """(track from 1, clip with media, start, end, inPoint) of each."""
        raise NotImplementedError

    def untouched(self) -> str:
        """All that is not ours, to the last bit."""
        raise NotImplementedError

    def open_panel(self) -> None:
        raise NotImplementedError

    def lay(self, **given: Any) -> Any:
        """A clip: start, length and offset in frames."""
        for name in ("file", "nest"):
            if given.get(name):
                self.fake("known", file=given[name], facts=in_ticks(given[name]))
        return self.fake("clip", sequence=self.sequence, **given)

    def takes(self) -> list[tuple[int, int, int, int]]:
        """(track from 1, start, length, first frame of the file) of all clips that show a take."""
        found = []
        for track, clip in self.clips("video"):
            if clip["media"] and str(self.server.takes) in clip["media"]:
                start, end, first = (Fraction(int(clip[name]), self.setting.timebase) for name in ("start", "end", "inPoint"))
                assert (start.denominator, end.denominator, first.denominator) == (1, 1, 1), "not on a frame"
                found.append((track, int(start), int(end - start), int(first)))
        return sorted(found)

    def wait(self, ready: Callable[[], Any], seconds: float, otherwise: str) -> Any:
        return until(ready, seconds, otherwise, self.tick)

    def meanwhile(self, work: Callable[[], Any]) -> Any:
        """What `work` gives, done in a thread of its own while the panel lives on."""
        said: list[Any] = []

        def done() -> None:
            try:
                said.append(work())
            except Exception as problem:
                said.append(problem)

        thread = threading.Thread(target=done)
        thread.start()
        self.wait(lambda: not thread.is_alive(), 120, "no answer came")
        if isinstance(said[0], Exception):
            raise said[0]
        return said[0]

    def call(self, method: Any, *, opening: bool = False, **params: Any) -> Any:
        """By way of the server, as the page calls. opening: a panel is opening meanwhile, so what the call takes is not written down."""

        with self.server.client() as client:  # signing in is no part of the call

            def ask() -> Any:
                return client.call(self.host, HostCall(method=method, params=params, timeout_s=120))

            return self.meanwhile(ask) if opening else self.timed(method, ask)

    def timed(self, name: str, ask: Callable[[], Any]) -> Any:
        """What `ask` gives. How long it took goes to the file HEYGEM_LATENCIES, if there is one.

        Our share, the fake editor's, and that of the test's own bridge between browser and fake editor, which no real editor has.
        """
        before_ms, bridged_before_ms, took_ms = self.fake("busy"), self.bridged_ms(), 0.0

        def measured() -> Any:
            nonlocal took_ms
            began = time.perf_counter()
            answer = ask()
            took_ms = (time.perf_counter() - began) * 1000
            return answer

        answer = self.meanwhile(measured)
        if path := os.environ.get("HEYGEM_LATENCIES"):
            own_ms = self.fake("busy") - before_ms
            bridge_ms = max(0.0, self.bridged_ms() - bridged_before_ms - own_ms)
            ours_ms = took_ms - own_ms - bridge_ms
            with Path(path).open("a", encoding="utf-8") as file:
                said = {"panel": self.host, "call": name, "ours_ms": ours_ms, "editor_ms": own_ms, "bridge_ms": bridge_ms}
                file.write(json.dumps(said) + "\n")
        return answer

    def bridged_ms(self) -> float:
        """For which the panel waited at the test's bridge so far, the fake editor's own time included; 0 where there is none."""
        return 0.0

    def close(self) -> None:
        self.fake.close()


class CepDesk(Desk):
    host = "premiere-test"
    sound = "Audio"

    def __init__(self, server: RealServer, here: Setting, **size: int) -> None:
        super().__init__(server, here, NodeProcess(HERE / "fakes" / "premiere_process.js", {}), **size)
        self.panel = installed(server.folder, server.data)
        self.opened = ExitStack()
        self.page: Any = None

    def display(self) -> dict[str, int]:
        return {"displayFormat": 102 if self.setting.drops else 110}

    def tick(self) -> None:
        if self.page is None:
            time.sleep(0.05)
        else:
            self.page.wait_for_timeout(10)  # while it waits, Playwright answers the panel's calls

    def open_panel(self) -> None:
        self.page = self.opened.enter_context(panel_in_chromium(self.fake, self.panel, self.host))
        self.wait(lambda: self.is_connected(True), 30, "the panel never connected")

    def is_connected(self, wanted: bool) -> bool:
        return self.page.locator("#state").get_attribute("data-connected") == str(wanted).lower()

    def bridged_ms(self) -> float:
        return float(self.page.evaluate("window.bridgedMs"))

    def close_panel(self) -> None:
        self.page = None
        self.opened.close()

    def clips(self, kind: str) -> list[tuple[int, dict[str, Any]]]:
        seen = self.fake("picture", sequence=self.sequence)[kind]
        return [(track["number"], item) for track in seen for item in track["items"]]

    def untouched(self) -> str:
        ours = [clip["media"] for _, clip in self.clips("video") if clip["media"] and str(self.server.takes) in clip["media"]]
        return json.dumps(self.fake("picture", sequence=self.sequence, without=ours))

    def close(self) -> None:
        self.close_panel()
        super().close()


class UxpDesk(Desk):
    host = "uxp-test"
    sound = "audio"

    def __init__(self, server: RealServer, here: Setting, **size: int) -> None:
        if run_node(*WEBSOCKET, "-e", "new WebSocket('ws://127.0.0.1:1').onerror = () => {}").returncode:
            pytest.skip("Node 20 or later is needed for its WebSocket")
        panel = server.folder / "uxp panel"
        for name, content in sources.uxp_panel().items():  # as it is packed
            (panel / name).parent.mkdir(parents=True, exist_ok=True)
            (panel / name).write_bytes(content)
        picked = [{"nativePath": "/films/a.wav"}]
        kept = {"panel": str(panel), "without": ["export.promise-may-hang"], "picked": picked}  # pending: test_premiere_exporting.py
        super().__init__(server, here, NodeProcess(HERE / "fakes" / "uxp_process.js", kept, *WEBSOCKET), **size)

    def display(self) -> dict[str, int]:
        return {"display": 102 if self.setting.drops else 110}

    def tick(self) -> None:
        time.sleep(0.01)

    def open_panel(self) -> None:
        self.fake("live", serverFile=str(self.server.data / "server.json"))
        with self.server.client() as client:
            self.wait(lambda: self.host in [host.id for host in client.hosts()], 30, "the panel did not connect")

    def clips(self, kind: str) -> list[tuple[int, dict[str, Any]]]:
        media = {item["id"]: item["file"] for item in self.fake("media")}
        tracks = self.fake("state", sequence=self.sequence)[kind]
        return [(number, {**clip, "media": media.get(clip["media"])}) for number, track in enumerate(tracks, 1) for clip in track]

    def untouched(self) -> str:
        return json.dumps(self.fake("state", sequence=self.sequence))


DESKS: dict[str, type[CepDesk] | type[UxpDesk]] = {"cep": CepDesk, "uxp": UxpDesk}
