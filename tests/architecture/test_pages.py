"""Every page of the portal, in every state and both languages, keeps to the rules of all pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from _pytest.outcomes import Failed
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from municipality.accounts import middleware
from municipality.cases.services import compute_figures
from municipality.ui.errors import _BARE
from tests import serving
from tests.architecture import page_watch, pages
from tests.architecture.access_matrix import NEWER_ADMIN
from tests.architecture.page_responses import Opened, PageResponses, all_responses, sample_of_the_responses  # noqa: F401
from tests.architecture.sample_data import Sample, shop_of

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1200)]  # the first test opens every page
MOST_QUERIES = 12
MOST_QUERIES_OF_A_SUBMISSION = 40  # case, bill, record, message with two deliveries and three jobs commit together


def collect(opened: list[Opened], problems: Callable[[Opened], Iterator[str]]) -> list[str]:
    found: dict[str, list[str]] = defaultdict(list)
    for page in opened:
        for problem in problems(page):
            found[problem].append(str(page))
    return [f"{problem}  on {len(places)} pages, first {places[0]}" for problem, places in sorted(found.items())]


def test_every_visit_is_answered_with_the_status_it_should(responses: PageResponses) -> None:
    wrong = [
        f"{p}: {p.response.status_code}, expected {p.visit.status}" for p in responses.opened if p.response.status_code != p.visit.status
    ]
    assert wrong == []


def test_every_page_is_sound(responses: PageResponses) -> None:
    def problems(page: Opened) -> Iterator[str]:
        if pages.is_page(page.response):
            for problem in pages.page_problems(page.text):
                own_phone = page.visit.demo and "leads to a foreign host" in problem and "/phone/" in problem  # the demo's own phone
                # Django 6.1's date field names a warning that only a script would write.
                if not own_phone and not (NEWER_ADMIN and "timezone_warning_helptext" in problem):
                    yield problem

    assert collect(responses.opened, problems) == []


def test_every_answer_has_its_headers(responses: PageResponses) -> None:
    assert collect(responses.opened, lambda page: pages.header_problems(page.response)) == []


@pytest.mark.parametrize(
    "path",
    ["/static/css/portal.css", "/healthz", "/readyz", "/api/v1/services/", "/api/v1/nothing", "/pay/knet/response", "/documents/x.pdf"],
)
def test_what_is_no_page_has_its_headers_too(path: str, sample: Sample) -> None:
    assert list(pages.header_problems(sample.client("owner").get(path))) == []


def test_files_have_their_headers_and_are_kept_by_nobody(sample: Sample) -> None:
    answer = sample.client("owner").get(f"/documents/{sample.owner.licence.document.number}.pdf")
    assert list(pages.header_problems(answer)) == []
    assert "no-store" in answer["Cache-Control"] and answer["Content-Type"] == "application/pdf"


SECRET = ("/pay/r/", "/verify/", "/follows/stop/")  # whoever has the address reads the page


def is_personal(page: Opened) -> bool:
    """Answers to somebody who is signed in, to a form, and at an address that is a secret; one that is none opens nothing."""
    is_secret = page.visit.path.startswith(SECRET) and page.response.status_code != 404
    return page.visit.who != "nobody" or page.visit.post is not None or is_secret


def test_what_is_of_one_person_is_kept_by_no_cache_and_no_browser(responses: PageResponses) -> None:
    personal = [page for page in responses.opened if is_personal(page)]
    assert {200, 403, 404, 409, 500} <= {page.response.status_code for page in personal}
    assert [str(page) for page in personal if pages.may_be_kept(page.response.headers)] == []


def test_what_is_the_same_for_everybody_may_be_kept(responses: PageResponses) -> None:
    for path in ("/en/", "/en/shops/", "/en/open-data/"):
        assert "no-store" not in responses.sample.client("nobody").get(path).get("Cache-Control", ""), path
    feed = f"/en/shops/{responses.sample.register.with_events.public_id}/changes.atom"
    for who in ("nobody", "owner"):
        assert responses.sample.client(who).get(feed)["Cache-Control"] == "public, max-age=60"


def test_without_the_middleware_a_page_of_a_person_may_be_kept(responses: PageResponses, monkeypatch: pytest.MonkeyPatch) -> None:
    """The red control."""
    monkeypatch.setattr(middleware, "add_never_cache_headers", lambda response: None)
    assert pages.may_be_kept(responses.sample.client("owner").get("/en/my-requests/").headers)


STAFF = {"officer", "auditor", "supervisor", "operator", "maker", "publisher", "counter", "inspector", "clerk", "authority", "court"}
STAFF |= {"registrar", "keeper", "plotter", "planner"}


def contacts_shown(opened: list[Opened], person: Any) -> list[str]:
    """The pages of staff on which a person's e-mail or phone stands, in any of its forms."""
    forms = (person.email, person.phone, person.phone.removeprefix("+"), person.phone[-8:])
    return [str(page) for page in opened if page.visit.who in STAFF and any(form in page.text for form in forms)]


