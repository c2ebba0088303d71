"""A timeline format of another package: read, rendered and published by the command line and the server, and listed for the page."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from heygem_core.errors import SpecError
from heygem_server.timeline.child_process import conform_blocking, publish_blocking
from heygem_server.timeline.child_specs import ConformSpec, PublishSpec
from heygem_server.timeline.conform_types import FinishedTake, Selection, TimelineShot
from heygem_server.timeline.formats.reading import read_timeline

from ..media import make
from ..rendering.making import pictures, speech, write_clip, write_sound
from ..server.http.running import running
from ..server.http.test_jobs import wait_for_end
from .packages import found, install

HEYGEM = [sys.executable, "-m", "heygem_server.cli"]

# A file such as
#   CUTLIST 25
#   V 10 24 90004 /media/face.mov
#   A 0 50 0 /media/words.wav
# kind of track, first and last frame of the record, first frame of the source, path; a line beginning with "note" means nothing here.
SOURCE = """
from fractions import Fraction

from heygem_server.timeline.formats.format import Format


def read(data, rate):
    import opentimelineio as otio
    from heygem_server.timeline.formats.assembly import Event, tracks_of, media_clip, timeline_of

    head, *lines = data.decode().splitlines()
    rate = Fraction(head.split()[1])
    events = {"V": [], "A": []}
    for kind, start, end, first, path in (line.split(maxsplit=4) for line in lines if line[:2] in ("V ", "A ")):
        start, end, first = (Fraction(int(number)) / rate for number in (start, end, first))
        item = media_clip(path.rsplit("/", 1)[-1], path, first, end - start, rate)
        events[kind].append(Event(start=start, end=end, item=item))
    kinds = {"V": otio.schema.TrackKind.Video, "A": otio.schema.TrackKind.Audio}
    tracks = [track for kind, found in events.items() for track in tracks_of(found, rate, kinds[kind], f"{kind}1")]
    return timeline_of("Cut list", Fraction(0), rate, tracks), ["A cut list has no names."]


def write(timeline, rate):
    from heygem_server.timeline.formats.export_model import export_model_of

    flat = export_model_of(timeline, rate)
    lines = [f"CUTLIST {flat.sequence.rate}"]
    for track in flat.tracks:
        kind = "V" if track.kind == "picture" else "A"
        lines += [
            f"{kind} {clip.start} {clip.end} {round(clip.low * flat.sequence.rate)} {clip.media.path}" for clip in track.clips if clip.media
        ]
    return "\\n".join(lines).encode(), ["A cut list carries no versions."]


def graft(document, takes, mode, rate):
    added = [f"take {take.shot.placement.record_start} {take.path}" for take in takes]
    return b"\\n".join([document, *(line.encode() for line in added)]), []


CUTLIST = Format(name="cutlist", title="Cut list", suffixes=(".cuts",), media_type="text/x-cutlist",
                 sniff=lambda head: head.startswith(b"CUTLIST "), read=read, write=write)
GRAFTED = Format(name="cutlist-grafted", title="Cut list, kept", suffixes=(".kept",), media_type="text/x-cutlist",
                 sniff=lambda head: False, read=read, write=write, graft=graft)
