"""Editions that are to come, for the pages of their withdrawal, and what tries the guards of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from municipality.accounts.models import actor_of
from municipality.kernel import clock
from municipality.rulebook import services
from municipality.rulebook.models import PUBLISHED, RuleSet


def to_come(subject: str, sample: Any, *, is_proposed: bool) -> RuleSet:
    """A published edition of a subject that begins in two months, as the one in force, and the proposal to withdraw it."""
    maker, now = sample.draft.made_by, RuleSet.objects.filter(PUBLISHED, subject=subject).order_by("-first_day")[0]
    first_day = clock.today() + dt.timedelta(days=60)
    edition = services.copy_as_draft(ruleset=now, maker=maker, actor=actor_of(maker), not_before=first_day)
    services.publish(ruleset=edition, publisher=sample.operator, actor=actor_of(sample.operator))
    if is_proposed:
        services.propose_withdrawal(ruleset=edition, proposer=maker, actor=actor_of(maker), words="رسم خاطئ")
    return edition


def goes_on_without_end(sample: Any) -> None:
    """An edition that another one followed would be in force beside it."""
    RuleSet.objects.filter(PUBLISHED, last_day__isnull=False).update(last_day=None)


def comes_back(sample: Any) -> None:
    edition = to_come("limits.messages", sample, is_proposed=True)
    row = RuleSet.objects.filter(pk=edition.pk)
    row.update(withdrawn_by=sample.operator, withdrawn_on=clock.today())
    row.update(withdrawn_by=None, withdrawn_on=None)


BY_HAND: dict[str, Callable[[Any], None]] = {
    "rulebook_ruleset_ends_once": goes_on_without_end,
    "rulebook_ruleset_withdrawn_once": comes_back,
}
