"""Rates and timecode as Resolve writes them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heygem_host import timecode
from heygem_host.errors import HostError
from tests.plugins.media import frame_of


@pytest.mark.parametrize(
    ("setting", "rate"),
    [
        ("23.976", Fraction(24000, 1001)),
        (23.976, Fraction(24000, 1001)),
        (23.976024627685547, Fraction(24000, 1001)),
        ("24", Fraction(24)),
        (25.0, Fraction(25)),
        ("29.97 DF", Fraction(30000, 1001)),
        ("59.94", Fraction(60000, 1001)),
        (119.88, Fraction(120000, 1001)),
        ("50", Fraction(50)),
    ],
)
def test_a_rounded_rate_becomes_exact(setting, rate):
    assert timecode.exact(setting) == rate


def test_a_timeline_without_a_rate_is_refused_in_a_sentence():
    with pytest.raises(HostError, match="frame rate"):
        timecode.exact("")


@given(
    frame=st.integers(0, 24 * 3600 * 24),
    case=st.sampled_from(
        [(Fraction(30000, 1001), True), (Fraction(60000, 1001), True), (Fraction(30000, 1001), False), (Fraction(25), False)]
    ),
)
def test_a_label_names_the_frame_that_it_was_made_from(frame, case):
    rate, drop = case
    label = timecode.timecode(frame, rate, drop)
    assert frame_of(label, rate) == frame
    skipped = drop and label[6:8] == "00" and int(label[9:]) < round(rate) // 15 and int(label[3:5]) % 10
    assert not skipped, f"{label} does not exist in drop-frame"
