"""Public pages: a service's card, tracking a case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.access import public
from municipality.accounts.limits import WRONG_DIGITS, WRONG_REFERENCES, address_of, give_back_all
from municipality.accounts.services import contacts
from municipality.cases import queries, timeline
from municipality.cases.catalogue import CATALOGUE, ServiceEntry, terms
from municipality.cases.forms import TrackForm
from municipality.cases.home_forms import number_kind, public_page_of
from municipality.cases.models import Figure
from municipality.drafts.unsent import unsent
from municipality.kernel import clock
from municipality.ui.errors import too_many_requests
from municipality.ui.language import read_form


def card_of(entry: ServiceEntry, figures: dict[str, Figure]) -> dict[str, Any]:
    """A service for `components/service_card.html`: its fees, and the promised and the real processing times."""
    offer = terms(entry, clock.today())
    figure = figures.get(entry.workflow)
    return {
        "entry": entry,
        "url": reverse(entry.start) if entry.is_open and offer.are_known else "",
        "waits_for_rules": entry.is_open and not offer.are_known,
        "fees": offer.fees,
        "promise_days": offer.promise_days,
        "at_once": entry.at_once,
        "figure": figure,
        "cache_key": (  # all that the card shows besides translations
            entry.code,
            tuple(offer.fees),
            offer.promise_days,
            offer.are_known,
            entry.opens_on,
            figure and (figure.half, figure.ninety, figure.late),
        ),
    }


def service_card(request: HttpRequest, code: str, template: str, *, drafts: Collection[str] = (), **context: Any) -> HttpResponse:
    """Render the page of a service, for the app that offers it; with the person's unsent requests of the workflows `drafts`."""
    entry = CATALOGUE[code]
    page: dict[str, Any] = {"card": card_of(entry, queries.figures()), "preview_title": entry.name, "description": entry.summary}
    page["unsent"] = unsent(request.user, drafts) if drafts else []
    return render(request, template, page | context)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def track(request: HttpRequest) -> HttpResponse:
    """Show a case by its reference and the last four digits, without an account; every miss gets the same answer.

    The number of something whose page is public, such as a report of a problem, leads to that page. One that names no request, by its
    form, is not looked up here: the page for it is named.
    """
    form, submitted = read_form(request, TrackForm)
    context: dict[str, Any] = {"form": form, "host": settings.PORTAL_URL or request.build_absolute_uri("/").rstrip("/")}
    context["action"] = request.path  # without the fragment of a link to a part of the page, where the answer would be out of sight
    is_valid = submitted and form.is_valid()
    typed = form.cleaned_data.get("reference", "") if submitted else ""
    other = public_page_of(typed)
    if not other and (kind := number_kind(typed, form.cleaned_data.get("last_four", "") if submitted else "")):
        return render(request, "cases/track.html", context | {"other": kind})
    if is_valid or other:
        address = address_of(request)
        if not WRONG_REFERENCES.take(address):
            return too_many_requests(request, WRONG_REFERENCES.seconds)
        if other:
            WRONG_REFERENCES.give_back(address)
            return redirect(other)
        reference = form.cleaned_data["reference"]
        guess = WRONG_DIGITS.use(reference)
        if not guess.is_within:
            # The same whether the reference exists or not.
            context["closed_until"] = clock.now() + dt.timedelta(seconds=guess.reset)
            response = render(request, "cases/track.html", context, status=429)
            response["Retry-After"] = str(guess.reset)
            return response
        case = queries.by_reference(reference, form.cleaned_data["last_four"])
        if case is None:
            context["missed"] = True
        else:
            give_back_all([(WRONG_DIGITS, reference), (WRONG_REFERENCES, address)])
            events = queries.events_of(case)
            context |= {"case": case, "steps": timeline.steps(case, events), "tag": timeline.label(case)}
    return render(request, "cases/track.html", context)


@public
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "public/privacy.html", {"code_minutes": contacts.CODE_LIFETIME_MINUTES})


@public
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "public/accessibility.html")
