"""The sentences and codes of what a Python editor's panel refuses."""

from __future__ import annotations

import pytest

from heygem_host.errors import HostError, ServerRefusal


def test_a_code_becomes_its_english_sentence_and_keeps_its_parameters() -> None:
    error = HostError("WrongLength", "panel.take-length", got=24, wanted=25)
    assert str(error) == "Resolve makes the take 24 frames long where 25 are wanted; does its frame rate differ from the clip's?"
    assert (error.kind, error.code, error.params) == ("WrongLength", "panel.take-length", {"got": 24, "wanted": 25})


def test_what_is_no_number_travels_as_text_and_is_never_read_as_a_gap() -> None:
    error = HostError("NotImported", "panel.not-imported", path="/clips/{path} \\1.mov")
    assert str(error) == "Resolve could not import /clips/{path} \\1.mov; does this edition read the format?"
    assert HostError("NoServer", "panel.server-silent", why=OSError("gone")).params == {"why": "gone"}


def test_another_packages_sentence_needs_no_code() -> None:
    error = HostError("Locked", "The bin is locked: {unlock} it.")
    assert (str(error), error.code, error.params) == ("The bin is locked: {unlock} it.", None, {})


def test_the_servers_refusal_keeps_the_servers_code() -> None:
    said = {"error": "NotFound", "code": "job.gone", "params": {"job": "7"}, "message": "Job 7 is gone."}
    error = ServerRefusal(said)
    assert (error.kind, str(error), error.code, error.params) == ("NotFound", "Job 7 is gone.", "job.gone", {"job": "7"})
    older = ServerRefusal({"error": "NotFound", "message": "Job 7 is gone."})
    assert (older.code, older.params) == (None, {})
    with pytest.raises(KeyError):
        ServerRefusal({"error": "NotFound"})
