"""The names of the face trackers, for the vocabulary: `tracker_registry` gives the trackers themselves."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta

from ..registry import Names

TRACKER_NAMES = Names(
    "heygem.trackers",
    called="thing.tracker",
    own={
        "mediapipe": "heygem_core.face.mediapipe_mesh:TRACKER",
        "face-landmarker": "heygem_core.face.face_landmarker:TRACKER",
        "face-alignment": "heygem_core.face.face_alignment_68:TRACKER",
    },
)

TrackerName: TypeAlias = Annotated[str, Meta(extra_json_schema=TRACKER_NAMES.json_schema)]
"""A name in `TRACKER_NAMES`. Decoding takes any text: whoever uses it looks it up, which says what there is."""
