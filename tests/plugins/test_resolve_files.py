"""The Lua script for Resolve's free edition, run by Lua itself against a fake Resolve: out by a timeline file, in by files."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from heygem_plugins.installing import sources

FAKE = Path(__file__).parent / "fakes" / "resolve.lua"
LUA = next((found for name in ("luajit", "lua5.1", "lua") if (found := shutil.which(name))), None)
CLIPS = [
    {"kind": "video", "track": 1, "start": 30, "length": 12, "file": "/films/a.mov", "selected": True},
    {"kind": "video", "track": 1, "start": 60, "length": 12, "file": "/films/a.mov", "selected": True},
    {"kind": "video", "track": 1, "start": 90, "length": 12, "file": "/films/a.mov"},
    {"kind": "video", "track": 2, "start": 30, "length": 12, "file": "/films/title.mov"},
    {"kind": "audio", "track": 3, "start": 30, "length": 60, "file": "/films/speech.wav", "selected": True},
]
NAME = 'Film / "one" ä'


class Free:
    """A Resolve of the free edition with the script installed; its folder for timelines has a name that has to be written carefully."""

    def __init__(self, here: Path, language: str = "en") -> None:
        if LUA is None:
            pytest.skip("Lua is missing: apt-get install lua5.1")
        self.folder = here / "Ordner „ä\" \\ n'"
        self.folder.mkdir()
        self.script, self.scene = here / "HeyGem Files.lua", here / "scene.lua"
        self.script.write_bytes(sources.resolve_files_script(self.folder, ("/Program Files/heygem",), language))

    def run(self, **scene: Any) -> tuple[list[str], list[list[str]]]:
        """What it said, and what lies on the timeline then."""
        given = {"name": NAME, "start": 86400, "clips": CLIPS, **scene}
        self.scene.write_text(f"return {literal(given)}", encoding="utf-8")
        ran = subprocess.run(
            [str(LUA), str(FAKE), str(self.script)], capture_output=True, text=True, timeout=60, env={"RESOLVE_SCENE": str(self.scene)}
        )
        assert ran.returncode == 0, ran.stderr
        said, lies = ran.stdout.split("--\n")
        return said.splitlines(), [line.split("\t") for line in lies.splitlines()]

    @property
    def base(self) -> Path:
        return self.folder / "Film _ _one_ __ 0c1f-tim"

    def takes(self, *lines: tuple[int, int, int, int, int, str]) -> list[Path]:
        """As the command leaves them: files, and the list that says where they go."""
        folder = self.base.with_name(self.base.name + "_synced takes")
        folder.mkdir()
        made = [folder / name for *_, name in lines]
        for path in made:
            path.touch()
        rows = ["\t".join(map(str, (*numbers, path))) for (*numbers, _), path in zip(lines, made, strict=True)]
        (folder / "takes.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        return made


def literal(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {literal(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "{" + ", ".join(map(literal, value)) + "}"
    return json.dumps(value, ensure_ascii=False)


@pytest.fixture
def free(tmp_path: Path) -> Free:
    return Free(tmp_path)


def test_the_first_run_writes_the_timeline_and_says_what_renders_the_selection(free):
    said, lies = free.run()
    assert Path(f"{free.base}.otio").is_file()
    [command] = [line for line in said if "timeline" in line and "--range" in line]
    assert command.startswith('"/Program Files/heygem" timeline "')
    assert "--range 30-42 --range 60-72 --speech-track A3 -o " in command
    assert command.endswith('_synced.otio"')
    assert len(lies) == len(CLIPS) + 1, "nothing changed"


def test_without_a_selection_everything_is_meant_and_the_speech_is_asked_for(free):
    said, _ = free.run(old=True)  # before 21.0.4 nobody knows the selection
    [command] = [line for line in said if " timeline " in line and " -o " in line]
    assert "--range" not in command
    assert "--speech FILE" in command
    assert any("FILE" in line and "new speech" in line for line in said)


@pytest.mark.parametrize("inclusive", [False, True], ids=["endFrame exclusive", "endFrame inclusive"])
def test_the_next_run_lays_the_takes_above_their_clips_and_once(free, inclusive):
    one, two = free.takes((1, 30, 12, 2, 12, "a_v01.mov"), (1, 60, 12, 0, 12, "ä_v01.mov"))
    said, lies = free.run(inclusive=inclusive, twice=True)
    takes = [line for line in lies if "_v01" in line[-1]]
    assert takes == [
        ["video", "3", "HeyGem takes", "30", "12", "2", str(one)],
        ["video", "3", "HeyGem takes", "60", "12", "0", str(two)],
    ]
    assert [line for line in lies if line[0] in ("video", "audio") and line not in takes] == [
        [clip["kind"], str(clip["track"]), f"{clip['kind']} {clip['track']}", str(clip["start"]), str(clip["length"]), "0", clip["file"]]
        for clip in CLIPS
    ]
    assert lies[-1] == ["bin", "Master"], "the current bin is as it was"
    assert "Takes laid above their clips: 2. Takes that were there already: 0." in said
    assert "Takes laid above their clips: 0. Takes that were there already: 2." in said


def test_a_take_that_resolve_does_not_lay_is_named(free):
    free.takes((1, 30, 12, 2, 12, "a_v01.mov"))
    path = free.base.with_name(free.base.name + "_synced takes") / "a_v01.mov"
    path.unlink()
    said, lies = free.run()
    assert any(str(path) in line and line.startswith("Resolve did not lay") for line in said)
    assert not any("_v01" in line[-1] for line in lies)


def test_without_a_timeline_it_says_so_in_the_language_of_the_machine(tmp_path):
    assert Free(tmp_path, "zh").run(closed=True)[0] == ["没有打开的时间线：请打开要渲染其片段的时间线。"]
