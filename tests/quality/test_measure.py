"""Whole takes of a real clip, looked at again: its own words, silence, other people's videos."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from msgspec.structs import replace

from heygem_core.errors import UnsupportedMedia
from heygem_core.media.probe import probe
from heygem_core.quality.figures import Quality
from heygem_core.quality.measure import examine_take, measure_take
from heygem_core.rendering.contact_sheet import write_contact_sheet
from heygem_core.rendering.render import render
from heygem_core.rendering.report import read_report, write_report
from heygem_core.shot import RenderSettings, RenderTask, Shot
from tests.rendering.making import pictures, speech, write_clip, write_sound

FRAMES = 40


def with_sound(path: Path, clip: Path, count: int, late_s: float = 0.0) -> Path:
    """The first frames of a clip with its sound, moved later in time."""
    sound = np.roll(speech(clip)[: 16_000 * count // 25], round(late_s * 16_000))
    write_sound(path.with_suffix(".wav"), sound)
    with av.open(str(path), "w") as box, av.open(str(path.with_suffix(".wav"))) as heard:
        picture = box.add_stream("libx264", rate=25, options={"crf": "12", "preset": "ultrafast"})
        picture.height, picture.width = pictures(clip, count)[0].shape[:2]
        picture.pix_fmt = "yuv420p"
        track = box.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for rgb in pictures(clip, count):
            box.mux(picture.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        box.mux(picture.encode(None))
        for frame in heard.decode(audio=0):
            box.mux(track.encode(frame))
        box.mux(track.encode(None))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("quality")


@pytest.fixture(scope="module")
def talking(clips, folder) -> Path:
    return with_sound(folder / "talking.mkv", clips / "german_512x512_25fps.mp4", FRAMES)


def made(video: Path, speech: Path, output: Path) -> Path:
    settings = RenderSettings(fit="hold", format="ffv1")
    task = RenderTask(
        shot=Shot(video=str(video), speech=str(speech)), settings=settings, output=str(output), cache=str(output.parent / "cache")
    )
    for _ in render(task):
        pass
    return output


@pytest.fixture(scope="module")
def own(talking, folder) -> Path:
    """The clip says what it said."""
    return made(talking, talking, folder / "own.mkv")


@pytest.fixture(scope="module")
def quality(own, folder) -> Quality:
    return measure_take(own, cache=folder / "cache")


@pytest.mark.full
def test_a_take_of_the_same_words_is_held_against_the_real_mouth(quality):
    assert quality.real_opening.r is not None
    assert quality.real_closures.threshold == 0.02
    assert 0 < quality.landmark_distance < 0.1
    assert quality.trace is None  # what resembles the old mouth is right here


@pytest.mark.full
def test_the_pixels_of_a_lossless_take_are_compared_with_the_source(quality):
    found = quality.likeness
    assert found.frames == FRAMES
    assert found.touched_outside == 0
    assert 15 < found.psnr < 60
    assert 0.5 < found.ssim < 1
    assert 0.7 < found.seam < 1.3
    assert found.ring_delta_e < 2


def test_the_figures_are_kept_in_the_report(own, quality):
    assert read_report(own).quality == quality


@pytest.mark.full
def test_a_take_whose_plan_is_gone_keeps_its_other_figures(own, quality, folder):
    found = examine_take(own, cache=folder / "another cache").quality
    assert found.likeness is None
    assert found.opening == quality.opening


@pytest.mark.full
def test_a_take_made_with_silence_keeps_still_and_is_searched_for_the_old_mouth(talking, folder):
    take = made(talking, write_sound(folder / "silence.wav", np.zeros(16_000 * FRAMES // 25, np.float32)), folder / "silent.mkv")
    found = examine_take(take, cache=folder / "cache").quality
    assert found.trace.opening_sd < 0.02
    assert found.real_opening is None
    assert found.likeness.psnr is None  # the mouths ought to differ


@pytest.mark.full
def test_a_source_passed_off_as_a_silent_take_is_caught(talking, folder):
    """Leakage as bad as can be: the source's own pixels under the report of a take that ought to be silent."""
    silent = made(talking, write_sound(folder / "nothing.wav", np.zeros(16_000 * FRAMES // 25, np.float32)), folder / "nothing.mkv")
    fake = folder / "fake.mkv"
    fake.write_bytes(talking.read_bytes())
    write_report(replace(read_report(silent), take=fake.name), fake)
    found = examine_take(fake, cache=folder / "cache").quality
    assert found.trace.r > 0.99
    assert found.trace.chance < 0.05
    assert found.trace.size > 0.01


@pytest.mark.full
def test_a_take_of_deinterlaced_footage_is_held_against_it(clips, folder):
    """The source was refused for being interlaced, so the measuring ended in an error."""
    clip = clips / "grid" / "bbaf2n.mpg"
    source = write_clip(
        folder / "woven.mkv", pictures(clip, 16), codec="mpeg2video", interlaced=True, options={"flags": "+ildct", "b": "4M"}
    )
    with pytest.raises(UnsupportedMedia, match="interlaced"):
        probe(source)
    output = folder / "woven_take.mkv"
    settings = RenderSettings(fit="hold", format="ffv1", deinterlace=True, motion="mel", device="cpu")
    shot = Shot(video=str(source), speech=str(write_sound(folder / "woven.wav", speech(clip)[:12_000])))
    for _ in render(RenderTask(shot=shot, settings=settings, output=str(output), cache=str(folder / "cache"))):
        pass
    found = measure_take(output, cache=folder / "cache")
    assert found.likeness.touched_outside == 0
    assert found.sharpness is not None
    write_contact_sheet(source, output, folder / "sheet.png", columns=2)


@pytest.fixture(scope="module")
def somebody(clips, folder) -> Path:
    """Five seconds of somebody who speaks."""
    return with_sound(folder / "late0.0.mkv", clips / "talking" / "talk02.mp4", 100, 0.0)


@pytest.fixture(scope="module")
def footage(clips, folder, somebody) -> dict[float, Quality]:
    """The same, with the sound in place and 80 ms late."""
    late = with_sound(folder / "late0.08.mkv", clips / "talking" / "talk02.mp4", 100, 0.08)
    return {0.0: examine_take(somebody).quality, 0.08: examine_take(late).quality}


@pytest.mark.full
def test_footage_without_a_report_is_held_against_its_own_sound(footage):
    found = footage[0.0].own_speech
    assert found.opening.r_best > 0.4
    assert found.chance < 0.05
    assert found.frames > 50


@pytest.mark.full
def test_sound_that_comes_late_makes_the_mouth_early(footage):
    assert footage[0.08].own_speech.opening.lag_ms - footage[0.0].own_speech.opening.lag_ms == pytest.approx(-80, abs=25)


def test_sound_of_somebody_else_does_not_belong_to_the_face(clips, somebody):
    """Four seconds leave room for a coincidence, so several stretches of somebody else's speech are tried."""
    from heygem_core.media.probe import probe
    from heygem_core.quality.own_speech import own_speech

    seen, stranger = examine_take(somebody).seen, speech(clips / "german_512x512_25fps.mp4")
    found = [own_speech(seen, probe(somebody), stranger[k * 16_000 :][: 4 * 16_000]) for k in (0, 4, 8, 12, 15)]
    assert np.median([f.chance for f in found]) > 0.1
