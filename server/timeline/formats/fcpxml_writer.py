"""Writes FCPXML 1.10 for Final Cut Pro and Resolve: rational times throughout, the versions of a clip as an audition.

The lowest video track is the main storyline; what lies above and below is connected to it.
"""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ..exact_time import round_half_up
from .export_model import ExportClip, ExportMarker, ExportMedia, ExportModel, ExportTrack, Kind, Loss, file_url

_CARRIED: tuple[Kind, ...] = ("marker", "note", "transform", "opacity", "channels")
_ORDER = ("note", "timeMap", "adjust-transform", "adjust-blend", "", "marker", "audio-channel-source", "metadata")  # "" = connected


def write_fcpxml(model: ExportModel) -> tuple[str, list[str]]:
    """(text, what the format cannot carry)."""
    writer = _Writer(model)
    root = Element("fcpxml", version="1.10")
    resources = SubElement(root, "resources")
    event = SubElement(SubElement(root, "library"), "event", name="HeyGem")
    writer.project(event)
    for each in writer.resources:
        resources.append(each)
    for element in [*root.iter("asset-clip"), *root.iter("gap")]:
        element[:] = sorted(element, key=_place_in_order)
    indent(root)
    text = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n' + tostring(root, encoding="unicode") + "\n"
    return text, model.notices(_CARRIED, writer.lost)


def _place_in_order(child: Element) -> int:
    """Where the document type wants a child: what is connected, and auditions, count as such."""
    return _ORDER.index(child.tag) if child.tag in _ORDER and child.get("lane") is None else _ORDER.index("")


