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
from municipality.kernel.actors import system
from municipality.kernel.transitions import transition
from municipality.places.models import Branch
from municipality.review.models import Assignment, Decision
from municipality.review.services import desk
from municipality.review.services import staff as staff_services
from tests import desk_acts
from tests.architecture import review_data
from tests.factories import opinions
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.review import OfficerFactory
from zoning.models import Consultation, Opinion, OpinionDraft, OpinionObjection, RuleTask
from zoning.objections import services as objections
from zoning.objections.states import OBJECTION
from zoning.opinion.services import consultations, study
from zoning.opinion.states import OPINION

if TYPE_CHECKING:
    from tests.architecture.access_matrix import Row
    from tests.architecture.page_responses import Visit
    from tests.architecture.sample_data import Sample

BY = system("tests")
ASKER = "290010108806"
CASES = ("signed", "held", "unpaid")
WORDS = {"text_ar": "انتقلت المدرسة.", "text_en": "The school moved."}


@dataclass
class OpinionRows:
    """`signed` deviates and waits for its seal, `objected` and `told` are issued and there is an objection to the first, `held` is on the
    planner's desk, the others wait in the queue or for their fee. `elsewhere` is a planner of another branch."""

    planner: User
    asker: User
    elsewhere: User
    signed: Opinion
    objected: Opinion
    told: Opinion
    held: Opinion
    safe: Opinion  # permitted, a body on health has not answered
    open: Opinion  # permitted, a body has not answered
    unpaid: Opinion
    draft: Draft
    objection: OpinionObjection

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
    other = Branch.objects.exclude(pk=branch).order_by("pk")[0]
    elsewhere = OfficerFactory(login="planner-elsewhere", groups=["planner", "officer"], branch_id=other.pk, skills=["zoning"])
    signed, objected, told, held = (opinions.paid(plot, asker) for _number in range(4))
    safe, waiting = opinions.paid(plot, asker, activity="PHRM"), opinions.paid(plot, asker, activity="LAUN")
    unpaid = opinions.submitted(plot, asker)
    for opinion in (signed, objected, told, held):
        assignment = desk_acts.checked(desk_acts.assigned(planner))
        for row in opinion.consultations.all():
            consultations.record_answer(consultation=row, officer=planner, answer="no_objection")
        study.write_draft(assignment=assignment, outcome="permitted", code="layer_outdated", **WORDS)
        if opinion != held:
            desk.sign(decision=desk.accept(assignment=assignment), supervisor=head)
    for number, opinion in enumerate((objected, told)):
        _seal(sample, opinion, f"ZOP-2026-99999{number}-X")
    objection = objections.file(case=objected.case, person=asker, words="انتقلت المدرسة.", lot=lambda _branches: other)
    rows = (signed, objected, told, held, safe, waiting, unpaid)
    return OpinionRows(planner, asker, elsewhere, *rows, opinions.begun(plot, asker), objection)


def _seal(sample: Sample, opinion: Opinion, number: str) -> None:
    from tests.architecture import state_changes

    document = state_changes.fresh_document(sample, number)
    document.holder_key, document.valid_from, document.valid_to = opinion.case.applicant.key, clock.today(), clock.today()
    document.save()
    Opinion.objects.filter(pk=opinion.pk).update(document=state_changes.walk(document, "active", sample))
    transition(Case.objects.get(pk=opinion.case_id), "issue", actor=BY, is_open=False, closed_at=clock.now())


def fresh(sample: Sample) -> Case:
    """A case of an opinion in its first state."""
    like = Case.objects.get(pk=sample.opinions.unpaid.case_id)
    like.pk = like.last_event = None
    like.public_id, like.reference, like.subject = "z" * 26, "ZO-2026-999999-X", "plot_opinion:walked"
    like.state = "draft"
    like._state.adding = True
    like.save()
    return like


def fresh_objection(sample: Sample) -> Case:
    """A case of an objection in its first state, in another branch than its opinion."""
    like = Case.objects.get(pk=sample.opinions.unpaid.case_id)
    like.pk = like.last_event = None
    number = Case.objects.count()
    like.public_id, like.reference, like.subject = f"b{number:025d}", f"ZOB-2026-9{number:05d}-X", f"plot_opinion:objected{number}"
    like.service, like.state, like.branch = OBJECTION, "draft", sample.opinions.elsewhere.branch
    like._state.adding = True
    like.save()
    return like


