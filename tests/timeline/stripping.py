"""Takes grafted takes out of documents again, by their files alone: what is left must be the document that came in.

No code of the product is used: these are small programs of their own that know the formats, not our writers.
"""

from __future__ import annotations

import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import aaf2


def canonical(document: bytes | ElementTree.Element) -> str:
    """Canonical XML, comments and all white space included."""
    text = document if isinstance(document, bytes) else ElementTree.tostring(document)
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True, insert_pis=True))
    return ElementTree.canonicalize(ElementTree.tostring(ElementTree.fromstring(text, parser)), with_comments=True)


def parsed(document: bytes) -> ElementTree.Element:
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True, insert_pis=True))
    return ElementTree.fromstring(document, parser)


def strip_fcp7(document: bytes, folder: str) -> ElementTree.Element:
    """Without the clips whose file lies in a folder, the tracks that hold one, and what else stands on those."""
    root = parsed(document)
    ours = {each.get("id") for each in root.iter("file") if f"{folder}/" in (each.findtext("pathurl") or "")}
    for media in list(root.iter("video")):
        for track in media.findall("track"):
            if any(each.get("id") in ours for each in track.iterfind("clipitem/file")):
                media.remove(track)
    return root


def strip_fcpxml(document: bytes, folder: str) -> ElementTree.Element:
    """Without the clips whose file lies in a folder, that file's resource, formats that only it names, and auditions of one choice."""
    root = parsed(document)
    assets = [each for each in root.iter("asset") if any(f"{folder}/" in (source.get("src") or "") for source in each.iter())]
    ours = {each.get("id") for each in assets}
    named = {each.get("format") for each in root.iter() if each not in assets}
    for parent in list(root.iter()):
        for child in list(parent):
            of_a_take = child.get("ref") in ours or (
                child.tag == "clip" and any(each.get("ref") in ours and each.get("lane") is None for each in child.findall("video"))
            )
            unused = child.tag == "format" and child.get("id") not in named
            if child in assets or of_a_take or unused:
                parent.remove(child)
    for parent in list(root.iter()):
        for place, child in enumerate(list(parent)):
            if child.tag == "audition" and len(child) == 1:
                child[0].tail = child.tail
                parent[place] = child[0]
    return root


def without_takes_in_aaf(data: bytes, takes: str) -> list[str]:
    """Every property of every mob of an AAF, by pyaaf2, without media below `takes` and without the tracks that play them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.aaf")
        path.write_bytes(data)
        with aaf2.open(str(path), "r") as file:
            mobs = {str(mob.mob_id): mob for mob in file.content.mobs}
            gone = {key for key, mob in mobs.items() if any(takes in line for line in _lines(mob, ""))}
            others = {key for key, mob in mobs.items() if type(mob).__name__ != "CompositionMob"}
            while more := {key for key in others - gone if _plays(mobs[key]) & gone}:
                gone |= more
            return sorted(line for key, mob in mobs.items() if key not in gone for line in _lines(mob, key, gone))


def _plays(thing: Any) -> set[str]:
    """The mobs that a mob or a slot names."""
    return {line.rpartition(" = ")[2] for line in _lines(thing, "") if ".SourceID = " in line}


def _lines(thing: Any, path: str, gone: Collection[str] = ()) -> Iterator[str]:
    for each in thing.properties():
        value, here = each.value, f"{path}.{each.name}"
        if isinstance(value, aaf2.core.AAFObject):
            yield from _lines(value, f"{here}({type(value).__name__})")
        elif isinstance(value, Iterable) and not isinstance(value, (str, bytes, bytearray, dict)):
            listed = list(value)
            if not any(isinstance(inner, aaf2.core.AAFObject) for inner in listed):
                yield f"{here} = {listed}"
                continue
            kept = [inner for inner in listed if not (each.name == "Slots" and _plays(inner) & set(gone))]
            for number, inner in enumerate(kept):
                yield from _lines(inner, f"{here}[{number}]({type(inner).__name__})")
        else:
            yield f"{here} = {value}"
