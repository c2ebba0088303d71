"""Makes rounded frame rates exact, and timecode of frame numbers.

Editors write rates rounded ("23.976", "29.97 DF"). This runs in an editor's own Python, without the core: a test holds it to the answers of
`heygem_core.media.timecode` and of the page.
"""

from __future__ import annotations

from fractions import Fraction

from .errors import HostError

_PULLED_DOWN = (24, 30, 48, 60, 72, 96, 120)
_SPELLINGS = Fraction(2, 10_000)  # relative distance within which a rate is a spelling of 24000/1001 and its kin: 23.98 is, 24 is not


def exact(setting: object) -> Fraction:
    """ "23.976" → 24000/1001. Raises: HostError — no rate at all."""
    text = str(setting).upper().replace("DF", "").strip()
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise HostError("UnknownRate", "panel.unknown-rate", rate=setting) from None
    for nominal in _PULLED_DOWN:
        pulled = Fraction(nominal * 1000, 1001)
        if abs(rate - pulled) <= _SPELLINGS * pulled:
            return pulled
    return rate


def written(rate: Fraction) -> str:
    """As the protocol writes it: "24000/1001", "25/1"."""
    return f"{rate.numerator}/{rate.denominator}"


def timecode(frame: int, rate: Fraction, drop: bool) -> str:
    """The label of an absolute frame number, which starts anew after 24 hours.

    Drop-frame skips labels ;00 and ;01 (four of them at 59.94) each minute but the tenth.
    """
    nominal = round(rate)
    separator = ":"
    if drop:
        skipped = nominal // 15
        ten_minutes, rest = divmod(frame, nominal * 600 - skipped * 9)
        frame += skipped * 9 * ten_minutes
        if rest >= skipped:
            frame += skipped * ((rest - skipped) // (nominal * 60 - skipped))
        separator = ";"
    seconds, frames = divmod(frame, nominal)
    return f"{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{separator}{frames:02}"