def test_what_is_marked_contact_reaches_no_page_of_staff(responses: PageResponses) -> None:
    owner = responses.sample.owner.person
    pages_of_staff = [page for page in responses.opened if page.visit.who in STAFF]
    assert len(pages_of_staff) > 80 and any("/accounts/user/" in page.visit.path for page in pages_of_staff)
    assert contacts_shown(pages_of_staff, owner) == []


def test_a_contact_on_a_page_of_staff_is_found(responses: PageResponses, monkeypatch: pytest.MonkeyPatch) -> None:
    """The red control: the admin's page of a person with the address as a field."""
    from django.contrib import admin

    from municipality.accounts.models import User
    from tests.architecture.page_responses import Visit, open_page

    options: Any = admin.site._registry[User]
    monkeypatch.setattr(options, "fields", (*options.fields, "email"))
    visit = Visit("/admin/accounts/user/{s.owner.person.pk}/change/", "auditor")
    assert contacts_shown([open_page(responses.sample, {}, visit, "ar")], responses.sample.owner.person)


# Queries.

FEW = {
    "/{lang}/": "nobody",
    "/{lang}/health-licence/": "nobody",
    "/{lang}/my-shops/": "owner",
    "/{lang}/my-requests/": "owner",
    "/{lang}/cases/{s.owner.waiting.public_id}/": "owner",
    "/{lang}/cases/{s.owner.issued.public_id}/": "owner",
    "/{lang}/messages/": "owner",
    "/verify/{s.owner.licence.document.code}": "nobody",
    "/{lang}/health-licence/{s.owner.shop.public_id}/renew/": "owner",
    "/{lang}/health-licence/{s.owner.shop.public_id}/": "owner",
    "/{lang}/health-licence/{s.owner.shop.public_id}/duplicate/": "owner",
    "/{lang}/health-licence/{s.owner.shop.public_id}/cancel/": "owner",
    "/{lang}/pay/{s.owner.due.public_id}/": "owner",
    "/pay/r/{s.owner.attempt.token}": "owner",
}


