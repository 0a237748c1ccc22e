"""Goal N1: whoever decides, signs or administers comes in by a passkey; a code opens the way to one and nothing else."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from municipality.accounts import keyholders
from municipality.accounts.models import KeyLoss, User
from municipality.accounts.services import key_losses, passkeys, second_factor
from municipality.audit.models import AuditEvent
from municipality.cases.roles import READS
from municipality.jobs import services as jobs
from municipality.jobs.models import Job
from municipality.kernel import clock, guards
from municipality.kernel.actors import system
from municipality.notifications.models import Message
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory, UserFactory
from tests.municipality.accounts.conftest import PASSWORD, address
from tests.municipality.accounts.signing_in import CODE, code_now, give_password, options_on, secure
from tests.softkey import SoftKey, kept_by

pytestmark = pytest.mark.django_db
KEY = "/staff/key/"


@pytest.fixture
def publisher(db: None) -> User:
    return StaffFactory(groups=["rule_publisher"], login="publisher", password=PASSWORD)


def by_code(user: User, step: int = 0) -> Client:
    """A browser that came through password and code at the real door."""
    secret = second_factor.enrol(user=user, actor=system("tests"))[0]
    client = secure()
    give_password(client, user.login)
    client.post(CODE, {"code": code_now(secret, step)})
    return client


def first_key(client: Client) -> SoftKey:
    """Make the first passkey on the way that the page shows."""
    key, path = SoftKey(), f"{address('accounts:passkey_add')}?next=/admin/rulebook/ruleset/"
    answer = client.post(path, {"name": "x", "credential": key.create(options_on(client, path)), "next": "/admin/rulebook/ruleset/"})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/rulebook/ruleset/")
    return key


def test_every_role_of_the_table_is_one_of_the_portal() -> None:
    assert set(keyholders.PASSKEY_ROLES) < set(READS)


@pytest.mark.parametrize("role", [*keyholders.PASSKEY_ROLES, "superuser"])
def test_a_code_leads_a_signer_to_the_passkey_and_to_no_page_of_the_work(role: str) -> None:
    user = StaffFactory(groups=() if role == "superuser" else (role,), is_superuser=role == "superuser")
    client = signed_in(user, factor="totp")
    for path in ("/admin/", "/admin/rulebook/ruleset/", "/admin/desk/sign/", "/admin/jobs/job/"):
        assert client.get(path)["Location"].startswith(f"{KEY}?next=")
        assert client.post(path)["Location"] == KEY
    assert "Your work needs a passkey" in client.get(f"{KEY}?_language=en").content.decode()
    assert signed_in(user).get("/admin/").status_code == 200, "the control: with a passkey the same page opens"


def test_a_role_that_signs_nothing_still_comes_in_by_a_code() -> None:
    assert signed_in(StaffFactory(groups=["auditor"]), factor="totp").get("/admin/").status_code == 200


def test_without_the_table_a_code_opens_what_signers_do(publisher: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The red control."""
    monkeypatch.setattr(keyholders, "PASSKEY_ROLES", {})
    assert signed_in(publisher, factor="totp").get("/admin/rulebook/ruleset/").status_code == 200


def test_a_role_given_in_the_middle_of_a_session_is_asked_for_at_once() -> None:
    user = StaffFactory(groups=["auditor"])
    client = signed_in(user, factor="totp")
    assert client.get("/admin/").status_code == 200
    user.groups.set([StaffFactory(groups=["rule_publisher"], login="other").groups.get()])
    assert client.get("/admin/").status_code == 302


def test_the_first_passkey_is_made_after_a_code_recorded_and_told(publisher: User) -> None:
    client = by_code(publisher)
    assert client.get("/admin/").status_code == 302
    first_key(client)
    assert client.get("/admin/rulebook/ruleset/").status_code == 200
    act = AuditEvent.objects.get(action="accounts.passkey_added", subject=publisher.key)
    assert (act.data["first"], act.data["by_passkey"]) == (True, False)
    for job in Job.objects.filter(kind="notifications.account"):
        jobs.run(job.pk)
    assert Message.objects.filter(person=publisher, kind="accounts.passkey_added").count() == 1


def test_a_phished_code_adds_no_second_passkey_and_takes_none_away(publisher: User) -> None:
    thief = by_code(publisher)
    kept = kept_by(publisher, "theirs")
    for name, args in (("passkey_add", ()), ("passkey_remove", (kept.pk,)), ("passkey_name", (kept.pk,))):
        path = address(f"accounts:{name}", "ar", *args)
        assert thief.get(path)["Location"].startswith(KEY)
        assert thief.post(path, {"name": "x", "credential": "{}"})["Location"] == KEY
    assert list(passkeys.of(publisher)) == [kept]


