"""The seal has one door: `documents.issue`, which seals the draft that it stored. Nothing else in the portal calls the signer."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from script.support.packages import PACKAGES

SEALING = {"sign_pdf", "seal", "render_and_seal"}  # beside the methods of signers
DOORS = {
    ("municipality/documents/services.py", "issue", "render_and_seal"),
    ("municipality/documents/services.py", "render_and_seal", "sign_pdf"),
    ("municipality/documents/signing.py", "sign_pdf", "signer().sign"),
    ("municipality/documents/signing.py", "sign", "seal"),
    ("municipality/documents/signing.py", "seal", "sign_pdf"),  # of pyHanko
    ("municipality/documents/pkcs11.py", "sign", "seal"),
}


def doors(path: str, text: str) -> Iterator[tuple[str, str, str]]:
    """Where a file seals: file, function, and what it calls."""
    for function in ast.walk(ast.parse(text)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for call in ast.walk(function):
                if isinstance(call, ast.Call):
                    called = ast.unparse(call.func)
                    name = called.rpartition(".")[2]
                    if name in SEALING:
                        yield path, function.name, name
                    elif called.endswith("signer().sign"):
                        yield path, function.name, "signer().sign"


def found() -> set[tuple[str, str, str]]:
    files = [path for name in PACKAGES for path in Path(name).rglob("*.py") if "migrations" not in path.parts]
    return {door for path in files for door in doors(path.as_posix(), path.read_text("utf-8"))}


def test_nothing_is_sealed_but_what_is_issued() -> None:
    assert found() == DOORS


def test_a_second_door_is_found() -> None:
    planted = (
        "def letter(pdf):\n    return signing.signer().sign(pdf, reason='x', at=now)\n\ndef more(pdf):\n    return signing.sign_pdf(pdf)\n"
    )
    assert set(doors("x.py", planted)) == {("x.py", "letter", "signer().sign"), ("x.py", "more", "sign_pdf")}
