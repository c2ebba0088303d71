"""What the program raises and tells: a code of the catalogue each time, with exactly its parameters; and no code that nothing tells."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from heygem_core.messages import catalogue
from heygem_plugins.protocol import generate

ROOT = Path(__file__).parents[2]
ROOMS = ("heygem_core", "server", "plugins")
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
    """Every making of an error, every `tell` and `words`; of a panel's error, what follows its kind."""
    makers = error_classes() | {"tell", "words"}
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            where = f"{path.relative_to(ROOT).as_posix()}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Call) and name_of(node.func) in makers and node.args:
                yield where, node
            if isinstance(node, ast.Call) and name_of(node.func) == "HostError":
                yield where, ast.Call(node.func, node.args[1:], node.keywords)


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


# How a panel's JavaScript and Premiere's scripts tell something: what stands before the code.
TELLERS = {
    "tell": r"\s*",
    "h.tell": r"\s*",
    "h.sentence": r"\s*",
    "refusal": r"\s*[^,]+,\s*",
    "h.fail": r"\s*[^,]+,\s*",
    "refused": r"\s*\"\w+\",\s*",
}
SCRIPTS = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for room in ("shared", "premiere_cep", "premiere_uxp")
    for path in sorted((ROOT / "plugins" / room).rglob("*.js*"))
    if path.suffix in (".js", ".jsx")
}


def told_by_scripts() -> Iterator[tuple[str, str, set[str]]]:
    """Where, the code, and the names of its parameters."""
    for name, text in SCRIPTS.items():
        for teller, before in TELLERS.items():
            for found in re.finditer(rf"(?<![\w.]){re.escape(teller)}\({before}\"([\w-]+\.[^\"]+)\"(,\s*\{{)?", text):
                where = f"{name}:{text.count(chr(10), 0, found.start()) + 1}"
                yield where, found[1], names_of(text, found.end()) if found[2] else set()


def names_of(text: str, start: int) -> set[str]:
    """The names in an object of JavaScript, whose brace ends before `start`."""
    depth, end, parts = 1, start, [""]
    while depth:
        depth += (text[end] in "{([") - (text[end] in "})]")
        if text[end] == "," and depth == 1:
            parts.append("")
        elif depth:
            parts[-1] += text[end]
        end += 1
    return {part.split(":")[0].strip() for part in parts if part.strip()}


def test_every_refusal_of_a_premiere_panel_has_a_code_with_its_own_parameters() -> None:
    codes, told_there = catalogue("en"), list(told_by_scripts())
    wrong = [
        f"{where}: {code} with {sorted(given)}"
        for where, code, given in told_there
        if not code.startswith("panel.") or code not in codes or given != set(re.findall(r"\{(\w+)\}", codes[code]))
    ]
    assert wrong == []
    assert len(told_there) > 30


def test_no_script_of_a_panel_refuses_with_a_sentence_of_its_own() -> None:
    """Each call of `refusal` and `h.fail` is one of those with a code; an error that people read is made by no other way."""
    for name, text in SCRIPTS.items():
        calls = len(re.findall(r"(?<!function )(?<![\w.])(?:refusal|h\.fail)\(", text))
        with_code = len(re.findall(r"(?<![\w.])(?:refusal|h\.fail)\(\s*[^,]+,\s*\"panel\.", text))
        assert calls == with_code, name
        made = re.findall(r"Object\.assign\(new Error|problem\.heygem = ", text)
        assert len(made) == (name in ("plugins/shared/errors.js", "plugins/premiere_cep/jsx/text.jsx")), name


def test_no_panel_says_a_sentence_of_its_own() -> None:
    """Notices, reasons, what a window shows: whatever reads like a sentence stands in the catalogue, so that each language has it."""
    found = [f"{name}: {said}" for name, text in SCRIPTS.items() for said in re.findall(_SENTENCE_OF_SCRIPT, without_comments(text))]
    for path, tree in TREES.items():
        if {"heygem_host", "heygem_resolve"} & set(path.parts) and path.name != "schema_checks.py":  # its faults are for programmers
            found += [f"{path.name}: {said}" for said in sentences_of(tree)]
    assert found == []


_SENTENCE_OF_SCRIPT = r"""["'`]([A-Z][^"'`\n]* [^"'`\n]*(?:[.?…]|: ?))["'`]"""


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/|(?<![:\"'])//[^\n]*", "", text, flags=re.DOTALL)


def sentences_of(tree: ast.Module) -> list[str]:
    """Texts of several words that end like a sentence; what documents, and what a programmer alone sees (a raised ValueError), aside."""
    documents = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]
    raised = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)]
    faults = [call for call in raised if name_of(call.func) == "ValueError"]
    aside = {id(each) for part in (*documents, *faults) for each in ast.walk(part)}
    texts = [
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in aside
    ]
    return [text for text in texts if re.search(r"\w \w", text) and text.strip()[-1:] in ".?…:"]


def test_the_panels_copies_hold_all_that_they_tell() -> None:
    for file, table in ((generate.MESSAGES_FILE, generate.messages()), (generate.OTHERS_FILE, generate.others())):
        assert json.loads(file.read_text("utf-8")) == table, "python -m heygem_plugins.protocol.generate writes it anew"
    told = {code for _, code, _ in told_by_scripts()}
    assert all(told <= set(sentences) for sentences in (generate.messages(), *(other["sentences"] for other in generate.others().values())))


@pytest.mark.parametrize("code", sorted(catalogue("en")))
def test_every_code_is_told_somewhere(code: str) -> None:
    assert code in literals()


def literals(found: set[str] = set()) -> set[str]:  # noqa: B006 — gathered once
    """All texts that stand in the program."""
    if not found:
        for tree in TREES.values():
            found.update(node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
        for folder in ("server/web", "plugins"):
            for path in (ROOT / folder).rglob("*"):
                if path.suffix in (".js", ".jsx", ".lua") and not {"vendor", "node_modules"} & set(path.parts):
                    found.update(re.findall(r"[\"'`]([a-z0-9]+(?:[.-][a-z0-9]+)+)[\"'`]", path.read_text("utf-8")))
    return found
