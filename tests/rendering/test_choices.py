"""What a person chooses about a shot: the part of the speech, the speed of the picture, frames to leave alone, what is heard."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from heygem_core.errors import BadRange, NoSound, UnsupportedMedia
from heygem_core.media.probe import probe
from heygem_core.rendering.render import render
from heygem_core.rendering.report import read_report

from .making import left_in, make, notices, pictures, planes, same, samples, speech, task, write_clip, write_sound

S = 48_000  # samples a second


@pytest.fixture(scope="module")
def words(woman: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds at 48 kHz, so that nothing is resampled."""
    return write_sound(tmp_path_factory.mktemp("words") / "words.wav", speech(woman, S)[24_000:120_000], rate=S)


@pytest.mark.parametrize(("start", "end"), [(Fraction(1, 2), None), (Fraction(1, 2), Fraction(7, 10)), (Fraction(-1, 5), Fraction(1, 5))])
def test_the_part_of_the_speech_that_was_chosen_is_heard(
    short: Path, words: Path, tmp_path: Path, start: Fraction, end: Fraction | None
) -> None:
    make(short, words, tmp_path / "take.mov", fit="hold", speech_start=start, speech_end=end)
    said = samples(words)[0]
    wanted = np.zeros(16 * 1920)
    first, last = round(start * S), len(said) if end is None else round(end * S)
    heard = said[max(first, 0) : min(last, first + len(wanted))]
    wanted[max(-first, 0) : max(-first, 0) + len(heard)] = heard
    np.testing.assert_allclose(samples(tmp_path / "take.mov")[0], wanted, atol=1e-6)


