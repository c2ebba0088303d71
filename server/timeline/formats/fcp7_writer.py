"""Writes Final Cut Pro 7 XML, which Premiere and Resolve import."""

from __future__ import annotations

from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from heygem_core.messages import words

from ..exact_time import round_half_up
from .export_model import ExportClip, ExportMedia, ExportModel, ExportTrack, file_url


def write_fcp7(model: ExportModel) -> tuple[str, list[str]]:
    """(text, what the format cannot carry)."""
    notices = list(model.notices)
    if any(clip.others for track in model.tracks for clip in track.clips):
        notices.append(words("fcp7.no-versions"))
    root = Element("xmeml", version="5")
    sequence = SubElement(root, "sequence", id="sequence-1")
    text_element(sequence, "name", model.sequence.name)
    text_element(sequence, "duration", model.frames)
    rate_element(sequence, model.sequence.rate)
    timecode = SubElement(sequence, "timecode")
    rate_element(timecode, model.sequence.rate)
    text_element(timecode, "string", model.sequence.timecode(0))
    text_element(timecode, "frame", model.sequence.start_frame)
    text_element(timecode, "displayformat", "DF" if model.sequence.drop_frame else "NDF")
    media = SubElement(sequence, "media")
    writer = _Writer(model.sequence.rate)
    for kind, tag in (("picture", "video"), ("sound", "audio")):
        parent = SubElement(media, tag)
        for track in (each for each in model.tracks if each.kind == kind):
            writer.track(parent, track)
    if writer.unnamed:
        notices.append(words("fcp7.gaps"))
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n' + tostring(root, encoding="unicode") + "\n", notices


class _Writer:
    def __init__(self, rate: Fraction) -> None:
        self._rate = rate
        self._files: dict[ExportMedia, str] = {}
        self._count = 0
        self.unnamed = 0

    def track(self, parent: Element, track: ExportTrack) -> None:
        element = SubElement(parent, "track")
        if track.name:
            element.set("MZ.TrackName", track.name)
        for index, clip in enumerate(track.clips):
            after = track.clips[index + 1] if index + 1 < len(track.clips) else None
            if clip.media is None:
                self.unnamed += 1
                continue
            before = track.clips[index - 1] if index else None
            crossed = clip.lead + clip.lead_after > 0 and before is not None and before.end == clip.start and before.media is not None
            if crossed:
                _transition(element, clip, self._rate)
            leaves = after is not None and after.media is not None and after.start == clip.end and after.lead + after.lead_after > 0
            self._clip(element, clip, track.kind, crossed, after if leaves else None)
        text_element(element, "enabled", "TRUE")
        text_element(element, "locked", "FALSE")

    def _clip(self, parent: Element, clip: ExportClip, kind: str, crossed: bool, after: ExportClip | None) -> None:
        media = clip.media
        assert media is not None
        self._count += 1
        item = SubElement(parent, "clipitem", id=f"clipitem-{self._count}")
        text_element(item, "name", clip.name or media.name)
        text_element(item, "enabled", "TRUE" if clip.enabled else "FALSE")
        rate_element(item, media.rate)
        before = Fraction(clip.lead if crossed else 0) / self._rate
        tail = Fraction(after.lead_after if after is not None else 0) / self._rate
        # Times of a retimed clip are its own, slowed ones; a reversed one counts from the file's end.
        start = media.start or Fraction(0)
        low, length = clip.low - start, Fraction(clip.end - clip.start) / self._rate
        if clip.speed < 0 and media.duration is not None:
            low = media.duration - (clip.high - start)
        first = low / abs(clip.speed)
        text_element(item, "start", -1 if crossed else clip.start)
        text_element(item, "end", -1 if after is not None else clip.end)
        text_element(item, "in", round_half_up((first - before) * media.rate))
        text_element(item, "out", round_half_up((first + length + tail) * media.rate))
        self._file(item, media)
        if clip.speed != 1:
            _retime(item, clip.speed)
        if kind == "sound":
            source = SubElement(item, "sourcetrack")
            text_element(source, "mediatype", "audio")
            text_element(source, "trackindex", 1)
        marks = {"take": media.take, "job": media.job, "of": clip.of}
        if media.take is not None:
            comments = SubElement(item, "comments")
            text_element(comments, "mastercomment4", "heygem " + " ".join(f"{name}={value}" for name, value in marks.items() if value))

    def _file(self, item: Element, media: ExportMedia) -> None:
        known = self._files.get(media)
        if known is not None:
            SubElement(item, "file", id=known)
            return
        self._files[media] = key = f"file-{len(self._files) + 1}"
        file = SubElement(item, "file", id=key)
        text_element(file, "name", media.name)
        text_element(file, "pathurl", file_url(media.path))
        rate_element(file, media.rate)
        if media.duration is not None:
            text_element(file, "duration", round_half_up(media.duration * media.rate))
        if media.start is not None:
            timecode = SubElement(file, "timecode")
            rate_element(timecode, media.rate)
            text_element(timecode, "frame", round_half_up(media.start * media.rate))
            text_element(timecode, "displayformat", "NDF")


def _transition(parent: Element, clip: ExportClip, rate: Fraction) -> None:
    item = SubElement(parent, "transitionitem")
    rate_element(item, rate)
    text_element(item, "start", clip.start - clip.lead)
    text_element(item, "end", clip.start + clip.lead_after)
    whole = clip.lead + clip.lead_after
    alignment = "start" if not clip.lead else "end" if not clip.lead_after else "center"
    if alignment == "center" and (2 * clip.start - clip.lead + clip.lead_after) // 2 != clip.start:
        alignment = "center"
    text_element(item, "alignment", alignment)
    effect = SubElement(item, "effect")
    text_element(effect, "name", "Cross Dissolve")
    text_element(effect, "effectid", "Cross Dissolve")
    text_element(effect, "effecttype", "transition")
    text_element(effect, "mediatype", "video")
    text_element(effect, "duration", whole)


def _retime(item: Element, speed: Fraction) -> None:
    effect = SubElement(SubElement(item, "filter"), "effect")
    text_element(effect, "name", "Time Remap")
    text_element(effect, "effectid", "timeremap")
    text_element(effect, "effectcategory", "motion")
    text_element(effect, "effecttype", "motion")
    text_element(effect, "mediatype", "video")
    for name, value in (
        ("variablespeed", "0"),
        ("speed", f"{float(abs(speed) * 100):.10g}"),
        ("reverse", "TRUE" if speed < 0 else "FALSE"),
    ):
        parameter = SubElement(effect, "parameter")
        text_element(parameter, "parameterid", name)
        text_element(parameter, "name", name)
        text_element(parameter, "value", value)


def rate_element(parent: Element, rate: Fraction) -> None:
    """Adds a rate, as the format writes it."""
    element = SubElement(parent, "rate")
    text_element(element, "timebase", round(rate))
    text_element(element, "ntsc", "TRUE" if rate.denominator == 1001 else "FALSE")


def text_element(parent: Element, name: str, value: object) -> None:
    """Adds an element that holds a text."""
    SubElement(parent, name).text = str(value)
