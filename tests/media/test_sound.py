"""Any sound becomes mono at 16 kHz in its right place, and the take's own sound is exactly as long as asked for."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from heygem_core.errors import MediaNotFound, NoSound, UnreadableMedia
from heygem_core.media import sound_source
from heygem_core.media.sound import SPEECH_RATE, TAKE_RATE, read_speech, take_layout, take_sound

from .make import clicks, remux, sound, video

CODECS = {
    ".wav": "pcm_s16le",
    ".aiff": "pcm_s16be",
    ".flac": "flac",
    ".mp3": "libmp3lame",
    ".m4a": "aac",
    ".ogg": "libopus",
    ".mka": "ac3",
    ".mp4": "aac",
}


def tone(hertz: float, seconds: float, rate: int, level: float = 0.5) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def peak_s(samples: np.ndarray, rate: int) -> float:
    return float(np.abs(samples).argmax()) / rate


@pytest.mark.parametrize("suffix", CODECS)
def test_a_click_is_where_it_was_in_every_codec(suffix: str, tmp_path: Path) -> None:
    """The codec's own priming is not part of the sound. One sample at 16 kHz is 0.06 ms."""
    burst = np.zeros((2, 48_000), np.float32)
    # Band-limited, so that the place does not depend on how a codec treats what cannot be heard.
    at = 0.4 * 48_000
    window = np.hanning(97).astype(np.float32)
    burst[:, int(at) - 48 : int(at) + 49] += 0.8 * window * np.cos(2 * np.pi * 1000 * np.arange(-48, 49) / 48_000).astype(np.float32)
    heard = read_speech(sound(tmp_path / f"click{suffix}", burst, layout="stereo", codec=CODECS[suffix]))
    assert abs(peak_s(heard.samples, heard.rate) - 0.4) <= 1 / SPEECH_RATE
    assert 1 <= heard.duration < 1.06


