"""What the program raises and tells: a code of the catalogue each time, with exactly its parameters; and no code that nothing tells."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from heygem_core.messages import catalogue

ROOT = Path(__file__).parents[2]
ROOMS = ("heygem_core", "server", "plugins/installing")
ROOTS_OF_ERRORS = {"CodedError", "HeygemError", "ServerError"}

Call = tuple[str, ast.Call]


def trees() -> dict[Path, ast.Module]:
    files = [path for room in ("heygem_core", "server", "plugins") for path in sorted((ROOT / room).rglob("*.py"))]
    return {path: ast.parse(path.read_text("utf-8")) for path in files if "node_modules" not in path.parts}


TREES = trees()


def name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def error_classes() -> set[str]:
    known, classes = set(ROOTS_OF_ERRORS), [node for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    while True:
        found = {
            node.name
            for node in classes
            if any((base.id if isinstance(base, ast.Name) else getattr(base, "attr", "")) in known for base in node.bases)
        }
        if found <= known:
            return known
        known |= found


def told() -> Iterator[Call]:
    """Every making of an error, and every `tell`."""
    makers = error_classes() | {"tell"}
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and name_of(node.func) in makers and node.args:
                yield f"{path.relative_to(ROOT).as_posix()}:{node.lineno}", node


def codes_of(node: ast.expr) -> list[str] | None:
    """The codes that a first argument may be; None = a message that was made elsewhere."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.IfExp):
        return [code for part in (node.body, node.orelse) for code in codes_of(part) or ()]
    return None


def test_every_error_and_message_has_a_code_of_the_catalogue() -> None:
    codes = catalogue("en")
    wrong = [
        f"{where}: {ast.unparse(call)}"
        for where, call in told()
        if where.startswith(ROOMS)
        for found in [codes_of(call.args[0])]
        if (isinstance(call.args[0], ast.JoinedStr) if found is None else not all(code in codes for code in found))
    ]
    assert wrong == []


def test_every_code_is_told_with_its_own_parameters() -> None:
    codes = catalogue("en")
    wrong = []
    for where, call in told():
        if any(keyword.arg is None for keyword in call.keywords):
            continue  # **values: seen by the tests that read the sentence
        given = {keyword.arg for keyword in call.keywords}
        for code in codes_of(call.args[0]) or ():
            wanted = set(re.findall(r"\{(\w+)\}", codes.get(code, "")))
            if code in codes and not (wanted <= given and given - wanted <= {"folder"}):
                wrong.append(f"{where}: {code} wants {sorted(wanted)}, got {sorted(map(str, given))}")
    assert wrong == []


@pytest.mark.parametrize("code", sorted(catalogue("en")))
def test_every_code_is_told_somewhere(code: str) -> None:
    assert code in literals()


def literals(found: set[str] = set()) -> set[str]:  # noqa: B006 — gathered once
    """All texts that stand in the program."""
    if not found:
        for tree in TREES.values():
            found.update(node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
        for folder in ("server/web", "plugins"):
            for path in (ROOT / folder).rglob("*.js"):
                if not {"vendor", "node_modules"} & set(path.parts):
                    found.update(re.findall(r"[\"'`]([a-z0-9]+(?:[.-][a-z0-9]+)+)[\"'`]", path.read_text("utf-8")))
    return found
