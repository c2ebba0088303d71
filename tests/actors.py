"""Makes footage of talking people for machines that have no real clips.

Two public-domain portraits inside installed packages (Grace Hopper in matplotlib, Eileen Collins in scikit-image) say a recording
inside another one (useful-moonshine-onnx): the product renders each once, so what every mouth does is known. All clips are cut from
these two performances: phrases in another order, the head moved, the picture mirrored, recoloured and cropped, written in the sizes,
rates, formats and lengths of the real clips and under their names, so that a test says `clips / "grid" / "bbaf2n.mpg"` on any machine.

Such footage proves that parts fit together. It says nothing about quality: its mouths were drawn by the very engine under test.
Only data files of the packages are read. Clips are kept in the user's cache or $HEYGEM_TEST_PEOPLE, keyed by what they were made from.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import av
import cv2
import numpy as np
import numpy.typing as npt
import platformdirs
from filelock import FileLock
from PIL import Image

Picture = npt.NDArray[np.uint8]
RECORDING = ("moonshine_onnx", "assets/beckett.wav")
SOUND_RATE = 16_000  # of the recording
RATE = 25  # frames per second of a performance
PAUSE = (0.0, 0.12)  # seconds of the recording in which nobody speaks
PHRASES = ((0.3, 1.25), (1.8, 2.65), (3.45, 4.15), (4.85, 5.5), (6.6, 7.35), (8.1, 9.0))  # seconds of the recording: one phrase each


class Portrait(NamedTuple):
    package: str
    path: str
    crop: tuple[int, int, int, int]  # left, top, right, bottom, pixels of the file
    size: tuple[int, int]  # width and height at which it speaks
    eyes: tuple[float, float]  # midpoint of the eyes, as parts of width and height
    eye_distance: float  # between the outer eye corners, as part of the width


PORTRAITS = {
    "hopper": Portrait("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", (60, 5, 460, 405), (560, 560), (0.5, 0.4875), 0.22),
    "collins": Portrait("skimage", "data/astronaut.png", (80, 0, 370, 290), (560, 560), (0.5, 0.38), 0.2),
}


class Clip(NamedTuple):
    """One clip: who speaks, and how it is written."""

    name: str  # where it lies among the clips
    who: str  # of PORTRAITS
    size: tuple[int, int]
    seconds: int
    look: int = 0  # of LOOKS
    rate: int = 25
    codec: str = "libx264"
    face: float = 0.14  # distance of the eyes as part of the picture's width
    place: tuple[float, float] = (0.5, 0.42)  # of the eyes' midpoint, as parts of width and height
    sway: float = 1.0  # how strongly the head moves
    grain: float = 1.5  # of the sensor, standard deviation in steps of 8 bits
    blur: float = 0.0  # of an old camera, standard deviation in pixels
    first: int = 0  # phrase with which the speech begins
    silent: bool = False
    dubbed: bool = False  # the lips say something else than what is heard


# Red, green and blue gain, then whether mirrored: who is to be somebody else at the same place looks different.
LOOKS = (
    ((1.0, 1.0, 1.0), False),
    ((0.72, 0.62, 0.55), True),
    ((1.05, 0.85, 0.7), False),
    ((0.5, 0.42, 0.4), False),
    ((0.9, 1.0, 1.12), True),
    ((0.78, 0.8, 0.62), False),
)

_GRID = ("bbaf2n", "lrwp9a", "sbia1a", "swiz3n", "pwij3p", "swwp2s", "brbk7n", "lbax4n", "lbbc2a", "lwbsza", "sbwe5n")
CAST = (
    Clip("man_1080x1920_30fps.mp4", "hopper", (1080, 1920), 8, rate=30, codec="libx265", face=0.13),
    Clip("beard_1080x1920_25fps.mp4", "collins", (1080, 1920), 6, look=2, codec="libx265", face=0.16, sway=3, first=2),
    Clip("glasses_512x512_25fps.mp4", "hopper", (512, 512), 8, look=1, codec="mpeg4", face=0.24, first=3),
    Clip("german_512x512_25fps.mp4", "collins", (512, 512), 20, face=0.22, first=1),
    Clip("silent_1280x720.mp4", "hopper", (1280, 720), 8, rate=30, look=4, face=0.1, silent=True),
    *(
        Clip(
            f"grid/{name}.mpg",
            ("hopper", "collins")[k % 2],
            (360, 288),
            3,
            look=k // 2 % 6,
            codec="mpeg1video",
            face=0.17,
            place=(0.42, 0.58),
            grain=0.3,
            blur=1.2,
            first=k,
        )
        for k, name in enumerate(_GRID)
    ),
    Clip("talking/talk02.mp4", "collins", (512, 512), 5, face=0.25, first=4),
    Clip("talking/talk03.mp4", "hopper", (512, 512), 5, look=2, face=0.22, first=5),
    Clip("talking/talk04.mp4", "hopper", (512, 512), 5, look=5, face=0.22, first=3),
    Clip("talking/talk05.mp4", "hopper", (512, 512), 10, face=0.22, first=2),
    Clip("talking/talk06.mp4", "collins", (256, 256), 27, look=3, face=0.22, first=3),
    Clip("talking/talk08.mp4", "collins", (224, 224), 6, look=1, face=0.24, sway=2, first=5),
    Clip("talking/talk10.mp4", "hopper", (224, 224), 12, look=5, face=0.24, sway=2, first=1),
    Clip("talking/talk11.mp4", "collins", (512, 512), 9, look=4, face=0.2, first=2),
    Clip("talking/talk12.mp4", "collins", (512, 512), 5, look=5, face=0.21, first=1, dubbed=True),
    Clip("talking/talk17.mp4", "hopper", (1280, 720), 3, look=3, face=0.09, first=4),
)


@cache
def people() -> Path:
    """The folder of all clips, made where it is not there yet (about a minute)."""
    home = Path(os.environ.get("HEYGEM_TEST_PEOPLE") or platformdirs.user_cache_path("heygem-bridge-tests"))
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / "lock"):
        spoken = {who: _kept(home, f"spoken-{who}-{_product_key(who)}", lambda folder, who=who: _perform(who, folder)) for who in PORTRAITS}
        key = _digest(*(path.read_bytes() for folder in spoken.values() for path in sorted(folder.iterdir())), _own_source())
        made = _kept(home, f"people-{key}", lambda folder: _film(spoken, folder))
        _forget(home, {*spoken.values(), made})
    return made


def opening(clip: Path) -> npt.NDArray[np.float32]:
    """(frames,) How far the lips of a made clip were told to part, in distances of the outer eye corners."""
    folder = people()
    return np.asarray(np.load(folder / "mouths" / f"{clip.relative_to(folder).as_posix().replace('/', '_')}.npy"), np.float32)


def packaged(package: str, path: str) -> Path:
    """A data file of an installed package, found without importing it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"The package {package} is not installed: run `make setup`.")
    return Path(spec.submodule_search_locations[0]) / path