def test_the_mouth_says_the_part_that_is_heard(short: Path, words: Path, woman: Path, tmp_path: Path) -> None:
    """A part chosen out of a file moves the mouth nearly as the same part cut out by hand does."""
    cut = write_sound(tmp_path / "cut.wav", speech(woman, S)[24_000 + S // 2 : 24_000 + S // 2 + 16 * 1920], rate=S)
    curves = []
    for name, sound, start in (("part", words, Fraction(1, 2)), ("cut", cut, Fraction(0)), ("start", words, Fraction(0))):
        make(short, sound, tmp_path / f"{name}.mkv", fit="hold", speech_start=start)
        report = read_report(tmp_path / f"{name}.mkv")
        assert report is not None
        curves.append(np.array(report.wanted_opening, float))
    part, hand, other = curves
    assert np.corrcoef(part, hand)[0, 1] > 0.9
    assert np.abs(part - hand).mean() < 0.5 * np.abs(part - other).mean()


def test_a_part_beyond_the_speech_is_refused(short: Path, words: Path, tmp_path: Path) -> None:
    with pytest.raises(BadRange, match="begin at 5 s and lasts only 2"):
        list(render(task(short, words, tmp_path / "take.mov", speech_start=Fraction(5))))
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(("speed", "shown"), [(Fraction(-1), [*range(14, 1, -1)]), (Fraction(2), [*range(2, 15, 2)])])
def test_a_retimed_take_changes_only_the_mouth_of_the_frames_it_shows(
    short: Path, words: Path, tmp_path: Path, speed: Fraction, shown: list[int]
) -> None:
    take, matte = tmp_path / "take.mkv", tmp_path / "matte.mkv"
    make(short, words, take, matte=matte, fit="hold", start=2, end_exclusive=15, speed=speed)
    source = planes(short)
    for number, frame, levels in zip(shown, planes(take), planes(matte), strict=True):
        clear = levels[0] == 0
        np.testing.assert_array_equal(frame[0][clear], source[number][0][clear])
    assert probe(take).rate == 25


def test_backwards_starts_at_the_timecode_of_the_last_frame(man: Path, words: Path, tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mov", pictures(man)[20:36], timecode="01:00:00:10")
    make(source, words, tmp_path / "take.mov", fit="hold", speed=Fraction(-1))
    assert probe(tmp_path / "take.mov").start_timecode == "01:00:01:00"


def test_kept_frames_are_the_source_s_own_and_say_why(short: Path, words: Path, tmp_path: Path) -> None:
    events = make(short, words, tmp_path / "take.mkv", start=2, keep=((0, 5), (9, 12)))
    report = read_report(tmp_path / "take.mkv")
    assert report is not None
    assert report.passed_through == {"left alone by choice": [(0, 3), (7, 10)]}
    assert "6 of 14 frames pass through" in notices(events)
    take, source = planes(tmp_path / "take.mkv"), planes(short)
    for number in range(14):
        assert same([take[number]], [source[number + 2]]) == (number < 3 or 7 <= number < 10)


def test_the_mouth_comes_out_of_kept_frames_and_goes_back_into_them_gently(short: Path, words: Path, tmp_path: Path) -> None:
    """It jumped from the old mouth to the new one between two frames."""
    make(short, words, tmp_path / "kept.mkv", keep=((7, 10),))
    make(short, words, tmp_path / "plain.mkv")
    source = planes(short)
    changed = {}
    for name in ("kept", "plain"):
        took = planes(tmp_path / f"{name}.mkv")
        changed[name] = np.array([np.abs(a[0].astype(int) - b[0]).sum() for a, b in zip(took, source, strict=True)])
    assert (changed["kept"][7:10] == 0).all()
    assert (changed["kept"][[6, 10]] < 0.75 * changed["plain"][[6, 10]]).all()
    report = read_report(tmp_path / "kept.mkv")
    assert report is not None
    assert report.wanted_gap is not None
    assert [gap is None for gap in report.wanted_gap] == [7 <= k < 10 for k in range(16)]


def _with_sound(short: Path, sound: Path, output: Path) -> Path:
    """The clip with a sound of its own, a second longer than the picture."""
    with av.open(str(short)) as pictured, av.open(str(sound)) as heard, av.open(str(output), "w") as container:
        streams = [container.add_stream_from_template(kind[0]) for kind in (pictured.streams.video, heard.streams.audio)]
        for source, stream in zip((pictured, heard), streams, strict=True):
            for packet in source.demux():
                if packet.dts is not None:
                    packet.stream = stream
                    container.mux(packet)
    return output


def test_both_sounds_are_streams_of_their_own_with_names(short: Path, words: Path, man: Path, tmp_path: Path) -> None:
    own = write_sound(tmp_path / "own.wav", speech(man, S)[24_000:90_000], rate=S)
    source = _with_sound(short, own, tmp_path / "clip.mov")
    make(source, words, tmp_path / "both.mov", sound="both", start=4)
    make(source, words, tmp_path / "source.mov", sound="source", start=4)
    with av.open(str(tmp_path / "both.mov")) as container:
        assert [stream.metadata.get("handler_name") for stream in container.streams.audio] == ["New speech", "Source sound"]
        second = np.concatenate([f.to_ndarray().reshape(-1) / 2**31 for f in container.decode(audio=1)])
    wanted = samples(own)[0, 4 * 1920 : 16 * 1920]
    np.testing.assert_allclose(samples(tmp_path / "both.mov")[0], samples(words)[0, : 12 * 1920], atol=1e-6)
    np.testing.assert_allclose(second, wanted, atol=1e-6)
    np.testing.assert_allclose(samples(tmp_path / "source.mov")[0], wanted, atol=1e-6)


def test_a_sound_that_is_not_there_or_cannot_follow_is_told_before_the_work(short: Path, words: Path, tmp_path: Path) -> None:
    with pytest.raises(NoSound, match="no sound of its own"):
        list(render(task(short, words, tmp_path / "take.mov", sound="both")))
    source = _with_sound(short, words, tmp_path / "clip.mov")
    with pytest.raises(UnsupportedMedia, match="another speed"):
        list(render(task(source, words, tmp_path / "take.mov", sound="source", fit="hold", speed=Fraction(2))))
    assert left_in(tmp_path) == ["clip.mov"]
