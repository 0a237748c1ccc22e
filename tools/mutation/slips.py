"""The mutants of a file: what each one is, where, and which tests belong to its function. Runs in the tool's environment."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

from tools.mutation import operators


@dataclass(frozen=True)
class Slip:
    """One mutant. `function` is empty for what runs when the module is imported; `first` to `last` are the lines of its statement."""

    module: str
    operator: str
    line: int
    was: str
    becomes: str
    function: str
    first: int
    last: int
    source: str

    @property
    def key(self) -> str:
        """The same for the same mutant of the same text of the module."""
        return f"{self.module}:{self.operator}:{hashlib.sha256(self.source.encode()).hexdigest()[:16]}"

    @property
    def kind(self) -> str:
        """`body` of a function, or `import`."""
        return "body" if self.function else "import"


class _Bare(ast.NodeTransformer):
    """Without annotations, which nothing evaluates here, nor the marks in a signature of how an argument is passed."""

    def visit_arguments(self, node: ast.arguments) -> ast.arguments:
        self.generic_visit(node)
        defaults = [*node.defaults, *node.kw_defaults]
        bare = ast.arguments([], [*node.posonlyargs, *node.args, *node.kwonlyargs], node.vararg, [], [], node.kwarg, [])
        bare.defaults = [default for default in defaults if default is not None]
        return bare

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        self.generic_visit(node)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        node.annotation = ast.Constant(None)
        self.generic_visit(node)
        return node


def _meaning(source: str) -> str | None:
    """What the text says to Python, None where it is no program."""
    try:
        return ast.dump(_Bare().visit(ast.parse(source)))
    except SyntaxError:
        return None


def _functions(source: str) -> list[tuple[int, int, str]]:
    """First and last line of the body, and the name, of every outermost function or method.

    One that calls `super` has a cell for its class, which another body may not need: it counts as run at import.
    """
    found: list[tuple[int, int, str]] = []

    def look(body: list[ast.stmt], within: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                if not any(isinstance(name, ast.Name) and name.id == "super" for name in ast.walk(node)):
                    found.append((node.body[0].lineno, node.end_lineno or node.lineno, within + node.name))
            elif isinstance(node, ast.ClassDef):
                look(node.body, f"{within}{node.name}.")

    look(ast.parse(source).body, "")
    return found


def _statements(source: str) -> list[tuple[int, int]]:
    """First and last line of every statement; of one that holds others, the lines before these."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt | ast.ExceptHandler):
            inner = getattr(node, "body", None)
            last = inner[0].lineno - 1 if inner else node.end_lineno or node.lineno
            found.append((node.lineno, max(last, node.lineno)))
    return found


def _changed(was: str, becomes: str) -> tuple[str, str]:
    """The lines that differ, without their indentation."""
    old, new = was.splitlines(), becomes.splitlines()
    head = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return (
        " ".join(line.strip() for line in old[head : len(old) - tail]),
        " ".join(line.strip() for line in new[head : len(new) - tail]),
    )


def of_module(path: str) -> Iterator[Slip]:
    """Every mutant of the file that is a program and says something else."""
    source = Path(path).read_text(encoding="utf8")
    meaning, functions, statements, seen = _meaning(source), _functions(source), _statements(source), set()
    tree = get_ast(source)
    for name, operator in operators.chosen().items():
        positions = [start for node in ast_nodes(tree) for start, _ in operator.mutation_positions(node)]
        for occurrence, (line, _) in enumerate(positions):
            mutated = mutate_code(source, operator, occurrence)
            if mutated is None or mutated in seen or _meaning(mutated) in (None, meaning):
                continue
            was, becomes = _changed(source, mutated)
            if "not not" in becomes:  # the same as the `not` left out
                continue
            seen.add(mutated)
            function = next((called for a, b, called in functions if a <= line <= b), "")
            first, last = min(((a, b) for a, b in statements if a <= line <= b), key=lambda span: span[1] - span[0], default=(line, line))
            yield Slip(path, name, line, was, becomes, function, first, last, mutated)
