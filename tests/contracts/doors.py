"""How the contract tests reach the product: console script, processes, and the few functions that have no other door.

All imports of the product by these tests stand here, inside the function that needs them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

CORE = (sys.executable, "-m", "heygem_core")
WORKER = (sys.executable, "-m", "heygem_core.tasks.worker")
HEYGEM = (sys.executable, "-m", "heygem_server.cli")
TIMELINES = (sys.executable, "-m", "heygem_server.timeline", "-")

System = Literal["windows", "macos", "linux"]


# --- text and structs -----------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """A struct as it travels: dicts, lists, text and numbers."""
    from heygem_core.shot import to_json

    return json.loads(to_json(value))


def read_as(document: Any, kind: Any) -> Any:
    """Plain JSON as the struct that the product reads from it. Raises: SpecError."""
    from heygem_core.shot import from_json

    return from_json(json.dumps(document).encode(), kind)


def read_task(spec: dict[str, Any]) -> Any:
    """A task's spec as `python -m heygem_core` reads it. Raises: SpecError."""
    from heygem_core.tasks.specs import Task

    return read_as(spec, Task)


# --- processes ------------------------------------------------------------------------------------------------------


def environment(**more: str) -> dict[str, str]:
    """Of a child process: this one's, without settings of the product, with `more`."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HEYGEM_")} | {"OMP_NUM_THREADS": "1"} | more


def run(command: Sequence[str], *, text: str | None = None, timeout_s: float = 120, **variables: str) -> subprocess.CompletedProcess[str]:
    """A child process that has ended; `variables` go into its environment."""
    options: dict[str, Any] = {"capture_output": True, "text": True, "encoding": "utf-8", "timeout": timeout_s, "check": False}
    return subprocess.run([*command], input=text, env=environment(**variables), **options)


def lines_of(output: str) -> list[dict[str, Any]]:
    """JSON lines."""
    return [json.loads(line) for line in output.splitlines() if line.strip()]


def conversation(orders: Sequence[dict[str, Any]], *, until: int, timeout_s: float = 240) -> list[dict[str, Any]]:
    """What a worker says to these orders, up to the end of that task; then its standard input ends, and so does the worker."""
    child = subprocess.Popen(WORKER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment())
    watch = threading.Timer(timeout_s, child.kill)
    watch.start()
    said: list[dict[str, Any]] = []
    try:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(b"".join(json.dumps(order).encode() + b"\n" for order in orders))
        child.stdin.flush()
        for line in child.stdout:
            said.append(json.loads(line))
            if said[-1].get("say") == "ended" and said[-1]["number"] == until:
                break
        child.stdin.close()
        child.wait(30)
    finally:
        watch.cancel()
        child.kill()
        child.wait()
        child.stdout.close()
    return said


# --- the command line -----------------------------------------------------------------------------------------------


class _Caught(BaseException):
    """Ends the command before it does anything."""


def command_line() -> argparse.ArgumentParser:
    """The parser of `heygem`, caught on its way: the console script builds it and asks it to parse."""
    (script,) = [each for each in entry_points(group="console_scripts") if each.name == "heygem"]
    main = script.load()
    caught: list[argparse.ArgumentParser] = []

    def parse(parser: argparse.ArgumentParser, *_: Any, **__: Any) -> None:
        caught.append(parser)
        raise _Caught

    before = argparse.ArgumentParser.parse_args
    argparse.ArgumentParser.parse_args = parse  # type: ignore[assignment,method-assign]
    try:
        with contextlib.suppress(_Caught):
            main([])
    finally:
        argparse.ArgumentParser.parse_args = before  # type: ignore[method-assign]
    return caught[0]


# --- errors ---------------------------------------------------------------------------------------------------------


def errors() -> dict[str, dict[str, Any]]:
    """Every error by its name on the wire: exit code (core), HTTP status, and the errors it is a kind of."""
    from heygem_core.errors import HeygemError
    from heygem_server import errors as server
    from heygem_server.hosts import connected as hosts
    from heygem_server.http import openapi
    from heygem_server.timeline import errors as timeline

    assert all((hosts, openapi, timeline))  # errors are also declared there
    found: dict[str, dict[str, Any]] = {}
    for base in (HeygemError, server.ServerError):
        for kind in (base, *_kinds_of(base)):
            if not kind.__module__.startswith("heygem_"):
                continue  # a test's own
            entry: dict[str, Any] = {"kinds": [each.__name__ for each in kind.__mro__[1:] if issubclass(each, base)]}
            if base is HeygemError:
                entry["exit_code"] = kind.exit_code  # type: ignore[attr-defined]
                entry["http_status"] = server.problem_of(kind("x"))[0]
            else:
                entry["http_status"] = kind.http_status  # type: ignore[attr-defined]
            if not kind.__name__.startswith("_"):
                found[kind.__name__] = entry
    return found


def _kinds_of(base: type) -> Iterator[type]:
    for kind in base.__subclasses__():
        yield kind
        yield from _kinds_of(kind)


# --- settings -------------------------------------------------------------------------------------------------------


def settings(
    *, file: Path | None = None, variables: Mapping[str, str] | None = None, arguments: Sequence[str] | None = None
) -> dict[str, Any]:
    """The server's settings by name, as text and numbers; `arguments` are those of `heygem serve`."""
    from heygem_server.settings import add_flags, flags_of, read_settings

    flags = None
    if arguments is not None:
        parser = argparse.ArgumentParser()
        add_flags(parser)
        flags = flags_of(parser.parse_args([*arguments]))
    found = read_settings(flags, file=file, environment=dict(variables or {}))
    return {name: _shown(getattr(found, name)) for name in found.__struct_fields__}


