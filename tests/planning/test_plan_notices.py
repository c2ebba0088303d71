"""What a plan says about files is said with the names that they have now."""

from __future__ import annotations

from fractions import Fraction

from heygem_core.messages import Message, say, tell
from heygem_core.planning.plan import _notices_about
from heygem_core.planning.plan_facts import PlanFacts
from heygem_core.shot import RenderSettings, Shot, from_json, to_json


def facts(*notices: Message) -> PlanFacts:
    """As they are read from a plan of before."""
    return PlanFacts(
        key="k",
        shot=Shot(video="/a/a.mov", speech="/a/speech.wav"),
        settings=RenderSettings(style_from="/a/b.mov"),
        duration=Fraction(1),
        frames=25,
        drawn_mouth=False,
        face=1,
        faces="",
        notice_messages=from_json(to_json(notices), tuple[Message, ...]),
    )


def now(style_from: str, *notices: Message) -> tuple[Message, ...]:
    found = _notices_about(Shot(video="/c/a.mov", speech="/a/speech.wav"), RenderSettings(style_from=style_from), facts(*notices))
    assert found["notices"] == tuple(said.message for said in found["notice_messages"])
    return found["notice_messages"]


FOUND = tell("face.several", number=1, faces=[tell("os.disk-full"), tell("media.no-permission", file="b.mov")])


def test_what_is_said_within_a_notice_stays_a_sentence() -> None:
    """It was shown as a dictionary."""
    said = tell("adaptation.style-from", file="b.mov", found=FOUND)
    assert now("/c/b.mov", said) == (said,)
    assert now("/c/new.mov", said) == (
        tell(
            "adaptation.style-from",
            file="new.mov",
            found=tell("face.several", number=1, faces=[tell("os.disk-full"), tell("media.no-permission", file="new.mov")]),
        ),
    )
    (told,) = now("/c/new.mov", said)
    assert "new.mov" in say(told, "zh")
    for language in ("en", "zh"):
        assert "{" not in say(told, language)


def test_a_notice_about_no_renamed_file_stays_as_it_is() -> None:
    """Also one that this version's catalogue says in other words."""
    older = Message(code="media.no-permission", params={"file": "a.mov"}, message="In words of before.")
    assert now("/c/new.mov", older) == (older,)
