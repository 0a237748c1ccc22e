"""Passkeys: whom they let in, and every answer that is not the one that was asked for."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.test import Client

from municipality.accounts.models import User
from municipality.accounts.services import passkeys
from municipality.accounts.views import passkeys as views
from municipality.audit.models import AuditEvent
from municipality.jobs import services as jobs
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.notifications.models import Message
from tests.factories.accounts import UserFactory
from tests.municipality.accounts.conftest import PASSWORD, Phones, address, enter, signed_in
from tests.municipality.accounts.signing_in import CODE, DOOR, add, code_now, give_password, options_on, secure
from tests.softkey import SoftKey

pytestmark = pytest.mark.django_db
PARTS = ("clientDataJSON", "authenticatorData", "signature", "userHandle")


def use(client: Client, key: SoftKey, **more: str) -> Any:
    path = address("accounts:passkey_sign_in")
    return client.post(path, {"credential": key.get(options_on(client, path)), **more})


@pytest.fixture
def door() -> str:
    return address("accounts:passkey_sign_in")


@pytest.fixture
def person(phones: Phones) -> tuple[User, SoftKey, Client]:
    """Somebody whom Mobile ID made known, with a passkey, and the browser where they added it."""
    client, key = secure(), SoftKey()
    user = enter(client, phones, phones.people[0])
    assert add(client, key).status_code == 302
    return user, key, client


def test_a_passkey_opens_the_account_that_mobile_id_made(person: tuple[User, SoftKey, Client], door: str) -> None:
    user, key, _ = person
    client = secure()
    answer = use(client, key, next="/ar/profile/")
    assert (answer.status_code, answer["Location"]) == (302, "/ar/profile/")
    assert signed_in(client) == user
    assert UserSession.objects.filter(user=user).count() == 2
    entry = AuditEvent.objects.filter(action="accounts.signed_in", subject=user.key).latest("pk")
    assert entry.data["channel"] == "passkey"
    assert client.get("/admin/", follow=True).status_code == 403


def test_such_a_session_has_the_same_limits(person: tuple[User, SoftKey, Client], settings: Any) -> None:
    client = secure()
    use(client, person[1])
    with clock.at(clock.now() + dt.timedelta(seconds=settings.SESSION_IDLE_SECONDS + 1)):
        assert client.get(address("accounts:profile")).status_code == 302
    assert signed_in(client) is None


def test_adding_a_passkey_is_recorded_and_the_person_is_told(person: tuple[User, SoftKey, Client]) -> None:
    user, _, client = person
    assert AuditEvent.objects.filter(action="accounts.passkey_added", subject=user.key).count() == 1
    assert jobs.run(Job.objects.get(kind="notifications.account").pk)
    message = Message.objects.get(person=user)
    assert message.kind == "accounts.passkey_added" and "مفتاح" in message.title_ar and "passkey" in message.title_en
    page = client.get(address("accounts:passkeys")).content.decode()
    assert "هاتفي" in page
    assert user.civil_id_masked and key_row(user).data["credential"]["id"] not in page


def key_row(user: User) -> Authenticator:
    return Authenticator.objects.get(user=user, type=Authenticator.Type.WEBAUTHN)


def test_what_a_key_keeps_of_its_holder_is_an_opaque_id(person: tuple[User, SoftKey, Client]) -> None:
    user, key, _ = person
    assert key.handle.decode() == user.public_id


def test_a_passkey_is_added_within_five_minutes_of_a_proof_only(phones: Phones, settings: Any) -> None:
    client, key = secure(), SoftKey()
    user = enter(client, phones, phones.people[0])
    path = address("accounts:passkey_add")
    options = options_on(client, path)
    later = clock.now() + dt.timedelta(seconds=settings.PROOF_SECONDS)
    with clock.at(later):
        assert client.get(path).status_code == 403
        assert client.post(path, {"name": "x", "credential": key.create(options)}).status_code == 403
        assert not passkeys.of(user).exists()
        # Red control: with a longer memory the same post makes a key.
        settings.PROOF_SECONDS *= 2
        assert add(client, key).status_code == 302
    assert passkeys.of(user).exists()


def test_signing_in_again_leads_back_to_where_the_key_is_added(phones: Phones) -> None:
    client = secure()
    enter(client, phones, phones.people[0])
    answer = client.post(address("accounts:sign_in_again"), {"next": address("accounts:passkey_add")})
    assert answer["Location"] == f"{address('accounts:sign_in')}?next=%2Far%2Fprofile%2Fpasskeys%2Fadd%2F"
    assert signed_in(client) is None


def test_an_answer_serves_once(person: tuple[User, SoftKey, Client], door: str) -> None:
    _, key, _ = person
    client = secure()
    answer = key.get(options_on(client, door))
    assert client.post(door, {"credential": answer}).status_code == 302
    client.post(address("accounts:sign_out"))
    assert client.post(door, {"credential": answer}).status_code == 400
    assert secure().post(door, {"credential": answer}).status_code == 400


def test_an_answer_serves_the_browser_that_asked_only(person: tuple[User, SoftKey, Client], door: str) -> None:
    _, key, _ = person
    asking, other = secure(), secure()
    answer = key.get(options_on(asking, door))
    options_on(other, door)
    assert other.post(door, {"credential": answer}).status_code == 400
    assert signed_in(other) is None


def test_a_question_is_over_after_five_minutes(person: tuple[User, SoftKey, Client], door: str) -> None:
    _, key, _ = person
    client = secure()
    answer = key.get(options_on(client, door))
    with clock.at(clock.now() + dt.timedelta(seconds=passkeys.CHALLENGE_SECONDS)):
        assert client.post(door, {"credential": answer}).status_code == 400


@pytest.mark.parametrize("origin", ["https://portal.evil", "http://testserver", "https://testserver.evil"])
def test_a_key_used_on_another_site_opens_nothing_here(person: tuple[User, SoftKey, Client], origin: str) -> None:
    _, key, _ = person
    key.origin = origin
    client = secure()
    assert use(client, key).status_code == 400
    assert signed_in(client) is None


def test_a_foreign_signature_a_foreign_site_and_a_key_that_verifies_nobody_open_nothing(person: tuple[User, SoftKey, Client]) -> None:
    _, key, _ = person
    stranger = SoftKey(handle=key.handle, rp=key.rp, credential_id=key.credential_id)
    unknown = SoftKey(handle=key.handle, rp=key.rp)
    elsewhere = SoftKey(handle=key.handle, rp="portal.evil", key=key.key, credential_id=key.credential_id)
    careless = SoftKey(handle=key.handle, rp=key.rp, key=key.key, credential_id=key.credential_id, verifies=False)
    nobody = SoftKey(handle=b"00000000000000000000000000", rp=key.rp, key=key.key, credential_id=key.credential_id)
    for wrong in (stranger, unknown, elsewhere, careless, nobody):
        client = secure()
        assert use(client, wrong).status_code == 400
        assert signed_in(client) is None
    assert use(secure(), key).status_code == 302


@pytest.mark.parametrize(
    "answer",
    [
        "", "[]", "null", "{}", "x" * 30_000, '{"response": {}}', '{"response": {"userHandle": 7}}', '{"response": {"userHandle": "£"}}',
        json.dumps({"id": "AA", "rawId": "AA", "type": "public-key", "response": dict.fromkeys(PARTS, "AA")}),
        "[" * 9000,
    ],
)  # fmt: skip
def test_nonsense_is_refused_like_everything_else(person: tuple[User, SoftKey, Client], door: str, answer: str) -> None:
    client = secure()
    options_on(client, door)
    assert client.post(door, {"credential": answer}).status_code == 400
    adding = person[2]
    options_on(adding, address("accounts:passkey_add"))
    assert adding.post(address("accounts:passkey_add"), {"name": "x", "credential": answer}).status_code == 400


def test_every_part_of_an_answer_may_be_missing_or_broken(person: tuple[User, SoftKey, Client], door: str) -> None:
    _, key, _ = person
    client = secure()
    whole = json.loads(key.get(options_on(client, door)))
    for part in whole["response"]:
        for value in (None, "", "AAAA", 5, [], {}):
            options_on(client, door)
            broken = {**whole, "response": {**whole["response"], part: value}}
            assert client.post(door, {"credential": json.dumps(broken)}).status_code == 400, (part, value)


def test_a_copied_key_is_noticed_by_its_counter(person: tuple[User, SoftKey, Client], monkeypatch: pytest.MonkeyPatch) -> None:
    user, key, _ = person
    copy = SoftKey(handle=key.handle, rp=key.rp, key=key.key, credential_id=key.credential_id)
    assert use(secure(), key).status_code == 302
    assert use(secure(), key).status_code == 302
    client = secure()
    assert use(client, copy).status_code == 400
    assert AuditEvent.objects.filter(action="accounts.passkey_copied", subject=user.key).count() == 1
    # Red control: without the count the copy is in.
    monkeypatch.setattr(passkeys, "_count", lambda key, counter: None)
    assert use(client, copy).status_code == 302


def test_a_key_without_a_counter_serves(phones: Phones) -> None:
    client, key = secure(), SoftKey(counts=False)
    enter(client, phones, phones.people[0])
    add(client, key)
    assert [use(secure(), key).status_code for _ in range(2)] == [302, 302]


STAFF_KEY = "/staff/sign-in/passkey/"


def key_of(secret: str, login: str = "huda") -> SoftKey:
    """The passkey that a member of staff added after password and code."""
    client, key = secure(), SoftKey()
    give_password(client, login)
    client.post(CODE, {"code": code_now(secret)})
    assert add(client, key).status_code == 302
    return key


def test_staff_enter_by_a_passkey_alone(officer: User, secret: str) -> None:
    key, client = key_of(secret), secure()
    page = client.get(f"{DOOR}?next=/admin/accounts/user/").content.decode()
    assert f"{STAFF_KEY}?next=%2Fadmin%2Faccounts%2Fuser%2F" in page
    answer = client.post(STAFF_KEY, {"credential": key.get(options_on(client, STAFF_KEY)), "next": "/admin/accounts/user/"})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/accounts/user/")
    assert signed_in(client) == officer and client.get("/admin/").status_code == 200
    assert AuditEvent.objects.filter(action="accounts.signed_in", subject=officer.key).latest("pk").data["channel"] == "passkey"
    client.post("/admin/logout/")
    assert client.get("/admin/").status_code == 302


def test_wrong_passwords_in_their_name_do_not_keep_staff_with_a_passkey_out(officer: User, secret: str) -> None:
    key, client = key_of(secret), secure()
    for n in range(60):
        Client(REMOTE_ADDR=f"10.0.0.{n % 12}").post(DOOR, {"login": "huda", "password": "wrong"})
    for n in range(25):
        Client().post(DOOR, {"login": f"nobody{n}", "password": "wrong"})
    assert give_password(client).status_code == 429  # the password is not looked at from here, and the control of this test
    assert client.post(STAFF_KEY, {"credential": key.get(options_on(client, STAFF_KEY))})["Location"] == "/admin/"
    assert signed_in(client) == officer


def test_a_key_that_checks_nobody_is_a_second_factor_only(officer: User, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key = key_of(secret)
    key.verifies = False
    client = secure()
    assert client.post(STAFF_KEY, {"credential": key.get(options_on(client, STAFF_KEY))}).status_code == 400
    give_password(client)
    lax = options_on(client, CODE)  # asked as a second factor: whoever holds it need not be checked
    assert client.post(STAFF_KEY, {"credential": key.get(lax)}).status_code == 400
    assert signed_in(client) is None
    assert client.post(CODE, {"credential": key.get(options_on(client, CODE))}).status_code == 302


def test_a_closed_account_of_staff_stays_closed(officer: User, secret: str) -> None:
    key, client = key_of(secret), secure()
    User.objects.filter(pk=officer.pk).update(is_active=False)
    answer = client.post(STAFF_KEY, {"credential": key.get(options_on(client, STAFF_KEY))})
    assert answer["Location"] == "/staff/sign-in/closed/" and signed_in(client) is None


def test_each_door_takes_its_own_keys_only(
    officer: User, secret: str, person: tuple[User, SoftKey, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    staff_key, stranger = key_of(secret), secure()
    assert use(stranger, staff_key).status_code == 400
    assert stranger.post(STAFF_KEY, {"credential": person[1].get(options_on(stranger, STAFF_KEY))}).status_code == 400
    # Without the question whose key it is, it is still asked whether the door is theirs.
    monkeypatch.setattr(passkeys, "_holder", lambda credential, *, of_staff: person[0] if of_staff else officer)
    assert use(stranger, staff_key).status_code == 400
    assert stranger.post(STAFF_KEY, {"credential": person[1].get(options_on(stranger, STAFF_KEY))}).status_code == 400
    assert signed_in(stranger) is None


def test_a_person_is_told_no_at_the_staffs_passkey_door(person: tuple[User, SoftKey, Client]) -> None:
    assert person[2].get(STAFF_KEY).status_code == 403


def test_a_passkey_is_a_second_factor_at_the_staff_door(officer: User, secret: str) -> None:
    client, key = secure(), SoftKey()
    give_password(client)
    client.post(CODE, {"code": code_now(secret)})
    add(client, key)
    other = secure()
    assert other.get(CODE)["Location"] == DOOR
    assert give_password(other, next="/admin/accounts/user/")["Location"] == CODE
    assert other.get("/admin/").status_code == 302
    answer = other.post(CODE, {"credential": key.get(options_on(other, CODE))})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/accounts/user/")
    assert other.get("/admin/").status_code == 200


def test_the_passkey_of_another_officer_is_no_second_factor(officer: User, secret: str) -> None:
    client, key = secure(), SoftKey()
    give_password(client)
    client.post(CODE, {"code": code_now(secret)})
    add(client, key)
    colleague = UserFactory(name_ar="سالم", name_en="Salem", login="salem", is_staff=True, password=PASSWORD)
    passkeys.auth.WebAuthn.add(colleague, "x", key_row(officer).data["credential"] | {"id": "other"})
    Authenticator.objects.filter(user=colleague).update(data={**key_row(officer).data, "credential": _foreign(client)})
    other = secure()
    give_password(other, "salem")
    assert other.post(CODE, {"credential": key.get(options_on(other, CODE))}).status_code == 400
    assert signed_in(other) is None


def _foreign(client: Client) -> dict[str, Any]:
    """A registration of another key."""
    options = options_on(client, address("accounts:passkey_add"))
    found: dict[str, Any] = json.loads(SoftKey().create(options))
    return found


def test_with_too_many_wrong_codes_the_passkey_still_opens(officer: User, secret: str) -> None:
    client, key = secure(), SoftKey()
    give_password(client)
    client.post(CODE, {"code": code_now(secret)})
    add(client, key)
    other = secure()
    give_password(other)
    for _ in range(6):
        other.post(CODE, {"code": "000000"})
    assert other.post(CODE, {"credential": key.get(options_on(other, CODE))}).status_code == 302


def test_new_enrolment_by_an_operator_takes_all_keys_away(officer: User, secret: str) -> None:
    from municipality.accounts.services import second_factor
    from municipality.kernel.actors import system

    client = secure()
    give_password(client)
    client.post(CODE, {"code": code_now(secret)})
    add(client, SoftKey())
    second_factor.enrol(user=officer, actor=system("tests"))
    assert not passkeys.of(officer).exists()
    assert client.get("/admin/").status_code == 302


def test_removing_a_key_ends_the_other_sessions_and_the_person_is_told(person: tuple[User, SoftKey, Client]) -> None:
    user, key, client = person
    other = secure()
    use(other, key)
    assert client.post(address("accounts:passkey_remove", "ar", key_row(user).pk)).status_code == 302
    assert not passkeys.of(user).exists()
    assert signed_in(client) == user
    assert other.get(address("accounts:profile")).status_code == 302
    assert use(secure(), key).status_code == 400
    for job in Job.objects.filter(kind="notifications.account"):
        jobs.run(job.pk)
    assert set(Message.objects.filter(person=user).values_list("kind", flat=True)) == {"accounts.passkey_added", "accounts.passkey_removed"}


def test_the_last_way_in_is_not_removed(person: tuple[User, SoftKey, Client], settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    user, _, client = person
    settings.MOBILE_ID_URL = ""
    path = address("accounts:passkey_remove", "ar", key_row(user).pk)
    assert client.post(path).status_code == 409
    assert passkeys.of(user).exists()
    # Red control: without the question the account is closed to its owner.
    monkeypatch.setattr(passkeys, "has_other_sign_in", lambda user, key: True)
    assert client.post(path).status_code == 302
    assert not passkeys.of(user).exists()


def test_an_officer_without_a_code_app_keeps_the_last_key(officer: User, secret: str) -> None:
    client = secure()
    give_password(client)
    client.post(CODE, {"code": code_now(secret)})
    add(client, SoftKey())
    Authenticator.objects.filter(user=officer, type=Authenticator.Type.TOTP).delete()
    assert client.post(address("accounts:passkey_remove", "ar", key_row(officer).pk)).status_code == 409


def test_keys_of_others_are_not_there(person: tuple[User, SoftKey, Client], phones: Phones) -> None:
    mine = key_row(person[0]).pk
    other = secure()
    enter(other, phones, phones.people[1])
    for name in ("accounts:passkey_name", "accounts:passkey_remove"):
        assert other.get(address(name, "ar", mine)).status_code == 404
        assert other.post(address(name, "ar", mine), {"name": "x"}).status_code == 404
    assert key_row(person[0]).data["name"] == "هاتفي"


def test_a_key_gets_another_name(person: tuple[User, SoftKey, Client]) -> None:
    user, key, client = person
    path = address("accounts:passkey_name", "ar", key_row(user).pk)
    assert client.post(path, {"name": ""}).status_code == 400
    assert client.post(path, {"name": "<b>الجديد</b>"}).status_code == 302
    page = client.get(address("accounts:passkeys")).content.decode()
    assert "&lt;b&gt;الجديد" in page
    assert use(secure(), key).status_code == 302


def test_ten_keys_are_enough(person: tuple[User, SoftKey, Client]) -> None:
    user, _, client = person
    credential = key_row(user).data["credential"]
    for _ in range(passkeys.MAX_KEYS - 1):
        passkeys.auth.WebAuthn.add(user, "x", credential)
    assert client.get(address("accounts:passkey_add")).status_code == 409


def test_a_closed_account_stays_closed(person: tuple[User, SoftKey, Client]) -> None:
    user, key, _ = person
    User.objects.filter(pk=user.pk).update(is_active=False)
    client = secure()
    assert use(client, key).status_code == 403
    assert signed_in(client) is None


def test_somebody_without_a_civil_number_has_no_door(person: tuple[User, SoftKey, Client]) -> None:
    user, key, _ = person
    User.objects.filter(pk=user.pk).update(civil_id_digest=None)
    assert use(secure(), key).status_code == 400


def test_too_many_tries_from_one_client_are_refused(person: tuple[User, SoftKey, Client], door: str) -> None:
    client = secure()
    answers = [client.post(door, {"credential": "{}"}).status_code for _ in range(32)]
    assert answers.count(429) >= 1 and answers[-1] == 429


def test_the_librarys_own_pages_stay_closed(client: Client) -> None:
    for path in ("/mfa/webauthn/", "/mfa/webauthn/login/", "/accounts/2fa/webauthn/add/", "/accounts/login/", "/accounts/signup/"):
        assert client.get(path).status_code == 404
    assert views.listing.portal_access == "any"  # type: ignore[attr-defined]
