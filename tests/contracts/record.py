"""Records what users hold today: `python -m tests.contracts.record FOLDER [PART …]`.

The material in `material/` was made by this script on the last state before modules were moved and renamed, and stays as it is: what it
shows is the past. What came since and is held by users of panels was added: the panels' schema (`host.schema.json`) and `HeyGem Files.lua`
among the installed files. Run it into another folder to see what today's product would write, and compare. Parts that move with the
product's modules are reached through `doors`; `database`, `motion_models`, `takes` and `timelines` use names that may have
changed since and tell how their files were made.

Wherever a file would name a folder of the machine it says `@FOLDER@` instead; `placed` puts a real one there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote

from . import doors, footage

MATERIAL = Path(__file__).parent / "material"
FOLDER = "@FOLDER@"


def written(path: Path, document: Any) -> None:
    """As indented JSON, so that a difference can be read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")


def recorded(name: str) -> Any:
    """A JSON file of the material."""
    return json.loads((MATERIAL / name).read_text(encoding="utf-8"))


def placed(text: str, folder: Path) -> str:
    """Material with a real folder in it; as text of JSON, TOML or a URL, with "/" on every system."""
    return text.replace(FOLDER, folder.as_posix())


def lifted(text: str, folder: Path) -> str:
    """The other way round, however the folder is written."""
    for form in (str(folder), folder.as_posix()):
        for each in (json.dumps(json.dumps(form)[1:-1])[1:-1], json.dumps(form)[1:-1], form, quote(form)):
            text = text.replace(each, FOLDER)
    return text


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name).resolve()


# --- the API and what panels hold -----------------------------------------------------------------------------------


def api(folder: Path) -> None:
    """The API document, the panels' schema, every error's name, status and exit code."""
    document = doors.api_document()
    document["info"].pop("version")
    written(folder / "openapi.json", document)
    written(folder / "host.schema.json", doors.panel_schema())
    written(folder / "errors.json", doors.errors())


# --- the command line -----------------------------------------------------------------------------------------------


def command_line(folder: Path) -> None:
    written(folder / "command_line.json", described(doors.command_line()))


def described(parser: argparse.ArgumentParser) -> dict[str, Any]:
    """Every command by its words ("train motion"), with its options and arguments."""
    found: dict[str, Any] = {}
    for words, each in commands_of(parser):
        options: dict[str, Any] = {}
        arguments: list[dict[str, Any]] = []
        for action in each._actions:
            if isinstance(action, argparse._HelpAction | argparse._SubParsersAction):
                continue
            about = _about(action)
            if action.option_strings:
                options[max(action.option_strings, key=len)] = {"flags": sorted(action.option_strings), **about}
            else:
                arguments.append(about)
        found[" ".join(words)] = {"arguments": arguments, "options": options}
    return found


