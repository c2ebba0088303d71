"""Speech by espeak-ng's library with the time of each phoneme: labels that cost nothing, in all its languages and voices.

The library is asked in its own interface (`speak_lib.h`), since the program of the same name prints no times.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import MissingPackage

Floats = NDArray[np.float32]

_RETRIEVAL, _PHONEME_EVENTS, _UTF_8 = 1, 1, 1  # of speak_lib.h
_LIST_END, _PHONEME = 0, 7  # kinds of events
_RATE, _PITCH = 1, 3  # parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Phoneme:
    """One sound; a stop begins where its burst is heard."""

    name: str  # of espeak-ng, "_:" = a pause
    start_s: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spoken:
    """What was said."""

    samples: Floats  # (n,) mono
    rate: int  # samples per second
    phonemes: tuple[Phoneme, ...]


class _Name(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Name),
    ]


class _Voice(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("languages", ctypes.POINTER(ctypes.c_char)),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("unused", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class Speaker:
    """The library, opened once a process; it speaks one text after the other."""

    def __init__(self) -> None:
        """Raises: MissingPackage."""
        found = ctypes.util.find_library("espeak-ng")
        if found is None:
            raise MissingPackage("train.needs-espeak")
        self._library: Any = ctypes.CDLL(found)
        self._rate = int(self._library.espeak_Initialize(_RETRIEVAL, 0, None, _PHONEME_EVENTS))
        if self._rate <= 0:
            raise MissingPackage("train.needs-espeak")
        self._pieces: list[NDArray[np.int16]] = []
        self._phonemes: list[Phoneme] = []
        self._callback = _Callback(self._receive)  # kept: the library holds its address alone
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        self._files = _files(self._library.espeak_ListVoices(None))

    def say(self, language: str, text: str, *, variant: str = "", words_per_minute: int = 160, pitch: int = 50) -> Spoken:
        """language: as espeak-ng names it, "en-gb". variant: of the voice, "+f2". pitch: 0 to 100. Raises: ValueError — no such voice."""
        self._pieces, self._phonemes = [], []
        voice = self._files.get(language, language) + variant
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise ValueError(f"espeak-ng has no voice {voice}")
        self._library.espeak_SetParameter(_RATE, words_per_minute, 0)
        self._library.espeak_SetParameter(_PITCH, pitch, 0)
        encoded = text.encode("utf-8") + b"\0"
        self._library.espeak_Synth(encoded, ctypes.c_size_t(len(encoded)), 0, 1, 0, _UTF_8, None, None)
        self._library.espeak_Synchronize()
        samples = np.concatenate(self._pieces).astype(np.float32) / 32768 if self._pieces else np.zeros(0, np.float32)
        return Spoken(samples=samples, rate=self._rate, phonemes=tuple(self._phonemes))

    def _receive(self, samples: Any, count: int, events: Any) -> int:
        if samples and count:
            self._pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        k = 0
        while events[k].type != _LIST_END:
            if events[k].type == _PHONEME:
                name = bytes(events[k].id.string).split(b"\0")[0].decode("utf-8", "replace")
                self._phonemes.append(Phoneme(name=name, start_s=events[k].sample / self._rate))
            k += 1
        return 0


def _files(voices: Any) -> dict[str, str]:
    """The file of the voice that speaks each language best: a voice of that language first, then one that names it among others."""
    found: dict[str, tuple[int, str]] = {}
    k = 0
    while voices[k]:
        voice, at = voices[k].contents, 0
        while (priority := voice.languages[at][0]) != 0:  # a byte of priority, then a name that ends with a zero, until a zero
            name = ctypes.string_at(ctypes.addressof(voice.languages.contents) + at + 1).decode("ascii", "replace")
            found[name] = min(found.get(name, (256, "")), (priority, voice.identifier.decode()))
            at += len(name) + 2
        k += 1
    return {language: file for language, (_, file) in found.items()}


@cache
def speaker() -> Speaker:
    """The one of this process. Raises: MissingPackage."""
    return Speaker()
