"""Looking at files: facts, posters, waveforms, proxies, people. The tasks run here directly; their processes are tested elsewhere."""

from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from heygem_core import errors
from heygem_core.media.colour import ColourTags
from heygem_core.media.probe import probe
from heygem_core.shot import Finished
from heygem_core.tasks.dispatch import start
from heygem_core.tasks.specs import FacesFound, FacesTask, PosterTask, Probed, ProbeTask, ProxyTask, Task, Waveform, WaveformTask
from tests.media import make


def done(task: Task) -> Any:
    """The answer of a task, or its Finished event."""
    events, last = start(task), None
    while True:
        try:
            last = next(events)
        except StopIteration as end:
            return end.value if end.value is not None else last


def tone(seconds: float = 1.0, level: float = 0.5, channels: int = 2) -> Any:
    sine = level * np.sin(np.arange(round(seconds * 48_000)) * 2 * np.pi * 440 / 48_000)
    return np.repeat(sine[None].astype(np.float32), channels, 0)


def test_the_facts_of_a_video_are_told_upright_and_unknown_is_none(tmp_path: Path) -> None:
    path = make.video(
        tmp_path / "clip.mov", rate=Fraction(30000, 1001), timecode="01:00:00;00", rotation=90, samples=tone(), sound_codec="pcm_s16le"
    )
    facts = done(ProbeTask(path=str(path)))
    assert isinstance(facts, Probed)
    assert (facts.kind, facts.width, facts.height, facts.frames) == ("video", 64, 96, 20)
    assert (facts.rate, facts.start_timecode, facts.codec, facts.bit_depth) == (Fraction(30000, 1001), "01:00:00;00", "h264", 8)
    assert (facts.colour, facts.sound_channels, facts.sound_rate) == ("BT.709", 2, 48_000)
    plain = done(ProbeTask(path=str(make.video(tmp_path / "plain.mkv", tags=ColourTags()))))
    assert (plain.colour, plain.start_timecode, plain.sound_channels) == (None, None, None)
    assert (facts.sound_streams, plain.sound_streams) == ((2,), ())
    assert plain.notices == ("The video has no sound.",)


def test_hdr_and_variable_rates_are_told(tmp_path: Path) -> None:
    tags = ColourTags(primaries=9, transfer=16, matrix=9, range=1)
    path = make.video(
        tmp_path / "hdr.mkv",
        codec="ffv1",
        pix_fmt="yuv420p10le",
        tags=tags,
        frames=5,
        pts=[0, 40, 90, 120, 200],
        time_base=Fraction(1, 1000),
    )
    facts = done(ProbeTask(path=str(path)))
    assert (facts.colour, facts.bit_depth, facts.rate) == ("BT.2020 PQ", 10, None)
    assert "varies" in facts.notices[0]


def test_a_sound_file_has_no_picture_and_a_text_is_refused(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "speech.wav"), "w") as container:
        stream: Any = container.add_stream("pcm_s16le", rate=16_000)
        stream.codec_context.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.int16), format="s16", layout="mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
    facts = done(ProbeTask(path=str(tmp_path / "speech.wav")))
    assert (facts.kind, facts.width, facts.duration_s, facts.sound_channels) == ("sound", None, 1.0, 1)
    (tmp_path / "notes.mp4").write_text("nothing to see")
    with pytest.raises(errors.UnreadableMedia):
        done(ProbeTask(path=str(tmp_path / "notes.mp4")))


