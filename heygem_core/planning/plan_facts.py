"""What a plan says about itself, as it travels in plan.json and in the report of every take."""

from __future__ import annotations

from fractions import Fraction

from ..shot import RenderSettings, Shot, Struct

PLAN_VERSION = 7  # raise it whenever the same inputs would give another plan


class Answer(Struct, frozen=True, kw_only=True):
    """By how much further than asked lips are drawn, so that they are seen to go as far as asked."""

    across: float
    down: float


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
    head: str = ""  # the motion head that listened
    manner: str = ""  # what was learnt of how this person talks, one sentence; empty = nothing to learn from
    answer: Answer | None = None  # how much further lips are drawn than asked, as it was measured on this person
    notices: tuple[str, ...] = ()
    version: int = PLAN_VERSION