class _Writer:
    def __init__(self, model: ExportModel) -> None:
        self._model = model
        self._frame = 1 / model.sequence.rate
        self._start = Fraction(model.sequence.start_frame) * self._frame
        self.resources: list[Element] = []
        self.lost: list[Loss] = []
        self._ids = 0
        self._formats: dict[tuple[Fraction, tuple[int, int] | None], str] = {}
        self._assets: dict[tuple[str, Fraction | None, Fraction | None], tuple[str, Element]] = {}

    def project(self, event: Element) -> None:
        model = self._model
        project = SubElement(event, "project", name=model.sequence.name)
        sequence = SubElement(
            project,
            "sequence",
            format=self._format(model.sequence.rate, model.frame_size),
            duration=self._frames(model.frames),
            tcStart=seconds_text(self._start),
            tcFormat="DF" if model.sequence.drop_frame else "NDF",
        )
        if model.note is not None:
            SubElement(sequence, "note").text = model.note
        spine = SubElement(sequence, "spine")
        pictures = [track for track in model.tracks if track.kind == "picture"]
        parents = self._spine(spine, pictures[0] if pictures else None)
        self._sequence_markers(parents)
        for lane, track in enumerate(pictures[1:], 1):
            self._connected(parents, track, lane, "picture")
        for lane, track in enumerate((each for each in model.tracks if each.kind == "sound"), 1):
            self._connected(parents, track, -lane, "sound")

    def _spine(self, spine: Element, track: ExportTrack | None) -> list[tuple[int, int, Element, Fraction]]:
        """Fills the main storyline; returns (start, end, element, the element's own time at its start)."""
        parents: list[tuple[int, int, Element, Fraction]] = []
        position = 0
        clips = [clip for clip in (track.clips if track is not None else ()) if clip.end > clip.start]
        for clip in [*clips, None]:
            start, end = (clip.start, clip.end) if clip is not None else (self._model.frames, self._model.frames)
            if start > position:
                parents.append((position, start, self._gap(spine, position, start), Fraction(3600)))
            if clip is None:
                break
            if clip.lead + clip.lead_after:
                offset = self._start + (start - clip.lead) * self._frame
                length = (clip.lead + clip.lead_after) * self._frame
                SubElement(spine, "transition", name="Cross Dissolve", offset=seconds_text(offset), duration=seconds_text(length))
            if clip.media is None:
                element, local = self._gap(spine, start, end), Fraction(3600)
            else:
                element, local = self._clip(spine, clip, self._start + start * self._frame, None, "picture")
            parents.append((start, end, element, local))
            position = end
        return parents

    def _sequence_markers(self, parents: list[tuple[int, int, Element, Fraction]]) -> None:
        """A project has no markers of its own: they stand on what lies under them in the main storyline."""
        for each in self._model.markers:
            frame = round_half_up(each.start / self._frame)
            under = _under(parents, frame)
            if under is None:
                self.lost.append(Loss(kind="marker", clip=self._model.sequence.name, frame=frame, detail=each.name))
            else:
                self._marker(under[2], each, under[3] + each.start - under[0] * self._frame, each.duration)

    def _marker(self, parent: Element, marked: ExportMarker, start: Fraction, duration: Fraction) -> None:
        times = {"start": seconds_text(start), "duration": seconds_text(max(duration, self._frame)), "value": marked.name}
        SubElement(parent, "marker", times | ({"note": marked.comment} if marked.comment else {}))

    def _gap(self, spine: Element, start: int, end: int) -> Element:
        offset = seconds_text(self._start + start * self._frame)
        return SubElement(spine, "gap", name="Gap", offset=offset, start="3600s", duration=self._frames(end - start))

    def _connected(self, parents: list[tuple[int, int, Element, Fraction]], track: ExportTrack, lane: int, kind: str) -> None:
        for clip in track.clips:
            if clip.media is None or clip.end <= clip.start:
                continue
            under = _under(parents, clip.start)
            assert under is not None  # the storyline lasts as long as anything
            begin, _, parent, local = under
            if clip.lead + clip.lead_after:
                self.lost.append(Loss(kind="dissolve", clip=clip.name, frame=clip.start))
            self._clip(parent, clip, local + (clip.start - begin) * self._frame, lane, kind, track.name)

    def _clip(
        self, parent: Element, clip: ExportClip, offset: Fraction, lane: int | None, kind: str, role: str = ""
    ) -> tuple[Element, Fraction]:
        """Appends a clip, or an audition of its versions; returns (it, its own time at its start)."""
        assert clip.media is not None
        place = {"offset": seconds_text(offset)} | ({} if lane is None else {"lane": str(lane)})
        # An audition cannot carry what is connected to it, its chosen clip does.
        holder = SubElement(parent, "audition", place) if clip.others and kind == "picture" else parent
        first = self._asset_clip(holder, clip, clip.media, place if holder is parent else {"offset": place["offset"]}, kind, role)
        if holder is not parent:
            for other in clip.others:
                self._asset_clip(holder, clip.playing(other), other, {"offset": place["offset"]}, kind, role)
        return first

    def _asset_clip(
        self, parent: Element, clip: ExportClip, media: ExportMedia, place: dict[str, str], kind: str, role: str
    ) -> tuple[Element, Fraction]:
        length = (clip.end - clip.start) * self._frame
        local = self._on_frame(clip.low) if clip.speed == 1 else Fraction(0)
        attributes = {
            "ref": self._asset(media, kind),
            "name": clip.name or media.name,
            **place,
            "start": seconds_text(local),
            "duration": seconds_text(length),
            "enabled": "1" if clip.enabled else "0",
        }
        if kind == "sound":
            attributes |= {"srcEnable": "audio", "audioRole": role or "dialogue"}
        else:
            attributes |= {"srcEnable": "video"}
        if media.drop_frame is not None:
            attributes["tcFormat"] = "DF" if media.drop_frame else "NDF"
        element = SubElement(parent, "asset-clip", attributes)
        if clip.speed != 1:
            time_map = SubElement(element, "timeMap")
            begin, finish = (clip.low, clip.high) if clip.speed > 0 else (clip.high, clip.low)
            SubElement(time_map, "timept", time="0s", value=seconds_text(begin), interp="linear")
            SubElement(time_map, "timept", time=seconds_text(length), value=seconds_text(finish), interp="linear")
        self._details(element, clip, local)
        marks = {"take": media.take, "job": media.job, "of": clip.of, "id": clip.key}
        if any(marks.values()):
            metadata = SubElement(element, "metadata")
            for name, value in marks.items():
                if value is not None:
                    SubElement(metadata, "md", key=f"com.heygem.{name}", value=value)
        return element, local

    def _details(self, element: Element, clip: ExportClip, local: Fraction) -> None:
        if clip.note is not None:
            SubElement(element, "note").text = clip.note
        looks = clip.looks
        if looks.transforms:
            said = {
                "position": None if looks.position is None else "{:g} {:g}".format(*(100 * each for each in looks.position)),
                "scale": None if looks.scale is None else "{:g} {:g}".format(*looks.scale),
                "rotation": None if looks.rotation is None else f"{looks.rotation:g}",
            }
            SubElement(element, "adjust-transform", {name: value for name, value in said.items() if value is not None})
        if clip.looks.opacity is not None:
            SubElement(element, "adjust-blend", amount=f"{clip.looks.opacity:g}")
        for each in clip.markers:
            length = each.duration / abs(clip.speed)
            into = each.start - clip.low if clip.speed > 0 else clip.high - each.start - each.duration
            self._marker(element, each, local + into / abs(clip.speed), length)
        if clip.channels:
            SubElement(element, "audio-channel-source", srcCh=", ".join(map(str, clip.channels)))

    def _on_frame(self, seconds: Fraction) -> Fraction:
        """The time, put on a frame that it misses by less than a thousandth of one: editors refuse it otherwise. Sound may lie between."""
        nearest = round_half_up(seconds / self._frame) * self._frame
        return nearest if abs(nearest - seconds) < self._frame / 1000 else seconds

    def _asset(self, media: ExportMedia, kind: str) -> str:
        known = self._assets.get((media.path, media.start, media.duration))
        if known is not None:
            known[1].set("hasVideo" if kind == "picture" else "hasAudio", "1")
            return known[0]
        key = self._next_id()
        asset = Element("asset", id=key, name=media.name, start=seconds_text(media.start or Fraction(0)))
        if media.duration is not None:
            asset.set("duration", seconds_text(media.duration))
        asset.set("hasVideo" if kind == "picture" else "hasAudio", "1")
        if kind == "picture":
            asset.set("format", self._format(media.rate, media.frame_size))
        SubElement(asset, "media-rep", kind="original-media", src=file_url(media.path))
        self.resources.append(asset)
        self._assets[(media.path, media.start, media.duration)] = key, asset
        return key

    def _format(self, rate: Fraction, size: tuple[int, int] | None) -> str:
        if (rate, size) not in self._formats:
            self._formats[(rate, size)] = key = self._next_id()
            made = Element("format", id=key, frameDuration=f"{rate.denominator}/{rate.numerator}s")
            if size is not None:
                made.set("width", str(size[0]))
                made.set("height", str(size[1]))
            self.resources.append(made)
        return self._formats[(rate, size)]

    def _next_id(self) -> str:
        self._ids += 1
        return f"r{self._ids}"

    def _frames(self, count: int) -> str:
        return seconds_text(count * self._frame)


def _under(parents: list[tuple[int, int, Element, Fraction]], frame: int) -> tuple[int, int, Element, Fraction] | None:
    """What of the main storyline lies at a frame."""
    place = bisect_right(parents, frame, key=lambda each: each[0]) - 1
    return parents[place] if place >= 0 and frame < parents[place][1] else None


def seconds_text(seconds: Fraction) -> str:
    """As FCPXML writes times: "1001/30000s", "5s"."""
    return f"{seconds.numerator}s" if seconds.denominator == 1 else f"{seconds.numerator}/{seconds.denominator}s"
