"""A training run from beginning to end: data, encoder, model, report. One spec in, one model file and one page out.

    python -m heygem_core.motion.training '{"task": "train-motion", "output": "own.safetensors", "clips": ["FOLDER"]}'

The spec's fields are `TrainTask`'s; progress is JSON, one event a line. `heygem train motion` does the same with options.
"""

from __future__ import annotations

import base64
import html
import io
import sys
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from ...errors import HeygemError, MissingPackage, OutputError, SpecError
from ...messages import here, plain, tell
from ...shot import from_json, to_json
from ..motion_model import MotionModel, load_motion_model, save_motion_model
from .clips import ClipResult, clip_examples
from .encoder_data import DistillationRecipe, training_sounds
from .examples import Example, grid_examples
from .train_model import GRID_DELAY_S, Epoch, Recipe, train_motion


class TrainTask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="task", tag="train-motion"):
    """What to train from, and where to put it."""

    output: str  # path of the head, .safetensors; its report lies beside it, and while training its checkpoint
    grid: str | None = None  # folder of the prepared GRID data
    clips: tuple[str, ...] = ()  # folders of raw talking clips
    encoder: str = "offline"  # see speech.encoder
    taps: tuple[int, ...] | None = None  # layers of the encoder to listen to, None = the usual ones
    carry: bool = False  # put a Whisper encoder's layers into the head's file, so that it runs without the encoder
    licence: str = "unknown"  # of the data, for the record in the head
    recipe: Recipe = Recipe()
    distil: bool = False  # then teach our own listener to hear like the encoder; the head then carries all it needs
    voices: tuple[str, ...] = ()  # folders of recordings of speech that the listener hears
    lessons: DistillationRecipe = DistillationRecipe()  # of the listener
    resume: bool = False  # go on with an interrupted run of the same task

    def __post_init__(self) -> None:
        _check_suffix(self.output)
        if self.grid is None and not self.clips:
            raise SpecError("train.nothing-given")
        if self.voices and not self.distil:
            raise SpecError("train.voices-need-distill")


class Trained(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="trained"):
    """The motion model is at its place."""

    output: str
    report: str | None  # a self-contained page; None where matplotlib is not installed
    examples: int
    minutes: float


def run_training(task: TrainTask) -> Generator[ClipResult | Epoch | Trained, None, None]:
    """Train a head, and a listener for it where the task says so; the teacher's head then lies beside it.

    Raises: InputError, SetupError, OutputError, SpecError.
    """
    output = Path(task.output)
    trained = output.with_suffix(".teacher.safetensors") if task.distil else output
    _check_places(task, output, trained)
    seen: list[ClipResult | Epoch] = []
    examples: list[Example] = []
    for found in _examples(task):
        if isinstance(found, Example):
            examples.append(found)
        else:
            seen.append(found)
            yield found
    if len(examples) < 2:
        raise SpecError("train.too-little-speech", examples=len(examples))
    for stage in (_train(task, examples, trained), _distil(task, trained, output) if task.distil else ()):
        for epoch in stage:
            seen.append(epoch)
            yield epoch
    minutes = sum(len(e.deltas) for e in examples) / 6000
    yield Trained(output=str(output), report=_report(task, seen, minutes), examples=len(examples), minutes=round(minutes, 2))


def model_file(output: str) -> Path:
    """Where a model is to be written. Raises: SpecError, OutputError — no folder."""
    _check_suffix(output)
    path = Path(output)
    if not path.parent.is_dir():
        raise OutputError("train.no-folder", folder=path.parent)
    return path


def _check_suffix(output: str) -> None:
    if not output.endswith(".safetensors"):
        raise SpecError("train.not-safetensors", path=output)


def _check_places(task: TrainTask, *models: Path) -> None:
    model_file(task.output)
    for left in (_checkpoint(model) for model in models):
        if left.exists() and not task.resume:
            raise SpecError("train.interrupted", path=left)


def _checkpoint(model: Path) -> Path:
    return model.with_suffix(".checkpoint")


def _examples(task: TrainTask) -> Iterator[ClipResult | Example]:
    if task.grid:
        yield from grid_examples(Path(task.grid))
    if task.clips:
        yield from clip_examples([Path(p) for p in task.clips], load_motion_model(), delay_s=_delay_s(task))


def _delay_s(task: TrainTask) -> float:
    """By which the pictures of all examples lag their sound: that of GRID where it takes part."""
    return GRID_DELAY_S if task.grid else 0.0


