"""The reference as Markdown, made from the program itself: command line, settings, exit codes, API, Python."""

from __future__ import annotations

import argparse
import ast
import html
import inspect
import io
import json
import tokenize
from collections.abc import Callable, Iterator, Sequence
from typing import Any, get_args

import msgspec

import heygem_core
import heygem_core.errors
import heygem_core.shot
from heygem_core.engines.base import Change, Needs, PlanContext
from heygem_core.face.tracker import TrackerKind
from heygem_core.media.deliverables import DELIVERABLES, Deliverable
from heygem_core.messages import catalogue
from heygem_core.options import options_of
from heygem_core.tasks.specs import Task
from heygem_server import cli, settings
from heygem_server.executors.base import ExecutorKind
from heygem_server.hosts.editors import Editor
from heygem_server.http.openapi import document
from heygem_server.http.route_table import ROUTES
from heygem_server.timeline.formats.format import Format
from heygem_server.timeline.formats.registry import FORMATS as TIMELINE_FORMATS
from heygem_server.wire import HostHello

_API = "/api/v1/"
EXIT_CODES_OUTSIDE_THE_TREE = {
    0: ("", "The command did what it was asked."),
    1: ("ServerError", "The server refused, or no server is running. Also `heygem install --status`, where something is missing or old."),
    70: ("", "A bug. Please report it with the lines that were printed."),
}


def command_line() -> str:
    """Every subcommand with all its options, walked from the parsers."""
    return "\n".join(_command(parser) for parser in _parsers(cli.make_parser()))


def _parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                assert below.prog.endswith(name)
                yield below
                yield from _parsers(below)


def _command(parser: argparse.ArgumentParser) -> str:
    lines = [f"## `{parser.prog}`", "", parser.description or "", ""]
    if any(isinstance(action, argparse._SubParsersAction) for action in parser._actions):
        return "\n".join(lines)
    rows = [
        (_spelling(action), _help(parser, action))
        for action in parser._actions
        if action.help != argparse.SUPPRESS and not isinstance(action, argparse._HelpAction)
    ]
    return "\n".join([*lines, _table(("option", "what it does"), rows), ""])


def _spelling(action: argparse.Action) -> str:
    value = action.metavar or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper())
    value = " ".join(value) if isinstance(value, tuple) else value
    if not action.option_strings:
        return _code(value)
    several = " …" if action.nargs in ("+", "*") else ""
    return ", ".join(_code(name + ("" if action.nargs == 0 else f" {value}{several}")) for name in action.option_strings)


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    text = parser._get_formatter()._expand_help(action) if action.help else ""
    return text + (" (required)" if action.required and action.option_strings else "")


def server_settings() -> str:
    """A row for each setting: its three names, and what it is where none of them is given."""
    parser = argparse.ArgumentParser()
    settings.add_flags(parser)
    flags = {action.dest: action for action in parser._actions}
    rows = [
        (
            "<br>".join(map(_code, (field.name, *flags[field.name].option_strings, f"HEYGEM_{field.name.upper()}"))),
            _default(field),
            flags[field.name].help or "",
        )
        for field in msgspec.structs.fields(settings.ServerSettings)
    ]
    return _table(("in the file, as a flag, in the environment", "default", "what it is"), rows)


