"""Lays the lines of a cue sheet under Final Cut Pro 7 XML as tracks of sound; the document that was read stays as it was."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import count
from xml.etree.ElementTree import Element, SubElement

from heygem_core.messages import words

from ..conform_types import Cue
from ..errors import UnreadableTimeline
from ..exact_time import round_half_up
from ..locate import name_of
from .export_model import file_url
from .fcp7_reader import comment_of, main_sequence, rate_of
from .fcp7_writer import rate_element, text_element
from .line_tracks import Line, is_kept, line_tracks
from .xml_edits import XmlEdits, edits_of
from .xml_safe import text_of


def lay_fcp7(data: bytes, cues: Sequence[Cue], kept: Sequence[str], _rate: Fraction | None) -> tuple[bytes, list[str]]:
    """(the document with the lines, what should be known). Raises: UnreadableTimeline."""
    edits = edits_of(data, "xmeml")
    sequence = main_sequence(edits.root)
    media, rate = sequence.find("media"), rate_of(sequence)
    if media is None or rate is None:
        raise UnreadableTimeline("fcp7.no-rate")
    audio = media.find("audio")
    tracks = [] if audio is None else audio.findall("track")
    others = []
    for track in tracks:
        if _is_ours(track):
            edits.remove(track)
        else:
            others.append(track)
    notices = _switch_off(others, kept, edits)
    clips = _Clips(edits.root, rate)
    laid = [(track.name, track.lines(rate)) for track in line_tracks(cues, rate)]
    made = [clips.track(name, lines) for name, lines in laid]
    if audio is None:
        new = Element("audio")
        new.extend(made)
        edits.add(media, new)
    else:
        children = list(audio)
        place = children.index(tracks[-1]) + 1 if tracks else len(children)
        for each in made:
            edits.add(audio, each, children[place] if place < len(children) else None)
    moved = sum(line.moved for _, lines in laid for line in lines)
    return edits.result(), notices + ([words("cues.on-frames", count=moved)] if moved else [])


def _is_ours(track: Element) -> bool:
    clips = track.findall("clipitem")
    return bool(clips) and all(comment_of(each, "cue") for each in clips)


def _switch_off(tracks: list[Element], kept: Sequence[str], edits: XmlEdits) -> list[str]:
    if not kept:
        return [words("cues.old-dialogue")] if tracks else []
    for number, track in enumerate(tracks, 1):
        if is_kept((track.get("MZ.TrackName", ""), text_of(track, "name")), number, kept):
            continue
        enabled = track.find("enabled")
        if enabled is not None:
            edits.set_text(enabled, "FALSE")
        else:
            new = Element("enabled")
            new.text = "FALSE"
            edits.add(track, new, next(iter(track.findall("locked")), None))
    return []


class _Clips:
    """Makes the clips of lines; ids are new in the document, and each file has one."""

    def __init__(self, root: Element, rate: Fraction) -> None:
        self._rate = rate
        self._used = {value for each in root.iter() if (value := each.get("id")) is not None}
        self._numbers = count(1)
        self._files: dict[str, str] = {}

    def track(self, name: str, lines: list[Line]) -> Element:
        track = Element("track", {"MZ.TrackName": name})
        track.extend(map(self._clip, lines))
        text_element(track, "enabled", "TRUE")
        text_element(track, "locked", "FALSE")
        return track

    def _clip(self, line: Line) -> Element:
        cue, first = line.cue, round_half_up(line.source * self._rate)
        item = Element("clipitem", id=self._id("clipitem"))
        text_element(item, "name", name_of(cue.file))
        text_element(item, "enabled", "TRUE")
        rate_element(item, self._rate)
        for name, value in (("start", line.start), ("end", line.end), ("in", first), ("out", first + line.end - line.start)):
            text_element(item, name, value)
        self._file(item, cue)
        source = SubElement(item, "sourcetrack")
        text_element(source, "mediatype", "audio")
        text_element(source, "trackindex", 1)
        text_element(SubElement(item, "comments"), "mastercomment4", f"heygem cue={'_'.join(cue.number.split()) or '-'}")
        return item

    def _file(self, item: Element, cue: Cue) -> None:
        known = self._files.get(cue.file)
        if known is not None:
            SubElement(item, "file", id=known)
            return
        self._files[cue.file] = key = self._id("file")
        file = SubElement(item, "file", id=key)
        text_element(file, "name", name_of(cue.file))
        text_element(file, "pathurl", file_url(cue.file))
        rate_element(file, self._rate)
        if cue.file_s is not None:
            text_element(file, "duration", int(cue.file_s * self._rate))
        SubElement(SubElement(file, "media"), "audio")

    def _id(self, kind: str) -> str:
        while (key := f"{kind}-heygem-line-{next(self._numbers)}") in self._used:
            pass
        return key
