"""The runner reports what it is there for: each kind of harm, planted, is found; and what is right is let through."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import get_resolver, path

from municipality.accounts.access import access, public
from municipality.accounts.models import User
from tests.factories.accounts import NOURA, SALIM, PersonFactory
from tools.attack import corpus, files, inside, reading, routes
from tools.attack.findings import Facts, Identity, Report
from tools.attack.run import SMALL, Attack
from tools.attack.wire import Answer, Ask, InProcess

SECRET = "0123456789ABCDEFGHJKMNPQRS"
READER = Identity("person-1", "person", 1, False, "Qxaaaaaaaaaa" + "Zk")
OTHER = Identity("person-2", "person", 2, False, "Qxbbbbbbbbbb" + "Zk")
OFFICER = Identity("officer-3", "officer", 3, True, "Qxcccccccccc" + "Zk")
PEOPLE = {person.name: person for person in (READER, OTHER, OFFICER)}
FACTS = Facts({SECRET: [2]}, {}, frozenset(), {READER.mark: 1, OTHER.mark: 2})
PAGE = (("Content-Type", "text/html"),)


def judged(
    answer: Answer, who: str = "person-1", *, method: str = "GET", holders: list[int] | None = None, facts: Facts = FACTS, **more: Any
) -> list[str]:
    report = Report(facts, PEOPLE, **more)
    report.take(Ask("tries", method, "/en/", who), answer, holders=holders)
    return [finding.what for finding in report.findings]


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (Answer(500, PAGE, b"", 0.1), "error of ours"),
        (Answer(503, PAGE, b"", 0.1), "error of ours"),
        (Answer(200, PAGE, b"", 5.1), "slow"),
        (Answer(404, PAGE, b"Traceback (most recent call last):", 0.1), "traceback"),
        (Answer(200, PAGE, OTHER.mark.encode(), 0.1), "another's name"),
        (
            Answer(200, (*PAGE, ("Cache-Control", "public, max-age=60"), ("Set-Cookie", "a=b")), b"", 0.1),
            "cookie on an answer that caches keep",
        ),
    ],
)
def test_each_harm_is_a_finding(answer: Answer, what: str) -> None:
    assert judged(answer) == [what]


def test_another_persons_object_is_a_finding_and_ones_own_is_not() -> None:
    right = Answer(200, PAGE, b"", 0.1)
    assert judged(right, holders=[2]) == ["another's object"]
    assert judged(right, "nobody", holders=[2]) == ["another's object"]
    assert judged(right, "person-2", holders=[2]) == []
    assert judged(Answer(302, (("Location", "/en/cases/x/"),), b"", 0.1), method="POST", holders=[2]) == ["another's object"]
    assert judged(Answer(302, (("Location", "/en/sign-in/again/"),), b"", 0.1), method="POST", holders=[2]) == []
    assert judged(right, "officer-3", holders=[2]) == []
    assert judged(Answer(404, PAGE, b"", 0.1), holders=[2]) == []
    assert judged(right, holders=[2], facts=Facts(kin=frozenset([frozenset((1, 2))]))) == []


def test_what_is_right_is_let_through() -> None:
    assert judged(Answer(200, PAGE, READER.mark.encode(), 0.1)) == []
    assert judged(Answer(200, PAGE, OTHER.mark.encode(), 0.1), "officer-3") == []
    assert judged(Answer(200, (*PAGE, ("Set-Cookie", "a=b")), b"", 0.1)) == []
    assert judged(Answer(0, (), b"", 0.1)) == []


def test_staff_without_that_task_are_shown_no_person() -> None:
    shown = Answer(200, PAGE, OTHER.mark.encode(), 0.1)
    assert judged(shown, "officer-3", never=frozenset({"officer"})) == ["a person shown to staff without that task"]


def test_a_finding_is_kept_so_that_it_can_be_sent_again(tmp_path: Path) -> None:
    report = Report(FACTS, PEOPLE, tmp_path)
    report.take(Ask("forms", "POST", "/en/x/", "person-1", b"a=%00", note="nul"), Answer(500, PAGE, b"", 0.1))
    kept = json.loads((tmp_path / "0001.json").read_text())
    assert (kept["method"], kept["path"], kept["who"], kept["status"]) == ("POST", "/en/x/", "person-1", 500)
    assert (tmp_path / kept["body"]).read_bytes() == b"a=%00"
    assert "POST '/en/x/' as person-1 (nul): 500" in report.told()
    assert "| forms | 1 | 0 | 0 | 0 | 1 | 0 | 1 |" in report.table()


# Planted in the portal itself.


@public
def broken(request: HttpRequest) -> HttpResponse:
    """Believes that a page has a number."""
    int(request.GET.get("page", "1"))
    return HttpResponse("<!doctype html><a href='/planted-object/'>on</a>")


@access("any")
def gossip(request: HttpRequest) -> HttpResponse:
    """Shows everybody to everybody."""
    return HttpResponse("<br>".join(User.objects.values_list("name_en", flat=True)))


@access("person")
def unlocked(request: HttpRequest, public_id: str) -> HttpResponse:
    """Opens an object for whoever names it."""
    return HttpResponse("yours?")


class Planted:
    urlpatterns = [
        path("planted-error/", broken),
        path("planted-names/", gossip),
        path("planted-object/<slug:public_id>/", unlocked),
        *get_resolver("municipality.urls").url_patterns,
    ]
    handler400 = "municipality.ui.errors.bad_request"
    handler403 = "municipality.ui.errors.permission_denied"
    handler404 = "municipality.ui.errors.not_found"
    handler500 = "municipality.ui.errors.server_error"


@pytest.fixture
def planted(transactional_db: None) -> Iterator[Attack]:
    users = [PersonFactory(civil_id=SALIM), PersonFactory(civil_id=NOURA, name_en="Noura Al-Rashidi")]
    inside.plant(users)
    told = [Identity(**one) for one in inside.identities(User.objects.filter(pk__in=[user.pk for user in users]))]
    facts = Facts({SECRET: [users[0].pk]}, {}, frozenset(), {person.mark: person.pk for person in told})
    report = Report(facts, {person.name: person for person in told})
    cache.clear()
    routes.of.cache_clear()
    with override_settings(ROOT_URLCONF=Planted):
        yield Attack(InProcess(), told, open_session=inside.session, ask_facts=lambda: facts, report=report, size=SMALL)
    routes.of.cache_clear()


def test_a_planted_error_and_planted_foreign_objects_are_found(planted: Attack) -> None:
    only = [route for route in planted.routes if route.startswith("planted")]
    planted.routes = {route: planted.routes[route] for route in only}
    planted.run("crawl", "cross", "queries")
    found = {(finding.what, finding.ask.path.split("/")[1]) for finding in planted.report.findings}
    assert {("another's name", "planted-names"), ("another's object", "planted-object")} <= found
    assert ("error of ours", "planted-error") in {(what, address.partition("?")[0]) for what, address in found}


# The parts.


def test_the_same_seed_gives_the_same_corpus() -> None:
    import random

    def made() -> list[Any]:
        chance = random.Random(1)
        mutated = list(corpus.mutated("en/cases/<slug:public_id>/", "/en/cases/abc/", chance, 20))
        return [mutated, list(corpus.queries("/en/", corpus.PARAMETERS, chance, 50))]

    assert made() == made()
    assert all(address.startswith("/en/cases/") for address, _ in made()[0])


def test_forms_and_links_of_a_page_are_read() -> None:
    page = """<a href="/en/a/?b=1">a</a><a href="https://other.example/">out</a><a href="c/">c</a>
    <form method="post" enctype="multipart/form-data"><input type="hidden" name="csrfmiddlewaretoken" value="x">
    <input name="q" value="1"><input type="file" name="f"><select name="s"><option value="">-<option value="2"></select>
    <textarea name="t">words</textarea><button name="go" value="on"></button></form>"""
    links, forms = reading.read(page, "/en/b/")
    assert links == ["/en/a/?b=1", "/en/b/c/"]
    assert forms[0].action == "/en/b/" and forms[0].files == ["f"]
    assert forms[0].fields == [("q", "1"), ("s", "2"), ("t", "words"), ("go", "on")]


def test_the_hostile_files_are_many() -> None:
    assert len(files.pictures()) > 100
    assert len(files.sheets()) > 40
    assert files.takes_sheets("/admin/register/sheets/") and not files.takes_sheets("/en/uploads/draft:1/lease/")
