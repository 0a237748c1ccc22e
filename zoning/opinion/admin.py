"""Pages of planners: the draft beside the instant answer with bodies and like cases, and the rules to look at; labels of codes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.audit.services import log_access
from municipality.cases.panels import PageBlock
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.notifications import letters
from municipality.review import queries as review
from municipality.review.models import Assignment
from municipality.ui import staff_menu
from municipality.ui.admin_base import in_group, require_role, staff_page
from municipality.ui.code_labels import label_codes, label_of_edition
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.staff_roles import groups_of
from municipality.ui.templatetags.portal import bilingual
from municipality.uploads.fields import field_of
from zoning.models import BodyAnswer, Consultation, Opinion, RuleTask
from zoning.objections import queries as objections
from zoning.objections import services as objection_services
from zoning.objections.states import OBJECTION
from zoning.opinion import panels, queries
from zoning.opinion.labels import plot_name, question
from zoning.opinion.letters import with_letters
from zoning.opinion.notifications import ConsultationLetter
from zoning.opinion.review import SKILL, changed_since, still_asked
from zoning.opinion.services import consultations
from zoning.opinion.services import study as services
from zoning.opinion.states import OPINION

PLANNER = "planner"
READERS = (PLANNER, "auditor")
MOST_TASKS = 200


def _assignment(request: AuthenticatedHttpRequest, public_id: str) -> Assignment:
    """The planner's assignment of an opinion or an objection. Raises Http404 for any other case."""
    held = Assignment.objects.filter(officer=request.user, ended_at__isnull=True, place__case__service__in=(OPINION, OBJECTION))
    row = held.filter(place__case__public_id=public_id).select_related("officer", "place__case__applicant").first()
    found = review.case_access(request.user, public_id, groups_of(request)) if row is not None else None
    if row is None or found is None or not found.may_open:
        raise Http404
    return row


