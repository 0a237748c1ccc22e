"""Error pages: house style, both languages, problem details for programs, no database for the worst one."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.template import loader
from django.test import Client, RequestFactory

from municipality.ui import errors, language
from municipality.ui.middleware import RefusalMiddleware

ARABIC = re.compile("[\u0621-\u064a]")


def visible(html: str) -> str:
    """The text a person reads, without what is marked as the other language."""
    html = re.sub(r"<(style|script)\b.*?</\1>", " ", html, flags=re.DOTALL)
    html = re.sub(r"<(bdi|a|button)\b[^>]*\b(lang|dir)=[^>]*>.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub("<[^>]*>", " ", html)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("refuse/", 409),
        ("forbid/", 403),
        ("nothing/", 404),
        ("slow/", 429),
        ("busy/", 503),
        ("break/", 500),
    ],
)
@pytest.mark.parametrize("code", ["ar", "en"])
def test_an_error_page_speaks_one_language_and_has_one_heading(client: Client, path: str, status: int, code: str) -> None:
    client.raise_request_exception = False
    answer = client.get(f"/{code}/{path}")
    html = answer.content.decode()
    assert answer.status_code == status
    assert f'<html lang="{code}" dir="{"rtl" if code == "ar" else "ltr"}">' in html
    assert html.count("<h1>") == 1
    if code == "en":
        assert not ARABIC.search(visible(html))
    else:
        assert not re.search("[A-Za-z]{2,}", visible(html))


@pytest.mark.parametrize(("path", "status"), [("refuse", 409), ("forbid", 403), ("missing", 404), ("break", 500)])
@pytest.mark.parametrize("code", ["ar", "en"])
def test_an_error_among_the_staff_pages_leads_to_their_first_page(client: Client, path: str, status: int, code: str) -> None:
    """Without the database, which this test may not use. Control: elsewhere the same error leads to the people's pages."""
    client.raise_request_exception = False
    client.cookies[language.STAFF_COOKIE] = code
    answer = client.get(f"/admin/{path}/")
    html = answer.content.decode()
    assert answer.status_code == status
    assert f'<html lang="{code}" dir="{"rtl" if code == "ar" else "ltr"}">' in html
    assert 'class="kp-bar"' in html and html.count('href="/admin/"') == 2 and html.count("<h1>") == 1
    assert 'href="/ar/' not in html and 'href="/en/' not in html
    assert not re.search("[A-Za-z]{2,}" if code == "ar" else ARABIC, visible(html))
    elsewhere = client.get(f"/{code}/{path}/").content.decode()
    assert f'href="/{code}/"' in elsewhere and 'href="/admin/"' not in re.sub("<footer.*?</footer>", "", elsewhere, flags=re.DOTALL)


def test_a_refusal_becomes_a_page_with_its_sentence(client: Client) -> None:
    assert "Renewal opens 60 days before the end." in client.get("/en/refuse/").content.decode()


def test_a_refusal_without_the_middleware_is_a_crash(client: Client, settings: Any) -> None:
    """Control: it is the middleware that turns the rule's no into a page."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.endswith("RefusalMiddleware")]
    client.raise_request_exception = False
    assert [client.get(f"/en/{path}/").status_code for path in ("refuse", "busy")] == [500, 500]


@pytest.mark.parametrize(
    ("path", "status"),
    [("refuse", 409), ("forbid", 403), ("nothing", 404), ("slow", 429), ("busy", 503), ("break", 500)],
)
def test_programs_get_problem_details(client: Client, path: str, status: int) -> None:
    client.raise_request_exception = False
    answer = client.get(f"/api/v1/{path}", headers={"accept-language": "en"})
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code == status
    assert answer.json()["title"] and answer.json()["detail"]
    if path == "refuse":
        assert answer.json()["code"] == "too_early"


def test_too_many_attempts_say_when_to_come_back(client: Client) -> None:
    answer = client.get("/en/slow/")
    assert answer.headers["Retry-After"] == "150"
    assert "within 3 minutes" in answer.content.decode()


def test_a_lock_that_is_not_released_in_time_says_when_to_try_again(client: Client) -> None:
    answer = client.get("/en/busy/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Somebody else is changing the same record" in answer.content.decode()


def test_errors_are_counted_for_the_operators_while_the_cache_is_there(client: Client, settings: Any) -> None:
    before = errors.errors_today()
    errors.server_error(RequestFactory().get("/en/"))
    assert errors.errors_today() == before + 1
    redis = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:9/0"}
    settings.CACHES = {**settings.CACHES, "default": redis}
    errors.server_error(RequestFactory().get("/en/"))
    assert errors.errors_today() == 0


def test_a_stale_form_says_that_nothing_was_sent() -> None:
    answer = Client(enforce_csrf_checks=True).post("/en/probe/", {"phone": "99887766"})
    assert answer.status_code == 403
    assert "Nothing was sent and nothing was paid." in answer.content.decode()


def test_the_worst_page_survives_broken_templates(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> str:
        raise OSError("the disk is gone")

    monkeypatch.setattr(loader, "render_to_string", broken)
    client.raise_request_exception = False
    answer = client.get("/en/break/")
    assert answer.status_code == 500
    assert "Please try again in a few minutes." in answer.content.decode()


@pytest.mark.parametrize(("code", "status"), [("55P03", 503), ("40P01", 503), ("57014", None)])
def test_a_lock_that_is_not_released_and_a_deadlock_are_tried_again(rf: RequestFactory, code: str, status: int | None) -> None:
    class Cause(Exception):
        pgcode = code

    error = OperationalError()
    error.__cause__ = Cause()
    answer = RefusalMiddleware(lambda request: HttpResponse()).process_exception(rf.get("/api/v1/nothing/"), error)
    assert (answer.status_code if answer is not None else None) == status