def _shown(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_shown(each) for each in value]
    if isinstance(value, Path):
        return value.as_posix()
    return value if isinstance(value, str | int | float | bool | None) else plain(value)


def settings_file() -> Path:
    from heygem_server.settings import settings_file

    return settings_file()


def cache_folder() -> Path:
    from heygem_core.storage.cache import default_root

    return default_root()


def cache_limit_bytes() -> int:
    from heygem_core.storage.cache import default_limit

    return default_limit()


def face_landmarker_is_missing_at() -> str:
    """The sentence of the tracker that looks for its model file."""
    from heygem_core.errors import MissingWeights
    from heygem_core.face.face_landmarker import FaceLandmarker

    try:
        FaceLandmarker()
    except MissingWeights as error:
        return str(error)
    raise AssertionError("a tracker was made of nothing")


def environment_of_workers(threads: int) -> dict[str, str]:
    """What a worker's process is told about threads."""
    from heygem_server.executors.base import Limits
    from heygem_server.executors.local import LocalExecutor

    return dict(LocalExecutor(1, threads=threads, limits=Limits(memory_bytes=1 << 30, stall_s=10.0))._environment)


# --- the store ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def store(path: Path, clock: Callable[[], float] | None = None) -> Iterator[Any]:
    """As the server opens it at its start: with the missing steps of the schema applied."""
    from heygem_server.store import Store

    opened = Store(path, clock=clock) if clock else Store(path)
    try:
        yield opened
    finally:
        opened.close()


def wire() -> Any:
    """The structs that travel (only for `record`)."""
    from heygem_server import wire

    return wire


def shot_words() -> Any:
    """The vocabulary of the core (only for `record`)."""
    from heygem_core import shot

    return shot


def task_words() -> Any:
    """The specs of tasks (only for `record`)."""
    from heygem_core.tasks import specs

    return specs


def store_words() -> Any:
    """What the store's methods take (only for `record`)."""
    from heygem_server.store import work

    return work


def access_grant(**fields: Any) -> Any:
    """A token as it lies in access.json (only for `record`)."""
    from heygem_server.security.tokens import Grant

    return Grant(**fields)


def kept_export(**fields: Any) -> Any:
    """kept.json of an editor's export (only for `record`)."""
    from heygem_server.hosts.export_store import KeptExport

    return KeptExport(**fields)


def export_of(data_folder: Path, export: str) -> Any:
    """An editor's export as the server finds it."""
    from heygem_server.hosts.export_store import read_export

    return read_export(data_folder, export)


# --- the API --------------------------------------------------------------------------------------------------------


def api_document() -> dict[str, Any]:
    """What the server gives at /api/v1/openapi.json."""
    from heygem_server.http.openapi import document
    from heygem_server.http.route_table import ROUTES

    return json.loads(document(ROUTES))


