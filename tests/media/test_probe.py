"""Facts of files, and files that are not what their name says."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from heygem_core.errors import InputError, MediaNotFound, NoPicture, NoSound, UnreadableMedia, UnsupportedMedia
from heygem_core.media import files, packets
from heygem_core.media import probe as probe_module
from heygem_core.media.files import open_media
from heygem_core.media.geometry import centred, inverse, map_points
from heygem_core.media.packet_scan import constant_rate, snapped
from heygem_core.media.probe import probe, probe_sound
from heygem_core.media.reader import read_frames
from heygem_core.media.upright import Upright

from .make import BT709, RATES, SIZE, clicks, number_of, remux, sound, still, video

TONE = clicks([Fraction(1, 10)], Fraction(1, 2), channels=1)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".ts"])
@pytest.mark.parametrize("label", RATES)
def test_the_rate_is_exact_in_every_container(label: str, suffix: str, tmp_path: Path) -> None:
    """Matroska's clock ticks in milliseconds, MPEG's at 90 kHz: the rate is exact all the same."""
    info = probe(video(tmp_path / f"clip{suffix}", rate=RATES[label], frames=30))
    assert (info.rate, info.variable, info.frame_count, info.duration) == (RATES[label], False, 30, 30 / RATES[label])


def test_decimal_rates_become_the_ratios_they_stand_for() -> None:
    assert snapped(Fraction("23.976")) == Fraction(24000, 1001)
    assert snapped(Fraction("29.97")) == Fraction(30000, 1001)
    assert snapped(Fraction("59.94006")) == Fraction(60000, 1001)
    assert snapped(Fraction(125, 8)) == Fraction(125, 8)
    assert snapped(Fraction("12.5")) == Fraction("12.5")


def test_a_rate_is_not_believed_when_the_times_disagree() -> None:
    times = np.arange(100) * 1001
    assert constant_rate(times, Fraction(1, 24000), [Fraction(24)]) == Fraction(24000, 1001)
    times[50:] += 1001
    assert constant_rate(times, Fraction(1, 24000), [Fraction(24000, 1001)]) is None


def test_tags_depth_and_sound_are_reported(tmp_path: Path) -> None:
    path = video(
        tmp_path / "clip.mov", codec="prores_ks", pix_fmt="yuv422p10le", samples=TONE, sound_codec="pcm_s24le", sound_layout="mono"
    )
    info = probe(path)
    assert (info.kind, info.codec, info.pix_fmt, info.bit_depth, info.pixels.subsampling) == ("video", "prores", "yuv422p10le", 10, "4:2:2")
    assert (info.colour, str(info.colour)) == (BT709, "BT.709 / BT.709 / BT.709 / limited")
    assert info.sound is not None
    assert (info.sound.channels, info.sound.sample_rate, info.sound.layout) == (1, 48_000, "mono")
    assert not info.has_alpha
    assert info.start_timecode is None


@pytest.mark.parametrize(("rotation", "corner"), [(0, (0, 0)), (90, (64, 0)), (180, (96, 64)), (270, (0, 96))])
def test_a_turned_picture_is_upright_in_display_space(rotation: int, corner: tuple[int, int], tmp_path: Path) -> None:
    info = probe(video(tmp_path / "clip.mp4", rotation=rotation, frames=2))
    assert info.rotation == rotation
    assert info.display_size == (SIZE if rotation in (0, 180) else SIZE[::-1])
    assert np.allclose(info.to_display([0, 0]), corner)
    points = np.random.default_rng(0).uniform(0, 60, (5, 2))
    assert np.allclose(info.to_coded(info.to_display(points)), points)


def test_a_mirrored_and_turned_picture_maps_back(tmp_path: Path) -> None:
    info = probe(video(tmp_path / "clip.mp4", rotation=90, mirrored=True, sample_aspect=Fraction(3, 2), frames=2))
    assert info.mirrored
    assert info.display_size == (64, 144)
    corners = info.to_display([[0, 0], [96, 64]])
    assert corners.min() == 0
    assert (corners.max(axis=0) == (64, 144)).all()


def test_a_map_for_pixel_centres_is_half_a_pixel_off() -> None:
    half = np.array([[0.5, 0, 0], [0, 0.5, 0]])
    # The first pixel of a picture of half the size covers the first two: its centre lies between theirs.
    assert np.allclose(map_points(centred(inverse(half)), [0, 0]), [0.5, 0.5])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_shown_as_its_camera_was_held(orientation: int, tmp_path: Path) -> None:
    """EXIF's eight orientations, against the same turns made by hand."""
    plain = still(tmp_path / "plain.jpg", pix_fmt="yuvj420p")
    turned = still(tmp_path / "turned.jpg", pix_fmt="yuvj420p", orientation=orientation)
    stored = _shown(plain)
    wanted = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.transpose(1, 0, 2),
        6: np.rot90(stored, -1),
        7: stored[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(stored),
    }[orientation]
    info = probe(turned)
    assert info.display_size == wanted.shape[1::-1]
    assert np.array_equal(_shown(turned), wanted)


