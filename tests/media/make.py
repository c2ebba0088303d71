"""Makes the small files that the media tests need: any rate, size, depth, tags, rotation and timecode, with a flash and a click.

Written with PyAV directly, not with the project's own writer, so that the writer is tested against an independent hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from heygem_core.media.colour import ColourTags, write_tags
from heygem_core.media.pixels import alpha_view, component_views, pixel_format

BT709 = ColourTags(primaries=1, transfer=1, matrix=1, range=1)
SIZE = (96, 64)
RATES = {
    "23.976": Fraction(24000, 1001),
    "24": Fraction(24),
    "25": Fraction(25),
    "29.97": Fraction(30000, 1001),
    "30": Fraction(30),
    "50": Fraction(50),
    "59.94": Fraction(60000, 1001),
}
SUFFIXES = {
    ".mp4": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
    ".avi": "avi",
    ".mpg": "mpeg",
    ".ts": "mpegts",
    ".asf": "asf",
}


def picture(number: int, *, size: tuple[int, int] = SIZE, pix_fmt: str = "yuv420p", bright: bool = False) -> av.VideoFrame:
    """A frame that shows its number: 8 broad stripes, dark or light by the number's bits, over a slow gradient."""
    form = pixel_format(pix_fmt)
    assert form is not None
    frame = av.VideoFrame(*size, pix_fmt)
    unit = 1 << (form.bits - 8)
    for place, view in enumerate(component_views(frame)):
        rows, columns = np.mgrid[: view.shape[0], : view.shape[1]]
        if place and form.family == "yuv":
            codes = 128 + 40 * np.sin(columns / view.shape[1] * 6 + place) * np.cos(rows / view.shape[0] * 3)
        else:
            stripe = columns * 8 // view.shape[1]
            codes = np.where(number >> stripe & 1, 190, 60) + 20 * rows / view.shape[0] + (5 * place)
        if bright:
            codes = np.full(view.shape, 235 if not place or form.family == "rgb" else 128)
        view[...] = np.rint(codes * unit).astype(np.uint16).astype(view.dtype) << form.left_shift
    alpha = alpha_view(frame)
    if alpha is not None:
        alpha[...] = (np.linspace(0, form.maximum, alpha.shape[1])[None, :] + np.zeros((alpha.shape[0], 1))).astype(alpha.dtype)
    return frame


def number_of(frame: av.VideoFrame) -> int:
    """The number a `picture` shows, after any lossy codec."""
    luma = component_views(frame)[0]
    form = pixel_format(frame.format.name)
    assert form is not None
    middle = luma[luma.shape[0] // 4 : -luma.shape[0] // 4].astype(float) / (1 << (form.bits - 8 + form.left_shift))
    stripes = np.array_split(middle.mean(axis=0), 8)
    return sum(1 << place for place, stripe in enumerate(stripes) if stripe[len(stripe) // 3 : -len(stripe) // 3].mean() > 130)


def video(
    path: Path,
    *,
    rate: Fraction = Fraction(25),
    frames: int = 20,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    size: tuple[int, int] = SIZE,
    tags: ColourTags = BT709,
    timecode: str | None = None,
    reel: str | None = None,
    rotation: int = 0,
    mirrored: bool = False,
    sample_aspect: Fraction | None = None,
    pts: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    flash: int | None = None,
    samples: npt.NDArray[np.float32] | None = None,
    sound_codec: str | None = None,
    sound_rate: int = 48_000,
    sound_layout: str = "stereo",
    options: dict[str, str] | None = None,
    bitrate: int | None = None,
    start_number: int = 0,
) -> Path:
    """A video of numbered pictures. `pts` (with `time_base`) makes it variable; `flash` is one white frame; `rotation` is clockwise."""
    with av.open(str(path), "w", format=SUFFIXES.get(path.suffix)) as container:
        stream: Any = container.add_stream(codec, rate=rate, options=options or _options(codec))
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = time_base or 1 / rate
        if sample_aspect is not None:
            stream.codec_context.sample_aspect_ratio = sample_aspect
        if bitrate is not None:
            stream.bit_rate = bitrate
        write_tags(stream.codec_context, tags)
        if rotation or mirrored:
            stream.set_display_rotation(-rotation, hflip=mirrored)
        if reel is not None:
            stream.metadata["reel_name"] = reel
        if timecode is not None:
            container.metadata["timecode"] = timecode
        voice: Any = None
        if samples is not None:
            voice = container.add_stream(sound_codec or "aac", rate=sound_rate)
            voice.codec_context.layout = sound_layout
        for number in range(frames):
            frame = picture(number + start_number, size=size, pix_fmt=pix_fmt, bright=number == flash)
            write_tags(frame, tags)
            frame.pts, frame.time_base = (number if pts is None else pts[number]), stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if voice is not None:
            _encode_sound(container, voice, samples, sound_layout, sound_rate)
    return path


def sound(
    path: Path,
    samples: npt.NDArray[np.float32],
    *,
    rate: int = 48_000,
    layout: str = "mono",
    codec: str = "pcm_s16le",
    options: dict[str, str] | None = None,
) -> Path:
    """A sound file of (channels, n) samples."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate, options=options)
        stream.codec_context.layout = layout
        container.start_encoding()
        _encode_sound(container, stream, samples, layout, rate)
    return path


def clicks(at_s: Sequence[Fraction], duration_s: Fraction, *, rate: int = 48_000, channels: int = 2) -> npt.NDArray[np.float32]:
    """(channels, n) silence with a one-sample click of 0.9 at each time, followed by a short decay that survives lossy codecs."""
    samples = np.zeros((channels, round(duration_s * rate)), np.float32)
    decay = (0.9 * 0.7 ** np.arange(24)).astype(np.float32)
    for time in at_s:
        begin = round(time * rate)
        part = samples[:, begin : begin + len(decay)]
        part += decay[: part.shape[1]]
    return samples


def still(path: Path, *, size: tuple[int, int] = SIZE, pix_fmt: str = "rgb24", number: int = 5, orientation: int | None = None) -> Path:
    """A PNG, JPEG, TIFF, BMP or WebP; `orientation` is EXIF's (JPEG only)."""
    codec = {".png": "png", ".jpg": "mjpeg", ".tiff": "tiff", ".bmp": "bmp", ".webp": "libwebp"}[path.suffix]
    context: Any = av.CodecContext.create(codec, "w")
    context.width, context.height, context.pix_fmt, context.time_base = *size, pix_fmt, Fraction(1, 25)
    if codec == "mjpeg":
        context.color_range = 2
    if codec == "libwebp":
        context.options = {"lossless": "1"}
    frame = picture(number, size=size, pix_fmt=pix_fmt)
    frame.pts = 0
    data = b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])
    path.write_bytes(data if orientation is None else _with_exif_orientation(data, orientation))
    return path


def _encode_sound(container: Any, stream: Any, samples: Any, layout: str, rate: int) -> None:
    for begin in range(0, samples.shape[1], 1024):
        chunk = np.ascontiguousarray(samples[:, begin : begin + 1024])
        frame = av.AudioFrame.from_ndarray(chunk.T.reshape(1, -1).copy(), format="flt", layout=layout)
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), begin
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _options(codec: str) -> dict[str, str]:
    return {
        "libx264": {"preset": "ultrafast", "crf": "10", "g": "12", "bf": "2"},
        "libx265": {"preset": "ultrafast", "x265-params": "log-level=none:keyint=12"},
        "prores_ks": {"profile": "3"},
    }.get(codec, {})


