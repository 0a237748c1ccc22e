"""One name a thing: class names that two packages share, and the glossary's names of models."""

from __future__ import annotations

import ast
import re
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
from django.apps import apps

# Shared on purpose: each is a part of its package's own word, and is named with its module where both meet.
SHARED = {
    "Command": "Django's name",
    "EventInline": "the events of a row in the admin of its app",
    "PaymentTakenBack": "a message of each service that is paid for",
    "NotReadable": "why a sheet of a kind cannot be read",
    "Channel": "of a message, and of Celery's file transport (kombu's name)",
}
ROOTS = ("municipality", "payments", "zoning", "shops", "licensing", "violations", "reports", "script")


def classes(root: Path, listed: list[str]) -> dict[str, list[str]]:
    """Class names at the top of modules → the modules."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in listed:
        for node in ast.parse((root / name).read_text(encoding="utf8")).body:
            if isinstance(node, ast.ClassDef):
                found[node.name].append(name)
    return found


def shared(root: Path) -> set[str]:
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=root, capture_output=True, text=True, check=True).stdout.split()
    product = [name for name in listed if name.split("/")[0] in ROOTS and "/migrations/" not in name]
    return {name for name, modules in classes(root, product).items() if len(modules) > 1}


def test_no_class_name_is_used_twice_without_a_reason(root: Path) -> None:
    assert shared(root) - SHARED.keys() == set()
    assert SHARED.keys() - shared(root) == set(), "a reason that is needed no more"


def test_a_second_class_of_a_name_is_found(tmp_path: Path) -> None:
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text("class Told:\n    pass\n", encoding="utf8")
    assert classes(tmp_path, ["one.py", "two.py"])["Told"] == ["one.py", "two.py"]


@pytest.mark.django_db
def test_every_model_that_the_glossary_names_is_there(root: Path) -> None:
    text = (root / "docs" / "glossary.md").read_text(encoding="utf8").partition("## Technical terms")[0]
    named = re.findall(r"`(\w+)\.([A-Z]\w+)`", text)
    assert len(named) > 30
    missing = [f"{app}.{model}" for app, model in named if model.lower() not in apps.all_models[app]]
    assert missing == []
