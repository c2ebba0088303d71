"""The `heygem` command as people use it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from heygem_core import errors
from heygem_core.media.probe import probe
from heygem_core.rendering.report import read_report
from heygem_core.shot import Event, Failed, Finished, Progress, from_json
from heygem_server.cli import main
from heygem_server.commands.columns import width

from ..rendering.making import left_in, pictures, speech, write_clip, write_sound

HEYGEM = [sys.executable, "-m", "heygem_server.cli"]


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEYGEM_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("COLUMNS", "200")
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        yield
        for number, handler in before.items():  # `main` takes them over, as a program should
            signal.signal(number, handler)


@pytest.fixture(scope="module")
def clip(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen frames with a face and a timecode."""
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mov", pictures(people / "grid" / "bbaf2n.mpg")[20:36], timecode="01:00:00:00")


@pytest.fixture(scope="module")
def voice(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sound(tmp_path_factory.mktemp("voice") / "voice.wav", speech(people / "grid" / "lrwp9a.mpg")[8000:40000])


@pytest.fixture(scope="module")
def take(clip: Path, voice: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("take") / "take.mov"
    assert main(["render", str(clip), "--audio", str(voice), "--fit", "trim", "--device", "cpu", "-o", str(output)]) == 0
    return output


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*HEYGEM, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("arguments", [["--help"], ["render", "--help"], ["measure", "--help"], ["doctor", "--help"]])
def test_help_says_what_there_is(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 0
    assert "usage: heygem" in done.stdout
    if arguments[0] == "--help":
        assert all(command in done.stdout for command in ("render", "measure", "doctor"))


@pytest.mark.parametrize("arguments", [["--help"], ["render", "/nowhere.mp4", "--audio", "/nowhere.wav", "-o", "/tmp/t.mov"]])
def test_quick_answers_do_not_wait_for_heavy_packages(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom heygem_server.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print('loaded', sorted({'torch', 'mediapipe', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert "loaded []" in done.stdout


def test_a_mistyped_path_is_one_sentence_and_an_exit_code(voice: Path, tmp_path: Path) -> None:
    done = run("render", "/nowhere.mp4", "--audio", voice, "-o", tmp_path / "t.mov")
    assert done.returncode == errors.MediaNotFound.exit_code
    assert done.stderr.strip().splitlines() == [f"heygem: {done.stderr.strip().removeprefix('heygem: ')}"]
    assert "There is no file at “/nowhere.mp4”" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "arguments", [[], ["dance"], ["render"], ["render", "a.mp4", "--audio", "b.wav", "-o", "c.mov", "--fit", "stretch"]]
)
def test_an_unknown_option_is_exit_code_two(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == errors.SpecError.exit_code
    assert "usage: heygem" in done.stderr


def test_a_setting_out_of_range_is_exit_code_two_too(clip: Path, voice: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", str(clip), "--audio", str(voice), "-o", str(tmp_path / "t.mov"), "--intensity", "7"]) == 2
    assert "between 0 and 2" in capsys.readouterr().err


def test_render_prints_the_take_and_names_the_report(clip: Path, voice: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "take.mov"
    assert main(["render", str(clip), "--audio", str(voice), "--fit", "trim", "--device", "cpu", "-o", str(output)]) == 0
    shown = capsys.readouterr()
    assert shown.out.strip() == str(output), "only the path, so that scripts can read it"
    assert "take.mov.report.json" in shown.err


def test_json_lines_are_events_to_the_end(clip: Path, voice: Path, tmp_path: Path) -> None:
    done = run("render", clip, "--audio", voice, "--fit", "trim", "--device", "cpu", "--json", "-o", tmp_path / "t.mov")
    events: list[Any] = [from_json(line, Event) for line in done.stdout.splitlines()]  # type: ignore[arg-type]
    assert isinstance(events[-1], Finished)
    done = run("render", clip, "--audio", voice, "--fit", "none", "--json", "-o", tmp_path / "t.mov")
    events = [from_json(line, Event) for line in done.stdout.splitlines()]  # type: ignore[arg-type]
    assert isinstance(events[-1], Failed)
    assert (events[-1].error, done.returncode) == ("SpeechTooLong", 3)


@pytest.mark.parametrize(("start", "end"), [("4", "10"), ("01:00:00:04", "01:00:00:10"), ("4", "01:00:00:10")])
def test_in_and_out_are_frames_or_timecodes(clip: Path, voice: Path, tmp_path: Path, start: str, end: str) -> None:
    output = tmp_path / "t.mov"
    options = ["--in", start, "--out", end, "--fit", "trim", "--device", "cpu", "--no-audio", "--matte", str(tmp_path / "m.mov")]
    assert main(["render", str(clip), "--audio", str(voice), "-o", str(output), *options]) == 0
    taken = probe(output)
    assert (taken.frame_count, taken.start_timecode, taken.sound) == (6, "01:00:00:04", None)
    assert probe(tmp_path / "m.mov").frame_count == 6


def test_what_is_chosen_about_a_shot_reaches_the_take(clip: Path, voice: Path, tmp_path: Path) -> None:
    choices = ["--speech-in", "-0.1", "--speech-out", "1/2", "--speed=-50%", "--keep", "0-4", "--keep", "01:00:00:10-01:00:00:12"]
    forms = ["--fit", "hold", "--sound", "none", "--kind", "patch", "--no-synthetic-label"]
    assert main(["render", str(clip), "--audio", str(voice), "-o", str(tmp_path / "take.mov"), *choices, *forms]) == 0
    report = read_report(tmp_path / "take.mov")
    assert report is not None
    shot, settings = report.plan.shot, report.plan.settings
    assert (shot.speech_start, shot.speech_end, shot.speed) == (Fraction(-1, 10), Fraction(1, 2), Fraction(-1, 2))
    assert shot.keep == ((0, 4), (10, 12))
    assert (settings.kind, settings.sound, settings.label_synthetic) == ("patch", "none", False)
    take = probe(tmp_path / "take.mov")
    assert (take.frame_count, take.has_alpha, take.sound) == (32, True, None)
    assert report.passed_through == {"left alone by choice": [(8, 12), (24, 32)]}


@pytest.mark.parametrize("option", [["--speed", "fast"], ["--speech-in", "soon"], ["--keep", "12"], ["--speed", "0"]])
def test_a_choice_that_is_none_is_exit_code_two(clip: Path, voice: Path, tmp_path: Path, option: list[str]) -> None:
    try:
        code = main(["render", str(clip), "--audio", str(voice), "-o", str(tmp_path / "take.mov"), *option])
    except SystemExit as end:
        code = end.code
    assert code == 2
    assert left_in(tmp_path) == []


def test_a_timecode_that_is_none_is_told(clip: Path, voice: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for wrong, word in (("01:00:00:30", "24"), ("soon", "HH:MM:SS:FF"), ("00:59:59:00", "before")):
        assert main(["render", str(clip), "--audio", str(voice), "-o", str(tmp_path / "t.mov"), "--in", wrong]) == 3
        assert word in capsys.readouterr().err
    assert left_in(tmp_path) == []


def render_json(people: Path, voice: Path, output: Path) -> list[str]:
    """The arguments of a short render that prints its events."""
    return ["render", str(people / "grid" / "bbaf2n.mpg"), "--audio", str(voice), "--fit", "trim", "--json", "-o", str(output)]


def test_ctrl_c_leaves_nothing(people: Path, voice: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    arguments = render_json(people, voice, output / "t.mkv")
    environment = os.environ | {"HEYGEM_CACHE": str(tmp_path / "cache")}
    process = subprocess.Popen([*HEYGEM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    assert process.stderr is not None
    for line in process.stdout:
        event: Any = from_json(line, Event)  # type: ignore[arg-type]
        if isinstance(event, Progress) and event.stage == "track" and event.done == 10:
            process.send_signal(signal.SIGINT)
            began = time.monotonic()
    assert process.wait(60) == errors.Cancelled.exit_code
    assert time.monotonic() - began < 20
    assert b"Cancelled; nothing was left behind." in process.stderr.read()
    assert left_in(output) == []


@pytest.mark.full
def test_a_reader_that_goes_away_stops_the_render(people: Path, voice: Path, tmp_path: Path) -> None:
    arguments = render_json(people, voice, tmp_path / "t.mkv")
    process = subprocess.Popen([*HEYGEM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == errors.Cancelled.exit_code
    assert b"Traceback" not in process.stderr.read()
    assert left_in(tmp_path) == []


def test_measure_prints_a_table_or_json_and_keeps_it_in_the_report(take: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measure", str(take)]) == 0
    table = capsys.readouterr().out
    assert "lip opening: follows the wanted curve" in table
    assert "flicker" in table
    assert main(["measure", str(take), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["frames"] == 16
    assert json.loads(take.with_name("take.mov.report.json").read_text())["quality"] == figures


def test_measure_looks_at_any_video(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measure", str(clip), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["measured_frames"] == 16
    assert left_in(clip.parent) == ["clip.mov"]


def test_measure_says_nothing_about_a_source_that_is_gone(take: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = take.with_name("take.mov.report.json").read_text()
    moved = tmp_path / "take.mov"
    moved.write_bytes(take.read_bytes())
    video = json.loads(report)["plan"]["shot"]["video"]
    moved.with_name("take.mov.report.json").write_text(report.replace(video, "/nowhere/clip.mov"))
    assert main(["measure", str(moved), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["sharpness"], figures["flicker"]) == (None, None)
    assert figures["opening"] is not None
    moved.with_name("take.mov.report.json").write_text("{}")
    assert main(["measure", str(moved)]) == errors.SpecError.exit_code
    assert "is not a report of this version" in capsys.readouterr().err


def test_a_bug_has_its_own_exit_code(clip: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the moon is full")

    monkeypatch.setattr("heygem_core.quality.measure.measure_take", broken)
    assert main(["measure", str(clip)]) == errors.EXIT_BUG
    assert "the moon is full. Please report it" in capsys.readouterr().err


def test_measure_of_a_file_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measure", "/nowhere.mov"]) == errors.MediaNotFound.exit_code
    assert "There is no file" in capsys.readouterr().err


def test_doctor_says_in_sentences_what_works(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor"])
    lines = capsys.readouterr().out.strip().splitlines()
    assert code == (6 if any(line.startswith("NO") for line in lines) else 0)
    assert len(lines) > 8
    assert all(line.split()[0] in ("ok", "NO", "--") for line in lines)
    assert all(line.rstrip().endswith(".") for line in lines)
    assert any("ProRes" in line for line in lines)


def test_doctor_speaks_the_language_of_the_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    code = main(["doctor"])
    lines = capsys.readouterr().out.strip().splitlines()
    assert code == (6 if any(line.startswith("故障") for line in lines) else 0)
    assert [line for line in lines if line.split()[0] not in ("可用", "故障", "没有") or not line.endswith("。")] == []
    assert len({width(line[: line.index(line.split(maxsplit=2)[2])]) for line in lines}) == 1, "the columns stand below one another"


def test_who_uses_chinese_is_told_in_chinese_and_programs_in_english(tmp_path: Path) -> None:
    """LANG decides for people; --json is for programs: code, parameters, and the English sentence."""
    command = [
        sys.executable,
        "-m",
        "heygem_server.cli",
        "render",
        str(tmp_path / "no.mov"),
        "--audio",
        "no.wav",
        "-o",
        str(tmp_path / "a.mov"),
    ]
    chinese = {**os.environ, "LANG": "zh_CN.UTF-8", "LC_ALL": "", "LC_MESSAGES": ""}
    told = subprocess.run(command, env=chinese, capture_output=True, encoding="utf-8", timeout=120)
    assert (told.returncode, told.stdout) == (3, "")
    assert told.stderr.strip() == f"heygem: “{tmp_path / 'no.mov'}”处没有文件：请检查路径，或重新连接文件所在的硬盘。"
    programs = subprocess.run([*command, "--json"], env=chinese, capture_output=True, encoding="utf-8", timeout=120)
    failed = json.loads(programs.stdout.splitlines()[-1])
    assert (failed["code"], failed["params"]) == ("media.not-found", {"path": str(tmp_path / "no.mov")})
    assert failed["message"].startswith("There is no file at")
