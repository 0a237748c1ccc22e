"""Which violations of a shop are public: final and contested ones.

Final: settled with the Municipality (which gives up the objection), waived, or judged with the period of appeal over. Contested: an
objection is open, or was refused and nothing final followed, or a ruling can still be appealed. No other violation is public.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from licensing.measures.registry import ReportFact
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.rulebook import queries as rulebook
from municipality.ui.texts import Text
from shops.models import Shop
from shops.registry import FindingFact
from violations import rules
from violations.models import AppealRuling, Judgment, Violation
from violations.queries import OF_HOLDER
from violations.rules import CONTESTED, FINAL, GONE
from violations.states import ObjectionState, ViolationState

V, O = ViolationState, ObjectionState  # noqa: E741 - as the states
LIMITS = "limits.publication"
MAX_PER_SHOP = 1000  # violations of one shop that are read

_LOST = (O.REFUSED, O.LAPSED)
STAGES: dict[str, Text] = {
    "objected": _("Under objection"),
    "lost": _("Objection refused, not final yet"),
    "court": _("Before the court"),
    "appealable": _("Judged, may be appealed"),
}
JUDGED_PAID = "judged_paid"
OUTCOMES: dict[str, Text] = {
    **STAGES,
    V.PAID.value: _("Settled and paid"),
    V.WAIVED.value: _("The sum was waived"),
    V.JUDGED.value: _("The court set a fine"),
    JUDGED_PAID: _("The court set a fine; it is paid"),
}
_FINES = AppealRuling.objects.filter(confirmed_at__isnull=False, fils__isnull=False)  # on appeal
# A higher court found no violation where a court had set a fine.
_FINED_BEFORE = Q(state=V.ACQUITTED) & (Q(judgment__fils__isnull=False) | Exists(_FINES.filter(judgment__violation=OuterRef("pk"))))
# No other can be public. Who is named by a civil number is the party: that report is not against the shop.
_MAY_BE_PUBLIC = OF_HOLDER & (Q(objection__isnull=False) | Q(state__in=[V.PAID, V.WAIVED, V.JUDGED]) | _FINED_BEFORE)


@dataclass(frozen=True)
class Finding:
    """One public violation. `status` is FINAL or CONTESTED; `stage` is a key of STAGES for a contested one."""

    violation: Violation
    status: str
    stage: str = ""

    @property
    def shop(self) -> Shop:
        """The shop on whose page it stands: the one that its entry was merged into."""
        entry = self._entry
        return entry.merged_into or entry

    @property
    def answered_at(self) -> Shop:
        """The shop whose holder may reply: that of the page, but its entry where that one has another holder."""
        entry, shop = self._entry, self.shop
        is_of_holder = (shop.owner_id, shop.organisation_id) == (entry.owner_id, entry.organisation_id)
        return shop if is_of_holder else entry

    @property
    def _entry(self) -> Shop:
        entry = self.violation.shop
        assert entry is not None  # noqa: S101 - only one against a shop is a finding
        return entry

    @property
    def outcome(self) -> str:
        """A key of OUTCOMES."""
        if self.status == CONTESTED:
            return self.stage
        if self.violation.state == V.PAID and hasattr(self.violation, "judgment"):
            return JUDGED_PAID
        return str(self.violation.state)

    @property
    def outcome_text(self) -> Text:
        return OUTCOMES[self.outcome]


@dataclass(frozen=True)
class PublicFindings:
    """The public findings of one shop, newest first, and the days on which a public one was annulled."""

    findings: tuple[Finding, ...] = ()
    annulled: tuple[Any, ...] = ()  # days

    @property
    def final(self) -> int:
        return sum(finding.status == FINAL for finding in self.findings)


def of_shops(shops: Sequence[int]) -> dict[int, PublicFindings]:
    """Primary key of a shop → its public findings, with those of entries merged into it; one query, and one of the rulebook where a
    court has ruled.
    """
    entries = Shop.objects.filter(Q(pk__in=shops) | Q(merged_into__in=shops))
    rows = (
        Violation.objects.filter(_MAY_BE_PUBLIC, shop__in=entries)
        .select_related("objection__case", "judgment__appeal", "last_event", "shop__merged_into")
        .order_by("-seen_at", "-pk")[:MAX_PER_SHOP]
    )
    by_shop: dict[int, list[tuple[Violation, str, str]]] = {}
    appeal_days = cache(_appeal_days)
    for row in rows:
        status, stage = public_status(row, appeal_days() if hasattr(row, "judgment") else None)
        if row.shop is not None and status:
            by_shop.setdefault(row.shop.merged_into_id or row.shop.pk, []).append((row, status, stage))
    return {
        shop: PublicFindings(
            tuple(Finding(row, status, stage) for row, status, stage in shop_rows if status != GONE),
            tuple(clock.day_of(row.last_event.at) for row, status, _stage in shop_rows if status == GONE and row.last_event is not None),
        )
        for shop, shop_rows in by_shop.items()
    }


def statuses(rows: Sequence[Violation]) -> dict[int, str]:
    """Primary key → public status of violations (`rules.publication`), read with objection, its case and judgment."""
    appeal_days = cache(_appeal_days)
    return {row.pk: public_status(row, appeal_days() if hasattr(row, "judgment") else None)[0] for row in rows}


def all_findings() -> Iterator[Finding]:
    """Every public finding, oldest first, read in chunks."""
    places = (f"{entry}__area__governorate" for entry in ("shop", "shop__merged_into"))
    rows = Violation.objects.filter(_MAY_BE_PUBLIC, shop__isnull=False).order_by("pk")
    rows = rows.select_related("objection__case", "judgment__appeal", "last_event", *places)
    appeal = _appeal_days()
    for row in rows.iterator(chunk_size=2000):
        status, stage = public_status(row, appeal)
        if status in (FINAL, CONTESTED):
            yield Finding(row, status, stage)


def finding(public_id: str) -> Finding | None:
    """A public violation by its public id; None where it is not public."""
    rows = Violation.objects.select_related("objection__case", "judgment__appeal", "last_event", "shop__merged_into")
    row = rows.filter(_MAY_BE_PUBLIC, public_id=public_id, shop__isnull=False).first()
    if row is None:
        return None
    status, stage = public_status(row, _appeal_days() if hasattr(row, "judgment") else None)
    return Finding(row, status, stage) if status in (FINAL, CONTESTED) else None


def fact_of(public_id: str) -> FindingFact | None:
    """`finding` in the form of the register of shops."""
    found = finding(public_id)
    if found is None:
        return None
    row = found.violation
    status_text = _("Final") if found.status == FINAL else STAGES[found.stage]
    names = (row.offence_facts["name_ar"], row.offence_facts["name_en"])
    return FindingFact(row.key, found.answered_at.pk, *names, clock.day_of(row.seen_at), status_text)


def report_of(number: str) -> ReportFact | None:
    """A violation report that neither the Municipality nor the court has set aside, for a measure that rests on it."""
    row = Violation.objects.filter(number=number).exclude(state__in=(ViolationState.ANNULLED, ViolationState.ACQUITTED)).first()
    if row is None:
        return None
    rule = row.rule
    return ReportFact(row.shop_id, rule.name_ar, rule.name_en, rule.article_ar, rule.article_en)


def public_status(row: Violation, appeal_days: int | None) -> tuple[str, str]:
    """Public status and stage of a violation (`rules.publication`)."""
    judgment = getattr(row, "judgment", None)
    ruled_on = judgment.ruling.ruled_on if judgment is not None and judgment.confirmed_at is not None else None
    return rules.publication(
        state=row.state,
        objection=_objection(row),
        ruled_on=ruled_on,
        appeal_days=appeal_days,
        today=clock.today(),
        was_fined=row.state == V.ACQUITTED and judgment is not None and _was_fined(judgment),
    )


def _was_fined(judgment: Judgment) -> bool:
    return judgment.fils is not None or (judgment.appeal_id is not None and _FINES.filter(judgment=judgment).exists())


def _objection(row: Violation) -> str:
    objection = getattr(row, "objection", None)
    if objection is None:
        return ""
    state = objection.case.state
    return "lost" if state in _LOST else "upheld" if state == O.UPHELD else "withdrawn" if state == O.WITHDRAWN else "open"


def _appeal_days() -> int | None:
    """Days in which a judgment may be appealed; None where the rulebook has no edition of them."""
    try:
        return rulebook.edition(LIMITS, clock.today()).limits["appeal_days"].value
    except Refused:
        return None