def test_a_passkey_opens_the_session_that_a_code_began(publisher: User) -> None:
    client = by_code(publisher)
    key = first_key(client)
    other = secure()
    give_password(other, publisher.login)
    other.post(CODE, {"credential": key.get(options_on(other, CODE))})
    assert other.get("/admin/").status_code == 200
    third = signed_in(publisher, factor="totp")
    third.defaults["wsgi.url_scheme"] = "https"
    assert third.post(KEY, {"credential": "{}"}).status_code == 400
    assert third.get("/admin/").status_code == 302
    answer = third.post(KEY, {"credential": key.get(options_on(third, KEY)), "next": "/admin/rulebook/ruleset/"})
    assert answer["Location"] == "/admin/rulebook/ruleset/"
    assert third.get("/admin/").status_code == 200


def test_the_last_passkey_of_a_signer_is_not_removed(publisher: User) -> None:
    key = kept_by(publisher, "only")
    client = signed_in(publisher)
    assert client.post(address("accounts:passkey_remove", "ar", key.pk)).status_code == 409
    publisher.groups.clear()
    second_factor.enrol(user=publisher, actor=system("tests"))
    key = kept_by(publisher, "only")
    assert signed_in(publisher).post(address("accounts:passkey_remove", "ar", key.pk)).status_code == 302, "others have their code"


# The demo.


@pytest.mark.parametrize(("demo", "peer", "opens"), [(True, "127.0.0.1", True), (True, "10.0.0.7", False), (False, "127.0.0.1", False)])
def test_printed_codes_count_in_the_demo_on_this_machine_only(publisher: User, settings: Any, demo: bool, peer: str, opens: bool) -> None:
    settings.DEMO = settings.STAFF_CODES_COUNT_AS_KEYS = demo
    answer = signed_in(publisher, factor="totp").get("/admin/", REMOTE_ADDR=peer)
    assert (answer.status_code == 200) is opens


# The way back.


@pytest.fixture
def lost(publisher: User) -> tuple[User, Client, KeyLoss]:
    """A publisher whose passkey is lost and who has said so in a session opened by a code."""
    client = by_code(publisher)
    kept_by(publisher, "lost")
    assert client.post(KEY, {"step": "lost"}).status_code == 302
    assert client.post(KEY, {"step": "lost"}).status_code == 302
    return publisher, client, KeyLoss.objects.get()


def test_a_second_person_opens_the_way_back_to_a_lost_passkey(lost: tuple[User, Client, KeyLoss]) -> None:
    user, client, loss = lost
    operator = signed_in(StaffFactory(groups=["operator"]))
    page = reverse("admin:lost_keys")
    assert str(loss.pk) in operator.get(page).content.decode()
    assert operator.post(page, {"loss": str(loss.pk)}).status_code == 302
    assert not passkeys.of(user).exists()
    assert client.get(KEY).status_code == 302, "every session has ended"
    assert AuditEvent.objects.filter(action="accounts.way_back_opened", subject=user.key, actor_key__startswith="staff:").count() == 1
    for job in Job.objects.filter(kind="notifications.account"):
        jobs.run(job.pk)
    assert Message.objects.filter(person=user, kind="accounts.way_back_opened").exists()
    assert operator.post(page, {"loss": str(loss.pk)}).status_code == 409
    first_key(by_code(user, 1))


def test_nobody_opens_their_own_way_back_nor_in_another_branch(lost: tuple[User, Client, KeyLoss]) -> None:
    user, _client, loss = lost
    page = reverse("admin:lost_keys")
    alone = StaffFactory(groups=["operator"], login="alone")
    kept_by(alone, "lost")
    own = key_losses.report_loss(alone)
    assert signed_in(alone).post(page, {"loss": str(own.pk)}).status_code == 409
    for other in (StaffFactory(groups=["supervisor"], login="elsewhere"), StaffFactory(groups=["officer"]), user):
        assert signed_in(other).post(page, {"loss": str(loss.pk)}).status_code in (403, 409)
    with pytest.raises(IntegrityError), transaction.atomic():
        KeyLoss.objects.filter(pk=own.pk).update(opened_at=clock.now(), opened_by=alone)
    assert passkeys.of(user).exists() and passkeys.of(alone).exists()


def test_an_old_request_opens_nothing(lost: tuple[User, Client, KeyLoss]) -> None:
    user, _client, loss = lost
    operator = StaffFactory(groups=["operator"])
    with clock.at(clock.now() + dt.timedelta(hours=24, seconds=1)):
        assert signed_in(operator).post(reverse("admin:lost_keys"), {"loss": str(loss.pk)}).status_code == 409
    assert passkeys.of(user).exists()


def test_the_guards_of_the_way_back_bite(lost: tuple[User, Client, KeyLoss]) -> None:
    _user, _client, loss = lost
    person = UserFactory(name_ar="س", name_en="S", login="citizen")
    with pytest.raises(DatabaseError, match="not_staff"), transaction.atomic():
        KeyLoss.objects.filter(pk=loss.pk).update(opened_at=clock.now(), opened_by=person)
    assert {name for name in guards.GUARDS if name.startswith("accounts_keyloss")}
