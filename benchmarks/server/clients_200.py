"""Measures, with 200 WebSocket clients of which 50 never read, how late the others hear of events and how much memory the server holds.

`python -m benchmarks.server clients_200 [--clients 200] [--deaf 50] [--events 400]`: one real server in a process of its own, clients
in this one. Every few milliseconds the priority of a job with many shots changes, which is a numbered event for everybody. Latency is
the time from before the request to the message at each reading client. The deaf clients fill their sockets' buffers and must cost the
others nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import socket
import statistics
import time

import aiohttp
import psutil

from ._serving import Served, serving

_PRIORITY = re.compile(r'"priority":(\d+)')  # no JSON is read here, so that the measuring program takes little of the machine


async def listen(url: str, token: str, latencies: list[float], sent: dict[int, float], ready: asyncio.Semaphore) -> None:
    """A client that reads; an event is known by the priority that it carries."""
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/api/v1/events", max_msg_size=0) as stream:
        await stream.send_json({"type": "hello", "token": token})
        async for message in stream:
            now = time.perf_counter()
            if message.data.startswith('{"type":"snapshot"'):
                ready.release()
            elif message.data.startswith('{"type":"event"') and (found := _PRIORITY.search(message.data)):
                latencies.append(now - sent[int(found[1])])


async def never_read(url: str, token: str, port: int) -> asyncio.StreamWriter:
    """A client that says hello and then reads nothing at all, with a small buffer."""
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    link.setblocking(False)
    await asyncio.get_running_loop().sock_connect(link, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=link, limit=1024)
    head = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    writer.write(f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{head}\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    hello = json.dumps({"type": "hello", "token": token}).encode()
    writer.write(
        b"\x81" + (bytes([0x80 | len(hello)]) if len(hello) < 126 else bytes([0xFE]) + len(hello).to_bytes(2, "big")) + bytes(4) + hello
    )
    await writer.drain()
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    return writer


async def measure(at: Served, *, clients: int, deaf: int, events: int, every_s: float) -> dict[str, float]:
    url, port, token = at.url, at.port, at.token
    latencies: list[float] = []
    sent: dict[int, float] = {}
    ready = asyncio.Semaphore(0)
    server = psutil.Process(at.pid)
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        missing = {"path": str(at.folder / "media" / "missing.mp4")}
        shot = {"video": missing, "speech": missing}
        large = {"style_from": f"{at.folder}/media/{'y/' * 1900}"}  # for large events
        async with session.post(f"{url}/api/v1/jobs", json={"shots": [shot] * 40, "name": "x" * 200, "settings": large}) as answer:
            job = (await answer.json())["job"]["id"]
        await _ended(session, url, job)
        reading = [asyncio.create_task(listen(url, token, latencies, sent, ready)) for _ in range(clients - deaf)]
        silent = [await never_read(url, token, port) for _ in range(deaf)]
        for _ in reading:
            await ready.acquire()
        before, peak = server.memory_info().rss, 0
        for number in range(events):
            name = number % 101
            sent[name] = time.perf_counter()
            async with session.post(f"{url}/api/v1/jobs/{job}/priority", json={"priority": name}) as answer:
                assert answer.status == 200, await answer.text()
            peak = max(peak, server.memory_info().rss)
            await asyncio.sleep(every_s)
        await asyncio.sleep(1)
        for task in reading:
            task.cancel()
        for writer in silent:
            writer.close()
    latencies.sort()
    wanted = events * (clients - deaf)
    return {
        "messages": len(latencies),
        "of": wanted,
        "p50_ms": statistics.median(latencies) * 1e3,
        "p99_ms": latencies[int(len(latencies) * 0.99)] * 1e3,
        "worst_ms": latencies[-1] * 1e3,
        "memory_before_mib": before / (1 << 20),
        "memory_peak_mib": peak / (1 << 20),
    }


async def _ended(session: aiohttp.ClientSession, url: str, job: str) -> None:
    while True:
        async with session.get(f"{url}/api/v1/jobs/{job}") as answer:
            if (await answer.json())["job"]["state"] in ("completed", "failed"):
                return
        await asyncio.sleep(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--deaf", type=int, default=50)
    parser.add_argument("--events", type=int, default=400)
    parser.add_argument("--every-ms", type=float, default=50.0)
    options = parser.parse_args()
    with serving() as at:
        found = asyncio.run(measure(at, clients=options.clients, deaf=options.deaf, events=options.events, every_s=options.every_ms / 1e3))
    for name, value in found.items():
        print(f"{name:20} {value:,.1f}")
    assert found["messages"] == found["of"], "a reading client missed something"
    print("p99 within 100 ms" if found["p99_ms"] <= 100 else "p99 TOO LATE")


if __name__ == "__main__":
    main()
