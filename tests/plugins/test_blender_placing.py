"""Takes in a real Blender: where they lie, what Blender then renders, what stays as it was. The server is played by the test's calls."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.plugins.blender_desk import RATES, Blender, needs_blender
from tests.plugins.media import make_speech
from tests.plugins.protocol import check_codes

EXACT = {"23.976": Fraction(24000, 1001), "25": Fraction(25), "29.97": Fraction(30000, 1001), "59.94": Fraction(60000, 1001)}
CUTS = ((30, 4, 12), (42, 20, 12), (60, 40, 12))  # record start, first frame of the file, frames
HANDLES = 2


def shades(path: Path, rate: Fraction, numbers: list[int]) -> Path:
    """A movie whose frames are plain greys that tell their numbers apart, each 2 levels from the next. QuickTime's times are exact: in
    Matroska's milliseconds Blender finds the frame before at 59.94."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("qtrle", rate=rate, width=64, height=48, pix_fmt="rgb24")
        for at, number in enumerate(numbers):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 20 + 2 * number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = at, 1 / rate
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def shade(picture: Any) -> float:
    """The number that a rendered frame shows; negative = black."""
    return (float(np.median(picture)) - 20) / 2


@pytest.fixture(scope="module")
def blender(tmp_path_factory) -> Iterator[Blender]:
    needs_blender()
    made = Blender(tmp_path_factory.mktemp("blender"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("films")


def clip_of(films: Path, name: str) -> Path:
    path = films / f"clip {name}.mov"
    return path if path.exists() else shades(path, EXACT[name], list(range(60)))


def take_of(films: Path, name: str, first: int, length: int, version: int = 1) -> Path:
    """Shows the same numbers as the clip, 15.5 above them: the take of a stretch, with its handles."""
    path = films / f"take {name} {first} v{version}.mov"
    numbers = [number + 15.5 * version for number in range(first - HANDLES, first + length + HANDLES)]
    return path if path.exists() else shades(path, EXACT[name], numbers)  # type: ignore[arg-type]


def scene(blender: Blender, films: Path, name: str = "25") -> str:
    """Three strips of one clip with their own sound below, new speech under them, a title far above; the project's id."""
    fps, base = RATES[name]
    project = blender.new_scene(fps, base, [64, 48], [1, 100])
    speech = films / "speech.wav"
    if not speech.exists():
        make_speech(speech, 4.0)
    for number, (start, first, length) in enumerate(CUTS):
        blender.movie(f"clip {number}", str(clip_of(films, name)), 3, start, first, length)
    blender.sound("speech", str(speech), 1, 30, 0, 45)
    blender.title("title", 9, 75, 10)
    blender.push("the film")
    return str(project)


def place(films: Path, name: str, project: str, number: int, version: int = 1, **more: Any) -> dict[str, Any]:
    """What the server asks: PlaceParams of one strip's take."""
    start, first, length = CUTS[number]
    rate = EXACT[name]
    spot = {"project": project, "sequence": "Scene", "clip": f"clip {number}", "track": 3, "record_start": start, "record_duration": length,
            "rate": f"{rate.numerator}/{rate.denominator}", "handles": HANDLES, **more.pop("placement", {})}  # fmt: skip
    file = take_of(films, name, first, length, version)
    return {
        "take": f"t{number}",
        "file": str(file),
        "name": f"take {number}",
        "placement": spot,
        "frames": length,
        "handles": HANDLES,
        **more,
    }


def others(state: dict[str, Any], takes: set[str]) -> dict[str, Any]:
    return {name: seen for name, seen in state.items() if name not in takes}


def exact_at(blender: Blender, films: Path, tmp_path: Path, name: str, how: str) -> None:
    """`how`: "track" lays takes, "take" puts second versions into the place of the first."""
    project = scene(blender, films, name)
    before, heard = blender.frames(tmp_path / "before", 25, 75), blender.samples(tmp_path / "before.wav", 25, 75)
    originals, channels = blender.state(), blender.channels()
    for number in range(3):
        result = blender.result("host.place", **place(films, name, project, number))
        check_codes(result)
        assert (result["track"], result["already"], result["record_start"], result["record_duration"]) == (4, False, *CUTS[number][::2])
        if how == "take":
            result = blender.result("host.switchTake", **place(films, name, project, number, version=2))
            assert (result["already"], result["record_start"], result["record_duration"]) == (False, *CUTS[number][::2])
    above, count = (31, 6) if how == "take" else (15.5, 3)
    after, heard_now = blender.frames(tmp_path / "after", 25, 75), blender.samples(tmp_path / "after.wav", 25, 75)
    covered = {start + step: first + step for start, first, length in CUTS for step in range(length)}
    for frame, picture in after.items():
        if frame in covered:
            assert abs(shade(before[frame]) - covered[frame]) < 0.4, "Blender shows another frame of the clip than its strip says"
            assert abs(shade(picture) - shade(before[frame]) - above) < 0.4, f"frame {frame} shows another frame of the take"
        else:
            assert np.array_equal(picture, before[frame]), f"frame {frame} has changed, where no take lies"
    assert np.array_equal(heard, heard_now)
    assert np.abs(heard).max() > 1000, "the comparison heard nothing"
    takes = set(blender.state()) - set(originals)
    assert len(takes) == count
    assert others(blender.state(), takes) == originals, "the originals are not as they were"
    assert {name[:12] for number, name in blender.channels().items() if number not in channels} == {"HeyGem takes"}


def test_takes_lie_above_their_strips_to_the_frame_and_nothing_else_changes(blender, films, tmp_path):
    """Blender renders its sequence before and after: each frame of a take where its strip's frame was, all else the same, sound too."""
    exact_at(blender, films, tmp_path, "29.97", "track")


@pytest.mark.full
@pytest.mark.parametrize("how", ["track", "take"])
@pytest.mark.parametrize("name", RATES)
def test_takes_lie_to_the_frame_at_every_rate(blender, films, tmp_path, name, how):
    exact_at(blender, films, tmp_path, name, how)


def test_a_placement_is_one_step_of_undo_and_placing_again_changes_nothing(blender, films):
    project = scene(blender, films)
    before = blender.state()
    params = place(films, "25", project, 1, placement={"laying": {"mode": "track", "mute": "none", "disable_original": True}})
    placed = blender.result("host.place", **params)
    assert placed["notices"][-1] == "One step of undo takes it away."
    assert blender.value("clip 1", "mute") is True
    after = blender.state()
    again = blender.result("host.place", **params)
    assert (again["already"], again["track"], again["notices"]) == (True, 4, [])
    assert blender.state() == after
    blender.undo()
    assert blender.state() == before, "one step takes the take away and unmutes the original"
    blender.redo()
    assert blender.state() == after
    blender.undo()
    assert blender.result("host.place", **params)["already"] is False, "what was undone can be placed again"


def test_another_version_takes_the_place_in_one_step_and_the_older_one_comes_back(blender, films, tmp_path):
    project = scene(blender, films)
    one, two = place(films, "25", project, 0), place(films, "25", project, 0, version=2)
    blender.result("host.place", **one)
    before = blender.state()
    switched = blender.result("host.switchTake", **two)
    assert (switched["already"], switched["record_start"], switched["record_duration"]) == (False, 30, 12)
    assert abs(shade(blender.frames(tmp_path / "two", 30, 30)[30]) - (4 + 31)) < 0.4
    assert blender.result("host.switchTake", **two)["already"] is True
    back = blender.result("host.switchTake", **one)
    assert back["already"] is False
    assert abs(shade(blender.frames(tmp_path / "one", 30, 30)[30]) - (4 + 15.5)) < 0.4
    blender.undo()
    blender.undo()
    assert blender.state() == before


def test_a_later_version_takes_the_place_of_the_file_so_that_trims_and_modifiers_on_the_take_stay(blender, films, tmp_path):
    project = scene(blender, films)
    one, two = place(films, "25", project, 0), place(films, "25", project, 0, version=2)
    for params in (one, two):
        params["placement"]["laying"] = {"mode": "relink", "mute": "none", "disable_original": False}
    blender.result("host.place", **one)
    [take] = set(blender.state()) - {"clip 0", "clip 1", "clip 2", "speech", "title"}
    blender.set_values(take, frame_final_start=33, frame_final_end=40)
    blender.push("trimmed")
    before = blender.state()
    switched = blender.result("host.switchTake", **two)
    assert (switched["record_start"], switched["record_duration"]) == (33, 7)
    assert [one["code"] for one in switched["notice_messages"]] == ["panel.blender-relinked"]
    assert {name: seen for name, seen in blender.state().items() if name != take} == {
        name: seen for name, seen in before.items() if name != take
    }
    assert abs(shade(blender.frames(tmp_path / "two", 33, 33)[33]) - (7 + 31)) < 0.4
    blender.undo()
    assert blender.state() == before, "one step of undo"


def test_what_is_worth_knowing_of_a_strip_is_said_before_rendering(blender, films):
    scene(blender, films)
    blender.select("clip 0")
    codes = lambda: [one["code"] for one in blender.result("host.selection")["items"][0]["notice_messages"]]  # noqa: E731
    assert codes() == []
    blender.set_values("clip 0", use_proxy=True)
    assert codes() == ["panel.media-proxy"]
    blender.effect("grade of all", "ADJUSTMENT", 7, [])
    blender.set_values("grade of all", frame_final_end=60)
    blender.set_values("grade of all", frame_final_start=30)
    assert codes() == ["panel.media-proxy", "panel.adjustment-above"]
    blender.effect("words", "TEXT", 8, [])
    blender.set_values("words", frame_final_end=60)
    blender.set_values("words", frame_final_start=35, text="Good morning")
    assert blender.result("host.selection")["captions"] == [{"record_start": 35, "record_duration": 25, "text": "Good morning"}]


def test_a_take_has_the_look_of_its_strip_with_its_keyframes_and_what_it_has_not_is_said(blender, films, tmp_path):
    project = scene(blender, films)
    blender.set_values("clip 0", **{"transform.offset_x": 8, "transform.scale_y": 0.5, "crop.min_y": 6, "use_flip_x": True,
                                    "color_saturation": 0.5, "blend_type": "ALPHA_OVER"})  # fmt: skip
    blender.key("clip 0", "transform.rotation", {"30": 0.0, "41": 0.4})
    blender.modifier("clip 0", "BRIGHT_CONTRAST", bright=5.0)
    blender.modifier("clip 0", "CURVES")
    blender.modifier("clip 0", "COLOR_BALANCE", **{"color_balance.gain": [1.0, 0.5, 0.5]})
    blender.effect("glow", "GLOW", 5, ["clip 0"])
    blender.push("looks")
    selection = blender.select("clip 0") or blender.result("host.selection")
    assert selection["items"][0]["cannot_copy"] == ["the effect “glow”"]
    placed = blender.result("host.place", **place(films, "25", project, 0))
    check_codes(placed)
    assert placed["not_copied"] == ["the effect “glow”"]
    [take] = set(blender.state()) - {"clip 0", "clip 1", "clip 2", "speech", "title", "glow"}
    for path in ("transform.offset_x", "transform.scale_y", "crop.min_y", "use_flip_x", "color_saturation", "blend_type"):
        assert blender.value(take, path) == blender.value("clip 0", path), path
    assert blender.modifiers(take) == blender.modifiers("clip 0")
    curves = blender.curves()
    [copied] = [points for path, points in curves.items() if take in path]
    [original] = [points for path, points in curves.items() if "clip 0" in path]
    assert copied == original == [[30.0, 0.0], [41.0, pytest.approx(0.4)]]
    blender.remove("glow")
    after = blender.frames(tmp_path / "after", 41, 41)[41]
    blender.set_values(take, mute=True)
    alone = blender.frames(tmp_path / "alone", 41, 41)[41]
    covered, wanted = ((picture > 12).any(axis=2) for picture in (after, alone))
    assert wanted.any()
    assert (covered != wanted).mean() < 0.01, "the take covers other pixels than its strip"
    blender.undo()
    assert blender.value("clip 0", "use_flip_x") is True


@pytest.mark.parametrize("how", ["moved", "trimmed", "gone"])
def test_strips_change_while_their_takes_render(blender, films, how):
    project = scene(blender, films)
    if how == "moved":
        blender.set_values("clip 2", frame_start=blender.value("clip 2", "frame_start") + 9)
    elif how == "trimmed":
        blender.set_values("clip 2", frame_final_duration=8)
    else:
        blender.remove("clip 2")
    placed = blender.result("host.place", **place(films, "25", project, 2))
    check_codes(placed)
    assert (placed["record_start"], placed["record_duration"]) == (69 if how == "moved" else 60, 12)
    said = {"moved": "the take follows it", "trimmed": "has its old length", "gone": "no longer on the timeline"}[how]
    assert said in placed["notices"][0]


def test_a_title_that_the_take_covers_is_named_and_foreign_channels_are_left_alone(blender, films):
    """Channels that hold something at the place, are locked, muted, or were named by somebody are passed over."""
    project = scene(blender, films)
    blender.title("lower third", 4, 28, 20)
    blender.movie("b-roll", str(clip_of(films, "25")), 5, 90, 0, 5)
    blender.channel(6, name="Music video")
    blender.channel(7, lock=True)
    before = blender.state()
    placed = blender.result("host.place", **place(films, "25", project, 0))
    assert placed["track"] == 8
    assert placed["notices"][0].startswith("The take lies above lower third as well")
    assert others(blender.state(), set(blender.state()) - set(before)) == before
    assert blender.channels() == {"6": "Music video", "8": "HeyGem takes"}


def refused(blender: Blender, method: str, params: dict[str, Any]) -> str:
    answer = blender.call(method, params)
    return str(answer["error"]["message"])


def test_what_cannot_be_placed_is_said_and_leaves_the_sequence_as_it_was(blender, films):
    project = scene(blender, films)
    before, channels = blender.state(), blender.channels()
    fine = place(films, "25", project, 0)
    (films / "broken.mov").write_bytes(b"no movie")
    wrong = {
        "is not on this machine": {**fine, "file": str(films / "nowhere.mov")},
        "could not read": {**fine, "file": str(films / "broken.mov")},
        "frames per second": {**fine, "file": str(take_of(films, "29.97", 4, 12))},
        "Blender's strips hold no takes": place(films, "25", project, 0, placement={"laying": {"mode": "take"}}),
        "belongs to another one": place(films, "25", "blend-other", 0),
        "no longer in the project": place(films, "25", project, 0, placement={"sequence": "Trailer"}),
        "put the strip elsewhere": {**fine, "handles": 14},
    }
    for said, params in wrong.items():
        assert said in refused(blender, "host.place", params), said
        assert said in refused(blender, "host.switchTake", params), said
        assert blender.state() == before
        assert blender.channels() == channels


def test_speech_that_came_as_a_file_lies_at_its_sample_and_the_old_dialogue_falls_silent(blender, films, tmp_path):
    """Blender's own mix: the speech's samples from the second that belongs to the take's first frame on, and nothing of the old sound."""
    project = scene(blender, films)
    ramp = films / "ramp.wav"
    with av.open(str(ramp), "w") as file:
        stream = file.add_stream("pcm_s16le", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.arange(96000, dtype=np.int16)[None] % 24000, format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48000, 0
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    blender.remove("speech")
    blender.sound("old", str(films / "speech.wav"), 2, 26, 0, 40)
    blender.set_values("clip 0", filepath=str(films / "speech.wav"))  # the same file as the sound below: recorded together
    blender.push("the film")
    laying = {"mode": "track", "mute": "clip", "disable_original": False}
    params = {**place(films, "25", project, 0, placement={"laying": laying}), "speech": str(ramp), "speech_start": "1/5"}
    placed = blender.result("host.place", **params)
    assert placed["notices"] == ["One step of undo takes it away."]
    assert blender.value("old", "mute") is True
    [speech] = [name for name in blender.state() if name.startswith("ramp")]
    assert (blender.value(speech, "frame_final_start"), blender.value(speech, "frame_final_duration")) == (30, 12)
    mix = blender.samples(tmp_path / "mix.wav", 30, 41)[0, : 12 * 1920].astype(int)
    wanted = ((np.arange(len(mix)) + 9600) % 24000) * 2**-0.5  # one channel in the middle of two
    assert np.abs(mix - wanted).max() <= 1, f"sample 1000 of the mix is {mix[1000]}, wanted {wanted[1000]}"


def test_speech_whose_stream_begins_late_lies_where_it_is_asked(blender, films):
    """In MPEG the sound often begins after the picture; Blender lays such a sound later by as much."""
    project = scene(blender, films)
    late = films / "late.mkv"
    with av.open(str(late), "w") as file:
        picture = file.add_stream("ffv1", rate=25, width=64, height=48, pix_fmt="bgr0")
        sound = file.add_stream("pcm_s16le", rate=48000, layout="mono")
        for number in range(50):
            grey = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24").reformat(format="bgr0")
            grey.pts, grey.time_base = number, Fraction(1, 25)
            file.mux(picture.encode(grey))
        file.mux(picture.encode(None))
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 48000), np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, 24000, Fraction(1, 48000)
        file.mux(sound.encode(frame))
        file.mux(sound.encode(None))
    placed = blender.result("host.place", **{**place(films, "25", project, 0), "speech": str(late), "speech_start": "0/1"})
    assert placed["notices"] == ["One step of undo takes it away."]
    [speech] = [name for name in blender.state() if name.startswith("late")]
    assert (blender.value(speech, "frame_final_start"), blender.value(speech, "frame_final_duration")) == (30, 12)


def test_markers_come_once_and_the_playhead_goes_where_it_is_asked(blender, films):
    project = scene(blender, films)
    where = place(films, "25", project, 0)["placement"]
    markers = [
        {"record_start": 33, "record_duration": 4, "name": "mouth hidden"},
        {"record_start": 33, "record_duration": 1, "name": "Ä " * 60},
    ]
    assert blender.result("host.markers", placement=where, markers=markers)["added"] == 2
    assert blender.result("host.markers", placement=where, markers=markers) == {
        "added": 0,
        "already": 2,
        "notices": [],
        "notice_messages": [],
    }
    assert blender.settings()["markers"][0] == [33, "mouth hidden (4)"]
    assert blender.result("host.reveal", placement=where) == {}
    assert blender.settings()["frames"][2] == 30


def test_the_project_stays_itself_through_saving_renaming_copies_and_undo(blender, films, tmp_path):
    project = scene(blender, films)
    blender.select("clip 0", "speech")
    sequence = blender.result("host.selection")["sequence"]["id"]
    blender.save(str(tmp_path / "film.blend"))
    blender.rename_scene("Edit")
    blender.push("renamed")
    blender.undo()
    blender.save(str(tmp_path / "film_02.blend"))
    other = scene(blender, films)
    assert other != project, "a new film is another project"
    assert len(blender.append_scene(str(tmp_path / "film.blend"), "Scene")) == 2
    assert blender.project() == other, "a scene of another film does not make it that film"
    assert "another one" in refused(blender, "host.place", place(films, "25", project, 0))
    for name in ("film", "film_02"):
        assert blender.open_file(str(tmp_path / f"{name}.blend")) == project
        assert blender.result("host.place", **place(films, "25", project, 0, placement={"sequence": sequence}))["already"] is False
    blender.rename_scene("Edit")
    assert blender.result("host.place", **place(films, "25", project, 1, placement={"sequence": sequence}))["already"] is False


def test_the_originals_stay_as_they_are_whatever_is_asked(blender, films, tmp_path):
    """The promise of all panels, kept in a real editor: strips, channels, markers, settings and media of others, byte by byte."""
    project = scene(blender, films)
    blender.movie("below", str(clip_of(films, "25")), 2, 28, 0, 40)
    blender.movie("above", str(clip_of(films, "25")), 5, 50, 9, 15)
    blender.key("clip 0", "blend_alpha", {"30": 1.0, "41": 0.5})
    blender.modifier("clip 1", "BRIGHT_CONTRAST", bright=2.0)
    blender.channel(5, name="B-roll")
    blender.channel(2, mute=True)
    blender.frames(tmp_path / "first", 30, 76)
    blender.push("the film")
    before, channels, settings, curves = blender.state(), blender.channels(), blender.settings(), blender.curves()
    media = {path: path.read_bytes() for path in (clip_of(films, "25"), films / "speech.wav")}
    (tmp_path / "out").mkdir()
    blender.select("clip 0", "clip 1", "speech")
    blender.result("host.selection")
    blender.select()
    for number in range(3):
        blender.result("host.place", **place(films, "25", project, number))
        blender.result("host.switchTake", **place(films, "25", project, number, version=2))
        blender.result("host.switchTake", **place(films, "25", project, number))
        refused(blender, "host.place", place(films, "25", project, number, placement={"laying": {"mode": "take"}}, file="/nowhere.mov"))
    blender.result("host.export", items=["clip 0", "title"], kind="picture", folder=str(tmp_path / "out"))
    now = blender.state()
    assert {name: now[name] for name in before} == before
    assert {number: name for number, name in blender.channels().items() if not name.startswith("HeyGem")} == channels
    assert {path: points for path, points in blender.curves().items() if path in curves} == curves
    assert blender.settings() == settings
    assert {path: path.read_bytes() for path in media} == media
    for _ in range(9):
        blender.undo()
    assert (blender.state(), blender.channels(), blender.curves()) == (before, channels, curves), "nine changes are nine steps of undo"


def test_what_blender_alone_plays_is_named_and_comes_back_as_a_file(blender, films, tmp_path):
    """Stills, titles, retimes, other frame rates: the selection says why, the export shows each alone, the scene stays as it was."""
    scene(blender, films)
    blender.movie("other rate", str(clip_of(films, "29.97")), 6, 30, 10, 20)
    blender.movie("fast", str(clip_of(films, "25")), 7, 60, 0, 20)
    blender.set_values("fast", speed_factor=2.0)
    blender.frames(tmp_path / "first", 30, 30)  # Blender itself sets a strip's strobe to 1 when it first draws it
    blender.title("colour", 8, 30, 20)
    blender.select("other rate", "fast", "colour", "clip 0", "speech")
    items = {item["name"]: item for item in blender.result("host.selection")["items"]}
    assert {name for name, item in items.items() if item["needs_host_export"]} == {"other rate", "fast", "colour"}
    assert "29.97 frames per second and the scene 25" in items["other rate"]["needs_host_export"]
    before, settings = blender.state(), blender.settings()
    (tmp_path / "out").mkdir()
    asked = {"items": ["other rate", "gone"], "kind": "picture", "folder": str(tmp_path / "out"), "handles": 3}
    result = blender.result("host.export", **asked)
    check_codes(result)
    [made, gone] = result["exported"]
    assert gone["problem"] == "The clip is no longer on the timeline."
    with av.open(made["path"]) as file:
        shown = [shade(frame.to_ndarray(format="rgb24")) for frame in file.decode(video=0)]
        assert file.streams.video[0].average_rate == 25
    assert made["handles"] == 3
    assert np.allclose(shown[3:-3], np.arange(10, 30), atol=0.4)
    assert max(shown[:3] + shown[-3:]) < 0, "what lies beside the strip is in its export"
    (tmp_path / "sound").mkdir()
    sound = blender.result("host.export", items=["speech"], kind="sound", folder=str(tmp_path / "sound"))["exported"][0]
    with av.open(sound["path"]) as file:
        assert abs(float(file.duration / av.time_base) - 45 / 25) < 0.01
    assert blender.settings() == settings
    now = blender.state()
    assert {(name, each): seen[each] for name, seen in now.items() for each in seen if seen[each] != before[name][each]} == {}
