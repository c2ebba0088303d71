"""Makes the elements of takes for FCPXML: a resource for the file, a clip that is connected above, a choice of an audition."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from heygem_core.media import timecode

from ..conform_types import FinishedTake
from ..grafting import first_second
from ..locate import name_of
from .export_model import file_url
from .fcpxml_reader import Reader, inner_element, lane_of, rate_of_format
from .fcpxml_writer import seconds_text
from .xml_safe import time_of

_MARKERS = ("marker", "chapter-marker", "rating", "keyword", "analysis-marker", "hidden-clip-marker")
_BEHIND_ANCHORS = (
    *_MARKERS,
    "audio-channel-source",
    "audio-role-source",
    "audio-source",
    "sync-source",
    "filter-video",
    "filter-video-mask",
)
BEHIND_ANCHORS = (*_BEHIND_ANCHORS, "filter-audio", "metadata", "reserved")  # what may follow what is connected to an element
_OF_SOUND = (
    "adjust-loudness",
    "adjust-noiseReduction",
    "adjust-humReduction",
    "adjust-EQ",
    "adjust-matchEQ",
    "adjust-voiceIsolation",
    "adjust-volume",
    "adjust-panner",
    "audio-channel-source",
    "filter-audio",
)
_OF_MEDIA = ("adjust-cinematic", "adjust-stabilization", "adjust-rollingShutter")  # worked out of the original file
HAS_MEDIA_REP, HAS_ASSET_CLIP = (1, 9), (1, 6)


ChoicesOf = Callable[[Element], tuple[list[Element], list[Element]]]
"""A clip of the document → the choices that it gets: those that show instead of it, and others."""


class TakeClips:
    """Makes the elements of one document; ids are new in it."""

    def __init__(self, root: Element, reader: Reader) -> None:
        self.choices_of: ChoicesOf = lambda _: ([], [])
        self._reader = reader
        self._version = version_of(root)
        self._used = {value for each in root.iter() if (value := each.get("id")) is not None}
        self._formats = [each for each in root.iter("format") if each.get("id")]
        self._assets: dict[str, str] = {}
        self.resources: list[Element] = []

    def above(self, take: FinishedTake, covered: Element, lane: int, offset: Fraction, into: Fraction) -> Element:
        """The take as a clip that is connected to another, on a lane above. into: second of the covered clip at which it begins."""
        placement = take.shot.placement
        local = first_second(take) + take.shot.offset_s
        clip = self._clip(take, local, Fraction(placement.record_duration) / placement.rate, offset, covered)
        clip.set("lane", str(lane))
        if not placement.baked:
            clip.extend(_looks(covered, local - self._reader.own_time(covered)[0] - into))
        self._mark(clip, {"take": take.take, "job": take.job, "of": take.shot.key})
        return clip

    def choice(self, take: FinishedTake, original: Element, active: Element) -> Element:
        """The take as a further choice of an audition: like the original in all but the file of its picture.

        active: the choice that shows so far, which has what is connected; it may be the original.
        """
        start, duration = self._reader.own_time(original)
        local = first_second(take) + take.shot.offset_s
        if original.tag == "clip":
            clip = self._container(take, original, start)
        else:
            clip = self._clip(take, local, duration, time_of(original.get("offset")), original)
            if original.get("offset") is None:
                del clip.attrib["offset"]
            clip.extend(self._behind(original, active, start, local))
        self._mark(clip, {"take": take.take, "job": take.job, "id": take.shot.key})
        return clip

    def _clip(self, take: FinishedTake, local: Fraction, duration: Fraction, offset: Fraction, covered: Element) -> Element:
        as_asset = self._version >= HAS_ASSET_CLIP
        attributes = {
            "ref": self._asset(take, covered),
            "name": covered.get("name") or name_of(take.path),
            "offset": seconds_text(offset),
            "start": seconds_text(local),
            "duration": seconds_text(duration),
        }
        clip = Element("asset-clip" if as_asset else "video", attributes)
        if as_asset and take.start_timecode is not None:
            clip.set("tcFormat", "DF" if timecode.is_drop(take.start_timecode) else "NDF")
        if covered.get("enabled") == "0":
            clip.set("enabled", "0")
        for name in ("videoRole",):
            if as_asset and covered.get(name):
                clip.set(name, covered.get(name, ""))
        return clip

    def _container(self, take: FinishedTake, original: Element, start: Fraction) -> Element:
        """A `clip` holds picture and sound side by side: the picture in it becomes the take, all else stays."""
        clip = self._copy(original, root=True)
        clip.attrib.pop("lane", None)
        picture = inner_element(clip)
        asset = self._reader.asset(picture)
        offset, local = start - take.shot.offset_s, first_second(take)
        begins = time_of(picture.get("start"), time_of(asset.get("start")) if asset is not None else Fraction(0))
        shift = local - offset - begins + time_of(picture.get("offset"))
        for each in picture:  # what is connected counts in the picture's own time
            if each.get("offset") is not None:
                each.set("offset", seconds_text(time_of(each.get("offset")) + shift))
        picture.set("ref", self._asset(take, original))
        picture.set("offset", seconds_text(offset))
        picture.set("start", seconds_text(local))
        picture.set("duration", seconds_text(take.frames / take.rate))
        for each in clip.findall("metadata"):
            clip.remove(each)
        self._rename(clip)
        return clip

    def _behind(self, original: Element, active: Element, start: Fraction, local: Fraction) -> Iterator[Element]:
        """What stands in the original, for the take: how it looks, what is connected to it, its markers, and its own sound, connected."""
        shift = local - start
        yield from (deepcopy(each) for each in original if each.tag == "note")
        looks = list(_looks(original, shift))
        yield from (each for each in looks if not each.tag.startswith("filter"))
        lanes = [0]
        begins = self._reader.own_time(active)[0]
        for each in active:
            if each.get("lane") is not None:
                copy = self._copy(each)
                copy.set("offset", seconds_text(time_of(each.get("offset"), begins) + local - begins))
                self._rename(copy)
                lanes.append(lane_of(each))
                yield copy
        sound = self._sound(original, start, local, min(lanes) - 1) if active is original else None  # else it is connected already
        if sound is not None:
            yield sound
        for each in original:
            if each.tag in _MARKERS:
                copy = deepcopy(each)
                if each.get("start") is not None:
                    copy.set("start", seconds_text(time_of(each.get("start")) + shift))
                yield copy
        yield from (each for each in looks if each.tag.startswith("filter"))

    def _copy(self, element: Element, *, root: bool = False) -> Element:
        """A copy of what is connected to a clip, in which clips that get choices have them too: which choice of the outer clip shows must
        not decide whether the takes of those show. root: of the clip itself, whose choice is being made."""
        if not isinstance(element.tag, str):
            return deepcopy(element)
        copy = Element(element.tag, dict(element.attrib))
        copy.text, copy.tail = element.text, element.tail
        for child in element:
            shown, others = self.choices_of(child) if element.tag == "audition" else ([], [])
            copy[:0] = shown
            copy.append(self._copy(child, root=element.tag == "audition"))
            copy.extend(others)
        shown, others = ([], []) if root else self.choices_of(element)
        if not shown and not others:
            return copy
        audition = Element("audition", {name: value for name in ("lane", "offset") if (value := element.get(name)) is not None})
        audition.tail, copy.tail = copy.tail, None
        audition.extend([*shown, copy, *others])
        return audition

    def _sound(self, original: Element, start: Fraction, local: Fraction, lane: int) -> Element | None:
        """The original's own sound as a clip that is connected to the take; None = it has none that is heard."""
        if original.tag != "asset-clip" or original.get("srcEnable", "all") == "video":
            return None
        if not self._reader.holds(original)[1]:
            return None
        begins = time_of(original.get("audioStart"), start)
        sound = Element("asset-clip", {name: value for name, value in original.attrib.items() if name in _SOUND_ATTRIBUTES})
        sound.set("lane", str(lane))
        sound.set("offset", seconds_text(local + begins - start))
        sound.set("start", seconds_text(begins))
        sound.set("duration", original.get("audioDuration") or seconds_text(self._reader.own_time(original)[1]))
        sound.set("srcEnable", "audio")
        sound.extend(deepcopy(each) for each in original if each.tag in ("conform-rate", *_OF_SOUND))
        return sound

    def _asset(self, take: FinishedTake, covered: Element) -> str:
        if take.take in self._assets:
            return self._assets[take.take]
        format = self._format(take, covered)
        asset = Element("asset", id=self._id("r"), name=name_of(take.path), start=seconds_text(first_second(take)))
        asset.set("duration", seconds_text(take.frames / take.rate))
        asset.set("hasVideo", "1")
        asset.set("format", format)
        if self._version >= HAS_MEDIA_REP:
            asset.set("videoSources", "1")
            SubElement(asset, "media-rep", kind="original-media", src=file_url(take.path))
        else:
            asset.set("src", file_url(take.path))
        self._assets[take.take] = asset.get("id", "")
        self.resources.append(asset)
        return self._assets[take.take]

    def _format(self, take: FinishedTake, covered: Element) -> str:
        """The original's format where the take has its rate, as it has its size; else one of that rate."""
        asset = self._reader.asset(inner_element(covered))
        own = asset.get("format") if asset is not None else None
        fitting = [each.get("id", "") for each in self._formats if rate_of_format(each) == take.rate]
        if own in fitting:
            return str(own)
        unsized = next((each.get("id", "") for each in self._formats if rate_of_format(each) == take.rate and not each.get("width")), None)
        if unsized is not None and not take.shot.placement.baked:
            return unsized
        if take.shot.placement.baked and fitting:
            return fitting[0]
        made = Element("format", id=self._id("r"), frameDuration=f"{take.rate.denominator}/{take.rate.numerator}s")
        self._formats.append(made)
        self.resources.append(made)
        return made.get("id", "")

    def _rename(self, copy: Element) -> None:
        """Gives the text styles of a copy ids of their own: an id may stand once in a document."""
        new = {}
        for each in copy.iter("text-style-def"):
            new[each.get("id", "")] = renamed = self._id("ts")
            each.set("id", renamed)
        for each in copy.iter("text-style"):
            if each.get("ref") in new:
                each.set("ref", new[each.get("ref", "")])

    def _mark(self, clip: Element, marks: dict[str, str | None]) -> None:
        if clip.tag == "video":  # in versions that know no asset-clip: it has no metadata
            note = clip.find("note")
            if note is None:
                note = Element("note")
                clip.insert(0, note)
            line = "heygem " + " ".join(f"{name}={value}" for name, value in marks.items() if value is not None)
            note.text = f"{note.text}\n{line}" if note.text else line
            return
        metadata = SubElement(clip, "metadata")
        for name, value in marks.items():
            if value is not None:
                SubElement(metadata, "md", key=f"com.heygem.{name}", value=value)

    def _id(self, kind: str) -> str:
        number = len(self._used) + 1
        while (key := f"{kind}{number}") in self._used:
            number += 1
        self._used.add(key)
        return key


_SOUND_ATTRIBUTES = ("ref", "name", "format", "tcFormat", "audioRole", "enabled")


def _looks(covered: Element, shift: Fraction) -> Iterator[Element]:
    """How a clip looks, without its speed: a take plays at its own. Keyframes count in the clip's time, and are moved by `shift`."""
    for each in covered:
        tag = each.tag if isinstance(each.tag, str) else ""
        adjusts = tag.startswith("adjust-") and tag not in (*_OF_SOUND, *_OF_MEDIA)
        if not (adjusts or tag in ("filter-video", "filter-video-mask", "conform-rate")):
            continue
        copy = deepcopy(each)
        for key in copy.iter("keyframe"):
            if key.get("time"):
                key.set("time", seconds_text(time_of(key.get("time")) + shift))
        yield copy


def version_of(root: Element) -> tuple[int, ...]:
    """Of a document."""
    parts = root.get("version", "").split(".")
    return tuple(int(each) if each.isdecimal() and len(each) < 4 else 0 for each in parts)
