"""Requesting a correction of a shop's page, replying to a finding, and applying the decisions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.limits import AttemptLimit
from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.cases.services import advance, open_case
from municipality.delegation.authorization import Access, authorize
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.kernel.subjects import SubjectKey
from municipality.notifications.services import send
from municipality.review.services import case_clock, queue
from municipality.rulebook import queries as rulebook
from shops.models import Correction, Reply, Shop
from shops.public_page import facts
from shops.public_page import queries as page_queries
from shops.public_page.notifications import PageCorrected, PageRequestSent
from shops.public_page.states import CORRECTION, REPLY
from shops.register import queries
from shops.registry import FindingFact, finding_of

CORRECTION_LIMIT = AttemptLimit("page_corrections", 5, 86_400)  # a person, a day
REPLY_LIMIT = AttemptLimit("page_replies", 10, 86_400)
LIMITS = {CORRECTION: "limits.review", REPLY: "limits.reply"}
EDITIONS = {CORRECTION: ("replies.correction", "checks.correction"), REPLY: ("replies.reply", "checks.reply")}


def promised(service: str) -> dt.date:
    """The day by which a request sent now is answered. Raises Refused("no_edition")."""
    return case_clock.promised_day(rulebook.edition(LIMITS[service], clock.today()))


def subject_of(shop: Shop, fact: str) -> str:
    """The subject key of a correction: one fact of one shop, so that only one is open."""
    return str(SubjectKey("shop_fact", f"{shop.public_id}-{fact}"))


def _check_limit(limit: AttemptLimit, person: User) -> None:
    if not limit.take(person.key):
        refusal = Refused("too_often", _("You have sent as many as a day allows. Please send the rest tomorrow."))
        refusal.status = 429
        raise refusal


def ask_correction(*, shop: Shop, person: User, fact: str, proposed: Mapping[str, Any], why: str) -> Case:
    """Request the correction of a fact; an officer of the branch answers by the promised day.

    Raises Refused: not_offered, unchanged, asked_already, too_often (status 429).
    """
    if fact not in facts.offered(shop):
        raise Refused("not_offered", _("This fact of the page cannot be corrected now."))
    if facts.read(shop, fact) == dict(proposed):
        raise Refused("unchanged", _("The page already says this. Write the correct value instead."))
    if cases.open_for(CORRECTION, subject_of(shop, fact)) is not None:
        raise Refused("asked_already", _("A correction of this fact is being looked at already. Its answer will stand on the page."))
    _check_limit(CORRECTION_LIMIT, person)
    return _open_correction(shop, person, fact, dict(proposed), why)


@transaction.atomic
def _open_correction(shop: Shop, person: User, fact: str, proposed: dict[str, Any], why: str) -> Case:
    actor = actor_of(person)
    row = Shop.objects.select_related("branch").get(pk=shop.pk)
    case = _open_case(CORRECTION, row, subject_of(row, fact), person, actor, series="COR")
    Correction.objects.create(case=case, shop=row, fact=fact, before=facts.read(row, fact), proposed=proposed, why=why)
    return _send(case, row, person, actor)


def _open_case(service: str, shop: Shop, subject: str, person: User, actor: Actor, *, series: str, held_under: str = "") -> Case:
    today = clock.today()
    limits = rulebook.edition(LIMITS[service], today)
    return open_case(
        service=service,
        subject=subject,
        title_ar=shop.name_ar,
        title_en=shop.name_en or shop.name_ar,
        applicant=person,
        branch=shop.branch,
        series=series,
        editions=[limits, *rulebook.editions(EDITIONS[service], today), rulebook.calendar_edition()],
        actor=actor,
        held_under=held_under,
        organisation=shop.organisation if held_under else None,  # a correction is of whoever proposes it
        due_on=case_clock.promised_day(limits),
    )


def _send(case: Case, shop: Shop, person: User, actor: Actor) -> Case:
    advance(case, "send", actor=actor)
    queue.join(case=case, actor=actor)
    case.refresh_from_db()
    context = {"case": case, "shop": shop, "due_on": case.due_on, "is_reply": case.service == REPLY}
    send(PageRequestSent, person=person, key=case.public_id, subject_key=case.key, context=context)
    return case


def replyable(key: str, user: User) -> tuple[FindingFact, Shop, Access] | None:
    """A published finding, its shop, and the access of `user` to reply; None if there is none.

    Raises NotYours for strangers, NotPermitted where a grant has ended.
    """
    finding = finding_of(key)
    shop = Shop.objects.filter(pk=finding.shop).first() if finding is not None else None
    if finding is None or shop is None:
        return None
    return finding, shop, authorize(user, shop, REPLY)


def reply(*, finding: FindingFact, person: User, text: str) -> Case:
    """Reply to a finding as the shop's holder or delegate; published after review.

    Raises NotPermitted for other users; Refused: replied_already, asked_already, too_often (status 429).
    """
    shop = Shop.objects.select_related("branch", "owner", "organisation").get(pk=finding.shop)
    access = authorize(person, shop, REPLY)
    if Reply.objects.filter(finding=finding.key, published_at__isnull=False).exists():
        raise Refused("replied_already", _("A reply is already published beside this finding."))
    if cases.open_for(REPLY, finding.key) is not None:
        raise Refused("asked_already", _("A reply to this finding is already being read."))
    _check_limit(REPLY_LIMIT, person)
    return _reply(finding, shop, access.person, access.actor, text)


@transaction.atomic
def _reply(finding: FindingFact, shop: Shop, holder: User, actor: Actor, text: str) -> Case:
    case = _open_case(REPLY, shop, finding.key, holder, actor, series="REP", held_under=shop.key)
    Reply.objects.create(case=case, shop=shop, finding=finding.key, text=text)
    return _send(case, shop, holder, actor)


def corrected(case: Case) -> None:
    """After an officer's approval: write the correction to the register and notify the holders. In the decision's transaction."""
    row, actor = page_queries.correction_of(case), cases.last_actor(case)
    facts.write(shop=row.shop, fact=row.fact, proposed=row.proposed, source=case.key, actor=actor)
    shop = Shop.objects.select_related("owner", "organisation").get(pk=row.shop_id)
    for person in queries.owners(shop):
        if person.pk != case.applicant_id:
            send(PageCorrected, person=person, key=case.public_id, subject_key=case.key, context={"shop": shop})


def published(case: Case) -> None:
    """After an officer's approval: publish the reply. In the decision's transaction."""
    row = Reply.objects.select_for_update(of=("self",)).get(case=case)
    row.published_at = clock.now()
    row.save(update_fields=["published_at"])
    record("reply.published", subject=case.key, actor=cases.last_actor(case), data={"finding": row.finding})


def leave_unchanged(case: Case) -> None:
    """A refusal changes nothing."""
