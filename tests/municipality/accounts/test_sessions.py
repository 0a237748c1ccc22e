"""Sessions end: after quiet, after long, and when the person says so."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse

from municipality.accounts import devices
from municipality.accounts.models import User
from municipality.accounts.services import sessions
from municipality.kernel import clock
from tests.municipality.accounts.conftest import Phones, address, enter, signed_in

pytestmark = pytest.mark.django_db
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile Safari/604.1"


def after(**span: int) -> Any:
    return clock.at(clock.now() + dt.timedelta(**span))


def test_fifteen_quiet_minutes_end_a_session(phones: Phones, client: Client, settings: Any) -> None:
    enter(client, phones, phones.people[0])
    kept = client.cookies.output()
    with after(minutes=14, seconds=59):
        assert client.get(address("accounts:profile")).status_code == 200
    with after(minutes=29, seconds=58):
        assert client.get(address("accounts:profile")).status_code == 200
    with after(minutes=44, seconds=58):
        profile = address("accounts:profile", "en")
        response = client.get(profile)
        assert response["Location"] == f"{address('accounts:sign_in', 'en')}?next={profile}"
        assert signed_in(client) is None and not UserSession.objects.exists()
        page = client.get(f"{address('accounts:sign_in', 'en')}?next={profile}").content.decode()
        assert "You were inactive for fifteen minutes" in page and f'value="{profile}"' in page
    assert client.cookies.output() != kept


def test_without_the_limits_a_forgotten_session_stays_open(phones: Phones, client: Client, settings: Any) -> None:
    """The red control of the two tests beside it."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "SessionLimits" not in name]
    enter(client, phones, phones.people[0])
    with after(hours=11):
        assert Client().get(address("accounts:profile")).status_code == 302
        assert client.get(address("accounts:profile")).status_code == 200


def test_twelve_hours_end_a_session_that_was_never_quiet(phones: Phones, client: Client) -> None:
    enter(client, phones, phones.people[0])
    start = clock.now()
    for minutes in range(10, 12 * 60, 10):
        with clock.at(start + dt.timedelta(minutes=minutes)):
            assert client.get(address("accounts:profile")).status_code == 200, minutes
    with clock.at(start + dt.timedelta(hours=12)):
        assert client.get(address("accounts:profile")).status_code == 302
        assert "twelve hours at most" in client.get(address("accounts:sign_in", "en")).content.decode()


def test_a_form_sent_too_late_leads_back_to_its_page(phones: Phones, client: Client) -> None:
    enter(client, phones, phones.people[0])
    with after(minutes=20):
        response = client.post(address("accounts:language"), {"language": "en"}, headers={"referer": "http://testserver/ar/profile/"})
    assert response["Location"] == f"{address('accounts:sign_in')}?next=%2Far%2Fprofile%2F"
    assert User.objects.get().language == "ar"


def test_a_page_for_everybody_opens_after_the_session_ended(phones: Phones, client: Client) -> None:
    enter(client, phones, phones.people[0])
    with after(minutes=20):
        assert client.get(address("accounts:sign_in")).status_code == 200
    assert signed_in(client) is None


def test_a_session_without_marks_is_over(phones: Phones, client: Client) -> None:
    enter(client, phones, phones.people[0])
    session = client.session
    del session[sessions.STARTED]
    session.save()
    assert client.get(address("accounts:profile")).status_code == 302


def test_the_last_sight_is_written_once_a_minute(phones: Phones, client: Client, django_assert_num_queries: Any) -> None:
    enter(client, phones, phones.people[0])
    before = UserSession.objects.get().last_seen_at
    with after(seconds=59):
        client.get(address("accounts:profile"))
    assert UserSession.objects.get().last_seen_at == before
    with after(seconds=61):
        client.get(address("accounts:profile"))
    assert UserSession.objects.get().last_seen_at > before


def test_a_person_sees_and_ends_their_own_sessions(phones: Phones) -> None:
    here, there = Client(HTTP_USER_AGENT=WINDOWS), Client(HTTP_USER_AGENT=IPHONE)
    user = enter(here, phones, phones.people[0])
    enter(there, phones, phones.people[0])
    page = here.get(address("accounts:sessions", "en")).content.decode()
    assert "Chrome browser, Windows computer" in page and "Safari browser, iPhone" in page and page.count("This device") == 1
    other = UserSession.objects.get(user=user, session_key=there.session.session_key)
    here.post(address("accounts:end_session", "ar", other.pk))
    assert there.get(address("accounts:profile")).status_code == 302
    assert here.get(address("accounts:profile")).status_code == 200


def test_all_others_end_at_once(phones: Phones) -> None:
    browsers = [Client() for _ in range(3)]
    for browser in browsers:
        enter(browser, phones, phones.people[0])
    browsers[0].post(address("accounts:end_other_sessions"))
    assert [browser.get(address("accounts:profile")).status_code for browser in browsers] == [200, 302, 302]


def test_nobody_ends_the_session_of_somebody_else(phones: Phones) -> None:
    mine, theirs = Client(), Client()
    enter(mine, phones, phones.people[0])
    enter(theirs, phones, phones.people[1])
    row = UserSession.objects.get(session_key=theirs.session.session_key)
    mine.post(address("accounts:end_session", "ar", row.pk))
    assert theirs.get(address("accounts:profile")).status_code == 200


def test_ending_this_session_signs_out(phones: Phones, client: Client) -> None:
    enter(client, phones, phones.people[0])
    row = UserSession.objects.get()
    assert client.post(address("accounts:end_session", "ar", row.pk)).status_code == 302
    assert signed_in(client) is None


def test_ending_needs_a_post(phones: Phones, client: Client) -> None:
    enter(client, phones, phones.people[0])
    for name, args in (("end_session", [UserSession.objects.get().pk]), ("end_other_sessions", []), ("language", [])):
        assert client.get(address(f"accounts:{name}", "ar", *args)).status_code == 405


def test_old_rows_are_swept(phones: Phones, client: Client) -> None:
    enter(client, phones, phones.people[0])
    assert sessions.forget() == 0
    with after(hours=13):
        assert sessions.forget() == 2
    assert reverse("account_login")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (WINDOWS, "Chrome browser, Windows computer"),
        (IPHONE, "Safari browser, iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox browser, Linux computer"),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 SamsungBrowser/27.0 Chrome/125 Mobile Safari/537.36",
            "Samsung browser, Android device",
        ),
        ("curl/8", "Unknown device"),
        ("", "Unknown device"),
    ],
)
def test_a_browser_is_told_in_words(said: str, words: str) -> None:
    from django.utils import translation

    with translation.override("en"):
        assert devices.describe(said) == words
