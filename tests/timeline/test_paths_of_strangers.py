"""Media that a stranger's timeline names: found by one rule, inside the allowed folders, and nothing is asked about any other path."""

from __future__ import annotations

import io
import ntpath
import os
import zipfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest

from heygem_core.errors import MediaNotFound
from heygem_core.media.real_paths import hold_to_real_paths, still_real
from heygem_server.security import paths
from heygem_server.timeline import locate
from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import Selection
from heygem_server.timeline.facts import FactsChild
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.locate import Locator

from ..media import make
from .making import Files, clip, data, external, sound, time, timeline, times, track, video

NEVER_TOUCHED = (
    "\\\\evil\\share\\x.mov",
    "//evil/share/x.mov",
    "\\\\?\\UNC\\evil\\share\\x.mov",
    "\\\\.\\evil\\x.mov",
    "//./evil/x.mov",
    "/\\evil\\share\\x.mov",
    "\\/evil/share/x.mov",
    "file://evil/share/x.mov",
    "file:////evil/share/x.mov",
    "file:///%5C%5Cevil/share/x.mov",
    "file:%5C%5Cevil%5Cshare%5Cx.mov",
    "FILE://localhost//evil/share/x.mov",
    "smb://evil/share/x.mov",
    "C:evil.mov",
    "Z:\\evil\\x.mov",
    "Z:/evil/x.mov",
    "/dev/evil",
    "/proc/self/evil",
    "/elsewhere/evil/../../dev/evil",
)


def otio(name: str) -> bytes:
    return data(timeline(track("Video", "V1", clip("x", times(0, 10, 25), external(name))), start=time(0, 25)))


