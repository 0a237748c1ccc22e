"""The seal has one door: `documents.issue`, which seals the draft as it is stored. Nothing else in the portal calls the signer."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from licensing.health.documents import HealthLicenceFacts
from municipality.documents import rendering, services, signing
from municipality.documents.models import Document
from script.support.packages import PACKAGES
from tests.municipality.documents.samples import licence

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


def test_a_seal_is_put_on_what_the_database_holds_whatever_is_asked_for(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand requests to seal documents that are not stored, or other facts than the stored ones."""
    sealed: list[bytes] = []
    monkeypatch.setattr(rendering, "render", lambda *_page, attachment, **_options: attachment)
    monkeypatch.setattr(signing, "sign_pdf", lambda pdf, **_options: sealed.append(pdf) or pdf)
    stored = services.draft(kind="health_licence", number="HLT-1", subject="shop:x", holder_key="person:x", facts=licence().dump())
    honest = services.render_and_seal(HealthLicenceFacts, stored)
    other = Document(pk=stored.pk, number="HLT-2", code="AAAA", facts=licence(licensee_ar="شخص آخر").dump())
    assert loaded(other).as_json() != honest, "read from what was asked for (the control), another licence would be sealed"
    for _ in range(500):
        assert services.render_and_seal(HealthLicenceFacts, other) == honest
        with pytest.raises(Document.DoesNotExist):
            services.render_and_seal(HealthLicenceFacts, Document(pk=stored.pk + 1, number="HLT-3", code="BBBB", facts=stored.facts))
    assert set(sealed) == {honest} and len(sealed) == 501


def loaded(document: Document) -> HealthLicenceFacts:
    printed = {"verification_url": "", "verification_address": "", "sealed_by": "", "demo": True}
    return HealthLicenceFacts.load(document.facts, number=document.number, verification_code=document.code, **printed)