def portrait(who: str) -> Picture:
    """(height, width, 3) RGB of a person who keeps silent."""
    given = PORTRAITS[who]
    with Image.open(packaged(given.package, given.path)) as image:
        return np.asarray(image.convert("RGB").crop(given.crop).resize(given.size, Image.Resampling.LANCZOS), np.uint8)


def _perform(who: str, folder: Path) -> None:
    """The portrait says the whole recording: spoken.mp4 and mouths.npy."""
    from heygem_core.rendering.render import render
    from heygem_core.rendering.report import read_report
    from heygem_core.shot import RenderSettings, RenderTask, Shot

    still, take = folder / "still.png", folder / "spoken.mp4"
    Image.fromarray(portrait(who)).save(still)
    shot = Shot(video=str(still), speech=str(packaged(*RECORDING)))
    settings = RenderSettings(device="cpu", motion="mel", intensity=1.6, sound="none")
    for _ in render(RenderTask(shot=shot, settings=settings, output=str(take), cache=str(folder / "cache"))):
        pass
    report = read_report(take)
    assert report is not None
    np.save(folder / "mouths.npy", np.array(report.wanted_opening, np.float32))
    shutil.rmtree(folder / "cache")
    for path in folder.iterdir():
        if path.name not in ("spoken.mp4", "mouths.npy"):
            path.unlink()  # the report names moments and paths of this machine


