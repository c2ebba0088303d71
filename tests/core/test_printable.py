"""Names of others on a terminal and in logs: nothing in them is obeyed, hides what follows or turns it around."""

from __future__ import annotations

import time
import unicodedata

import pytest

from heygem_core.messages import here, plain, tell
from heygem_core.printable import printable, printable_lines, printable_name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("clip 1.mov", "clip 1.mov"),
        ("a  b", "a  b"),  # two spaces belong to a path
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2J\x1b[Hgone", "gone"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;http://evil.example\x1b\\here\x1b]8;;\x1b\\", "here"),
        ("\x9b31mred", "red"),
        ("\x9d0;title\x9cx", "x"),
        ("\x1bcx", "x"),
        ("\x1b(0x", "x"),
        ("\x1b", " "),
        ("\x1b]0;no end", " ]0;no end"),
        ("a\rb\nc\td\x08e\x00f\x7fg\x85h\u2028i", "a b c d e f g h i"),
        ("\u202egpj.exe", "gpj.exe"),
        ("half \ud83d", "half \ufffd"),
        ("نیم\u200cفاصله 👩\u200d👧 é 中文", "نیم\u200cفاصله 👩\u200d👧 é 中文"),  # joiners belong to words and pictures
    ],
)
def test_what_a_terminal_obeys_is_taken_out(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable_name(text) == " ".join(shown.split())
    assert printable_lines(text).replace("\n", " ").split() == shown.split()


def test_no_letter_gets_through_that_is_none() -> None:
    for letter in map(chr, range(0x3000)):
        shown = printable(f"a{letter}b")
        assert not any(unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") for one in shown), hex(ord(letter))


def test_a_long_text_takes_no_long_time() -> None:
    for piece in ("\x9d", "\x1b]", "\x1b[0", "\x9b0", "\x1b ", "\x1b[ "):
        began = time.process_time()
        printable(piece * 100_000)
        assert time.process_time() - began < 10, repr(piece)


def test_a_sentence_on_a_terminal_obeys_nothing_of_its_parameters() -> None:
    hostile = "\x1b[31m\u202ename"
    inner = tell("request.takes-need-folder", path=hostile)
    for message in (inner, plain(f"no code {hostile}"), tell("cli.note", notice=inner), tell("auth.no-right", needed=[hostile], scope="x")):
        assert "name" in here(message)
        assert not set(here(message)) & {"\x1b", "\u202e"}
