"""What a timeline format is: one row, with the functions that read and write it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from ..conform_types import Cue, FinishedTake, PublishMode

Notices: TypeAlias = list[str]
Reader: TypeAlias = Callable[[bytes, Fraction | None], tuple[Any, Notices]]
"""(the file, the rate where the file does not say it) → (an OpenTimelineIO timeline, what the user should know).
Raises: UnreadableTimeline."""

Writer: TypeAlias = Callable[[Any, Fraction | None], tuple[bytes, Notices]]
"""(an OpenTimelineIO timeline, its rate where it does not say it) → (the file, what the format cannot carry).
Raises: UnreadableTimeline — it cannot be said in this format at all."""

Layer: TypeAlias = Callable[[bytes, "Sequence[Cue]", Sequence[str], Fraction | None], tuple[bytes, Notices]]
"""(a file, the lines of a cue sheet, the tracks of sound that stay on where any are named, the rate) → (that file with the lines under it,
what should be known). Lines of an earlier sheet go. Raises: UnreadableTimeline."""

Grafter: TypeAlias = Callable[[bytes, "Sequence[FinishedTake]", "PublishMode", Fraction | None], tuple[bytes, Notices]]
"""(the file that the takes come from, takes, how they are placed, the rate) → (that file with the takes added, what could not be done)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A timeline format. Its functions import what they need when they are called: listing formats costs nothing."""

    name: str  # on the wire and on the command line
    title: str  # for people, where no catalogue translates it
    suffixes: tuple[str, ...]  # with their dot, in small letters; a timeline that is written gets the first
    shared_suffixes: tuple[str, ...] = ()  # files of other kinds carry them too: they are read, and no list of files offers them
    folder: tuple[str, str] | None = None  # (suffix, name of the file inside) where the format also comes as a folder
    media_type: str  # of an answer over HTTP
    sniff: Callable[[bytes], bool]  # whether a file is of this format, by its first 4096 bytes without byte order mark and white space
    read: Reader | None = None  # None = it is only written
    write: Writer | None = None  # None = it is only read
    graft: Grafter | None = None  # adds takes to the document that was read; None = that is read, changed and written anew

    lay: Layer | None = None  # with `graft`: lays lines under the document; None = they are not laid, which is said

    @property
    def all_suffixes(self) -> tuple[str, ...]:
        return self.suffixes + self.shared_suffixes
