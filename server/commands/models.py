"""`heygem models`: what other programs' models are here, and puts them here. Rendering itself never fetches one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from heygem_core.messages import Message, here, tell
from heygem_core.printable import printable, printable_json
from heygem_core.shot import to_json

from .columns import padded, width

if TYPE_CHECKING:
    from heygem_core.weights.progress import Fetching, Told
    from heygem_core.weights.standing import Standing

_STEPS = {
    "waiting": "models.step-waiting",
    "downloading": "models.step-downloading",
    "checking": "models.step-checking",
    "converting": "models.step-converting",
}


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "models",
        help="list, fetch and check models that do not come with the program",
        description="Models of engines, trackers and measurements: which are here, what they need, and how they get here. "
        "Nothing else downloads one: a render that lacks a model says what to type.",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)

    action = actions.add_parser(
        "list",
        help="say which there are, their licences, and which are here",
        description="Prints every model with its state, size, licence and what it needs of this machine.",
    )
    action.add_argument("--json", action="store_true", help="print JSON instead of a table")
    action.set_defaults(run=run_list)

    action = actions.add_parser(
        "get",
        help="fetch a model from where its authors publish it",
        description="Downloads the published file, checks its hash and converts it. A download that broke off goes on.",
    )
    action.add_argument("id", metavar="ID", help="as `heygem models list` names it")
    action.add_argument("--accept-licence", action="store_true", help="accept its terms (`heygem models licence ID` shows them)")
    action.add_argument("--from", dest="url", metavar="URL", help="fetch it from there instead; only a published file is taken")
    action.add_argument("--json", action="store_true", help="print progress as JSON lines instead of a bar")
    action.set_defaults(run=run_get)

    action = actions.add_parser(
        "add",
        help="take a model from a file, or from the folder of another program",
        description="Takes a published file, known by its hash, from this machine's disk; the file stays where it is.",
    )
    action.add_argument("id", metavar="ID", help="as `heygem models list` names it")
    action.add_argument(
        "place", metavar="PLACE", type=Path, help="the model's file; or a folder of MuseTalk, LatentSync, Wav2Lip, ComfyUI or Hugging Face"
    )
    action.add_argument(
        "--unverified", action="store_true", help="take a file that nobody published too, if its tensors are exactly the model's"
    )
    action.add_argument("--json", action="store_true", help="print progress as JSON lines instead of a bar")
    action.set_defaults(run=run_add)

    action = actions.add_parser(
        "verify",
        help="read installed models again and say whether they are whole",
        description="Reads models again as they lie here and compares them with what was installed.",
    )
    action.add_argument("ids", metavar="ID", nargs="*", help="which; all that are here if none is named")
    action.set_defaults(run=run_verify)

    action = actions.add_parser(
        "remove",
        help="delete an installed model",
        description="Deletes a model from the folder of models; folders that are only read stay as they are.",
    )
    action.add_argument("id", metavar="ID", help="as `heygem models list` names it")
    action.set_defaults(run=run_remove)

    action = actions.add_parser(
        "licence",
        help="say under which terms a model is used",
        description="Prints the terms of a model, and whether they were accepted here.",
    )
    action.add_argument("id", metavar="ID", help="as `heygem models list` names it")
    action.set_defaults(run=run_licence)

    action = actions.add_parser(
        "path",
        help="print where a model lies, or where models lie",
        description="Prints the file of a model that is here, or the folder that models are put into.",
    )
    action.add_argument("id", metavar="ID", nargs="?", help="a model; without one, the folder of all")
    action.set_defaults(run=run_path)


def run_list(options: argparse.Namespace) -> int:
    from heygem_core.weights.standing import best_memory, standings

    found = standings(best_memory())
    print(printable_json(to_json(found)) if options.json else _table(found))
    return 0


def run_get(options: argparse.Namespace) -> int:
    from heygem_core.weights.store import get

    with _shown(options.json) as told:
        path = get(options.id, accept_licence=options.accept_licence, url=options.url, tell_progress=told)
    return _done(options.id, path, options.json)


def run_add(options: argparse.Namespace) -> int:
    from heygem_core.weights.store import add

    with _shown(options.json) as told:
        path = add(options.id, options.place, unverified=options.unverified, tell_progress=told)
    return _done(options.id, path, options.json)


def run_verify(options: argparse.Namespace) -> int:
    from heygem_core.errors import SetupError
    from heygem_core.weights.catalogue import models
    from heygem_core.weights.installed import where
    from heygem_core.weights.store import verify

    code = 0
    for model_id in options.ids or [entry.id for entry in models().values() if where(entry) is not None]:
        try:
            print(here(verify(model_id)), flush=True)
        except SetupError as error:
            print(f"heygem: {here(error.said)}", file=sys.stderr)
            code = error.exit_code
    return code


def run_remove(options: argparse.Namespace) -> int:
    from heygem_core.weights.catalogue import model
    from heygem_core.weights.store import remove

    freed = remove(options.id)
    print(here(tell("models.removed", title=model(options.id).title, size=_size(freed))))
    return 0


def run_licence(options: argparse.Namespace) -> int:
    from heygem_core.weights.catalogue import licence_of, model
    from heygem_core.weights.licences import accepted, terms_of

    entry = model(options.id)
    licence = licence_of(entry)
    print(here(tell("models.licence", title=entry.title, licence=licence.title, url=licence.url)))
    print(here(terms_of(entry)))
    if (acceptance := accepted().get(entry.licence)) is not None:
        print(here(tell("models.accepted", at=acceptance.at)))
    elif licence.ask:
        print(here(tell("models.accept", command=f"{entry.command} --accept-licence")))
    return 0


def run_path(options: argparse.Namespace) -> int:
    from heygem_core.weights.folders import models_folder
    from heygem_core.weights.installed import path_of

    print(printable(path_of(options.id) if options.id else models_folder()))
    return 0


def _done(model_id: str, path: Path, json: bool) -> int:
    from heygem_core.weights.catalogue import model
    from heygem_core.weights.licences import limits_of
    from heygem_core.weights.progress import Fetched

    if json:
        print(printable_json(to_json(Fetched(model=model_id, path=str(path)))), flush=True)
        return 0
    print(here(tell("models.installed", title=model(model_id).title, path=path)))
    for limit in limits_of((model_id,)):
        print(here(tell("cli.note", notice=limit)))
    return 0


@contextmanager
def _shown(json: bool) -> Iterator[Told]:
    """Shows progress: JSON lines, or a bar on a terminal."""
    if json:
        yield lambda progress: print(printable_json(to_json(progress)), flush=True)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description:14}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        line = bar.add_task("", total=None)

        def told(progress: Fetching) -> None:
            bar.update(line, description=here(tell(_STEPS[progress.step])), completed=progress.done, total=progress.total)

        yield told


def _table(found: list[Standing]) -> str:
    """A line each, in the language of the terminal."""
    head = [
        here(tell(code))
        for code in ("models.head-model", "models.head-state", "models.head-size", "models.head-licence", "models.head-needs")
    ]
    rows = [head, *([each.id, here(_state(each)), _size(each.size), each.licence, here(_needs(each))] for each in found)]
    places = [max(width(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join("  ".join(padded(printable(text), place) for text, place in zip(row, places, strict=True)).rstrip() for row in rows)


def _state(each: Standing) -> Message:
    if each.installed:
        return tell("models.state-unknown-file" if each.known is False else "models.state-here")
    return tell("models.state-fetchable" if each.fetchable else "models.state-addable")


def _needs(each: Standing) -> Message:
    if not each.memory:
        return tell("models.needs-little")
    return tell("models.needs-memory" if each.fits else "models.needs-more-memory", gb=round(each.memory / 1e9))


def _size(size: int | None) -> str:
    return "–" if size is None else f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