def commands_of(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    """Each command that does something, with its parser."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield words, parser
    for action in below:
        for name, each in action.choices.items():
            yield from commands_of(each, (*words, name))


def _about(action: argparse.Action) -> dict[str, Any]:
    default = action.default if isinstance(action.default, str | int | float | bool | list | None) else str(action.default)
    kind = {"_StoreAction": "value", "_StoreTrueAction": "switch", "_AppendAction": "values", "_ExtendAction": "values"}
    about: dict[str, Any] = {"takes": kind.get(type(action).__name__, type(action).__name__), "nargs": action.nargs, "default": default}
    if action.choices is not None:
        about["choices"] = sorted(map(str, action.choices))
    if action.required:
        about["required"] = True
    if about["takes"] in ("value", "values"):
        about["sample"] = _sample(action)
    return about


def _sample(action: argparse.Action) -> str:
    """A value that the option takes."""
    if action.choices is not None:
        return sorted(map(str, action.choices))[0]
    for text in ("1", "0.5", "25", "00:00:01:00", "1-2", "a=b", "word"):
        try:
            action.type(text) if callable(action.type) else text
        except (ValueError, TypeError, argparse.ArgumentTypeError):
            continue
        return text
    raise ValueError(f"no sample for {action.dest}")


# --- settings -------------------------------------------------------------------------------------------------------

SETTINGS: dict[str, tuple[Any, str, list[str]]] = {  # name → value in server.toml, text in HEYGEM_<NAME>, words of the flag
    "data_folder": ("@FOLDER@/a data", "@FOLDER@/b data", ["--data", "@FOLDER@/c data"]),
    "takes_folder": ("@FOLDER@/a takes", "@FOLDER@/b takes", ["--takes", "@FOLDER@/c takes"]),
    "cache": ("@FOLDER@/a cache", "@FOLDER@/b cache", ["--cache", "@FOLDER@/c cache"]),
    "roots": (["@FOLDER@/a", "@FOLDER@/b"], "@FOLDER@/c", ["--root", "@FOLDER@/d", "@FOLDER@/e", "--root", "@FOLDER@/f"]),
    "host": ("0.0.0.0", "::", ["--host", "localhost"]),
    "port": (8438, "0", ["--port", "8439"]),
    "workers": (3, "5", ["--workers", "7"]),
    "threads_per_worker": (2, "3", ["--threads-per-worker", "4"]),
    "memory_limit_bytes": ("3G", "4GiB", ["--memory-limit-bytes", "512m"]),
    "stall_limit_s": (60.5, "61", ["--stall-limit-s", "62.5"]),
    "look_limit_s": (30, "31.5", ["--look-limit-s", "32"]),
    "measure_takes": (False, "false", ["--no-measure-takes"]),
    "make_previews": (False, "false", ["--no-make-previews"]),
    "segment_frames": (120, "96", ["--segment-frames", "48"]),
    "disk_floor_bytes": (0, "1.5G", ["--disk-floor-bytes", "100k"]),
    "largest_upload_bytes": ("1T", "2 GB", ["--largest-upload-bytes", "1000"]),
    "keep_days": (7, "none", ["--keep-days", "0.5"]),
    "keep_bytes": ("100G", "50G", ["--keep-bytes", "1T"]),
    "trash_days": (3, "none", ["--trash-days", "0.5"]),
    "lan": (True, "true", ["--lan"]),
    "allowed_hosts": (["studio.local", "studio"], "edit.local", ["--allowed-hosts", "one", "two"]),
    "sign_certificate": ("@FOLDER@/a.pem", "@FOLDER@/b.pem", ["--sign-certificate", "@FOLDER@/c.pem"]),
    "sign_key": ("@FOLDER@/a.key", "@FOLDER@/b.key", ["--sign-key", "@FOLDER@/c.key"]),
    "path_maps": ([{"theirs": "Z:\\media", "ours": "/mnt/media"}], "/there=/mnt/y", ["--path-maps", "X:\\a=/mnt/x", "W:\\=/mnt/w"]),
}
"""Every setting there is, in the three places where it may be said."""


def settings(folder: Path) -> None:
    """A server.toml with every setting, the same as variables and as flags, and what the server makes of each."""
    lines = (f"{name} = {_toml(value)}" for name, (value, _, _) in SETTINGS.items())
    (folder / "server.toml").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    variables = {f"HEYGEM_{name.upper()}": text for name, (_, text, _) in SETTINGS.items()}
    arguments = [word for _, _, words in SETTINGS.values() for word in words]
    with _scratch() as here:
        file = here / "server.toml"
        file.write_text(placed((folder / "server.toml").read_text(encoding="utf-8"), here), encoding="utf-8")
        said = {
            "file": doors.settings(file=file),
            "variables": doors.settings(variables=json.loads(placed(json.dumps(variables), here))),
            "arguments": doors.settings(arguments=json.loads(placed(json.dumps(arguments), here))),
        }
        written(
            folder / "settings.json", {"variables": variables, "arguments": arguments, "found": json.loads(lifted(json.dumps(said), here))}
        )


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + " }"
    return "[" + ", ".join(map(_toml, value)) + "]" if isinstance(value, list) else json.dumps(value)


# --- the server's folder: database, tokens, consent, exports ----------------------------------------------------------


def data_folder(folder: Path) -> None:
    """What lies in the data folder of a server that was killed at work.

    The database as SQL text, so that its paths can be moved; beside it what the store said of it. Tokens end in 2100; the export
    and the upload are files of a few bytes.
    """
    target = folder / "data"
    target.mkdir(parents=True, exist_ok=True)
    with _scratch() as here:
        expected = _database(here / "heygem.sqlite3")
        with closing(sqlite3.connect(here / "heygem.sqlite3")) as connection:
            dump = "\n".join(connection.iterdump()) + "\n"
    (target / "heygem.sql").write_text(dump, encoding="utf-8", newline="\n")
    written(target / "expected.json", expected)
    ends = 4_102_444_800.0
    grants = [
        doors.access_grant(
            id="00112233445566aa", token="00112233445566aa.a-page-of-before", scope="page", csrf="a-word-of-before", ends=ends
        ),
        doors.access_grant(
            id="00112233445566bb",
            token="00112233445566bb.an-editor-of-before",
            scope="host",
            host="premiere-1",
            project="project-1",
            ends=ends,
        ),
    ]
    written(target / "access.json", doors.plain(grants))
    written(target / "roots.json", [f"{FOLDER}/allowed"])
    wire = doors.wire()
    media = b"sound of before"
    upload = wire.UploadView(
        id="0" * 31 + "1", name="my speech.wav", size_bytes=len(media), sha256=hashlib.sha256(media).hexdigest(), created=1e6
    )
    home = target / "uploads" / upload.id
    written(home / "upload.json", doors.plain(upload))
    (home / "my speech.wav").write_bytes(media)
    item = wire.ExportedItem(item="clip-1", path="nest.mov", handles=12)
    export = doors.kept_export(host="premiere-1", project="project-1", kind="picture", handles=12, files={"clip-1": item})
    written(target / "exports" / "x0123456789abcdef" / "kept.json", doors.plain(export))
    (target / "exports" / "x0123456789abcdef" / "nest.mov").write_bytes(b"a picture of before")
    written(
        target / "server.json",
        doors.plain(wire.ServerFile(url="http://127.0.0.1:8437", port=8437, pid=4711, token="0011223344556677.secret", version="0.1.0")),
    )


class _Clock:
    """Seconds that pass with each look."""

    def __init__(self) -> None:
        self.now = 1_750_000_000.0

    def __call__(self) -> float:
        self.now += 0.5
        return self.now


def _database(path: Path) -> dict[str, Any]:
    """Jobs in every state, shots with everything they can say, takes of several versions; what the store says of them."""
    wire, shots = doors.wire(), doors.shot_words()
    with doors.store(path, _Clock()) as store:

        def submit(
            name: str, count: int = 1, *, by: str | None = None, key: str | None = None, more: Any = None, **fields: Any
        ) -> list[str]:
            """The ids of the new job and of its shots."""
            more = more or {}
            shot = {name: more[name] for name in more if name in shots.Shot.__struct_fields__}
            asked, meant = [], []
            for number in range(count):
                video, speech = f"{FOLDER}/media/{name} {number}.mov", f"{FOLDER}/media/speech {number}.wav"
                asked.append(wire.ShotRequest(video=wire.MediaRef(path=video), speech=wire.MediaRef(path=speech), **more))
                meant.append(shots.Shot(video=video, speech=speech, **shot))
            made = store.submit(
                wire.JobRequest(shots=tuple(asked), name=name, **fields), meant, folder=f"{FOLDER}/takes", idempotency_key=key, by=by
            )
            return [made.job.id, *(each.id for each in made.shots)]

        everything = shots.RenderSettings(
            tracker="face-alignment", device="cuda", fit="loop", offset_ms=-12.5, intensity=1.25, motion=f"{FOLDER}/own.safetensors",
            speech_encoder="encoder", adaptation=False, style_from=f"{FOLDER}/media/style.mov", format="prores4444", kind="patch",
            deinterlace=True, sound="both", label_synthetic=False, sign_with=(f"{FOLDER}/a.pem", f"{FOLDER}/a.key"),
        )  # fmt: skip
        placement = wire.Placement(
            project="project-1", sequence="sequence-1", clip="clip-1", track=2, record_start=100, record_duration=50,
            rate=Fraction(30000, 1001), handles=12, laying=wire.Laying(mode="take", mute="clip", disable_original=True), baked=True,
            brings_speech=True,
        )  # fmt: skip
        origin = wire.Origin(kind="host", host="premiere-1", project="project-1")
        full = {
            "start": 10, "end_exclusive": 110, "speech_start": Fraction(1, 3), "speech_end": Fraction(7, 2), "speed": Fraction(-1, 2),
            "keep": ((20, 30), (40, 50)), "face": 2, "name": "a shot with a name", "placement": placement, "settings": everything,
        }  # fmt: skip

        _, first, second = submit(
            "done", 2, origin=origin, priority=60, timeline="t0123456789abcdef", settings=everything, by="00112233445566bb"
        )
        _finish(store, first, version=1)
        _finish(store, second, version=1)
        store.retry_shot(first, shots.RenderSettings(intensity=0.5))
        take = _finish(store, first, version=2)
        store.placed(take, wire.Placed(host="premiere-1", placement=placement, at=1_750_000_100.0))
        store.measured(take, (wire.WeakRange(start=2, end_exclusive=5, reason="The lips are blurred."),))

        submit("failed", priority=55)
        claim = store.claim("a server")
        store.fail(claim.token, "failed", "The file cannot be read: export it again.", again=False)

        canceled, *_ = submit("canceled", 2)
        store.cancel(canceled)

        deleted, *_ = submit("deleted")
        store.cancel(deleted)
        store.delete(deleted)

        paused, waiting, *_ = submit("paused", 2, priority=52)
        claim = store.claim("a server")
        store.finish_plan(claim.token, _planned(waiting, 3))
        store.finish_segment(store.claim("a server").token)
        store.pause(paused)

        _, working, *_ = submit("active", 2, priority=51)
        claim = store.claim("a server")
        store.finish_plan(claim.token, _planned(working, 2), stamp="sizes and times", present=(f"{working}-0",))
        assert store.claim("a server").kind == "segment"  # was at work when the server was killed
        crashed = store.claim("a server")
        store.fail(crashed.token, "crashed", "The worker ended.")

        submit("queued", key="a key of before", more=full, origin=wire.Origin(kind="page"))
        submit("queued later", priority=10, origin=wire.Origin(kind="cli"))
        store.announce("The disk is full: free some space.")
        return store_says(store)


def store_says(store: Any) -> dict[str, Any]:
    """Everything that can be asked of a store."""
    jobs = store.jobs(limit=100).jobs
    return doors.plain(
        {
            "jobs": [store.job(each.id) for each in reversed(jobs)],
            "takes": store.every_take(),
            "events": store.events_since(0, 10_000),
            "snapshot": store.snapshot(),
            "queue": store.queue_length(),
        }
    )


def _planned(shot: str, segments: int) -> Any:
    tasks = doors.task_words()
    return tasks.Planned(
        key=f"plan of {shot}",
        frames=10 * segments,
        rate=Fraction(25),
        segments=tuple(tasks.PlannedSegment(start=10 * k, end_exclusive=10 * k + 10, key=f"{shot}-{k}") for k in range(segments)),
        reused_tracks=True,
        reused_motion=False,
        reused_plan=False,
        notices=("The speech is longer than the take: its end is cut off.",),
    )


def _finish(store: Any, shot: str, version: int) -> str:
    """Everything that is left of a shot; the id of its take."""
    wire, shots = doors.wire(), doors.shot_words()
    claim = store.claim("a server")
    assert claim.shot == shot, "another shot was first"
    store.finish_plan(claim.token, _planned(shot, 2))
    while (claim := store.claim("a server")).kind == "segment":
        store.finish_segment(claim.token, reused=claim.segment == 0)
    name = f"{claim.name}_v{version}.mov"
    take = wire.TakeView(
        id=f"t{shot[1:]}{version}", job=claim.job, shot=shot, version=version, name=name, path=f"{FOLDER}/takes/{name}", size_bytes=5,
        sha256=hashlib.sha256(b"video").hexdigest(), frames=20, rate=Fraction(25), width=96, height=64, start_timecode="01:00:00:00",
        format="prores", created=1_750_000_050.0, settings=claim.settings or shots.RenderSettings(), notices=("A notice.",),
    )  # fmt: skip
    store.intend(claim.token, doors.store_words().Intent(staged=f"{FOLDER}/takes/.{name}.part", take=take))
    store.finish_join(claim.token, take)
    return take.id


# --- motion models ----------------------------------------------------------------------------------------------------


def motion_models(folder: Path) -> None:
    """A model that listens through an encoder of its own folder, and one that carries our small listener; what they predict."""
    import numpy as np

    target = folder / "motion"
    target.mkdir(parents=True, exist_ok=True)
    doors.small_motion_models(target)
    expected = {}
    for name, encoder in (("encoder", str(target / "encoder")), ("mel", None)):
        found = doors.motion(str(target / f"{name}.safetensors"), footage.speech(), encoder)
        for part, values in found.items():
            values = np.asarray(values)
            expected[f"{name} {part}"] = values.astype(np.float16) if values.dtype == np.float32 else values
    np.savez_compressed(target / "expected.npz", **expected)


# --- tasks, takes and their reports -------------------------------------------------------------------------------------


def every_spec() -> list[dict[str, Any]]:
    """A spec of every task kind with every field, none at its default."""
    shots, tasks = doors.shot_words(), doors.task_words()
    shot = shots.Shot(
        video=f"{FOLDER}/clip.mov", speech=f"{FOLDER}/speech.wav", start=3, end_exclusive=9, speech_start=Fraction(1, 3),
        speech_end=Fraction(5, 2), speed=Fraction(-3, 2), keep=((4, 5), (6, 7)), face=2,
    )  # fmt: skip
    settings = shots.RenderSettings(
        tracker="face-landmarker", device="mps", fit="hold", offset_ms=40.0, intensity=0.75, motion="mel", speech_encoder="offline",
        adaptation=False, style_from=f"{FOLDER}/style.mov", format="dnxhr-hq", kind="patch", deinterlace=True, sound="source",
        label_synthetic=False, sign_with=(f"{FOLDER}/chain.pem", f"{FOLDER}/key.pem"),
    )  # fmt: skip
    both: dict[str, Any] = {"shot": shot, "settings": settings, "cache": f"{FOLDER}/cache"}
    path = f"{FOLDER}/clip.mov"
    return doors.plain(
        [
            shots.RenderTask(**both, output=f"{FOLDER}/take.mov", matte=f"{FOLDER}/matte.mov", segment=(2, 5)),
            tasks.PlanTask(**both, segment_frames=48),
            tasks.JoinTask(**both, pieces=(f"{FOLDER}/a.mov", f"{FOLDER}/b.mov"), output=f"{FOLDER}/take.mov"),
            tasks.ProbeTask(path=path),
            tasks.PosterTask(path=path, output=f"{FOLDER}/p.jpg", frame=7, longest_side=100),
            tasks.SheetTask(source=path, take=f"{FOLDER}/take.mov", output=f"{FOLDER}/s.jpg"),
            tasks.FacesTask(path=path, start=2, end_exclusive=8, cache=f"{FOLDER}/cache"),
            tasks.WaveformTask(path=path, points=50),
            tasks.ProxyTask(
                path=path, output=f"{FOLDER}/p.mp4", longest_side=640, start=1, end_exclusive=9, speed=Fraction(2), fit="loop",
                deinterlace=True, frames=8,
            ),
            tasks.MeasureTask(take=f"{FOLDER}/take.mov", source=path, cache=f"{FOLDER}/cache"),
        ]
    )  # fmt: skip


def defaults() -> dict[str, Any]:
    """By task kind: what a spec means that says only what it must."""
    shot = {"video": f"{FOLDER}/clip.mov", "speech": f"{FOLDER}/speech.wav"}
    path, output = f"{FOLDER}/clip.mov", f"{FOLDER}/take.mov"
    least: dict[str, dict[str, Any]] = {
        "render": {"shot": shot, "output": output},
        "plan": {"shot": shot},
        "join": {"shot": shot, "pieces": [f"{FOLDER}/a.mov", f"{FOLDER}/b.mov"], "output": output},
        "probe": {"path": path},
        "poster": {"path": path, "output": f"{FOLDER}/p.jpg"},
        "contact-sheet": {"source": path, "take": output, "output": f"{FOLDER}/s.jpg"},
        "faces": {"path": path},
        "waveform": {"path": path},
        "proxy": {"path": path, "output": f"{FOLDER}/p.mp4"},
        "measure": {"take": output},
    }
    return {name: doors.plain(doors.read_task({"task": name, **spec})) for name, spec in least.items()}


def runs() -> dict[str, dict[str, Any]]:
    """Tasks that a worker does one after another, by name; they need `footage.face_clip` and a cache in the folder."""
    shot = {"video": f"{FOLDER}/face.mp4", "speech": f"{FOLDER}/speech.wav"}
    settings = {"device": "cpu", "fit": "trim", "motion": "mel", "format": "ffv1"}
    both = {"shot": shot, "settings": settings, "cache": f"{FOLDER}/cache"}
    pieces = [f"{FOLDER}/piece{number}.mkv" for number in range(2)]
    return {
        "probe": {"task": "probe", "path": f"{FOLDER}/face.mp4"},
        "faces": {"task": "faces", "path": f"{FOLDER}/face.mp4", "cache": f"{FOLDER}/cache"},
        "poster": {"task": "poster", "path": f"{FOLDER}/face.mp4", "output": f"{FOLDER}/poster.jpg"},
        "waveform": {"task": "waveform", "path": f"{FOLDER}/speech.wav", "points": 10},
        "proxy": {"task": "proxy", "path": f"{FOLDER}/face.mp4", "output": f"{FOLDER}/proxy.mp4"},
        "plan": {"task": "plan", **both, "segment_frames": 8},
        "piece 0": {"task": "render", **both, "output": pieces[0], "segment": [0, 8]},
        "piece 1": {"task": "render", **both, "output": pieces[1], "segment": [8, 16]},
        "join": {"task": "join", **both, "pieces": pieces, "output": f"{FOLDER}/joined.mkv"},
        "measure": {"task": "measure", "take": f"{FOLDER}/joined.mkv", "cache": f"{FOLDER}/cache"},
        "full": {
            "task": "render",
            **both,
            "settings": {**settings, "format": "h264"},
            "output": f"{FOLDER}/full.mp4",
            "matte": f"{FOLDER}/matte.mkv",
        },
        "sheet": {"task": "contact-sheet", "source": f"{FOLDER}/face.mp4", "take": f"{FOLDER}/full.mp4", "output": f"{FOLDER}/sheet.jpg"},
        "no file": {"task": "probe", "path": f"{FOLDER}/nothing.mp4"},
        "no face": {"task": "render", **both, "shot": {**shot, "video": f"{FOLDER}/plain.mp4"}, "output": f"{FOLDER}/nobody.mkv"},
        "no task": {"task": "dance"},
    }


def work(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """What a worker says to each of `runs`, which are given to it in their order; to be called off, a last one is."""
    footage.face_clip(folder / "face.mp4")
    footage.plain_clip(folder / "plain.mp4", 12)
    footage.sound_file(folder / "speech.wav")
    named = runs()
    orders = [{"do": "run", "number": number, "task": task} for number, task in enumerate(named.values())]
    last = {"do": "run", "number": len(orders), "task": {**named["full"], "output": f"{FOLDER}/never.mp4"}}
    lines = [json.loads(placed(json.dumps(each), folder)) for each in [*orders, {"do": "stop", "number": last["number"]}, last]]
    said = doors.conversation(lines, until=last["number"])
    number_of = {name: number for number, name in enumerate([*named, "called off"])}
    numbered = {name: [each for each in said if each.get("number") == number] for name, number in number_of.items()}
    return {"": [each for each in said if "number" not in each], **numbered}


_SHOWN = 6  # number of the first task in `runs` that draws: its first frame is always shown


def shapes(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One message of each kind, without what differs from run to run."""
    found: dict[str, dict[str, Any]] = {}
    for message in messages:
        event = message.get("event") or {}
        if message["say"] == "picture" and message["number"] != _SHOWN:
            continue  # at most two a second
        key = f"{message['say']} {event.get('event', '')} {event.get('stage', '')}"
        found.setdefault(key, without_chance(message))
    return list(found.values())


_CHANCE = {"pid": 0, "number": 0, "jpeg": "", "done": 0, "fps": None, "eta_s": None, "frame": 0, "message": "…", "key": "…", "notices": []}


def without_chance(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _CHANCE[key] if key in _CHANCE else without_chance(each) for key, each in value.items()}
    return [without_chance(each) for each in value] if isinstance(value, list) else value


def tasks(folder: Path) -> None:
    """Specs of every kind; the conversation with a worker that does them; the reports beside its takes."""
    written(folder / "tasks" / "specs.json", every_spec())
    written(folder / "tasks" / "defaults.json", defaults())
    with _scratch() as here:
        said = {name: shapes(messages) for name, messages in work(here).items()}
        written(folder / "tasks" / "conversation.json", json.loads(lifted(json.dumps(said), here)))
        reports = folder / "reports"
        reports.mkdir(parents=True, exist_ok=True)
        for name in ("full.mp4", "joined.mkv", "piece0.mkv"):
            if (here / f"{name}.report.json").exists():
                text = (here / f"{name}.report.json").read_text(encoding="utf-8")
                (reports / f"{name}.report.json").write_text(lifted(text, here), encoding="utf-8", newline="\n")
        document = json.loads((reports / "joined.mkv.report.json").read_text(encoding="utf-8"))
        for optional in ("wanted_gap", "remarks", "quality", "weak"):
            document.pop(optional)
        for optional in ("head", "manner", "answer", "notices"):
            document["plan"].pop(optional)
        (reports / "older.mkv.report.json").write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8", newline="\n")


# --- timelines ----------------------------------------------------------------------------------------------------------

TIMELINES = {  # name of the published file → mode of publishing
    "references.otio": "references", "track.otio": "track", "both.otio": "both", "references.fcpxml": "references", "track.fcpxml": "track",
    "references.xml": "references", "track.xml": "track", "references.edl": "references", "track.edl": "track",
}  # fmt: skip


def media_of_timelines(folder: Path) -> None:
    """The files that the timelines name."""
    (folder / "media").mkdir(exist_ok=True)
    footage.plain_clip(folder / "media" / "a clip.mp4")
    footage.sound_file(folder / "media" / "speech.wav", 12.0)


def timelines(folder: Path) -> None:
    """A cut with an editor's ids and markers; as published by us in every format that is text; what reading each again gives."""
    target = folder / "timelines"
    target.mkdir(parents=True, exist_ok=True)
    cut = json.dumps(_cut(), indent=1)
    (target / "cut.otio").write_text(cut + "\n", encoding="utf-8", newline="\n")
    found = {}
    with _scratch() as here:
        media_of_timelines(here)
        source = here / "cut.otio"
        source.write_text(placed(cut, here), encoding="utf-8")
        conformed = doors.conform(source=str(source), **CHOSEN)
        found["cut.otio"] = conformed
        for name, mode in TIMELINES.items():
            takes = [finished(row, f"take-{number}", here) for number, row in enumerate(conformed["shots"])]
            doors.publish(source=str(source), takes=takes, mode=mode, output=str(here / name))
            text = (here / name).read_text(encoding="utf-8")
            (target / name).write_text(lifted(text, here), encoding="utf-8", newline="\n")
            found[name] = doors.conform(source=str(here / name), **CHOSEN, **rate_of(name))
        written(
            target / "conformed.json",
            {name: sentences_as_marks(json.loads(lifted(json.dumps(each), here))) for name, each in found.items()},
        )


CHOSEN = {"selection": {"speech_tracks": ["1"], "tracks": ["1"], "handles": 5, "project": "project-1", "sequence": "sequence-1"}}


def rate_of(name: str) -> dict[str, str]:
    """An edit list does not say its rate."""
    return {"rate": "25/1"} if name.endswith(".edl") else {}


def finished(row: dict[str, Any], take: str, folder: Path, version: int = 1) -> dict[str, Any]:
    """A rendered take of a conformed clip."""
    frames = Fraction(row["take_seconds"]) * Fraction(row["take_rate"])
    return {
        "shot": row, "path": f"{folder.as_posix()}/takes/{take}.mov", "take": take, "job": "job-1", "version": version,
        "frames": int(frames), "rate": row["take_rate"], "start_timecode": "01:00:00:00", "settings": {"intensity": 1.0, "kind": "full"},
    }  # fmt: skip


_SENTENCES = ("notices", "not_a_reference", "not_above", "needs_host_export", "error", "why")


def sentences_as_marks(value: Any) -> Any:
    """Whether there is a sentence, not how it is put."""
    if isinstance(value, dict):
        return {key: bool(each) if key in _SENTENCES else sentences_as_marks(each) for key, each in value.items()}
    return [sentences_as_marks(each) for each in value] if isinstance(value, list) else value


def _cut() -> dict[str, Any]:
    """Two clips of one file with the host's ids, one with a marker, above a track of speech, in OpenTimelineIO's own form."""

    def time(value: int) -> dict[str, Any]:
        return {"OTIO_SCHEMA": "RationalTime.1", "rate": 25.0, "value": float(value)}

    def times(start: int, duration: int) -> dict[str, Any]:
        return {"OTIO_SCHEMA": "TimeRange.1", "duration": time(duration), "start_time": time(start)}

    def item(schema: str, name: str, **more: Any) -> dict[str, Any]:
        return {
            "OTIO_SCHEMA": schema,
            "metadata": {},
            "name": name,
            "source_range": None,
            "effects": [],
            "markers": [],
            "enabled": True,
            **more,
        }

    def clip(name: str, file: str, length: int, start: int, duration: int, **more: Any) -> dict[str, Any]:
        reference = {
            "OTIO_SCHEMA": "ExternalReference.1",
            "metadata": {},
            "name": "",
            "available_range": times(0, length),
            "target_url": file,
        }
        media = {"media_references": {"DEFAULT_MEDIA": reference}, "active_media_reference_key": "DEFAULT_MEDIA"}
        return item("Clip.2", name, source_range=times(start, duration), **media, **more)

    def track(kind: str, name: str, *children: Any) -> dict[str, Any]:
        return item("Track.1", name, kind=kind, children=list(children))

    marker = {"OTIO_SCHEMA": "Marker.2", "metadata": {}, "name": "no lip-sync", "color": "RED", "marked_range": times(30, 5), "comment": ""}
    video, sound = f"{FOLDER}/media/a clip.mp4", f"{FOLDER}/media/speech.wav"
    first = clip(
        "first", video, 250, 20, 40, metadata={"heygem": {"id": "host-clip-1"}, "Resolve_OTIO": {"Link Group ID": 3}}, markers=[marker]
    )
    second = clip("second", video, 250, 100, 50, metadata={"heygem": {"id": "host-clip-2"}})
    gap = item("Gap.1", "", source_range=times(0, 10))
    tracks = [track("Video", "V1", first, gap, second), track("Audio", "A1", clip("speech", sound, 300, 0, 300))]
    stack = item("Stack.1", "tracks", children=tracks)
    return {"OTIO_SCHEMA": "Timeline.1", "metadata": {}, "name": "A cut", "global_start_time": time(90_000), "tracks": stack}


# --- what `heygem install` puts where -----------------------------------------------------------------------------------

TARGETS: tuple[tuple[str, doors.System], ...] = (
    ("premiere", "windows"), ("premiere", "macos"), ("resolve", "windows"), ("resolve", "macos"), ("resolve", "linux"),
    ("service", "windows"), ("service", "macos"), ("service", "linux"),
)  # fmt: skip


def installed(folder: Path) -> None:
    """Every file by its path within the home, and what those say that other programs read."""
    found = {}
    for target, system in TARGETS:
        with _scratch() as here:
            machine = doors.Machine(here, system)
            assert machine.install(target) == 0
            read = {name: path.read_text(encoding="utf-8") for name, path in machine.files().items() if _is_read_by_others(name)}
            found[f"{target} on {system}"] = json.loads(
                lifted(
                    json.dumps(
                        {
                            "files": sorted(machine.files()),
                            "read": read,
                            "registry": [[*key, value] for key, value in sorted(machine.registry.values.items())],
                            "on": sorted(machine.commands.on),
                        }
                    ),
                    here,
                )
            )
    written(folder / "installed.json", found)


def _is_read_by_others(name: str) -> bool:
    ends = ("config.json", "install.json", "debug-mode.json", ".plist", ".service", "CSXS/manifest.xml", "Utility/HeyGem Bridge.py")
    return name.endswith(ends)


# --- all ----------------------------------------------------------------------------------------------------------------

PARTS = {each.__name__: each for each in (api, command_line, settings, data_folder, tasks, timelines, motion_models, installed)}


def main(words: list[str]) -> int:
    if not words or any(word not in PARTS for word in words[1:]):
        print(f"usage: python -m tests.contracts.record FOLDER [{' '.join(PARTS)}]", file=sys.stderr)
        return 2
    folder = Path(words[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name in words[1:] or PARTS:
        print(name)
        PARTS[name](folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
