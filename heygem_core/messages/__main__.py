"""Sorts the catalogues: `python -m heygem_core.messages`. Lines that several people added merge as they come."""

from __future__ import annotations

from pathlib import Path

from . import LANGUAGES


def main() -> None:
    for language in LANGUAGES:
        file = Path(__file__).with_name(f"{language}.toml")
        file.write_text(in_order(file.read_text("utf-8")), "utf-8", newline="\n")


def in_order(text: str) -> str:
    """The remarks at the head, then each line of a table once, by code."""
    lines = [line for line in text.splitlines() if line.strip()]
    head = [line for line in lines if line.startswith("#")]
    tables: dict[str, set[str]] = {}
    table = tables[""] = set()
    for line in lines[len(head) :]:
        if line.startswith("["):
            table = tables.setdefault(line, set())
        else:
            table.add(line)
    parts = [part for name, rows in tables.items() for part in ("", *filter(None, [name]), *sorted(rows))]
    return "\n".join([*head, *parts]) + "\n"


if __name__ == "__main__":
    main()
