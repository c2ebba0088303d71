"""Wav2Lip as a model of mouths: where it looks, what it hears, and how both are put before the network."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...face.mesh import CHIN_TIP
from ..base import Needs, PlanArrays, PlanContext
from ..neural.mouth_model import MouthNetwork, Mouths, Task

if TYPE_CHECKING:
    import torch

WEIGHTS = ("wav2lip-gan", "wav2lip")  # ids of the catalogue: either will do
SIZE = 96  # side of its crops, pixels
_HEARD = 16  # columns of mel at one frame
_TOP = 0.12  # of the mesh's height: there the boxes begin that it was trained on
_CHIN = 0.04  # of the mesh's height below the chin: so much was added to them


@dataclass(frozen=True, slots=True, kw_only=True)
class Wav2LipOptions:
    """Where this engine departs from the published program, with the better way as the default."""

    lead_s: float = 0.04  # the program hears so much later than in training, so that its lips lead
    references: bool = True  # another frame shows the person to the network; the program shows the frame's own mouth


AS_PUBLISHED = Wav2LipOptions(lead_s=0.0, references=False)


class Wav2LipModel:
    """The published network, in either of its trainings."""

    name = "wav2lip"
    version = 1
    size = SIZE
    block = 16
    reach = 0
    splits = True
    bytes_per_frame = 48 << 20

    def __init__(self, options: Wav2LipOptions | None = None) -> None:
        self.options = options or Wav2LipOptions()

    @property
    def needs(self) -> Needs:
        return Needs(models=(WEIGHTS,))

    @property
    def uses_references(self) -> bool:
        return self.options.references

    def crops(self, points: NDArray[np.float32]) -> NDArray[np.float64]:
        """The box that its detector would give, from above the brows to below the chin."""
        from ..neural.crops import box_matrices

        left, top = (points[..., axis].min(1) for axis in (0, 1))
        right, bottom = (points[..., axis].max(1) for axis in (0, 1))
        height = bottom - top
        boxes = np.stack([left, top + _TOP * height, right, points[:, CHIN_TIP, 1] + _CHIN * height], 1)
        return box_matrices(boxes.astype(np.float64), SIZE)

    def write(self, context: PlanContext) -> None:
        """mel.npy (n, 16, 80) float32: the columns that are heard at each frame."""
        from ..neural.windows import features_of_speech, first_rows, windows_of
        from .mel import MEL_VERSION, RATE, SILENCE, mel_columns

        mel = features_of_speech(context, "wav2lip", MEL_VERSION, mel_columns)
        first = first_rows(context.speech_times, RATE, self.options.lead_s)
        np.save(context.folder / "mel.npy", windows_of(mel, first, _HEARD, SILENCE))

    def digest(self, plan: PlanArrays, start: int, end_exclusive: int) -> bytes:
        heard = np.ascontiguousarray(plan.array("mel")[start:end_exclusive])
        return blake2b(heard.tobytes() + repr(self.options).encode(), digest_size=16).digest()

    def load(self, device: torch.device) -> MouthNetwork:
        from ...weights.digests import files_of
        from ...weights.loading import load_strictly
        from .network import Wav2Lip, for_inference

        (path,) = files_of(self.needs.models)
        return Wav2LipNetwork(for_inference(load_strictly(Wav2Lip(), path)), device)


class Wav2LipNetwork:
    """The network on a device."""

    def __init__(self, network: torch.nn.Module, device: torch.device) -> None:
        from ..neural.batches import precision_of

        self._type, self._device = precision_of(device), device
        self._network = network.to(device, self._type)

    def generate(self, plan: PlanArrays, task: Task) -> Mouths:
        """All rows of the task at once."""
        import torch

        heard = torch.from_numpy(plan.array("mel")[task.rows]).transpose(1, 2)[:, None]
        masked = task.crops.flip(1).clone()
        masked[:, :, SIZE // 2 :] = 0
        faces = torch.cat([masked, task.references.flip(1)], 1)
        made = self._network(heard.to(self._device, self._type), faces.to(self._type))
        return Mouths(made.float().flip(1))