def grounds(row: Case, target: str, sample: Sample) -> None:
    """A draft that agrees, before an opinion or an objection is decided; an upheld objection, before a question is studied anew."""
    anew = row.service == OPINION and (row.state, target) == ("draft", "in_review")
    if anew:
        _upheld(sample)
    if row.service not in (OPINION, OBJECTION) or not (anew or target in ("countersign", "decided")):
        return
    opinion = Opinion.objects.filter(case=row).first() or _question_again(sample, row, first=anew or row.service == OBJECTION)
    if not anew and not opinion.drafts.exists():
        _write_draft(opinion, by="planner-elsewhere")


def _question_again(sample: Sample, case: Case, *, first: bool) -> Opinion:
    """The question of `unpaid`, or of `told` again, in another case."""
    like = Opinion.objects.get(pk=(sample.opinions.told if first else sample.opinions.unpaid).pk)
    like.first_id = like.pk if first else None
    like.pk, like.case, like.document, like.files_key = None, case, None, "opinion:walked"
    like._state.adding = True
    like.save()
    return like


def _objection(sample: Sample, case: Case) -> OpinionObjection:
    """An objection to `told`, by hand."""
    if not Opinion.objects.filter(case=case).exists():
        _question_again(sample, case, first=True)
    fields = {"opinion": sample.opinions.told, "words": "x", "answer_by": clock.today(), "filed_at": clock.now()}
    return OpinionObjection.objects.create(case=case, **fields)


def _upheld(sample: Sample) -> None:
    from tests.architecture import state_changes

    if not OpinionObjection.objects.filter(opinion=sample.opinions.told).exists():
        _objection(sample, state_changes.walk(fresh_objection(sample), "sent_back", sample))


# --- Attacks on their guards -------------------------------------------------------------------------------------------------


def _write_draft(opinion: Opinion, by: str = "planner") -> None:
    OpinionDraft.objects.create(
        opinion=opinion, outcome="permitted", agreement="agrees", made_by=User.objects.get(login=by), made_at=clock.now(), **WORDS
    )


def _decide(opinion: Opinion) -> None:
    """The planner alone decides, by SQL's own way."""
    from tests.architecture import state_changes

    planner = User.objects.get(login="planner")
    Decision.objects.create(case=opinion.case, outcome="accept", digest="d" * 64, made_by=planner, made_at=clock.now())
    state_changes.event(opinion.case, "accept", "in_review", "decided")


def _decide_on_own_answers(opinion: Opinion) -> None:
    """A yes on answers that the planner entered, decided by the planner alone."""
    _write_draft(opinion)
    _decide(opinion)


def _on_silence(opinion: Opinion, *, silent: bool) -> None:
    _write_draft(opinion)
    now = clock.now()
    rows = Consultation.objects.filter(opinion=opinion)
    if silent:  # past its deadline, which nothing here moves
        others = rows.filter(is_safety=False)
        heard = {"answered_at": now, "recorded_by": User.objects.get(login="planner-elsewhere")}
        others.update(answer="no_objection", **heard)
        rows.filter(is_safety=True).update(answer="objection", **heard)
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


def _objected_at_home(sample: Sample) -> None:
    case = fresh_objection(sample)
    Case.objects.filter(pk=case.pk).update(branch=sample.opinions.told.case.branch)
    _objection(sample, case)


def _first_planner(sample: Sample) -> User:
    """Who wrote the first opinion, now in the branch of the objection."""
    User.objects.filter(pk=sample.opinions.planner.pk).update(branch=sample.opinions.elsewhere.branch)
    return sample.opinions.planner


def _studied(sample: Sample) -> Case:
    case = _objection(sample, fresh_objection(sample)).case
    transition(case, "send", actor=BY)
    return case


def _assigned_again(sample: Sample) -> None:
    place, now = review_data.place_of(_studied(sample)), clock.now()
    staff_services.give_skill(officer=sample.opinions.planner, code=place.skill, given_by=User.objects.get(login="head-of-planners"))
    Assignment.objects.create(place=place, officer=_first_planner(sample), drawn_at=now, touched_at=now, on_desk=False)


def _signed_again(sample: Sample) -> None:
    made = Decision.objects.create(case=_studied(sample), made_by=sample.opinions.elsewhere, **review_data.words())
    review_data.sign(made, _first_planner(sample), **review_data.ALL_YES)


def _chosen_late(sample: Sample) -> None:
    case = _studied(sample)
    transition(case, "withdraw", actor=BY, is_open=False, closed_at=clock.now())
    OpinionObjection.objects.filter(case=case).update(study_code="facts_not_seen")


def _decided_twice(sample: Sample) -> None:
    from tests.architecture import state_changes

    for number in ("ZOD-2026-999997-X", "ZOD-2026-999996-X"):
        OpinionObjection.objects.update(decision=state_changes.fresh_document(sample, number))


