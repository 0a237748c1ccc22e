"""Every address × everybody × every method, complete by construction: an address without a row fails."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.test import Client, RequestFactory, override_settings
from django.urls import get_resolver, path, resolve
from django.utils import translation

from municipality.accounts.access import access
from municipality.audit.models import AccessLogEntry
from municipality.cases.models import Case
from municipality.delegation import registry
from municipality.documents.models import Document
from municipality.notifications.models import Message
from payments.models import Receipt
from tests.architecture.access_matrix import CSRF_EXEMPT, METHODS, NO, ROLES, ROWS, Row, differences, unlisted
from tests.architecture.requests_undone import Drawn, read_once
from tests.architecture.routes import LANGUAGES, patterns
from tests.architecture.sample_data import Sample, built_sample, one_sample  # noqa: F401
from tests.purposes import opened

pytestmark = pytest.mark.django_db
UNSAFE = METHODS[2:]


def rows_by_route(sample: Sample) -> dict[str, list[Row]]:
    """Which route each row stands for, as the resolver sees it. Raises Resolver404 for a row whose route is gone."""
    found = defaultdict(list)
    for row in ROWS:
        for language in _languages(row):
            with translation.override(language):
                found[resolve(_path(row, sample, language).partition("?")[0]).route].append(row)
    return found


def _languages(row: Row) -> tuple[str, ...]:
    return LANGUAGES if "{lang}" in row.path else ("ar",)


def _path(row: Row, sample: Sample, language: str) -> str:
    return row.path.format(s=sample, lang=language)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """Pages are drawn once, and sessions read once, though every method asks for them."""
    return Drawn(monkeypatch)


def ask(sample: Sample, row: Row, role: str, language: str) -> tuple[dict[str, int], dict[str, str]]:
    """Statuses and places led to of each method; whatever a request did is undone."""
    statuses, places = {}, {}
    for method in METHODS:
        client = sample.client(role, raise_request_exception=False)
        data = {name: value.format(s=sample) for name, value in row.post.items()} if method == "POST" else None
        with transaction.atomic():
            response = getattr(client, method.lower())(_path(row, sample, language), data)
            if response.streaming:  # its file is closed when it has been read
                b"".join(response.streaming_content)
            transaction.set_rollback(True)
        statuses[method], places[method] = response.status_code, response.get("Location", "")
    return statuses, places


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_everybody_gets_what_the_row_says(row: Row, sample: Sample, drawn: Drawn) -> None:
    found: list[str] = []
    for language in _languages(row):
        drawn.next_address()
        for role in row.answers:
            drawn.next_role(role, language)
            statuses, places = ask(sample, row, role, language)
            found += differences(row, role, statuses)
            # An address with an earlier name of a shop leads to its present one, for everybody.
            if role == "nobody" and statuses["GET"] == 302 and "sign-in" not in row.path and "/shops/{s." not in row.path:
                assert re.match(rf"(/{language}|/staff)/sign-in/", places["GET"]), places
    assert not found, "\n".join(found)


def test_every_address_has_a_row_and_every_row_an_address(sample: Sample) -> None:
    by_route = rows_by_route(sample)
    assert unlisted(set(patterns()), by_route) == []
    nowhere = [row.path for row in by_route["admin/(?P<url>.*)$"]]
    assert nowhere == ["/admin/nothing-is-here/"], "these rows stand for no page of the admin any more"
    assert all(set(ROLES) <= set(row.answers) for row in ROWS)


def test_an_address_without_a_row_is_found(sample: Sample) -> None:
    assert unlisted({*patterns(), "ar/new-page/"}, rows_by_route(sample)) == ["ar/new-page/"]


def everything(model: Any) -> Callable[..., Any]:
    return lambda user, *_: model.objects.all()


# Each question that decides what a person sees: without it a stranger would get in.
FILTERS: dict[str, tuple[str, Callable[..., Any]]] = {
    "/{lang}/receipts/{s.owner.receipt.number}/": ("payments.queries.receipts_visible_to", everything(Receipt)),
    "/documents/{s.owner.licence.document.number}.pdf": ("municipality.documents.queries.visible_to", everything(Document)),
    "/{lang}/messages/{s.owner.message.public_id}/": ("municipality.notifications.queries.visible_to", everything(Message)),
}
# Pages of one row, about which `authorize` decides by whose it is.
OWNED = {
    "/{lang}/cases/{s.owner.waiting.public_id}/": "cases.Case",
    "/{lang}/cases/{s.owner.waiting.public_id}/withdraw/": "cases.Case",
    "/{lang}/health-licence/{s.owner.shop.public_id}/renew/": "shops.Shop",
    "/{lang}/pay/{s.owner.due.public_id}/": "payments.Bill",
}


@pytest.mark.parametrize("address", FILTERS)
def test_without_its_filter_a_page_opens_to_a_stranger_and_the_matrix_says_so(
    address: str, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = next(row for row in ROWS if row.path == address)
    assert not differences(row, "stranger", ask(sample, row, "stranger", "en")[0])
    question, answer = FILTERS[address]
    monkeypatch.setattr(question, answer)
    assert f"stranger GET {row}: 200, expected 404" in differences(row, "stranger", ask(sample, row, "stranger", "en")[0])


@pytest.mark.parametrize("address", OWNED)
def test_where_everybody_owned_a_row_its_page_would_open_to_a_stranger(
    address: str, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = next(row for row in ROWS if row.path == address)
    assert not differences(row, "stranger", ask(sample, row, "stranger", "en")[0])
    monkeypatch.setitem(registry.OWNERSHIPS, OWNED[address], lambda _row, user: registry.Ownership(is_own=True, owners=[], subjects=[]))
    assert f"stranger GET {row}: 200, expected 404" in differences(row, "stranger", ask(sample, row, "stranger", "en")[0])


def test_whoever_signed_for_an_organisation_until_yesterday_sees_its_shops_no_more(sample: Sample) -> None:
    shop = sample.organisation_shop
    client = sample.client("former")
    assert client.get(f"/en/health-licence/{shop.public_id}/renew/").status_code == 404
    assert shop.name_en not in client.get("/en/my-shops/").content.decode()
    sample.former.signs_for.update(last_day=None)
    assert client.get(f"/en/health-licence/{shop.public_id}/renew/").status_code == 200


def test_nobody_ends_a_session_that_is_not_theirs(sample: Sample) -> None:
    other = sample.other_session
    address = f"/en/profile/sessions/{other.pk}/end/"
    for role in ("stranger", "officer", "auditor", "nobody"):
        sample.client(role).post(address)
        assert Session.objects.filter(session_key=other.session_key).exists(), role
    sample.client("owner").post(address)
    assert not UserSession.objects.filter(pk=other.pk).exists()
    assert not Session.objects.filter(session_key=other.session_key).exists()


def test_staff_by_password_alone_reach_nothing_of_the_admin(sample: Sample) -> None:
    client = sample.client("halfway")
    for route in patterns():
        if route.startswith("admin/") and "<" not in route and "login" not in route:
            answer = client.get(f"/{route}", follow=True)
            assert answer.status_code == 403, route
            assert len(answer.redirect_chain) <= 2, route


def test_a_receipts_address_tells_anybody_else_no_more_than_how_it_stands(sample: Sample) -> None:
    page = f"/pay/r/{sample.owner.attempt.token}"
    told = sample.client("owner").get(page).content.decode()
    assert sample.owner.receipt.number in told
    for role in ("nobody", "stranger", "officer", "auditor"):
        text = sample.client(role).get(page).content.decode()
        for secret in (
            sample.owner.receipt.number,
            sample.owner.paid.reference,
            sample.owner.person.name_ar,
            sample.owner.issued.public_id,
        ):
            assert secret not in text, (role, secret)


@pytest.mark.parametrize("row", [row for row in ROWS if row.path.startswith("/admin/") and "owner" in row.path], ids=str)
def test_each_opening_of_a_persons_row_by_staff_is_written_down_once(row: Row, sample: Sample) -> None:
    looks = AccessLogEntry.objects.filter(person_key=sample.owner.person.key)
    before = looks.count()
    answer = opened(sample.client("auditor"), _path(row, sample, "ar"))
    shows_a_person = row.path.endswith("change/") and not any(name in row.path for name in ("rulebook", "gatewaymessage", "feedback"))
    assert looks.count() - before == (1 if answer.status_code == 200 and shows_a_person else 0)


# Marks, the middleware behind them, and tokens.


def test_every_view_carries_its_mark_and_public_ones_alone_need_no_sign_in() -> None:
    assert "django.contrib.auth.middleware.LoginRequiredMiddleware" in settings.MIDDLEWARE
    for route, pattern in patterns().items():
        mark = getattr(pattern.callback, "portal_access", "")
        assert mark in {"public", "person", "staff", "any", "on_behalf"}, route
        assert (mark == "public") == (getattr(pattern.callback, "login_required", True) is False), route
        if route.startswith("admin/"):
            assert mark == "staff" or route == "admin/login/", route


def unmarked(request: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


class Forgotten:
    """Addresses with a view that somebody forgot to mark."""

    urlpatterns = [path("forgotten/", unmarked), *get_resolver("municipality.urls").url_patterns]
    handler403 = "municipality.ui.errors.permission_denied"


def test_a_view_without_a_mark_is_closed_by_the_middleware_and_open_without_it(sample: Sample) -> None:
    without = [name for name in settings.MIDDLEWARE if "LoginRequired" not in name]
    with override_settings(ROOT_URLCONF=Forgotten):
        assert Client().get("/forgotten/")["Location"].endswith("/sign-in/?next=/forgotten/")
        with override_settings(MIDDLEWARE=without):
            assert Client().get("/forgotten/").content == b"in"


def test_without_the_second_factor_mark_staff_by_password_would_get_in(sample: Sample) -> None:
    request = RequestFactory().get("/")
    request.user = sample.auditor
    request.session = sample.client("halfway").session
    assert unmarked(request).content == b"in"
    with pytest.raises(PermissionDenied):
        access("staff")(unmarked)(request)


def without_token(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Tells the refusal of a missing token from any other, and is quicker than the page."""
    return HttpResponseForbidden(headers={"Reason": "token"})