def _shown(path: Path) -> Any:
    info = probe(path)
    return Upright(info).picture(next(read_frames(info)).picture)


@pytest.mark.parametrize(
    ("suffix", "pix_fmt"),
    [
        (".png", "rgb24"),
        (".png", "rgba"),
        (".png", "gray"),
        (".png", "rgb48be"),
        (".jpg", "yuvj444p"),
        (".tiff", "rgb24"),
        (".bmp", "bgr24"),
        (".webp", "bgra"),
    ],
)
def test_stills_of_every_kind_are_read(suffix: str, pix_fmt: str, tmp_path: Path) -> None:
    info = probe(still(tmp_path / f"portrait{suffix}", pix_fmt=pix_fmt))
    assert (info.kind, info.frame_count, info.rate, info.coded_size) == ("still", 1, None, SIZE)
    assert number_of(next(read_frames(info)).picture) == 5
    assert info.has_alpha == ("a" in pix_fmt.removeprefix("gray"))


def test_an_opaque_alpha_is_no_alpha(tmp_path: Path) -> None:
    path = tmp_path / "opaque.png"
    Image.fromarray(np.full((8, 16, 4), 255, np.uint8)).save(path)
    assert probe(path).pix_fmt == "rgba"
    assert not probe(path).has_alpha


def test_sound_is_found_without_a_picture(tmp_path: Path) -> None:
    facts = probe_sound(sound(tmp_path / "speech.wav", TONE))
    assert (facts.codec, facts.sample_rate, facts.channels, facts.duration) == ("pcm_s16le", 48_000, 1, Fraction(1, 2))


# Files that are not what their name says.


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MediaNotFound, match=r"no file at .*gone\.mp4"):
        probe(tmp_path / "gone.mp4")


def test_a_folder_is_no_media(tmp_path: Path) -> None:
    with pytest.raises(MediaNotFound, match="folder"):
        probe(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"Dear diary, today I was renamed.\n" * 50, b"\0" * 5000, bytes(range(256)) * 40, b"<html></html>"]
)
@pytest.mark.parametrize("name", ["clip.mp4", "clip.mov", "clip.mkv", "clip.png", "clip.jpg", "clip.wav", "clip.mpg"])
def test_what_is_no_media_is_refused_by_one_sentence(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    for look in (probe, probe_sound):
        with pytest.raises(InputError) as caught:
            look(path)
        message = str(caught.value)
        assert name in message
        assert message.endswith(".")
        assert len(message) < 250


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.touch()
    with pytest.raises(UnreadableMedia, match="0 bytes"):
        probe(path)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.9])
def test_a_truncated_quicktime_file_without_its_index_is_refused(share: float, tmp_path: Path) -> None:
    data = video(tmp_path / "whole.mp4", frames=40).read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UnreadableMedia):
        probe(path)


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".flac", ".ogg", ".m4a"])
def test_sound_given_as_a_picture_is_refused(suffix: str, tmp_path: Path) -> None:
    codec = {".wav": "pcm_s16le", ".mp3": "libmp3lame", ".flac": "flac", ".ogg": "libopus", ".m4a": "aac"}[suffix]
    with pytest.raises(NoPicture, match="only sound"):
        probe(sound(tmp_path / f"speech{suffix}", TONE, codec=codec))


def test_the_cover_of_a_song_is_not_a_video(tmp_path: Path) -> None:
    song = sound(tmp_path / "song.mp3", TONE, codec="libmp3lame")
    cover = still(tmp_path / "cover.jpg", pix_fmt="yuvj420p").read_bytes()
    frame = b"\0" + b"image/jpeg\0" + b"\3\0" + cover  # ID3v2.3 section 4.15, picture type "cover (front)"
    body = b"APIC" + len(frame).to_bytes(4, "big") + b"\0\0" + frame
    size = len(body)
    syncsafe = bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127])
    with_cover = tmp_path / "with cover.mp3"
    data = song.read_bytes()
    own_tag = 10 + sum((byte & 127) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True)) if data[:3] == b"ID3" else 0
    with_cover.write_bytes(b"ID3\3\0\0" + syncsafe + body + data[own_tag:])
    with av.open(str(with_cover)) as container:
        assert container.streams.video, "the test file has no cover"
    with pytest.raises(NoPicture, match="only sound"):
        probe(with_cover)
    assert probe_sound(with_cover).channels == 1


def test_a_video_without_frames_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.mov"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("prores_ks", rate=25)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv422p10le"
        container.start_encoding()
    with pytest.raises((NoPicture, UnreadableMedia)):
        probe(path)


