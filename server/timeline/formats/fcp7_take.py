"""Makes the elements of takes for Final Cut Pro 7 XML: a clip with its file, and parts of the clips beside it for dissolves."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from fractions import Fraction
from itertools import count
from xml.etree.ElementTree import Element, SubElement

from heygem_core.media import timecode

from ..conform_types import FinishedTake
from ..exact_time import round_half_up
from ..grafting import first_frame
from ..locate import name_of
from .export_model import file_url
from .fcp7_reader import rate_of
from .fcp7_writer import file_timecode, rate_element, text_element
from .xml_safe import number_of

_BEFORE_FILE = ("pixelaspectratio", "anamorphic")  # what a take takes over of the clip that it covers, in the order of the format
_BEHIND_FILE = ("compositemode", "colorinfo", "labels")


class TakeClips:
    """Makes the clips of one document; ids are new in it, and each take has one file."""

    def __init__(self, root: Element, rate: Fraction) -> None:
        self._rate = rate  # of the sequence
        self._files = {each.get("id", ""): each for each in root.iter("file") if len(each)}
        self._used = {value for each in root.iter() if (value := each.get("id")) is not None}
        self._numbers = count(1)
        self._written: dict[str, str] = {}  # take → id of its file

    def of_take(self, take: FinishedTake, covered: Element | None, start: int, end: int, *, fades_in: bool, fades_out: bool) -> Element:
        """The take on frames `start` to `end` of the sequence, dissolves included, as the clip that it covers looks."""
        placement = take.shot.placement
        first = round_half_up((take.shot.offset_s + (start - placement.record_start) / self._rate) * take.rate)
        item = Element("clipitem", id=self._id("clipitem"))
        text_element(item, "masterclipid", self._id("masterclip"))
        text_element(item, "name", name_of(take.path))
        text_element(item, "enabled", "TRUE")
        text_element(item, "duration", take.frames)
        rate_element(item, take.rate)
        text_element(item, "start", -1 if fades_in else start)
        text_element(item, "end", -1 if fades_out else end)
        text_element(item, "in", first)
        text_element(item, "out", first + round_half_up((end - start) / self._rate * take.rate))
        if take.settings.get("kind") == "patch":
            text_element(item, "alphatype", "straight")
        looks = covered if covered is not None and not placement.baked else Element("clipitem")  # else they are in the picture already
        item.extend(deepcopy(each) for each in looks if each.tag in _BEFORE_FILE)
        self._file(item, take, looks)
        item.extend(_filters(looks, item, self._rate))
        text_element(SubElement(item, "comments"), "mastercomment4", _marks(take))
        item.extend(deepcopy(each) for each in looks if each.tag in _BEHIND_FILE)
        return item

    def part_of(self, clip: Element, take: FinishedTake, whole: tuple[int, int], start: int, end: int, *, fades_in: bool) -> Element:
        """The part of a neighbour that a dissolve from or to a take shows. whole: frames of the sequence that all of it takes."""
        part = deepcopy(clip)
        part.set("id", self._id("clipitem"))
        for name in ("link", "marker", "comments", "pproTicksIn", "pproTicksOut"):
            for each in part.findall(name):
                part.remove(each)
        first, last = number_of(clip, "in") or Fraction(0), number_of(clip, "out") or Fraction(0)
        step = (last - first) / max(whole[1] - whole[0], 1)
        values = {
            "start": -1 if fades_in else start,
            "end": end if fades_in else -1,
            "in": round_half_up(first + (start - whole[0]) * step),
            "out": round_half_up(first + (end - whole[0]) * step),
        }
        for name, value in values.items():
            found = part.find(name)
            (SubElement(part, name) if found is None else found).text = str(value)
        for each in part.findall("file"):  # complete at its first mention
            part.insert(list(part).index(each), Element("file", id=each.get("id", "")))
            part.remove(each)
        text_element(SubElement(part, "comments"), "mastercomment4", _marks(take) + " part=dissolve")
        return part

    def _file(self, item: Element, take: FinishedTake, looks: Element) -> None:
        if take.take in self._written:
            SubElement(item, "file", id=self._written[take.take])
            return
        self._written[take.take] = key = self._id("file")
        file = SubElement(item, "file", id=key)
        text_element(file, "name", name_of(take.path))
        text_element(file, "pathurl", file_url(take.path))
        rate_element(file, take.rate)
        text_element(file, "duration", take.frames)
        begins = first_frame(take)
        if begins is not None:
            file_timecode(file, begins, take.rate, drop=timecode.is_drop(take.start_timecode or ""))
        video = SubElement(SubElement(file, "media"), "video")
        original = looks.find("file")
        whole = self._files.get(original.get("id", ""), original) if original is not None else None
        video.extend(deepcopy(each) for each in (whole.findall("media/video/samplecharacteristics") if whole is not None else ()))

    def _id(self, kind: str) -> str:
        while (key := f"{kind}-heygem-{next(self._numbers)}") in self._used:
            pass
        return key


def _filters(looks: Element, item: Element, rate: Fraction) -> Iterator[Element]:
    """The effects of the covered clip but its speed. Their keyframes count in frames of the file, and a take is another file."""
    clip_rate, take_rate = rate_of(looks) or rate, rate_of(item) or rate
    begins, first = number_of(looks, "in") or Fraction(0), number_of(item, "in") or Fraction(0)
    for each in looks.findall("filter"):
        if any((effect.findtext("effectid") or "").strip() == "timeremap" for effect in each.iter("effect")):
            continue
        copy = deepcopy(each)
        for when in copy.iter("when"):
            at = number_of(when, ".")
            if at is not None:
                when.text = str(round_half_up((at - begins) / clip_rate * take_rate + first))
        yield copy


def _marks(take: FinishedTake) -> str:
    named = {"take": take.take, "job": take.job, "of": take.shot.key}
    return "heygem " + " ".join(f"{name}={value}" for name, value in named.items() if value)
