"""`from heygem_core import render, plan, measure, Shot, RenderSettings, Take`: what a program that uses the library meets."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import heygem_core
from heygem_core import RenderSettings, Shot, Take, measure, plan, render
from heygem_core.errors import MediaNotFound, OutputError, SpecError
from heygem_core.shot import Event, Progress

from ..rendering import making

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def shot(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Shot:
    """Sixteen frames of a man and a second of speech."""
    folder = tmp_path_factory.mktemp("door")
    video = making.write_clip(folder / "clip.mp4", making.pictures(clips / "grid" / "bbaf2n.mpg")[20:36])
    sound = making.write_sound(folder / "words.wav", making.speech(clips / "grid" / "lrwp9a.mpg")[8000:24000])
    return Shot(video=str(video), speech=str(sound))


def test_a_shot_is_planned_rendered_and_measured(shot: Shot, tmp_path: Path) -> None:
    settings, cache, told = RenderSettings(fit="hold"), tmp_path / "cache", list[Event]()
    decided = plan(shot, settings, cache=cache)
    assert decided.facts.frames == 16
    assert len(decided.array("opening")) == 16
    take = render(shot, tmp_path / "take.mkv", settings, matte=tmp_path / "matte.mkv", cache=cache, on_event=told.append)
    assert {event.stage for event in told if isinstance(event, Progress)} == {"probe", "render", "finish"}, "the plan was there"
    assert (take.path, take.matte_path, take.report.end_exclusive) == (tmp_path / "take.mkv", tmp_path / "matte.mkv", 16)
    assert take.path.is_file()
    assert take.matte_path is not None
    assert take.matte_path.is_file()
    assert take.report_path == tmp_path / "take.mkv.report.json"
    assert take.notices == take.report.plan.notices
    quality = measure(take, cache=cache)
    assert quality.frames == 16
    again = Take.open(take.path)
    assert again.report.quality == quality


def test_an_exception_in_on_event_cancels_and_leaves_nothing(shot: Shot, tmp_path: Path) -> None:
    def stop(event: Event) -> None:
        if isinstance(event, Progress) and event.stage == "render":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render(shot, tmp_path / "take.mkv", RenderSettings(fit="hold"), cache=tmp_path / "cache", on_event=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_errors_are_those_of_the_core(shot: Shot, tmp_path: Path) -> None:
    with pytest.raises(MediaNotFound):
        plan(Shot(video=str(tmp_path / "none.mp4"), speech=shot.speech), cache=tmp_path)
    with pytest.raises(OutputError):
        render(shot, shot.video, RenderSettings(fit="hold"), cache=tmp_path)
    with pytest.raises(MediaNotFound, match="There is no file"):
        Take.open(tmp_path / "none.mkv")
    with pytest.raises(SpecError, match="has no report"):
        Take.open(shot.video)


def test_the_import_alone_loads_nothing_heavy_and_no_server() -> None:
    heavy = {"torch", "numpy", "scipy", "cv2", "av", "mediapipe", "heygem_server", "aiohttp"}
    code = f"import sys; import heygem_core; print(sorted({heavy!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr


def test_every_public_name_is_documented_and_the_package_says_that_it_is_typed() -> None:
    assert sorted(heygem_core.__all__) == ["RenderSettings", "Shot", "Take", "measure", "plan", "render"]
    for name in heygem_core.__all__:
        assert getattr(heygem_core, name).__doc__, name
    assert (ROOT / "heygem_core" / "py.typed").is_file()
    example = heygem_core.__doc__.split("\n\n")  # type: ignore[union-attr]
    ast.parse("\n".join(line.removeprefix("    ") for line in [*example[1].split("\n"), *example[2].split("\n")]))