def test_a_video_without_sound_is_no_speech(tmp_path: Path) -> None:
    with pytest.raises(NoSound, match="no sound: choose a file with speech"):
        probe_sound(video(tmp_path / "mute.mp4", frames=3))


@pytest.mark.parametrize(
    ("codec", "suffix", "options"),
    [("libx264", ".mp4", {"x264-params": "tff=1:interlaced=1"}), ("mpeg2video", ".mpg", {"flags": "+ildct+ilme", "top": "1"})],
)
def test_interlaced_pictures_are_refused(codec: str, suffix: str, options: dict[str, str], tmp_path: Path) -> None:
    path = video(tmp_path / f"interlaced{suffix}", codec=codec, options=options, bitrate=2_000_000, frames=8)
    with pytest.raises(UnsupportedMedia, match="choose --deinterlace"):
        probe(path)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mov", "clip.mkv", "speech.wav"])
def test_a_playlist_dressed_as_a_clip_is_refused(name: str, tmp_path: Path) -> None:
    """FFmpeg picks a demuxer by content: a script would make it open whatever file or address the script names."""
    video(tmp_path / "secret.mp4", frames=5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/x.ts"
        scripts = [
            f"ffconcat version 1.0\nfile '{tmp_path / 'secret.mp4'}'\n",
            f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{address}\n#EXT-X-ENDLIST\n",
            f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{tmp_path / 'secret.mp4'}\n#EXT-X-ENDLIST\n",
            f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {server.getsockname()[1]} RTP/AVP 96\n",
        ]
        for script in scripts:
            (tmp_path / name).write_text(script)
            with pytest.raises(UnreadableMedia):
                probe(tmp_path / name)
        with pytest.raises(TimeoutError):
            server.accept()


def test_even_a_playlist_that_were_let_in_reaches_no_network(tmp_path: Path) -> None:
    """The second lock by itself: with the list of demuxers out of the way, protocols other than files are still closed."""
    playlist = tmp_path / "clip.m3u8"
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        for address in (f"http://127.0.0.1:{port}/x.ts", f"tcp://127.0.0.1:{port}", f"crypto+http://127.0.0.1:{port}/x.ts"):
            playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{address}\n#EXT-X-ENDLIST\n")
            with pytest.raises(UnreadableMedia), open_media(playlist, format_whitelist="hls,mpegts", timeout="100000"):
                pass
            with pytest.raises(TimeoutError):
                server.accept()


def test_a_picture_that_would_exhaust_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is lowered so that the test does not need such a picture."""
    path = still(tmp_path / "large.png")
    monkeypatch.setattr(files, "MAX_PIXELS", SIZE[0] * SIZE[1] - 1)
    monkeypatch.setitem(files._OPTIONS, "max_pixels", str(SIZE[0] * SIZE[1] - 1))
    with pytest.raises(UnreadableMedia):
        probe(path)


def test_names_may_hold_percent_signs_colons_and_any_letters(tmp_path: Path) -> None:
    folder = tmp_path / "Проект №1 — été"
    folder.mkdir()
    for name in ("frame%03d.png", "取 1: final.png", "it's [ok] {1}.png"):
        if sys.platform == "win32" and ":" in name:
            continue
        assert probe(still(tmp_path / "x.png").rename(folder / name)).kind == "still"
    assert probe(video(tmp_path / "x.mp4", frames=3).rename(folder / "100% done.mp4")).frame_count == 3


def test_an_elementary_stream_without_times_is_counted(tmp_path: Path) -> None:
    """Raw H.264 has no times of its own: the frames still come, in order."""
    raw = remux(video(tmp_path / "clip.mp4", frames=12), tmp_path / "clip.h264", muxer="h264")
    info = probe(raw)
    assert info.frame_count == 12
    assert [number_of(frame.picture) for frame in read_frames(info)] == list(range(12))


def test_the_first_picture_is_decoded_of_one_packet_and_once_per_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many packets as there are processors were decoded first, whenever the sound of a file was opened."""
    path = video(tmp_path / "clip.ts", frames=20, options={"preset": "ultrafast", "bf": "0"})
    taken: list[int | None] = []

    def counted(*given: Any) -> Iterator[Any]:
        for packet in packets.picture_packets(*given):
            taken.append(packet.pts)
            yield packet

    monkeypatch.setattr(probe_module, "picture_packets", counted)
    first = probe_module.first_picture_time(path)
    assert first is not None
    assert len(taken) == 1
    assert probe_module.first_picture_time(path) == first
    assert len(taken) == 1
    video(path, frames=30, pts=list(range(5, 35)), time_base=Fraction(1, 25))
    assert probe_module.first_picture_time(path) != first, "another file of the same name"
