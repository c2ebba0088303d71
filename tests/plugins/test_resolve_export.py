"""host.export in Resolve: the clip alone and exact, everything else as it was, and a sentence for whatever goes wrong."""

from __future__ import annotations

import json
import os
import time
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from heygem_host.errors import HostError
from heygem_resolve.editor import Editor
from heygem_resolve.exports import clip_export, deliver_page
from tests.plugins.fakes.resolve import Resolve
from tests.plugins.media import make_clip, make_speech

RATES = {"23.976": Fraction(24000, 1001), "25": Fraction(25), "29.97": Fraction(30000, 1001), "59.94": Fraction(60000, 1001)}


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    for name, rate in RATES.items():
        make_clip(folder / f"{name}.mov", rate=rate, frames=60)
    make_clip(folder / "title.mov", rate=Fraction(25), frames=2)
    make_speech(folder / "speech.wav", 2)
    make_speech(folder / "music.wav", 4)
    return folder


def scene(files: Path, rate: str = "25", first: int = 90000, **how: Any) -> tuple[Resolve, Any, Any]:
    """A compound clip of 20 frames at frame 10 of V1, a neighbour behind it, a bright title above it; speech on A1, music on A2."""
    resolve = Resolve(**how)
    resolve.new_project()
    timeline = resolve.new_timeline(rate=rate, start_frame=first, start_timecode="01:00:00:00")
    clip = resolve.add_compound(timeline, str(files / f"{rate}.mov"), start=10, length=20, offset=4)
    resolve.add_clip(timeline, str(files / f"{rate}.mov"), start=30, length=20)
    title = resolve.add_compound(timeline, str(files / "title.mov"), start=0, length=60, track=2)
    title.name = "Lower third"
    resolve.add_sound(timeline, str(files / "speech.wav"), start=0, length=40, track=1)
    resolve.add_sound(timeline, str(files / "music.wav"), start=0, length=60, track=2)
    return resolve, timeline, clip


def export(resolve: Resolve, folder: Path, *items: Any, kind: str = "picture", handles: int = 0) -> dict[str, Any]:
    params = {"items": [getattr(item, "id", item) for item in items], "kind": kind, "folder": str(folder), "handles": handles}
    return clip_export.export(Editor(resolve), params, wait=lambda seconds: None)


def everything(resolve: Resolve, timeline: Any) -> Any:
    """What a person could see of it; marks do not count while the whole timeline is chosen."""
    project = resolve.manager.project
    deliver = json.loads(json.dumps(project.deliver))
    if deliver["settings"]["SelectAllFrames"]:
        deliver["settings"] = {key: value for key, value in deliver["settings"].items() if key not in ("MarkIn", "MarkOut")}
    return [deliver, sorted(project.jobs), sorted(project.presets), timeline.picture(), resolve.app.page, timeline.playhead,
            [track.enabled for kind in ("video", "audio") for track in timeline.tracks[kind]]]  # fmt: skip


def greys(path: str) -> list[int]:
    """The brightness of each frame."""
    with av.open(path) as file:
        return [round(float(frame.to_ndarray(format="gray").mean())) for frame in file.decode(file.streams.video[0])]


@pytest.mark.parametrize("handles", [0, 5])
@pytest.mark.parametrize("rate", RATES)
def test_an_export_is_the_clip_alone_frame_by_frame_at_the_timelines_rate(files, tmp_path, rate, handles):
    resolve, timeline, clip = scene(files, rate)
    before = everything(resolve, timeline)
    result = export(resolve, tmp_path, clip, handles=handles)
    assert everything(resolve, timeline) == before
    [made] = result["exported"]
    assert (made["problem"], made["handles"], result["notices"]) == (None, handles, [])
    source = greys(str(files / f"{rate}.mov"))
    seen = greys(made["path"])
    assert len(seen) == 20 + 2 * handles
    assert np.allclose(seen[handles : handles + 20], source[4:24], atol=2), "the title above it came in, or the frames are others"
    with av.open(made["path"]) as file:
        assert file.streams.video[0].average_rate == RATES[rate]
        assert not file.streams.audio


