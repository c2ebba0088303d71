"""A training run from beginning to end: data, encoder, head, report. One spec in, one head file and one page out.

    python -m heygem_core.motion.training '{"output": "mel.safetensors", "grid": "../shared/data"}'

The spec's fields are `TrainTask`'s; progress is JSON, one event a line.
"""

from __future__ import annotations

import base64
import html
import io
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from ..errors import HeygemError, MissingPackage, OutputError, SpecError
from ..shot import from_json, to_json
from .clips import Used, clip_examples
from .examples import Example, grid_examples
from .head import Head, load_head, save_head
from .train import Epoch, Recipe, train_motion


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

    def __post_init__(self) -> None:
        if not self.output.endswith(".safetensors"):
            raise SpecError(f"A head is a .safetensors file, got “{self.output}”.")
        if self.grid is None and not self.clips:
            raise SpecError("There is nothing to train from: give `grid`, `clips`, or both.")


class Trained(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="trained"):
    """The head is at its place."""

    output: str
    report: str | None  # a self-contained page; None where matplotlib is not installed
    examples: int
    minutes: float


def run_training(task: TrainTask) -> Iterator[Used | Epoch | Trained]:
    """Train a head. An interrupted run goes on where it stood when it is started again with the same task.

    Raises: InputError, SetupError, OutputError, SpecError.
    """
    from ..speech.encoder import open_encoder

    output = Path(task.output)
    if not output.parent.is_dir():
        raise OutputError(f"The folder {output.parent} does not exist: make it first.")
    examples, clips = grid_examples(Path(task.grid)) if task.grid else [], []
    if task.clips:
        for found in clip_examples([Path(p) for p in task.clips], load_head()):
            if isinstance(found, Example):
                examples.append(found)
            else:
                clips.append(found)
                yield found
    if len(examples) < 2:
        raise SpecError(
            f"{len(examples)} stretch of speech is too little to train from: the report of the clips say why clips were left out."
        )
    epochs: list[Epoch] = []
    head: Head | None = None
    checkpoint = output.with_suffix(".checkpoint")
    for step in train_motion(examples, open_encoder(task.encoder, task.taps), task.recipe, carry=task.carry, checkpoint=checkpoint):
        if isinstance(step, Head):
            head = replace(step, facts=step.facts | {"task": msgspec.to_builtins(task), "licence": task.licence})
        else:
            epochs.append(step)
            yield step
    assert head is not None  # train_motion ends with it
    save_head(head, output)
    checkpoint.unlink(missing_ok=True)
    minutes = sum(len(e.deltas) for e in examples) / 6000
    yield Trained(output=str(output), report=_report(task, epochs, clips, minutes), examples=len(examples), minutes=round(minutes, 2))


def _report(task: TrainTask, epochs: list[Epoch], clips: list[Used], minutes: float) -> str | None:
    """A page beside the head: what it was trained from, and how the error fell. None without matplotlib."""
    try:
        picture = base64.b64encode(loss_plot(epochs)).decode()
    except MissingPackage:
        return None
    rows = "".join(
        f"<tr><td>{html.escape(c.path)}<td>{'yes' if c.used else 'no'}<td>{'' if c.offset_s is None else f'{1000 * c.offset_s:+.0f} ms'}"
        f"<td>{c.seconds:.1f} s<td>{html.escape(c.reason)}"
        for c in clips
    )
    page = Path(task.output).with_suffix(".html")
    page.write_text(
        f"<!doctype html><meta charset=utf-8><title>Training of {html.escape(Path(task.output).name)}</title>"
        "<style>body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto}td{padding:.1em .8em .1em 0}</style>"
        f"<h1>{html.escape(Path(task.output).name)}</h1>"
        f"<p>{minutes:.1f} minutes of speech with a mouth, licence: {html.escape(task.licence)}."
        f"<p><img src='data:image/png;base64,{picture}'>"
        f"<table><tr><th>clip<th>used<th>picture late by<th>length<th>why{rows}</table>"
        f"<pre>{html.escape(msgspec.json.format(to_json(task)).decode())}</pre>",
        encoding="utf-8",
    )
    return str(page)


def loss_plot(epochs: list[Epoch]) -> bytes:
    """PNG of the errors over the epochs. Raises: MissingPackage."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPackage("Plots need matplotlib: pip install matplotlib.") from error
    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.subplots()
    done = [e.done for e in epochs]
    axes.plot(done, [e.loss for e in epochs], label="training sentences, disturbed")
    axes.plot(done, [e.check for e in epochs], label="held-out sentences, as recorded")
    axes.set(xlabel="epoch", ylabel="error", ylim=(0, None))
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


if __name__ == "__main__":
    sys.exit(main())
