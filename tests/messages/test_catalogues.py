"""Every code in every catalogue, with the same parameters."""

from __future__ import annotations

import re

import pytest

from heygem_core.messages import LANGUAGES, catalogue

OTHERS = [language for language in LANGUAGES if language != "en"]


def gaps(template: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", template))


@pytest.mark.parametrize("language", OTHERS)
def test_every_code_has_a_sentence_in_every_language(language):
    assert set(catalogue(language)) == set(catalogue("en"))


@pytest.mark.parametrize("language", OTHERS)
def test_a_code_has_the_same_parameters_in_every_language(language):
    other = catalogue(language)
    assert {code: gaps(text) for code, text in catalogue("en").items()} == {code: gaps(other[code]) for code in catalogue("en")}


def test_chinese_sentences_are_chinese():
    assert [code for code, text in catalogue("zh").items() if not re.search(r"[\u4e00-\u9fff]", text)] == []


def test_no_two_codes_say_the_same():
    texts = list(catalogue("en").values())
    assert sorted({text for text in texts if texts.count(text) > 1}) == []