def _token_answers(sample: Sample, address: str, role: str) -> dict[str, tuple[int, str]]:
    answers = {}
    for method in UNSAFE:
        client = sample.client(role, enforce_csrf_checks=True, raise_request_exception=False)
        with transaction.atomic():
            answer = getattr(client, method.lower())(address)
            transaction.set_rollback(True)
        answers[method] = answer.status_code, answer.get("Reason", "")
    return answers


@pytest.mark.slow
@override_settings(CSRF_FAILURE_VIEW=f"{__name__}.without_token")
def test_nothing_is_changed_without_a_token_but_by_the_bank_and_mobile_id(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    read_once(monkeypatch)
    exempt = {route for route, pattern in patterns().items() if getattr(pattern.callback, "csrf_exempt", False)}
    reading = {route for route in exempt - CSRF_EXEMPT if route.startswith(("api/", "open311/"))}
    assert exempt - reading == CSRF_EXEMPT
    for route, rows in rows_by_route(sample).items():
        if route in CSRF_EXEMPT:
            continue
        for role in ("nobody", "owner", "auditor"):
            refused = (405, "") if route in reading else (403, "token")
            answers = _token_answers(sample, _path(rows[0], sample, "ar"), role)
            assert set(answers.values()) == {refused}, (route, role, answers)


def test_with_the_token_the_same_form_is_taken(sample: Sample) -> None:
    client = sample.client("owner", enforce_csrf_checks=True)
    address = f"/en/cases/{sample.owner.waiting.public_id}/withdraw/"
    page = client.get(address).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    assert client.post(address).status_code == 403
    assert client.post(address, {"csrfmiddlewaretoken": token[1]}).status_code == 302
    assert Case.objects.get(pk=sample.owner.waiting.pk).state == "withdrawn"


def test_the_matrix_would_notice_a_wrong_status() -> None:
    row = Row("/x/", {"nobody": NO})
    assert not differences(row, "nobody", dict.fromkeys(METHODS, 403))
    assert differences(row, "nobody", {**dict.fromkeys(METHODS, 403), "POST": 500}) == ["nobody POST /x/: 500, expected 403"]
