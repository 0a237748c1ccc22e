"""Another category, and the hand-over to another body with the day after which it comes back."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.jobs import sweeps
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.kernel.transitions import transition
from municipality.rulebook.report_categories import ReportCategory
from reports import promises, queries
from reports.models import HandOver, Report
from reports.reporters import notifications
from reports.states import ReportState
from reports.triage.services import rows
from reports.triage.services.letters import come_back_by_day, write_letter


def category_of(code: str) -> ReportCategory:
    """Raises Refused("unknown_category")."""
    category = queries.rules().categories.get(code)
    if category is None:
        raise Refused("unknown_category", _("Choose what it is from the list."))
    return category


def facts_of(category: ReportCategory) -> dict[str, object]:
    """The row of the rulebook as a report keeps it."""
    facts = asdict(category)
    facts.pop("questions")
    return facts


@transaction.atomic
def recategorise(*, report: Report, inspector: User, category: str, code: str) -> None:
    """Another category, with its severity, and with its promise from the receipt or the last opening on where that is the earlier one.

    Raises NotPermitted, Refused: unknown_category, same_category, unknown_code, emergency, and TransitionRefused.
    """
    row, found, reason = rows.of_inspector(report, inspector), category_of(category), rows.reason_of(code)
    if found.code == row.category:
        raise Refused("same_category", _("The report has this category already. Choose another one."))
    actor, before = actor_of(inspector, "inspector"), row.category
    severity, due_at = promises.recategorised(row, found, promises.opened_at(row), queries.limits())
    changes: dict[str, Any] = {
        "category": found.code,
        "category_facts": facts_of(found),
        "edition_id": queries.rules().pk,
        "severity": severity,
        "due_at": due_at,
        "updated_at": clock.now(),
    }
    data = {"before": before, "after": found.code}
    transition(row, "recategorise", actor=actor, reason=reason.code, data=data, **changes)
    record("report.recategorised", subject=row.subject_key, actor=actor, data={"code": reason.code, **data})
    notifications.tell(row, "recategorised", reason=reason)


@transaction.atomic
def hand_over(*, report: Report, inspector: User, body: str, code: str, back_on: dt.date | None = None) -> HandOver:
    """Hand a report over to a body of the rulebook, at most for its days; the promise runs on.

    Raises NotPermitted, Refused: unknown_body, unknown_code, wrong_day, and TransitionRefused.
    """
    row, reason = rows.of_inspector(report, inspector), rows.reason_of(code)
    found = queries.rules().bodies.get(body)
    if found is None:
        raise Refused("unknown_body", _("Choose the body from the list."))
    last = clock.today() + dt.timedelta(days=found.days)
    back_on = back_on or last
    if not clock.today() < back_on <= last:
        raise Refused("wrong_day", _("Choose a day after today, at most %(days)s days from now.") % {"days": found.days})
    actor, now = actor_of(inspector, "inspector"), clock.now()
    names = {"name_ar": found.name_ar, "name_en": found.name_en, "contact": found.contact}
    made = HandOver.objects.create(report=row, body=found.code, back_on=back_on, made_by=inspector, made_at=now, **names)
    data = {"body": found.code, "back_on": back_on.isoformat()}
    transition(row, "hand_over", actor=actor, reason=reason.code, data=data, updated_at=now)
    record("report.handed_over", subject=row.subject_key, actor=actor, data={"code": reason.code, **data})
    notifications.tell(row, "handed_over", hand_over=made, reason=reason)
    write_letter(row, made)
    return made


@transaction.atomic
def take_back(*, report: Report, inspector: User) -> None:
    """Back from the other body before its day. Raises NotPermitted, TransitionRefused."""
    row, actor = rows.of_inspector(report, inspector), actor_of(inspector, "inspector")
    transition(row, "take_back", actor=actor, updated_at=clock.now())
    row.hand_overs.filter(returned_at__isnull=True).update(returned_at=clock.now())
    record("report.taken_back", subject=row.subject_key, actor=actor)


def come_back() -> int:
    """Take reports back after the last day of the other body. Returns how many."""
    due = HandOver.objects.filter(returned_at__isnull=True, back_on__lt=clock.today(), report__state=ReportState.HANDED_OVER)
    return sweeps.for_each("reports.come_back", due.order_by("pk").values_list("report", flat=True), _come_back)


def _come_back(pk: int) -> bool:
    return come_back_by_day(Report(pk=pk))
