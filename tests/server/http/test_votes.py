"""Votes between two takes are kept as a table that spreadsheets open, and counted whichever stood first."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from heygem_server.http.votes import COLUMNS, Votes
from heygem_server.wire import VoteRequest

from .running import Server


class Take:
    """As much of a take as a vote names."""

    def __init__(self, name: str) -> None:
        self.id, self.name = f"id-{name}", name
        self.settings: Any = type("Settings", (), {"engine": "mesh"})()


ONE: Any = Take("one_v1.mov")
OTHER: Any = Take("one_v2.mov")


def rows(table: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))


def test_votes_are_counted_whichever_take_stood_first(tmp_path: Path) -> None:
    votes = Votes(tmp_path)
    for first, second, choice in ((ONE, OTHER, "first"), (OTHER, ONE, "second"), (OTHER, ONE, "first"), (ONE, OTHER, "same")):
        votes.add(VoteRequest(first=first.id, second=second.id, choice=choice, voter="Anna"), first, second, "/media/a.mov")
    assert Votes(tmp_path).count(ONE.id, OTHER.id) == (2, 1, 1)
    assert Votes(tmp_path).count(OTHER.id, ONE.id) == (1, 2, 1)
    assert votes.count(ONE.id, "id-none") == (0, 0, 0)


@pytest.mark.parametrize("name", ["=1+1", "@x", "-2", 'a,"b"', "李"])
def test_a_name_is_text_in_every_spreadsheet(tmp_path: Path, name: str) -> None:
    votes = Votes(tmp_path)
    votes.add(VoteRequest(first=ONE.id, second=OTHER.id, choice="same", voter=name), ONE, OTHER, "")
    assert votes.table().startswith("\ufeff".encode())
    (row,) = rows(votes.table())
    assert row["voter"] == (f"'{name}" if name[0] in "=@-" else name)


def test_votes_come_over_the_api(still: Server) -> None:
    assert rows(still.ask("GET", "/api/v1/votes.csv").body) == []
    assert tuple(still.ask("GET", "/api/v1/votes.csv").body.decode("utf-8-sig").strip().split(",")) == COLUMNS
    same = {"first": "t1", "second": "t1", "choice": "same"}
    assert still.ask("POST", "/api/v1/votes", same).json["code"] == "vote.same-take"
    assert still.ask("POST", "/api/v1/votes", {**same, "second": "t2"}).status == 404
    host = still.token("host", host="h", project="p")
    assert still.ask("GET", "/api/v1/votes.csv", headers=host, known=False).status == 403
