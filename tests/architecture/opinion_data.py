"""Opinions of the sample, their pages, and attacks on their guards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.drafts.models import Draft
from municipality.kernel import clock
from municipality.review.models import Decision
from municipality.review.services import desk
from tests import desk_acts
from tests.factories import opinions
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.review import OfficerFactory
from zoning.models import Consultation, Opinion, OpinionDraft, RuleTask
from zoning.opinion.services import consultations, study
from zoning.opinion.states import OPINION

if TYPE_CHECKING:
    from tests.architecture.access_matrix import Row
    from tests.architecture.page_responses import Visit
    from tests.architecture.sample_data import Sample

ASKER = "290010108806"
CASES = ("signed", "held", "unpaid")
WORDS = {"text_ar": "انتقلت المدرسة.", "text_en": "The school moved."}


@dataclass
class OpinionRows:
    """`signed` deviates and waits for its seal, `held` is on the planner's desk, the others wait in the queue or for their fee."""

    planner: User
    asker: User
    signed: Opinion
    held: Opinion
    safe: Opinion  # permitted, a body on health has not answered
    open: Opinion  # permitted, a body has not answered
    unpaid: Opinion
    draft: Draft

    @property
    def task(self) -> RuleTask:
        return RuleTask.objects.get(opinion=self.signed)


def fill(sample: Sample) -> OpinionRows:
    """A planner and a supervisor of the branch of the sample's plots, and requests of one person about one of them."""
    plot = sample.zoning.plot
    branch = plot.area.governorate.branch.pk
    planner = OfficerFactory(login="planner", groups=["planner", "officer"], branch_id=branch, skills=["zoning"])
    head = StaffFactory(supervisor=True, login="head-of-planners", branch_id=branch)
    asker = PersonFactory(civil_id=ASKER, name_ar="عادل السائل", name_en="Adel Al-Sael")
    signed, held = opinions.paid(plot, asker), opinions.paid(plot, asker)
    safe, waiting = opinions.paid(plot, asker, activity="PHRM"), opinions.paid(plot, asker, activity="LAUN")
    unpaid = opinions.submitted(plot, asker)
    for opinion in (signed, held):
        assignment = desk_acts.checked(desk_acts.assigned(planner))
        for row in opinion.consultations.all():
            consultations.record_answer(consultation=row, officer=planner, answer="no_objection")
        study.write_draft(assignment=assignment, outcome="permitted", code="layer_outdated", **WORDS)
        if opinion == signed:
            desk.sign(decision=desk.accept(assignment=assignment), supervisor=head)
    return OpinionRows(planner, asker, signed, held, safe, waiting, unpaid, opinions.begun(plot, asker))


def fresh(sample: Sample) -> Case:
    """A case of an opinion in its first state."""
    like = Case.objects.get(pk=sample.opinions.unpaid.case_id)
    like.pk = like.last_event = None
    like.public_id, like.reference, like.subject = "z" * 26, "ZO-2026-999999-X", "plot_opinion:walked"
    like.state = "draft"
    like._state.adding = True
    like.save()
    return like


def grounds(row: Case, target: str, sample: Sample) -> None:
    """A draft that agrees, before an opinion is decided."""
    if row.service != OPINION or target not in ("countersign", "decided") or Opinion.objects.filter(case=row).exists():
        return
    like = Opinion.objects.get(pk=sample.opinions.unpaid.pk)
    like.pk, like.case, like.files_key = None, row, "opinion:walked"
    like._state.adding = True
    like.save()
    _write_draft(like)


# --- Attacks on their guards -------------------------------------------------------------------------------------------------


def _write_draft(opinion: Opinion, outcome: str = "permitted", agreement: str = "agrees") -> None:
    OpinionDraft.objects.create(
        opinion=opinion, outcome=outcome, agreement=agreement, made_by=User.objects.get(login="planner"), made_at=clock.now(), **WORDS
    )


def _decide(opinion: Opinion) -> None:
    """The planner alone decides, by SQL's own way."""
    from tests.architecture import state_changes

    planner = User.objects.get(login="planner")
    Decision.objects.create(case=opinion.case, outcome="accept", digest="d" * 64, made_by=planner, made_at=clock.now())
    state_changes.event(opinion.case, "accept", "in_review", "decided")


def _on_silence(opinion: Opinion, *, silent: bool) -> None:
    _write_draft(opinion)
    now = clock.now()
    rows = Consultation.objects.filter(opinion=opinion)
    if silent:  # past its deadline, which nothing here moves
        others = rows.filter(is_safety=False)
        others.update(answer="no_objection", answered_at=now, recorded_by=User.objects.get(login="planner"))
        rows.filter(is_safety=True).update(answer="objection", answered_at=now, recorded_by=User.objects.get(login="planner"))
    _decide(opinion)


def _issue(opinion: Opinion) -> None:
    from tests.architecture import state_changes

    state_changes.event(opinion.case, "issue", "decided", "issued")


