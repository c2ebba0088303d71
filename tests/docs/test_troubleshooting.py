"""What a reader is told to look for is what the product says: the quoted sentences stand in its source or its catalogues."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from ..conftest import REPOSITORY
from .test_pages import DOCS

PAGE = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
_VARIES = re.compile(r"“[^”]*”|\b[\d.]+\b|…|@")  # names, numbers, what is left out


def quoted() -> list[str]:
    """The first cells of the tables headed “what you read” or “reason”."""
    tables = re.findall(r"^\| (?:what you read|reason) \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return [row.split(" | ")[0].strip("| ") for table in tables for row in table.splitlines()]


@cache
def said() -> str:
    """All texts of the product; where a name or number goes stands an @."""
    texts = [(REPOSITORY / "server" / "web" / "text" / "en.js").read_text(encoding="utf-8")]
    texts += [file.read_text(encoding="utf-8") for file in (REPOSITORY / "heygem_core").rglob("en.toml")]
    texts = [re.sub(r"\{\w+\}", "@", text) for text in texts]
    for folder in ("heygem_core", "server", "plugins"):
        for file in (REPOSITORY / folder).rglob("*.py"):
            texts += [_text(node) for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
    return "\n".join(texts).replace("’", "'")


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "@" for part in node.values)
    return ""


def test_there_are_sentences_to_check() -> None:
    assert len(quoted()) > 20


@pytest.mark.parametrize("sentence", quoted())
def test_a_quoted_sentence_is_one_that_the_product_says(sentence: str) -> None:
    for piece in _VARIES.split(sentence):
        piece = piece.strip(" :;,")
        assert len(piece) < 4 or piece in said(), piece
