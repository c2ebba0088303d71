"""Whatever is given: a right take, or one clear sentence before any long work, the documented exit code, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from heygem_core import errors
from heygem_core.media.probe import probe
from heygem_core.rendering.render import render
from heygem_core.rendering.report import read_report
from heygem_core.shot import Progress

from .making import left_in, make, notices, pictures, planes, same, samples, speech, task, write_clip, write_sound


def refused(
    kind: type[errors.HeygemError], *words: str, video: Path, sound: Path, output: Path, early: bool = True, **options: object
) -> str:
    """Renders, expects that error with those words in it and nothing new in the output's folder; returns the sentence."""
    folder = output.parent if output.parent.is_dir() else None
    before = left_in(folder) if folder else []
    seen = []
    with pytest.raises(kind) as caught:
        seen.extend(render(task(video, sound, output, **options)))
    message = str(caught.value)
    for word in words:
        assert word in message, message
    assert message[0].isupper() or message[0] == "“"
    assert message.endswith(".")
    assert "Traceback" not in message
    assert "Errno" not in message
    if folder:
        assert left_in(folder) == before, "nothing is left behind"
    assert not early or not [event for event in seen if isinstance(event, Progress) and event.stage not in ("probe",)]
    return message


def test_a_clip_without_a_face(sentence: Path, tmp_path: Path) -> None:
    wall = np.random.default_rng(3).integers(60, 200, (120, 160, 3), np.uint8)
    source = write_clip(tmp_path / "wall.mp4", [wall] * 8)
    refused(errors.NoUsableFace, "No face was found", video=source, sound=sentence, output=tmp_path / "take.mkv", early=False)


