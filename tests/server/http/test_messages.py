"""The catalogues over HTTP, and what is refused with its code."""

from __future__ import annotations

import pytest

from heygem_core.messages import LANGUAGES, catalogue

from .running import Server


@pytest.mark.parametrize("language", LANGUAGES)
def test_everybody_may_have_the_sentences_of_a_language(server: Server, language: str) -> None:
    answer = server.ask("GET", f"/api/v1/messages/{language}", known=False)
    assert (answer.status, answer.json) == (200, catalogue(language))


def test_sentences_that_somebody_has_are_not_sent_again(server: Server) -> None:
    tag = server.ask("GET", "/api/v1/messages/zh", known=False).headers["etag"]
    again = server.ask("GET", "/api/v1/messages/zh", known=False, headers={"If-None-Match": tag})
    assert (again.status, again.body) == (304, b"")


def test_a_language_without_a_catalogue_is_told_with_those_there_are(server: Server) -> None:
    answer = server.ask("GET", "/api/v1/messages/tlh", known=False)
    assert (answer.status, answer.json["code"], answer.json["params"]) == (404, "messages.no-language", {"languages": ["en", "zh"]})


def test_a_refusal_has_a_code_and_parameters_beside_its_sentence(server: Server) -> None:
    answer = server.ask("GET", "/api/v1/jobs/jnone")
    assert answer.json == {
        "error": "NotFound",
        "code": "store.no-job",
        "params": {"id": "jnone"},
        "message": "There is no job “jnone”: it was deleted, or belongs to another server.",
    }
