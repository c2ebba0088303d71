"""A fragment of FCPXML's document type, written from its documentation: which children an element may have, in which order."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

_CLIPS = "asset-clip|clip|video|audio|title|ref-clip|sync-clip|mc-clip|gap|audition|spine|caption"
_LOOKS = "".join(f"({tag} )?" for tag in ("adjust-crop", "adjust-corners", "adjust-conform", "adjust-transform", "adjust-blend"))
_LOOKS += "".join(f"({tag} )?" for tag in ("adjust-stabilization", "adjust-rollingShutter", "adjust-360-transform", "adjust-colorConform"))
_SOUND = "(adjust-loudness )?(adjust-noiseReduction )?(adjust-volume )?(adjust-panner )*"
_MARKS = "((marker|chapter-marker|rating|keyword|analysis-marker) )*"
_EFFECTS = "(audio-channel-source )*(filter-video )*(filter-audio )*(metadata )?"
_TIMING = "(conform-rate )?(timeMap )?"
_CONTENT = {
    "fcpxml": "(import-options )?(resources )?(library |event |project )*",
    "resources": "((asset|effect|format|media) )*",
    "asset": "(media-rep )*(bookmark )?(metadata )?",
    "sequence": "(note )?(spine )(metadata )?|(spine )(note )?(metadata )?",
    "spine": f"((transition|{_CLIPS}) )*",
    "audition": "((asset-clip|clip|video|audio|title|ref-clip|sync-clip|mc-clip) )+",
    "asset-clip": f"(note )?{_TIMING}{_LOOKS}{_SOUND}(({_CLIPS}) )*{_MARKS}{_EFFECTS}",
    "clip": f"(note )?{_TIMING}{_LOOKS}{_SOUND}(({_CLIPS}) )*{_MARKS}{_EFFECTS}",
    "video": f"(param )*(note )?{_TIMING}{_LOOKS}(({_CLIPS}) )*{_MARKS}(filter-video )*",
    "gap": f"(note )?(({_CLIPS}) )*{_MARKS}(metadata )?",
}


def misplaced(document: bytes) -> list[str]:
    """Elements whose children stand in an order that the document type does not allow."""
    root = ElementTree.fromstring(document)
    found = ((each.tag, "".join(f"{child.tag} " for child in each if not child.tag.startswith("{"))) for each in root.iter())
    return [f"{tag}: {children}" for tag, children in found if tag in _CONTENT and not re.fullmatch(_CONTENT[tag], children)]


def repeated_ids(document: bytes) -> list[str]:
    ids = [each.get("id") for each in ElementTree.fromstring(document).iter() if each.get("id") is not None]
    return sorted({str(each) for each in ids if ids.count(each) > 1})