def panel_schema() -> dict[str, Any]:
    """The schema that lies in each panel."""
    from heygem_plugins.protocol.generate import SCHEMA_FILE

    return json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


def server_file(place: Path) -> Any:
    """server.json as panels of this machine and the command line read it; None = unreadable."""
    from heygem_server.single_instance import read_server_file

    return read_server_file(place)


def plugin_sources() -> Path:
    from heygem_plugins.installing import sources

    return Path(sources.PLUGINS)


# --- reports and timelines ------------------------------------------------------------------------------------------


def report(take: Path) -> dict[str, Any]:
    """The report beside a take, as today's code reads it and would write it again."""
    from heygem_core.rendering.report import read_report

    found = read_report(take)
    assert found is not None, f"no report beside {take}"
    return plain(found)


def conform(**fields: Any) -> dict[str, Any]:
    """A timeline's shots."""
    return _timeline({"ask": "conform", **fields})


def publish(**fields: Any) -> dict[str, Any]:
    """Takes put into a timeline, and what that timeline is called."""
    return _timeline({"ask": "publish", **fields})


def _timeline(spec: dict[str, Any]) -> dict[str, Any]:
    """What the child process of timelines does, without the process."""
    from heygem_server.timeline.__main__ import run
    from heygem_server.timeline.child_specs import Spec

    return plain(run(read_as(spec, Spec)))


def timeline_child(spec: dict[str, Any]) -> dict[str, Any]:
    """The same by the process that the server starts."""
    done = run(TIMELINES, text=json.dumps(spec))
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


# --- motion models --------------------------------------------------------------------------------------------------


def motion(model: str, samples: Any, encoder: str | None = None) -> dict[str, Any]:
    """What a motion model makes of speech: arrays by name."""
    from heygem_core.motion.predict import predict

    found = predict(samples, model, encoder)
    return {"coefficients": found.coefficients, "basis": found.basis, "speaking": found.speaking, "vertices": found.vertices}


