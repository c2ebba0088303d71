"""Finds the facts of media files in a child process: a file that crashes its decoder costs one clip, not the timeline.

`python -m heygem_server.timeline.facts` answers each line (a path as JSON) with a line: `MediaFacts`, or an error.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

from heygem_core import errors
from heygem_core.errors import HeygemError, NoPicture, UnreadableMedia
from heygem_core.machine.python_process import apart, python_module
from heygem_core.media.real_paths import hold_to_real_paths
from heygem_core.shot import from_json, to_json
from heygem_core.tasks.standard_input import own_input

from .conform_types import MediaFacts
from .limits import MEMORY_BYTES, limit_own

Facts = Callable[[Path], MediaFacts]
SECONDS_PER_FILE = 60.0
_CPU_S = 24 * 3600  # of all files together; each has its own limit
_REAL_PATHS = "--real-paths"


def read_facts(path: Path) -> MediaFacts:
    """Opens the file here. Raises: InputError."""
    from heygem_core.media.probe import probe

    try:
        info = probe(path)
    except NoPicture:
        return _sound_facts(path)
    times = None
    if info.variable:
        times = tuple(int(pts - info.frame_pts[0]) * info.time_base for pts in info.frame_pts)
    return MediaFacts(
        kind=info.kind,
        rate=info.rate,
        frames=info.frame_count,
        duration_s=info.duration,
        start_timecode=info.start_timecode,
        sound=info.sound is not None,
        sound_tracks=_channels(path),
        frame_times=times,
    )


def _sound_facts(path: Path) -> MediaFacts:
    from heygem_core.media.files import open_media
    from heygem_core.media.probe import probe_sound

    sound = probe_sound(path)
    with open_media(path) as container:
        reference = container.metadata.get("time_reference", "")
        duration = sound.duration or (Fraction(container.duration, 1_000_000) if container.duration else None)
    start = Fraction(int(reference), sound.sample_rate) if reference.isdigit() else None
    return MediaFacts(kind="sound", duration_s=duration, sound=True, sound_tracks=_channels(path), sound_start_s=start)


def _channels(path: Path) -> tuple[int, ...]:
    from heygem_core.media.sound import tracks_of_sound

    return tuple(len(track) for track in tracks_of_sound(path))


class FactsChild:
    """`Facts` by way of a child that is started when first asked, and again after a crash. Use as a context manager."""

    def __init__(self, *, real_paths: bool = False) -> None:
        """real_paths: files are opened only while no link stands on the way to them."""
        self._real_paths = real_paths
        self._child: subprocess.Popen[str] | None = None
        self._known: dict[Path, MediaFacts | HeygemError] = {}

    def __call__(self, path: Path) -> MediaFacts:
        """Raises: InputError."""
        if path not in self._known:
            self._known[path] = self._ask(path)
        answer = self._known[path]
        if isinstance(answer, HeygemError):
            raise answer
        return answer

    def __enter__(self) -> FactsChild:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()

    def _ask(self, path: Path) -> MediaFacts | HeygemError:
        child = self._child = self._child or _started(self._real_paths)
        assert child.stdin is not None
        assert child.stdout is not None
        watch = threading.Timer(SECONDS_PER_FILE, child.kill)
        watch.start()
        try:
            child.stdin.write(json.dumps(os.path.abspath(path)) + "\n")
            child.stdin.flush()
            line = child.stdout.readline()
        except OSError:
            line = ""
        finally:
            watch.cancel()
        if not line:
            self._stop()
            return UnreadableMedia("clip.decoder-fails", file=path.name)
        answer = json.loads(line)
        if "error" in answer:
            return getattr(errors, answer["error"], UnreadableMedia)(answer["message"])
        return from_json(line, MediaFacts)

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.communicate()


def _started(real_paths: bool) -> subprocess.Popen[str]:
    return subprocess.Popen(
        python_module("heygem_server.timeline.facts", *((_REAL_PATHS,) if real_paths else ())),
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        **apart(stdin=subprocess.PIPE),
    )


def _answer(path: Path) -> bytes:
    try:
        return to_json(read_facts(path))
    except HeygemError as error:
        return _refusal(type(error).__name__, str(error))
    except Exception as error:  # whatever a hostile file provokes is that file's failure
        return _refusal("UnreadableMedia", f"“{path.name}” cannot be read ({type(error).__name__}): export it again.")


def _refusal(kind: str, message: str) -> bytes:
    return json.dumps({"error": kind, "message": message}).encode()


def main() -> None:
    limit_own(MEMORY_BYTES, _CPU_S)
    if _REAL_PATHS in sys.argv[1:]:
        hold_to_real_paths(None)
    answers: Any = sys.stdout.buffer
    for line in own_input():
        answers.write(_answer(Path(json.loads(line))) + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
