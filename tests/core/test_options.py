"""Options are declared once: at the fields of the structs that travel."""

from __future__ import annotations

import argparse
from fractions import Fraction
from typing import Annotated

import msgspec
import pytest

from heygem_core.errors import SpecError
from heygem_core.options import check_limits, option, options_of
from heygem_core.shot import RenderSettings, Shot
from heygem_server.commands.options import add_options, struct_of


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    size: Annotated[float, option("how large", flag="--size", metavar="X", limits=(-1, 1), unit="cm")] = 0.5
    words: Annotated[tuple[str, ...], option("what is said", flag="--word")] = ()
    loud: Annotated[bool, option("say it loudly", flag="--no-loud")] = True
    slow: Annotated[bool, option("say it slowly", flag="--slow")] = False
    after: Annotated[Fraction | None, option("100% = at the end", flag="--after")] = None
    voice: Annotated[str | None, option("who speaks", flag="--voice", choices=lambda: ("low", "high"))] = None
    secret: int = 3

    def __post_init__(self) -> None:
        check_limits(self)


def parsed(*words: str) -> Settings:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_options(parser, Settings, options_of(Settings))
    return struct_of(Settings, parser.parse_args(words))


def test_what_is_not_given_is_what_the_struct_says() -> None:
    assert parsed() == Settings()


def test_options_become_the_fields_they_are_declared_at() -> None:
    words = ["--size", "1", "--word", "a", "--word", "b", "--no-loud", "--slow", "--after", "5/2", "--voice", "low"]
    assert parsed(*words) == Settings(size=1.0, words=("a", "b"), loud=False, slow=True, after=Fraction(5, 2), voice="low")


def test_a_command_s_own_values_hold_where_nothing_was_given() -> None:
    parser = argparse.ArgumentParser()
    add_options(parser, Settings, ("size", "slow"))
    assert struct_of(Settings, parser.parse_args(["--size", "0"]), size=1.0, voice="high") == Settings(size=0.0, voice="high")


def test_help_says_default_and_meaning() -> None:
    parser = argparse.ArgumentParser()
    add_options(parser, Settings, options_of(Settings))
    text = " ".join(parser.format_help().split())
    assert "--size X how large (default: 0.5)" in text
    assert "--no-loud do not say it loudly" in text
    assert "100% = at the end" in text
    assert "{low,high}" in text
    assert "secret" not in text


@pytest.mark.parametrize("size", [-1.5, 2, float("nan")])
def test_limits_hold_however_a_struct_is_made(size: float) -> None:
    with pytest.raises(SpecError, match="The size must lie within ±1 cm"):
        Settings(size=size)
    with pytest.raises(SpecError):
        parsed("--size", str(size))


def test_a_choice_that_is_no_choice_is_refused() -> None:
    with pytest.raises(argparse.ArgumentError, match="invalid choice"):
        parsed("--voice", "middle")


def test_every_setting_of_a_render_is_an_option_with_help_and_a_flag_of_its_own() -> None:
    declared = options_of(RenderSettings)
    assert set(declared) == set(RenderSettings.__struct_fields__)
    both = [*declared.values(), *options_of(Shot).values()]
    assert len({each.option.flag for each in both}) == len(both)
    assert all(each.help and not each.help.endswith(".") for each in both)


def test_the_api_document_describes_and_offers_what_the_command_line_does() -> None:
    from heygem_server.json_schemas import schema_components

    _, named = schema_components([RenderSettings], schema_hook=dict, ref_template="{name}")
    fields = named["RenderSettings"]["properties"]
    for name, declared in options_of(RenderSettings).items():
        assert fields[name]["description"] == declared.help
        choices = declared.choices()
        if choices is not None:
            schema = fields[name].get("anyOf", [fields[name]])[0]
            assert schema["enum"] == sorted(choices)
