"""A request for a new licence: from the draft to the officer, answers to corrections, and what ends it early."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from licensing.health import rules as health_rules
from licensing.health.new_licence import places, queries
from licensing.health.new_licence.forms import COMMERCIAL
from licensing.health.new_licence.models import ADDRESS
from licensing.health.new_licence.notifications import NewLicenceLapsed, NewLicenceSent
from licensing.health.new_licence.states import NEW_LICENCE, WAITS, NewLicenceState
from licensing.inspections import services as inspections
from licensing.inspections.states import OPEN, InspectionState
from licensing.models import Inspection, NewLicence
from municipality.accounts.models import Organisation, User, actor_of
from municipality.accounts.queries import organisations_signed_by
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.cases.services import advance, open_case
from municipality.delegation.authorization import authorize
from municipality.delegation.organisations import key_of as organisation_key
from municipality.drafts import services as drafts
from municipality.drafts.models import Draft
from municipality.incidents.services import HELD_SECONDS
from municipality.jobs.errors import OnHold
from municipality.kernel import clock, ids
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.subjects import SubjectKey
from municipality.notifications.services import send
from municipality.places import queries as all_places
from municipality.places.models import Area
from municipality.review.services import case_clock, corrections, queue
from municipality.rulebook import queries as rulebook
from municipality.uploads import queries as upload_queries
from municipality.uploads import services as upload_services
from payments.rules import Line
from payments.services import void_bill_of

SYSTEM = system("licensing")
PAGE = "request"  # the one page of a draft


def files_key(draft: Draft) -> str:
    """The subject key of the files of a request, as a draft and afterwards."""
    return f"new_licence:{draft.public_id}"


def answers_of(draft: Draft) -> dict[str, Any]:
    """What a draft keeps; empty before its page was saved."""
    return dict(draft.answers.get(PAGE, {}))


def draft_at(person: User, answers: dict[str, Any]) -> Draft | None:
    """The person's open draft for the same place, or None."""
    mine = Draft.objects.filter(person=person, service=NEW_LICENCE, closed_at__isnull=True, expires_at__gt=clock.now()).order_by("pk")
    return next((draft for draft in mine if _place_key(person, answers_of(draft)) == _place_key(person, answers)), None)


def _place_key(person: User, answers: dict[str, Any]) -> str:
    """The subject of a request: the place and its person, of whom one request may be open for it at a time."""
    named = [person.pk, *(str(answers.get(name, "")).casefold() for name in ("area", *ADDRESS))]
    return str(SubjectKey("new_shop", hashlib.sha256(json.dumps(named).encode()).hexdigest()[:40]))


@transaction.atomic
def keep(*, person: User, answers: dict[str, Any], draft: Draft | None = None, version: int = 0) -> Draft:
    """Keep a request that was filled in, in the person's draft; the one for the same place goes on.

    Raises EditConflict where another device changed it since `version`, Refused("draft_closed"), and what `_check` does.
    """
    _check(person, answers)
    if draft is None and (draft := draft_at(person, answers)) is None:
        draft = drafts.begin(person=person, service=NEW_LICENCE, subject=str(SubjectKey("new_shop", ids.public_id())))
    return drafts.answer(draft=draft, page=PAGE, answers=answers, version=version or draft.version, actor=actor_of(person))


def _check(person: User, answers: dict[str, Any]) -> Organisation | None:
    """The organisation that is to hold the licence. Raises Refused("competent_authority", "already_open"), NotPermitted."""
    if rulebook.competent_authority(answers["activity"], clock.today()) != health_rules.MUNICIPALITY:
        text = _("The Municipality does not license the chosen activity. Choose another, or apply to its body.")
        raise Refused("competent_authority", text)
    if cases.open_for(NEW_LICENCE, _place_key(person, answers)) is not None:
        raise Refused("already_open", _("Your request for this place is open already. It is listed under “My requests”."))
    if answers["holder"] == "me":
        return None
    chosen = organisations_signed_by(person).filter(public_id=answers["holder"]).first()
    if chosen is None:
        raise NotPermitted("not_yours", _("You do not sign for this organisation any more. Choose who is to hold the licence."))
    return chosen


def least_lines(answers: dict[str, Any], editions: dict[str, Any]) -> list[Line]:
    """The bill of the fewest years that a request may come to: those that are usual, or one where the commercial licence decides."""
    years = 1 if answers["term"] == COMMERCIAL else queries.usual_years(editions["limits.health"])
    return queries.health.fee_lines(editions[queries.FEES], years, code="new")


