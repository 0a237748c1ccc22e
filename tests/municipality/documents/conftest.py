"""A seal of its own for every test run, and sealed documents made once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from municipality.documents.rendering import render
from municipality.documents.seal import make_seal, root_pem
from municipality.documents.signing import sign_pdf
from tests.municipality.documents.samples import licence, receipt

PASSPHRASE = "for tests only"
LICENCE = "licensing/documents/health_licence.html"
RECEIPT = "payments/documents/receipt.html"


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("seal") / "seal.p12"
    make_seal(path, PASSPHRASE)
    return path


@pytest.fixture(scope="module", autouse=True)
def _signer(key_file: Path) -> Iterator[None]:
    """Of these tests alone: with DEMO left on, the sign-in page of whatever the process tests next shows the demo's people."""
    with override_settings(SIGNER_KEY_FILE=str(key_file), SIGNER_PASSPHRASE=PASSPHRASE, DEMO=True):
        yield


@pytest.fixture(scope="session")
def root(key_file: Path) -> bytes:
    return root_pem(key_file)


def render_licence(**changes: object) -> bytes:
    """The licence of `facts.licence`, unsigned."""
    facts = licence(**changes)
    return render(
        LICENCE,
        facts.context(),
        title=f"ترخيص صحي {facts.number}",
        attachment=facts.as_json(),
        attachment_name="licence.json",
        at=facts.issued_at,
        single_page=True,
    )


def render_receipt(**changes: object) -> bytes:
    """The receipt of `facts.receipt`, unsigned."""
    facts = receipt(**changes)
    return render(RECEIPT, facts.context(), title=f"إيصال {facts.number}", attachment=facts.as_json(), at=facts.paid_at)


@pytest.fixture(scope="session")
def unsigned() -> bytes:
    return render_licence()


@pytest.fixture(scope="module")
def sealed(unsigned: bytes, _signer: None) -> bytes:
    return sign_pdf(unsigned, reason="Issue of a licence", at=licence().issued_at)