def _again(opinion: Opinion, **twice: str) -> None:
    """What is set once is set a second time."""
    rows = Consultation.objects.filter(opinion=opinion, is_safety=False)
    for words in twice.values():
        rows.update(words=words)


def _another_document(sample: Sample) -> None:
    from tests.architecture import state_changes

    rows = Opinion.objects.filter(pk=sample.opinions.signed.pk)
    for number in ("TST-2026-999997-X", "TST-2026-999996-X"):
        rows.update(document=state_changes.fresh_document(sample, number))


def _heard_again(sample: Sample) -> None:
    late = Consultation.objects.filter(opinion=sample.opinions.open)
    for row in late:
        for days in (0, 1):
            late.update(silent_at=row.due_at + dt.timedelta(days=days))


def _done_again(sample: Sample) -> None:
    for result in ("a", "b"):
        RuleTask.objects.update(done_at=clock.now(), done_by=sample.opinions.planner, result=result)


BY_HAND: dict[str, Callable[[Sample], None]] = {
    "cases_caseevent_opinion_signed": lambda sample: _decide(sample.opinions.held),
    "cases_caseevent_opinion_safe": lambda sample: _on_silence(sample.opinions.safe, silent=True),
    "cases_caseevent_opinion_heard": lambda sample: _on_silence(sample.opinions.open, silent=False),
    "cases_caseevent_opinion_task": lambda sample: _issue(sample.opinions.held),
    "zoning_opiniondraft_open": lambda sample: _write_draft(sample.opinions.signed),
    "zoning_opinion_document_once": _another_document,
    "zoning_consultation_silent_once": _heard_again,
    "zoning_consultation_answered_once": lambda sample: _again(sample.opinions.signed, first="a", second="b"),
    "zoning_ruletask_done_once": _done_again,
}


# --- Who may open what -------------------------------------------------------------------------------------------------------


def rows() -> list[Row]:
    """The addresses of opinions in the matrix of access."""
    from tests.architecture.access_matrix import ASKS, ELSEWHERE, HIDDEN, HIDDEN_FORM, NO, NO_FORM, READ, UNSAID, everybody, own, staff

    unpaid, order = "/{lang}/opinions/{s.opinions.unpaid.case.public_id}", "/{lang}/opinions/{s.opinions.draft.public_id}/"
    question, asked = "/{lang}/plots/{s.zoning.plot.public_id}/opinion/", "200 200 400 405 405 405"
    return [
        everybody("/{lang}/zoning/silence/", READ),
        own(question, asked, asked, counter=NO),
        own(order, HIDDEN_FORM, HIDDEN_FORM, asker=asked),
        own(f"{unpaid}/withdraw/", HIDDEN_FORM, HIDDEN_FORM, asker=ASKS),
        own(f"{unpaid}/corrections/", HIDDEN_FORM, HIDDEN_FORM, asker=ELSEWHERE, why="nothing is asked for"),
        own("/{lang}/cases/{s.opinions.unpaid.case.public_id}/", HIDDEN, HIDDEN, asker=READ),
        staff("/admin/opinions/tasks/", NO_FORM, "200 200 403 405 405 405", planner=UNSAID, why="an auditor reads"),
        staff("/admin/opinions/{s.opinions.held.case.public_id}/", HIDDEN_FORM, HIDDEN_FORM, planner=UNSAID),
    ]


def visits() -> list[Visit]:
    """The pages of opinions, of the person and of the planner."""
    from tests.architecture.page_responses import Visit

    question, order = "/{lang}/plots/{s.zoning.plot.public_id}/opinion/", "/{lang}/opinions/{s.opinions.draft.public_id}/"
    case = "/{lang}/cases/"
    study_page, unpaid = "/admin/opinions/{s.opinions.held.case.public_id}/", "/{lang}/opinions/{s.opinions.unpaid.case.public_id}/"
    return [
        Visit("/{lang}/zoning/silence/"),
        Visit(question, "asker"),
        Visit(f"{question}?activity=WSAL&floor=0", "asker", note="from the answer"),
        Visit(question, "asker", post={}, status=400, note="empty"),
        Visit(order, "asker"),
        Visit(order, "asker", post={"total": "1"}, status=409, note="another price"),
        Visit(f"{unpaid}withdraw/", "asker"),
        *(
            Visit(f"{case}{{s.opinions.{name}.case.public_id}}/", "asker", note=f"an opinion, {name}")
            for name in ("signed", "held", "unpaid")
        ),
        Visit(study_page, "planner"),
        Visit(study_page, "planner", post={"act": "draft"}, status=409, note="empty"),
        Visit(study_page, "planner", post={"act": "answer"}, status=409, note="no body"),
        Visit("/admin/desk/{s.opinions.held.case.public_id}/", "planner", note="an opinion"),
        Visit("/admin/opinions/tasks/", "planner"),
        Visit("/admin/opinions/tasks/", "planner", post={}, status=409, note="empty"),
    ]