def small_motion_models(folder: Path) -> None:
    """Trains the recorded models by today's training code (only for `record`): see `record.motion_models`."""
    from dataclasses import replace

    import numpy as np
    import torch
    from msgspec import structs
    from transformers import HubertConfig, HubertModel

    from heygem_core.face.mesh import LOWER_FACE
    from heygem_core.motion.motion_model import load_motion_model, save_motion_model
    from heygem_core.motion.training.distillation import distill
    from heygem_core.motion.training.encoder_data import DistillationRecipe
    from heygem_core.motion.training.examples import Example
    from heygem_core.motion.training.train_model import Recipe, train_motion
    from heygem_core.speech.encoder import open_encoder

    def tone(seed: int) -> Any:
        rng = np.random.default_rng(seed)
        loud = np.convolve(rng.random(200), np.ones(25) / 25, "same").astype(np.float32)
        carrier = np.sin(2 * np.pi * 200 * np.arange(32_000) / 16_000)
        deltas = loud[:, None, None] * load_motion_model().opening[None] * 0.2 + rng.normal(0, 1e-3, (200, len(LOWER_FACE), 3))
        return Example(
            name=str(seed),
            samples=(np.repeat(loud, 160) * carrier).astype(np.float32),
            deltas=deltas.astype(np.float32),
            neutral=np.zeros((len(LOWER_FACE), 3), np.float32),
            active=loud > 0.3,
        )

    torch.manual_seed(0)
    torch.set_num_threads(1)
    examples = [tone(seed) for seed in range(8)]
    small = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16, "conv_dim": (8,) * 7}
    small |= {"num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2}
    HubertModel(HubertConfig(**small)).save_pretrained(folder / "encoder")
    recipe = Recipe(epochs=6, copies=2, unspoken_minutes=0.2, components=3, width=16, batch=2, held_out=4)
    encoder = open_encoder(str(folder / "encoder"))
    *_, model = train_motion(examples, encoder, recipe)
    named = replace(model, encoder=replace(model.encoder, name="encoder"), facts=model.facts | {"licence": "a test"})
    save_motion_model(named, folder / "encoder.safetensors")  # the name of its encoder is no path of the machine that trained it
    *_, teacher = train_motion(examples, encoder, structs.replace(recipe, members=2, epochs=3))
    sounds = [np.concatenate([one.samples, other.samples, one.samples]) for one, other in pairwise(examples)]
    lessons = DistillationRecipe(epochs=2, settle=1, batch=2, width=16, held_out=4)
    *_, listener = distill(teacher, sounds, lessons)
    save_motion_model(replace(listener, facts=listener.facts | {"licence": "a test"}), folder / "mel.safetensors")


# --- installing -----------------------------------------------------------------------------------------------------


class Registry:
    """Windows' registry in a dict."""

    def __init__(self, values: dict[tuple[str, str], str] | None = None) -> None:
        self.values = dict(values or {})

    def read(self, key: str, name: str) -> str | None:
        return self.values.get((key, name))

    def write(self, key: str, name: str, value: str) -> None:
        self.values[key, name] = value

    def delete(self, key: str, name: str) -> None:
        self.values.pop((key, name), None)


class Commands:
    """`defaults`, `systemctl --user` and `launchctl`: what is switched on, and what was asked."""

    def __init__(self, on: Sequence[str] = ()) -> None:
        self.on = set(on)
        self.calls: list[list[str]] = []

    def __call__(self, command: Sequence[str]) -> tuple[int, str]:
        words = list(command)
        self.calls.append(words)
        match words:
            case ["defaults", "read", domain, name]:
                return (0, "1") if f"{domain} {name}" in self.on else (1, "does not exist")
            case ["defaults", "write", domain, name, "1"]:
                self.on.add(f"{domain} {name}")
            case ["defaults", "delete", domain, name]:
                self.on.discard(f"{domain} {name}")
            case ["systemctl", "--user", "is-enabled", "--quiet", unit]:
                return (0, "") if unit in self.on else (1, "")
            case ["systemctl", "--user", "enable", "--now", unit]:
                self.on.add(unit)
            case ["systemctl", "--user", "disable", "--now", unit]:
                self.on.discard(unit)
            case ["launchctl", "list", label]:
                return (0, "") if label in self.on else (1, "")
            case ["launchctl", "load", "-w", path]:
                self.on.add(Path(path).stem)
            case ["launchctl", "unload", "-w", path]:
                self.on.discard(Path(path).stem)
        return 0, ""


class Machine:
    """One of the three systems in a folder: a home, a registry, commands that are played."""

    def __init__(self, folder: Path, system: System, *, registry: Registry | None = None, commands: Commands | None = None) -> None:
        from heygem_plugins.installing.machine import Machine as Real

        self.home, self.system = folder, system
        self.registry, self.commands = registry or Registry(), commands or Commands()
        environment = {"APPDATA": str(folder / "AppData" / "Roaming")} if system == "windows" else {}
        self.real = Real(
            system=system,
            home=folder,
            data_folder=folder / "data",
            command=("/opt/python", "-m", "heygem_server.cli"),
            run=self.commands,
            registry=self.registry,
            environment=environment,
        )

    def install(self, target: str, **how: bool) -> int:
        """`heygem install TARGET` on this machine; `how`: uninstall, status, dry_run."""
        from heygem_server.commands.install import carry_out

        return carry_out(target, self.real, **how)

    def files(self) -> dict[str, Path]:
        """Everything in the home, by its path within it."""
        return {path.relative_to(self.home).as_posix(): path for path in sorted(self.home.rglob("*")) if path.is_file()}


# --- the Resolve script ---------------------------------------------------------------------------------------------


@contextlib.contextmanager
def resolve_importable() -> Iterator[None]:
    """Its packages can be imported by their own names, as inside Resolve."""
    from heygem_plugins.installing import sources

    folders = [str(Path(sources.PLUGINS) / name) for name in ("davinci_resolve", "host_client")]
    sys.path[:0] = folders
    try:
        yield
    finally:
        for folder in folders:
            sys.path.remove(folder)


def resolve_server_file(path: Path) -> Any:
    """server.json as the Resolve script reads it."""
    with resolve_importable():
        from heygem_host.server_discovery import read_server_file

        return read_server_file(str(path))


def resolve_host_id(data_folder: Path) -> str:
    with resolve_importable():
        from heygem_resolve.running import host_id

        return host_id(str(data_folder))
