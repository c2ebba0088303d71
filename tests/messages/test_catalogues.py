"""Every code in every catalogue, with the same parameters."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import heygem_core
from heygem_core.messages import LANGUAGES, catalogue, page_texts, say, tell

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


def test_a_language_is_one_more_file(tmp_path):
    """Found in the folder of the package, with what it tells of itself, its sentences and the page's texts."""
    package = Path(heygem_core.__file__).parent
    core = tmp_path / "core"
    shutil.copytree(package / "messages", core / "messages", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(package / "printable.py", core)
    (core / "__init__.py").touch()
    chinese = (package / "messages" / "zh.toml").read_text("utf-8")
    (core / "messages" / "tlh.toml").write_text(chinese.replace("zh-CN", "tlh").replace("简体中文", "tlhIngan Hol"), "utf-8")
    program = (
        "import json\nfrom core.messages import LANGUAGES, language_of, page_texts, say, spoken, tell\n"
        "said = say(tell('messages.no-language', languages=['en', 'zh']), 'tlh')\n"
        "print(json.dumps([LANGUAGES, spoken('tlh').title, language_of('tlh_Latn.UTF-8'), said, len(page_texts('tlh'))]))"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    names, title, found, said, texts = json.loads(ran.stdout)
    assert (names, title, found, texts) == (["en", "tlh", "zh"], "tlhIngan Hol", "tlh", len(page_texts("zh")))
    assert said == say(tell("messages.no-language", languages=["en", "zh"]), "zh")


def test_chinese_sentences_are_chinese():
    assert [code for code, text in catalogue("zh").items() if not re.search(r"[\u4e00-\u9fff]", text)] == []


def test_no_two_codes_say_the_same():
    texts = list(catalogue("en").values())
    assert sorted({text for text in texts if texts.count(text) > 1}) == []
