"""What zoning says of the new address of a shop: shown to applicant and officer, and kept as it was when the request was sent.

It decides nothing: a request for a place where the activity is not permitted is sent as any other, and the officer decides.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from licensing.health import changes
from municipality.audit.models import AuditEvent
from municipality.audit.services import record
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.ui.templatetags.portal import bilingual
from shops.models import Shop
from shops.register import queries as register
from zoning.answer import places
from zoning.answer.labels import AnswerText
from zoning.answer.places import KeptAnswer, PlaceAnswer

KEPT = "renewal.zoning_answer"


@dataclass(frozen=True)
class KeptThen:
    """The answer that was kept with a case, and when."""

    answer: KeptAnswer
    at: dt.datetime


@dataclass
class NewPlace:
    """The place of a declared address, for the activity that the shop has or is to have. Reads nothing until it is asked.

    `case` is the request that was sent, None before.
    """

    shop: Shop
    address: Mapping[str, Any]
    activity: str
    case: Case | None = None

    @cached_property
    def answer(self) -> PlaceAnswer:
        """What the rules of today say."""
        to = self.address
        return places.answer_at(
            paci_number=to["paci_number"],
            area=to["area"],
            block=to["block"],
            plot_number=to["plot"],
            activity=self.activity,
            floor=to["floor"],
            day=clock.today(),
        )

    @cached_property
    def text(self) -> AnswerText:
        """The answer in the active language."""
        row = register.cached_names()[1].get(self.activity) or self.shop.activity
        return self.answer.text(bilingual(row, "name"))

    @property
    def mark(self) -> str:
        """Identifies the answer."""
        return changes.mark(self.answer.facts())

    @cached_property
    def kept(self) -> KeptThen | None:
        """The answer of the day on which the address was sent, if today's is another one."""
        if self.case is None:
            return None
        event = AuditEvent.objects.filter(subject=self.case.key, action=KEPT).order_by("-pk").first()
        facts = self.answer.facts()
        if event is None or {name: event.data.get(name) for name in facts} == facts:
            return None
        return KeptThen(places.kept(event.data), event.at)


def declared_in(shop: Shop, answers: Mapping[str, Mapping[str, Any]], *, case: Case | None = None) -> NewPlace | None:
    """The new place in declared values by fact; None where the address stays."""
    if "address" not in answers:
        return None
    return NewPlace(shop, answers["address"], answers.get("activity", {}).get("activity") or shop.activity_id, case)


def keep(case: Case, place: NewPlace, *, actor: Actor) -> None:
    """Keep the answer with the case as an audit event, in the caller's transaction."""
    record(KEPT, subject=case.key, actor=actor, data=place.answer.facts())
