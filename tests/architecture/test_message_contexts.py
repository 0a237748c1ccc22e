"""Each message is sent with a value for every placeholder of its texts."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from municipality.notifications.registry import MESSAGE_KINDS
from tests.architecture import files

# Calls that send a message, with the names that they add to what the caller gives. The context of `send` is its argument `context`.
SENT: dict[str, frozenset[str]] = {"send": frozenset(), "notify": frozenset({"violation", "offence"})}
KINDS = {(type(kind).__module__, type(kind).__name__): kind for kind in MESSAGE_KINDS.values()}


def _given(call: ast.Call, name: str) -> set[str] | None:
    """The names that a call gives; None where they are computed."""
    values = {keyword.arg: keyword.value for keyword in call.keywords}
    if name == "notify":
        return None if None in values else {key for key in values if key is not None}
    context = values.get("context")
    if not isinstance(context, ast.Dict) or None in context.keys:
        return None
    return {key.value for key in context.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}


def sendings(tree: ast.Module) -> Iterator[tuple[int, tuple[str, str], set[str]]]:
    """Line, module and class of the message, and the given names of each call whose names stand in it."""
    modules = {
        alias.name: node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module for alias in node.names
    }
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or not call.args:
            continue
        name, kind = call.func.id, call.args[0]
        if name not in SENT or not isinstance(kind, ast.Name) or kind.id not in modules:
            continue
        given = _given(call, name)
        if given is not None:
            yield call.lineno, (modules[kind.id], kind.id), given | SENT[name]


def missing(tree: ast.Module) -> list[str]:
    """What each sending of a module leaves out."""
    return [
        f"line {line}: {kind[1]} needs {', '.join(sorted(lacks))}"
        for line, kind, given in sendings(tree)
        if kind in KINDS and (lacks := KINDS[kind].required - given)
    ]


def test_every_message_is_sent_with_a_value_for_each_placeholder() -> None:
    seen, found = 0, []
    for path in files.of_kind(".py"):
        name = files.name_of(path)
        if name.startswith(("tests/", "tools/")) or "/migrations/" in name:
            continue
        tree = ast.parse(path.read_text(encoding="utf8"))
        seen += sum(1 for _ in sendings(tree))
        found += [f"{name}, {one}" for one in missing(tree)]
    assert found == [] and seen > 40


def test_a_message_without_a_value_is_found() -> None:
    text = "from violations.notifications import ObjectionUpheld\nnotify(ObjectionUpheld, row, key='upheld', case=case)"
    assert missing(ast.parse(text)) == ["line 2: ObjectionUpheld needs note, returned"]
