"""The staff door: nobody reaches the admin on a password alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from allauth.account import app_settings as account_settings
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory
from django.urls import get_resolver, reverse

from municipality.accounts import known_devices, limits
from municipality.accounts.models import SecondFactorUse, User
from municipality.accounts.services import second_factor, sessions
from municipality.accounts.staff_site import CLOSED_APPS, StaffSite
from municipality.audit.models import AuditEvent
from municipality.kernel import clock
from municipality.kernel.actors import system
from tests.factories.accounts import UserFactory
from tests.municipality.accounts.conftest import PASSWORD, Phones, address, enter, signed_in
from tests.municipality.accounts.signing_in import CODE, DOOR, code_now, give_password

pytestmark = pytest.mark.django_db


def admin_addresses() -> list[str]:
    """Every admin page without arguments, and one with."""
    names = [name for name in get_resolver().namespace_dict["admin"][1].reverse_dict if isinstance(name, str)]
    found = []
    for name in names:
        try:
            found.append(reverse(f"admin:{name}"))
        except Exception:  # noqa: BLE001 (a page that needs arguments)
            continue
    return [*found, reverse("admin:accounts_user_change", args=[1])]


def test_password_and_code_open_the_admin(officer: User, secret: str, client: Client) -> None:
    assert client.get("/admin/")["Location"].startswith(f"{DOOR}?next=/admin/")
    response = give_password(client, next="/admin/accounts/user/")
    assert (response.status_code, response["Location"]) == (302, CODE)
    assert signed_in(client) is None
    assert client.get("/admin/").status_code == 302
    response = client.post(CODE, {"code": code_now(secret)})
    assert (response.status_code, response["Location"]) == (302, "/admin/accounts/user/")
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/accounts/user/").status_code == 200
    assert UserSession.objects.get().user == officer


def test_every_admin_page_refuses_a_session_without_the_second_factor(
    officer: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(officer, backend="municipality.accounts.backends.StaffBackend")
    pages = [page for page in admin_addresses() if not page.endswith(("/logout/", "/jsi18n/"))]
    assert len(pages) > 8
    for page in pages:
        response = client.get(page)
        assert response.status_code in (302, 403), page
        assert response.get("Location", DOOR).startswith(("/admin/login/", DOOR)), page
        assert client.get(page, follow=True).status_code == 403, page
    # Red control: with Django's own rule the same session is in.
    monkeypatch.setattr(StaffSite, "has_permission", admin.AdminSite.has_permission)
    assert client.get("/admin/").status_code == 200


def test_without_an_authenticator_a_right_password_leads_nowhere(officer: User, client: Client) -> None:
    assert not Authenticator.objects.exists()
    assert give_password(client)["Location"] == CODE
    for code in ("000000", "123456"):
        assert client.post(CODE, {"code": code}).status_code == 400
    assert signed_in(client) is None and client.get("/admin/").status_code == 302


def test_the_code_page_needs_a_right_password_in_this_browser(officer: User, secret: str, client: Client) -> None:
    assert client.get(CODE)["Location"] == DOOR
    assert client.post(CODE, {"code": code_now(secret)})["Location"] == DOOR
    assert signed_in(client) is None


def test_a_code_works_once(officer: User, secret: str) -> None:
    code = code_now(secret)
    first, second = Client(), Client()
    for client in (first, second):
        give_password(client)
    assert first.post(CODE, {"code": code}).status_code == 302
    assert second.post(CODE, {"code": code}).status_code == 400
    assert signed_in(second) is None
    # Red control: without the record of used steps the overheard code opens a second session.
    SecondFactorUse.objects.all().delete()
    assert second.post(CODE, {"code": code}).status_code == 302


def test_an_older_code_is_refused_after_a_newer_one(officer: User, secret: str) -> None:
    assert second_factor.check(user=officer, typed=code_now(secret, 0)) is not None
    assert second_factor.check(user=officer, typed=code_now(secret, -1)) is None


def test_arabic_digits_and_spaces_are_taken(officer: User, secret: str) -> None:
    code = code_now(secret).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    assert second_factor.check(user=officer, typed=f" {code[:3]} {code[3:]}") is not None


def wrong_from(address: str, login: str = "huda") -> int:
    """The status of one wrong password from an address, by a browser that nobody knows."""
    status: int = Client(REMOTE_ADDR=address).post(DOOR, {"login": login, "password": "wrong"}).status_code
    return status


def test_five_wrong_passwords_close_the_name_for_five_minutes_from_that_address_only(
    officer: User, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [wrong_from("10.0.0.1") for _ in range(8)] == [400] * 5 + [429] * 3
    assert give_password(Client(REMOTE_ADDR="10.0.0.1")).status_code == 429  # not looked at, though right
    assert give_password(Client(REMOTE_ADDR="10.0.0.2")).status_code == 302
    with clock.at(clock.now() + dt.timedelta(minutes=5, seconds=1)):
        assert give_password(Client(REMOTE_ADDR="10.0.0.1")).status_code == 302
    # Red control: counted by the name alone, a stranger's guesses shut the right one out.
    monkeypatch.setattr(limits, "_staff_subject", lambda login, address, device: login)
    assert [wrong_from("10.0.0.3") for _ in range(5)] == [400] * 5
    assert give_password(Client(REMOTE_ADDR="10.0.0.4")).status_code == 429


def looked_at(addresses: int) -> int:
    """How many wrong passwords for one name are looked at, of three from each of so many addresses."""
    return sum(wrong_from(f"10.{n // 200}.0.{n % 200}") == 400 for n in range(addresses) for _ in range(3))


def test_guesses_from_many_addresses_are_slowed_to_one_a_minute(officer: User, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    start = clock.now()
    with clock.at(start):
        assert looked_at(40) == limits.STAFF_PER_NAME.amount + 1
        slowed = Client(REMOTE_ADDR="10.9.0.1").post(f"{DOOR}?_language=en", {"login": "huda", "password": PASSWORD})
        assert slowed.status_code == 429 and 1 <= int(slowed["Retry-After"]) <= 60
        assert "tried many times, from several places" in slowed.content.decode()
        unknown = [wrong_from(f"10.8.0.{n}", "nobody") for n in range(40)]
        checked = limits.STAFF_PER_NAME.amount + 1
        assert unknown == [400] * checked + [429] * (40 - checked)  # alike for a name nobody has
    for minute in (1, 2):
        with clock.at(start + dt.timedelta(seconds=61 * minute)):
            assert [wrong_from(f"10.7.{minute}.{n}") for n in range(4)] == [400, 429, 429, 429]
    with clock.at(start + dt.timedelta(seconds=61 * 3)):  # slowed, not shut: the right password is looked at
        assert give_password(Client(REMOTE_ADDR="10.6.0.1")).status_code == 302
    # Red control: without the limit every address guesses for itself.
    monkeypatch.setattr(limits.STAFF_PER_NAME.__class__, "take", lambda *_: True)
    with clock.at(start + dt.timedelta(hours=3)):
        assert looked_at(40) == 120


def test_a_browser_that_came_in_before_is_held_up_by_nobody_else(officer: User, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = Client(REMOTE_ADDR="10.0.0.1")
    give_password(known)
    known.post(CODE, {"code": code_now(secret)})
    known.post("/admin/logout/")
    assert known.cookies["device"]["httponly"] and "huda" not in known.cookies["device"].value
    looked_at(40)
    for n in range(25):  # and the very address of the office
        wrong_from("10.0.0.1", f"nobody{n}")
    assert wrong_from("10.0.0.1") == 429
    assert give_password(known).status_code == 302
    # It serves this name only, and has a limit of its own.
    again = Client(REMOTE_ADDR="10.0.0.1")
    again.cookies["device"] = known.cookies["device"].value
    assert give_password(again, "salem", "wrong").status_code == 429
    assert [give_password(again, password="wrong").status_code for _ in range(7)] == [400] * 5 + [429] * 2
    # Red control: without the cookie the same browser is held up with the others.
    monkeypatch.setattr(limits, "_staff_subject", lambda login, address, device: f"{login} from {address}")
    monkeypatch.setattr(known_devices.Device, "knows", lambda *_: False)
    with clock.at(clock.now() + dt.timedelta(minutes=6)):
        assert [wrong_from("10.0.0.1") for _ in range(6)][-1] == 429
        assert give_password(again).status_code == 429


def test_a_forged_cookie_is_no_known_browser(officer: User, secret: str) -> None:
    client = Client()
    client.cookies["device"] = f"abc.{known_devices._login_hash('huda')}:1abcde:forged"
    assert [give_password(client, password="wrong").status_code for _ in range(6)] == [400] * 5 + [429]
    assert wrong_from("127.0.0.1") == 429  # counted with the others of its address


def test_twenty_wrong_passwords_close_the_client(officer: User) -> None:
    statuses = [Client().post(DOOR, {"login": f"nobody{n}", "password": "wrong"}).status_code for n in range(22)]
    assert statuses == [400] * 20 + [429] * 2


def test_right_passwords_of_a_whole_branch_from_one_address_close_nothing(officer: User, secret: str) -> None:
    assert [give_password(Client()).status_code for _ in range(25)] == [302] * 25
    assert Client().post(DOOR, {"login": "nobody", "password": "wrong"}).status_code == 400


def test_five_wrong_codes_close_the_second_factor(officer: User, secret: str, client: Client) -> None:
    give_password(client)
    wrong = [f"{(int(code_now(secret)) + 7 * n + 1) % 1_000_000:06d}" for n in range(7)]
    assert [client.post(CODE, {"code": code}).status_code for code in wrong] == [400] * 5 + [429] * 2
    assert client.post(CODE, {"code": code_now(secret)}).status_code == 429
    assert signed_in(client) is None


def test_the_limits_do_not_need_the_cache(officer: User, secret: str, client: Client, settings: Any) -> None:
    settings.CACHES = settings.CACHES | {"default": {"BACKEND": "tests.municipality.accounts.dead_cache.DeadCache"}}
    assert give_password(client, password="wrong").status_code == 400
    assert give_password(client).status_code == 302
    assert client.post(CODE, {"code": code_now(secret)}).status_code == 302
    # Red control: the library's own counting fails with the cache.
    settings.ACCOUNT_RATE_LIMITS = {}
    assert account_settings.RATE_LIMITS
    with pytest.raises(ConnectionError):
        give_password(Client())


def test_known_and_unknown_names_are_answered_alike(officer: User) -> None:
    person = UserFactory(login="citizen")
    closed = UserFactory(login="closed", is_staff=True, is_active=False, password=PASSWORD)
    answers = set()
    for login in (officer.login, person.login, closed.login, "nobody"):
        response = Client().post(DOOR, {"login": login, "password": "wrong"})
        text = response.content.decode().replace(f'value="{login}"', "")
        token = text.partition('csrfmiddlewaretoken" value="')[2].partition('"')[0]
        answers.add((response.status_code, text.replace(token, ""), tuple(sorted(k for k in response.headers if k != "Content-Length"))))
    assert len(answers) == 1


def test_a_person_has_no_password_door_even_with_a_password_on_file(client: Client) -> None:
    UserFactory(login="citizen", password=PASSWORD)
    assert give_password(client, "citizen").status_code == 400
    assert client.login(username="citizen", password=PASSWORD) is False


def test_a_signed_in_person_is_told_no_at_the_staff_door_and_the_admin(phones: Phones, client: Client) -> None:
    enter(client, phones, phones.people[0])
    assert client.get("/admin/", follow=True).status_code == 403
    response = client.get(DOOR)
    assert response.status_code == 403 and address("accounts:sign_out") in response.content.decode()


def test_staff_do_not_open_the_pages_of_people(officer: User, secret: str, client: Client) -> None:
    give_password(client)
    client.post(CODE, {"code": code_now(secret)})
    assert client.get(address("accounts:profile")).status_code == 403
    assert client.get(address("accounts:sessions")).status_code == 200


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_staff_are_not_sent_to_another_host(officer: User, secret: str, client: Client, path: str) -> None:
    give_password(client, next=path)
    assert client.post(CODE, {"code": code_now(secret)})["Location"] == "/admin/"


def test_the_admins_own_form_is_closed(officer: User, secret: str, client: Client) -> None:
    for response in (client.get("/admin/login/"), client.post("/admin/login/", {"username": "huda", "password": PASSWORD})):
        assert response.status_code == 302 and response["Location"].startswith(DOOR)
    assert signed_in(client) is None


def test_leaving_the_admin_needs_a_post(officer: User, secret: str, client: Client) -> None:
    give_password(client)
    client.post(CODE, {"code": code_now(secret)})
    assert client.get("/admin/logout/").status_code == 405
    assert client.post("/admin/logout/")["Location"] == DOOR
    assert signed_in(client) is None


def test_tables_of_the_door_are_not_in_the_admin() -> None:
    assert isinstance(admin.site._wrapped if hasattr(admin.site, "_wrapped") else admin.site, StaffSite)
    assert not {model._meta.app_label for model in admin.site._registry} & CLOSED_APPS


def test_none_of_the_librarys_other_pages_is_reachable() -> None:
    names = {
        name
        for name in get_resolver().reverse_dict
        if isinstance(name, str) and name.startswith(("account_", "mfa_", "socialaccount_", "usersessions_"))
    }
    assert names == {"account_login", "account_inactive", "mfa_authenticate"}


def test_the_operators_command_replaces_the_second_factor_and_ends_sessions(
    officer: User, secret: str, client: Client, capsys: Any
) -> None:
    give_password(client)
    client.post(CODE, {"code": code_now(secret)})
    call_command("staff_totp", "huda")
    printed = capsys.readouterr().out
    fresh = printed.split()[1]
    assert f"otpauth://totp/Kuwait%20Municipality:huda?secret={fresh}" in printed
    assert client.get("/admin/").status_code == 302
    assert second_factor.check(user=officer, typed=code_now(secret)) is None
    assert second_factor.check(user=officer, typed=code_now(fresh, 1)) is not None
    assert AuditEvent.objects.filter(action="accounts.second_factor_enrolled", subject=officer.key).count() == 2
    assert fresh not in repr(list(Authenticator.objects.values())) and fresh not in repr(list(AuditEvent.objects.values()))


def test_only_staff_get_a_second_factor(db: None) -> None:
    person = UserFactory(login="citizen")
    with pytest.raises(second_factor.NotStaff):
        second_factor.enrol(user=person, actor=system("tests"))
    with pytest.raises(CommandError):
        call_command("staff_totp", "citizen")


def test_the_staff_door_speaks_both_languages_and_keeps_the_form(officer: User, client: Client) -> None:
    assert 'lang="ar"' in client.get(DOOR).content.decode()
    assert 'lang="en"' in client.get(f"{DOOR}?_language=en").content.decode()
    switched = client.post(f"{DOOR}?_language=en", {"login": "huda", "password": "", "_language": "en"}).content.decode()
    assert 'lang="en"' in switched and 'value="huda"' in switched and "data-errors" not in switched


NEW = {"old_password": PASSWORD, "new_password1": "another-long-one-9", "new_password2": "another-long-one-9"}


def test_a_session_with_a_new_password_can_be_ended_from_elsewhere(officer: User, secret: str, client: Client) -> None:
    """The session gets another key by the new password; under the old one alone, nobody could end it."""
    give_password(client)
    client.post(CODE, {"code": code_now(secret)})
    before = client.session.session_key
    assert client.post("/admin/password_change/", NEW).status_code == 302
    assert client.session.session_key != before
    assert [row.session_key for row in UserSession.objects.filter(user=officer)] == [client.session.session_key]
    assert sessions.end_all_of(officer) == 1
    assert client.get("/admin/").status_code == 302


def test_a_session_that_a_new_secret_key_renames_is_listed_again(officer: User, secret: str, client: Client, settings: Any) -> None:
    give_password(client)
    client.post(CODE, {"code": code_now(secret)})
    before = client.session.session_key
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another secret key of the portal, long enough"
    with clock.at(clock.now() + dt.timedelta(minutes=2)):
        client.get("/admin/")
    assert client.session.session_key != before
    assert [row.session_key for row in UserSession.objects.filter(user=officer)] == [client.session.session_key]


def test_a_session_that_is_ended_during_its_request_is_not_listed_again(
    officer: User, secret: str, client: Client, rf: RequestFactory
) -> None:
    give_password(client)
    client.post(CODE, {"code": code_now(secret)})
    request = rf.get("/admin/")
    request.session, request.user = client.session, officer
    assert request.session[sessions.SEEN]
    sessions.end_all_of(officer)
    with clock.at(clock.now() + dt.timedelta(minutes=2)):
        sessions.note_activity(request)
    assert not UserSession.objects.exists()
