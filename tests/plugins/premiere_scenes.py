"""A scene in each fake Premiere, by one set of words: what both panels must do is tested once, on both.

A clip of 24 frames at frame 100 of V1 with its sound on A1, a stranger on V2, music on A2.
"""

from __future__ import annotations

import json
import shutil
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema

from heygem_core.shot import from_json
from heygem_plugins.protocol import generate
from heygem_server.hosts.methods import METHODS
from tests.plugins.media import in_ticks, make_clip, make_speech
from tests.plugins.node import HERE, NodeProcess
from tests.plugins.protocol import check_codes

SCHEMA = json.loads(generate.SCHEMA_FILE.read_text(encoding="utf-8"))
TIMEBASES = {"23.976": 10594584000, "25": 10160640000, "29.97": 8475667200, "59.94": 4237833600}
ONE_OCLOCK = {"23.976": 86400, "25": 90000, "29.97": 107892, "59.94": 215784}  # frames before the one that carries 01:00:00:00
RATES = {"23.976": Fraction(24000, 1001), "25": Fraction(25), "29.97": Fraction(30000, 1001), "59.94": Fraction(60000, 1001)}
NASTY = "Te\"rr\\or\n\u2028\u2029</script><script>alert(1)</script>'; app.quit(); // \U0001f600 ${x} __proto__"
NASTY_FILE = "take 'q\" ${1} \u2028\u2029 <script> #%20 \u00e4\U0001f600.mov"
"""What a file may be called on macOS and Linux."""

TICKS = 254016000000  # of a second
_LAYING = ("mode", "mute", "disable_original")


def make_files(folder: Path) -> Path:
    """Clips with timecode and sound, takes without, at each rate; a second version, a take with sound, what a nest shows, a speech."""
    for name, rate in RATES.items():
        make_clip(folder / f"clip {name}.mov", rate=rate, frames=60, timecode="10:00:00:00", sound=True)
        make_clip(folder / f"take {name}.mov", rate=rate, frames=34, timecode="10:00:00:00")
    make_clip(folder / "low timecode.mov", rate=Fraction(25), frames=60, timecode="00:00:00:04", sound=True)
    make_clip(folder / "low timecode silent.mov", rate=Fraction(25), frames=34, timecode="00:00:00:04")
    shutil.copy(folder / "take 25.mov", folder / "take 25 v2.mov")
    shutil.copy(folder / "take 25.mov", folder / NASTY_FILE)
    make_clip(folder / "nest.mov", rate=Fraction(25), frames=60)
    make_clip(folder / "loud.mov", rate=Fraction(25), frames=34, sound=True)
    make_speech(folder / "speech.wav", 3)
    shutil.copy(folder / "speech.wav", folder / "take speech.wav")
    return folder


@lru_cache
def known(file: str) -> dict[str, Any]:
    return in_ticks(file)