def test_a_poster_shows_the_frame_that_was_asked_for_upright(tmp_path: Path) -> None:
    clip = make.video(tmp_path / "clip.mp4", frames=20, rotation=90, flash=7, options={"crf": "10"})
    bright = {}
    for number in (6, 7, 8):
        made = done(PosterTask(path=str(clip), output=str(tmp_path / f"{number}.jpg"), frame=number))
        assert isinstance(made, Finished)
        with av.open(str(tmp_path / f"{number}.jpg")) as picture:
            frame = next(picture.decode(video=0))
            assert (frame.width, frame.height) == (64, 96)
            bright[number] = frame.to_ndarray(format="gray").mean()
    assert bright[7] > 240 > 220 > max(bright[6], bright[8])
    with pytest.raises(errors.BadRange, match="choose one from 0 to 19"):
        done(PosterTask(path=str(clip), output=str(tmp_path / "x.jpg"), frame=20))
    with pytest.raises(errors.OutputError):
        done(PosterTask(path=str(clip), output=str(tmp_path / "missing" / "x.jpg")))


@pytest.mark.parametrize(("frames", "size"), [(20, (96, 64)), (7, (95, 63))])
def test_a_proxy_has_the_same_frames_at_the_same_times(tmp_path: Path, frames: int, size: tuple[int, int]) -> None:
    clip = make.video(
        tmp_path / "clip.mkv",
        rate=Fraction(24000, 1001),
        frames=frames,
        size=size,
        codec="ffv1",
        samples=tone(frames / 24),
        sound_codec="flac",
    )
    done(ProxyTask(path=str(clip), output=str(tmp_path / "proxy.mp4"), start=2))
    info = probe(tmp_path / "proxy.mp4")
    assert (info.frame_count, info.rate, info.codec) == (frames - 2, Fraction(24000, 1001), "h264")
    assert info.display_size == (size[0] & ~1, size[1] & ~1)
    assert info.sound is not None
    with av.open(str(tmp_path / "proxy.mp4")) as container:
        assert [make.number_of(frame) for frame in container.decode(video=0)] == list(range(2, frames))


def test_a_proxy_keeps_variable_times_and_turns_pictures_upright(tmp_path: Path) -> None:
    times = [0, 40, 90, 120, 200, 260]
    clip = make.video(tmp_path / "clip.mp4", frames=6, pts=times, time_base=Fraction(1, 1000), rotation=90)
    done(ProxyTask(path=str(clip), output=str(tmp_path / "proxy.mp4")))
    info = probe(tmp_path / "proxy.mp4")
    assert [round(float(info.time_of(k) * 1000)) for k in range(6)] == times
    assert (info.coded_size, info.rotation) == ((64, 96), 0)


def test_a_proxy_of_a_recording_is_its_sound_at_the_same_times(tmp_path: Path) -> None:
    """It used to fail for want of a picture, so nobody could listen to a speech before it was rendered."""
    sound = np.concatenate([tone(0.5, 0.0), tone(0.5, 0.8)], axis=1)
    recording = make.sound(tmp_path / "speech.wav", sound, layout="stereo")
    done(ProxyTask(path=str(recording), output=str(tmp_path / "proxy.mp4")))
    loud = done(WaveformTask(path=str(tmp_path / "proxy.mp4"), points=10))
    assert loud.duration_s == pytest.approx(1, abs=0.05)
    assert max(loud.peaks[:4]) < 0.05 < 0.5 < min(loud.peaks[6:9])


def test_a_proxy_that_fails_leaves_nothing(tmp_path: Path) -> None:
    clip = make.video(tmp_path / "clip.mp4")
    with pytest.raises(errors.BadRange):
        done(ProxyTask(path=str(clip), output=str(tmp_path / "proxy.mp4"), end_exclusive=99))
    events = start(ProxyTask(path=str(clip), output=str(tmp_path / "proxy.mp4")))
    for _ in range(5):
        next(events)
    events.close()
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_waveform_tells_where_it_is_loud(tmp_path: Path) -> None:
    sound = np.concatenate([tone(0.5, 0.1), tone(0.5, 0.8)], axis=1)
    clip = make.video(tmp_path / "clip.mov", frames=25, samples=sound, sound_codec="pcm_s16le")
    found = done(WaveformTask(path=str(clip), points=20))
    assert isinstance(found, Waveform)
    assert len(found.peaks) == 20
    assert max(found.peaks[:9]) == pytest.approx(0.1, abs=0.02)
    assert min(found.peaks[11:]) == pytest.approx(0.8, abs=0.02)
    with pytest.raises(errors.SpecError):
        done(WaveformTask(path=str(clip), points=0))
    with pytest.raises(errors.NoSound):
        done(WaveformTask(path=str(make.video(tmp_path / "silent.mp4"))))