def test_a_clip_at_the_timelines_start_has_the_handles_that_there_are(files, tmp_path):
    """A render cannot begin before the timeline: the server must know how many frames lie before the clip."""
    resolve, timeline, clip = scene(files)
    [made] = export(resolve, tmp_path, clip, handles=25)["exported"]
    assert made["handles"] == 10
    assert len(greys(made["path"])) == 10 + 20 + 25
    assert resolve.manager.project.finished[-1]["MarkIn"] == 90000
    del timeline.tracks["video"][0].items[1]
    timeline.tracks["video"].pop()
    timeline.tracks["audio"].clear()
    [made] = export(resolve, tmp_path, clip, handles=3)["exported"]
    assert len(greys(made["path"])) == 3 + 20, "there is nothing after the timeline's last frame"


def test_a_sound_is_exported_without_the_music_and_the_picture(files, tmp_path):
    resolve, timeline, _ = scene(files)
    before = everything(resolve, timeline)
    speech = timeline.tracks["audio"][0].items[0]
    [made] = export(resolve, tmp_path, speech, kind="sound")["exported"]
    assert everything(resolve, timeline) == before
    assert resolve.manager.project.finished[-1]["heard"] == ["Audio 1"]
    with av.open(made["path"]) as file:
        assert not file.streams.video
        sound = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
    with av.open(str(files / "speech.wav")) as file:
        wanted = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])[: len(sound)]
    assert len(sound) == round(40 / 25 * 48000)
    assert np.abs(sound.astype(int) - wanted.astype(int)).max() <= 1


def test_since_21_1_a_sound_is_a_wave_file(files, tmp_path):
    resolve, timeline, _ = scene(files, version=(21, 1))
    [made] = export(resolve, tmp_path, timeline.tracks["audio"][0].items[0], kind="sound")["exported"]
    assert made["path"].endswith(".wav")


def test_where_a_track_cannot_be_switched_off_its_clips_are(files, tmp_path):
    """Seen on 21.0.4: SetTrackEnable says True and changes nothing, and music comes into the speech."""
    resolve, timeline, clip = scene(files, also=frozenset({"track.enable-is-ignored"}))
    before = everything(resolve, timeline)
    [made] = export(resolve, tmp_path, clip)["exported"]
    assert np.allclose(greys(made["path"]), greys(str(files / "25.mov"))[4:24], atol=2)
    assert everything(resolve, timeline) == before


def test_what_cannot_be_switched_off_at_all_stops_the_export(files, tmp_path):
    resolve, timeline, clip = scene(files, also=frozenset({"track.enable-is-ignored"}))
    timeline.tracks["video"][1].items[0].stubborn = True
    before = everything(resolve, timeline)
    [made] = export(resolve, tmp_path, clip)["exported"]
    assert made["path"] is None
    assert "Lower third" in made["problem"]
    assert everything(resolve, timeline) == before


def test_a_clip_that_a_take_covers_and_disables_is_exported_nevertheless(files, tmp_path):
    resolve, timeline, clip = scene(files)
    clip.enabled = timeline.tracks["video"][0].enabled = False
    [made] = export(resolve, tmp_path, clip)["exported"]
    assert np.allclose(greys(made["path"]), greys(str(files / "25.mov"))[4:24], atol=2)
    assert not clip.enabled
    assert not timeline.tracks["video"][0].enabled


def test_nothing_of_the_persons_own_delivery_comes_into_an_export(files, tmp_path):
    """Their page says 1280 wide with subtitles burnt in; the job must say otherwise, and the page still say so afterwards."""
    resolve, _, clip = scene(files)
    export(resolve, tmp_path, clip)
    job = resolve.manager.project.finished[-1]["deliver"]
    settings = job["settings"]
    assert (settings["FormatWidth"], settings["FormatHeight"], settings["ExportSubtitle"], settings["FrameRate"]) == (64, 64, False, 25.0)
    assert (settings["DataBurnIn"], settings["AddFrameHandles"], job["codec"], job["mode"]) == ("None", 0, "DNxHRHQX_10", 1)
    assert settings["CustomName"] == "master", "a name, once written, cannot be cleared again"