def _default(field: msgspec.structs.FieldInfo) -> str:
    """The value; of what depends on the machine, the first line of the function that finds it out."""
    if field.default_factory is not msgspec.NODEFAULT:
        value = field.default_factory
        return (inspect.getdoc(value) or "").partition("\n")[0] if inspect.isfunction(value) else "none"
    value = field.default
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    if field.name.endswith("_bytes"):
        return next((f"{value >> shift}{unit}" for unit, shift in (("G", 30), ("M", 20)) if value % (1 << shift) == 0), str(value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def exit_codes() -> str:
    """The tree of errors by exit code."""
    found = dict(EXIT_CODES_OUTSIDE_THE_TREE)
    below = [
        (error.exit_code, error.__name__, (inspect.getdoc(error) or "").partition("\n")[0])
        for error in _subclasses(heygem_core.errors.HeygemError)
    ]
    rows = [(code, name, text) for code, (name, text) in found.items()] + below
    return _table(("code", "error", "what happened"), [(str(code), _code(name), text) for code, name, text in sorted(rows, key=_by_code)])


def _by_code(row: tuple[int, str, str]) -> int:
    return row[0]


def _subclasses(kind: type) -> Iterator[Any]:
    below: Any
    for below in kind.__subclasses__():
        if below.__module__.startswith("heygem_core"):
            yield below
            yield from _subclasses(below)


def deliverables() -> str:
    """The formats a take can be written in."""
    rows = [
        (_code(row.name), row.title, ", ".join(map(_code, row.suffixes)), "yes" if row.carries_alpha else "no")
        for row in DELIVERABLES.all().values()
    ]
    return _table(("`--format`", "what it is", "suffixes", "can be transparent"), rows)


def messages() -> str:
    """Every code with its English sentence."""
    return _table(("code", "sentence"), [(_code(code), html.escape(text, quote=False)) for code, text in sorted(catalogue("en").items())])


def timeline_formats() -> str:
    """The formats of timelines, and what is done with each."""
    rows = [
        (_code(row.name), row.title, ", ".join(map(_code, row.all_suffixes)), "yes" if row.read else "no", "yes" if row.write else "no")
        for row in TIMELINE_FORMATS.all().values()
    ]
    return _table(("name", "what it is", "suffixes", "is read", "is written"), rows)


def fields(kind: type) -> Callable[[], str]:
    """The table of a class's fields."""

    def made() -> str:
        comments = field_comments(kind)
        rows = [(_code(name), _code(written), comments.get(name, "")) for name, written in _annotations(kind).items()]
        return _table(("field", "type and default", "what it is"), rows)

    return made


def api_document() -> bytes:
    """The OpenAPI document that a server with all routes describes itself with."""
    return document(ROUTES)


def api() -> str:
    """Routes by their first word, then every struct that travels."""
    described = json.loads(api_document())
    comments = _comments_by_struct()
    parts: list[str] = []
    group = ""
    for path, methods in sorted(described["paths"].items(), key=lambda entry: (not entry[0].startswith(_API), entry[0])):
        heading = path.removeprefix(_API).partition("/")[0].capitalize() if path.startswith(_API) else "The page and the server's health"
        if heading != group:
            parts.append(f"## {heading}\n")
            group = heading
        parts += [_route(method, path, entry) for method, entry in methods.items()]
    parts.append("## What hosts answer\n")
    parts.append("JSON-RPC 2.0 requests that the server sends to a connected editor over its socket.\n")
    rows = [(_code(name), _kind(method["params"]), _kind(method["result"])) for name, method in sorted(described["x-host-methods"].items())]
    parts.append(_table(("method", "parameters", "result"), rows) + "\n")
    parts.append("## Schemas\n")
    parts += [_schema(name, schema, comments.get(name, {})) for name, schema in sorted(described["components"]["schemas"].items())]
    return "\n".join(parts)


def public_routes() -> str:
    """What is answered without a token."""
    return _table(("route", "what it is"), [(_code(f"{route.method} {route.path}"), route.summary) for route in ROUTES if not route.scopes])


def host_methods(page: str = "") -> str:
    """What the server asks of editors; `page`: where the schemas are described, "" = on the same page."""
    methods = json.loads(api_document())["x-host-methods"]
    rows = [(_code(name), _kind(method["params"], page), _kind(method["result"], page)) for name, method in sorted(methods.items())]
    return _table(("method", "parameters", "result"), rows)


def _route(method: str, path: str, entry: dict[str, Any]) -> str:
    lines = [f"### `{method.upper()} {path}`", "", entry.get("summary", ""), ""]
    rows = [
        (_code(given["name"]), given["in"], _kind(given["schema"]), "required" if given.get("required") else "")
        for given in entry.get("parameters", ())
    ]
    if rows:
        lines += [_table(("parameter", "in", "type", ""), rows), ""]
    if "requestBody" in entry:
        lines += [f"Takes {_content(entry['requestBody'])}.", ""]
    for status, response in entry["responses"].items():
        if status != "default" and "content" in response:
            lines += [f"Gives {_content(response)} ({status}).", ""]
    if scopes := entry.get("x-scopes"):
        lines += [f"For tokens of the scope {' or '.join(map(_code, scopes))}.", ""]
    return "\n".join(lines)


def _content(body: dict[str, Any]) -> str:
    kinds = [
        _kind(content["schema"]) if media == "application/json" and content.get("schema") else _code(media)
        for media, content in body["content"].items()
    ]
    return " or ".join(kinds)


def _schema(name: str, schema: dict[str, Any], comments: dict[str, str]) -> str:
    lines = [f"### {name} {{#{_anchor(name)}}}", "", schema.get("description", ""), ""]
    if "properties" in schema:
        needed = set(schema.get("required", ()))
        rows = [
            (_code(key), _kind(value), "required" if key in needed else _code(json.dumps(value.get("default"))), comments.get(key, ""))
            for key, value in schema["properties"].items()
        ]
        lines += [_table(("field", "type", "default", "what it is"), rows), ""]
    elif "enum" in schema or "anyOf" in schema:
        lines += [f"One of {_kind(schema)}.", ""]
    return "\n".join(lines)


def _kind(schema: dict[str, Any], page: str = "") -> str:
    """A JSON Schema in a few words, with links."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}]({page}#{_anchor(name)})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(each) for each in schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(_code(json.dumps(value)) for value in schema["enum"])
    kind = schema.get("type")
    if kind == "array":
        if "prefixItems" in schema:
            return f"[{', '.join(map(_kind, schema['prefixItems']))}]"
        return f"list of {_kind(schema['items'])}" if schema.get("items") else "list"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map to {_kind(schema['additionalProperties'])}"
    limits = [f"≥ {schema['minimum']}"] if "minimum" in schema else []
    limits += [f"≤ {schema['maximum']}"] if "maximum" in schema else []
    return (str(kind) if kind else "anything") + (f" ({', '.join(limits)})" if limits else "")


def _anchor(name: str) -> str:
    return "schema-" + "".join(letter.lower() if letter.isalnum() else "-" for letter in name)


def python() -> str:
    """The public door: what `heygem_core` exports, functions first, from its source."""
    doors = [(name, getattr(heygem_core, name)) for name in heygem_core.__all__]
    doors.sort(key=lambda door: inspect.isclass(door[1]))
    return "\n".join(_class(f"heygem_core.{name}", thing) if inspect.isclass(thing) else _function(name, thing) for name, thing in doors)


def specs() -> str:
    """The specs that `python -m heygem_core` runs."""
    return "\n".join(f'{_class(kind.__name__, kind)}\n`"task": "{kind.__struct_config__.tag}"`\n' for kind in get_args(Task))


def _function(name: str, function: Callable[..., Any]) -> str:
    signature = inspect.signature(function)
    lines: list[str] = []
    for parameter in signature.parameters.values():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and "    *," not in lines:
            lines.append("    *,")
        lines.append(f"    {parameter},")
    written = "\n".join([f"{name}(", *lines, f") -> {signature.return_annotation}"]).replace("'", "")
    written = written.replace("_AnyPath", "str | PathLike[str]").replace("_OnEvent", "Callable[[Event], object]")
    return f"## `heygem_core.{name}`\n\n```python\n{written}\n```\n\n{inspect.getdoc(function) or ''}\n"


def _class(name: str, kind: type) -> str:
    methods = [
        f"`{name}.{each}{str(inspect.signature(member)).replace(chr(39), '')}`: {inspect.getdoc(member)}\n"
        for each, member in inspect.getmembers(kind, inspect.isfunction)
        if not each.startswith("_") and each in vars(kind)
    ]
    return "\n".join([f"## `{name}`\n\n{inspect.getdoc(kind) or ''}\n\n{fields(kind)()}\n", *methods])


def field_comments(kind: type) -> dict[str, str]:
    """What is said of each field of a struct: the help of an option, else what stands behind it in the source:
    `rate: Fraction  # of the timeline` gives {"rate": "of the timeline"}."""
    lines = inspect.getsource(kind)
    behind: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(lines).readline):
        if token.type == tokenize.COMMENT:
            behind[token.start[0]] = token.string.lstrip("# ")
    options = options_of(kind) if issubclass(kind, msgspec.Struct) else {}
    return {
        node.target.id: options[node.target.id].help
        if node.target.id in options
        else next((behind[line] for line in range(node.lineno, (node.end_lineno or node.lineno) + 1) if line in behind), "")
        for node in _fields(lines)
    }


def _annotations(kind: type) -> dict[str, str]:
    source = inspect.getsource(kind)
    return {
        node.target.id: ast.unparse(_without_notes(node.annotation)) + (f" = {ast.unparse(node.value)}" if node.value is not None else "")
        for node in _fields(source)
    }


def _without_notes(annotation: ast.expr) -> ast.expr:
    """`Annotated[int, …]` as `int`."""
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "Annotated" and isinstance(annotation.slice, ast.Tuple):
        return annotation.slice.elts[0]
    return annotation


def _fields(source: str) -> list[Any]:
    """The annotated assignments in a class body."""
    body: list[Any] = ast.parse(source).body[0].body  # type: ignore[attr-defined]
    return [node for node in body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)]


def _comments_by_struct() -> dict[str, dict[str, str]]:
    return {kind.__name__: field_comments(kind) for kind in _all_structs(heygem_core.shot.Struct)}


def _all_structs(kind: type) -> Iterator[type]:
    below: type
    for below in kind.__subclasses__():
        yield below
        yield from _all_structs(below)


def _code(text: str) -> str:
    """As HTML, since a table's cell cannot hold a bar between backticks."""
    return f"<code>{html.escape(text, quote=False).replace('|', '&#124;')}</code>" if text else ""


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines)


GENERATED: dict[str, Callable[[], str]] = {
    "command-line": command_line,
    "settings": server_settings,
    "exit-codes": exit_codes,
    "deliverables": deliverables,
    "deliverable-fields": fields(Deliverable),
    "plan-context-fields": fields(PlanContext),
    "needs-fields": fields(Needs),
    "change-fields": fields(Change),
    "executor-kind-fields": fields(ExecutorKind),
    "tracker-kind-fields": fields(TrackerKind),
    "editor-fields": fields(Editor),
    "host-hello-fields": fields(HostHello),
    "host-methods": lambda: host_methods("../reference/api.md"),
    "timeline-formats": timeline_formats,
    "timeline-format-fields": fields(Format),
    "api": api,
    "messages": messages,
    "public-routes": public_routes,
    "python": python,
    "specs": specs,
}
