"""AAFs made with pyaaf2, as Avid lays them out: a tape with a timecode, a file on it, a master of that, and a composition of the master."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import aaf2

Part = Callable[["Made"], Any]  # makes a component of the composition
FRAMES = 400  # of the file
_DESCRIPTION = {
    "ComponentWidth": 8,
    "HorizontalSubsampling": 2,
    "ImageAspectRatio": "16/9",
    "StoredWidth": 1920,
    "StoredHeight": 1080,
    "FrameLayout": "FullFrame",
    "VideoLineMap": [42, 0],
}
_SPEED_RATIO, _OFFSETS = "72559a80-24d7-11d3-8a50-0050040ef7d2", "8d56827d-847e-11d5-935a-50f857c10000"
LINEAR = "5b6c85a4-0ede-11d3-80a9-006008143e6f"


class Made:
    """The file that is made, and its master."""

    def __init__(self, file: Any, *, url: str, begins: int, master_start: int, tape_start: int) -> None:
        self.file, self.create = file, file.create
        tape, media, self.master = self.create.SourceMob(), self.create.SourceMob(), self.create.MasterMob()
        tape.name = media.name = self.master.name = "a.mov"
        tape_slot, code = tape.create_tape_slots("tape", edit_rate="25", timecode_fps=25, drop_frame=False)
        tape.descriptor = self.create.TapeDescriptor()
        tape_slot.segment.length = code.segment.length = 10 * FRAMES
        code.segment.start = begins
        descriptor = media.descriptor = self.create.CDCIDescriptor()
        for key, value in _DESCRIPTION.items():
            descriptor[key].value = value
        descriptor["SampleRate"].value, descriptor["Length"].value = "25", FRAMES
        locator = self.create.NetworkLocator()
        locator["URLString"].value = url
        descriptor["Locator"].append(locator)
        slot = media.create_timeline_slot("25")
        slot.segment = self._source(tape, tape_slot, tape_start, FRAMES)
        self._slot = self.master.create_timeline_slot("25")
        self._slot.segment = self._source(media, slot, master_start, FRAMES - master_start)
        file.content.mobs.extend([tape, media, self.master])

    def _source(self, mob: Any, slot: Any, start: int, length: int) -> Any:
        return self.create.SourceClip(start=start, length=length, mob_id=mob.mob_id, slot_id=slot.slot_id, media_kind="picture")

    def clip(self, start: int, length: int) -> Any:
        return self._source(self.master, self._slot, start, length)

    def sequence(self, components: Sequence[Any]) -> Any:
        sequence = self.create.Sequence(media_kind="picture")
        sequence.components.value = []
        length = 0
        for each in components:
            sequence.components.append(each)
            length += -each.length if type(each).__name__ == "Transition" else each.length
        sequence.length = length
        return sequence

    def composition(self, name: str, components: Sequence[Any]) -> Any:
        composition = self.create.CompositionMob(name)
        self.file.content.mobs.append(composition)
        slot = composition.create_timeline_slot("25")
        slot["PhysicalTrackNumber"].value = 1
        slot.segment = self.sequence(components)
        return composition

    def operation(self, name: str, length: int, *, warp: bool = False, inputs: int = 1) -> Any:
        kind = self.create.OperationDef(str(uuid.uuid4()), name, name)
        kind.media_kind = "picture"
        kind["IsTimeWarp"].value, kind["Bypass"].value, kind["NumberInputs"].value = warp, 0, inputs
        kind["OperationCategory"].value = "OperationCategory_Effect"
        self.file.dictionary.register_def(kind)
        return self.create.OperationGroup(kind, length)


def aaf(
    folder: Path, *parts: Part, url: str = "file:///m/a.mov", begins: int = 897_750, master_start: int = 0, tape_start: int = 0
) -> bytes:
    """One track of the parts at 25, from 01:00:00:00 on. begins: frame of the tape's timecode."""
    path = folder / "made.aaf"
    with aaf2.open(str(path), "w") as file:
        made = Made(file, url=url, begins=begins, master_start=master_start, tape_start=tape_start)
        composition = made.composition("edit", [part(made) for part in parts])
        composition.usage = "Usage_TopLevel"
        slot = composition.create_timeline_slot("25")
        slot["PhysicalTrackNumber"].value = 1
        slot.segment = made.create.Timecode(25)
        slot.segment.start, slot.segment.length = 90_000, 1000
    return path.read_bytes()


def clip(start: int, length: int) -> Part:
    return lambda made: made.clip(start, length)


def gap(length: int) -> Part:
    return lambda made: made.create.Filler("picture", length)


def dissolve(length: int, cut: int) -> Part:
    def part(made: Made) -> Any:
        transition = made.create.Transition("picture", length)
        transition["OperationGroup"].value = made.operation("Video Dissolve", length, inputs=2)
        transition["CutPoint"].value = cut
        return transition

    return part


def effect(name: str, length: int, *inside: Part) -> Part:
    """Over one part, or over a sequence of several."""

    def part(made: Made) -> Any:
        group = made.operation(name, length)
        if inside:
            group.segments.append(inside[0](made) if len(inside) == 1 else made.sequence([each(made) for each in inside]))
        return group

    return part


def retimed(
    length: int,
    *inside: Part,
    ratio: str | None = "1/1",
    curve: Sequence[tuple[float, float]] = (),
    joined: str = LINEAR,
    name: str = "Motion Control",
) -> Part:
    """ratio: as AAF has it, the inverse of the speed. curve: frames of the source at frames of the clip."""

    def part(made: Made) -> Any:
        create, dictionary = made.create, made.file.dictionary
        rational = dictionary.lookup_typedef("Rational")
        group = made.operation(name, length, warp=True)
        if ratio is not None:
            parameter = create.ParameterDef(_SPEED_RATIO, "SpeedRatio", "", rational)
            dictionary.register_def(parameter)
            group.parameters.append(create.ConstantValue(parameter, ratio))
        if curve:
            parameter = create.ParameterDef(_OFFSETS, "PARAM_SPEED_OFFSET_MAP_U", "", rational)
            kind = create.InterpolationDef(joined, "joined", "")
            for each in (parameter, kind):
                dictionary.register_def(each)
            values = create.VaryingValue()
            values.parameterdef = parameter
            values["Interpolation"].value = kind
            for time, value in curve:
                values.add_keyframe(time, value)
            group.parameters.append(values)
        group.segments.append(inside[0](made) if len(inside) == 1 else made.sequence([each(made) for each in inside]))
        return group

    return part


def nest(start: int, length: int, *inside: Part) -> Part:
    def part(made: Made) -> Any:
        composition = made.composition("nest", [each(made) for each in inside])
        return made._source(composition, next(iter(composition.slots)), start, length)

    return part


def offline(start: int, length: int) -> Part:
    """A clip of a master that is not in the file."""

    def part(made: Made) -> Any:
        gone = made.create.MasterMob("gone")
        return made.create.SourceClip(start=start, length=length, mob_id=gone.mob_id, slot_id=1, media_kind="picture")

    return part


def choice(length: int, chosen: Part, *others: Part) -> Part:
    def part(made: Made) -> Any:
        selector = made.create.Selector()
        selector.media_kind, selector.length = "picture", length
        selector["Selected"].value = chosen(made)
        selector["Alternates"].value = [each(made) for each in others]
        return selector

    return part
