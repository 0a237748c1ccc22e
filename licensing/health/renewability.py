"""The conditions of renewal for all shops of a list, by the rules that `queries.offer` applies to one; a fixed number of queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import OuterRef, Subquery

from licensing.health import queries, rules
from licensing.health.states import RENEWAL
from licensing.models import HealthLicence, Renewal
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.rulebook import queries as rulebook
from shops.models import Shop


@dataclass(frozen=True)
class Renewability:
    """Whether the licence of a shop can be renewed today, and what its list entry needs to say so."""

    licence: HealthLicence | None
    open_case: Case | None  # of any applicant
    conditions: list[rules.Condition]
    window_opens: dt.date | None  # the first day on which the licence may be renewed

    @property
    def is_due(self) -> bool:
        """Whether the period of renewal runs: from the opening of the window on, also after the end of the licence."""
        return self.window_opens is not None and self.window_opens <= clock.today() and not self.is_renewed

    @property
    def is_renewed(self) -> bool:
        """Whether the licence after the current one is issued."""
        return any(condition.code == "not_renewed_yet" for condition in self.conditions)

    @property
    def is_renewable(self) -> bool:
        """Whether the Municipality licenses the activity, and the licence is valid or has ended by its last day."""
        met = {condition.code for condition in self.conditions if condition.is_met}
        return {"competent_authority", "licence_in_force", "shop_open"} <= met

    @property
    def can_renew(self) -> bool:
        """Whether a renewal can be sent now, automatic or to an officer."""
        return self.is_due and rules.may_be_studied(self.conditions)


def of_shops(shops: Sequence[Shop]) -> dict[int, Renewability]:
    """The renewability of each shop by primary key. Raises Refused where the rulebook has no edition."""
    today = clock.today()
    limits = rulebook.edition("limits.health", today).limits
    window, late = limits["window_days"].value, limits["late_days"].value if "late_days" in limits else 0
    elsewhere = rulebook.licensed_elsewhere({shop.activity_id for shop in shops}, today)
    licences = queries.licences_of(shops)
    keys = [shop.key for shop in shops]
    open_cases = {case.subject: case for case in Case.objects.filter(service=RENEWAL, is_open=True, subject__in=keys)}
    blocks = cases.blocks_by_subject(keys, RENEWAL)
    # Facts are compared only where the period of renewal runs, which is a small part of a long list.
    due = [row for row in licences.values() if rules.window_opens_on(row.last_day, window) <= today]
    facts = _facts(due)
    rows = {}
    for shop in shops:
        licence = licences.get(shop.pk)
        context = queries.renewal_context(
            shop,
            licence,
            today=today,
            authority=elsewhere.get(shop.activity_id, rules.MUNICIPALITY),
            open_case=open_cases.get(shop.key),
            blocks=blocks.get(shop.key, []),
            facts=facts.get(licence.pk, {}) if licence else {},
        )
        rows[shop.pk] = Renewability(
            licence,
            open_cases.get(shop.key),
            rules.conditions(context, window_days=window, late_days=late),
            rules.window_opens_on(licence.last_day, window) if licence else None,
        )
    return rows


def _facts(licences: Sequence[HealthLicence]) -> dict[int, dict[str, str]]:
    """The registered facts of licences by primary key, as `queries.facts_of` returns them for one; one query."""
    accepted = Renewal.objects.filter(licence=OuterRef("pk"), accepted_facts__isnull=False).order_by("-pk")
    rows = HealthLicence.objects.filter(pk__in=[licence.pk for licence in licences])
    facts = rows.annotate(accepted=Subquery(accepted.values("accepted_facts")[:1])).values_list("pk", "registered_facts", "accepted")
    return {pk: {**registered, **(later or {})} for pk, registered, later in facts} if licences else {}
