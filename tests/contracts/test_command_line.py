"""Every command, option and choice of before is accepted."""

from __future__ import annotations

import argparse
import contextlib
import io
from typing import Any

import pytest

from . import doors
from .record import commands_of, described, recorded

THEN: dict[str, Any] = recorded("command_line.json")


@pytest.fixture(scope="module")
def parser() -> argparse.ArgumentParser:
    return doors.command_line()


@pytest.fixture(scope="module")
def now(parser: argparse.ArgumentParser) -> dict[str, Any]:
    return described(parser)


@pytest.mark.parametrize("command", THEN)
def test_a_command_has_all_its_options(command: str, now: dict[str, Any]) -> None:
    assert command in now, "the command is gone"
    flags = {flag: about for about in now[command]["options"].values() for flag in about["flags"]}
    for about in THEN[command]["options"].values():
        for flag in about["flags"]:
            assert flag in flags, f"{flag} is gone"
            _is_as_before(flag, about, flags[flag])
    arguments = now[command]["arguments"]
    assert len(arguments) >= len(THEN[command]["arguments"])
    for before, after in zip(THEN[command]["arguments"], arguments, strict=False):
        _is_as_before("argument", before, after)
    assert all(after["nargs"] in ("?", "*") for after in arguments[len(THEN[command]["arguments"]) :]), "a new argument must be given"


def _is_as_before(name: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    assert (after["takes"], after["nargs"]) == (before["takes"], before["nargs"]), name
    assert not after.get("required") or before.get("required"), f"{name} must be given now"
    assert set(before.get("choices", ())) <= set(after.get("choices", before.get("choices", ()))), name
    assert not after.get("choices") or "choices" in before, f"{name} takes only {after.get('choices')} now"
    assert after["default"] in (before["default"], None, argparse.SUPPRESS), f"{name}: another default"  # None: decided later


@pytest.mark.parametrize(("command", "option"), [(command, option) for command, about in THEN.items() for option in about["options"]])
def test_an_option_is_accepted_on_a_command_line(command: str, option: str, parser: argparse.ArgumentParser) -> None:
    about = THEN[command]["options"][option]
    count = about["nargs"] if isinstance(about["nargs"], int) else 1
    values = [about["sample"]] * count if "sample" in about else []
    for flag in about["flags"]:
        assert _accepted(parser, [*command.split(), *_needed(command, option), flag, *values]), flag


@pytest.mark.parametrize(
    ("command", "option", "choice"),
    [
        (command, option, choice)
        for command, about in THEN.items()
        for option, each in about["options"].items()
        for choice in each.get("choices", ())
    ]
    + [(command, "", choice) for command, about in THEN.items() for each in about["arguments"] for choice in each.get("choices", ())],
)
def test_every_choice_is_accepted(command: str, option: str, choice: str, parser: argparse.ArgumentParser) -> None:
    words = [*command.split(), *_needed(command, option), option, choice] if option else [*command.split(), choice]
    assert _accepted(parser, words)


def _needed(command: str, but: str) -> list[str]:
    """The words without which the command does not run, arguments first."""
    about = THEN[command]
    words = [each["sample"] for each in about["arguments"] if each["nargs"] not in ("?", "*")]
    for name, option in about["options"].items():
        words += [name, option["sample"]] if option.get("required") and name != but else []
    return words


def _accepted(parser: argparse.ArgumentParser, words: list[str]) -> bool:
    with contextlib.redirect_stderr(io.StringIO()) as said:
        try:
            parser.parse_args(words)
        except SystemExit:
            raise AssertionError(said.getvalue()) from None
    return True


def test_the_installed_command_and_its_module_say_the_same() -> None:
    """The service and the panels start `python -m heygem_server.cli`; its help names every command."""
    done = doors.run([*doors.HEYGEM, "--help"], COLUMNS="200")
    assert done.returncode == 0, done.stderr
    assert [command for command in THEN if f" {command.split()[0]} " not in done.stdout] == []


def test_a_wrong_option_ends_with_the_code_of_before(parser: argparse.ArgumentParser) -> None:
    assert doors.run([*doors.HEYGEM, "render", "--no-such-option"]).returncode == 2
    assert len(list(commands_of(parser))) >= len(THEN)