class Scene:
    """What both fakes have in common. `clip` is the fake's name of the clip, `id` the panel's."""

    script: str
    panel: str
    sound = "Audio"
    linked: str  # the fake's name of the clip's sound

    def __init__(self, files: Path, rate: str = "25", *, zero: int = 0, **options: Any) -> None:
        self.files, self.rate, self.frame, self.zero = files, rate, TIMEBASES[rate], zero
        self.fake = NodeProcess(HERE / "fakes" / self.script, options)
        for file in files.iterdir():
            self.fake("known", file=str(file), facts=known(str(file)))
        self.sequence = self.new_sequence(zero)
        self.clip = self.laid()
        self.add(file=self.file(f"clip {rate}.mov"), start=300, length=20, track=1)
        self.music = self.add(file=self.file("speech.wav"), start=0, length=60, track=1, kind=self.sound)
        self.project = self.fake("about")["project"]
        self.id = self.ask("host.selection")["items"][0]["id"]

    def laid(self) -> str:
        raise NotImplementedError

    def new_sequence(self, zero: int = 0) -> str:
        raise NotImplementedError

    def add(self, **given: Any) -> str:
        raise NotImplementedError

    def picture(self, *without: str) -> Any:
        """Everything a person could see, the clips of these files and tracks that are empty without them aside."""
        raise NotImplementedError

    def clips_on(self, kind: str) -> list[tuple[int, dict[str, Any]]]:
        """(track from 1, clip with media, start, end, inPoint, disabled, looks) of each clip."""
        raise NotImplementedError

    def file(self, name: str) -> str:
        return str(self.files / name)

    def params(self, file: str, **more: Any) -> dict[str, Any]:
        """PlaceParams; what belongs to the placement finds its place."""
        rate = RATES[self.rate]
        laying = {name: more.pop(name) for name in _LAYING if name in more}
        spot = {"project": self.project, "sequence": self.sequence, "clip": self.id, "track": 1, "record_start": 100, "record_duration": 24,
                "rate": f"{rate.numerator}/{rate.denominator}", "baked": more.pop("baked", False), "laying": laying}  # fmt: skip
        return {"take": "take-1", "file": self.file(file), "name": file, "placement": spot, "handles": 5, "frames": 24, **more}

    def ask(self, method: str, **params: Any) -> Any:
        reply = self.fake("ask", request={"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        assert "error" not in reply, reply
        jsonschema.validate(reply["result"], {**SCHEMA["methods"][method]["result"], "$defs": SCHEMA["$defs"]})
        kind = METHODS[method].result
        if kind is not None:
            from_json(json.dumps(reply["result"]), kind)
            check_codes(reply["result"])
        return reply["result"]

    def refusal(self, method: str, **params: Any) -> dict[str, Any]:
        return self.fake("ask", request={"jsonrpc": "2.0", "id": 1, "method": method, "params": params})["error"]

    def in_frames(self, clip: dict[str, Any]) -> tuple[int, int, int]:
        """Start, length, first frame of the file."""
        start, end, first = (Fraction(int(clip[name]), self.frame) for name in ("start", "end", "inPoint"))
        assert (start.denominator, end.denominator, first.denominator) == (1, 1, 1), "not on a frame"
        return int(start), int(end - start), int(first)

    def takes(self, file: str, kind: str = "video") -> list[tuple[int, int, int, int]]:
        """(track from 1, start, length, first frame of the file) of each clip that shows a file."""
        return [(track, *self.in_frames(clip)) for track, clip in self.clips_on(kind) if clip["media"] == self.file(file)]

    def move(self, clip: str, start: int, length: int) -> None:
        self.change(clip, start=str(start * self.frame), end=str((start + length) * self.frame))

    def change(self, clip: str, **values: Any) -> None:
        raise NotImplementedError

    def change_media(self, **values: Any) -> None:
        """Of the clip: `file`, `proxy`."""
        raise NotImplementedError

    def mark(self, start: int, end: int) -> None:
        """In and out of the sequence, in frames from its beginning."""
        raise NotImplementedError

    def deselect(self) -> None:
        for clip in (self.clip, self.linked):
            self.change(clip, selected=False)

    def remove(self, clip: str) -> None:
        raise NotImplementedError

    def tune(self, component: str, name: str, **values: Any) -> None:
        """Position, scale, … of the clip."""
        raise NotImplementedError

    def point(self, value: list[float]) -> Any:
        """A position as the fake keeps it."""
        return value

    def effect(self, match: str, name: str) -> None:
        raise NotImplementedError

    def mute(self, kind: str, index: int) -> None:
        raise NotImplementedError

    def lock(self, kind: str, index: int) -> None:
        raise NotImplementedError

    def add_track(self, kind: str, name: str) -> None:
        self.fake("addTrack", sequence=self.sequence, kind=kind, name=name)


class CepScene(Scene):
    script = "premiere_process.js"
    panel = "cep"

    def laid(self) -> str:
        given = {"file": self.file(f"clip {self.rate}.mov"), "start": 100, "length": 24, "offset": 7}
        made = self.fake("clip", sequence=self.sequence, **given, sound=0, selected=True)
        [self.linked] = made["linked"]
        return made["id"]

    def new_sequence(self, zero: int = 0) -> str:
        display = 102 if self.rate in ("29.97", "59.94") else 101
        return self.fake("sequence", timebase=str(self.frame), zeroPoint=str(zero), displayFormat=display)

    def add(self, **given: Any) -> str:
        return self.fake("clip", sequence=self.sequence, **given)["id"]

    def picture(self, *without: str) -> Any:
        return self.fake("picture", sequence=self.sequence, without=list(without))

    def clips_on(self, kind: str) -> list[tuple[int, dict[str, Any]]]:
        return [(track["number"], item) for track in self.picture()[kind] for item in track["items"]]

    def change(self, clip: str, **values: Any) -> None:
        self.fake("change", item=clip, **values)

    def change_media(self, **values: Any) -> None:
        self.fake("change", item=self.clip, **values)

    def mark(self, start: int, end: int) -> None:
        seconds = [float(Fraction(self.zero + frame * self.frame, TICKS)) for frame in (start, end)]
        self.fake("sequenceState", sequence=self.sequence, inPoint=seconds[0], outPoint=seconds[1])

    def remove(self, clip: str) -> None:
        self.fake("remove", item=clip)

    def tune(self, component: str, name: str, **values: Any) -> None:
        self.fake("property", item=self.clip, component=component, name=name, **values)

    def effect(self, match: str, name: str) -> None:
        self.fake("effect", item=self.clip, matchName=match, displayName=name)

    def mute(self, kind: str, index: int) -> None:
        self.fake("track", sequence=self.sequence, kind=kind, index=index, muted=True)

    def lock(self, kind: str, index: int) -> None:
        self.fake("track", sequence=self.sequence, kind=kind, index=index, locked=True)


class UxpScene(Scene):
    script = "uxp_process.js"
    panel = "uxp"
    sound = "audio"

    def laid(self) -> str:
        given = {"file": self.file(f"clip {self.rate}.mov"), "start": 100, "length": 24, "offset": 7, "selected": True}
        made = self.add(**given)
        self.linked = self.add(**given, kind="audio")
        return made

    def new_sequence(self, zero: int = 0) -> str:
        display = 102 if self.rate in ("29.97", "59.94") else 101
        return self.fake("sequence", timebase=str(self.frame), zeroPoint=str(zero), display=display)

    def add(self, **given: Any) -> str:
        return self.fake("clip", sequence=self.sequence, **given)

    def state(self) -> dict[str, Any]:
        return self.fake("state", sequence=self.sequence)

    def media(self) -> dict[str, str]:
        return {item["id"]: item["file"] for item in self.fake("media")}

    def picture(self, *without: str) -> Any:
        state, media = self.state(), self.media()
        for kind in ("video", "audio"):
            kept = [[clip for clip in track if media.get(clip["media"]) not in without] for track in state[kind]]
            state[kind] = [(name, track) for name, track in zip(state["names"][kind], kept, strict=True) if track]
        return {**state, "names": None}

    def clips_on(self, kind: str) -> list[tuple[int, dict[str, Any]]]:
        media = self.media()
        return [
            (number, {**clip, "media": media.get(clip["media"])}) for number, track in enumerate(self.state()[kind], 1) for clip in track
        ]

    def change(self, clip: str, **values: Any) -> None:
        self.fake("change", sequence=self.sequence, clip=clip, **values)

    def change_media(self, **values: Any) -> None:
        self.fake("changeMedia", sequence=self.sequence, clip=self.clip, **values)

    def mark(self, start: int, end: int) -> None:
        first, last = (str(self.zero + frame * self.frame) for frame in (start, end))
        self.fake("sequenceState", sequence=self.sequence, inPoint=first, outPoint=last)

    def remove(self, clip: str) -> None:
        self.fake("removeClip", sequence=self.sequence, clip=clip)

    def point(self, value: list[float]) -> Any:
        return dict(zip("xy", value, strict=True))

    def tune(self, component: str, name: str, **values: Any) -> None:
        if isinstance(values.get("value"), list):
            values["value"] = self.point(values["value"])
        self.fake("param", sequence=self.sequence, clip=self.clip, component=component, name=name, **values)

    def effect(self, match: str, name: str) -> None:
        self.fake("effect", sequence=self.sequence, clip=self.clip, match=match, name=name)

    def mute(self, kind: str, index: int) -> None:
        self.fake("mute", sequence=self.sequence, track=f"{kind}{index}")

    def lock(self, kind: str, index: int) -> None:
        self.fake("lock", sequence=self.sequence, track=f"{kind}{index}")


SCENES: dict[str, type[Scene]] = {"cep": CepScene, "uxp": UxpScene}
