"""The admin pages of the commercial register: freshness and work list, and one difference with both values."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from municipality.accounts.proof import reauthentication_required, steps
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel.errors import Refused
from municipality.kernel.workflow import WORKFLOWS
from municipality.places.models import Governorate
from municipality.rulebook.models import Activity
from municipality.ui.admin_base import in_group, require_role, staff_page
from municipality.ui.code_labels import label_of
from municipality.ui.templatetags.portal import bilingual, day, ltr, ref, term
from shops.commercial_register import differences, queries
from shops.commercial_register.home import READERS
from shops.commercial_register.services import decisions, delta
from shops.models.commercial_register import KEEPER, CommercialDifference, CommercialNotice, DifferenceState, RegisterDifferenceKind

PAGE = 50
LABELS = {
    "name_ar": gettext_lazy("Trade name"),
    "name_en": gettext_lazy("Trade name in English"),
    "activity": gettext_lazy("Activity"),
    "governorate": gettext_lazy("Governorate"),
    "area_ar": gettext_lazy("Area"),
    "block": gettext_lazy("Block"),
    "street": gettext_lazy("Street"),
    "building": gettext_lazy("Building"),
    "plot": gettext_lazy("Plot"),
    "floor": gettext_lazy("Floor"),
    "unit": gettext_lazy("Unit"),
    "paci_number": gettext_lazy("PACI number"),
    "valid_until": gettext_lazy("Valid until"),
    "cancelled_on": gettext_lazy("Cancelled on"),
    "closed_on": gettext_lazy("Closed on"),
    "registration_no": gettext_lazy("Commercial registration"),
    "status": gettext_lazy("State of the licence"),
    "standing": gettext_lazy("State of the shop"),
    "problem": gettext_lazy("Field that cannot be read"),
}
CODED = {
    "active": gettext_lazy("Valid"),
    "expired": gettext_lazy("Ended"),
    "cancelled": gettext_lazy("Cancelled"),
    "open": gettext_lazy("Open"),
    "suspended": gettext_lazy("Suspended"),
    "closed": gettext_lazy("Closed"),
    "unknown": gettext_lazy("Not known there"),
    "owner": gettext_lazy("Owner of the licence"),
    "address": gettext_lazy("Address"),
}
DAYS = ("valid_until", "cancelled_on", "closed_on")
# What accepting a difference does besides writing a value.
EFFECTS = {
    RegisterDifferenceKind.CANCELLED: gettext_lazy("The shop is closed for good; its page and history stay."),
    RegisterDifferenceKind.RESTORED: gettext_lazy("The closed shop is opened again."),
    RegisterDifferenceKind.UNKNOWN: gettext_lazy("The shop is suspended until further notice."),
    RegisterDifferenceKind.NEW_SHOP: gettext_lazy("A shop is opened in the register, for the owner of the licence."),
}
TAGS = {DifferenceState.OPEN: "warn", DifferenceState.ACCEPTED: "ok", DifferenceState.DISMISSED: "wait", DifferenceState.SETTLED: "ok"}


def _page(request: AuthenticatedHttpRequest, template: str, title: Any, error: str, **context: Any) -> TemplateResponse:
    return staff_page(request, template, 409 if error else 200, title=title, error=error, **context)


@require_http_methods(["GET", "HEAD", "POST"])
def work_list(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Freshness, open differences, and the buttons to request data."""
    require_role(request, *READERS)
    error = ""
    if request.method == "POST":
        try:
            messages.success(request, _request_data(request))
            return redirect("admin:commercial")
        except Refused as refusal:
            if refusal.status == 403:
                raise PermissionDenied from refusal
            error = str(refusal.sentence)
    kind = request.GET.get("kind", "")
    is_past = request.GET.get("past") == "1"
    rows = queries.differences()
    rows = rows.exclude(state=DifferenceState.OPEN) if is_past else rows.filter(state=DifferenceState.OPEN)
    if kind in RegisterDifferenceKind.values:
        rows = rows.filter(kind=kind)
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit():
        rows = rows.filter(pk__lt=int(before[:18]))
    listed = list(rows[: PAGE + 1])
    return _page(
        request,
        "admin/shops/commercial.html",
        _("Commercial register"),
        error,
        commercial=queries.freshness(),
        rows=[(row, TAGS[DifferenceState(row.state)], *_first_difference(row)) for row in listed[:PAGE]],
        kinds=RegisterDifferenceKind.choices,
        kind=kind,
        is_past=is_past,
        older=listed[PAGE - 1].pk if len(listed) > PAGE else None,
        may_ask=in_group(request, KEEPER),
        typed_number=request.POST.get("number", "") if error else "",
    )


