"""What zoning says of the new address of a shop, or of another activity at its address.

Shown to applicant and officer, and kept as it was when the request was sent.

It decides nothing: a request for a place where the activity is not permitted is sent as any other, and the officer decides. The location
is approved before a licence is issued (decree of 1977); where plot, floor and activity are those of the licence, nothing is warned of.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from licensing.health import changes, queries
from licensing.health.queries import Offer
from licensing.health.rules import changed_fields
from licensing.models import Renewal
from municipality.audit.models import AuditEvent
from municipality.audit.services import record
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.rulebook.models import Activity
from municipality.ui.templatetags.portal import bilingual
from shops.models import Shop
from shops.register import queries as register
from zoning.answer import places
from zoning.answer.labels import AnswerText
from zoning.answer.places import KeptAnswer, PlaceAnswer

AGAINST = "bad"  # tone of an answer that does not permit the activity

KEPT = "renewal.zoning_answer"


@dataclass(frozen=True)
class KeptThen:
    """The answer that was kept with a case, and when."""

    answer: KeptAnswer
    at: dt.datetime
    is_same: bool = False

    @property
    def is_against(self) -> bool:
        """Whether the activity was not permitted, at a place that is another one than the licensed."""
        return not self.is_same and self.answer.tone == AGAINST


@dataclass
class NewPlace:
    """The place of a new address, for the activity that the shop has or is to have. Reads nothing until it is asked.

    `case` is the request that was sent, None before; `is_declared` whether the applicant declares the address, or the register has it;
    `is_same` whether plot, floor and activity are those of the present licence, so that only the words of the address are new.
    """

    address: Mapping[str, Any]
    activity: str
    case: Case | None = None
    is_declared: bool = True
    last_day: dt.date | None = None  # of the present licence
    is_same: bool = False

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
        row = register.cached_names()[1].get(self.activity) or Activity.objects.get(pk=self.activity)
        return self.answer.text(bilingual(row, "name"))

    @property
    def is_against(self) -> bool:
        """Whether the rules of today do not permit the activity there, and the place is another one than the licensed."""
        return not self.is_same and self.answer.tone == AGAINST

    @property
    def stays_valid_until(self) -> dt.date | None:
        """The last day of the present licence, if it has not passed."""
        return self.last_day if self.last_day is not None and self.last_day >= clock.today() else None

    @property
    def address_text(self) -> str:
        """The address in the active language."""
        return changes.FACTS["address"].display(self.address)

    @property
    def mark(self) -> str:
        """Identifies the answer."""
        return changes.mark(self.answer.facts())

    @cached_property
    def kept(self) -> KeptThen | None:
        """The answer of the day on which the address was sent, if today's is another one."""
        if self.case is None:
            return None
        event = _event_of(self.case)
        facts = self.answer.facts()
        if event is None or {name: event.data.get(name) for name in facts} == facts:
            return None
        return _kept(event)


# Registered facts that say where a shop is.
PLACE = frozenset({"area", "block", "street", "building", "plot", "paci_number"})
PLOT = ("area", "block", "plot", "paci_number")  # of them, what zoning answers for


def new_place(
    shop: Shop,
    answers: Mapping[str, Mapping[str, Any]],
    changed: Collection[str],
    registered: Mapping[str, str],
    *,
    case: Case | None = None,
) -> NewPlace | None:
    """The new place of a renewal, or its place for another activity; None where both stay.

    `answers` are declared values by fact; `changed` names the registered facts that differ from the last licence, `registered` has them.
    """
    activity = answers.get("activity", {}).get("activity") or registered["activity"]
    stays = activity == registered["activity"] and not {"activity", *PLOT} & set(changed)
    if "address" in answers:
        to = answers["address"]
        same = stays and to["floor"] == shop.floor and all(str(to[name]) == str(registered[name]) for name in PLOT)
        return NewPlace(to, activity, case, is_same=same)
    if not PLACE & set(changed) and "activity" not in answers:
        return None
    at = {**registered, "area": int(registered["area"]), "floor": shop.floor}
    return NewPlace(at, activity, case, is_declared=False, is_same=stays)


def place_of_offer(offer: Offer, answers: Mapping[str, Mapping[str, Any]]) -> NewPlace | None:
    """The new place of a renewal that is not sent yet."""
    condition = next((one for one in offer.unmet if one.code == "unchanged"), None)
    place = new_place(offer.shop, answers, condition.facts["fields"] if condition is not None else (), offer.shop.registered_facts())
    if place is not None and offer.licence is not None:
        place.last_day = offer.licence.last_day
    return place


def place_of_renewal(renewal: Renewal, shop: Shop) -> NewPlace | None:
    """The new place of a renewal that was sent, as it is declared now."""
    declared = {row.name: row.after for row in queries.declared_changes(renewal)}
    changed = changed_fields(queries.facts_of(renewal.licence, before=renewal), renewal.registered_facts)
    return new_place(shop, declared, changed, renewal.registered_facts, case=renewal.case)


def kept_of(case: Case) -> KeptThen | None:
    """The answer that was kept with a case when its address was sent last; None where the address stays. One query."""
    event = _event_of(case)
    return _kept(event) if event is not None else None


def _kept(event: AuditEvent) -> KeptThen:
    return KeptThen(places.kept(event.data), event.at, event.data.get("is_same", False))


def _event_of(case: Case) -> AuditEvent | None:
    return AuditEvent.objects.filter(subject=case.key, action=KEPT).order_by("-pk").first()


def keep(case: Case, place: NewPlace, *, actor: Actor) -> None:
    """Keep the answer with the case as an audit event, in the caller's transaction."""
    record(KEPT, subject=case.key, actor=actor, data={**place.answer.facts(), "is_same": place.is_same})
