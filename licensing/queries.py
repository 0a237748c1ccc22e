"""Questions about health licences."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from licensing import rules
from licensing.models import HealthLicence, Renewal
from licensing.states import RENEWAL
from municipality.cases import queries as cases
from municipality.kernel import clock, worktime
from municipality.kernel.periods import Period
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Edition
from payments.rules import Line
from shops import queries as shops
from shops.models import Shop


@dataclass(frozen=True)
class Offer:
    """What a person reads before a renewal: conditions, fee lines, the new period, and the rules they come from."""

    shop: Shop
    licence: HealthLicence | None
    conditions: list[rules.Condition]
    lines: list[Line]
    period: Period | None
    fees: Edition
    limits: Edition
    due_on: dt.date

    @property
    def may_renew(self) -> bool:
        return rules.may_renew(self.conditions)

    @property
    def unmet(self) -> list[rules.Condition]:
        return [c for c in self.conditions if not c.is_met]

    @property
    def is_municipal(self) -> bool:
        """Whether the Municipality licenses the activity at all; if not, no fee is named."""
        return self.conditions[0].is_met

    @property
    def total(self) -> int:
        """Fils."""
        return sum(line.fils for line in self.lines)


def visible_to(user: Any) -> QuerySet[HealthLicence]:
    """Licences of the shops a person owns or signs for."""
    return HealthLicence.objects.filter(shop__in=shops.visible_to(user))


def current(shop: Shop) -> HealthLicence | None:
    """The shop's current licence, whatever its state."""
    return HealthLicence.objects.filter(shop=shop, is_current=True).select_related("document").first()


def fee_lines(fees: Edition, years: int) -> list[Line]:
    """The lines of a renewal, as shown before start, on the bill and on the receipt."""
    fee = fees.fees["renewal"]
    return [
        Line(
            code=f"health.{fee.code}",
            label_ar=fee.label_ar,
            label_en=fee.label_en,
            formula_ar=f"محل واحد × {_years_ar(years)}",
            formula_en=f"1 shop × {years} year{'s' if years > 1 else ''}",
            article_ar=fee.article_ar,
            article_en=fee.article_en,
            edition=fees.stamp,
            fils=rules.renewal_amount(fee.fils, years),
            revenue_account=fee.revenue_account,
        )
    ]


def _years_ar(years: int) -> str:
    return {1: "سنة واحدة", 2: "سنتان"}.get(years, f"{years} سنوات")


def offer(shop: Shop) -> Offer:
    """Everything that applies to renewing this shop's health licence today. Raises Refused where the rulebook is silent."""
    today = clock.today()
    fees, limits = rulebook.edition("fees.health", today), rulebook.edition("limits.health", today)
    licence = current(shop)
    open_case = cases.open_for(RENEWAL, shop.key)
    years = limits.limits["validity_years"].value
    standing = rules.Standing(
        today=today,
        shop_is_open=shop.closed_on is None or shop.closed_on > today,
        authority=rulebook.competent_authority(shop.activity_id, today),
        licence_state=licence.document.live_state.replace("not_yet", "valid") if licence else "none",
        licence_last_day=licence.last_day if licence else None,
        next_is_issued=bool(licence and licence.first_day > today),
        commercial_license_end=shop.commercial_license_end,
        open_case=open_case.reference if open_case else "",
        blocks=tuple((b.sentence_ar, b.sentence_en) for b in cases.standing_blocks(shop.key, RENEWAL)),
        changed=rules.changed_fields(licence.registered_facts, shop.registered_facts()) if licence else (),
    )
    found = rules.conditions(standing, window_days=limits.limits["window_days"].value)
    municipal = found[0].is_met
    return Offer(
        shop=shop,
        licence=licence,
        conditions=found,
        lines=fee_lines(fees, years) if municipal else [],
        period=rules.new_period(licence.last_day, years) if licence and municipal else None,
        fees=fees,
        limits=limits,
        due_on=worktime.add_working_days(rulebook.calendar(), today, limits.limits["promise_working_days"].value),
    )


def licences_of(shop_list: Sequence[Shop]) -> dict[int, HealthLicence]:
    """Current licences of many shops in one query, by shop id."""
    rows = HealthLicence.objects.filter(shop__in=shop_list, is_current=True).select_related("document")
    return {row.shop_id: row for row in rows}


def renewal_of(case: Any) -> Renewal | None:
    """The renewal of a case with its licences."""
    return Renewal.objects.filter(case=case).select_related("licence__document", "licence__shop", "new_licence__document").first()
