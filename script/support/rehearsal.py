"""`script/chaos`, `script/bench` and `script/attack`: list and run the modules of tools/chaos, tools/benchmarks and tools/attack on real
servers.

A module has a docstring, whose first line is its entry in the list, and `main(servers, arguments) -> int`.
"""

from __future__ import annotations

import ast
import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from script.support import environment, services
from script.support.environment import ROOT
from script.support.processes import clean_environment
from script.support.say import Stop, step

BENCH_DATABASE = {"shared_buffers": "1GB"}  # as in docker-compose.yml
FOLDERS = {"chaos": "tools/chaos", "bench": "tools/benchmarks", "attack": "tools/attack"}
ALONE = {"attack": "full"}  # commands of one module, which need no name


def modules(kind: str) -> dict[str, tuple[Path, str]]:
    """The modules with a `main`: name → file and first line of the docstring."""
    entries = {}
    for path in sorted((ROOT / FOLDERS[kind]).glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body):
            entries[path.stem] = (path, (ast.get_docstring(tree) or "").partition("\n")[0])
    return entries


def main() -> int:
    """`KIND [NAME] [ARGUMENTS…]`. Returns the module's own status, 2 for an unknown name."""
    kind, *rest = sys.argv[1:]
    available = modules(kind)
    if kind in ALONE:
        rest = [ALONE[kind], *rest]
    if not rest or rest[0] in ("-h", "--help", "--list"):
        print(f"script/{kind} NAME, with NAME one of:")
        for name, (_, line) in available.items():
            print(f"  {name:<14}{line}")
        return 0
    name, *arguments = rest
    if name not in available:
        print(f"script/{kind} knows no {name}; it knows: {', '.join(available)}.", file=sys.stderr)
        return 2
    try:
        with step("Python packages for tests") as current:
            environment.ensure(ROOT / "requirements-dev.txt", current, log=ROOT / "var" / "test" / "setup.log")
        environment.compile_translations()
        return _run(kind, name, arguments)
    except (Stop, services.Unavailable) as refusal:
        print(refusal.sentence if isinstance(refusal, Stop) else f"script/{kind} needs a server: {refusal}.", file=sys.stderr)
        return 1


def _run(kind: str, name: str, arguments: list[str]) -> int:
    with contextlib.ExitStack() as stack:
        with step("PostgreSQL and Redis"):
            servers = _servers(stack, **BENCH_DATABASE if kind == "bench" else {})
        code = f"import sys; from {FOLDERS[kind].replace('/', '.')} import {name} as it; from tools.stack.running import Servers; " + (
            "sys.exit(it.main(Servers.from_environment(), sys.argv[1:]))"
        )
        command = [str(environment.binary(ROOT / ".venv", "python")), "-c", code, *arguments]
        return subprocess.run(command, cwd=ROOT, env=clean_environment() | servers, stdin=subprocess.DEVNULL).returncode


def _servers(stack: contextlib.ExitStack, **settings: str) -> dict[str, str]:
    """URLs of the servers of the environment, else of new ones, the database with `settings`; none with PORTAL_ON=sqlite."""
    if os.environ.get("PORTAL_ON") == "sqlite" or shutil.which("redis-server") is None:
        return {}
    given = {name: value for name in ("DATABASE_URL", "REDIS_URL", "CACHE_URL") if (value := os.environ.get(name))}
    factories = {
        "DATABASE_URL": lambda: services.postgres(**settings),
        "REDIS_URL": lambda: services.redis(policy="noeviction", append_only=True),
        "CACHE_URL": lambda: services.redis(policy="allkeys-lru", append_only=False),
    }
    return {name: given.get(name) or stack.enter_context(make()) for name, make in factories.items()}


if __name__ == "__main__":
    sys.exit(main())