def _film(spoken: dict[str, Path], folder: Path) -> None:
    for name in ("grid", "talking", "mouths"):
        (folder / name).mkdir()
    with av.open(str(packaged(*RECORDING))) as file:
        voice = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)]).astype(np.float32) / 32768
    for who, take in spoken.items():
        with av.open(str(take / "spoken.mp4")) as file:
            frames = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
        mouths = np.load(take / "mouths.npy")
        clips = [clip for clip in CAST if clip.who == who]
        with ThreadPoolExecutor(2) as pool:  # the codecs work outside Python's lock
            list(pool.map(lambda clip: _write(clip, frames, mouths, voice, folder), clips))  # noqa: B023


def _write(clip: Clip, frames: list[Picture], mouths: npt.NDArray[np.float32], voice: npt.NDArray[np.float32], folder: Path) -> None:
    times, sound = _speech(clip, voice)
    shown = np.clip(np.round(times * RATE).astype(int), 0, len(frames) - 1)
    np.save(folder / "mouths" / f"{clip.name.replace('/', '_')}.npy", mouths[shown])
    with av.open(str(folder / clip.name), "w", format="mpeg" if clip.name.endswith(".mpg") else None) as file:
        picture: Any = file.add_stream(clip.codec, rate=clip.rate, options=_options(clip.codec))
        picture.width, picture.height = clip.size
        picture.pix_fmt = "yuv420p"
        if not clip.codec.startswith("libx"):
            picture.bit_rate = clip.size[0] * clip.size[1] * 10
        track: Any = file.add_stream("mp2" if clip.codec == "mpeg1video" else "aac", rate=44_100, layout="mono")
        for number, rgb in enumerate(_moved(clip, frames, shown)):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, clip.rate)
            file.mux(picture.encode(frame))
        file.mux(picture.encode(None))
        _mux_sound(file, track, sound)


