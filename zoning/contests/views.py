"""Pages of a contest for the person who sends it."""

from __future__ import annotations

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.access import access
from municipality.accounts.models import User
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.ui.language import read_form
from municipality.ui.templatetags.portal import ref
from municipality.ui.texts import Text
from municipality.uploads.fields import field_of
from zoning.contests import queries, services
from zoning.contests.files import PROOF
from zoning.contests.findings import finding_of
from zoning.layers.labels import said_of
from zoning.models import LayerContest
from zoning.models.contests import ContestOutcome
from zoning.plots import queries as plots
from zoning.plots.summary import summary

MOST_SHOWN = 200  # of one person, who sends at most ten a day


class ContestForm(forms.Form):
    """What the layer should say, and why."""

    should_be = forms.CharField(
        label=gettext_lazy("What should it be?"),
        max_length=300,
        widget=forms.TextInput(attrs={"dir": "auto"}),
        error_messages={"required": gettext_lazy("Write what the layer should say.")},
    )
    reason = forms.CharField(
        label=gettext_lazy("Why is it wrong?"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"}),
        help_text=gettext_lazy("In your own words. You add the proof on the next page."),
        error_messages={"required": gettext_lazy("Write why the layer is wrong.")},
    )


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def contest(request: AuthenticatedHttpRequest, public_id: str, layer: str) -> HttpResponse:
    """The form that contests what a layer says of a plot."""
    plot = plots.by_public_id(public_id)
    found = summary(plot, clock.today()) if plot is not None and plot.valid_to is None else None
    finding = finding_of(found, layer) if found is not None else None
    if plot is None or found is None or finding is None:
        raise Http404
    form, is_sent = read_form(request, ContestForm)
    refusal = None
    if is_sent and form.is_valid():
        try:
            row = services.contest(plot=plot, layer=finding.layer, person=request.user, **form.cleaned_data)
            return redirect("zoning:contested", row.public_id)
        except Refused as refused:
            refusal = refused
    context = {
        "plot": plot,
        "layer": finding.layer,
        "version": finding.version,
        "said": said_of(finding, found.rules),
        "form": form,
        "refusal": refusal,
        "crumbs": [
            (_("Find a plot"), reverse("zoning:find")),
            (_("The plot"), reverse("zoning:plot", args=[public_id])),
            (_("Contest"), ""),
        ],
    }
    status = refusal.status if refusal is not None else 400 if is_sent else 200
    return render(request, "zoning/contests/form.html", context, status=status)


@access("person")
@require_safe
def mine(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The contests that a person sent, newest first, with their outcomes."""
    rows = queries.visible_to(request.user).order_by("-sent_at", "-pk")[:MOST_SHOWN]
    context = {
        "rows": [(row, queries.TONES[ContestOutcome(row.outcome)]) for row in rows],
        "crumbs": [(_("My requests"), reverse("cases:mine")), (_("My contests of layers"), "")],
    }
    return render(request, "zoning/contests/mine.html", context)


def other_lists(user: User) -> list[tuple[Text, str]]:
    """The link to the contests of a person who sent any."""
    return [(gettext_lazy("My contests of layers"), reverse("zoning:contests"))] if queries.visible_to(user).exists() else []


@access("person")
@require_safe
def contested(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The state of a contest for the person who sent it, with both values and the proof."""
    row = get_object_or_404(queries.visible_to(request.user), public_id=public_id)
    context = {
        "contest": row,
        "said": said(row),
        "tone": queries.TONES[ContestOutcome(row.outcome)],
        "field": field_of(request, row.key, PROOF.code, next_path=request.path),
        "crumbs": [
            (_("My requests"), reverse("cases:mine")),
            (_("My contests of layers"), reverse("zoning:contests")),
            (ref(row.number), ""),
        ],
    }
    return render(request, "zoning/contests/contest.html", context)


def said(row: LayerContest) -> str:
    """What the layer said, in the language of the page."""
    return row.said_ar if translation.get_language() == "ar" else row.said_en
