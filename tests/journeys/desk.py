"""The staff's side of a journey, through the services of the desk: called inside the portal's own shell."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.services import place_block
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.review.models import Assignment, QueueEntry, Skill
from municipality.review.services import desk, queue
from shops.claims import services as claims
from shops.claims.states import CLAIM
from tests import desk_acts


def _staff(role: str, login: str, branch_id: str) -> User:
    user, created = User.objects.get_or_create(
        login=login, defaults={"name_ar": "هدى المطيري", "name_en": "Huda Al-Mutairi", "is_staff": True, "branch_id": branch_id}
    )
    if created:
        user.groups.add(Group.objects.get(name=role))
    return user


def assign(public_id: str) -> Assignment:
    """Hand cases of the branch out, each to an officer of its own, until this one is in somebody's hands."""
    case = Case.objects.get(public_id=public_id)
    branch = QueueEntry.objects.get(case=case).branch_id
    giver = _staff("supervisor", f"giver-{branch}", branch)
    for number in range(1, 200):
        officer: Any = _staff("officer", f"holder-{branch}-{number}", branch)
        if not Skill.objects.filter(officer=officer).exists():
            with transaction.atomic():
                Skill.objects.create(officer=officer, code="health", given_by=giver, given_at=clock.now())
        held = queue.next_case(officer=officer)
        if held is not None and held.place.case_id == case.pk:
            return held
    raise LookupError(public_id)


def ask(public_id: str) -> None:
    """Ask for the area to be corrected."""
    desk.ask_corrections(assignment=desk_acts.checked(assign(public_id)), items=[desk.CorrectionRequest("area_differs", "area_m2")])


def end_sessions(name_en: str) -> None:
    """Let every session of a person have been quiet for sixteen minutes."""
    from allauth.usersessions.models import UserSession
    from django.contrib.sessions.backends.db import SessionStore

    for row in UserSession.objects.filter(user__name_en=name_en):
        store = SessionStore(session_key=row.session_key)
        store["seen_at"] = store.get("seen_at", 0) - 16 * 60
        store.save()


def first_for(public_id: str, login: str) -> None:
    """Let a member of the demo's staff find this case by the button: their own desk is emptied, colleagues take what waits before it."""
    case = Case.objects.get(public_id=public_id)
    if case.service == CLAIM:  # as after the days of its holder
        with transaction.atomic():
            claims.join_heard(case.pk)
    place = QueueEntry.objects.get(case=case)
    mine = Assignment.objects.filter(officer__login=login, ended_at__isnull=True).exclude(place=place)
    for row in mine.filter(place__state__in=("held", "answered")):
        queue.release(assignment=row, code="idle")
    giver = _staff("supervisor", f"giver-{place.branch_id}", place.branch_id)
    if place.skill != "health":
        _skilled(User.objects.get(login=login), giver)
    for number in range(1, 400):
        if not QueueEntry.objects.filter(branch=place.branch_id, state="waiting", pk__lt=place.pk).exists():
            return
        officer: Any = _staff("officer", f"colleague-{place.branch_id}-{number}", place.branch_id)
        _skilled(officer, giver)
        assignment = queue.next_case(officer=officer)
        if assignment is None or assignment.place_id >= place.pk:
            raise LookupError(public_id)
    raise LookupError(public_id)


def _skilled(officer: User, giver: User) -> None:
    """Every field of work that a case of a journey may need."""
    for code in ("health", "boards", "claims", "objections", "pages", "zoning"):
        if not Skill.objects.filter(officer=officer, code=code, ended_at__isnull=True).exists():
            with transaction.atomic():
                Skill.objects.create(officer=officer, code=code, given_by=giver, given_at=clock.now())


def violation_report(shop_id: str, offence: str) -> None:
    """A violation report about a shop, written by the inspector of its branch, at once."""
    from uuid import uuid4

    from shops.models import Shop
    from violations.services import violation_reports
    from violations.services.assessments import Findings

    shop = Shop.objects.select_related("area", "activity").get(public_id=shop_id)
    login = f"inspector{'2' if shop.activity.is_womens else ''}.{shop.branch_id.lower()}"
    seen = Findings(client_key=str(uuid4()), offence=offence, seen_at=clock.now(), area=shop.area, shop=shop, note_ar="أكياس أمام الباب")
    violation_reports.record(inspector=User.objects.get(login=login), findings=seen)


def block(public_id: str) -> None:
    """Place a block on the shop of a case that forbids a licence."""
    case = Case.objects.get(public_id=public_id)
    place_block(
        subject=case.subject,
        ground="closing_order",
        source=f"journey:{public_id}",
        stops=case.service,
        sentence_ar="صدر أمر بإغلاق المحل.",
        sentence_en="The shop was ordered to close.",
        actor=system("tests"),
    )


def return_deposit(board: str) -> None:
    """The cashier proposes the return of the deposit of a board (public id), a second person approves it.

    The bank is asked at once, instead of after the quarter of an hour in which it may still take the payment back.
    """
    from licensing.models import Board
    from municipality.jobs.models import Job
    from payments.models import RefundDue
    from payments.services import approve_refund, propose_refund
    from payments.services.returns import remaining_of

    row = Board.objects.select_related("request__case").get(public_id=board)
    subject = f"case:{row.request.case.public_id}"
    refund = RefundDue.objects.get(line__bill__subject=subject, line__code=f"boards.deposit_{row.line}")
    branch = row.request.shop.branch_id
    propose_refund(
        refund=refund, proposed_by=_staff("cashier", f"cashier-{branch}", branch), code="deposit_over", remaining_fils=remaining_of(refund)
    )
    checker = _staff("finance_checker", f"checker-{branch}", branch)
    approve_refund(refund=refund, approved_by=checker, remaining_fils=remaining_of(refund))
    Job.objects.filter(kind="payments.send_refund", args={"refund_id": refund.pk}).update(due_at=clock.now())


def approve(public_id: str) -> None:
    """Approve a case, with every question of its checklist answered."""
    desk.accept(assignment=desk_acts.checked(assign(public_id)))
