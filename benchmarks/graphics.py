"""Measures how fast each engine draws on this machine's graphics card, and how much of its memory it takes.

    python -m benchmarks.graphics ../shared/clips/man_1080x1920_30fps.mp4 [--engines mesh,wav2lip,musetalk,latentsync] [--frames 48]

Networks get made-up weights of their real sizes, since speed does not depend on them: no model has to be fetched, and nothing that is drawn
is to be looked at. Frames count from the picture in the source to the finished picture; decoding runs beside it, encoding is left out.
Each engine draws its first block before the clock starts. Without a graphics card it says so and measures nothing, unless --device cpu is
given.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from heygem_core.engines.diffusion.motion import latentsync_unet
from heygem_core.engines.diffusion.networks import autoencoder, built_empty, musetalk_unet, whisper_encoder
from heygem_core.engines.neural import engine as neural
from heygem_core.engines.registry import ENGINES
from heygem_core.engines.wav2lip.network import Wav2Lip
from heygem_core.planning.plan import make_plan
from heygem_core.rendering.frames import draw_frames
from heygem_core.shot import RenderSettings, Shot
from heygem_core.storage.cache import Cache

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "wav2lip-gan": Wav2Lip,
    "musetalk-1.5": musetalk_unet,
    "latentsync-1.6": latentsync_unet,
    "latentsync-1.5": latentsync_unet,
    "sd-vae-ft-mse": autoencoder,
    "whisper-tiny": whisper_encoder,
}
ENGINE_MODELS = {  # row of the table → the engine, and the models that it finds
    "mesh": ("mesh", ()),
    "wav2lip": ("wav2lip", ("wav2lip-gan",)),
    "musetalk": ("musetalk", ("musetalk-1.5", "sd-vae-ft-mse", "whisper-tiny")),
    "latentsync-1.5": ("latentsync", ("latentsync-1.5", "sd-vae-ft-mse", "whisper-tiny")),
    "latentsync-1.6": ("latentsync", ("latentsync-1.6", "sd-vae-ft-mse", "whisper-tiny")),
}


def made_up_weights(model: str, folder: Path) -> None:
    """Writes a model's file in half precision, its numbers drawn at random and small enough to keep signals finite."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, value in built_empty(NETWORKS[model]).state_dict().items():
        if not value.is_floating_point():
            state[name] = torch.zeros(value.shape, dtype=value.dtype)
            continue
        drawn = torch.randn(value.shape, generator=generator) * (0.5 / max(1, value[0].numel() if value.ndim > 1 else 1) ** 0.5)
        state[name] = (
            1 + 0.1 * drawn if value.ndim == 1 and name.endswith("weight") else drawn.abs() if "running_var" in name else drawn
        ).half()
    (folder / model).mkdir()
    save_file(state, folder / model / "model.safetensors")


def planned(row: str, clip: Path, speech: Path, device: torch.device, cache: Cache) -> Any:
    """The plan of a shot by an engine."""
    engine, _ = ENGINE_MODELS[row]
    settings = RenderSettings(engine=engine, device=device.type, fit="hold", motion="mel")
    work = make_plan(Shot(video=str(clip), speech=str(speech)), settings, cache)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def measured(row: str, clip: Path, speech: Path, device: torch.device, frames: int, cache: Cache) -> dict[str, float | str]:
    """Seconds until the first block is drawn, then frames a second and the most memory of the card."""
    neural._LOADED.clear()
    plan = planned(row, clip, speech, device, cache)
    block = ENGINES.get(ENGINE_MODELS[row][0]).block
    total = len(plan.array("frames"))
    _memory_from_here(device)
    drawing = draw_frames(plan, 0, min(total, block + frames), device)
    began = time.perf_counter()
    _take(drawing, min(block, total))
    _finish(device)
    first_s = time.perf_counter() - began
    began = time.perf_counter()
    count = _take(drawing, frames)
    _finish(device)
    seconds = time.perf_counter() - began
    return {
        "engine": row,
        "first block, s": first_s,
        "frames": count,
        "frames/s": count / seconds if count else 0.0,
        "peak memory, GB": _peak_memory(device),
    }


def _take(drawing: Iterator[Any], count: int) -> int:
    taken = 0
    while taken < count and next(drawing, None) is not None:
        taken += 1
    return taken


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _memory_from_here(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def _peak_memory(device: torch.device) -> float:
    return torch.cuda.max_memory_allocated(device) / 1e9 if device.type == "cuda" else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--speech", type=Path, help="the clip's own where none is given")
    parser.add_argument("--engines", default=",".join(ENGINE_MODELS), help=f"of {', '.join(ENGINE_MODELS)}")
    parser.add_argument("--frames", type=int, default=48, help="that are measured, behind the first block")
    parser.add_argument("--device", default="cuda", choices=("cuda", "mps", "cpu"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.exit("No graphics card is at hand here, so nothing was measured. With --device cpu the processor is.")
    device = torch.device(options.device)
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for row in options.engines.split(","):
            folder = Path(scratch) / row
            folder.mkdir()
            for model in ENGINE_MODELS[row][1]:
                made_up_weights(model, folder)
            os.environ["HEYGEM_MODELS"] = str(folder)
            rows.append(measured(row, options.clip, options.speech or options.clip, device, options.frames, Cache(Path(scratch) / "cache")))
            if not options.json:
                print(
                    "  ".join(f"{name} {value:.3g}" if isinstance(value, float) else f"{value!s:>15}" for name, value in rows[-1].items()),
                    flush=True,
                )
    if options.json:
        print(json.dumps({"device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type, "rows": rows}))


if __name__ == "__main__":
    main()
