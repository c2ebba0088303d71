"""Writes Final Cut Pro 7 XML, which Premiere and Resolve import."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from heygem_core.media import timecode
from heygem_core.messages import words

from ..exact_time import round_half_up
from .export_model import ExportClip, ExportMarker, ExportMedia, ExportModel, ExportTrack, Kind, Loss, file_url

_CARRIED: tuple[Kind, ...] = ("marker", "note", "label", "transform", "opacity", "channels")


def write_fcp7(model: ExportModel) -> tuple[str, list[str]]:
    """(text, what the format cannot carry)."""
    root = Element("xmeml", version="5")
    sequence = SubElement(root, "sequence", id="sequence-1")
    text_element(sequence, "name", model.sequence.name)
    text_element(sequence, "duration", model.frames)
    rate_element(sequence, model.sequence.rate)
    begins = SubElement(sequence, "timecode")
    rate_element(begins, model.sequence.rate)
    text_element(begins, "string", model.sequence.timecode(0))
    text_element(begins, "frame", model.sequence.start_frame)
    text_element(begins, "displayformat", "DF" if model.sequence.drop_frame else "NDF")
    media = SubElement(sequence, "media")
    writer = _Writer(model)
    for kind, tag in (("picture", "video"), ("sound", "audio")):
        parent = SubElement(media, tag)
        if kind == "picture":
            _format(parent, model)
        for track in (each for each in model.tracks if each.kind == kind):
            writer.track(parent, track)
    for marked in model.markers:
        _marker(sequence, marked, marked.start, marked.duration, model.sequence.rate)
    notices = model.notices(_CARRIED, writer.lost)
    if any(clip.others for track in model.tracks for clip in track.clips):
        notices.append(words("fcp7.no-versions"))
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n' + tostring(root, encoding="unicode") + "\n", notices


class _Writer:
    def __init__(self, model: ExportModel) -> None:
        self._rate = model.sequence.rate
        self._drop = model.sequence.drop_frame
        self._frame = _frame_size(model)
        self._files: dict[ExportMedia, str] = {}
        self._kinds: dict[ExportMedia, set[str]] = {}
        for track in model.tracks:
            for clip in track.clips:
                if clip.media is not None:
                    self._kinds.setdefault(clip.media, set()).add(track.kind)
        self._count = 0
        self.lost: list[Loss] = []

    def track(self, parent: Element, track: ExportTrack) -> None:
        element = SubElement(parent, "track")
        if track.name:
            element.set("MZ.TrackName", track.name)
        for index, clip in enumerate(track.clips):
            after = track.clips[index + 1] if index + 1 < len(track.clips) else None
            if clip.media is None:
                continue
            before = track.clips[index - 1] if index else None
            crossed = clip.lead + clip.lead_after > 0 and before is not None and before.end == clip.start and before.media is not None
            if crossed:
                _transition(element, clip, self._rate, track.kind)
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
        self._looks(item, clip)
        for marked in clip.markers:
            # They count as `in` does.
            into = marked.start - clip.low if clip.speed > 0 else clip.high - marked.start - marked.duration
            _marker(item, marked, first + into / abs(clip.speed), marked.duration / abs(clip.speed), media.rate)
        if kind == "sound":
            source = SubElement(item, "sourcetrack")
            text_element(source, "mediatype", "audio")
            text_element(source, "trackindex", clip.channels[0] if clip.channels else 1)
            if len(clip.channels) > 1:
                self.lost.append(Loss(kind="channels", clip=clip.name, frame=clip.start))
        if clip.note is not None:
            text_element(SubElement(item, "logginginfo"), "lognote", clip.note)
        if clip.label is not None:
            text_element(SubElement(item, "labels"), "label2", clip.label)
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
            file_timecode(file, round_half_up(media.start * media.rate), media.rate, drop=bool(media.drop_frame))
        held = SubElement(file, "media")
        if "picture" in self._kinds[media]:
            video = SubElement(held, "video")
            if media.frame_size is not None:
                _characteristics(video, media.rate, media.frame_size)
        if "sound" in self._kinds[media]:
            SubElement(held, "audio")

    def _looks(self, item: Element, clip: ExportClip) -> None:
        looks, frame = clip.looks, self._frame
        motion: dict[str, str | tuple[str, str]] = {}
        if looks.scale is not None and looks.scale[0] == looks.scale[1]:
            motion["scale"] = f"{looks.scale[0] * 100:g}"
        elif looks.scale is not None:
            self.lost.append(Loss(kind="transform", clip=clip.name, frame=clip.start))
        if looks.rotation is not None:
            motion["rotation"] = f"{-looks.rotation:g}"
        if looks.position is not None and frame is not None and clip.media is not None and clip.media.frame_size == frame:
            motion["center"] = (f"{looks.position[0] * frame[1] / frame[0]:g}", f"{-looks.position[1]:g}")
        elif looks.position is not None:  # of a picture of another size programs do not agree how far it is moved
            self.lost.append(Loss(kind="transform", clip=clip.name, frame=clip.start))
        if motion:
            _effect(item, "Basic Motion", "basic", motion)
        if looks.opacity is not None:
            _effect(item, "Opacity", "opacity", {"opacity": f"{looks.opacity * 100:g}"})


def file_timecode(file: Element, frame: int, rate: Fraction, *, drop: bool) -> None:
    """Adds the timecode of a file's first frame."""
    drop = drop and timecode.may_drop(rate)
    element = SubElement(file, "timecode")
    rate_element(element, rate)
    text_element(element, "string", timecode.format(frame % timecode.frames_per_day(rate, drop=drop), rate, drop=drop))
    text_element(element, "frame", frame)
    text_element(element, "displayformat", "DF" if drop else "NDF")


