"""The packages that pages show as examples are installed as they stand there, found, and used."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from heygem_core import RenderSettings, Shot, render
from heygem_core.face.tracker_registry import open_tracker
from heygem_core.media.deliverables import DELIVERABLES
from heygem_core.rendering.render import render as work
from heygem_core.shot import RenderTask
from heygem_server.hosts.editors import EDITORS
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.formats.writing import write_timeline

from ..rendering import making
from ..seams.packages import found
from .test_pages import DOCS, blocks


def install_example(page: Path, site: Path) -> None:
    """The first Python block of a page, whose first line names its file, with the entry points of its TOML block."""
    source = next(blocks(page, "python"))
    file = site / source.partition("\n")[0].lstrip("# ")
    file.parent.mkdir(parents=True)
    (file.parent / "__init__.py").touch()
    file.write_text(source, encoding="utf-8")
    ((group, entries),) = tomllib.loads(next(blocks(page, "toml")))["project"]["entry-points"].items()
    info = site / f"{file.parent.name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {file.parent.name}\nVersion: 1.0\n", encoding="utf-8")
    lines = [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """The example of the page that the test names."""
    install_example(DOCS / request.param, tmp_path / "site")
    with found(tmp_path / "site"):
        yield
        for name in [name for name in sys.modules if name.split(".")[0] == "my_package"]:
            del sys.modules[name]


@pytest.mark.parametrize("example", ["extend/deliverable.md"], indirect=True)
@pytest.mark.usefixtures("example")
def test_the_example_of_a_deliverable_is_found(tmp_path: Path) -> None:
    row = DELIVERABLES.get("mpeg4")
    assert (row.title, row.suffixes) == ("MPEG-4", (".mkv",))


@pytest.mark.parametrize("example", ["extend/timeline-format.md"], indirect=True)
@pytest.mark.usefixtures("example")
def test_the_example_of_a_timeline_format_reads_and_writes(tmp_path: Path) -> None:
    text = "CUTLIST 25\nV 10 24 4 /media/face.mov\nA 0 50 0 /media/words.wav"
    read = read_timeline(text.encode())
    assert (read.format, read.notices) == ("cutlist", ("A cut list has no names.",))
    write_timeline(read.timeline, tmp_path / "out.cuts")
    assert (tmp_path / "out.cuts").read_text().splitlines() == text.splitlines()


@pytest.mark.parametrize("example", ["extend/engine.md"], indirect=True)
@pytest.mark.usefixtures("example")
def test_the_example_of_an_engine_renders_whole_and_in_pieces_alike(people: Path, tmp_path: Path) -> None:
    video = making.write_clip(tmp_path / "clip.mkv", making.pictures(people / "grid" / "bbaf2n.mpg")[10:30])
    speech = making.write_sound(tmp_path / "words.wav", making.speech(people / "grid" / "lrwp9a.mpg")[8000:24000])
    shot, settings = Shot(video=str(video), speech=str(speech)), RenderSettings(engine="tint", fit="hold", format="ffv1")
    take = render(shot, tmp_path / "take.mkv", settings, cache=tmp_path / "cache")
    assert "Mouths are tinted." in take.notices
    piece = RenderTask(shot=shot, settings=settings, output=str(tmp_path / "piece.mkv"), segment=(8, 16), cache=str(tmp_path / "cache"))
    assert list(work(piece))
    assert making.same(making.planes(tmp_path / "take.mkv", 8, 16), making.planes(tmp_path / "piece.mkv"))
    assert not making.same(making.planes(tmp_path / "take.mkv"), making.planes(video)), "the mouth is tinted"


@pytest.mark.parametrize("example", ["extend/tracker.md"], indirect=True)
@pytest.mark.usefixtures("example")
def test_the_example_of_a_tracker_sees_a_face() -> None:
    (face,) = open_tracker("toy").detect(np.zeros((96, 128, 3), np.uint8), first=True)
    assert (face.points.shape, [round(edge) for edge in face.box]) == ((478, 3), [34, 8, 94, 88])


@pytest.mark.parametrize("example", ["extend/editor.md"], indirect=True)
@pytest.mark.usefixtures("example")
def test_the_example_of_an_editor_is_found() -> None:
    assert EDITORS.get("toy").info.laying.mute == "clip"
