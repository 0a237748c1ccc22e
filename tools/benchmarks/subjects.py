"""Whose pages are measured: chosen from the demo's data, over the database of the running portal (Django is set up here)."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from tools.benchmarks.client import Ask
from tools.stack.running import Servers, Stack, Template

SALON = "%D8%B5%D8%A7%D9%84%D9%88%D9%86"  # a word that six of a hundred shops have
TOKEN = "b" * 32  # the same in cookie and form, as the browser sends it
_visitors = count(1)


def set_up(environment: Mapping[str, str]) -> None:
    """Make this process speak to the portal's database with the portal's settings."""
    import django

    os.environ.update(environment)
    django.setup()


@contextlib.contextmanager
def small_demo(servers: Servers) -> Iterator[Path]:
    """Load the small demo and make this process speak to its database while the block runs. Gives an empty folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        template = Template(servers, Path(folder))
        try:
            template.make("--small")
            set_up(Stack(servers.with_database(template.database), template.folder).environment)
            files = Path(folder) / "files"
            files.mkdir()
            yield files
        finally:
            template.drop()


@dataclass
class Page:
    """One measured page: the requests of its visitors, one after another."""

    name: str  # as in the table
    key: str  # of its floor
    asks: Iterator[Ask]
    most: float = 0.0  # times the calibration page's processor time; 0 without a bound
    most_queries: int = 12
    status: int = 200
    language: str = "/ar"  # of the address: empty outside /ar/ and /en/

    def ask(self, **headers: str) -> Ask:
        """The next visit."""
        ask = next(self.asks)
        return Ask(ask.path, {**ask.headers, **headers}, ask.form)

    def floor(self, like: Ask) -> Ask:
        """The floor, asked by the same visitor."""
        return Ask(f"{self.language}/floor/{self.key}", like.headers, like.form)


def _visitor() -> str:
    n = next(_visitors)
    return f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"


def _headers(session: str = "", *, forms: bool = False) -> dict[str, str]:
    cookies = ["django_language=ar"]
    cookies += [f"sessionid={session}"] if session else []
    cookies += [f"csrftoken={TOKEN}"] if forms else []
    return {"Cookie": "; ".join(cookies), "X-Forwarded-For": _visitor(), "Accept-Language": "ar"}


def _session(user: Any) -> str:
    from tests.browsers import signed_in

    return signed_in(user).cookies["sessionid"].value


def visit(path: str) -> Ask:
    """One visit of somebody who is not signed in."""
    return Ask(path, _headers())


def _always(path: str, session: str = "") -> Iterator[Ask]:
    while True:
        yield Ask(path, _headers(session))


CALIBRATION = Page("Calibration page", "calibration", _always("/ar/calibration/"))


def pages() -> list[Page]:
    """The pages of visitors and applicants that read."""
    from django.urls import reverse
    from django.utils import translation

    from municipality.cases.models import Case
    from municipality.documents.models import Document

    owner = owner_of_many()
    session = _session(owner)
    case = Case.objects.filter(applicant=owner, state="issued").order_by("-pk")[0]
    document = Document.objects.filter(kind="health_licence", state="active").order_by("-pk")[0]
    with translation.override("ar"):
        search = reverse("shops:search")
        return [
            Page("Home", "home", _always(reverse("home"))),
            Page("Service page", "service", _always(reverse("licensing:start"))),
            Page("My shops", "shops", _always(reverse("shops:mine"), session), most=8),
            Page("Case page", "case", _always(reverse("cases:case", args=[case.public_id]), session), most=5),
            Page("Check page", "verify", _always(reverse("verify", args=[document.code])), most=2, language=""),
            Page("Search form", "find", _always(search)),
            Page("Search page, 20 shops", "search", _always(f"{search}?q={SALON}"), most=5),
            Page("Search, API", "api", _always(f"/api/v1/shops/?q={SALON}"), language=""),
        ]


def desk_pages() -> list[Page]:
    """The first page of the officer who holds the most cases, and their newest case."""
    from django.db.models import Count
    from django.urls import reverse

    from municipality.accounts.models import User
    from municipality.review.models import Assignment

    held = Assignment.objects.filter(ended_at__isnull=True)
    busiest = held.values("officer").annotate(many=Count("pk")).order_by("-many", "officer")[0]["officer"]
    case = held.filter(officer=busiest).order_by("-on_desk", "-pk").select_related("place__case")[0].place.case
    session = _session(User.objects.get(pk=busiest))
    opened = _always(reverse("admin:desk_case", args=[case.public_id]), session)
    return [
        Page("Officer's first page", "desk", _always("/admin/", session), most=8, language=""),
        Page("Officer's case", "desk-case", opened, most=10, most_queries=15, language=""),
    ]


def owner_of_many() -> Any:
    """The demo's person who owns the most shops and has an issued case."""
    from django.db.models import Count

    from municipality.accounts.models import User
    from municipality.cases.models import Case

    issued = Case.objects.filter(state="issued").values("applicant")
    return User.objects.filter(pk__in=issued).annotate(owned=Count("shops")).order_by("-owned", "pk")[0]


def renewals(shops: int) -> Page:
    """The POST that submits a renewal, each time for another one of `shops` shops with nothing against it.

    They are given to one made-up person. Raises LookupError where the register has too few.
    """
    from licensing.health import queries
    from tests.factories.accounts import PersonFactory

    user = PersonFactory(civil_id="299010199990")
    session = _session(user)
    ready = _give(user, shops)
    total = queries.offer(ready[0]).total

    def asks() -> Iterator[Ask]:
        for shop in ready:
            form = {"csrfmiddlewaretoken": TOKEN, "changed": "no", "declared": "on", "total": str(total)}
            yield Ask(f"/ar/health-licence/{shop.public_id}/renew/", _headers(session, forms=True), form)

    return Page("Renewal, POST", "renewal", asks(), most=10, most_queries=40, status=302)


def _give(user: Any, wanted: int) -> list[Any]:
    from licensing.health import queries
    from licensing.models import HealthLicence
    from municipality.kernel import clock
    from shops.models import Shop

    today = clock.today()
    soon = HealthLicence.objects.filter(
        is_current=True,
        last_day__range=(today, today + dt.timedelta(days=55)),
        document__state="carried_over",
        shop__organisation__isnull=False,
        shop__commercial_license_end__gte=today,
    )
    found = []
    for licence in soon.select_related("shop__activity", "shop__area", "shop__branch").order_by("-pk").iterator():
        if queries.offer(licence.shop).may_renew:
            found.append(licence.shop)
        if len(found) == wanted:
            break
    if len(found) < wanted:
        raise LookupError(f"{len(found)} shops can be renewed now, {wanted} are needed: add shops with --shops")
    Shop.objects.filter(pk__in=[shop.pk for shop in found]).update(owner=user, organisation=None)
    return found
