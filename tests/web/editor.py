"""An editor that does what it is told: a scripted host on the server's socket, and a panel on disk that frames the real page."""

from __future__ import annotations

import json
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import opentimelineio as otio
from websockets.sync.client import ClientConnection, connect

from .clips import cut
from .running import RunningServer

HOST = {
    "id": "test-editor",
    "app": "premiere",
    "version": "26.0",
    "project": "project-1",
    "project_name": "Film <b>one</b>",
    "capabilities": ["place.track", "place.speech", "place.mute", "export.picture", "export.sound"],
}


class ScriptedEditor:
    """Answers host.selection with a timeline of one clip and the speech under it, and remembers what it was asked to place.

    host: what differs from HOST. video: the clip's file in the server's media folder. lost: what a take above the clip loses.
    deaf: the speech is a mix that it alone can play. nested: a nested sequence of the same length follows, with its own speech.
    export_s: how long an export blocks it. refuses: ids of clips that it does not export.
    """

    def __init__(self, server: RunningServer, *, video: str = "speaker.mp4", frames: int = 20, **host: Any) -> None:
        self.server, self.video, self.frames = server, video, frames
        self.host = {**HOST, **host}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.lost: list[str] = []
        self.nested = False
        self.speech = True
        self.deaf = False
        self.export_s = 0.0
        self.refuses: set[str] = set()
        self.socket: ClientConnection | None = None
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> ScriptedEditor:
        self.connecting = connect(f"{self.server.url.replace('http', 'ws')}/api/v1/events")
        self.socket = self.connecting.__enter__()
        self.socket.send(json.dumps({"type": "hello", "token": self.server.token, "host": self.host}))
        self.thread.start()
        while not any(view["id"] == self.host["id"] for view in self.server.ask("GET", "/hosts")):
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self.connecting.__exit__(None, None, None)
        self.thread.join(timeout=5)

    def all(self, method: str) -> list[dict[str, Any]]:
        """Parameters of each call of a method, oldest first."""
        return [params for name, params in self.asked if name == method]

    def _serve(self) -> None:
        assert self.socket is not None
        for message in self.socket:
            said = json.loads(message)
            if said.get("jsonrpc") != "2.0":
                continue
            self.asked.append((said["method"], said["params"]))
            result = getattr(self, said["method"].replace("host.", "on_"))(said["params"])
            self.socket.send(json.dumps({"jsonrpc": "2.0", "id": said["id"], "result": result}))

    def _item(self, id: str, name: str, kind: str, start: int, **more: Any) -> dict[str, Any]:
        place = {"project": self.host["project"], "sequence": "seq-1", "rate": "25/1", "track": 1, "clip": id}
        return {"id": id, "name": name, "kind": kind, "placement": {**place, "record_start": start, "record_duration": self.frames}, **more}

    def on_selection(self, _: dict[str, Any]) -> dict[str, Any]:
        media = self.server.media
        why = "It is a nested sequence, which only the editor can draw."
        items = [self._item("clip-1", "speaker <i>", "picture", 10, path=str(media / self.video), cannot_copy=self.lost)]
        if self.speech:
            only = {"needs_host_export": "It is a mix of sounds."} if self.deaf else {"path": str(media / "speech.wav")}
            items.append(self._item("clip-2", "speech.wav", "sound", 10, **only))
        if self.nested:
            items.append(self._item("clip-3", "Scene 4 <b>", "picture", 10 + self.frames, needs_host_export=why))
            items.append(self._item("clip-4", "speech.wav", "sound", 10 + self.frames, path=str(media / "speech.wav")))
        sequence = {"id": "seq-1", "name": "Cut 3", "rate": "25/1", "start_frame": 90_000, "drop_frame": False}
        document = timeline(media, video=self.video, frames=self.frames, nested=self.nested, deaf=self.deaf)
        return {"sequence": sequence, "items": items, "document": json.loads(document.to_json_string())}

    def on_export(self, params: dict[str, Any]) -> dict[str, Any]:
        """A real file of each clip, with the handles that were asked for."""
        time.sleep(self.export_s)
        exported = []
        for item in params["items"]:
            path = Path(params["folder"]) / f"{item}.mp4"
            if item in self.refuses:
                exported.append({"item": item, "path": None, "problem": "The sequence of this clip is empty."})
                continue
            if params["kind"] == "sound":
                path = path.with_suffix(".wav")
                shutil.copy(self.server.media / "speech.wav", path)
            else:
                cut(self.server.media / "speaker.mp4", path, 0, min(30, self.frames + 2 * params["handles"]))
            exported.append({"item": item, "path": str(path)})
        return {"exported": exported, "blocked_ms": 1000 * self.export_s}

    def on_place(self, params: dict[str, Any]) -> dict[str, Any]:
        return {**self._placed(params), "not_copied": self.lost}

    def on_switchTake(self, params: dict[str, Any]) -> dict[str, Any]:
        return self._placed(params)

    def on_markers(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"added": len(params["markers"]), "already": 0}

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