def _studied_for_nothing(sample: Sample) -> None:
    from tests.architecture import state_changes

    state_changes.event(fresh(sample), "restudy", "draft", "in_review")


BY_HAND: dict[str, Callable[[Sample], None]] = {
    "cases_caseevent_opinion_signed": lambda sample: _decide(sample.opinions.held),
    "cases_caseevent_opinion_answers": lambda sample: _decide_on_own_answers(sample.opinions.held),
    "cases_caseevent_opinion_safe": lambda sample: _on_silence(sample.opinions.safe, silent=True),
    "cases_caseevent_opinion_heard": lambda sample: _on_silence(sample.opinions.open, silent=False),
    "cases_caseevent_opinion_task": lambda sample: _issue(sample.opinions.held),
    "zoning_opiniondraft_open": lambda sample: _write_draft(sample.opinions.signed),
    "zoning_opinion_document_once": _another_document,
    "zoning_consultation_silent_once": _heard_again,
    "zoning_consultation_answered_once": lambda sample: _again(sample.opinions.signed, first="a", second="b"),
    "zoning_ruletask_done_once": _done_again,
    "zoning_opinionobjection_elsewhere": _objected_at_home,
    "zoning_opinionobjection_chosen": _chosen_late,
    "zoning_opinionobjection_decision_once": _decided_twice,
    "review_assignment_objection_officer": _assigned_again,
    "review_decision_objection_made_by": lambda sample: (
        Decision.objects.create(case=_studied(sample), made_by=_first_planner(sample), **review_data.words()) and None
    ),
    "review_decision_objection_signed_by": _signed_again,
    "zoning_opiniondraft_objection_made_by": lambda sample: _write_draft(Opinion.objects.get(case=_studied(sample))),
    "cases_caseevent_opinion_restudied": _studied_for_nothing,
}


# --- Who may open what -------------------------------------------------------------------------------------------------------


def rows() -> list[Row]:
    """The addresses of opinions in the matrix of access."""
    from tests.architecture.access_matrix import ASKS, ELSEWHERE, HIDDEN, HIDDEN_FORM, NO, NO_FORM, READ, UNSAID, everybody, own, staff

    unpaid, order = "/{lang}/opinions/{s.opinions.unpaid.case.public_id}", "/{lang}/opinions/{s.opinions.draft.public_id}/"
    question, asked = "/{lang}/plots/{s.zoning.plot.public_id}/opinion/", "200 200 400 405 405 405"
    objection = "/{lang}/opinions/{s.opinions.objection.case.public_id}/objection/withdraw/"
    return [
        own("/{lang}/opinions/{s.opinions.told.case.public_id}/objection/", HIDDEN_FORM, HIDDEN_FORM, asker=asked),
        own(objection, HIDDEN_FORM, HIDDEN_FORM, asker=ASKS),
        own("/{lang}/cases/{s.opinions.objection.case.public_id}/", HIDDEN, HIDDEN, asker=READ),
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
        Visit(order, "asker", post={"version": "{s.opinions.draft.version}", "total": "1"}, status=409, note="another price"),
        Visit(order, "asker", post={"version": "0", "total": "1"}, status=409, note="another question"),
        Visit(f"{unpaid}withdraw/", "asker"),
        *(
            Visit(f"{case}{{s.opinions.{name}.case.public_id}}/", "asker", note=f"an opinion, {name}")
            for name in ("signed", "held", "unpaid", "told", "objected", "objection")
        ),
        Visit("/{lang}/opinions/{s.opinions.told.case.public_id}/objection/", "asker"),
        Visit("/{lang}/opinions/{s.opinions.told.case.public_id}/objection/", "asker", post={"words": ""}, status=400, note="no words"),
        Visit("/{lang}/opinions/{s.opinions.told.case.public_id}/objection/", "asker", post={"words": "2026"}, note="filed"),
        Visit("/{lang}/opinions/{s.opinions.objection.case.public_id}/objection/withdraw/", "asker"),
        Visit(study_page, "planner"),
        Visit(study_page, "planner", post={"act": "draft"}, status=409, note="empty"),
        Visit(study_page, "planner", post={"act": "answer"}, status=409, note="no body"),
        Visit("/admin/desk/{s.opinions.held.case.public_id}/", "planner", note="an opinion"),
        Visit("/admin/opinions/tasks/", "planner"),
        Visit("/admin/opinions/tasks/", "planner", post={}, status=409, note="empty"),
    ]
