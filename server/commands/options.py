"""Command line options made from the fields of structs, and structs made from what was given."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, TypeVar

import msgspec

from heygem_core.options import Declared, options_of

_Struct = TypeVar("_Struct", bound=msgspec.Struct)


def add_options(parser: argparse.ArgumentParser, struct: type[msgspec.Struct], names: Iterable[str]) -> None:
    """Options for these fields, as they are declared. What is not given is absent from the namespace: the struct knows its defaults."""
    for name in names:
        add_option(parser, struct, name)


def add_option(
    parser: argparse.ArgumentParser,
    struct: type[msgspec.Struct],
    name: str,
    *,
    flag: str | None = None,
    help: str | None = None,
    read: Callable[[str], Any] | None = None,
    default: Any = None,
) -> None:
    """One option; the arguments replace what is declared.

    read: makes a value from text. default: the command's own, only shown here; None = the field's.
    """
    declared = options_of(struct)[name]
    shown = declared.default if default is None else default
    words = (help or declared.help).replace("%", "%%")
    if declared.kind is bool:
        words = f"do not {words}" if declared.default else words
        parser.add_argument(flag or declared.option.flag, dest=name, action="store_true", default=argparse.SUPPRESS, help=words)
        return
    if isinstance(shown, str | float | int):
        words += f" (default: {shown:g})" if isinstance(shown, float) else f" (default: {shown})"
    parser.add_argument(
        flag or declared.option.flag,
        dest=name,
        default=argparse.SUPPRESS,
        help=words,
        **_form(declared, read or _READERS.get(declared.kind)),
    )


def struct_of(struct: type[_Struct], options: argparse.Namespace, **fixed: Any) -> _Struct:
    """The struct with the options that were given; `fixed` holds where nothing was. Raises: SpecError — a value that it refuses."""
    given: dict[str, Any] = {}
    for name, declared in options_of(struct).items():
        if not hasattr(options, name):
            continue
        value = getattr(options, name)
        if declared.kind is bool:
            value = not declared.default
        given[name] = tuple(value) if isinstance(value, list) else value
    return struct(**{**fixed, **given})


def _form(declared: Declared, read: Callable[[str], Any] | None) -> dict[str, Any]:
    form: dict[str, Any] = {"metavar": declared.option.metavar}
    choices = declared.choices()
    if choices is not None:
        form["choices"] = choices
    elif read is not None:
        form["type"] = read
    if isinstance(declared.option.metavar, tuple):
        form["nargs"] = len(declared.option.metavar)
    if declared.default == ():
        form["action"] = "append"
    return form


def fraction(text: str) -> Fraction:
    """Of an option in seconds: "2.5" or "5/2"."""
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f"“{text}” is not a number of seconds, such as 2.5") from None


def speed(text: str) -> Fraction:
    """Of an option: "2", "0.5", "-1" or "50%"."""
    try:
        return Fraction(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f"“{text}” is not a speed, such as 2, 50% or -1") from None


_READERS: dict[Any, Callable[[str], Any]] = {Fraction: fraction, int: int, float: float}
