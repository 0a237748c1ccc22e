"""An objection is decided by the periods of its case, a proposal has the reason of its day, and a notice promises no more than it keeps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from municipality.accounts.models import User, actor_of
from municipality.kernel import clock
from municipality.notifications.models import Message
from municipality.rulebook.models import LimitRule, ReasonRule, RuleSet
from municipality.rulebook.services import copy_as_draft, publish
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from tests.factories.violations import ObjectionFactory
from tests.violations.conftest import decide
from violations import documents as papers
from violations import queries
from violations.models import Violation
from violations.services import documents, notices, objections, relief

pytestmark = pytest.mark.django_db


def publish_anew(subject: str, change: Callable[[RuleSet], Any]) -> None:
    """An edition from tomorrow with the rows of the newest, but for a change."""
    newest = RuleSet.objects.filter(subject=subject).order_by("-version")[0]
    maker, publisher = (User.objects.get(login=name) for name in ("maker", "publisher"))
    draft = copy_as_draft(ruleset=newest, maker=maker, actor=actor_of(maker, "rule_maker"))
    draft.first_day = clock.today() + dt.timedelta(days=1)
    draft.save(update_fields=["first_day"])
    change(draft)
    publish(ruleset=draft, publisher=publisher, actor=actor_of(publisher, "rule_publisher"))


def shorten(**limits: int) -> None:
    def change(draft: RuleSet) -> None:
        for code, value in limits.items():
            assert LimitRule.objects.filter(ruleset=draft, code=code).update(value=value) == 1

    publish_anew(queries.LIMITS, change)


def test_a_refused_objection_has_the_periods_of_its_case(
    served: Violation, owner: Any, decider: Callable[..., Any], frozen_clock: Clock
) -> None:
    objection = ObjectionFactory(violation=served, person=owner)
    shorten(kept_price_days=1, court_days=2)
    frozen_clock.move(days=9)
    decide(objection, decider, uphold=False)
    row = Violation.objects.get(pk=served.pk)
    kept, court = clock.today() + dt.timedelta(days=14), clock.today() + dt.timedelta(days=30)
    assert row.settle_until == kept and queries.limits()["kept_price_days"] == 1
    assert f"{court.day} " in Message.objects.get(kind="violations.objection_refused").body_en
    objection.refresh_from_db()
    facts = documents._decision_facts(objection)
    assert {date.label_en: date.on for date in facts.days} == {
        "Decided on": clock.today(),
        "Last day to settle": kept,
        "To the court by": court,
    }


def test_silence_has_the_periods_of_the_case_too(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    objection = ObjectionFactory(violation=served, person=owner)
    shorten(kept_price_days=1)
    frozen_clock.move(days=31)
    objections.lapse(objection_id=objection.pk)
    assert Violation.objects.get(pk=served.pk).settle_until == clock.today() + dt.timedelta(days=14)


@pytest.mark.parametrize("kind", ["annulment", "waiver"])
def test_a_reason_that_is_gone_since_it_was_given_is_said_as_it_was(served: Violation, frozen_clock: Clock, kind: str) -> None:
    asks = StaffFactory(groups=["violation_clerk"], login="asks", branch=served.branch)
    allows = StaffFactory(groups=["violation_authority"], login="allows")
    replies = queries.rulebook.edition(queries.REPLIES, clock.today())
    reason = relief.office_reasons(replies)[0] if kind == "annulment" else replies.reasons_of("waiver")[0]
    given = {"violation": served, "code": reason.code, "note_ar": "سبب", "asked_by": asks}
    proposal: Any = relief.ask_annulment(**given) if kind == "annulment" else relief.ask_relief(**given, percent=0)
    publish_anew(queries.REPLIES, lambda draft: ReasonRule.objects.filter(ruleset=draft, code=reason.code).delete())
    frozen_clock.move(days=1)
    assert reason.code not in queries.rulebook.edition(queries.REPLIES, clock.today()).reasons
    if kind == "annulment":
        relief.allow_annulment(annulment=proposal, allowed_by=allows)
    else:
        relief.allow_relief(relief=proposal, allowed_by=allows)
    sent = Message.objects.get(kind="violations.annulled" if kind == "annulment" else "violations.sum_waived")
    assert reason.text_en in sent.body_en


def test_the_periods_that_a_notice_names_are_kept_by_a_shorter_edition(
    write: Callable[..., Violation], owner: Any, frozen_clock: Clock
) -> None:
    row = write("CLN-03")
    shorten(settlement_days=3, objection_days=5)
    frozen_clock.move(days=1)
    words = str(papers.notice_facts(row).sections)
    assert "within 14 days" in words and "within 30 days" in words
    notices.record_opening(violation=row, person=owner)
    row.refresh_from_db()
    assert (row.settle_until, row.object_until) == (clock.today() + dt.timedelta(days=14), clock.today() + dt.timedelta(days=30))
