"""Finds the media file of a clip, that of its original reference whatever version is active, and its facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from heygem_core.errors import HeygemError, MediaNotFound
from heygem_core.messages import words

from .conform_types import MediaFacts, Pictures
from .facts import Facts
from .flatten import TimelineItem
from .locate import Locator, name_of, path_of
from .metadata import own_text
from .picture_sequences import Numbered, facts_of, find_pictures, first_picture, numbered_in
from .source_range import HOST_SUFFIXES, absolute_origin, embedded_start

_schema = otio.schema
_NO_REEL = {"AX", "BL", "BLACK", "UNKNOWN"}  # what lists write where there is none


@dataclass(slots=True)
class Media:
    """Finds the file of a clip and its facts; every file is looked for once."""

    facts: Facts
    locator: Locator
    _found: dict[str, Path | HeygemError] = field(default_factory=dict)
    _pictures: dict[tuple[Numbered, Fraction | None], Pictures | HeygemError] = field(default_factory=dict)
    _single: set[str] = field(default_factory=set)  # URLs that mean one file

    def __call__(self, item: TimelineItem, reference: Any) -> tuple[Path, MediaFacts]:
        """reference: `original_reference` of its item. Raises: InputError."""
        pictures = self.pictures(item, reference)
        if pictures is not None:
            return first_picture(pictures), facts_of(pictures)
        path = self.path(item.item, reference, item)
        return path, self.facts(path)

    def pictures(self, item: TimelineItem, reference: Any) -> Pictures | None:
        """The numbered pictures that a clip plays; None = its media are one file. Raises: MediaNotFound."""
        url = getattr(reference, "target_url", None)
        if url in self._single:
            return None
        asked = numbered_in(reference)
        if asked is None or (url and self._is_there(url)):
            if url:
                self._single.add(url)
            return None
        key = (asked, item.source_rate)
        if key not in self._pictures:
            try:
                self._pictures[key] = find_pictures(asked, reference, self.locator, item.source_rate or Fraction(25))
            except HeygemError as error:
                self._pictures[key] = error
        found = self._pictures[key]
        if isinstance(found, HeygemError):
            raise found
        return found

    def _is_there(self, url: str) -> bool:
        """Whether a file is called so, place for the number and all."""
        try:
            return bool(self.locator.locate(path_of(url)))
        except HeygemError:
            return False

    def path(self, clip: Any, reference: Any, item: TimelineItem | None = None) -> Path:
        """The file of a clip. item: its place, whose source times tell which clip of a reel is meant. Raises: MediaNotFound."""
        url = getattr(reference, "target_url", None) or ""
        key = url or f"\n{getattr(reference, 'name', '')}\n{clip.name}"
        if not url and item is not None and own_text(clip, "reel") is not None:
            key += f"\n{own_text(clip, 'reel')}\n{item.kind}\n{item.source_low}\n{item.source_high}"
        if key not in self._found:
            try:
                self._found[key] = self.locator.locate(path_of(url)) if url else self._by_name(clip, reference, item)
            except HeygemError as error:
                self._found[key] = error
        found = self._found[key]
        if isinstance(found, HeygemError):
            raise found
        return found

    def _by_name(self, clip: Any, reference: Any, item: TimelineItem | None) -> Path:
        """A clip that says no path: by its name, else by that without a suffix or by its reel, as edit lists name media."""
        refusal = MediaNotFound("clip.no-media")
        for name in (getattr(reference, "name", ""), clip.name):
            if name and "." in name:
                try:
                    return self.locator.locate_name(name)
                except MediaNotFound as error:
                    if own_text(clip, "reel") is None or error.said.code != "media.nowhere":
                        raise
                    refusal = error
        reel = own_text(clip, "reel")
        if reel is None or item is None:
            raise refusal
        reels = () if reel.upper() in _NO_REEL else (reel,)
        for name in dict.fromkeys((clip.name, _without_suffix(clip.name), *reels)):
            found = self.locator.named_like(name) if name else []
            if found:
                return self._of_reel(found, name, item)
        raise MediaNotFound("media.nowhere", file=reel) if reels and refusal.said.code == "clip.no-media" else refusal

    def _of_reel(self, found: list[Path], name: str, item: TimelineItem) -> Path:
        """Of the files of a reel the one whose timecode holds the clip's. Raises: MediaNotFound — several do, or none of several."""
        if len(found) == 1:
            return found[0]
        holding = {path: kind for path in found if (kind := self._kind_where_it_holds(path, item)) is not None}
        fitting = [path for path, kind in holding.items() if (kind == "video") == (item.kind == "picture")]
        if len(fitting) == 1 or len(holding) == 1:
            return (fitting or list(holding))[0]
        raise MediaNotFound("media.ambiguous", count=len(holding or found), file=name)

    def _kind_where_it_holds(self, path: Path, item: TimelineItem) -> str | None:
        """What a file is, where it holds the source times of a clip by its own timecode; else None."""
        try:
            facts = self.facts(path)
        except HeygemError:
            return None
        if facts.kind != "video" if item.kind == "picture" else not facts.sound:
            return None
        embedded = embedded_start(facts, item.source_rate)
        start = absolute_origin(item, facts, embedded) if embedded is not None else Fraction(0)
        slack = Fraction(1) / facts.rate if facts.rate else Fraction(1, 10)
        end = None if facts.duration_s is None else start + facts.duration_s + slack
        return facts.kind if start - slack <= item.source_low and (end is None or item.source_high <= end) else None


def _without_suffix(name: str) -> str:
    return name.rpartition(".")[0]


def original_reference(clip: Any) -> Any:
    """The media reference of a clip that is not one of our takes."""
    active = clip.media_reference if isinstance(clip, _schema.Clip) else None
    if own_text(active, "take") is None:
        return active
    references = dict(clip.media_references())
    named = references.get(own_text(clip, "original") or "")
    return named or next((each for each in references.values() if own_text(each, "take") is None), None)


def host_only_reason(clip: Any, reference: Any) -> str | None:
    """Why only an editor can play a clip, as far as its original media reference tells."""
    if not isinstance(clip, _schema.Clip):
        return words("clip.nest")
    url = getattr(reference, "target_url", "") or ""
    if url:
        suffix = url.rsplit(".", 1)[-1] if "." in url else ""
        host_only = f".{suffix.lower()}" in HOST_SUFFIXES and "." in name_of(url)
        return words("clip.host-format", suffix=f".{suffix}") if host_only else None
    if isinstance(reference, _schema.GeneratorReference):
        return words("clip.generated", kind=reference.generator_kind or "generator")
    if isinstance(reference, _schema.ImageSequenceReference):
        suffix = reference.name_suffix.lower()
        return words("clip.host-format", suffix=suffix) if suffix in HOST_SUFFIXES else None
    nameless = not any("." in name for name in (getattr(reference, "name", "") or "", clip.name))
    if nameless and own_text(clip, "reel") is None:
        return words("clip.no-media-file")
    return None