@require_http_methods(["GET", "HEAD", "POST"])
def study(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The instant answer beside the draft, the bodies and the like cases; writes a draft, or what a body answered."""
    assignment = _assignment(request, public_id)
    error, status, code = "", 200, ""
    if request.method == "POST":
        try:
            messages.success(request, _save(request, assignment))
            return redirect("admin:opinion_study", public_id)
        except Refused as refusal:
            error, status, code = str(refusal.sentence), refusal.status, refusal.code
    case = assignment.place.case
    log_access(viewer=Actor("officer", request.user.key), person_key=case.applicant.key, subject=case.key, purpose="review")
    opinion = queries.opinion_of(case)
    draft, alike = queries.draft_of(opinion), queries.like_cases(opinion)
    kept = {name: getattr(draft, name, "") for name in ("outcome", "code", "text_ar", "text_en")}
    objection = objections.objection_of(case) if case.service == OBJECTION else None
    kept["study_code"] = objection.study_code if objection is not None else ""
    names = (*kept, "body", "answer", "words")
    typed = {name: request.POST.get(name, "") for name in names} if error else kept
    bodies = list(with_letters(opinion.consultations.order_by("pk")))
    has_conditions = any(row.answer == BodyAnswer.CONDITIONS for row in bodies)
    silent, sent = queries.silent_this_month([row.code for row in bodies]), letters.of_keys(ConsultationLetter, [row.pk for row in bodies])
    context = {
        "title": _("Draft, bodies and similar opinions"),
        "error": error,
        "case": case,
        "opinion": opinion,
        "draft": draft,
        "still_asked": [*changed_since(opinion), *still_asked(opinion)],
        "question": question(opinion.activity, opinion.floor),
        "plot_name": plot_name(opinion.plot),
        "answers": panels.answers_block(opinion, draft),
        "objection": objection,
        "first": _objected(opinion.first) if opinion.first else None,
        "study_reasons": review.replies(case).reasons_of("new_study") if objection is not None else [],
        "bodies": [(row, panels.body(row, silent), sent.get(str(row.pk))) for row in bodies],
        "alike": panels.like_block(opinion, alike),
        "outcomes": [
            (outcome.value, outcome.label, standing, queries.is_unlike(outcome, alike))
            for outcome in opinion.outcomes
            for standing in [queries.agreement(opinion.instant_outcome, outcome, has_conditions=has_conditions)]
        ],
        "lacks_reason": code == "reason_missing",
        "reasons": review.replies(case).reasons_of("deviation"),
        "body_answers": BodyAnswer.choices,
        "typed": typed,
        "decision": field_of(request, opinion.files_key, queries.decision_slot(opinion).code, next_path=request.path),
        "is_held": assignment.place.state == "held",
        "waits_for_signature": assignment.place.state == "countersign",
    }
    return staff_page(request, "admin/zoning/study.html", status, **context)


def _objected(first: Opinion) -> PageBlock:
    """What is objected to: an issued opinion, or the refusal of its request, whose drafts count for nothing."""
    draft = objections.issued_draft(first)
    return panels.answers_block(first, draft, _("Opinion objected to") if draft is not None else _("Refused request that is objected to"))


def _save(request: AuthenticatedHttpRequest, assignment: Assignment) -> str:
    posted = request.POST
    if posted.get("act") == "answer":
        number = posted.get("body", "")
        rows = Consultation.objects.filter(opinion__case=assignment.place.case)
        row = rows.filter(pk=int(number)).first() if number.isascii() and number.isdigit() and len(number) < 16 else None
        if row is None:
            raise Refused("unknown_body", _("Choose the body that answered."))
        consultations.record_answer(consultation=row, officer=request.user, answer=posted.get("answer", ""), words=posted.get("words", ""))
        return format_html(_("Recorded: the answer of {body}."), body=bilingual(row, "name"))
    if posted.get("act") == "new_study":
        objection_services.choose_new_study(assignment=assignment, code=posted.get("study_code", ""))
        return _("It is proposed that the question is studied anew.")
    given = {name: posted.get(name, "") for name in ("outcome", "code", "text_ar", "text_en")}
    after = posted.get("after", "")
    seen = int(after) if after.isascii() and after.isdigit() and len(after) < 16 else 0
    draft = services.write_draft(assignment=assignment, after=seen, **given)
    said = _("The draft is saved.")
    if draft.agreement == "deviates":
        said = _("The draft is saved. It deviates, so a supervisor signs it after you.")
    elif services.own_answers(assignment.place.case, draft):
        said = _("The draft is saved. It rests on answers that you entered, so a supervisor signs it after you.")
    page = reverse("admin:desk_case", args=[assignment.place.case.public_id])
    return format_html('{} <a href="{}">{}</a>', said, page, _("To the decision"))


@require_http_methods(["GET", "HEAD", "POST"])
def tasks(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The rules and layers to look at, the nearest deadline first; a planner says what was found."""
    require_role(request, *READERS)
    error = ""
    if request.method == "POST":
        require_role(request, PLANNER)
        number = request.POST.get("task", "")
        row = RuleTask.objects.filter(pk=int(number)).first() if number.isascii() and number.isdigit() and len(number) < 16 else None
        try:
            if row is None:
                raise Refused("unknown_task", _("Choose a task of the list."))
            services.finish_task(task=row, planner=request.user, result=request.POST.get("result", ""))
            messages.success(request, _("What was found is recorded."))
            return redirect("admin:opinion_tasks")
        except Refused as refusal:
            error = str(refusal.sentence)
    rows = RuleTask.objects.select_related("opinion__case", "opinion__plot__area", "opinion__activity", "done_by")
    waiting = list(rows.filter(done_at__isnull=True).order_by("due_on", "pk")[:MOST_TASKS])
    context = {
        "title": _("Rules to look at"),
        "error": error,
        "lines": [(row, plot_name(row.opinion.plot), question(row.opinion.activity, row.opinion.floor), *_why(row)) for row in waiting],
        "done": list(rows.filter(done_at__isnull=False).order_by("-done_at")[:20]),
        "today": clock.today(),
        "is_planner": in_group(request, PLANNER),
        "typed": {"task": request.POST.get("task", ""), "result": request.POST.get("result", "")} if error else {},
    }
    return staff_page(request, "admin/zoning/tasks.html", 409 if error else 200, **context)


def _why(task: RuleTask) -> tuple[Any, Any]:
    """The reason of the deviation, and the edition that it deviates from."""
    return review.replies(task.opinion.case).reasons.get(task.code), label_of_edition(task.edition) if task.edition else ""


def _open_tasks(request: HttpRequest) -> int:
    return RuleTask.objects.filter(done_at__isnull=True).count()


admin.site.add_pages(
    [
        path("opinions/tasks/", tasks, name="opinion_tasks"),
        path("opinions/<slug:public_id>/", study, name="opinion_study"),
    ],
    home=None,
)
staff_menu.register(
    "zoning", StaffEntry("rules", gettext_lazy("Rules to look at"), "admin:opinion_tasks", roles=READERS, count=_open_tasks, tone="warn")
)
label_codes(
    {
        "case.propose_acceptance": gettext_lazy("Approval proposed"),
        "case.sign_acceptance": gettext_lazy("Approval signed by the second person"),
        "case.restudy": gettext_lazy("Question studied anew after an objection"),
        "case.send_back": gettext_lazy("Objection upheld for a new study"),
        "opinion_objection.filed": gettext_lazy("Objection to an opinion filed"),
        "opinion_objection.lapsed": gettext_lazy("Objection to an opinion not answered in the legal time"),
        "opinion_objection.new_study_chosen": gettext_lazy("New study of an opinion proposed"),
        "opinion_objection.studied_anew": gettext_lazy("Question studied anew after an objection"),
        "zoning.lapse_objection": gettext_lazy("Refuse an objection that nobody answered"),
        "zoning.objection_document": gettext_lazy("Write the decision on an objection to an opinion"),
        "zoning.objection_filed": gettext_lazy("The objection to an opinion is filed"),
        "zoning.objection_lapsed": gettext_lazy("The objection to an opinion was not answered in time"),
        "zoning.objection_upheld": gettext_lazy("The objection to an opinion is upheld"),
        "case.reverse": gettext_lazy("Request closed: the payment was reversed"),
        "opinion.bodies_asked": gettext_lazy("Bodies asked about an opinion"),
        "opinion.body_answered": gettext_lazy("Answer of a consulted body recorded"),
        "opinion.body_silent": gettext_lazy("Consulted body silent at its deadline"),
        "opinion.drafted": gettext_lazy("Draft of an opinion written"),
        "opinion.task_opened": gettext_lazy("Rule to look at after a deviation"),
        "opinion.task_done": gettext_lazy("Rule looked at after a deviation"),
        f"skill.{SKILL}": gettext_lazy("Zoning opinions"),
        "zoning.issue_opinion": gettext_lazy("Issue a zoning opinion"),
        "zoning.close_unpaid": gettext_lazy("Close an unpaid request for an opinion"),
        "zoning.mark_silent": gettext_lazy("Look for bodies that did not answer"),
        "zoning.lapse_unanswered": gettext_lazy("Close opinions without an answer"),
        "zoning.drop_files": gettext_lazy("Delete documents of unsent opinions"),
        "zoning.consultation": gettext_lazy("Letter to a consulted body"),
        "zoning.opinion_submitted": gettext_lazy("The request for an opinion waits for its fee"),
        "zoning.opinion_paid": gettext_lazy("The request for an opinion is paid"),
        "zoning.opinion_signed": gettext_lazy("The opinion is signed"),
        "zoning.opinion_issued": gettext_lazy("The opinion is issued"),
        "zoning.opinion_lapsed": gettext_lazy("The request for an opinion is closed"),
        "zoning.opinion_held": gettext_lazy("The payment of an opinion was reversed"),
        "zoning.opinion_paid_again": gettext_lazy("The fee of an opinion is paid again"),
    }
)
