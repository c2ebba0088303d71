"""What a plan says about itself, as it travels in plan.json and in the report of every take."""

from __future__ import annotations

from fractions import Fraction

from msgspec import field

from ..engines.base import LipCalibration
from ..messages import Message
from ..shot import RenderSettings, Shot, Struct

PLAN_VERSION = 10  # raise it whenever the same inputs would give another plan


class PlanFacts(Struct, frozen=True, kw_only=True):
    """What a plan says about itself; its arrays lie beside it."""

    key: str
    shot: Shot
    settings: RenderSettings
    duration: Fraction  # seconds
    frames: int
    drawn_mouth: bool  # the clip never shows the inside of the mouth, so one is drawn
    face: int  # number of the face that speaks
    faces: str  # all faces of the range, in words
    face_messages: tuple[Message, ...] = ()  # the same with their codes, one each; empty = of an older plan
    motion_model: str = field(default="", name="head")  # which model predicted the motion
    adaptation: str = field(default="", name="manner")  # what was learnt of how this person talks, one sentence; empty = nothing
    lip_calibration: LipCalibration | None = field(default=None, name="answer")  # as the engine measured it on this person
    notices: tuple[str, ...] = ()
    notice_messages: tuple[Message, ...] = ()  # the same with their codes; empty = of a plan of before there were codes
    version: int = PLAN_VERSION
