"""The pages of a person's cases."""

from __future__ import annotations

from django.db.models import Q, Subquery
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.access import access
from municipality.accounts.access_log import access_entries
from municipality.accounts.models import User
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.audit.queries import recent_accesses
from municipality.cases import feedback, panels, queries, timeline
from municipality.cases.models import Case
from municipality.cases.opening import case_or_404
from municipality.delegation.queries import users_by_key
from municipality.drafts.unsent import unsent
from municipality.ui.templatetags.portal import ref

PAGE = 25
QUESTION = gettext_lazy("How easy was it to send this request?")


@access("on_behalf")
@require_safe
def mine(request: AuthenticatedHttpRequest) -> HttpResponse:
    """My requests, newest first, by keyset pages of 25."""
    user = request.user
    cases = timeline.with_queue(queries.visible_to(user)).select_related("applicant").order_by("-opened_at", "-pk")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit():
        last = Subquery(Case.objects.filter(pk=int(before[:18])).values("opened_at"))
        cases = cases.filter(Q(opened_at__lt=last) | Q(opened_at=last, pk__lt=int(before[:18])))
    rows = list(cases[: PAGE + 1])
    return render(
        request,
        "cases/mine.html",
        {
            "rows": [
                (row, timeline.TIMELINES[row.service].name, *timeline.label(row), None if _is_own(user, row) else row.applicant)
                for row in rows[:PAGE]
            ],
            "next_before": rows[PAGE - 1].pk if len(rows) > PAGE else None,
            "later": bool(before),
            "unsent": [] if before else unsent(user),
            "others": [line for lines in panels.OTHER_LISTS.values() for line in lines(user)],
        },
    )


def _is_own(user: User, row: Case) -> bool:
    return queries.is_owner(user, row.applicant_id, row.organisation_id)


@access("on_behalf")
@require_safe
def case(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """One case: timeline, next action, documents, money, messages and access log."""
    user = request.user
    case, access = case_or_404(user, public_id, read_too=queries.feedback_columns(public_id, user))
    events = queries.events_of(case)
    delegated = [event for event in events if "for" in event.data]
    acting = {key for event in delegated for key in (event.actor_key, event.data["for"])}
    people = users_by_key(acting | {event.data["paid_by"] for event in events if "paid_by" in event.data})
    details = [detail for by_key in panels.collect(panels.CASE, user, [case]).values() for detail in by_key.get(case.key, [])]
    state, label = timeline.label(case)
    return render(
        request,
        "cases/case.html",
        {
            "case": case,
            "service_name": timeline.TIMELINES[case.service].name,
            "tag_state": state,
            "tag_label": label,
            "access": access,
            "steps": timeline.steps(case, events, people),
            "detail": details[0] if details else None,
            "messages_sent": queries.messages_of(case, user) if access.is_self else None,
            "accesses": access_entries(recent_accesses(case.applicant.key, case.key)) if access.is_self else None,
            "feedback": None if user.is_staff or _waits_for_applicant(case, details) else _feedback(case),
            "crumbs": [(_("My requests"), reverse("cases:mine")), (ref(case.reference), "")],
        },
    )


def _waits_for_applicant(case: Case, details: list[panels.CaseDetail]) -> bool:
    """Whether the page of an open case asks for a step: the feedback comes after it."""
    return case.is_open and any(detail.next_step is not None and detail.next_step.url for detail in details)


def _feedback(case: Case) -> feedback.FeedbackSection:
    return feedback.section_of(case, question=QUESTION, url=reverse("cases:feedback", args=[case.public_id]))


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def give_feedback(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """How easy it was to send a request. Raises Http404 for another's."""
    case, _access = case_or_404(request.user, public_id)
    page = reverse("cases:case", args=[case.public_id])
    title = ref(case.reference)
    return feedback.take_answer(
        request, subject=case.key, service=case.service, person=request.user, question=QUESTION, title=title, page=page
    )
