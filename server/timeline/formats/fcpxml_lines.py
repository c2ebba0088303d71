"""Lays the lines of a cue sheet under FCPXML, connected below with a role of their own; the document that was read stays as it was."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from heygem_core.messages import words

from ..conform_types import Cue
from ..errors import UnreadableTimeline
from ..flatten import kind_of
from ..locate import name_of
from .export_model import file_url
from .fcpxml_reader import Reader, Story, own_metadata, read_tree
from .fcpxml_take import BEHIND_ANCHORS, HAS_ASSET_CLIP, HAS_MEDIA_REP, version_of
from .fcpxml_writer import seconds_text
from .line_tracks import is_kept, line_tracks
from .xml_edits import XmlEdits, edits_of

_MARK = "heygem cue="  # in the note of an element that has no metadata
_NESTS = ("ref-clip", "sync-clip", "mc-clip")


def lay_fcpxml(data: bytes, cues: Sequence[Cue], kept: Sequence[str], rate: Fraction | None) -> tuple[bytes, list[str]]:
    """(the document with the lines, what should be known). Raises: UnreadableTimeline."""
    edits = edits_of(data, "fcpxml")
    timeline, reader = read_tree(edits.root, rate, {})
    sequence = edits.root.find(".//project/sequence")
    assert sequence is not None  # it was read
    ours = dict.fromkeys(each for each in sequence.iter() if _is_ours(each))
    notices = _switch_off(sequence, ours, _roles(timeline), kept, reader, edits)
    _remove(ours, edits)
    lines = _Lines(edits.root, reader)
    auditions = {choice: audition for audition in edits.root.iter("audition") for choice in audition}
    lane, behind = min(reader.lowest, 0), dict[Element, Element | None]()
    for number, track in enumerate(line_tracks(cues), 1):
        for cue in track.cues:
            story = _story_at(reader.story, cue.start)
            audition = auditions.get(story.element)
            for target in [story.element] if audition is None else [each for each in audition if isinstance(each.tag, str)]:
                at = reader.own_time(target)[0] + cue.start - story.start
                if target not in behind:
                    behind[target] = next((each for each in target if each.tag in BEHIND_ANCHORS and each not in ours), None)
                edits.add(target, lines.clip(cue, track.name, lane - number, at), behind[target])
    resources = edits.root.find("resources")
    if resources is None:
        raise UnreadableTimeline("fcpxml.no-rate")
    for made in lines.resources:
        edits.add(resources, made)
    return edits.result(), notices


def _is_ours(element: Element) -> bool:
    return "cue" in own_metadata(element) or (element.findtext("note") or "").startswith(_MARK)


def _remove(ours: Collection[Element], edits: XmlEdits) -> None:
    """The lines of an earlier sheet, and files that nothing else names."""
    for each in ours:
        edits.remove(each)
    named = {each.get("ref") for each in edits.root.iter() if each not in ours}
    gone = {each.get("ref") for each in ours} - named
    for asset in edits.root.iter("asset"):
        if asset.get("id") in gone:
            edits.remove(asset)


def _roles(timeline: object) -> list[str]:
    """The roles of the tracks of sound, in the order in which people count them."""
    return [track.name for track in timeline.tracks if kind_of(track) == "sound"]  # type: ignore[attr-defined]


def _switch_off(
    sequence: Element, ours: Collection[Element], roles: list[str], kept: Sequence[str], reader: Reader, edits: XmlEdits
) -> list[str]:
    if not kept:
        return [words("cues.old-dialogue")] if roles else []
    stay = {role for number, role in enumerate(roles, 1) if is_kept((role, role.partition(".")[0]), number, kept)}
    nests = []
    for element, role in _sounds(sequence, reader):
        if element in ours or role in stay:
            continue
        if element.tag in _NESTS:
            nests.append(element.get("name", element.tag))
        elif element.tag == "asset-clip" and reader.holds(element)[0] and element.get("srcEnable") != "audio":
            edits.set_attribute(element, "srcEnable", "video")
        else:
            edits.set_attribute(element, "enabled", "0")
    return [words("cues.nests-sound", clips=list(dict.fromkeys(nests)))] if nests else []


def _sounds(sequence: Element, reader: Reader) -> Iterator[tuple[Element, str]]:
    """(element that plays sound, its role) of a sequence; nests are not looked into."""
    for element in sequence.iter():
        if element.tag == "audio":
            yield element, element.get("role") or "dialogue"
        elif element.tag == "asset-clip" and reader.holds(element)[1] and element.get("srcEnable") != "video":
            yield element, element.get("audioRole") or "dialogue"
        elif element.tag in _NESTS and element.get("srcEnable") != "video":
            yield element, ""


class _Lines:
    """Makes the clips of lines; ids are new in the document, and each file has one."""

    def __init__(self, root: Element, reader: Reader) -> None:
        self._as_asset, self._as_rep = version_of(root) >= HAS_ASSET_CLIP, version_of(root) >= HAS_MEDIA_REP
        self._used = {value for each in root.iter() if (value := each.get("id")) is not None}
        self._assets: dict[str, str] = {}
        self.resources: list[Element] = []

    def clip(self, cue: Cue, role: str, lane: int, offset: Fraction) -> Element:
        attributes = {
            "ref": self._asset(cue),
            "lane": str(lane),
            "name": name_of(cue.file),
            "offset": seconds_text(offset),
            "start": seconds_text((cue.file_start_s or 0) + cue.source),
            "duration": seconds_text((cue.end or cue.start) - cue.start),
        }
        clip = Element("asset-clip" if self._as_asset else "audio", attributes)
        clip.set("audioRole" if self._as_asset else "role", role)
        if self._as_asset:
            SubElement(SubElement(clip, "metadata"), "md", key="com.heygem.cue", value=cue.number)
        else:
            SubElement(clip, "note").text = _MARK + cue.number
        return clip

    def _asset(self, cue: Cue) -> str:
        if cue.file not in self._assets:
            number = len(self._used) + 1
            while (key := f"r{number}") in self._used:
                number += 1
            self._used.add(key)
            self._assets[cue.file] = key
            asset = Element("asset", id=key, name=name_of(cue.file), start=seconds_text(cue.file_start_s or Fraction(0)))
            if cue.file_s is not None:
                asset.set("duration", seconds_text(cue.file_s))
            asset.set("hasAudio", "1")
            asset.set("audioSources", "1")
            if self._as_rep:
                SubElement(asset, "media-rep", kind="original-media", src=file_url(cue.file))
            else:
                asset.set("src", file_url(cue.file))
            self.resources.append(asset)
        return self._assets[cue.file]


def _story_at(story: list[Story], second: Fraction) -> Story:
    """What of the main storyline lies there; behind its end, the last. Raises: UnreadableTimeline — it is empty."""
    if not story:
        raise UnreadableTimeline("fcpxml.no-story")
    return story[max(bisect_right(story, second, key=lambda each: each.start) - 1, 0)]