@pytest.fixture(scope="module")
def couple(man: Path, woman: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people side by side."""
    both = [np.hstack(pair) for pair in zip(pictures(man)[20:36], pictures(woman)[20:36], strict=True)]
    return write_clip(tmp_path_factory.mktemp("couple") / "couple.mp4", both)


def test_of_several_faces_the_chosen_one_speaks_and_the_report_names_all(couple: Path, sentence: Path, tmp_path: Path) -> None:
    sides = []
    for face in (1, 2):
        events = make(couple, sentence, tmp_path / f"{face}.mkv", face=face, matte=tmp_path / f"matte{face}.mkv")
        report = read_report(tmp_path / f"{face}.mkv")
        assert report is not None
        assert report.plan.face == face
        assert "face 1" in report.plan.faces
        assert "face 2" in report.plan.faces
        assert "several faces" in notices(events)
        assert "--face" in notices(events)
        changed = planes(tmp_path / f"matte{face}.mkv")[8][0] > 0
        sides.append("left" if changed[:, :360].any() else "right")
        assert changed[:, :360].any() != changed[:, 360:].any(), "only one face changes"
    assert sorted(sides) == ["left", "right"]


def test_a_face_that_is_not_there_is_answered_with_the_faces_that_are(couple: Path, sentence: Path, tmp_path: Path) -> None:
    refused(
        errors.SpecError,
        "no face 9",
        "face 1 (on the",
        "face 2 (on the",
        video=couple,
        sound=sentence,
        output=tmp_path / "t.mkv",
        face=9,
        early=False,
    )


def test_a_face_that_leaves_and_returns_keeps_speaking(man: Path, sentence: Path, tmp_path: Path) -> None:
    wall = np.full_like(pictures(man)[0], 90)
    source = write_clip(tmp_path / "away.mp4", [*pictures(man)[10:24], *[wall] * 6, *pictures(man)[30:44]])
    make(source, sentence, tmp_path / "take.mkv")
    report = read_report(tmp_path / "take.mkv")
    assert report is not None
    assert "face 2" not in report.plan.faces
    assert all(value is not None for value in (*report.wanted_opening[:13], *report.wanted_opening[22:]))


def test_a_hard_cut_to_somebody_else_leaves_the_other_person_alone(man: Path, woman: Path, sentence: Path, tmp_path: Path) -> None:
    source = write_clip(tmp_path / "cut.mp4", [*pictures(man)[20:40], *pictures(woman)[20:32]])
    make(source, sentence, tmp_path / "take.mkv", face=1)
    report = read_report(tmp_path / "take.mkv")
    assert report is not None
    assert report.passed_through == {"this person's face is not seen": [(20, 32)]}
    assert same(planes(source)[20:], planes(tmp_path / "take.mkv")[20:])


def test_a_file_that_breaks_off_is_rendered_as_far_as_it_goes(man: Path, sentence: Path, tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "whole.mkv", pictures(man)[20:44], options={"g": "4", "preset": "ultrafast"})
    (tmp_path / "cut.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    events = make(tmp_path / "cut.mkv", sentence, tmp_path / "take.mkv")
    held = probe(tmp_path / "cut.mkv").frame_count
    assert 8 < held < 24
    assert probe(tmp_path / "take.mkv").frame_count == held
    if probe(tmp_path / "cut.mkv").missing_frames:
        assert "breaks off" in notices(events)


def test_damaged_frames_are_told(man: Path, sentence: Path, tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "whole.mkv", pictures(man)[20:44], codec="mpeg4", options={"g": "6", "qscale": "3"})
    data = bytearray(whole.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = os.urandom(400)
    (tmp_path / "scratched.mkv").write_bytes(data)
    try:
        events = make(tmp_path / "scratched.mkv", sentence, tmp_path / "take.mkv")
    except errors.UnreadableMedia as error:
        assert "damaged" in str(error)  # noqa: PT017 — either way is right, it depends on where the scratch lies
        assert left_in(tmp_path) == ["scratched.mkv", "whole.mkv"]
    else:
        assert probe(tmp_path / "take.mkv").frame_count == probe(tmp_path / "scratched.mkv").frame_count
        assert "damaged" in notices(events) or "breaks off" in notices(events)


@pytest.mark.parametrize(
    ("name", "content", "kind", "words"),
    [
        ("notes.mp4", b"This is a shopping list.\n" * 40, errors.UnreadableMedia, "is not a media file"),
        ("empty.mp4", b"", errors.UnreadableMedia, "is empty"),
        ("gone.mp4", None, errors.MediaNotFound, "There is no file"),
    ],
)
def test_a_video_that_is_none(
    sentence: Path, tmp_path: Path, name: str, content: bytes | None, kind: type[errors.HeygemError], words: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    refused(kind, words, name, video=tmp_path / name, sound=sentence, output=tmp_path / "take.mkv")


def test_sound_given_as_video_and_a_picture_given_as_sound(short: Path, sentence: Path, tmp_path: Path) -> None:
    refused(errors.NoPicture, "has no picture", "choose", video=sentence, sound=sentence, output=tmp_path / "t.mkv")
    refused(errors.NoSound, "has no sound", "choose", video=short, sound=short, output=tmp_path / "t.mkv")
    refused(errors.MediaNotFound, "There is no file", video=short, sound=tmp_path / "none.wav", output=tmp_path / "t.mkv")
    refused(errors.MediaNotFound, "is a folder", video=short, sound=tmp_path, output=tmp_path / "t.mkv")


def test_silent_speech_closes_the_mouth_and_says_so(short: Path, tmp_path: Path) -> None:
    events = make(short, write_sound(tmp_path / "silence.wav", np.zeros(16_000, np.float32)), tmp_path / "take.mkv")
    assert "silent" in notices(events)
    report = read_report(tmp_path / "take.mkv")
    assert report is not None
    assert max(value for value in report.wanted_opening if value is not None) < 0.02


@pytest.mark.parametrize(("rate", "layout"), [(8_000, "mono"), (48_000, "stereo"), (48_000, "5.1"), (44_100, "mono")])
def test_speech_of_any_rate_and_layout_moves_the_mouth_alike(short: Path, woman: Path, tmp_path: Path, rate: int, layout: str) -> None:
    voice = speech(woman, rate)[rate // 2 : 2 * rate]
    channels = {"mono": voice[None], "stereo": np.stack([voice, 0.5 * voice])}.get(layout)
    if channels is None:
        channels = np.zeros((6, len(voice)), np.float32)
        channels[2] = voice  # the centre speaks
    plain = write_sound(tmp_path / "plain.wav", speech(woman)[8_000:32_000])
    make(short, plain, tmp_path / "plain.mkv")
    make(short, write_sound(tmp_path / "other.wav", channels, rate=rate, layout=layout), tmp_path / "other.mkv")
    curves = [read_report(tmp_path / f"{name}.mkv") for name in ("plain", "other")]
    a, b = (np.array(report.wanted_opening, float) for report in curves if report is not None)
    assert np.corrcoef(a, b)[0, 1] > 0.8
    assert samples(tmp_path / "other.mkv").shape[0] == len(channels)


def _scaled(frames: list, size: tuple[int, int]) -> list:
    import cv2

    return [cv2.resize(picture, size) for picture in frames]


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "suffix", "size"),
    [
        ("libx264", "yuv444p", ".mkv", (359, 287)),
        ("ffv1", "yuv420p", ".mkv", (359, 287)),
        ("prores_ks", "yuv422p10le", ".mov", (360, 288)),
        ("prores_ks", "yuva444p10le", ".mov", (360, 288)),
        ("png", "rgb24", ".mov", (361, 288)),
    ],
)
def test_odd_sizes_deep_colour_and_alpha_are_kept(
    man: Path, sentence: Path, tmp_path: Path, codec: str, pix_fmt: str, suffix: str, size: tuple[int, int]
) -> None:
    options = {"profile": "4" if "444" in pix_fmt else "3"} if "prores" in codec else {}
    source = write_clip(tmp_path / f"clip{suffix}", _scaled(pictures(man)[20:28], size), codec=codec, pix_fmt=pix_fmt, options=options)
    make(source, sentence, tmp_path / f"take{suffix}")
    given, take = probe(source), probe(tmp_path / f"take{suffix}")
    assert take.coded_size == size
    assert take.frame_count == 8
    assert take.has_alpha == given.has_alpha
    assert take.bit_depth >= given.bit_depth


def test_interlaced_video_is_refused(man: Path, sentence: Path, tmp_path: Path) -> None:
    source = write_clip(
        tmp_path / "tv.mov", pictures(man)[20:28], codec="prores_ks", pix_fmt="yuv422p10le", options={"flags": "+ildct"}, interlaced=True
    )
    refused(errors.UnsupportedMedia, "interlaced", "deinterlace", video=source, sound=sentence, output=tmp_path / "t.mkv")


def test_names_with_spaces_umlauts_and_signs_of_other_scripts(short: Path, sentence: Path, tmp_path: Path) -> None:
    folder = tmp_path / "Grüße an Łódź 映像 %03d"
    folder.mkdir()
    video, sound = folder / "Schöner Clip #1 [100%].mp4", folder / "l'été — речь.wav"
    video.write_bytes(short.read_bytes())
    sound.write_bytes(sentence.read_bytes())
    make(video, sound, folder / "fertig: 完成 ✓.mkv", matte=folder / "matte %d.mkv")
    assert probe(folder / "fertig: 完成 ✓.mkv").frame_count == 16
    assert len(left_in(folder)) == 5


def test_an_output_that_cannot_be_written_is_told_before_the_work(short: Path, sentence: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    refused(errors.OutputError, "does not exist", "create it", video=short, sound=sentence, output=tmp_path / "missing" / "t.mkv")
    refused(errors.OutputError, "does not exist", video=short, sound=sentence, output=tmp_path / "file" / "t.mkv")
    refused(errors.OutputError, "is a folder", video=short, sound=sentence, output=_folder(tmp_path / "takes.mkv"))
    refused(errors.OutputError, "known format", ".mov", video=short, sound=sentence, output=tmp_path / "take.avi")
    refused(errors.OutputError, "same path", video=short, sound=sentence, output=tmp_path / "t.mkv", matte=tmp_path / "t.mkv")


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that refuses everybody, even root")
def test_a_folder_that_may_not_be_written_to(short: Path, sentence: Path) -> None:
    with pytest.raises(errors.OutputError, match=r"cannot be written|may not be written"):
        list(render(task(short, sentence, Path("/proc/self/take.mkv"))))


def test_the_original_is_never_overwritten(short: Path, sentence: Path, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(short.read_bytes())
    refused(errors.OutputError, "input itself", "another name", video=clip, sound=sentence, output=clip)
    link = tmp_path / "other name.mp4"
    link.symlink_to(clip)
    refused(errors.OutputError, "input itself", video=clip, sound=sentence, output=link)
    refused(errors.OutputError, "input itself", video=clip, sound=sentence, output=tmp_path / "take.mkv", matte=clip)
    assert clip.read_bytes() == short.read_bytes()


@pytest.mark.full
def test_a_disk_that_fills_up_during_the_work_leaves_no_take(
    man: Path, sentence: Path, tmp_path: Path, limited: Callable[..., object]
) -> None:
    """Files may grow to 2 MB: enough for the trial write before the work, too little for the lossless take."""
    output = tmp_path / "take.mkv"
    done = limited(2_000_000, "render", str(man), "--audio", str(sentence), "--fit", "trim", "--device", "cpu", "-o", str(output))
    assert done.returncode == errors.OutputError.exit_code, done.stderr  # type: ignore[attr-defined]
    assert "take.mkv" in done.stderr  # type: ignore[attr-defined]
    assert "Traceback" not in done.stderr  # type: ignore[attr-defined]
    assert left_in(tmp_path) == []


@pytest.fixture
def limited() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command with a limit on the size of files."""
    import resource
    import signal
    import sys

    def run(size: int, *arguments: str) -> subprocess.CompletedProcess[str]:
        def limit() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

        command = [sys.executable, "-m", "heygem_server.cli", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, preexec_fn=limit, check=False)

    return run
