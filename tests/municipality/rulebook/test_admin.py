"""Drafting and publishing through the staff's pages."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.cases.roles import ensure_roles
from municipality.rulebook.models import FeeRule, RuleSet
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db
ADD = "admin:rulebook_ruleset_add"
CHANGE = "admin:rulebook_ruleset_change"
PUBLISH = "admin:rulebook_ruleset_publish"


@pytest.fixture
def maker() -> User:
    ensure_roles()
    return StaffFactory(groups=["rule_maker"], login="maker")


@pytest.fixture
def checker() -> User:
    ensure_roles()
    return StaffFactory(groups=["rule_publisher"], login="checker")


def form(fils: int = 10_000, fee: FeeRule | None = None, first_day: str = "2027-01-01", **more: Any) -> dict[str, Any]:
    """What a browser posts for a draft with one fee."""
    counts = {
        f"{prefix}-{name}": value
        for prefix, total, initial in (
            ("fees", 1, 1 if fee else 0),
            *((rows, 0, 0) for rows in ("limits", "conditions", "reasons", "checks")),
        )
        for name, value in (("TOTAL_FORMS", total), ("INITIAL_FORMS", initial), ("MIN_NUM_FORMS", 0), ("MAX_NUM_FORMS", 1000))
    }
    row = {
        "id": fee.pk if fee else "",
        "ruleset": fee.ruleset_id if fee else "",
        "code": "base",
        "label_ar": "رسم",
        "label_en": "Fee",
        "article_ar": "م 1",
        "article_en": "Art. 1",
        "fils": fils,
        "unit": "year",
        "revenue_account": "1",
    }
    return {
        "subject": "fees.testing",
        "instrument_ar": "قرار",
        "instrument_en": "Resolution",
        "first_day": first_day,
        **counts,
        **{f"fees-0-{name}": value for name, value in row.items()},
        **more,
    }


def drafted(maker: User) -> RuleSet:
    answer = signed_in(maker).post(reverse(ADD), form())
    assert answer.status_code == 302, answer.context["errors"]
    return RuleSet.objects.get()


def test_a_maker_drafts_an_edition_in_their_own_name(maker: User) -> None:
    ruleset = drafted(maker)
    assert (ruleset.version, ruleset.made_by, ruleset.published_at) == (1, maker, None)
    assert ruleset.fees.get().fils == 10_000
    assert AuditEvent.objects.get(action="rulebook.drafted").actor_key == maker.key


def test_a_maker_corrects_their_draft_but_not_who_made_it(maker: User, checker: User) -> None:
    ruleset = drafted(maker)
    changes = form(12_000, ruleset.fees.get(), made_by=checker.pk, published_by=checker.pk, version=99)
    assert signed_in(maker).post(reverse(CHANGE, args=[ruleset.pk]), changes).status_code == 302
    ruleset.refresh_from_db()
    assert (ruleset.fees.get().fils, ruleset.made_by, ruleset.published_by, ruleset.version) == (12_000, maker, None, 1)


def post_change(user: User, ruleset: RuleSet) -> int:
    return int(signed_in(user).post(reverse(CHANGE, args=[ruleset.pk]), form(1, ruleset.fees.get())).status_code)


def test_nobody_else_writes_in_a_draft(maker: User, checker: User) -> None:
    ruleset = drafted(maker)
    others = [
        checker,
        StaffFactory(groups=["rule_maker"], login="other"),
        StaffFactory(groups=["auditor"]),
        StaffFactory(login="root", is_superuser=True),
    ]
    for user in others:
        assert post_change(user, ruleset) == 403
    assert ruleset.fees.get().fils == 10_000
    for user in (checker, others[2], others[3]):
        assert signed_in(user).post(reverse(ADD), form()).status_code == 403


def publish(client: Client, ruleset: RuleSet, method: str = "post") -> Any:
    return getattr(client, method)(reverse(PUBLISH, args=[ruleset.pk]), follow=True)


def test_a_second_person_sees_the_rows_once_more_and_publishes(maker: User, checker: User) -> None:
    ruleset, client = drafted(maker), signed_in(checker)
    page = client.get(reverse(CHANGE, args=[ruleset.pk])).content.decode()
    assert reverse(PUBLISH, args=[ruleset.pk]) in page
    asked = publish(client, ruleset, "get").content.decode()
    assert "10.000" in asked
    ruleset.refresh_from_db()
    assert ruleset.published_at is None
    assert publish(client, ruleset).status_code == 200
    ruleset.refresh_from_db()
    assert ruleset.published_by == checker
    assert reverse(PUBLISH, args=[ruleset.pk]) not in client.get(reverse(CHANGE, args=[ruleset.pk])).content.decode()


def test_a_published_edition_is_read_only_for_its_maker(maker: User, checker: User) -> None:
    ruleset = drafted(maker)
    publish(signed_in(checker), ruleset)
    assert post_change(maker, ruleset) == 403
    assert ruleset.fees.get().fils == 10_000


def test_the_maker_is_refused_with_a_sentence_even_with_both_roles() -> None:
    ensure_roles()
    both = StaffFactory(groups=["rule_maker", "rule_publisher"], login="both")
    ruleset = drafted(both)
    answer = publish(signed_in(both), ruleset)
    [message] = answer.context["messages"]
    assert message.level_tag == "error"
    assert str(message)
    ruleset.refresh_from_db()
    assert ruleset.published_at is None


def test_without_the_role_nobody_publishes(maker: User) -> None:
    ruleset = drafted(maker)
    for user in (maker, StaffFactory(groups=["operator"]), StaffFactory(login="root", is_superuser=True)):
        assert publish(signed_in(user), ruleset).status_code == 403
    assert not RuleSet.objects.filter(published_at__isnull=False).exists()


def test_an_overlap_is_refused_with_its_sentence(maker: User, checker: User) -> None:
    client = signed_in(checker)
    publish(client, drafted(maker))
    signed_in(maker).post(reverse(ADD), form(first_day="2026-12-31"))
    second = RuleSet.objects.get(version=2)
    assert second.first_day == dt.date(2026, 12, 31)
    answer = publish(client, second)
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]


def test_a_wrong_row_of_a_draft_can_be_taken_out(maker: User) -> None:
    ruleset = drafted(maker)
    changes = form(10_000, ruleset.fees.get(), **{"fees-0-DELETE": "on"})
    signed_in(maker).post(reverse(CHANGE, args=[ruleset.pk]), changes)
    assert not ruleset.fees.exists()