def otioz(name: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as bundle:
        bundle.writestr("content.otio", otio(name))
    return packed.getvalue()


def edl(name: str) -> bytes:
    return (
        "TITLE: x\n001  X        V     C        00:00:00:00 00:00:00:10 00:00:00:00 00:00:00:10\n"
        f"* FROM CLIP NAME: x\n* FROM CLIP: {name}\n"
    ).encode()


def fcpxml(name: str) -> bytes:
    return (
        '<fcpxml version="1.10"><resources><format id="r1" frameDuration="1/25s"/>'
        f'<asset id="r2" hasVideo="1" format="r1" start="0s" duration="40s">'
        f'<media-rep kind="original-media" src={quoteattr(name)}/></asset>'
        '</resources><library><event><project name="p"><sequence format="r1"><spine>'
        '<asset-clip ref="r2" name="x" offset="0s" start="0s" duration="10/25s"/></spine></sequence></project></event></library></fcpxml>'
    ).encode()


def fcp7(name: str) -> bytes:
    rate = "<rate><timebase>25</timebase></rate>"
    return (
        f"<xmeml><sequence><name>p</name>{rate}<media><video><track><clipitem><name>x</name>{rate}<start>0</start><end>10</end>"
        f'<in>0</in><out>10</out><file id="f"><name>x</name>{rate}<pathurl>{name.replace("&", "&amp;")}</pathurl></file>'
        "</clipitem></track></video></media></sequence></xmeml>"
    ).encode()


SPEECH = "/speech that somebody chose.wav"
SELECTION = Selection(tracks=("V1",), speech=SPEECH)
FORMATS = {"otio": otio, "otioz": otioz, "edl": edl, "fcpxml": fcpxml, "fcp7": fcp7}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every path that the system is asked about."""
    paths: list[str] = []

    def listening(name: str) -> Any:
        real = getattr(os, name)

        def ask(path: Any = ".", *arguments: Any, **more: Any) -> Any:
            if not isinstance(path, int):
                paths.append(os.fsdecode(path))
            return real(path, *arguments, **more)

        return ask

    for name in ("stat", "lstat", "readlink", "open", "scandir"):
        monkeypatch.setattr(os, name, listening(name))
    return paths


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("roots", [True, False], ids=["server", "command line"])
def test_names_that_are_no_plain_files_are_never_touched(form: str, roots: bool, tmp_path: Path, asked: list[str]) -> None:
    """On Windows a mere question about \\\\server\\x sends the user's credentials to it; elsewhere a folder may mount itself."""
    for name in NEVER_TOUCHED:
        read = read_timeline(FORMATS[form](name), form, rate=Fraction(25))
        asked.clear()
        locator = Locator(roots=(tmp_path,) if roots else None, base=tmp_path, searched=(tmp_path,))
        found = conform(read.timeline, SELECTION, facts=_no_facts, locator=locator)
        assert [row.shot for row in found.shots] == [None], name
        assert found.shots[0].error or found.shots[0].needs_host_export, name
        assert [path for path in asked if "evil" in path] == [], name


@pytest.mark.parametrize(
    "name",
    [
        *("\\\\evil\\share\\x.mov", "//evil/share/x.mov", "\\\\?\\C:\\x.mov", "\\\\.\\COM1", "C:x.mov", "C:\\CON", "C:\\media\\nul.mov"),
        *("C:/media/aux", "C:\\a\\..\\prn.txt", "C:\\x.mov:stream", "C:\\a. \\x.mov"),
    ],
)
def test_on_windows_too_names_are_refused_by_their_text(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules of Windows, played here: what its text rules out is not looked at; a plain path is."""
    looked: list[str] = []
    monkeypatch.setattr(locate, "_is_file", lambda path: looked.append(str(path)))
    monkeypatch.setattr(os.path, "isabs", ntpath.isabs)
    monkeypatch.setattr(paths.sys, "platform", "win32")
    for wanted in (name, "C:\\media\\x.mov"):
        with pytest.raises(MediaNotFound):
            Locator().locate(wanted)
    assert looked == ["C:\\media\\x.mov"]


def test_a_share_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(MediaNotFound, match="mount the share"):
        Locator(roots=(tmp_path,)).locate("//nas/share/x.mov")


def test_whoever_runs_the_command_line_may_map_to_a_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locate, "_is_file", lambda path: True)
    assert Locator(path_maps=(("D:\\media", "//nas/share"),)).locate("D:\\media\\x.mov") == Path("//nas/share/x.mov")
    with pytest.raises(MediaNotFound):
        Locator(roots=(tmp_path,), path_maps=(("D:\\media", "//nas/share"),)).locate("D:\\media\\x.mov")


def test_what_lies_outside_is_told_the_same_whether_it_is_there_or_not(tmp_path: Path) -> None:
    """Else a timeline could ask which files this machine has."""
    (tmp_path / "inside").mkdir()
    (tmp_path / "there.mov").touch()
    said = set()
    for name in ("there.mov", "gone.mov"):
        with pytest.raises(MediaNotFound) as refused:
            Locator(roots=(tmp_path / "inside",)).locate(str(tmp_path / name))
        said.add(str(refused.value).replace(name, "NAME"))
    assert len(said) == 1


@pytest.fixture
def own(tmp_path: Path) -> tuple[Path, Path]:
    """The server's folder inside a folder that may be read, with an upload, its secret and a take."""
    folder = tmp_path / "data"
    for name in ("uploads/u1.mov", "server.json", "timelines/t1/exports/x.mov", "takes/take.mov"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder, folder / "takes"


@pytest.mark.parametrize("name", ["uploads/u1.mov", "server.json", "timelines/t1/exports/x.mov", "takes/../uploads/u1.mov"])
@pytest.mark.parametrize("form", FORMATS)
def test_no_clip_names_a_file_of_the_servers_own(form: str, name: str, own: tuple[Path, Path], tmp_path: Path) -> None:
    path = own[0] / name if ".." not in name else f"{own[0]}/{name}"
    link = tmp_path / "link.mov"
    link.symlink_to(os.path.realpath(path))
    locator = Locator(roots=(tmp_path, own[1]), base=tmp_path, own=own)
    for wanted in (str(path), str(link), f"data/{name}", Path(name).name):
        read = read_timeline(FORMATS[form](wanted), form, rate=Fraction(25))
        found = conform(read.timeline, SELECTION, facts=_no_facts, locator=locator)
        assert [row.shot for row in found.shots] == [None], wanted


def test_takes_may_be_named(own: tuple[Path, Path], tmp_path: Path) -> None:
    locator = Locator(roots=(tmp_path, own[1]), own=own)
    assert locator.locate(str(own[1] / "take.mov")) == own[1] / "take.mov"
    assert locator.locate("/elsewhere/take.mov") == own[1] / "take.mov"


def test_what_is_found_inside_the_roots_is_a_real_path(tmp_path: Path) -> None:
    """Whoever opens it later can see whether a link has come in its way."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.mov").touch()
    (tmp_path / "b").symlink_to("a")
    assert Locator(roots=(tmp_path,)).locate(str(tmp_path / "b" / "x.mov")) == tmp_path / "a" / "x.mov"


# --- a folder that is exchanged for a link after its files were found


@pytest.fixture
def swapped(tmp_path: Path) -> Iterator[Path]:
    """inside/x.mov, which was a file of its own and leads out of the roots by now."""
    (tmp_path / "outside").mkdir()
    make.video(tmp_path / "outside" / "x.mov", frames=5)
    (tmp_path / "inside").symlink_to("outside")
    yield tmp_path / "inside" / "x.mov"
    hold_to_real_paths(())


def test_a_file_behind_a_link_is_not_opened_where_its_path_was_real(swapped: Path) -> None:
    with still_real(swapped):
        pass
    hold_to_real_paths([str(swapped)])
    with pytest.raises(MediaNotFound, match="there is a link now"), still_real(swapped):
        pass
    with still_real(swapped.parents[1] / "outside" / "x.mov"):
        pass


def test_a_link_that_comes_while_the_file_is_opened_is_seen(tmp_path: Path) -> None:
    path, other = tmp_path / "inside" / "x.mov", tmp_path / "outside"
    for folder in (path.parent, other):
        folder.mkdir()
        (folder / "x.mov").touch()
    (tmp_path / "another.mov").touch()
    hold_to_real_paths(None)
    try:
        with pytest.raises(MediaNotFound, match="there is a link now"):
            opened_while(path, lambda: (path.parent.rename(tmp_path / "away"), path.parent.symlink_to(other)))
        with pytest.raises(MediaNotFound, match="changed while it was opened"):
            opened_while(other / "x.mov", lambda: (tmp_path / "another.mov").replace(other / "x.mov"))
    finally:
        hold_to_real_paths(())


def opened_while(path: Path, something_happens: Callable[[], object]) -> None:
    with still_real(path):
        something_happens()


def test_the_child_of_facts_opens_no_file_behind_a_link_that_came_meanwhile(swapped: Path) -> None:
    with FactsChild() as facts:
        assert facts(swapped).frames == 5  # the command line: whoever types a path means what it leads to
    with FactsChild(real_paths=True) as facts:
        with pytest.raises(MediaNotFound, match="there is a link now"):
            facts(swapped)
        assert facts(swapped.parents[1] / "outside" / "x.mov").frames == 5


def test_a_plain_path_is_found_in_every_format(files: Files) -> None:
    path = files.add("a.mov", video(Fraction(25), 500))
    files._facts[SPEECH] = sound(10)
    for form, make_it in FORMATS.items():
        read = read_timeline(make_it(path), form, rate=Fraction(25))
        (row,) = conform(read.timeline, SELECTION, facts=files.facts, locator=Locator(roots=(files.folder,))).shots
        assert row.shot is not None, (form, row.error)
        assert row.shot.video == path


def _no_facts(path: Any) -> Any:
    if path == Path(SPEECH):
        return sound(10)
    raise AssertionError(f"nothing to look at in {path}")