@pytest.mark.parametrize("rate", [8000, 11025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000])
def test_every_sample_rate_keeps_pitch_place_and_length(rate: int, tmp_path: Path) -> None:
    samples = np.concatenate([np.zeros(rate // 2, np.float32), tone(440, 0.5, rate)])[None]
    heard = read_speech(sound(tmp_path / "tone.wav", samples, rate=rate))
    assert (heard.rate, heard.source_rate, heard.source_channels, heard.downmix) == (16_000, rate, 1, "mono")
    assert abs(heard.duration - 1) < 0.002
    spectrum = np.abs(np.fft.rfft(heard.samples[8000:16000]))
    assert abs(spectrum.argmax() * 2 - 440) <= 2
    assert np.abs(heard.samples[:7900]).max() < 0.02 < 0.45 < np.abs(heard.samples[8200:]).max() < 0.55


@pytest.mark.parametrize(("layout", "channels"), [("mono", 1), ("stereo", 2), ("5.1", 6), ("7.1", 8), ("quad", 4), ("2.1", 3)])
def test_every_layout_is_heard_at_the_level_it_was_spoken(layout: str, channels: int, tmp_path: Path) -> None:
    """Dialogue in the centre where there is one, else the same in left and right."""
    names = [channel.name for channel in av.AudioLayout(layout).channels]
    samples = np.zeros((channels, 24_000), np.float32)
    for name in ["FC"] if "FC" in names else ["FL", "FR"]:
        samples[names.index(name)] = tone(300, 0.5, 48_000, 0.4)
    heard = read_speech(sound(tmp_path / "speech.wav", samples, layout=layout))
    assert abs(np.abs(heard.samples).max() - 0.4) < 0.02
    assert heard.source_channels == channels


def test_the_rumble_channel_is_not_heard(tmp_path: Path) -> None:
    samples = np.zeros((6, 24_000), np.float32)
    samples[3] = tone(60, 0.5, 48_000, 0.8)
    samples[2] = tone(300, 0.5, 48_000, 0.1)
    assert np.abs(read_speech(sound(tmp_path / "film.wav", samples, layout="5.1")).samples).max() < 0.12


def test_stereo_with_one_channel_turned_round_is_not_silence(tmp_path: Path) -> None:
    voice = tone(300, 0.5, 48_000, 0.4)
    heard = read_speech(sound(tmp_path / "twisted.wav", np.stack([voice, -voice]), layout="stereo"))
    assert heard.downmix in ("left", "right")
    assert np.abs(heard.samples).max() > 0.38


@pytest.mark.parametrize("side", [0, 1])
def test_a_voice_on_one_channel_keeps_its_level(side: int, tmp_path: Path) -> None:
    samples = np.zeros((2, 24_000), np.float32)
    samples[side] = tone(300, 0.5, 48_000, 0.4)
    heard = read_speech(sound(tmp_path / "one side.wav", samples, layout="stereo"))
    assert heard.downmix == ("left", "right")[side]
    assert abs(np.abs(heard.samples).max() - 0.4) < 0.02


def test_silence_is_read_as_silence(tmp_path: Path) -> None:
    heard = read_speech(sound(tmp_path / "silence.wav", np.zeros((2, 48_000), np.float32), layout="stereo"))
    assert len(heard.samples) == 16_000
    assert not heard.samples.any()


def test_a_part_equals_the_same_part_of_the_whole(tmp_path: Path) -> None:
    random = np.random.default_rng(0).normal(0, 0.1, (1, 44_100 * 2)).astype(np.float32)
    path = sound(tmp_path / "noise.wav", random, rate=44_100)
    whole, part = read_speech(path), read_speech(path, 0.75, Fraction(3, 2))
    assert np.array_equal(part.samples, whole.samples[12_000:24_000])


def test_sound_of_a_video_counts_from_its_first_picture(tmp_path: Path) -> None:
    """A transport stream starts at any time, and its sound need not start with the picture."""
    source = video(tmp_path / "clip.mov", frames=50, samples=clicks([Fraction(6, 5)], Fraction(2)), sound_codec="pcm_s16le")
    late = remux(source, tmp_path / "late.mkv", keep=lambda kind, seconds: kind == "video" or seconds >= 0.5, shift_s=Fraction(5))
    with av.open(str(late)) as container:
        stream: Any = container.streams.video[0]
        assert stream.start_time * stream.time_base >= 5
    heard = read_speech(late)
    assert abs(peak_s(heard.samples, heard.rate) - 1.2) <= 0.001
    assert not heard.samples[:7900].any()


def test_a_hole_in_the_sound_is_silence_and_moves_nothing(tmp_path: Path) -> None:
    source = sound(tmp_path / "whole.mka", clicks([Fraction(1, 4), Fraction(7, 4)], Fraction(2), channels=1), codec="flac")
    holed = remux(source, tmp_path / "holed.mka", keep=lambda _, seconds: not 0.8 < seconds < 1.2)
    heard = read_speech(holed)
    assert abs(heard.duration - 2) < 0.01
    assert abs(peak_s(heard.samples[16_000:], heard.rate) + 1 - 1.75) <= 0.001


def test_damaged_packets_become_silence_and_move_nothing(tmp_path: Path) -> None:
    path = sound(tmp_path / "speech.m4a", np.random.default_rng(1).normal(0, 0.2, (1, 144_000)).astype(np.float32), codec="aac")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 2000] = b"\xff" * 2000
    path.write_bytes(data)
    heard = read_speech(path)
    assert abs(heard.duration - 3) < 0.03
    assert np.abs(heard.samples[-8000:]).max() > 0.1


@pytest.mark.parametrize(
    ("channels", "layout", "kept"),
    [(1, "mono", "mono"), (2, "stereo", "stereo"), (6, "5.1", "5.1"), (4, "quad", "stereo"), (8, "7.1", "stereo")],
)
def test_the_takes_sound_keeps_its_channels(channels: int, layout: str, kept: str, tmp_path: Path) -> None:
    samples = np.stack([tone(200 + 100 * place, 0.5, 48_000, 0.3) for place in range(channels)])
    path = sound(tmp_path / "speech.wav", samples, layout=layout)
    taken = np.concatenate(list(take_sound(path, Fraction(0), Fraction(1, 2))), axis=1)
    assert take_layout(path) == kept
    assert taken.shape == ({"mono": 1, "stereo": 2, "5.1": 6}[kept], 24_000)
    if kept == layout:
        assert np.abs(taken - samples).max() < 1e-4


@pytest.mark.parametrize("rate", [8000, 44_100, 48_000])
@pytest.mark.parametrize(
    ("start", "duration"),
    [(Fraction(0), Fraction(1)), (Fraction(1, 3), Fraction(1001, 24000) * 7), (Fraction(3, 4), Fraction(2)), (Fraction(5), Fraction(1, 2))],
)
def test_the_takes_sound_has_exactly_the_samples_of_its_duration(rate: int, start: Fraction, duration: Fraction, tmp_path: Path) -> None:
    path = sound(tmp_path / "speech.wav", tone(300, 1, rate)[None], rate=rate)
    chunks = list(take_sound(path, start, duration))
    taken = np.concatenate(chunks, axis=1)
    assert taken.shape[1] == round(duration * TAKE_RATE)
    inside = max(0, min(round((1 - start) * TAKE_RATE), taken.shape[1]))
    if inside:
        assert np.abs(taken[0, : inside - 100]).max() > 0.45
    assert not taken[:, inside + 100 :].any(), "beyond the end of the file is silence"
    assert max(chunk.shape[1] for chunk in chunks) <= TAKE_RATE, "it comes in chunks"


def test_two_neighbouring_takes_join_without_a_seam(tmp_path: Path) -> None:
    path = sound(tmp_path / "speech.m4a", tone(300, 2, 44_100)[None], rate=44_100, codec="aac")
    whole = np.concatenate(list(take_sound(path, Fraction(0), Fraction(2))), axis=1)
    parts = [*take_sound(path, Fraction(0), Fraction(33, 40)), *take_sound(path, Fraction(33, 40), Fraction(47, 40))]
    assert np.array_equal(np.concatenate(parts, axis=1), whole)


@pytest.mark.parametrize(("name", "rate"), [("a.wav", 44_100), ("a.flac", 44_100), ("a.m4a", 48_000), ("a.m4a", 44_100), ("a.mka", 44_100)])
def test_sound_from_late_in_a_long_file_is_the_same_as_if_all_was_decoded(
    name: str, rate: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last seconds of an hour took as long as the whole hour."""
    noise = np.random.default_rng(3).normal(0, 0.1, (1, rate * 50)).astype(np.float32)
    path = sound(tmp_path / name, noise, rate=rate, codec=(CODECS | {".mka": "aac"})[Path(name).suffix])
    decoded = 0
    plain = sound_source._decoded

    def counted(source: Any) -> Any:
        nonlocal decoded
        for frame in plain(source):
            decoded += frame.samples
            yield frame

    monkeypatch.setattr(sound_source, "_decoded", counted)
    sought = np.concatenate(list(take_sound(path, Fraction(1001, 24), Fraction(5))), axis=1)
    assert decoded < (15 if name == "a.mka" else 10) * rate  # Matroska is sought to the beginning of a cluster
    monkeypatch.setattr(sound_source, "SEEK_FROM_S", 1000)
    whole = np.concatenate(list(take_sound(path, Fraction(1001, 24), Fraction(5))), axis=1)
    assert np.abs(sought - whole).max() < 1e-4


SOUGHT = {
    "a.mp3": "libmp3lame",
    "vbr.mp3": "libmp3lame",
    "opus.ogg": "libopus",
    "opus.webm": "libopus",
    "a.aac": "aac",
    "a.ac3": "ac3",
    "ac3.mka": "ac3",
    "a.eac3": "eac3",
    "a.mka": "aac",
    "flac.mka": "flac",
    "pcm.mka": "pcm_s16le",
    "a.ts": "aac",
    "a.caf": "pcm_s16le",
    "a.au": "pcm_s16be",
    "a.tta": "tta",
    "a.wv": "wavpack",
}


@pytest.mark.parametrize("start", [Fraction(18, 5), Fraction(1001, 240)])
@pytest.mark.parametrize("name", SOUGHT)
def test_every_container_is_sought_to_the_sample(name: str, start: Fraction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Audiobooks are MP3, Opus and Matroska too, whose packets say only nearly where they stand, or nothing."""
    times = np.arange(48_000 * 6) / 48_000  # tones that rise: noise would be made anew by decoders, from where they begin
    tones = sum(0.1 * np.sin(2 * np.pi * hertz * times * (1 + times / 10)) for hertz in (180, 510, 1130, 2900))
    tones[48_000 : 48_000 * 3 // 2] *= 0.01  # frames of another size, where they may have one
    options = {"flags": "+qscale", "global_quality": "472"} if name.startswith("vbr") else None
    path = sound(tmp_path / name, tones[None].astype(np.float32), codec=SOUGHT[name], options=options)
    begun: list[int] = []
    plain = sound_source.resampled

    def watched(source: Any, rate: int, weights: Any, start: Any, watch: Any = None) -> Any:
        begun.append(start.sample)
        return plain(source, rate, weights, start, watch)

    monkeypatch.setattr("heygem_core.media.sound.resampled", watched)
    monkeypatch.setattr(sound_source, "SEEK_FROM_S", 3)
    sought = np.concatenate(list(take_sound(path, start, Fraction(1))), axis=1)
    assert begun[0] >= 2 * 48_000
    monkeypatch.setattr(sound_source, "SEEK_FROM_S", 1000)
    whole = np.concatenate(list(take_sound(path, start, Fraction(1))), axis=1)
    assert begun[1] == 0
    assert np.abs(sought - whole).max() < 1e-4


def test_sound_without_channels_is_named(tmp_path: Path) -> None:
    """A damaged header of AAC ended as an internal error."""
    path = sound(tmp_path / "a.m4a", clicks([Fraction(1, 4)], Fraction(1, 2), rate=48_000, channels=1), codec="aac")
    content = path.read_bytes()
    at = content.index(b"\x05\x80\x80\x80", content.index(b"esds")) + 5  # the decoder's own description: object type, rate, channels
    path.write_bytes(content[:at] + bytes([content[at], content[at + 1] & 0x87]) + content[at + 2 :])
    with pytest.raises(UnreadableMedia, match="channels"):
        read_speech(path)


def test_what_has_no_sound_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoSound, match=r"mute\.mp4.*no sound"):
        read_speech(video(tmp_path / "mute.mp4", frames=3))
    with pytest.raises(MediaNotFound):
        read_speech(tmp_path / "gone.wav")
    text = tmp_path / "text.wav"
    text.write_text("not a sound\n" * 100)
    with pytest.raises(UnreadableMedia):
        read_speech(text)
    with pytest.raises(NoSound):
        read_speech(sound(tmp_path / "empty.wav", np.zeros((1, 0), np.float32)))


def test_real_clips_are_as_long_as_their_pictures(clips: Path) -> None:
    for name, seconds in (("german_512x512_25fps.mp4", 20), ("grid/bbaf2n.mpg", 3), ("talking/talk06.mp4", 27)):
        heard = read_speech(clips / name)
        assert abs(heard.duration - seconds) < 0.15
        assert 0.05 < np.abs(heard.samples).max() <= 1.5


def _joined(path: Path, *starts_s: int, picture: bool = True, seconds: int = 2) -> Path:
    """Parts of two seconds each, with a click half a second after each begins, whose clocks begin at those times, put together."""
    parts = b""
    for number, start in enumerate(starts_s):
        part, moved = (path.with_name(f"{number}{name}{path.suffix}") for name in ("part", "moved"))
        samples = clicks([Fraction(1, 2)], Fraction(seconds))
        if picture:
            video(part, frames=25 * seconds, codec="mpeg2video", samples=samples, sound_codec="mp2", options={"g": "12", "bf": "2"})
        else:
            sound(part, samples, layout="stereo", codec="mp2")
        parts += remux(part, moved, shift_s=Fraction(start), muxer={".ts": "mpegts", ".mpg": "mpeg"}[path.suffix]).read_bytes()
    path.write_bytes(parts)
    return path


@pytest.mark.parametrize("suffix", [".ts", ".mpg"])
@pytest.mark.parametrize("starts_s", [(0, 0), (0, 0, 0), (5, 1), (0, 3600, 0)], ids=str)
def test_sound_goes_with_the_picture_where_the_clock_starts_again(starts_s: tuple[int, ...], suffix: str, tmp_path: Path) -> None:
    """All sound after the first part was dropped."""
    joined = read_speech(_joined(tmp_path / f"joined{suffix}", *starts_s))
    assert float(joined.duration) == pytest.approx(2 * len(starts_s), abs=0.05)
    for number in range(len(starts_s)):
        part = joined.samples[2 * number * SPEECH_RATE :][: 2 * SPEECH_RATE]
        assert peak_s(part, SPEECH_RATE) == pytest.approx(0.5, abs=0.03)
        assert np.abs(part).max() > 0.1


@pytest.mark.parametrize("suffix", [".ts", ".mpg"])
@pytest.mark.parametrize("starts_s", [(0, 0), (5, 1), (0, 3, 0)], ids=str)
def test_sound_without_a_picture_goes_on_where_its_clock_starts_again(starts_s: tuple[int, ...], suffix: str, tmp_path: Path) -> None:
    joined = read_speech(_joined(tmp_path / f"joined{suffix}", *starts_s, picture=False))
    begins = [0.0]
    for before, after in pairwise(starts_s):
        begins.append(begins[-1] + (after - before if after > before else 2.016))  # its frames last 24 ms; ahead is silence
    assert float(joined.duration) == pytest.approx(begins[-1] + 2.016, abs=0.03)
    for begin in begins:
        part = joined.samples[round(begin * SPEECH_RATE) :][: 2 * SPEECH_RATE]
        assert peak_s(part, SPEECH_RATE) == pytest.approx(0.5, abs=0.03)
        assert np.abs(part).max() > 0.1
