"""Everything that can go wrong in the core, as types. Each message is one sentence: what is wrong, then what to do.

    raise SpeechTooLong("speech.too-long", speech_s=4.2, picture_s=3)      the sentences: `messages`

    HeygemError                    exit code
    ├── InputError                 3   the video, speech or range that was given cannot be used
    │   ├── MediaNotFound              no file at that path
    │   ├── UnreadableMedia            not a media file, or too damaged to decode
    │   ├── NoPicture                  a file without video frames where a picture is needed
    │   ├── NoSound                    a file without sound where speech is needed
    │   ├── UnsupportedMedia           decodes, but this pipeline must not guess (interlaced, encrypted …)
    │   ├── BadRange                   in/out outside the clip, empty, or not a timecode of this rate
    │   ├── SpeechTooLong              speech longer than the picture and no --fit chosen
    │   └── PlanChanged                the files give another plan than the one that was asked for
    ├── NoUsableFace               4   no frame of the range has a face that can be rendered
    ├── OutputError                5   the take cannot be written (missing folder, read-only, disk full, bad format)
    ├── SetupError                 6   something is missing on this machine
    │   ├── MissingPackage             an optional package; the message holds the install line
    │   ├── MissingWeights             a model file that the user has to fetch
    │   ├── UnusableWeights            a model file that is not what it should be
    │   ├── FetchFailed                a model could not be fetched
    │   ├── LicenceNotAccepted         a model's terms must be accepted first
    │   └── DeviceUnavailable          cuda or mps asked for but not usable
    ├── SpecError                  2   a task's spec file, setting or option is not valid
    └── Cancelled                  130 somebody asked to stop; nothing is left behind

Exit code 70 is a bug: an exception that is not in this tree.
"""

from __future__ import annotations

from typing import Any

from .messages import Message, catalogue, plain, tell

EXIT_OK = 0
EXIT_BUG = 70


class CodedError(Exception):
    """An error that a person reads: `said` is its message; `str(error)` is that in English."""

    said: Message

    def __init__(self, said: str | Message = "", /, **params: Any) -> None:
        """`said`: a code of the catalogue, with its parameters. Other text is a sentence without a code: of another package's engine."""
        if isinstance(said, str):
            said = tell(said, **params) if said in catalogue("en") else plain(said)
        self.said = said
        super().__init__(said.message)


class HeygemError(CodedError):
    """Base of every error that the core raises on purpose."""

    exit_code = 1


class InputError(HeygemError):
    """What was given cannot be used."""

    exit_code = 3


class MediaNotFound(InputError):
    """There is no file at that path."""


class UnreadableMedia(InputError):
    """The file is not media, or is too damaged to decode."""


class NoPicture(InputError):
    """A picture is needed and the file has no video frames."""


class NoSound(InputError):
    """Speech is needed and the file has no sound."""


class UnsupportedMedia(InputError):
    """The file decodes but cannot be rendered faithfully."""


class BadRange(InputError):
    """In or out lies outside the clip, is empty, or is not a timecode of the clip's rate."""


class SpeechTooLong(InputError):
    """The speech outlasts the picture and no fit was chosen."""


class PlanChanged(InputError):
    """The files hold something else than when the take was planned."""


class NoUsableFace(HeygemError):
    """No frame of the range has a face that can be rendered."""

    exit_code = 4


class OutputError(HeygemError):
    """The take cannot be written."""

    exit_code = 5


class SetupError(HeygemError):
    """Something is missing on this machine."""

    exit_code = 6


class MissingPackage(SetupError):
    """An optional package is not installed; the message holds the install line."""


class MissingWeights(SetupError):
    """A model file that the user has to fetch is not where it is looked for."""


class UnusableWeights(SetupError):
    """A model file is damaged, another model's, or no model at all."""


class FetchFailed(SetupError):
    """A model could not be fetched: no network, a server that answers otherwise, or no room for it."""


class LicenceNotAccepted(SetupError):
    """A model's terms must be accepted before it is fetched."""


class DeviceUnavailable(SetupError):
    """The wanted compute device cannot be used."""


class SpecError(HeygemError):
    """A spec file, setting or option is not valid."""

    exit_code = 2


class Cancelled(HeygemError):
    """Somebody asked to stop."""

    exit_code = 130
