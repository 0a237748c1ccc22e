"""The home page: the services for visitors; deadlines, money, requests and messages for a person who is signed in."""

from __future__ import annotations

from itertools import chain
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from municipality.accounts.access import public
from municipality.accounts.models import User
from municipality.cases import obligations, queries, timeline
from municipality.cases.catalogue import services
from municipality.cases.home_forms import home_forms
from municipality.cases.obligations import Duty, Obligation
from municipality.cases.views.public import card_of
from municipality.drafts.unsent import unsent
from municipality.kernel import clock
from municipality.notifications import queries as notifications

MAX_LINES = 6  # of each list; more stand folded under it, or on the page behind it


@public
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What a visitor can do here, or what a person has to do. Staff see the page of visitors."""
    if isinstance(request.user, User) and not request.user.is_staff:
        return render(request, "public/dashboard.html", _dashboard(request.user))
    figures = queries.figures()
    cards = [card_of(entry, figures) for entry in services()]
    return render(request, "public/home.html", {"cards": cards, "forms": [entry.context() for entry in home_forms()]})


def _is_undated(one: Obligation) -> bool:
    return one.until is None and one.duty == Duty.MUST and not one.fils


def _dashboard(person: User) -> dict[str, Any]:
    found = obligations.obligations_of(person)
    next_one, choice = obligations.next_of(found), obligations.choice_of(found)
    begun = unsent(person)
    shown = {one.url for one in begun[:MAX_LINES]}  # in their own list, with the day on which they are deleted
    dated = [one for one in found if one.until is not None and not one.is_asked and not (one.duty == Duty.OFFER and one.url in shown)]
    first = next_one or choice
    to_pay = [one for one in found if one.fils and one.duty == Duty.MUST]
    offers = [one for one in found if one.fils and one.duty == Duty.OFFER]
    page = notifications.inbox(person)
    related = chain.from_iterable(timeline.READ_WITH_A_CASE.values())
    rows = queries.visible_to(person).filter(is_open=True).select_related(*related)
    open_cases = timeline.with_queue(rows).order_by("pk")[: MAX_LINES + 1]
    requests = [
        (
            case,
            timeline.TIMELINES[case.service].name,
            *timeline.label(case),
            due_on,
            timeline.lateness(due_on, timeline.decision_minute(case, due_on)),
        )
        for case in open_cases
        for due_on in [timeline.decision_day(case)]
    ]
    return {
        "today": clock.today(),
        "next": next_one,
        "choice": choice,
        "coming": next((one for one in dated if one.duty == Duty.LATER), None),
        "deadlines": dated[:MAX_LINES],
        "later": dated[MAX_LINES:],
        "waiting": [one for one in found if one is not first and (one.is_asked or _is_undated(one))],
        "due_fils": obligations.total_fils(found, Duty.MUST),
        "due_count": len(to_pay),
        "due_until": next((one.until for one in to_pay if one.until), None),
        "offer_fils": obligations.total_fils(found, Duty.OFFER),
        "offer_until": next((one.until for one in offers if one.until), None),
        "unsent": begun[:MAX_LINES],
        "more_unsent": len(begun) > MAX_LINES,
        "requests": requests[:MAX_LINES],
        "more_requests": len(requests) > MAX_LINES,
        "mail": page.messages[:4],
        "services": [entry for entry in services() if entry.is_open],
    }
