"""Blind votes between two takes, kept as a CSV that spreadsheets open."""

from __future__ import annotations

import csv
import io
import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from ..wire import TakeView, VoteRequest

COLUMNS = ("time", "voter", "first", "second", "choice", "first_take", "second_take", "first_engine", "second_engine", "source")
_MARK = "\ufeff"  # without it Excel takes UTF-8 for a Windows encoding
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would compute


class Votes:
    """Safe to call from any thread."""

    def __init__(self, data_folder: Path) -> None:
        self._file = data_folder / "votes.csv"
        self._writing = threading.Lock()

    def add(self, vote: VoteRequest, first: TakeView, second: TakeView, source: str) -> None:
        """A row more, on the disk when this returns. Raises: OSError."""
        at = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="seconds")
        engines = [str(take.settings.engine) for take in (first, second)]
        row = [at, vote.voter, first.name, second.name, vote.choice, first.id, second.id, *engines, source]
        with self._writing:
            new = not self._file.exists()
            with self._file.open("a", encoding="utf-8", newline="") as file:
                if new:
                    file.write(_MARK)
                    csv.writer(file).writerow(COLUMNS)
                csv.writer(file).writerow([_plain(cell) for cell in row])
                file.flush()
                os.fsync(file.fileno())

    def table(self) -> bytes:
        """The whole file; its head alone where nobody voted yet."""
        try:
            return self._file.read_bytes()
        except FileNotFoundError:
            text = io.StringIO()
            csv.writer(text).writerow(COLUMNS)
            return (_MARK + text.getvalue()).encode()

    def count(self, first: str, second: str) -> tuple[int, int, int]:
        """Votes between two takes, whichever stood first: for the one, for the other, for neither."""
        ones = others = same = 0
        for row in csv.DictReader(io.StringIO(self.table().decode("utf-8-sig"))):
            if {row["first_take"], row["second_take"]} != {first, second}:
                continue
            if row["choice"] == "same":
                same += 1
            elif row["first_take" if row["choice"] == "first" else "second_take"] == first:
                ones += 1
            else:
                others += 1
        return ones, others, same


def _plain(cell: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
