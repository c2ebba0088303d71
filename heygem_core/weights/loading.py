"""Puts a model's file into a network, with every tensor accounted for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from ..errors import MissingWeights

if TYPE_CHECKING:
    from torch import Tensor, nn

    _Network = TypeVar("_Network", bound=nn.Module)

_COUNTER = ".num_batches_tracked"  # of batch normalisation, which files from before torch 0.4.1 have not; nothing drawn depends on it

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]
"""Tensors by name, as their sizes."""


def load_strictly(network: _Network, path: Path, rename: Callable[[dict[str, Tensor]], dict[str, Tensor]] | None = None) -> _Network:
    """The network itself, with the tensors of a safetensors file, for inference (no gradients, `eval`).

    rename: makes the network's names of the file's, for networks whose parts are named otherwise; it may drop tensors.
    A network that was built on torch's meta device gets the file's tensors, of the file's precision and mapped from the disk.
    Raises: MissingWeights — no such file, not safetensors, or a tensor too many, too few or of other sizes.
    """
    import torch

    state = read_tensors(path)
    if rename is not None:
        state = rename(state)
    wanted = network.state_dict()
    misfit = misfit_of(shapes_of(wanted), shapes_of(state), path.name)
    if misfit is not None:
        raise misfit
    known = {name: value for name, value in wanted.items() if not value.is_meta}
    state = {name: value.to(known[name].dtype) if name in known else value for name, value in state.items()}
    state |= {name: torch.zeros((), dtype=torch.long) for name in wanted if name not in state}  # counters alone: see `misfit_of`
    network.load_state_dict(state, strict=True, assign=True)
    return network.eval().requires_grad_(False)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file, mapped from the disk. Raises: MissingWeights."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except FileNotFoundError as error:
        raise MissingWeights("weights.no-file", path=path) from error
    except (OSError, ValueError, SafetensorError) as error:
        raise MissingWeights("weights.unreadable", file=path.name, folder=path.parent, why=" ".join(str(error).split())[:120]) from error


def shapes_of(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in state.items()}


def misfit_of(wanted: Shapes, found: Shapes, file: str) -> MissingWeights | None:
    """Why tensors do not fit a network, as an error to raise; None = they do."""
    lacking = [name for name in wanted if name not in found and not name.endswith(_COUNTER)]
    further = [name for name in found if name not in wanted]
    other = [name for name in wanted if name in found and tuple(wanted[name]) != tuple(found[name])]
    if lacking:
        return MissingWeights("weights.tensor-missing", file=file, tensor=lacking[0], count=len(lacking), of=len(wanted))
    if further:
        return MissingWeights("weights.tensor-too-many", file=file, tensor=further[0][:200], count=len(further))
    if other:
        name = other[0]
        return MissingWeights("weights.tensor-size", file=file, tensor=name, found=_size(found[name]), wanted=_size(wanted[name]))
    return None


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "1"
