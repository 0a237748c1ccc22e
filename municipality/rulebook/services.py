"""Making and publishing editions: the maker is never the publisher."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.rulebook.models import RuleSet


# The tables of rows that make up an edition.
ROWS = ("fees", "limits", "conditions", "reasons", "checks")


@transaction.atomic
def publish(*, ruleset: RuleSet, publisher: Any, actor: Actor) -> None:
    """Put an edition in force and end the one before it. Raises Refused for the maker, an empty or overlapping edition."""
    rows = {row.pk: row for row in RuleSet.objects.select_for_update().filter(subject=ruleset.subject).order_by("pk")}
    ruleset.published_at = rows[ruleset.pk].published_at
    if ruleset.published_at is not None:
        raise Refused("published", _("This edition is published already."))
    if ruleset.made_by_id == publisher.pk:
        raise Refused("same_person", _("Whoever made an edition cannot publish it. A second person does."))
    if not any(getattr(ruleset, rows).exists() for rows in ROWS):
        raise Refused("empty", _("An edition without rows cannot be published."))
    earlier = RuleSet.objects.filter(subject=ruleset.subject, published_at__isnull=False)
    if earlier.filter(Q(first_day__gte=ruleset.first_day) | Q(last_day__gte=ruleset.first_day)).exists():
        raise Refused("overlap", _("A published edition holds on that day or later. Choose a later first day."))
    earlier.filter(last_day__isnull=True).update(last_day=ruleset.first_day - dt.timedelta(days=1))
    now = clock.now()
    RuleSet.objects.filter(pk=ruleset.pk, published_at__isnull=True).update(published_by=publisher, published_at=now)
    ruleset.published_by, ruleset.published_at = publisher, now
    record("rulebook.published", subject=f"ruleset:{ruleset.pk}", actor=actor, data={"edition": str(ruleset)})
