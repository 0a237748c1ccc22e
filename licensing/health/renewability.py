"""The conditions of renewal for all shops of a list, by the rules that `queries.offer` applies to one; a fixed number of queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from licensing.health import queries, rules
from licensing.health.states import ACTS, RENEWAL
from licensing.models import HealthLicence
from licensing.shop_cases import OpenCase, cases_of
from municipality.cases import queries as cases
from municipality.cases.models import Block, Effect
from municipality.kernel import clock
from municipality.rulebook import queries as rulebook
from shops.models import Shop


@dataclass(frozen=True)
class Renewability:
    """Whether the licence of a shop can be renewed today, and what its list entry needs to say so."""

    licence: HealthLicence | None
    open_case: OpenCase | None  # any act on the licence, of any applicant
    conditions: list[rules.RenewalCondition]
    window_opens: dt.date | None  # the first day on which the licence may be renewed
    blocks: Sequence[Block] = field(default_factory=tuple)  # those that stop the renewal

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


def of_shops(shops: Sequence[Shop], *, is_shown: bool = False) -> dict[int, Renewability]:
    """The renewability of each shop by primary key. Raises Refused where the rulebook has no edition.

    `is_shown`: for a list that decides nothing by it, by rules and moved deadlines that are up to a minute old.
    """
    today = clock.today()
    limits = (rulebook.shown_edition if is_shown else rulebook.edition)("limits.health", today).limits
    window, late = limits["window_days"].value, limits["late_days"].value if "late_days" in limits else 0
    elsewhere = rulebook.licensed_elsewhere({shop.activity_id for shop in shops}, today)
    # Facts are compared only where the period of renewal runs, which is a small part of a long list.
    licences = queries.licences_of(shops, facts_until=today + dt.timedelta(days=window), is_shown=is_shown)
    keys = [shop.key for shop in shops]
    open_cases = {case.subject: case for case in cases_of(shops).open if case.service in ACTS}
    blocks = cases.blocks_by_subject(keys, RENEWAL)
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
            facts=licence.current_facts if licence else {},
            no_surcharge_until=getattr(licence, "no_surcharge_until", None),
        )
        rows[shop.pk] = Renewability(
            licence,
            open_cases.get(shop.key),
            rules.conditions(context, window_days=window, late_days=late),
            rules.window_opens_on(licence.last_day, window) if licence else None,
            [block for block in blocks.get(shop.key, []) if block.effect == Effect.STOP],
        )
    return rows