def _format(video: Element, model: ExportModel) -> None:
    """The form of the sequence's pictures, without which Resolve refuses a file."""
    _characteristics(SubElement(video, "format"), model.sequence.rate, _frame_size(model))


def _frame_size(model: ExportModel) -> tuple[int, int] | None:
    """Of the sequence; where it is not said, that of its media."""
    sizes = (clip.media.frame_size for track in model.tracks for clip in track.clips if clip.media is not None)
    return model.frame_size or next((each for each in sizes if each is not None), None)


def _characteristics(parent: Element, rate: Fraction, size: tuple[int, int] | None) -> None:
    element = SubElement(parent, "samplecharacteristics")
    rate_element(element, rate)
    for name, value in zip(("width", "height"), size or (), strict=False):
        text_element(element, name, value)


def _marker(parent: Element, marked: ExportMarker, start: Fraction, duration: Fraction, rate: Fraction) -> None:
    element = SubElement(parent, "marker")
    begins = round_half_up(start * rate)
    text_element(element, "name", marked.name)
    text_element(element, "comment", marked.comment)
    text_element(element, "in", begins)
    text_element(element, "out", begins + round_half_up(duration * rate) if duration else -1)


def _effect(item: Element, name: str, key: str, parameters: Mapping[str, str | tuple[str, str]]) -> None:
    """parameters: by id; a pair is one that goes across and down."""
    effect = SubElement(SubElement(item, "filter"), "effect")
    for tag, text in (("name", name), ("effectid", key), ("effectcategory", "motion"), ("effecttype", "motion"), ("mediatype", "video")):
        text_element(effect, tag, text)
    for parameter, value in parameters.items():
        made = SubElement(effect, "parameter")
        text_element(made, "parameterid", parameter)
        text_element(made, "name", parameter.title())
        if isinstance(value, str):
            text_element(made, "value", value)
            continue
        pair = SubElement(made, "value")
        for side, text in zip(("horiz", "vert"), value, strict=True):
            text_element(pair, side, text)


def _transition(parent: Element, clip: ExportClip, rate: Fraction, kind: str) -> None:
    item = SubElement(parent, "transitionitem")
    rate_element(item, rate)
    text_element(item, "start", clip.start - clip.lead)
    text_element(item, "end", clip.start + clip.lead_after)
    whole = clip.lead + clip.lead_after
    alignment = "start" if not clip.lead else "end" if not clip.lead_after else "center"
    text_element(item, "alignment", alignment)
    effect = SubElement(item, "effect")
    name = "Cross Dissolve" if kind == "picture" else "Cross Fade ( 0dB)"
    text_element(effect, "name", name)
    text_element(effect, "effectid", name if kind == "picture" else "KGAudioTransCrossFade0dB")
    text_element(effect, "effecttype", "transition")
    text_element(effect, "mediatype", "video" if kind == "picture" else "audio")
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