def _speech(clip: Clip, voice: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    """For each frame of the clip the second of the recording that it shows; and the clip's sound."""
    count = clip.seconds * SOUND_RATE
    source = np.zeros(count)  # for each sample the second of the recording
    if not clip.silent:
        at, phrase = 0, clip.first
        while at < count:
            for begin, end in (PAUSE, PHRASES[phrase % len(PHRASES)]):
                part = np.arange(round(begin * SOUND_RATE), round(end * SOUND_RATE)) / SOUND_RATE
                source[at : at + len(part)] = part[: max(0, count - at)]
                at += len(part)
            phrase += 1 + clip.first % 2 * 2  # in turn, or every third
    hiss = np.random.default_rng(clip.first).standard_normal(count).astype(np.float32) * 1e-4
    heard = hiss if clip.silent else hiss + voice[np.round(source * SOUND_RATE).astype(int)]
    seen = np.roll(source, round(2.6 * SOUND_RATE)) if clip.dubbed else source  # so far off, the two have nothing in common
    return seen[np.arange(clip.seconds * clip.rate) * SOUND_RATE // clip.rate], heard


def _moved(clip: Clip, frames: list[Picture], shown: npt.NDArray[np.int64]) -> Iterator[Picture]:
    """The frames as a camera sees a head that sways, nods and turns a little."""
    given, (gains, mirrored) = PORTRAITS[clip.who], LOOKS[clip.look]
    width, height = clip.size
    random = np.random.default_rng(len(clip.name) + clip.first)
    phase = random.uniform(0, 6.28, 6)
    grain = np.repeat(np.clip(random.normal(8, clip.grain, (height + 64, width + 64, 1)), 0, 16).astype(np.uint8), 3, axis=2)
    shades = np.clip(np.arange(256)[:, None] * np.array(gains) - 8, 0, 255).astype(np.uint8)[None]
    eyes = np.array(given.eyes) * given.size
    for number, source in enumerate(shown):
        rgb = frames[0] if clip.silent else frames[source]
        turn = np.sin(number / clip.rate * np.array([1.9, 2.6, 1.3, 0.9, 1.6, 2.2]) + phase) * clip.sway
        scale = clip.face * width / (given.eye_distance * given.size[0]) * (1 + 0.015 * turn[0])
        angle = np.radians(1.2 * turn[1])
        turned = np.eye(3)  # about the eyes
        turned[:2, :2] = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * (-1 if mirrored else 1, 1)
        turned[:2, 2] = -turned[:2, :2] @ eyes
        nearer = np.eye(3)  # one half of the head is nearer to the camera
        nearer[2, :2] = 0.1 * turn[4:] / width
        placed = np.eye(3)
        placed[:2, 2] = width * (clip.place[0] + 0.01 * turn[2]), height * clip.place[1] + width * 0.008 * turn[3]
        seen = cv2.warpPerspective(rgb, placed @ nearer @ turned, clip.size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        seen = cv2.GaussianBlur(seen, (0, 0), clip.blur) if clip.blur else seen
        y, x = random.integers(0, 64, 2)
        yield cv2.add(cv2.LUT(seen, shades), grain[y : y + height, x : x + width])


def _mux_sound(file: Any, track: Any, sound: npt.NDArray[np.float32]) -> None:
    resampler = av.AudioResampler(format="fltp" if track.codec_context.name == "aac" else "s16", layout="mono", rate=44_100)
    given = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound[None], np.float32), format="fltp", layout="mono")
    given.sample_rate, given.pts, given.time_base = SOUND_RATE, 0, Fraction(1, SOUND_RATE)
    for part in [*resampler.resample(given), *resampler.resample(None)]:
        file.mux(track.encode(part))
    file.mux(track.encode(None))


def _options(codec: str) -> dict[str, str]:
    if codec == "libx265":
        return {"preset": "ultrafast", "crf": "26", "x265-params": "log-level=none:pools=2"}
    return {"preset": "ultrafast", "crf": "20"} if codec == "libx264" else {}


def _kept(home: Path, name: str, make: Any) -> Path:
    """A folder of the cache; filled under another name first, so that what is there is whole."""
    folder = home / name
    if not folder.is_dir():
        part = home / f"{name}.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        make(part)
        part.rename(folder)
    os.utime(folder)
    return folder


def _forget(home: Path, used: set[Path]) -> None:
    """Removes what no version of the code has used for a week."""
    newest = max(path.stat().st_mtime for path in used)
    for path in home.iterdir():
        if path.is_dir() and path not in used and newest - path.stat().st_mtime > 7 * 86_400:
            shutil.rmtree(path, ignore_errors=True)


def _product_key(who: str) -> str:
    """Changes with the core, the portrait, the recording and this file: what a performance depends on."""
    core = Path(__file__).resolve().parents[1] / "heygem_core"
    given = PORTRAITS[who]
    sources = [path for path in sorted(core.rglob("*")) if path.suffix in (".py", ".npy", ".safetensors", ".json")]
    return _digest(
        *(path.read_bytes() for path in sources),
        packaged(given.package, given.path).read_bytes(),
        packaged(*RECORDING).read_bytes(),
        _own_source(),
    )


def _own_source() -> bytes:
    return Path(__file__).read_bytes()


def _digest(*parts: bytes) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()[:16]
