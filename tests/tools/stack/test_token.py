"""The seal in a PKCS#11 token under real processes: pulled out, put back, and what the worker does by itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from municipality.documents.signing import TOKEN
from tests.softhsm import KEY, LABEL, Token, module
from tools.stack.running import Stack, Template, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(900)]  # it waits for three looks of a minute

LOOK = 150  # seconds: a worker looks at the token every minute, on a machine that may be busy
RECEIPT = """
from django.db import transaction
from municipality.jobs.services import enqueue
from payments.models import Receipt
receipt = Receipt.objects.filter(document__isnull=True, allocation__attempt__state="paid").first()
with transaction.atomic():
    enqueue("payments.receipt_document", key="by-token", receipt_id=receipt.pk)
"""
VERDICT = """
from pathlib import Path
from municipality.documents import store
from municipality.documents.verification import check
from municipality.documents.models import Document
newest = Document.objects.filter(kind="payments.receipt", file__isnull=False).order_by("-file_id").first()
verdict = check(store.read(newest.file), root_pem=Path("{root}").read_bytes())
print("VERDICT", verdict.accepted, verdict.signer)
"""


@pytest.fixture
def card(tmp_path: Path) -> Token:
    """A token whose folder the processes learn from their environment."""
    before = os.environ.get("SOFTHSM2_CONF")
    token = Token(tmp_path)
    token.make()
    os.environ.pop("SOFTHSM2_CONF") if before is None else os.environ.update(SOFTHSM2_CONF=before)
    (tmp_path / "root.pem").write_bytes(token.root)
    return token


@pytest.fixture
def sealing(card: Token, stack_template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A portal of its own that seals with the token."""
    names = {"MODULE": module(), "TOKEN": LABEL, "KEY": KEY, "PIN_FILE": str(card.pin_file)}
    more = {f"SIGNER_PKCS11_{name}": value for name, value in names.items()}
    servers, folder = stack_template.copy(tmp_path_factory.mktemp("sealing"))
    running = Stack(servers, folder, more=more | {"SIGNER": TOKEN, "SOFTHSM2_CONF": str(card.configuration)})
    try:
        yield running.start()
    finally:
        running.stop()


def test_a_receipt_waits_for_the_token_and_is_sealed_by_itself(sealing: Stack, card: Token) -> None:
    def job() -> str:
        rows = sealing.sql("SELECT state FROM jobs_job WHERE kind = %s AND key = %s", "payments.receipt_document", "by-token")
        return str(rows[0][0]) if rows else ""

    wait_until(lambda: sealing.ready("signer"), LOOK, "a look at the token")
    card.pull_out()
    wait_until(lambda: not sealing.ready("signer"), LOOK, "the missing token to be noticed")
    told = sealing.readyz()
    assert told[0] == 200 and told[1]["status"] == "degraded"
    sealing.manage("shell", "--no-imports", "-c", RECEIPT)
    wait_until(lambda: job() == "on_hold", 60, "the job to be parked")
    card.put_back()
    wait_until(lambda: job() == "done", LOOK, "the receipt to be sealed")
    wait_until(lambda: sealing.ready("signer"), LOOK, "the token to be noticed")
    said = sealing.manage("shell", "--no-imports", "-c", VERDICT.format(root=card.folder / "root.pem")).stdout
    assert "VERDICT True CN=Seal in a token" in said
