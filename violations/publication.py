"""What of a shop's violations is public: final ones count, contested ones look contested, nothing else is told.

Final is what nobody can contest any more: settled with the Municipality (who settles gives up the objection), waived by authority after the
minute stood, or judged with the days to appeal over. Contested is what its party speaks against: an objection is studied or was refused and
nothing final followed, or a ruling can still be appealed. A minute that is neither is between the Municipality and its party.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.rulebook import queries as rulebook
from shops.registry import FindingFact
from violations import rules
from violations.models import Violation
from violations.rules import CONTESTED, FINAL, GONE
from violations.states import ObjectionState, ViolationState

V, O = ViolationState, ObjectionState  # noqa: E741 - as the states
LIMITS = "limits.publication"
MOST = 1000  # violations of one shop that are read

_LOST = (O.REFUSED, O.LAPSED)
STAGES: dict[str, Any] = {
    "objected": _("Under objection"),
    "lost": _("Objection refused, not final yet"),
    "court": _("Before the court"),
    "appealable": _("Judged, may be appealed"),
}
JUDGED_PAID = "judged_paid"
OUTCOMES: dict[str, Any] = {
    **STAGES,
    V.PAID.value: _("Settled and paid"),
    V.WAIVED.value: _("The sum was waived"),
    V.JUDGED.value: _("The court set a fine"),
    JUDGED_PAID: _("The court set a fine; it is paid"),
}
_SPOKEN = Q(objection__isnull=False) | Q(state__in=[V.PAID, V.WAIVED, V.JUDGED])  # no other can be public


@dataclass(frozen=True)
class Finding:
    """One violation as everybody may read it. `standing` is FINAL or CONTESTED; `stage` is a key of STAGES for a contested one."""

    violation: Violation
    standing: str
    stage: str = ""

    @property
    def outcome(self) -> str:
        """What became of it: a key of OUTCOMES."""
        if self.standing == CONTESTED:
            return self.stage
        if self.violation.state == V.PAID and hasattr(self.violation, "judgment"):
            return JUDGED_PAID
        return str(self.violation.state)

    @property
    def became(self) -> Any:
        """What became of it, in words."""
        return OUTCOMES[self.outcome]


@dataclass(frozen=True)
class PublicFindings:
    """What is public of one shop: findings, newest first; and the days on which one that was public was taken away."""

    findings: tuple[Finding, ...] = ()
    annulled: tuple[Any, ...] = ()

    @property
    def final(self) -> int:
        """How many count."""
        return sum(finding.standing == FINAL for finding in self.findings)


def of_shops(shops: Sequence[int]) -> dict[int, PublicFindings]:
    """What is public of the violations of shops, by primary key; one query, and one for the rulebook where a court has ruled."""
    rows = (
        Violation.objects.filter(_SPOKEN, shop__in=shops)
        .select_related("objection__case", "judgment", "last_event")
        .order_by("-seen_at", "-pk")[:MOST]
    )
    found: dict[int, list[tuple[Violation, str, str]]] = {}
    appeal: list[int | None] = []
    for row in rows:
        if hasattr(row, "judgment") and not appeal:
            appeal.append(_appeal_days())
        standing, stage = standing_of(row, appeal[0] if appeal else None)
        if row.shop_id is not None and standing:
            found.setdefault(row.shop_id, []).append((row, standing, stage))
    return {
        shop: PublicFindings(
            tuple(Finding(*one) for one in rows_of if one[1] != GONE),
            tuple(clock.day_of(row.last_event.at) for row, standing, _stage in rows_of if standing == GONE and row.last_event is not None),
        )
        for shop, rows_of in found.items()
    }


def everywhere(chunk: int = 2000) -> Iterator[Finding]:
    """Every finding that stands on the page of a shop, oldest first, with its shop; no more than a chunk of them at a time.

    What was written against an entry that another one stands for is on no page.
    """
    rows = Violation.objects.filter(_SPOKEN, shop__isnull=False, shop__merged_into__isnull=True)
    rows = rows.select_related("objection__case", "judgment", "last_event", "shop__area__governorate").order_by("pk")
    appeal = _appeal_days()
    for row in rows.iterator(chunk_size=chunk):
        standing, stage = standing_of(row, appeal)
        if standing in (FINAL, CONTESTED):
            yield Finding(row, standing, stage)


def finding(public_id: str) -> Finding | None:
    """One published violation by its public id; None where it is not public (any more)."""
    rows = Violation.objects.select_related("objection__case", "judgment", "last_event", "shop")
    row = rows.filter(public_id=public_id, shop__isnull=False).first()
    if row is None:
        return None
    standing, stage = standing_of(row, _appeal_days() if hasattr(row, "judgment") else None)
    return Finding(row, standing, stage) if standing in (FINAL, CONTESTED) else None


def fact_of(public_id: str) -> FindingFact | None:
    """The same as the register of shops takes it."""
    found = finding(public_id)
    if found is None:
        return None
    row, shop = found.violation, found.violation.shop_id
    if shop is None:
        return None
    said = _("Final") if found.standing == FINAL else STAGES[found.stage]
    names = (row.offence_facts["name_ar"], row.offence_facts["name_en"])
    return FindingFact(row.key, shop, *names, clock.day_of(row.seen_at), said)


def standing_of(row: Violation, appeal_days: int | None) -> tuple[str, str]:
    """Standing and stage of a violation read with its objection's case and its judgment."""
    judgment = getattr(row, "judgment", None)
    ruled_on = judgment.ruled_on if judgment is not None and judgment.confirmed_at is not None else None
    return rules.publication(state=row.state, objection=_objection(row), ruled_on=ruled_on, appeal_days=appeal_days, today=clock.today())


def _objection(row: Violation) -> str:
    objection = getattr(row, "objection", None)
    if objection is None:
        return ""
    state = objection.case.state
    return "lost" if state in _LOST else "upheld" if state == O.UPHELD else "withdrawn" if state == O.WITHDRAWN else "open"


def _appeal_days() -> int | None:
    """Days in which a judgment may be appealed; None where the rulebook is silent, and then no judgment counts as final."""
    try:
        return rulebook.edition(LIMITS, clock.today()).limits["appeal_days"].value
    except Refused:
        return None
