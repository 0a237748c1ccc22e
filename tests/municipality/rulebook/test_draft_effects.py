"""What a draft says of open requests: how many it touches, or leaves as they are."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse

from licensing.health.services import submit_renewal, withdraw_renewal
from municipality.cases import queries
from municipality.cases.models import Case
from municipality.cases.roles import ensure_roles
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.review.models import Clock
from municipality.review.services import case_clock
from municipality.rulebook import calendars, services
from municipality.rulebook.models import RuleSet
from tests.browsers import signed_in
from tests.conftest import NOON
from tests.factories.accounts import StaffFactory
from tests.factories.licensing import RenewalCaseFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> tuple[Any, Any]:
    ensure_roles()
    return StaffFactory(groups=["rule_maker"], login="draft-maker"), StaffFactory(groups=["rule_publisher"], login="draft-publisher")


def draft_of(subject: str, maker: Any) -> RuleSet:
    newest = RuleSet.objects.filter(subject=subject, published_at__isnull=False).order_by("-version")[0]
    return services.copy_as_draft(ruleset=newest, maker=maker, actor=by(maker, "rule_maker"))


def by(user: Any, role: str) -> Actor:
    return Actor(role, user.key)


def shown(draft: RuleSet, publisher: Any) -> dict[str, int]:
    """The effects on the page of the draft; the page that publishes it has the same."""
    client = signed_in(publisher)
    pages = [client.get(reverse(f"admin:rulebook_ruleset_{name}", args=[draft.pk])) for name in ("change", "publish")]
    found = [{str(effect.label): effect.count for effect in page.context["effects"]} for page in pages]
    assert found[0] == found[1]
    for page in pages:
        assert all(label in page.content.decode() for label in found[0])
    return found[0]


def test_open_requests_keep_the_edition_they_began_with_and_are_counted(make_licensed_shop: Any, owner: Any, staff: Any) -> None:
    maker, publisher = staff
    opened = [RenewalCaseFactory(shop=make_licensed_shop(), applicant=owner, changed=["area_m2"]) for _ in range(2)]
    withdraw_renewal(case=submit_renewal(shop=make_licensed_shop(), applicant=owner), person=owner)
    draft = draft_of("fees.health", maker)
    before = [(case.editions, case.snapshot_hash) for case in opened]
    count = sum(any(stamp.startswith("fees.health v") for stamp in case.editions) for case in Case.objects.filter(is_open=True))
    (said,) = shown(draft, publisher).values()
    assert said == count == queries.open_under("fees.health") == 2
    assert queries.open_under("fees.heal") == 0, "a subject is compared as a whole"
    services.publish(ruleset=draft, publisher=publisher, actor=by(publisher, "rule_publisher"))
    assert [(case.editions, case.snapshot_hash) for case in Case.objects.filter(pk__in=[c.pk for c in opened]).order_by("pk")] == before
    assert not signed_in(publisher).get(reverse("admin:rulebook_ruleset_change", args=[draft.pk])).context["effects"]


def test_a_calendar_counts_the_promises_that_it_computes_anew(make_licensed_shop: Any, owner: Any, staff: Any) -> None:
    maker, publisher = staff
    for _ in range(2):
        RenewalCaseFactory(shop=make_licensed_shop(), applicant=owner, changed=["area_m2"])
    draft = draft_of(calendars.SUBJECT, maker)
    (said,) = shown(draft, publisher).values()
    running = Clock.objects.filter(stopped_at__isnull=True)
    assert said == running.count() == 2
    with clock.at(NOON + dt.timedelta(minutes=1)):
        services.publish(ruleset=draft, publisher=publisher, actor=by(publisher, "rule_publisher"))
    case_clock.recompute_all()
    assert running.filter(calendar=str(draft)).count() == said, "the real count"
