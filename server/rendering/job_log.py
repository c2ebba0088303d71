"""The log of each job: one JSON line (`wire.LogLine`) for whatever somebody may want to know later. Read as text for people."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from heygem_core.errors import SpecError
from heygem_core.messages import Language, message_of, say
from heygem_core.printable import printable
from heygem_core.shot import from_json, to_json

from ..wire import LogLine

_LARGEST_BYTES = 5 << 20  # of one job; what comes after is left out


class JobLogs:
    """A folder with a file per job. Safe from any thread."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder, self._lock = folder, threading.Lock()
        self._newest: dict[str, int] = {}  # by job that was written to: the number of its last line

    def write(self, line: LogLine) -> LogLine:
        """The line with its number. A full disk loses the line, nothing else."""
        path = self._path(line.job)
        with self._lock:
            if line.job not in self._newest:
                known = [each.number for each in self.lines(line.job)]
                self._newest[line.job] = max([_mend_end(path), *known])
            self._newest[line.job] += 1
            line = msgspec.structs.replace(line, number=self._newest[line.job])
            with suppress(OSError):
                if not path.exists() or path.stat().st_size < _LARGEST_BYTES:
                    with path.open("ab") as file:
                        file.write(to_json(line) + b"\n")
        return line

    def lines(self, job: str) -> list[LogLine]:
        """Oldest first; a line that was cut off by a crash is left out."""
        found = []
        with suppress(FileNotFoundError):
            for number, text in enumerate(self._path(job).read_bytes().split(b"\n"), 1):
                with suppress(SpecError):
                    line = from_json(text, LogLine)  # lines of before have no number; where a full disk lost one, numbers run ahead
                    found.append(msgspec.structs.replace(line, number=line.number or number))
        return found

    def read(self, job: str, language: Language = "en") -> bytes:
        """As text, UTF-8."""
        return "".join(_text(line, language) for line in self.lines(job)).encode()

    def forget(self, job: str) -> None:
        with self._lock:
            self._newest.pop(job, None)
            self._path(job).unlink(missing_ok=True)

    def _path(self, job: str) -> Path:
        return self._folder / f"{''.join(letter for letter in job if letter.isalnum())}.jsonl"


def _mend_end(path: Path) -> int:
    """How many lines the file has, after a last one that a crash cut off was ended, so that the next one begins a line of its own."""
    try:
        text = path.read_bytes()
        if text and not text.endswith(b"\n"):
            with path.open("ab") as file:
                file.write(b"\n")
            return text.count(b"\n") + 1
    except OSError:
        return 0
    return text.count(b"\n")


def _text(line: LogLine, language: Language) -> str:
    said = printable(" ".join(say(message_of(line), language).splitlines()))
    return f"{_clock(line.at)} {line.level:7} {line.shot or '-'} {said}\n"


def _clock(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