def test_a_range_that_the_person_had_chosen_is_back(files, tmp_path):
    resolve, timeline, clip = scene(files)
    settings = resolve.manager.project.deliver["settings"]
    settings.update(SelectAllFrames=False, MarkIn=90003, MarkOut=90007)
    before = everything(resolve, timeline)
    export(resolve, tmp_path, clip)
    assert everything(resolve, timeline) == before


def test_where_no_folder_was_ever_chosen_the_page_does_not_keep_one_that_is_gone(files, tmp_path):
    resolve, _, clip = scene(files)
    del resolve.manager.project.deliver["settings"]["TargetDir"]
    export(resolve, tmp_path, clip)
    assert Path(resolve.manager.project.deliver["settings"]["TargetDir"]).is_dir()


def test_resolve_renders_only_into_its_media_storage(files, tmp_path):
    """Elsewhere AddRenderJob gives nothing, and a message in the window stops every call after it."""
    resolve, timeline, clip = scene(files)
    media, data = tmp_path / "media", tmp_path / "data"
    media.mkdir()
    data.mkdir()
    resolve.app.volumes = ["/films", str(media)]
    before = everything(resolve, timeline)
    [made] = export(resolve, data, clip)["exported"]
    assert Path(made["path"]).parent == data
    assert list(media.iterdir()) == [], "our own folder stays behind in the media storage"
    assert everything(resolve, timeline) == before
    media.chmod(0o500)
    resolve.app.volumes = ["/nowhere"]
    with pytest.raises(HostError, match="Media Storage") as caught:
        export(resolve, data, clip)
    assert caught.value.kind == "NoStorage"
    media.chmod(0o700)


@pytest.mark.parametrize(
    ("script", "words"), [("fails", "Der Datenträger ist voll."), ("stops", "ended at 50 %"), ("hangs", "ended at 0 %")]
)
def test_a_file_that_stops_early_is_no_file(files, tmp_path, monkeypatch, script, words):
    """A cancelled render, or one that filled the disk, leaves a file that begins like the right one."""
    monkeypatch.setattr(deliver_page, "_STALLED_S", 0.05)
    ticks = iter(range(10_000))
    monkeypatch.setattr("heygem_resolve.exports.deliver_page.time.monotonic", lambda: float(next(ticks)))
    resolve, timeline, clip = scene(files)
    resolve.manager.project.script = script
    before = everything(resolve, timeline)
    [made] = export(resolve, tmp_path, clip)["exported"]
    assert made["path"] is None
    assert words in made["problem"]
    assert list(tmp_path.iterdir()) == []
    assert everything(resolve, timeline) == before


def test_an_export_that_resolve_cannot_encode_says_so_and_puts_everything_back(files, tmp_path):
    resolve, timeline, clip = scene(files)
    resolve.manager.project.codecs = {"mp4": {"H.264": "H264"}}
    before = everything(resolve, timeline)
    result = export(resolve, tmp_path, clip, "gone")
    assert "DNxHR" in result["exported"][0]["problem"]
    assert result["exported"][1]["problem"] == "The clip is no longer on the timeline."
    assert everything(resolve, timeline) == before


def test_another_render_is_left_alone(files, tmp_path):
    resolve, timeline, clip = scene(files)
    resolve.manager.project.rendering_elsewhere = True
    resolve.app.calls.clear()
    before = everything(resolve, timeline)
    with pytest.raises(HostError, match="rendering something else"):
        export(resolve, tmp_path, clip)
    assert everything(resolve, timeline) == before
    assert not any(call.startswith(("Project.Set", "Project.Save", "Project.Add", "Project.Stop")) for call in resolve.app.calls)


def test_a_folder_that_is_not_here_is_a_sentence(files, tmp_path):
    resolve, _, clip = scene(files)
    with pytest.raises(HostError, match="not on this machine"):
        export(resolve, tmp_path / "elsewhere", clip)