def _train(task: TrainTask, examples: list[Example], output: Path) -> Iterator[Epoch]:
    from ...speech.encoder import open_encoder

    if task.distil and output.exists() and not _checkpoint(output).exists():
        return  # an interrupted run had come as far as the listener
    encoder = open_encoder(task.encoder, task.taps)
    steps = train_motion(examples, encoder, task.recipe, carry=task.carry, delay_s=_delay_s(task), checkpoint=_checkpoint(output))
    yield from _kept(steps, task, output)


def _distil(task: TrainTask, teacher: Path, output: Path) -> Iterator[Epoch]:
    from .distillation import distill

    sounds = training_sounds(Path(task.grid) if task.grid else None, [Path(p) for p in task.voices], task.lessons)
    yield from _kept(distill(load_motion_model(str(teacher)), sounds, task.lessons, checkpoint=_checkpoint(output)), task, output)


def _kept(steps: Iterator[Epoch | MotionModel], task: TrainTask, output: Path) -> Iterator[Epoch]:
    """Yields the epochs; the model that comes last is saved and its checkpoint removed."""
    for step in steps:
        if isinstance(step, MotionModel):
            save_motion_model(replace(step, facts=step.facts | {"task": msgspec.to_builtins(task), "licence": task.licence}), output)
            _checkpoint(output).unlink(missing_ok=True)
        else:
            yield step


def _row(result: ClipResult) -> str:
    late = "" if result.offset_s is None else f"{1000 * result.offset_s:+.0f} ms"
    used = _here("train.report-yes" if result.used else "train.report-no")
    why = html.escape(here(result.reason_message or plain(result.reason)))
    return f"<tr><td>{html.escape(result.path)}<td>{used}<td>{late}<td>{result.seconds:.1f} s<td>{why}"


def _here(code: str, /, **params: str) -> str:
    """In the language of the terminal, for HTML."""
    return html.escape(here(tell(code, **params)))


def _report(task: TrainTask, seen: list[ClipResult | Epoch], minutes: float) -> str | None:
    """A page beside the head: what it was trained from, and how the error fell. None without matplotlib."""
    try:
        picture = base64.b64encode(loss_plot([e for e in seen if isinstance(e, Epoch)])).decode()
    except MissingPackage:
        return None
    rows = "".join(_row(result) for result in seen if isinstance(result, ClipResult))
    columns = ("train.report-clip", "train.report-used", "train.report-late", "train.report-length", "train.report-why")
    heads = "".join(f"<th>{_here(code)}" for code in columns)
    page = Path(task.output).with_suffix(".html")
    page.write_text(
        f"<!doctype html><meta charset=utf-8><title>{_here('train.report-title', model=Path(task.output).name)}</title>"
        "<style>body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto}td{padding:.1em .8em .1em 0}</style>"
        f"<h1>{html.escape(Path(task.output).name)}</h1>"
        f"<p>{_here('train.report-minutes', minutes=f'{minutes:.1f}', licence=task.licence)}"
        f"<p><img src='data:image/png;base64,{picture}'>"
        f"<table><tr>{heads}{rows}</table>"
        f"<pre>{html.escape(msgspec.json.format(to_json(task)).decode())}</pre>",
        encoding="utf-8",
    )
    return str(page)


def loss_plot(epochs: list[Epoch]) -> bytes:
    """PNG of the errors over the epochs. Raises: MissingPackage."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPackage("train.needs-matplotlib") from error
    kinds = [kind for kind in ("head", "listener") if any(e.of == kind for e in epochs)]
    figure = Figure(figsize=(7, 3 * max(1, len(kinds))), layout="constrained")
    for kind, axes in zip(kinds, np.atleast_1d(figure.subplots(max(1, len(kinds)))), strict=False):
        done = [e.done for e in epochs if e.of == kind]
        axes.plot(done, [e.loss for e in epochs if e.of == kind], label="what it learns from, disturbed")
        axes.plot(done, [e.check for e in epochs if e.of == kind], label="held out")
        axes.set(title=kind, xlabel="epoch", ylabel="error", ylim=(0, None))
        axes.legend()
    kept = io.BytesIO()
    figure.savefig(kept, format="png", dpi=110)
    return kept.getvalue()


def main() -> int:
    try:
        task = from_json(sys.argv[1] if len(sys.argv) > 1 else "", TrainTask)
        for event in run_training(task):
            print(to_json(event).decode(), flush=True)
    except HeygemError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0
