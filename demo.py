"""Renders speaking people from material that lies inside installed packages: `make demo`.

Two public-domain portraits before a camera that moves slowly, Grace Hopper (matplotlib) and Eileen Collins (scikit-image), say what
a reader says (useful-moonshine-onnx). Only data files of these packages are read; none of their code runs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fractions import Fraction
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from heygem_core.quality.measure import measure_take
from heygem_core.rendering.contact_sheet import write_contact_sheet
from heygem_core.shot import RenderSettings, RenderTask, Shot
from heygem_server.commands.measure import table
from heygem_server.commands.render import show_events

OUTPUT = Path("demo-output")
SPEECH = ("moonshine_onnx", "assets/beckett.wav")
SIDE = 640  # width and height of the clips, pixels
RATE = 25  # frames per second
CLIP_FRAMES = 100  # the clip is played forth and back for as long as the speech lasts


class Portrait(NamedTuple):
    package: str
    path: str
    left: int  # of the square that is filmed, pixels of the file
    top: int
    side: int
    intensity: float  # a portrait is no footage to learn from, so how far this mouth opens is chosen by eye


PORTRAITS = {
    "hopper": Portrait("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", 80, 28, 350, 1.2),
    "collins": Portrait("skimage", "data/astronaut.png", 108, 6, 225, 1.5),
}


def main() -> None:
    from heygem_core.rendering.render import render

    OUTPUT.mkdir(exist_ok=True)
    speech = packaged(*SPEECH)
    for name, portrait in PORTRAITS.items():
        source, take = OUTPUT / f"{name}-before.mp4", OUTPUT / f"{name}.mp4"
        print(f"\n{name}: {packaged(portrait.package, portrait.path)}\n  says {speech}")
        film(portrait, source)
        settings = RenderSettings(fit="loop", intensity=portrait.intensity)
        show_events(render(RenderTask(shot=Shot(video=str(source), speech=str(speech)), settings=settings, output=str(take))))
        sheet = write_contact_sheet(source, take, OUTPUT / f"{name}.png")
        picture = write_comparison(source, take, OUTPUT / f"{name}.webp")
        print(f"Contact sheet (before above after): {sheet.absolute()}")
        print(f"Moving picture (before left, after right): {picture.absolute()}")
        print(table(measure_take(take)))


def packaged(package: str, path: str) -> Path:
    """A data file of an installed package, found without importing it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        sys.exit(f"The package {package} is not installed: run `make setup`.")
    return Path(spec.submodule_search_locations[0]) / path


def film(portrait: Portrait, path: Path) -> None:
    """A clip of the portrait: the camera comes a little nearer, sways and tilts."""
    with Image.open(packaged(portrait.package, portrait.path)) as image:
        still = np.asarray(image.convert("RGB"))
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream("libx264", rate=RATE, options={"crf": "12", "preset": "fast"})
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        for number in range(CLIP_FRAMES):
            frame = av.VideoFrame.from_ndarray(_seen(still, portrait, number / (CLIP_FRAMES - 1)), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def _seen(still: NDArray[np.uint8], portrait: Portrait, at: float) -> NDArray[np.uint8]:
    """(SIDE, SIDE, 3) what the camera sees at a moment from 0 to 1."""
    tilt, scale = np.radians(1.5 * np.sin(4 * at)), SIDE / portrait.side * (1 + 0.08 * at)
    turned = scale * np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    middle = np.array([portrait.left, portrait.top]) + portrait.side * np.array([0.5 + 0.02 * np.sin(5 * at), 0.5 + 0.01 * np.sin(7 * at)])
    affine = np.column_stack([turned, SIDE / 2 - turned @ middle])
    return np.asarray(cv2.warpAffine(still, affine, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def write_comparison(source: Path, take: Path, path: Path, *, first: int = 0, frames: int = 110, side: int = 320) -> Path:
    """An animated WebP: the clip as it is played under the take, and the take beside it, every other frame."""
    there_and_back = [*range(CLIP_FRAMES), *range(CLIP_FRAMES - 2, 0, -1)]
    before = list(_pictures(source, side))
    after = list(islice(_pictures(take, side), first, first + frames))
    shown = [
        Image.fromarray(np.hstack([before[there_and_back[(first + k) % len(there_and_back)]], after[k]])) for k in range(0, len(after), 2)
    ]
    shown[0].save(path, save_all=True, append_images=shown[1:], duration=2000 // RATE, loop=0, quality=80, method=4)
    return path


def _pictures(path: Path, side: int) -> Iterator[NDArray[np.uint8]]:
    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            yield frame.to_ndarray(format="rgb24", width=side, height=side, interpolation="AREA")


if __name__ == "__main__":
    main()
