"""Photos and animated pictures as people have them: every suffix, depth, transparency and orientation, held against Pillow's reading."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pillow_heif
import pytest
from PIL import Image, ImageOps

from heygem_core.errors import UnreadableMedia, UnsupportedMedia
from heygem_core.media import stills
from heygem_core.media.formats import format_for
from heygem_core.media.pixels import component_views
from heygem_core.media.probe import probe
from heygem_core.media.reader import read_frames
from heygem_core.media.upright import Upright

ORIENTATION = 0x0112  # EXIF's tag


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    """As large and as noisy as a camera's, so that its header is no small part of what FFmpeg looks at."""
    rng = np.random.default_rng(0)
    smooth = np.mgrid[:240, :320].sum(axis=0)[..., None] * [0.3, 0.25, 0.2]
    return Image.fromarray(np.uint8(smooth + rng.integers(0, 60, (240, 320, 3))))


def _shown(path: Path) -> npt.NDArray[np.int64]:
    info = probe(path)
    assert (info.kind, info.frame_count, info.rate, info.interlaced) == ("still", 1, None, False)
    return Upright(info).picture(next(read_frames(info)).picture).astype(int)


def _by_pillow(path: Path) -> npt.NDArray[np.int64]:
    with Image.open(path) as picture:
        return np.asarray(ImageOps.exif_transpose(picture).convert("RGB")).astype(int)


