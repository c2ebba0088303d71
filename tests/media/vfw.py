"""Writes Matroska files in the way of Video for Windows, as old tools made them from AVI files: FFmpeg reads such but writes none."""

from __future__ import annotations

import struct
from pathlib import Path

import av


def vfw_matroska(path: Path, avi: Path) -> Path:
    """The picture of an AVI file in Matroska: each block says when its picture is decoded, none when it is shown."""
    with av.open(str(avi)) as container:
        stream = container.streams.video[0]
        rate, context = stream.average_rate, stream.codec_context
        assert rate is not None
        packets = [(packet.dts, packet.is_keyframe, bytes(packet)) for packet in container.demux(stream) if packet.size]
        fourcc = context.codec_tag.encode()
        extra = context.extradata or b""
    header = struct.pack("<IiiHH4sIiiII", 40 + len(extra), context.width, context.height, 1, 24, fourcc, 0, 0, 0, 0, 0) + extra
    picture = _element(0xE0, _number(0xB0, context.width) + _number(0xBA, context.height))
    track = _number(0xD7, 1) + _number(0x73C5, 1) + _number(0x83, 1) + _number(0x9C, 0)
    track += _element(0x86, b"V_MS/VFW/FOURCC") + _element(0x63A2, header) + _number(0x23E383, round(1_000_000_000 / rate)) + picture
    clusters = b"".join(
        _element(0x1F43B675, _number(0xE7, round(1000 * dts / rate)) + _element(0xA3, struct.pack(">BhB", 0x81, 0, 0x80 * key) + data))
        for dts, key, data in packets
    )
    info = _number(0x2AD7B1, 1_000_000) + _element(0x4D80, b"test") + _element(0x5741, b"test")
    segment = _element(0x1549A966, info) + _element(0x1654AE6B, _element(0xAE, track)) + clusters
    path.write_bytes(_element(0x1A45DFA3, _element(0x4282, b"matroska")) + _element(0x18538067, segment))
    return path


def _element(kind: int, body: bytes) -> bytes:
    """An EBML element (RFC 8794) with a size of eight bytes."""
    return kind.to_bytes((kind.bit_length() + 7) // 8, "big") + (1 << 56 | len(body)).to_bytes(8, "big") + body


def _number(kind: int, value: int) -> bytes:
    return _element(kind, value.to_bytes(8, "big"))
