"""Settings: three places, one declaration."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from heygem_core.errors import SpecError
from heygem_server.settings import PathMap, ServerSettings, add_flags, flags_of, read_settings


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text('workers = 2\nport = 1000\nsegment_frames = 100\nroots = ["/a"]\n[[path_maps]]\ntheirs = "Z:\\\\m"\nours = "/m"\n')
    found = read_settings({"port": "3000", "workers": None}, file=file, environment={"HEYGEM_PORT": "2000", "HEYGEM_WORKERS": "3"})
    assert (found.port, found.workers, found.segment_frames) == (3000, 3, 100)
    assert (found.roots, found.path_maps) == ((Path("/a"),), (PathMap(theirs="Z:\\m", ours="/m"),))


def test_every_setting_has_a_flag_and_a_sentence() -> None:
    parser = argparse.ArgumentParser()
    add_flags(parser)
    actions = {action.dest: action for action in parser._actions}
    assert set(ServerSettings.__struct_fields__) == set(actions) - {"help"}
    assert all(actions[name].help for name in ServerSettings.__struct_fields__)
    options = parser.parse_args(["--root", "/a", "/b", "--port", "0", "--path-maps", "Z:\\m=/m", "--lan", "--keep-days", "none"])
    found = read_settings(flags_of(options), environment={})
    assert (found.roots, found.port, found.lan, found.keep_days) == ((Path("/a"), Path("/b")), 0, True, None)
    assert found.path_maps == (PathMap(theirs="Z:\\m", ours="/m"),)


@pytest.mark.parametrize(("text", "bytes_"), [("500", 500), ("2k", 2048), ("1.5G", 3 << 29), ("64 GiB", 64 << 30), ("1T", 1 << 40)])
def test_sizes_are_written_as_people_write_them(text: str, bytes_: int) -> None:
    assert read_settings({"largest_upload_bytes": text}, environment={}).largest_upload_bytes == bytes_


def test_none_lifts_the_limit_of_what_is_kept() -> None:
    """As the help says of every setting; for a size it was refused as no number."""
    found = read_settings({"keep_bytes": "none", "keep_days": "none"}, environment={})
    assert (found.keep_bytes, found.keep_days) == (None, None)


@pytest.mark.parametrize(
    "flags",
    [
        {"port": "65536"},
        {"port": "x"},
        {"workers": "0"},
        {"largest_upload_bytes": "many"},
        {"segment_frames": "4"},
        {"keep_days": "-1"},
        {"path_maps": ["Z:"]},
        {"host": "0.0.0.0"},
        {"takes_folder": "/c/takes", "cache": "/c"},
        {"stall_limit_s": "nan"},
    ],
)
def test_a_value_out_of_range_is_an_error(flags: dict[str, object]) -> None:
    with pytest.raises(SpecError):
        read_settings(flags, environment={})


@pytest.mark.parametrize("text", ["wokers = 2\n", "workers = \n", '"\\x"', "[lan]\nx=1\n"])
def test_a_file_with_an_unknown_key_or_no_toml_is_an_error(tmp_path: Path, text: str) -> None:
    file = tmp_path / "server.toml"
    file.write_text(text)
    with pytest.raises(SpecError):
        read_settings(file=file, environment={})


def test_variables_of_others_are_left_alone() -> None:
    assert read_settings(environment={"HEYGEM_CLIPS": "/x", "HEYGEM_DATA": "/y"}, file=None).port is None