@pytest.mark.parametrize(
    ("name", "kind", "settings"),
    [
        *((f"photo{suffix}", "JPEG", {}) for suffix in (".jpg", ".jpeg", ".JPG", ".jpe", ".jfif", ".png", "")),
        ("photo.jpg", "JPEG", {"progressive": True}),
        ("photo.jpg", "JPEG", {"icc_profile": bytes(200_000), "quality": 95}),
        ("photo.jpg", "JPEG", {"subsampling": "4:4:4"}),
        ("photo.png", "PNG", {}),
        ("photo.jpg", "PNG", {}),
        ("photo.webp", "WEBP", {"lossless": True}),
        ("photo.webp", "WEBP", {"quality": 95}),
        ("photo.tif", "TIFF", {}),
        ("photo.tiff", "TIFF", {"compression": "tiff_lzw"}),
        ("photo.bmp", "BMP", {}),
        ("photo.jp2", "JPEG2000", {}),
        ("photo.ppm", "PPM", {}),
        ("photo.avif", "AVIF", {"quality": 95}),
    ],
)
def test_a_photo_is_read_whatever_it_is_called(name: str, kind: str, settings: dict[str, Any], photo: Image.Image, tmp_path: Path) -> None:
    """Every real JPEG was refused: named .jpg, FFmpeg took it for one of a sequence."""
    photo.save(tmp_path / name, kind, **settings)
    assert np.abs(_shown(tmp_path / name) - _by_pillow(tmp_path / name)).mean() < 1.5
    assert probe(tmp_path / name).missing_frames == 0


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK"])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_grey_palette_and_print_colours_are_read(mode: str, suffix: str, photo: Image.Image, tmp_path: Path) -> None:
    if (mode, suffix) in (("P", ".jpg"), ("1", ".jpg"), ("CMYK", ".png")):
        return
    path = tmp_path / f"photo{suffix}"
    photo.convert(mode).save(path)
    assert np.abs(_shown(path) - _by_pillow(path)).mean() < 1.5


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".avif"])
@pytest.mark.parametrize("orientation", [3, 5, 6, 8])
def test_a_photo_is_upright(suffix: str, orientation: int, photo: Image.Image, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = tmp_path / f"photo{suffix}"
    photo.save(path, exif=exif)
    assert np.abs(_shown(path) - _by_pillow(path)).mean() < 1.5


def test_sixteen_bits_are_kept(tmp_path: Path) -> None:
    """They became eight without a word."""
    deep = np.random.default_rng(1).integers(0, 65536, (32, 48, 3), np.uint16)
    (tmp_path / "deep.ppm").write_bytes(b"P6\n48 32\n65535\n" + deep.astype(">u2").tobytes())
    pixels = component_views(next(read_frames(probe(tmp_path / "deep.ppm"))).picture)
    assert np.array_equal(np.stack(pixels, axis=-1), deep)
    Image.fromarray(deep[..., 0]).save(tmp_path / "deep.png")
    assert np.array_equal(component_views(next(read_frames(probe(tmp_path / "deep.png"))).picture)[0], deep[..., 0])


def test_the_transparency_of_a_palette_is_kept(photo: Image.Image, tmp_path: Path) -> None:
    photo.convert("P").save(tmp_path / "opaque.png")
    photo.convert("P").save(tmp_path / "holes.png", transparency=bytes([0, 128]))
    assert not probe(tmp_path / "opaque.png").has_alpha
    assert probe(tmp_path / "holes.png").has_alpha


@pytest.mark.parametrize("suffix", [".png", ".webp", ".avif", ".heic"])
def test_transparent_photos_keep_their_alpha(suffix: str, photo: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / f"photo{suffix}"
    clear = photo.copy()
    clear.putalpha(Image.linear_gradient("L").resize(photo.size))
    if suffix == ".heic":
        pillow_heif.from_pillow(clear).save(path)
    else:
        clear.save(path, lossless=True)
    info = probe(path)
    assert (info.kind, info.has_alpha, info.coded_size) == ("still", True, photo.size)


def test_a_phones_photo_is_read(photo: Image.Image, tmp_path: Path) -> None:
    """HEIC, which was refused: tiles, turn and depth are what the library makes of them."""
    pillow_heif.from_pillow(photo).save(tmp_path / "photo.heic", quality=95, chroma=444)
    assert np.abs(_shown(tmp_path / "photo.heic") - np.asarray(photo)).mean() < 4
    deep = np.random.default_rng(1).integers(0, 65536, (64, 64, 3), np.uint16)
    pillow_heif.from_bytes("RGB;16", (64, 64), deep.tobytes()).save(tmp_path / "deep.heic", quality=-1)
    info = probe(tmp_path / "deep.heic")
    assert (info.kind, info.bit_depth, info.codec) == ("still", 16, "pam")


def test_a_broken_phones_photo_is_said_to_be(photo: Image.Image, tmp_path: Path) -> None:
    pillow_heif.from_pillow(photo).save(tmp_path / "whole.heic")
    (tmp_path / "cut.heic").write_bytes((tmp_path / "whole.heic").read_bytes()[:3000])
    with pytest.raises(UnreadableMedia, match=r"cut\.heic"):
        probe(tmp_path / "cut.heic")


def _animation(path: Path, photo: Image.Image, *, clear: bool = False) -> Path:
    frames = [photo.resize((64, 48)).rotate(40 * turn).convert("RGBA") for turn in range(5)]
    for frame in frames[clear:] if clear else []:
        frame.putalpha(Image.linear_gradient("L").resize(frame.size).point(lambda level: 255 * (level > 127)))
    settings: dict[str, Any] = {".webp": {"lossless": True}, ".gif": {"disposal": 2 if clear else 0}}.get(path.suffix, {})
    frames = frames if clear else [frame.convert("RGB") for frame in frames]
    frames[0].save(path, "PNG" if path.suffix == ".apng" else None, save_all=True, append_images=frames[1:], duration=40, **settings)
    return path


@pytest.mark.parametrize("suffix", [".webp", ".apng", ".png", ".gif", ".avif"])
def test_an_animated_picture_is_a_video(suffix: str, photo: Image.Image, tmp_path: Path) -> None:
    """An animated WebP was "damaged", an APNG no media file, an opaque GIF transparent."""
    info = probe(_animation(tmp_path / f"moving{suffix}", photo))
    assert (info.kind, info.frame_count, info.rate, info.has_alpha) == ("video", 5, 25, False)
    assert format_for("take.mp4", info=info).name == "h264"
    upright = Upright(info)
    with Image.open(info.path) as picture:
        for number, frame in enumerate(read_frames(info)):
            picture.seek(number)
            assert np.abs(upright.picture(frame.picture).astype(int) - np.asarray(picture.convert("RGB"))).mean() < 1.5
            assert not frame.damaged


@pytest.mark.parametrize("length", range(24))
def test_a_png_is_animated_by_a_chunk_that_says_so_whatever_comes_before(length: int, tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + bytes(4)

    before = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(13)) + chunk(b"tEXt", bytes(length))
    for control, after in (
        (True, chunk(b"acTL", bytes(8)) + chunk(b"IDAT", b"x")),
        (False, chunk(b"IDAT", b"x") + chunk(b"acTL", bytes(8))),
    ):
        (tmp_path / "photo.png").write_bytes(before + after)
        assert stills._is_animated_png(tmp_path / "photo.png") is control


@pytest.mark.parametrize("suffix", [".webp", ".apng", ".gif"])
def test_a_transparent_animation_is_transparent(suffix: str, photo: Image.Image, tmp_path: Path) -> None:
    """Also where its first picture is opaque."""
    assert probe(_animation(tmp_path / f"moving{suffix}", photo, clear=True)).has_alpha


def test_an_animation_that_memory_cannot_hold_is_refused(photo: Image.Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _animation(tmp_path / "moving.webp", photo)
    monkeypatch.setattr(stills, "_MOST_ANIMATED_PIXELS", 64 * 48 * 4)
    with pytest.raises(UnsupportedMedia, match="an animation of 5 pictures of 64×48"):
        probe(path)


@pytest.mark.parametrize("scramble", [lambda data: data[:200], lambda data: data[:30] + bytes(len(data) - 30)], ids=["cut", "zeroed"])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".apng", ".gif", ".avif"])
def test_a_broken_picture_is_said_to_be(suffix: str, scramble: Callable[[bytes], bytes], photo: Image.Image, tmp_path: Path) -> None:
    path = _animation(tmp_path / f"whole{suffix}", photo) if suffix in (".apng", ".gif", ".webp") else tmp_path / f"whole{suffix}"
    if not path.exists():
        photo.save(path)
    broken = tmp_path / f"broken{suffix}"
    broken.write_bytes(scramble(path.read_bytes()))
    try:
        frames = list(read_frames(probe(broken)))
    except (UnreadableMedia, UnsupportedMedia) as error:
        assert broken.name in str(error)  # noqa: PT017 — a decoder may also give what there is
    else:
        assert frames