def counted(sample: Sample, who: str, path: str, data: dict[str, str] | None = None) -> int:
    """How many queries a page asks, its second time (the first may fill what is kept in memory)."""
    client = sample.client(who)
    address = path.format(s=sample, lang="en")
    if data is None:
        client.get(address)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address) if data is None else client.post(address, data)
    assert answer.status_code in (200, 302), (path, answer.status_code)
    return len([q for q in queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE", "ROLLBACK"))])


@pytest.fixture
def warm(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has served before."""
    serving.warm(monkeypatch)


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize("path", FEW)
def test_a_page_asks_the_database_at_most_twelve_times(path: str, sample: Sample) -> None:
    compute_figures()
    assert counted(sample, FEW[path], path) <= MOST_QUERIES


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize("path", ["/{lang}/my-shops/", "/{lang}/my-requests/", "/{lang}/messages/"])
def test_a_list_asks_as_often_for_many_rows_as_for_one(path: str, sample: Sample) -> None:
    from licensing.health.services import submit_renewal

    person = sample.newcomer
    first = shop_of(person, 500)
    submit_renewal(shop=first, applicant=person)
    few = counted(sample, "newcomer", path)
    for number in range(501, 560):
        shop = shop_of(person, number)
        if number % 2:
            submit_renewal(shop=shop, applicant=person)
    assert counted(sample, "newcomer", path) == few
    assert few <= MOST_QUERIES


@pytest.mark.usefixtures("warm")
def test_the_renewal_is_submitted_with_a_known_number_of_queries(sample: Sample) -> None:
    path = "/{lang}/health-licence/{s.owner.shop.public_id}/renew/"
    asked = counted(sample, "owner", path, {"declared": "on", "total": str(sample.fee)})
    assert asked <= MOST_QUERIES_OF_A_SUBMISSION


# The controls of the gate itself.

SOUND = """<!doctype html><html lang="en" dir="ltr">
<head><meta name="viewport" content="width=device-width"><title>My shops — Portal</title></head>
<body><main><h1>My shops</h1><h2>One</h2>
<label for="a">Code</label><input id="a" aria-describedby="b"><p id="b">Twelve digits</p></main></body></html>"""


def test_a_sound_page_is_let_through() -> None:
    assert list(pages.page_problems(SOUND)) == []


@pytest.mark.parametrize(
    ("was", "harm"),
    [
        ('lang="en"', 'lang="ar"'),
        (' dir="ltr"', ""),
        ("<title>My shops — Portal</title>", ""),
        ("<title>My shops — Portal</title>", "<title> — Portal</title>"),
        ("<h1>My shops</h1>", ""),
        ("<h1>My shops</h1>", "<h1>My shops</h1><h1>Again</h1>"),
        ("<h2>One</h2>", "<h3>One</h3>"),
        ("<h2>One</h2>", "<h2> </h2>"),
        ('<label for="a">Code</label>', ""),
        ('<label for="a">Code</label>', '<label for="c">Code</label><input aria-label="x">'),
        ('id="b"', 'id="c"'),
        ('<p id="b">', '<p id="b"></p><p id="b">'),
        ("<p ", '<p style="color:red" '),
        ("<p ", '<p onclick="x()" '),
        ("</main>", "<script>x()</script></main>"),
        ("</main>", "<style>p{}</style></main>"),
        ("</main>", '<script src="https://cdn.example/x.js"></script></main>'),
        ("</main>", '<a href="https://other.example/">out</a></main>'),
        ("</main>", '<a href="javascript:x()">out</a></main>'),
        ("</main>", '<a href="/x/"></a></main>'),
        ("</main>", '<a href="#nowhere">x</a></main>'),
        ("</main>", "<img src='/x.png'></main>"),
        ("</main>", "<table><tr><td>1</td></tr></table></main>"),
        ("<main>", "<main></main><main>"),
        ('<meta name="viewport" content="width=device-width">', ""),
    ],
)
def test_each_harm_to_a_page_is_found(was: str, harm: str) -> None:
    assert was in SOUND
    assert list(pages.page_problems(SOUND.replace(was, harm, 1)))


@pytest.mark.parametrize("name", [*pages.HEADERS, "Content-Security-Policy"])
def test_a_missing_header_is_found(name: str, sample: Sample) -> None:
    answer: Any = sample.client("nobody").get("/en/")
    assert list(pages.header_problems(answer)) == []
    del answer[name]
    assert list(pages.header_problems(answer))


def test_a_policy_that_lets_inline_scripts_in_is_found(sample: Sample) -> None:
    answer: Any = sample.client("nobody").get("/en/")
    answer["Content-Security-Policy"] += "; script-src-attr 'unsafe-inline'"
    assert list(pages.header_problems(answer))


# The watch over every test.


def test_an_unsound_page_fails_whatever_test_opens_it(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    page_watch.watch(monkeypatch)
    client = sample.client("nobody")
    assert client.get("/en/privacy/").status_code == 200
    broken = HttpResponse("<!doctype html><html><body><h1>Privacy</h1></body></html>")
    monkeypatch.setattr("municipality.cases.views.public.render", lambda *_: broken)
    with pytest.raises(Failed, match="is not sound"):
        client.get("/en/privacy/")


def test_the_watch_lets_the_page_of_last_resort_and_files_through(sample: Sample) -> None:
    assert page_watch.problems_of(HttpResponse(_BARE)) == []
    assert page_watch.problems_of(HttpResponse(b"%PDF-1.7", content_type="application/pdf")) == []
    assert page_watch.problems_of(HttpResponse("<!doctype html><html><body></body></html>"))
