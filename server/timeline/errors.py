"""Errors of a timeline as a whole. What is wrong with one of its clips does not stop the others: see `conform`."""

from __future__ import annotations

from heygem_core.errors import InputError


class UnreadableTimeline(InputError):
    """The file is no timeline that this program can read, or it is larger or deeper than is allowed."""


class BadTime(InputError):
    """A time or rate that means nothing: a rate of 0, a length of NaN."""