def _with_exif_orientation(jpeg: bytes, orientation: int) -> bytes:
    """The JPEG with an APP1 segment that holds one tag, 0x0112, after its start marker (EXIF 2.3 section 4.5.4)."""
    entry = (0x0112).to_bytes(2, "big") + (3).to_bytes(2, "big") + (1).to_bytes(4, "big") + orientation.to_bytes(2, "big") + b"\0\0"
    body = b"Exif\0\0" + b"MM\0*" + (8).to_bytes(4, "big") + (1).to_bytes(2, "big") + entry + (0).to_bytes(4, "big")
    return jpeg[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + jpeg[2:]


def remux(
    source: Path,
    target: Path,
    *,
    keep: Callable[[str, float], bool] = lambda kind, seconds: True,
    shift_s: Fraction = Fraction(0),
    muxer: str | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """The same packets in another file: those for which `keep(kind, seconds)` holds, all moved by `shift_s`."""
    with av.open(str(source)) as reading, av.open(str(target), "w", format=muxer, options=options) as writing:
        streams = {
            stream.index: writing.add_stream_from_template(stream) for stream in reading.streams if stream.type in ("video", "audio")
        }
        packet: Any
        for packet in reading.demux():
            if packet.dts is None or packet.stream_index not in streams or not keep(packet.stream.type, _seconds(packet)):
                continue
            shift = round(shift_s / packet.time_base)
            packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
            packet.stream = streams[packet.stream_index]
            writing.mux(packet)
    return target


def _seconds(timed: Any) -> float:
    """The time of a packet or frame on its container's clock."""
    return float(timed.pts * timed.time_base)


def heard(path: Path, near: float = 0.3) -> tuple[float, int, int]:
    """(seconds of the loudest click from the first picture, samples, sample rate), decoded without the project's own code."""
    with av.open(str(path)) as container:
        origin = 0.0
        if container.streams.video:
            origin = min(
                float(packet.pts * packet.time_base) for packet in container.demux(video=0) if packet.size and packet.pts is not None
            )
    best, when, count, rate = near, float("nan"), 0, 0
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            samples = np.abs(frame.to_ndarray().astype(np.float64)).reshape(-1)
            if frame.format.name.startswith("s"):
                samples /= 2.0 ** (8 * frame.format.bytes - 1)
            per_sample = (
                samples.reshape(-1, len(frame.layout.channels)).max(axis=1)
                if not frame.format.is_planar
                else samples.reshape(len(frame.layout.channels), -1).max(axis=0)
            )
            count, rate = count + frame.samples, frame.sample_rate
            if per_sample.max() > best:
                best = float(per_sample.max())
                when = _seconds(frame) + int(per_sample.argmax()) / rate - origin
    return when, count, rate


def flashes(path: Path) -> list[int]:
    """The bright frames, decoded without the project's own code, counted from 0 in presentation order."""
    with av.open(str(path)) as container:
        pictures = sorted((frame.pts, float(frame.to_ndarray(format="gray").mean())) for frame in container.decode(video=0))
    return [number for number, (_, level) in enumerate(pictures) if level > 200]
