"""One call over gRPC by hand, as a stranger makes it who has nothing of ours: an empty request, and what comes back."""

from __future__ import annotations

import socket
import struct

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _SETTINGS, _RST, _GOAWAY = 0, 1, 4, 3, 7
_END_STREAM, _END_HEADERS = 1, 4


def answer_of(host: str, port: int, method: str, token: str | None = None) -> tuple[bytes, bytes]:
    """(what the answer holds, its raw headers) of a method such as /ray.rpc.NodeInfoGcsService/GetAllNodeInfo. Raises: OSError."""
    told = [(b":method", b"POST"), (b":scheme", b"http"), (b":path", method.encode()), (b":authority", b"farm")]
    told += [(b"content-type", b"application/grpc"), (b"te", b"trailers")]
    told += [] if token is None else [(b"authorization", f"Bearer {token}".encode())]
    headers = b"".join(b"\x00" + _text(name) + _text(value) for name, value in told)  # HPACK: literals that nobody remembers
    with socket.create_connection((host, port), 10) as line:
        line.settimeout(10)
        empty = bytes(5)  # a message of no bytes
        line.sendall(_PREFACE + _frame(_SETTINGS, 0, 0) + _frame(_HEADERS, _END_HEADERS, 1, headers) + _frame(_DATA, _END_STREAM, 1, empty))
        return _read(line)


def _read(line: socket.socket) -> tuple[bytes, bytes]:
    content, headers = b"", b""
    with line.makefile("rb") as answer:
        while len(head := answer.read(9)) == 9:
            kind, flags, stream = head[3], head[4], struct.unpack(">I", head[5:])[0]
            body = answer.read(int.from_bytes(head[:3], "big"))
            if stream == 1:
                content, headers = content + body * (kind == _DATA), headers + body * (kind == _HEADERS)
                if flags & _END_STREAM or kind == _RST:
                    break
            if kind == _GOAWAY:
                break
    return content, headers


def _text(value: bytes) -> bytes:
    return bytes([len(value)]) + value if len(value) < 127 else b"\x7f" + bytes([len(value) - 127]) + value


def _frame(kind: int, flags: int, stream: int, body: bytes = b"") -> bytes:
    return len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body