def test_a_full_disk_is_told_before_anything_is_rendered(files, tmp_path, monkeypatch):
    resolve, timeline, clip = scene(files)
    before = everything(resolve, timeline)
    monkeypatch.setattr("heygem_resolve.exports.media_storage.shutil.disk_usage", lambda path: SimpleNamespace(free=1000))
    [made] = export(resolve, tmp_path, clip)["exported"]
    assert "GB are free" in made["problem"]
    assert everything(resolve, timeline) == before
    assert [job for job in resolve.manager.project.finished if job["done"]] == []


def test_a_disk_that_fills_while_the_file_is_moved_is_a_sentence(files, tmp_path, monkeypatch):
    resolve, timeline, clip = scene(files)
    before = everything(resolve, timeline)

    def full(source: str, target: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("heygem_resolve.exports.clip_export.shutil.move", full)
    [made] = export(resolve, tmp_path, clip)["exported"]
    assert "No space left on device" in made["problem"]
    assert everything(resolve, timeline) == before


def test_another_project_that_is_opened_meanwhile_ends_the_export_with_a_sentence(files, tmp_path):
    resolve, _, clip = scene(files)
    resolve.manager.project.on_render = lambda: resolve.new_project("Another film")
    [made] = export(resolve, tmp_path, clip)["exported"]
    assert made["path"] is None
    assert "another project" in made["problem"]


def test_everything_that_can_be_put_back_is_though_the_preset_fails(files, tmp_path, monkeypatch):
    resolve, timeline, clip = scene(files)
    project = resolve.manager.project
    monkeypatch.setattr("tests.plugins.fakes.resolve_deliver.Deliver.LoadRenderPreset", lambda self, name: 1 / 0)
    result = export(resolve, tmp_path, clip)
    assert result["exported"][0]["path"]
    assert (project.deliver["format"], project.deliver["codec"], project.deliver["mode"]) == ("mp4", "H264", 0)
    assert (project.presets, resolve.app.page, timeline.picture()["video 2"]["enabled"]) == ({}, "edit", True)
    monkeypatch.setattr("tests.plugins.fakes.resolve_deliver.Deliver.SaveAsNewRenderPreset", lambda self, name: False)
    assert "Deliver page" in export(resolve, tmp_path, clip)["notices"][0]


def test_clips_of_a_timeline_that_is_not_open_are_found_and_it_is_closed_again(files, tmp_path):
    resolve, _, clip = scene(files)
    other = resolve.new_timeline(name="Scene")
    resolve.add_compound(other, str(files / "title.mov"), start=0, length=5)
    [made] = export(resolve, tmp_path, clip)["exported"]
    assert np.allclose(greys(made["path"]), greys(str(files / "25.mov"))[4:24], atol=2)
    assert resolve.manager.project.timeline is other


def test_what_a_killed_export_left_is_swept_away(files, tmp_path):
    resolve, _, clip = scene(files)
    project = resolve.manager.project
    project.SaveAsNewRenderPreset("HeyGem meanwhile 7-7")
    project.SaveAsNewRenderPreset("HeyGem masters of the person")
    for name, age_s in (("heygem-export-old", 2 * 86400), ("heygem-export-now", 0), ("rushes", 9 * 86400)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age_s,) * 2)
    export(resolve, tmp_path, clip)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["heygem-export-now", "rushes"]
    assert list(project.presets) == ["HeyGem masters of the person"]


def test_two_exports_into_one_folder_do_not_overwrite_each_other(files, tmp_path):
    resolve, timeline, clip = scene(files)
    neighbour = timeline.tracks["video"][0].items[1]
    first = [one["path"] for one in export(resolve, tmp_path, clip, neighbour)["exported"]]
    again = [one["path"] for one in export(resolve, tmp_path, clip, neighbour)["exported"]]
    assert len({*first, *again}) == 4
    assert all(Path(path).is_file() for path in (*first, *again))


def test_naive_settings_would_take_the_persons_own_along(files):
    """The fake bites: one key that a version lacks takes all the others with it."""
    resolve, _, _ = scene(files, version=(20, 0))
    project = resolve.manager.project
    assert not project.SetRenderSettings({"FormatWidth": 64, "UseFullExtents": False})
    assert project.deliver["settings"]["FormatWidth"] == 1280
