"""An editor that does what it is told: a scripted host on the server's socket, and a panel on disk that frames the real page."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import opentimelineio as otio
from websockets.sync.client import ClientConnection, connect

from .running import RunningServer

HOST = {
    "id": "test-editor",
    "app": "premiere",
    "version": "26.0",
    "project": "project-1",
    "project_name": "Film <b>one</b>",
    "capabilities": ["place.take"],
}


class ScriptedEditor:
    """Answers host.selection with a timeline of one clip and the speech under it, and remembers what it was asked to place."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.socket: ClientConnection | None = None
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> ScriptedEditor:
        self.connecting = connect(f"{self.server.url.replace('http', 'ws')}/api/v1/events")
        self.socket = self.connecting.__enter__()
        self.socket.send(json.dumps({"type": "hello", "token": self.server.token, "host": HOST}))
        self.thread.start()
        while not self.server.ask("GET", "/hosts"):
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self.connecting.__exit__(None, None, None)
        self.thread.join(timeout=5)

    def _serve(self) -> None:
        assert self.socket is not None
        for message in self.socket:
            said = json.loads(message)
            if said.get("jsonrpc") != "2.0":
                continue
            self.asked.append((said["method"], said["params"]))
            result = getattr(self, said["method"].replace("host.", "on_"))(said["params"])
            self.socket.send(json.dumps({"jsonrpc": "2.0", "id": said["id"], "result": result}))

    def on_selection(self, _: dict[str, Any]) -> dict[str, Any]:
        media = self.server.media
        place = {"project": HOST["project"], "sequence": "seq-1", "rate": "25/1", "record_start": 10, "record_duration": 20, "track": 1}
        items = [
            {
                "id": "clip-1",
                "name": "speaker <i>",
                "kind": "picture",
                "placement": {**place, "clip": "clip-1"},
                "path": str(media / "speaker.mp4"),
            },
            {
                "id": "clip-2",
                "name": "speech.wav",
                "kind": "sound",
                "placement": {**place, "clip": "clip-2"},
                "path": str(media / "speech.wav"),
            },
        ]
        sequence = {"id": "seq-1", "name": "Cut 3", "rate": "25/1", "start_frame": 90_000, "drop_frame": False}
        return {"sequence": sequence, "items": items, "document": json.loads(timeline(media).to_json_string())}

    def on_place(self, params: dict[str, Any]) -> dict[str, Any]:
        return self._placed(params)

    def on_switchTake(self, params: dict[str, Any]) -> dict[str, Any]:
        return self._placed(params)

    def on_reveal(self, _: dict[str, Any]) -> dict[str, Any]:
        return {}

    @staticmethod
    def _placed(params: dict[str, Any]) -> dict[str, Any]:
        placement = params["placement"]
        return {
            "take": params["take"],
            "already": False,
            "track": 2,
            "record_start": placement["record_start"],
            "record_duration": placement["record_duration"],
        }


def timeline(media: Path) -> otio.schema.Timeline:
    """25 fps, starting at 01:00:00:00: frames 2–21 of speaker.mp4 from record frame 10, speech.wav under it."""
    made = otio.schema.Timeline("Cut 3", global_start_time=otio.opentime.RationalTime(90_000, 25))
    for kind, file, start, name in (("Video", "speaker.mp4", 2, "clip-1"), ("Audio", "speech.wav", 0, "clip-2")):
        track = otio.schema.Track("V1" if kind == "Video" else "A1", kind=kind)
        track.append(otio.schema.Gap(source_range=_range(0, 10)))
        length = 30 if kind == "Video" else 22
        reference = otio.schema.ExternalReference((media / file).as_uri(), available_range=_range(0, length))
        clip = otio.schema.Clip(file, media_reference=reference, source_range=_range(start, 20))
        clip.metadata["heygem"] = {"id": name}
        track.append(clip)
        made.tracks.append(track)
    return made


def _range(start: int, frames: int) -> otio.opentime.TimeRange:
    return otio.opentime.TimeRange(otio.opentime.RationalTime(start, 25), otio.opentime.RationalTime(frames, 25))


def write_panel(folder: Path, server: RunningServer, token: str) -> Path:
    """The parent in full, as HOST_MODE.md shows it; what the page tells it is kept in window.told."""
    path = folder / "panel.html"
    path.write_text(
        f"""<!doctype html><meta charset="utf-8"><title>Panel</title><body style="margin:0">
<iframe id="page" title="HeyGem" src="{server.url}/?host={HOST["id"]}" style="border:0;width:100vw;height:100vh"></iframe>
<script>
const origin = {json.dumps(server.url)};
const frame = document.getElementById("page");
window.told = [];
window.addEventListener("message", (event) => {{
  if (event.source !== frame.contentWindow || event.origin !== origin || event.data?.type !== "heygem.ready") return;
  const channel = new MessageChannel();
  window.port = channel.port1;
  port.onmessage = ({{ data }}) => window.told.push(data);
  frame.contentWindow.postMessage({{ type: "heygem.hello", protocol: 1 }}, origin, [channel.port2]);
  window.hand({json.dumps(token)});
}});
window.hand = (token) => port.postMessage({{ type: "heygem.session", token, app: "premiere", project: "project-1",
  project_name: {json.dumps(HOST["project_name"])}, theme: {{ mode: "dark", background: "#1d1d1d" }}, language: "en", can: [] }});
</script>""",
        encoding="utf-8",
    )
    return path
