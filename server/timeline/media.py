"""Finds the media file of a clip, that of its original reference whatever version is active, and its facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import opentimelineio as otio

from heygem_core.errors import HeygemError, MediaNotFound
from heygem_core.messages import words

from .conform_types import MediaFacts
from .facts import Facts
from .flatten import TimelineItem
from .locate import Locator, name_of, path_of
from .metadata import own_text
from .source_range import HOST_SUFFIXES

_schema = otio.schema


@dataclass(slots=True)
class Media:
    """Finds the file of a clip and its facts; every file is looked for once."""

    facts: Facts
    locator: Locator
    _found: dict[str, Path | HeygemError] = field(default_factory=dict)

    def __call__(self, item: TimelineItem) -> tuple[Path, MediaFacts]:
        """Raises: InputError."""
        path = self.path(item.item, original_reference(item.item))
        return path, self.facts(path)

    def path(self, clip: Any, reference: Any) -> Path:
        url = getattr(reference, "target_url", None) or ""
        key = url or f"\n{getattr(reference, 'name', '')}\n{clip.name}"
        if key not in self._found:
            try:
                self._found[key] = self.locator.locate(path_of(url)) if url else self._by_name(clip, reference)
            except HeygemError as error:
                self._found[key] = error
        found = self._found[key]
        if isinstance(found, HeygemError):
            raise found
        return found

    def _by_name(self, clip: Any, reference: Any) -> Path:
        for name in (getattr(reference, "name", ""), clip.name):
            if name and "." in name:
                return self.locator.locate_name(name)
        raise MediaNotFound("clip.no-media")


def original_reference(clip: Any) -> Any:
    """The media reference of a clip that is not one of our takes."""
    active = clip.media_reference
    if own_text(active, "take") is None:
        return active
    references = dict(clip.media_references())
    named = references.get(own_text(clip, "original") or "")
    return named or next((each for each in references.values() if own_text(each, "take") is None), None)


def host_only_reason(clip: Any) -> str | None:
    """Why only an editor can play a clip, as far as its media reference tells."""
    if not isinstance(clip, _schema.Clip):
        return words("clip.nest")
    reference = original_reference(clip)
    if isinstance(reference, _schema.GeneratorReference):
        return words("clip.generated", kind=reference.generator_kind or "generator")
    if isinstance(reference, _schema.ImageSequenceReference):
        return words("clip.picture-sequence")
    url = getattr(reference, "target_url", "") or ""
    if "." in name_of(url) and f".{url.rsplit('.', 1)[-1].lower()}" in HOST_SUFFIXES:
        return f".{url.rsplit('.', 1)[-1]} is a format that only the editor decodes"
    if not url and not any("." in name for name in (getattr(reference, "name", "") or "", clip.name)):
        return words("clip.no-media-file")
    return None