def test_each_channel_of_a_recording_is_seen_and_heard_alone(tmp_path: Path) -> None:
    """A recorder's file: a microphone on each channel. Whoever chooses the one that speaks has to see and hear them one by one."""
    path = tmp_path / "recorder.wav"
    levels = (0.0, 0.2, 0.8, 0.4)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(levels))
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes((np.concatenate([tone(level=level, channels=1) for level in levels]) * 32_767).T.astype("<i2").tobytes())
    assert done(ProbeTask(path=str(path))).sound_streams == (4,)
    for number, level in enumerate(levels, start=1):
        peaks = done(WaveformTask(path=str(path), points=5, channels=(number,))).peaks
        assert peaks == pytest.approx([level] * 5, abs=0.02)
        proxy = tmp_path / f"{number}.mp4"
        done(ProxyTask(path=str(path), output=str(proxy), channels=(number,)))
        assert max(done(WaveformTask(path=str(proxy), points=1)).peaks) == pytest.approx(level, abs=0.06)
    with pytest.raises(errors.BadRange, match="4 channels"):
        done(WaveformTask(path=str(path), channels=(5,)))


def test_the_people_of_a_clip_are_outlined_where_they_are(clips: Path, tmp_path: Path) -> None:
    found = done(FacesTask(path=str(clips / "grid" / "bbaf2n.mpg"), end_exclusive=5, cache=str(tmp_path)))
    assert isinstance(found, FacesFound)
    (face,) = found.faces
    left, top, right, bottom = face.box
    assert (face.number, face.usable_share) == (1, 1.0)
    assert 0.2 < left < 0.35 < 0.5 < right < 0.65
    assert 0.3 < top < 0.5 < 0.75 < bottom < 1


def test_a_clip_without_people_has_none(tmp_path: Path) -> None:
    found = done(FacesTask(path=str(make.video(tmp_path / "clip.mp4", frames=3)), cache=str(tmp_path / "cache")))
    assert found.faces == ()


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({"speed": Fraction(2), "frames": 6}, range(2, 14, 2)),
        ({"speed": Fraction(-1), "frames": 5}, range(14, 9, -1)),
        ({"fit": "loop", "end_exclusive": 5, "frames": 9}, [2, 3, 4, 3, 2, 3, 4, 3, 2]),
        ({"fit": "trim", "frames": 4}, range(2, 6)),
        ({"speed": Fraction(1, 2)}, [k for k in range(2, 15) for _ in range(2)]),
    ],
)
def test_a_proxy_shows_the_frames_of_the_original_as_a_take_plays_them(tmp_path: Path, asked: dict[str, Any], shown: list[int]) -> None:
    """The original of a looped, retimed or reversed take could not be looked at beside it."""
    clip = make.video(tmp_path / "clip.mkv", frames=20, codec="ffv1", samples=tone(0.8), sound_codec="flac")
    done(ProxyTask(**{"path": str(clip), "output": str(tmp_path / "proxy.mp4"), "start": 2, "end_exclusive": 15} | asked))
    with av.open(str(tmp_path / "proxy.mp4")) as container:
        assert [make.number_of(frame) for frame in container.decode(video=0)] == list(shown)
        assert bool(container.streams.audio) == (asked.get("fit") == "trim")


def test_a_proxy_of_a_still_lasts_as_long_as_its_take(tmp_path: Path) -> None:
    done(ProxyTask(path=str(make.still(tmp_path / "still.png")), output=str(tmp_path / "proxy.mp4"), frames=30))
    assert probe(tmp_path / "proxy.mp4").frame_count == 30
