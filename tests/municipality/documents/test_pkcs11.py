"""The seal's key in a PKCS#11 token: sealing, the token pulled out and put back, and a PIN that it refuses."""

from __future__ import annotations

import datetime as dt
import os
from io import StringIO
from pathlib import Path
from typing import Any

import pikepdf
import pkcs11
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client

from municipality.audit.models import AuditEvent
from municipality.documents import pkcs11 as token
from municipality.documents import signing
from municipality.documents.models import SealState, SealToken
from municipality.documents.signing import SignerMissing, sign_pdf, signer
from municipality.documents.tasks import look_at_seal
from municipality.documents.verification import check
from municipality.jobs import registry
from municipality.jobs import services as jobs
from municipality.jobs.errors import OnHold
from municipality.jobs.models import Job, JobState
from municipality.kernel import clock
from tests import poppler, softhsm
from tests.municipality.documents.samples import ISSUED
from tests.softhsm import LABEL, PIN, Token, token_in_its_slot

pytestmark = pytest.mark.django_db
__all__ = ["token_in_its_slot"]  # the fixture `card`


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The PINs that reach the token, in order."""
    found: list[str] = []
    send = token._open_session

    def counted(pin: str, *arguments: Any, **options: Any) -> Any:
        found.append(pin)
        return send(pin, *arguments, **options)

    monkeypatch.setattr(token, "_open_session", counted)
    return found


def row() -> SealToken:
    return SealToken.objects.get()


def seal_state(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/readyz").json()["checks"]["signer"]
    return found


def another_process() -> None:
    """What a second worker is: a signer of its own, nothing in common but the database."""
    signing._signer.cache_clear()
    pkcs11.lib(softhsm.module()).finalize()


def test_a_licence_sealed_in_the_token_is_valid_for_pyhanko_and_for_poppler(card: Token, unsigned: bytes, tmp_path: Path) -> None:
    sealed = sign_pdf(unsigned, reason="Issue of a licence", at=ISSUED)
    assert signer().name == "pkcs11" and signer().certificate_subject == "CN=Seal in a token,C=KW"
    verdict = check(sealed, root_pem=card.root)
    assert verdict.accepted, verdict
    said = poppler.run("pdfsig", "-nocert", poppler.written(sealed, tmp_path)).decode()
    assert "Signature is Valid" in said and "Total document signed" in said and "ETSI.CAdES.detached" in said
    with pikepdf.open(poppler.written(sealed, tmp_path)) as pdf:
        assert pdf.Root.AcroForm.Fields[0].V.Reference[0].TransformParams.P == 1


def test_a_changed_byte_breaks_the_seal_of_the_token_and_another_root_does_not_vouch_for_it(
    card: Token, unsigned: bytes, root: bytes, tmp_path: Path
) -> None:
    sealed = sign_pdf(unsigned, reason="Issue of a licence", at=ISSUED)
    changed = bytearray(sealed)
    changed[len(sealed) // 3] ^= 1
    assert not check(bytes(changed), root_pem=card.root).accepted
    assert "Signature is Valid" not in poppler.run("pdfsig", "-nocert", poppler.written(bytes(changed), tmp_path)).decode()
    assert not check(sealed, root_pem=root).accepted


def test_a_key_of_the_rsa_kind_seals_as_well(tmp_path: Path, card: Token, unsigned: bytes) -> None:
    card.pull_out()
    (tmp_path / "rsa").mkdir()
    other = Token(tmp_path / "rsa")
    other.make("rsa")
    assert check(sign_pdf(unsigned, reason="Issue of a licence", at=ISSUED), root_pem=other.root).accepted


def test_the_private_key_cannot_leave_the_token(card: Token) -> None:
    with pkcs11.lib(softhsm.module()).get_token(token_label=LABEL).open(user_pin=PIN) as session:
        (key,) = session.get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY})
        with pytest.raises(pkcs11.PKCS11Error):
            key[pkcs11.Attribute.VALUE]


def test_the_token_is_pulled_out_the_job_waits_and_seals_by_itself_when_it_is_back(
    card: Token, unsigned: bytes, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed: list[bytes] = []

    def work() -> None:
        try:
            sealed.append(sign_pdf(unsigned, reason="Issue of a licence", at=ISSUED))
        except SignerMissing as missing:
            raise OnHold("signer", str(missing)) from missing

    monkeypatch.setitem(registry.JOB_KINDS, "testing.seal", registry.JobKind("testing.seal", work, "documents", 60))
    look_at_seal()
    assert seal_state(client) == {"status": "ok"}
    card.pull_out()
    with transaction.atomic():
        job = Job.objects.get(pk=jobs.enqueue("testing.seal", key="1"))
    assert jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.tries, sealed) == (JobState.ON_HOLD, 0, [])
    assert "signer: away" in job.last_error
    told = seal_state(client)
    assert told["status"] == "degraded" and set(told["reason"]) == {"ar", "en"} and "does not answer" in told["reason"]["en"]
    card.put_back()
    with clock.at(clock.now() + dt.timedelta(seconds=30)):
        assert job.pk in [pk for pk, _queue in jobs.due()]
        assert jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DONE and check(sealed[0], root_pem=card.root).accepted
    assert seal_state(client) == {"status": "ok"}


def test_the_look_finds_the_token_gone_and_back_without_anything_to_seal(card: Token, client: Client) -> None:
    look_at_seal()
    assert seal_state(client)["status"] == "ok"
    card.pull_out()
    look_at_seal()
    assert seal_state(client)["status"] == "degraded"
    card.put_back()
    look_at_seal()
    assert seal_state(client)["status"] == "ok"
    moves = [(act.data["from"], act.data["to"]) for act in AuditEvent.objects.filter(action="documents.seal_token").order_by("pk")]
    assert moves == [("away", "ready"), ("ready", "away"), ("away", "ready")]


def test_a_token_that_is_put_in_after_the_module_was_initialised_is_found(
    card: Token, unsigned: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    card.pull_out()
    (card.folder / "tokens").mkdir()  # the module initialises, and finds nothing
    look_at_seal()
    assert row().state == SealState.AWAY and "0 tokens" in row().detail
    (card.folder / "tokens").rmdir()
    card.put_back()
    # Red control: with the list of the first initialisation it is never found.
    monkeypatch.setattr(token, "_needs_initialising", False)
    look_at_seal()
    assert row().state == SealState.AWAY
    look_at_seal()
    assert row().state == SealState.READY
    assert check(sign_pdf(unsigned, reason="x", at=ISSUED), root_pem=card.root).accepted


def test_before_the_first_look_nothing_is_promised(card: Token, client: Client) -> None:
    assert seal_state(client)["status"] == "degraded"


def test_a_wrong_pin_is_sent_once_by_all_processes_together_and_stands_in_one_row(
    card: Token, unsigned: bytes, client: Client, sent: list[str]
) -> None:
    card.pin_file.write_text("111111")
    for _try in range(4):
        another_process()
        with pytest.raises(SignerMissing, match="pin_refused"):
            sign_pdf(unsigned, reason="x", at=ISSUED)
        look_at_seal()
    assert sent == ["111111"]
    assert (row().state, row().pin_refused_at is not None, row().detail) == (SealState.PIN_REFUSED, True, "PinIncorrect")
    assert "111111" not in str(SealToken.objects.values().get())
    assert "refuses the PIN" in seal_state(client)["reason"]["en"]


def test_without_the_row_every_process_sends_the_wrong_pin_again(card: Token, unsigned: bytes, sent: list[str]) -> None:
    """The red control: this is what locks a token."""
    card.pin_file.write_text("111111")
    for _try in range(4):
        another_process()
        SealToken.objects.all().delete()
        with pytest.raises(SignerMissing):
            sign_pdf(unsigned, reason="x", at=ISSUED)
    assert sent == ["111111"] * 4


def test_a_pin_that_was_refused_stays_refused_while_the_token_goes_and_comes(card: Token, sent: list[str]) -> None:
    card.pin_file.write_text("111111")
    look_at_seal()
    card.pull_out()
    look_at_seal()
    assert row().state == SealState.AWAY
    card.put_back()
    look_at_seal()
    assert sent == ["111111"]


def test_the_right_pin_on_file_is_tried_by_itself_and_seals_without_a_restart(
    card: Token, unsigned: bytes, client: Client, sent: list[str]
) -> None:
    card.pin_file.write_text("111111")
    look_at_seal()
    card.pin_file.write_text(PIN)
    look_at_seal()
    assert sent == ["111111", PIN]
    assert (row().state, row().pin_refused_at) == (SealState.READY, None)
    assert check(sign_pdf(unsigned, reason="x", at=ISSUED), root_pem=card.root).accepted
    assert seal_state(client) == {"status": "ok"}


@pytest.mark.parametrize("flag", [pkcs11.TokenFlag.USER_PIN_LOCKED, pkcs11.TokenFlag.USER_PIN_FINAL_TRY])
def test_the_last_try_and_a_locked_token_are_left_to_a_person(card: Token, flag: Any) -> None:
    class Warned:
        flags = flag

        def open(self, **options: Any) -> Any:
            raise AssertionError("the PIN was sent")

    assert token._open_session("111111", Warned(), was_accepted=False)[1][0] == SealState.PIN_LOCKED  # type: ignore[index]
    Warned.flags = pkcs11.TokenFlag(0)
    with pytest.raises(AssertionError, match="was sent"):
        token._open_session("111111", Warned(), was_accepted=False)


def test_a_person_lets_the_refused_pin_be_sent_once_more(card: Token, sent: list[str]) -> None:
    card.pin_file.write_text("111111")
    look_at_seal()
    with pytest.raises(CommandError, match="pin_refused"):
        call_command("look_at_seal")
    with pytest.raises(CommandError, match="pin_refused"):
        call_command("look_at_seal", "--try-again")
    assert sent == ["111111"] * 2
    card.pin_file.write_text(PIN)
    said = StringIO()
    call_command("look_at_seal", "--try-again", stdout=said)
    assert "CN=Seal in a token" in said.getvalue()


@pytest.mark.parametrize(
    ("setting", "value", "state"),
    [
        ("SIGNER_PKCS11_MODULE", "/nowhere/module.so", SealState.AWAY),
        ("SIGNER_PKCS11_MODULE", __file__, SealState.AWAY),
        ("SIGNER_PKCS11_TOKEN", "another", SealState.AWAY),
        ("SIGNER_PKCS11_KEY", "another", SealState.NO_KEY),
        ("SIGNER_PKCS11_PIN_FILE", "/nowhere/pin", SealState.NO_PIN),
    ],
)
def test_what_is_missing_is_named(card: Token, settings: Any, client: Client, setting: str, value: str, state: SealState) -> None:
    setattr(settings, setting, value)
    with pytest.raises(SignerMissing, match=state.value):
        signer()
    assert row().state == state
    told = seal_state(client)
    assert told["status"] == "degraded" and "nowhere" not in str(told)


def test_an_unchanged_state_is_written_once_a_minute(card: Token) -> None:
    look_at_seal()
    first = row().seen_at
    look_at_seal()
    assert row().seen_at == first
    with clock.at(clock.now() + dt.timedelta(seconds=61)):
        look_at_seal()
    assert row().seen_at > first and row().since <= first


def test_a_forked_process_opens_the_token_for_itself(card: Token, unsigned: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    parent = signer()
    monkeypatch.setattr(os, "getpid", lambda: 4_000_000)
    child = signer()
    assert child is not parent
    assert check(child.sign(unsigned, reason="x", at=ISSUED), root_pem=card.root).accepted


def test_with_the_key_in_a_file_nothing_looks_for_a_token(client: Client) -> None:
    look_at_seal()
    assert not SealToken.objects.exists()
    with pytest.raises(CommandError, match="not kept in a token"):
        call_command("look_at_seal")
