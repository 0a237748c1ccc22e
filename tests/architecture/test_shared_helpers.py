"""What tests share stands where it may be imported from: never in a test module, and in a conftest for its own package only."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.files import name_of, of_kind


def refused(name: str, source: str) -> Iterator[str]:
    """The modules that a file of tests/ must not import, wherever the line stands."""
    package = name.split("/")[1].removesuffix(".py")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            imported = {node.module or "", *(f"{node.module}.{one.name}" for one in node.names)}
        elif isinstance(node, ast.Import):
            imported = {one.name for one in node.names}
        else:
            continue
        for module in imported:
            parts = module.split(".")
            if parts[0] != "tests":
                continue
            foreign = "conftest" in parts and parts[1] not in ("conftest", package)
            if foreign or any(part.startswith("test_") for part in parts):
                yield module


def test_no_test_imports_from_a_test_module_or_from_the_conftest_of_another_package() -> None:
    files = [path for path in of_kind(".py") if name_of(path).startswith(("tests/", "tools/", "sandbox/"))]
    found = {name_of(path): modules for path in files if (modules := sorted(set(refused(name_of(path), path.read_text("utf8")))))}
    assert len(files) > 300 and found == {}


def test_the_red_control_of_imports_bites() -> None:
    source = """
from tests.payments import test_refunds
from tests.payments.test_refunds import owed
import tests.shops.test_search
from tests.shops.conftest import make_shop
from tests.payments.conftest import issue
from tests.conftest import Clock
from tests.factories.shops import ShopFactory
"""
    expected = ["tests.payments.test_refunds", "tests.shops.conftest", "tests.shops.test_search"]
    assert sorted({m for m in refused("tests/payments/test_edges.py", source) if not m.endswith(("owed", "make_shop"))}) == expected