def timeline(
    media: Path, *, video: str = "speaker.mp4", frames: int = 20, nested: bool = False, deaf: bool = False
) -> otio.schema.Timeline:
    """25 fps, from 01:00:00:00: a clip from its frame 2 at record frame 10, speech.wav under it; perhaps a nest, and speech again."""
    made = otio.schema.Timeline("Cut 3", global_start_time=otio.opentime.RationalTime(90_000, 25))
    for kind, file, start, name in (("Video", video, 2, "clip-1"), ("Audio", "speech.wav", 0, "clip-2")):
        track = otio.schema.Track("V1" if kind == "Video" else "A1", kind=kind)
        track.append(otio.schema.Gap(source_range=_range(0, 10)))
        length = {"speaker.mp4": 30, "slow.mp4": 120, "speech.wav": 22}[file]
        if deaf and kind == "Audio":
            reference = otio.schema.MissingReference()
        shown = min(frames, 20) if kind == "Audio" else frames
        reference = otio.schema.ExternalReference((media / file).as_uri(), available_range=_range(0, length))
        track.append(_marked(otio.schema.Clip(file, media_reference=reference, source_range=_range(start, shown)), name))
        if nested and kind == "Video":
            nest = otio.schema.Clip("Scene 4 <b>", media_reference=otio.schema.MissingReference(), source_range=_range(0, frames))
            track.append(_marked(nest, "clip-3"))
        elif nested:
            track.append(_marked(otio.schema.Clip(file, media_reference=reference.clone(), source_range=_range(0, frames)), "clip-4"))
        made.tracks.append(track)
    return made


def _marked(item: Any, id: str) -> Any:
    item.metadata["heygem"] = {"id": id}
    return item


def _range(start: int, frames: int) -> otio.opentime.TimeRange:
    return otio.opentime.TimeRange(otio.opentime.RationalTime(start, 25), otio.opentime.RationalTime(frames, 25))


def write_panel(folder: Path, server: RunningServer, token: str, *, can: tuple[str, ...] = ()) -> Path:
    """The parent in full, as HOST_MODE.md shows it; what the page tells it is kept in window.told. Its dialog gives window.picks."""
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
  port.onmessage = ({{ data }}) => {{
    window.told.push(data);
    if (data.type === "heygem.pick") port.postMessage({{ type: "heygem.picked", id: data.id, paths: window.picks ?? [] }});
  }};
  frame.contentWindow.postMessage({{ type: "heygem.hello", protocol: 1 }}, origin, [channel.port2]);
  window.hand({json.dumps(token)});
}});
window.hand = (token) => port.postMessage({{ type: "heygem.session", token, app: "premiere", project: "project-1",
  project_name: {json.dumps(HOST["project_name"])}, theme: {{ mode: "dark", background: "#1d1d1d" }}, language: "en",
  can: {json.dumps(can)} }});
</script>""",
        encoding="utf-8",
    )
    return path