def _request_data(request: AuthenticatedHttpRequest) -> str:
    """Run the action of the pressed button. Raises Refused."""
    step = request.POST.get("step", "")
    if step == "ask":
        delta.request_delta(by=request.user)
        return _("The commercial register is being asked. What it says stands here within a minute.")
    if step == "licence":
        delta.request_licence(number=request.POST.get("number", ""), by=request.user)
        return _("The commercial register is being asked about this licence.")
    raise Refused("unknown_step", _("The page was sent incomplete. Reload it and try again."))


def _first_difference(row: CommercialDifference) -> tuple[Any, Any]:
    """The first value that differs, ours and theirs."""
    for _label, mine, theirs, differs in values(row):
        if differs:
            return mine, theirs
    return "—", "—"


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(when=steps("accept"))
def difference(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """One difference: both values, their sources, and the decision."""
    require_role(request, *READERS)
    row = queries.differences().filter(public_id=public_id).first()
    if row is None:
        raise Http404
    error = ""
    if request.method == "POST":
        try:
            messages.success(request, _decide(request, row))
            return redirect("admin:commercial_difference", row.public_id)
        except Refused as refusal:
            if refusal.status == 403:
                raise PermissionDenied from refusal
            error = str(refusal.sentence)
            row = queries.differences().get(pk=row.pk)
    is_open = row.state == DifferenceState.OPEN
    may_decide = is_open and in_group(request, KEEPER)
    return _page(
        request,
        "admin/shops/commercial_difference.html",
        row.get_kind_display(),
        error,
        row=row,
        as_of=queries.as_of(row.shop) if row.shop else None,
        tone=TAGS[DifferenceState(row.state)],
        values=values(row),
        versions=CommercialNotice.objects.filter(feed=row.feed, licence_no=row.licence_no).order_by("-version")[:10],
        events=[
            (event.at, WORKFLOWS[row.workflow_name].moves[event.move].label, label_of(event.actor_role), label_of(event.reason))
            for event in row.events.order_by("pk")
        ],
        effect=EFFECTS.get(RegisterDifferenceKind(row.kind), ""),
        obstacle=decisions.obstacle(row) if is_open else "",
        seen=decisions.fingerprint(row),
        may_decide=may_decide,
        reasons=decisions.reasons() if may_decide else [],
        chosen=request.POST.get("code", "") if error else "",
    )


def _decide(request: AuthenticatedHttpRequest, row: CommercialDifference) -> str:
    """Run the action of the pressed button. Raises Refused."""
    step, as_seen = request.POST.get("step", ""), request.POST.get("seen", "")
    if step == "accept":
        decisions.accept(difference=row, as_seen=as_seen, by=request.user)
        return _("Taken into the register.")
    if step == "dismiss":
        decisions.dismiss(difference=row, as_seen=as_seen, code=request.POST.get("code", ""), by=request.user)
        return _("The difference is dismissed; the register stays as it is.")
    raise Refused("unknown_step", _("The page was sent incomplete. Reload it and try again."))


def values(row: CommercialDifference) -> list[tuple[Any, Any, Any, bool]]:
    """Label, ours, theirs and whether they differ, for each field. Ours is the current value while the difference is open."""
    mine = differences.ours(row.kind, row.shop) if row.state == DifferenceState.OPEN else row.ours
    names = [name for name in LABELS if mine.get(name) or row.theirs.get(name)]
    return [
        (
            LABELS[name],
            _display(name, mine.get(name, "")),
            _display(name, row.theirs.get(name, "")),
            name in row.theirs and not differences.is_same(name, row.theirs[name], mine.get(name, "")),
        )
        for name in names
    ]


def _display(name: str, value: str) -> Any:
    if not value:
        return "—"
    if name in DAYS:
        return day(dt.date.fromisoformat(value))
    if name == "activity":
        activity = Activity.objects.filter(pk=value).first()
        return term(bilingual(activity, "name")) if activity else ltr(value)
    if name == "governorate":
        governorate = Governorate.objects.filter(pk=value).first()
        return term(bilingual(governorate, "name")) if governorate else ltr(value)
    if name in ("status", "standing"):
        return CODED.get(value, value)
    if name == "problem":
        return LABELS.get(value) or CODED.get(value, value)
    if name in ("paci_number", "registration_no"):
        return ref(value)
    return term(value)
