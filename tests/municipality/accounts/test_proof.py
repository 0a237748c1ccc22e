"""Goal N8: what signs, pays or changes a way in asks again after five minutes, and loses nothing of what was typed."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.test import Client

from municipality.accounts import proof
from municipality.accounts.models import ContactCode, User
from municipality.accounts.services import second_factor, sessions
from municipality.audit.models import AuditEvent
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.rulebook.models import RuleSet
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory
from tests.municipality.accounts.conftest import PASSWORD, Phones, address, enter
from tests.municipality.accounts.signing_in import CODE, add, code_now, give_password, secure
from tests.softkey import SoftKey

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sent")]
FIELDS = {"address": "noura@mail.example", "more": ["one", "two"]}


def later(seconds: int) -> Any:
    return clock.at(clock.now() + dt.timedelta(seconds=seconds))


def question(page: str) -> str:
    found = re.search(r'data-options="([^"]+)"', page)
    assert found, page
    return html.unescape(found[1])


def hidden(page: str, name: str) -> list[str]:
    return [html.unescape(value) for value in re.findall(rf'<input type="hidden" name="{name}" value="([^"]*)">', page)]


def email() -> str:
    return address("accounts:contact", "ar", "email")


@pytest.fixture
def person(phones: Phones) -> tuple[User, SoftKey, Client]:
    client, key = secure(), SoftKey()
    user = enter(client, phones, phones.people[0])
    add(client, key)
    return user, key, client


def test_an_address_changes_within_five_minutes_and_asks_after_them(person: tuple[User, SoftKey, Client], settings: Any) -> None:
    _user, _key, client = person
    with later(settings.PROOF_SECONDS - 1):
        assert client.post(email(), FIELDS).status_code == 302
    ContactCode.objects.all().delete()
    with later(settings.PROOF_SECONDS):
        page = client.post(email(), FIELDS)
        assert page.status_code == 403 and not ContactCode.objects.exists()
        assert page["Cache-Control"].startswith("max-age=0")


def test_without_the_question_an_old_session_changes_the_address(person: tuple[User, SoftKey, Client], monkeypatch: Any) -> None:
    """The red control."""
    _user, _key, client = person
    monkeypatch.setattr(sessions, "is_fresh", lambda request: True)
    with later(600):
        assert client.post(email(), FIELDS).status_code == 302
    assert ContactCode.objects.exists()


def test_a_passkey_carries_the_act_out_with_everything_that_was_typed(person: tuple[User, SoftKey, Client]) -> None:
    user, key, client = person
    with later(600):
        page = client.post(email(), FIELDS).content.decode()
        assert hidden(page, "address") == ["noura@mail.example"] and hidden(page, "more") == ["one", "two"]
        answer = client.post(email(), {**FIELDS, "proof_key": key.get(question(page))})
        assert answer["Location"] == address("accounts:confirm", "ar", "email")
        assert ContactCode.objects.get().address == "noura@mail.example"
        assert AuditEvent.objects.get(action="accounts.proved_again").data == {"by": "webauthn", "page": "accounts:contact"}
        assert client.post(email(), FIELDS).status_code == 302, "and for five minutes more it does not ask"
    assert user.email == ""


def test_a_wrong_answer_changes_nothing_and_keeps_what_was_typed(person: tuple[User, SoftKey, Client]) -> None:
    _user, _key, client = person
    with later(600):
        page = client.post(email(), FIELDS).content.decode()
        for answer in ("{}", "", SoftKey(rp="testserver").get(question(page))):
            again = client.post(email(), {**FIELDS, "proof_key": answer})
            assert again.status_code == 403 and hidden(again.content.decode(), "address") == ["noura@mail.example"]
        assert client.post(email(), {**FIELDS, "proof-code": "123456"}).status_code == 403, "people have no codes"
    assert not ContactCode.objects.exists()


def test_who_has_no_passkey_goes_through_the_door_and_finds_what_was_typed(phones: Phones) -> None:
    client = secure()
    enter(client, phones, phones.people[0])
    with later(600):
        kept = hidden(client.post(email(), FIELDS).content.decode(), "kept")[0]
        assert "noura" not in kept
        client.post(address("accounts:sign_in_again"), {"next": email(), "kept": kept})
    enter(client, phones, phones.people[0])
    page = client.get(email()).content.decode()
    assert hidden(page, "address") == ["noura@mail.example"] and hidden(page, "more") == ["one", "two"]
    assert client.post(email(), FIELDS).status_code == 302
    assert not hidden(client.get(email()).content.decode(), "address"), "once"


def test_nobody_else_finds_it(phones: Phones) -> None:
    client = secure()
    enter(client, phones, phones.people[0])
    with later(600):
        kept = hidden(client.post(email(), FIELDS).content.decode(), "kept")[0]
        client.post(address("accounts:sign_in_again"), {"next": email(), "kept": kept})
    enter(client, phones, phones.people[1])
    assert "noura@mail.example" not in client.get(email()).content.decode()
    client.post(address("accounts:sign_in_again"), {"next": email(), "kept": "made up"})
    assert proof.TYPED_SESSION_KEY not in client.session


def test_the_switch_of_language_is_no_way_round(person: tuple[User, SoftKey, Client]) -> None:
    _user, _key, client = person
    with later(600):
        answer = client.post(address("accounts:contact", "en", "email"), {**FIELDS, "_language": "en"})
        assert answer.status_code == 200 and "noura@mail.example" in answer.content.decode()
    assert not ContactCode.objects.exists()


# Staff.


def draft(maker: User) -> RuleSet:
    return RuleSet.objects.create(
        subject="limits.tests",
        version=1,
        instrument_ar="ق",
        instrument_en="I",
        first_day=dt.date(2027, 1, 1),
        made_by=maker,
        made_at=clock.now(),
    )


def test_publishing_asks_for_the_passkey_and_no_code(settings: Any) -> None:
    publisher = StaffFactory(groups=["rule_publisher"], login="publisher", password=PASSWORD)
    secret = second_factor.enrol(user=publisher, actor=system("tests"))[0]
    client, key = secure(), SoftKey()
    give_password(client, "publisher")
    client.post(CODE, {"code": code_now(secret)})
    add(client, key)
    edition = draft(StaffFactory(groups=["rule_maker"], login="maker"))
    path, seen = f"/admin/rulebook/ruleset/{edition.pk}/publish/", edition.made_at.isoformat()
    with later(settings.PROOF_SECONDS + 5):
        page = client.post(path)
        assert page.status_code == 403 and "proof-code" not in page.content.decode()
        assert client.post(path, {"proof-code": code_now(secret, 1)}).status_code == 403
        assert RuleSet.objects.get().published_at is None
        assert client.post(path, {"proof_key": key.get(options_on_post(client, path)), "seen": seen}).status_code == 302
        assert AuditEvent.objects.filter(action="accounts.proved_again", data__page="admin:rulebook_ruleset_publish").count() == 1


def options_on_post(client: Client, path: str) -> str:
    return question(client.post(path).content.decode())


def test_staff_who_need_no_passkey_answer_with_a_code(settings: Any) -> None:
    auditor = StaffFactory(groups=["auditor"], password=PASSWORD)
    secret = second_factor.enrol(user=auditor, actor=system("tests"))[0]
    client = signed_in(auditor, factor="totp")
    path = address("accounts:passkey_add")
    with later(settings.PROOF_SECONDS):
        assert "proof-code" in client.get(path).content.decode()
        wrong = client.post(path, {"proof-code": "000000"})
        assert wrong.status_code == 400 and "credential" not in hidden(wrong.content.decode(), "credential")
        assert client.post(path, {"proof-code": code_now(secret)})["Location"] == path
        assert client.get(path).status_code == 200
        for _ in range(6):
            last = client.post(path, {"proof-code": "000000"})
        assert last.status_code == 429, "guessing is counted as at the door"


# The list of what asks.

ASKING = {
    "accounts:contact",
    "accounts:passkey_add",
    "accounts:passkey_name",
    "accounts:passkey_remove",
    "delegation:give",
    "delegation:add_clerk",
    "licensing:answer_transfer",
    "licensing:transfer",
    "shops:dispute",
    "shops:match",
    "admin:desk_sign",
    "admin:desk_board",
    "admin:desk_people",
    "admin:lost_keys",
    "admin:office_violation",
    "admin:payments_attempt_review",
    "admin:payments_difference_work",
    "admin:payments_ledgercorrection_decide",
    "admin:payments_refunddue_pay_out",
    "admin:plot_contest",
    "admin:plot_file",
    "admin:plot_layer_version",
    "admin:plot_undo",
    "admin:commercial_difference",
    "admin:register_corrections",
    "admin:report_reporter",
    "admin:register_file",
    "admin:register_merge",
    "admin:register_shop",
    "admin:rulebook_ruleset_publish",
    "admin:rulebook_ruleset_withdraw",
}


def marked() -> set[str]:
    from django.urls import URLPattern, get_resolver

    found = set()

    def walk(patterns: Any, space: str) -> None:
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                if getattr(pattern.callback, "requires_reauthentication", False):
                    found.add(f"{space}{pattern.name}")
            else:
                walk(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else space)

    walk(get_resolver().url_patterns, "")
    return found


def test_a_change_of_ones_own_password_asks_again(settings: Any) -> None:
    auditor = StaffFactory(groups=["auditor"], password=PASSWORD)
    client, path = signed_in(auditor), "/admin/password_change/"
    new = {"old_password": PASSWORD, "new_password1": "another-long-one-9", "new_password2": "another-long-one-9"}
    with later(settings.PROOF_SECONDS):
        assert client.get(path).status_code == 403
        asked = client.post(path, new)
        assert asked.status_code == 403 and "another-long-one-9" not in asked.content.decode()
    auditor.refresh_from_db()
    assert auditor.check_password(PASSWORD)
    assert client.post(path, new).status_code == 302, "the control: while the proof is fresh"


def test_exactly_the_acts_of_the_list_ask_again() -> None:
    assert marked() == ASKING
