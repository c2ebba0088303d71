"""Options that people set: each is declared once, at its field of a struct.

    offset_ms: Annotated[float, option("move the mouth later (+) or earlier (-)", flag="--offset", limits=(-2000, 2000), unit="ms")] = 0.0

Default and choices are those of the field. The command line, the API document, the page's controls and the reference are made from it,
and `check_limits` refuses what lies outside, however the struct was built.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from .errors import SpecError


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What a field's type and default do not say."""

    flag: str  # of the command line; "--no-…" turns off what is on by default
    metavar: str | tuple[str, ...] | None = None  # what stands for the value in help
    choices: Callable[[], tuple[str, ...]] | None = None  # where the type is no `Literal`: the names in a registry
    limits: tuple[float, float] | None = None  # lowest and highest value, both allowed
    unit: str = ""
    slider: tuple[float, float, float] | None = None  # lowest, highest and step of the page's control


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A field with everything that is known of it."""

    name: str
    kind: Any  # its type without None: str, int, float, bool, Fraction, tuple …
    default: Any
    help: str
    option: Option
    literals: tuple[str, ...] | None  # of a `Literal`

    def choices(self) -> tuple[str, ...] | None:
        """What can be chosen now; None = anything of its type."""
        return self.literals if self.option.choices is None else self.option.choices()


def option(
    help: str,
    *,
    flag: str,
    metavar: str | tuple[str, ...] | None = None,
    choices: Callable[[], tuple[str, ...]] | None = None,
    limits: tuple[float, float] | None = None,
    unit: str = "",
    slider: tuple[float, float, float] | None = None,
) -> msgspec.Meta:
    """For `Annotated`: how a field is set. `help` is one clause, in small letters, without a full stop."""
    declared = Option(flag=flag, metavar=metavar, choices=choices, limits=limits, unit=unit, slider=slider)
    return msgspec.Meta(description=help, extra={"option": declared})


@lru_cache
def options_of(struct: type[msgspec.Struct]) -> dict[str, Declared]:
    """The fields of a struct that are options, by name, in their order."""
    hints = get_type_hints(struct, include_extras=True)
    found: dict[str, Declared] = {}
    for field in msgspec.structs.fields(struct):
        hint = hints[field.name]
        metas = [each for each in get_args(hint)[1:] if isinstance(each, msgspec.Meta)] if get_origin(hint) is Annotated else []
        meta = next((each for each in metas if each.extra is not None and "option" in each.extra), None)
        if meta is None or meta.extra is None:
            continue
        kind = _kind(hint)
        found[field.name] = Declared(
            name=field.name,
            kind=str if get_origin(kind) is Literal else kind,
            default=field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default,
            help=meta.description or "",
            option=meta.extra["option"],
            literals=get_args(kind) if get_origin(kind) is Literal else None,
        )
    return found


def check_limits(struct: msgspec.Struct) -> None:
    """Raises: SpecError — a value outside the limits of its option, or no number."""
    for name, declared in options_of(type(struct)).items():
        if declared.option.limits is None:
            continue
        low, high = declared.option.limits
        value = getattr(struct, name)
        if value is None or low <= value <= high:
            continue
        name, most = declared.option.flag.removeprefix("--"), f"{high:g} {declared.option.unit or ''}".rstrip()
        if low == -high:
            raise SpecError("option.beyond", option=name, most=most, got=value)
        raise SpecError("option.outside", option=name, low=low, most=most, got=value)


def _kind(hint: Any) -> Any:
    """A type without what is noted beside it and without None."""
    if get_origin(hint) is Annotated:
        return _kind(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        (kind,) = [each for each in get_args(hint) if each is not NoneType]
        return _kind(kind)
    return hint