@transaction.atomic
def submit(*, draft: Draft, person: User, version: int, expected_fils: int, expected_zoning: str) -> Case:
    """Send a draft to an officer: case, frozen facts with today's zoning answer, queue entry and message in one transaction.

    Raises Refused: what `keep` does, "draft_closed", "draft_changed", "files_waiting", "no_documents", "price_changed",
    "zoning_changed" when the answer is not the one marked `expected_zoning`; NotPermitted.
    """
    row = Draft.objects.select_for_update(of=("self",)).get(pk=draft.pk)
    answers, key, actor, editions = answers_of(row), files_key(row), actor_of(person), queries.editions()
    if not row.is_open or not answers:
        raise Refused("draft_closed", _("This request has already been sent or deleted. It is listed under “My requests”."))
    if row.version != version:
        raise Refused("draft_changed", _("An answer has been changed on another device. Check your answers and send again."))
    organisation = _check(person, answers)
    upload_services.refuse_waiting(key)
    if missing := upload_queries.missing(key, queries.slots(editions[queries.FILES])):
        names = _(", ").join(str(queries.SLOTS[slot].label) for slot in missing)
        raise Refused("no_documents", _("Still missing: %(documents)s. Add it and send again.") % {"documents": names})
    if sum(line.fils for line in least_lines(answers, editions)) != expected_fils:
        raise Refused("price_changed", _("The fee changed while the page was open. Check the new amounts and submit again."))
    place = places.place_of_answers(answers)
    if place.mark != expected_zoning:
        raise Refused("zoning_changed", _("The zoning answer for the place changed while the page was open. Read it and send again."))
    area = Area.objects.select_related("governorate").get(pk=answers["area"])
    case = open_case(
        service=NEW_LICENCE,
        subject=_place_key(person, answers),
        title_ar=answers["name_ar"],
        title_en=answers["name_en"],
        applicant=person,
        organisation=organisation,
        branch=all_places.branch_of(area),
        series="HN",
        editions=[*editions.values(), rulebook.calendar_edition()],
        actor=actor,
        due_on=case_clock.promised_day(editions[queries.STUDY]),
        held_under=organisation_key(organisation) if organisation is not None else "",
    )
    _save(case, organisation, answers, key, place)
    drafts.send(draft=row, sent_as=case.key, actor=actor)
    advance(case, "send_to_officer", actor=actor, data={"zoning": place.answer.outcome})
    queue.join(case=case, actor=actor)
    case.refresh_from_db()
    send(NewLicenceSent, person=person, key=case.public_id, subject_key=case.key, context={"case": case, "due_on": case.due_on})
    return case


def _save(case: Case, organisation: Organisation | None, answers: dict[str, Any], key: str, place: places.NewShopPlace) -> NewLicence:
    plain = ("name_ar", "name_en", "area_m2", "manager_name_ar", "manager_name_en", *ADDRESS)
    return NewLicence.objects.create(
        case=case,
        organisation=organisation,
        activity_id=answers["activity"],
        area_id=answers["area"],
        **{name: answers[name] for name in plain},
        **{f"manager_{name}": answers[name] for name in ("civil_id_digest", "civil_id_cipher", "civil_id_masked")},
        ends_with_commercial=answers["term"] == COMMERCIAL,
        zoning_answer=place.answer.facts(),
        against_zoning=place.is_against,
        files_key=key,
        declared_at=clock.now(),
    )


@transaction.atomic
def discard(*, draft: Draft, person: User) -> None:
    """Delete a draft with its files. Raises Refused("draft_closed")."""
    drafts.discard(draft=draft, actor=actor_of(person))
    upload_services.drop_all(files_key(draft), reason="draft_ended", actor=actor_of(person))


def answer_corrections(*, case: Case, person: User) -> None:
    """Send the files that were asked for. Raises what `corrections.answer_with_files` does."""
    corrections.answer_with_files(case=case, person=person, slots=queries.SLOTS, key=queries.key_of(case))


@transaction.atomic
def withdraw(*, case: Case, person: User) -> None:
    """Withdraw an unpaid request. Raises Refused("payment_open") while the bank has not answered, NotPermitted for other users."""
    actor = authorize(person, case).actor
    void_bill_of(case, actor)
    advance(case, "withdraw", actor=actor)
    queue.leave(case=case, actor=actor, code="withdrawn")
    _cancel_inspection(case, actor)


def _cancel_inspection(case: Case, actor: Actor) -> None:
    """An inspection that is under way ends with its request."""
    for row in Inspection.objects.filter(case=case, state__in=OPEN):
        inspections.cancel(inspection=row, actor=actor, reason="request_closed")


@transaction.atomic
def expire(*, case: Case, state: str) -> None:
    """Close a request that is still in one of `WAITS` after its time; does nothing in another state.

    Raises OnHold while its inspection is open, or what failed may still be put right: the visit may be later, where no day was free.
    """
    locked = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=case.pk)
    if locked.state != state or state not in WAITS:
        return
    under_way = Q(state__in=OPEN) | Q(state=InspectionState.FAILED, put_right_by__gte=clock.today())
    if state == NewLicenceState.INSPECTION and Inspection.objects.filter(under_way, case=locked).exists():
        raise OnHold("inspection", "the inspection of the request is under way", seconds=HELD_SECONDS)
    void_bill_of(locked, SYSTEM)
    advance(locked, "expire", actor=SYSTEM)
    send(NewLicenceLapsed, person=locked.applicant, key=locked.public_id, subject_key=locked.key, context={"case": locked})


def lapse_unanswered() -> int:
    """Close requests whose corrections were not answered in the rulebook's time. Returns how many."""
    return corrections.lapse_unanswered(service=NEW_LICENCE, sweep="licensing.lapse_new", message=NewLicenceLapsed, actor=SYSTEM)


def drop_files() -> int:
    """Delete the files of closed drafts that were never sent. Returns how many."""
    return drafts.drop_unsent_files("new_licence", sweep="licensing.drop_new_files", actor=SYSTEM)