RENAMED = Format(name="other", title="", suffixes=(".other",), media_type="", sniff=lambda head: False)
"""


@pytest.fixture(scope="module", autouse=True)
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = install(
        tmp_path_factory.mktemp("site"),
        "toy_cutlist",
        SOURCE,
        "heygem.timeline_formats",
        **{"cutlist": "CUTLIST", "cutlist-grafted": "GRAFTED", "misnamed": "RENAMED", "missing": "NOWHERE"},
    )
    with found(folder) as patch:
        patch.setenv("HEYGEM_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """face.mov: 24 frames of 25 fps, without a face; words.wav: 2 s."""
    import numpy as np

    folder = tmp_path_factory.mktemp("media")
    make.video(folder / "face.mov", frames=24)
    make.sound(folder / "words.wav", np.full((1, 2 * 48_000), 0.1, np.float32))
    return folder


def cuts(folder: Path, name: str = "edit.cuts") -> Path:
    path = folder / name
    path.write_text(f"CUTLIST 25\nV 10 24 4 {folder / 'face.mov'}\nA 0 50 0 {folder / 'words.wav'}\nnote keep me", encoding="utf-8")
    return path


def test_its_content_is_known_whatever_the_file_is_called(media: Path, tmp_path: Path) -> None:
    read = read_timeline(cuts(media, "edit.txt"))
    assert (read.format, read.notices) == ("cutlist", ("A cut list has no names.",))
    with pytest.raises(SpecError, match=r"no timeline format “dance”: choose one of otio, otioz, .*cutlist"):
        read_timeline(b"", "dance")


def test_the_command_line_reads_it_in_its_child_and_names_it(media: Path) -> None:
    done = subprocess.run(
        [*HEYGEM, "timeline", str(cuts(media)), "--speech-track", "A1", "--dry-run", "--json"], capture_output=True, text=True, check=True
    )
    (shot,) = json.loads(done.stdout)["shots"]
    assert (shot["shot"]["start"], shot["placement"]["record_start"], shot["placement"]["record_duration"]) == (4, 10, 14)
    described = subprocess.run([*HEYGEM, "timeline", "--help"], capture_output=True, text=True, check=True).stdout
    assert "cutlist" in described
    assert ".cuts" in described
    assert "misnamed" not in described


def shots_of(source: Path) -> tuple[TimelineShot, ...]:
    return conform_blocking(ConformSpec(source=str(source), selection=Selection(speech_tracks=("A1",)))).shots


def test_takes_are_published_in_it(media: Path, tmp_path: Path) -> None:
    take = FinishedTake(shot=shots_of(cuts(media))[0], path=str(tmp_path / "take.mov"), take="t1", frames=14, rate=Fraction(25))
    written = publish_blocking(PublishSpec(source=str(cuts(media)), takes=(take,), output=str(tmp_path / "out.cuts"), mode="track"))
    assert (written.format, written.notices[-1]) == ("cutlist", "A cut list carries no versions.")
    assert f"V 10 24 0 {tmp_path / 'take.mov'}" in (tmp_path / "out.cuts").read_text()


def test_a_format_that_grafts_gets_the_document_that_was_read(media: Path, tmp_path: Path) -> None:
    source = cuts(media, "edit.kept")
    take = FinishedTake(shot=shots_of(source)[0], path="/takes/take.mov", take="t1", frames=14, rate=Fraction(25))
    spec = PublishSpec(source=str(source), format="cutlist-grafted", takes=(take,), output=str(tmp_path / "out.kept"))
    assert publish_blocking(spec).format == "cutlist-grafted"
    assert (tmp_path / "out.kept").read_text() == source.read_text() + "\ntake 10 /takes/take.mov"
    publish_blocking(PublishSpec(source=str(source), takes=(take,), output=str(tmp_path / "out.otio")))
    assert "Timeline.1" in (tmp_path / "out.otio").read_text(), "another format than the source's is written anew"


def test_the_server_lists_it_for_the_page_and_takes_it(media: Path, tmp_path: Path) -> None:
    with running(tmp_path, roots=(media,)) as server:
        formats = {each["name"]: each for each in server.ask("GET", "/api/v1/info").json["timeline_formats"]}
        assert formats["cutlist"] == {
            "name": "cutlist", "title": "Cut list", "suffixes": [".cuts"], "media_type": "text/x-cutlist", "reads": True, "writes": True,
        }  # fmt: skip
        assert not formats["otioz"]["writes"]
        assert "missing" not in formats, "a broken package costs its own format alone"
        cuts(media)
        listed = server.ask("GET", f"/api/v1/files?path={media}").json["entries"]
        assert {each["name"]: each["kind"] for each in listed}["edit.cuts"] == "timeline"
        document = server.ask("GET", "/api/v1/openapi.json").json
        names = document["components"]["schemas"]["TimelineRequest"]["properties"]["format"]["anyOf"][0]["enum"]
        assert {"otio", "cutlist"} <= set(names)
        request = {"path": str(cuts(media)), "selection": {"speech_tracks": ["A1"]}, "dry_run": True}
        answer = server.ask("POST", "/api/v1/timelines", request)
        assert [row["clip"] for row in answer.json["conformed"]["shots"]] == ["face.mov"]
        refused = server.ask("POST", "/api/v1/timelines", {**request, "format": "dance"})
        assert (refused.status, refused.error) == (400, "SpecError")
        assert "choose one of otio, otioz" in refused.json["message"]


@pytest.mark.full
def test_over_http_its_takes_come_back_in_it(people: Path, tmp_path: Path) -> None:
    folder = tmp_path / "edit"
    folder.mkdir()
    write_clip(folder / "face.mov", pictures(people / "grid" / "bbaf2n.mpg")[16:40])
    write_sound(folder / "words.wav", speech(people / "grid" / "lrwp9a.mpg")[8000:40000])
    with running(tmp_path, roots=(folder,)) as server:
        settings = {"sound": "none", "fit": "hold", "format": "prores"}
        request = {"path": str(cuts(folder)), "selection": {"speech_tracks": ["A1"]}, "settings": settings}
        made = server.ask("POST", "/api/v1/timelines", request).json
        ended = wait_for_end(server, made["job"]["job"]["id"])
        assert ended["job"]["state"] == "completed", ended["shots"][0]["why"]
        (take,) = ended["shots"][0]["takes"]
        answer = server.ask("GET", f"/api/v1/timelines/{made['id']}/publish?format=cutlist&mode=track")
        assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, "text/x-cutlist")
        assert f"V 10 24 0 {take['path']}" in answer.body.decode()
        assert ".cuts" in answer.headers["content-disposition"]
