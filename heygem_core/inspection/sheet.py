"""Writes the contact sheet of a take as a JPEG."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from pathlib import Path

import cv2
import numpy as np

from ..media.output import check_output
from ..rendering.contact_sheet import write_contact_sheet
from ..shot import Event, Finished, Progress
from ..tasks.specs import SheetTask
from .poster import write_jpeg


def make_sheet(task: SheetTask) -> Generator[Event, None, None]:
    """Writes the sheet. Raises: InputError, OutputError."""
    yield Progress(stage="probe", done=0)
    path = check_output(task.output, [task.source, task.take])
    with tempfile.TemporaryDirectory() as folder:
        sheet = write_contact_sheet(task.source, task.take, Path(folder) / "sheet.png")
        write_jpeg(path, np.asarray(cv2.imread(str(sheet))[..., ::-1], np.uint8))
    yield Finished(output=str(path))
