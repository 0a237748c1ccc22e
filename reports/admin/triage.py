"""The pages of inspectors and supervisors for reports: lists, route, map, and one report with its steps. Nothing of the reporter."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from licensing.signage.labels import size_of
from municipality.accounts.models import User
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.documents import store
from municipality.fieldwork import device
from municipality.kernel import clock, request_cache
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications import letters
from municipality.places import queries as places
from municipality.places.models import Governorate
from municipality.ui import staff_menu
from municipality.ui.admin_base import in_group, require_role, staff_page
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.templatetags.portal import bilingual
from reports import queries as rules
from reports.admin.intake import labelled_trace
from reports.answers import answers_of
from reports.models import Closure, Report
from reports.places import Place, metres_between
from reports.results import OTHER_SHOP
from reports.states import OPEN, REPORT_WORKFLOW, ReportState
from reports.triage import queries, services
from reports.triage.distances import route
from reports.triage.forms import FORMS, OF_INSPECTOR, OF_SUPERVISOR, CloseForm, StepForm
from reports.triage.services.letters import HandOverLetter
from reports.triage.services.questions import NOT_REACHABLE, can_ask
from reports.triage.services.results import FoundResult

INSPECTOR, SUPERVISOR, AUDITOR = "inspector", "supervisor", "auditor"
LISTED = 50
# Words of each step: title, button.
WORDS = {
    "close": (gettext_lazy("Close with a result"), gettext_lazy("Close the report")),
    "ask": (gettext_lazy("Ask the reporter"), gettext_lazy("Ask")),
    "hand_over": (gettext_lazy("Hand over to another body"), gettext_lazy("Hand over")),
    "recategorise": (gettext_lazy("Another category"), gettext_lazy("Change the category")),
    "merge": (gettext_lazy("Join with another report"), gettext_lazy("Join")),
    "split": (gettext_lazy("Divide into several reports"), gettext_lazy("Divide")),
    "inspect": (gettext_lazy("Order an inspection of the shop"), gettext_lazy("Order the inspection")),
    "take_back": (gettext_lazy("Take back from the other body"), gettext_lazy("Take back")),
    "draw_again": (gettext_lazy("Have another inspector drawn"), gettext_lazy("Draw another inspector")),
    "countersign": (gettext_lazy("Sign the result"), gettext_lazy("Sign, and close the report")),
    "send_back": (gettext_lazy("Send back to the inspector"), gettext_lazy("Send back")),
}


class StandForm(forms.Form):
    """Where the device is (WGS 84), sent by POST so that it is in no address and no log."""

    latitude = forms.FloatField(min_value=28, max_value=31)
    longitude = forms.FloatField(min_value=46, max_value=49)


def _place(row: Report) -> Place | None:
    return (row.latitude, row.longitude) if row.latitude is not None and row.longitude is not None else None


@require_http_methods(["GET", "HEAD", "POST"])
def mine(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The inspector's own open reports by nearest promise, or as a route; POST holds where the device is."""
    require_role(request, INSPECTOR)
    rows = list(queries.to_act_on(request.user)[:LISTED])
    stand = StandForm(request.POST) if request.method == "POST" else None
    here = (stand.cleaned_data["latitude"], stand.cleaned_data["longitude"]) if stand is not None and stand.is_valid() else None
    error = _("The device gave no place in Kuwait.") if stand is not None and here is None else ""
    is_route = "route" in (request.POST if request.method == "POST" else request.GET)
    due, others = [row for row in rows if row.state == ReportState.ASSIGNED], [row for row in rows if row.state != ReportState.ASSIGNED]
    waiting, elsewhere = _lines("reports", due, here, is_route, is_own=True), _lines("others", others, here, is_own=True)
    context = {"due": len(due), "waiting": waiting, "others": len(others), "elsewhere": elsewhere, "is_route": is_route, "error": error}
    return staff_page(request, "admin/reports/mine.html", 400 if error else 200, title=_("Reports of the public"), **context)


def _lines(name: str, rows: list[Report], here: Place | None = None, is_route: bool = False, *, is_own: bool = False) -> str:
    """The list of that id. Rendered by itself: deep inside the blocks of the page it takes longer (docs/performance.md)."""
    metres = [(row, round(metres_between(here, place)) if here and (place := _place(row)) else None) for row in rows]
    lines = _route(rows, here) if is_route else metres
    return render_to_string("admin/reports/lines.html", {"lines": lines, "id": name, "is_own": is_own}) if lines else ""


def _route(rows: list[Report], here: Place | None) -> list[tuple[Report, int | None]]:
    """From where the device is, else from the most urgent one; those without a place come last."""
    stops = [(place, row) for row in rows if (place := _place(row)) is not None]
    start = here or (stops[0][0] if stops else None)
    found: list[tuple[Report, int | None]] = [(row, metres) for metres, row in route(start, stops)] if start else []
    return found + [(row, None) for row in rows if _place(row) is None]


def _visible(request: AuthenticatedHttpRequest, rows: Callable[..., QuerySet[Report]] = queries.visible_to) -> QuerySet[Report]:
    """Raises PermissionDenied without a role."""
    if in_group(request, AUDITOR):
        return Report.objects.all()
    if not in_group(request, INSPECTOR, SUPERVISOR):
        raise PermissionDenied
    found = rows(request.user)
    return found | queries.drawn_to_sign(request.user) if in_group(request, SUPERVISOR) else found


PROMISES = [("", gettext_lazy("All")), ("soon", gettext_lazy("Ends soon")), ("late", gettext_lazy("Overdue"))]


class ChoiceForm(forms.Form):
    """What the list of the branch shows."""

    governorate = forms.ModelChoiceField(Governorate.objects.none(), required=False, label=gettext_lazy("Governorate"))
    category = forms.ChoiceField(required=False, label=gettext_lazy("Category"))
    state = forms.ChoiceField(required=False, label=gettext_lazy("State"))
    promise = forms.ChoiceField(required=False, label=gettext_lazy("Promise"), choices=PROMISES)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        governorates: Any = self.fields["governorate"]
        governorates.queryset, governorates.empty_label = places.governorates(), _("All")
        governorates.label_from_instance = lambda row: bilingual(row, "name")
        names = [(code, bilingual(found, "name")) for code, found in rules.rules().categories.items()]
        self.fields["category"].choices = [("", _("All")), *names]  # type: ignore[attr-defined]
        self.fields["state"].choices = [("", _("All open")), *ReportState.choices]  # type: ignore[attr-defined]

    def narrow(self, rows: QuerySet[Report]) -> QuerySet[Report]:
        data = self.cleaned_data
        rows = rows.filter(state=data["state"]) if data.get("state") else rows.filter(state__in=OPEN)
        if data.get("governorate"):
            rows = rows.filter(area__governorate=data["governorate"])
        if data.get("category"):
            rows = rows.filter(category=data["category"])
        if data.get("promise") == "soon":
            return rows.filter(queries.soon())
        return rows.filter(state__in=OPEN, due_at__lt=clock.now()) if data.get("promise") == "late" else rows


@require_safe
def branch(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Reports of the branch by nearest promise beside their map, in keyset pages."""
    rows, form = _visible(request), ChoiceForm(request.GET)
    found = queries.listed(form.narrow(rows) if (is_valid := form.is_valid()) else rows.none())
    after = request.GET.get("after", "")[:26]
    last = rows.filter(public_id=after).first() if after else None
    if last is not None:
        found = found.filter(Q(due_at__gt=last.due_at) | Q(due_at=last.due_at, pk__gt=last.pk))
    listed = list(queries.with_inspector(found, request.user, is_supervisor=in_group(request, SUPERVISOR))[: LISTED + 1])
    asked = request.GET.copy()
    if len(listed) > LISTED:
        asked["after"] = listed[LISTED - 1].public_id
    context = {
        "form": form,
        "lines": _lines("reports", listed[:LISTED]),
        "more": f"?{asked.urlencode()}" if len(listed) > LISTED else "",
        "error": "" if is_valid else _("Please choose from the lists: one of the choices does not exist."),
    }
    return staff_page(request, "admin/reports/branch.html", 200 if is_valid else 400, title=_("Reports of the branch"), **context)


def _row(request: AuthenticatedHttpRequest, public_id: str) -> Report:
    visible = _visible(request, queries.readable_by)
    rows = queries.with_inspector(Report.objects.all(), request.user, is_supervisor=in_group(request, SUPERVISOR))
    rows = rows.select_related(*queries.RELATED, "shop__activity", "board__request__document", "parent", "merged_into")
    row = queries.with_soon(rows).filter(public_id=public_id).first()
    if row is None:
        raise Http404
    if not visible.filter(pk=row.pk).exists():
        raise PermissionDenied
    return row


def _open_steps(request: AuthenticatedHttpRequest, row: Report) -> list[str]:
    steps: list[str] = []
    if in_group(request, INSPECTOR) and row.inspector_id == request.user.pk:
        missing = {"inspect"} if row.shop_id is None else set()
        of_part = {"split"} if row.parent_id is not None else set()  # it is divided already
        missing |= set() if can_ask(row) else {"ask"}
        steps += [step for step in OF_INSPECTOR.get(row.state, []) if step not in missing | of_part]
    if in_group(request, SUPERVISOR) and services.rows.is_of_branch(row, request.user):
        asked = {"countersign": _may_countersign, "draw_again": services.rows.may_draw}
        steps += [step for step in OF_SUPERVISOR.get(row.state, []) if step not in asked or asked[step](row, request.user)]
    return steps


def _may_countersign(row: Report, supervisor: User) -> bool:
    """Whether a supervisor may sign the result: it is none of their own, and they signed none before that did not solve it."""
    return queries.to_sign(supervisor).filter(pk=row.pk).exists() and services.rows.may_sign(row, supervisor)


@require_safe
def photo(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The copy of a photo without faces and number plates (`queries.copies`); never the original."""
    shown = queries.copies().filter(public_id=public_id, report__in=_visible(request, queries.readable_by)).select_related("copy").first()
    if shown is None or shown.copy is None:
        raise Http404
    response = HttpResponse(store.read(shown.copy), content_type=shown.copy.media_type)
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """One report with its photos, similar ones, course and steps."""
    row = _row(request, public_id)
    if request.method != "POST":
        return _page(request, row)
    if not in_group(request, INSPECTOR, SUPERVISOR):
        raise PermissionDenied
    step = request.POST.get("step", "")
    if step == "close":
        return _close(request, row)
    if step not in FORMS:
        return _page(request, row, status=400, error=_("This page has changed. Nothing was recorded. Please reload it."))
    form = FORMS[step](request.POST, report=row, step=step)
    if not form.is_valid():
        return _page(request, row, status=400, typed=(step, form))
    try:
        messages.success(request, _apply(request, row, step, form))
    except Refused as refusal:
        row = _row(request, public_id)
        return _page(request, row, status=refusal.status, typed=(step, form), error=str(refusal.sentence))
    if step in OF_SUPERVISOR[ReportState.COUNTERSIGN] and services.rows.branch_of(row) != request.user.branch_id:
        return redirect("admin:eye_branch")  # a report of another branch is read here until its result is signed
    return redirect("admin:eye_report", public_id)


def _apply(request: AuthenticatedHttpRequest, row: Report, step: str, form: StepForm) -> str:
    """Make the step. Returns the message. Raises Refused."""
    data, user = form.cleaned_data, request.user
    acts: dict[str, tuple[Callable[[], Any], str]] = {
        "ask": (lambda: services.ask(report=row, inspector=user, text=data["text"]), _("The question is sent.")),
        "hand_over": (lambda: services.hand_over(report=row, inspector=user, **data), _("Handed over. The promise runs on.")),
        "recategorise": (lambda: services.recategorise(report=row, inspector=user, **data), _("The category is changed.")),
        "merge": (lambda: services.merge(report=row, inspector=user, **data), _("Joined. Both reporters are told.")),
        "split": (lambda: services.split(report=row, inspector=user, parts=form.parts), _("Divided. An inspector is drawn for each part.")),  # type: ignore[attr-defined]
        "inspect": (lambda: services.order_inspection(report=row, inspector=user, **data), _("The inspection is ordered.")),
        "take_back": (lambda: services.take_back(report=row, inspector=user), _("The report is with you again.")),
        "draw_again": (lambda: services.draw_again(report=row, supervisor=user, **data), _("Another inspector was drawn.")),
        "countersign": (lambda: services.countersign(report=row, supervisor=user), _("Signed. The report is closed.")),
        "send_back": (lambda: services.send_back(report=row, supervisor=user, **data), _("Sent back to the inspector.")),
    }
    act, said = acts[step]
    act()
    return said


def _page(
    request: AuthenticatedHttpRequest, row: Report, *, status: int = 200, typed: tuple[str, Any] = ("", None), error: str = ""
) -> HttpResponse:
    steps, open_steps = [], _open_steps(request, row)
    for step in open_steps:
        form = typed[1] if step == typed[0] else CloseForm(report=row) if step == "close" else FORMS[step](report=row, step=step)
        steps.append((step, *WORDS[step], form))
    is_mine = row.inspector_id == request.user.pk and row.state == ReportState.ASSIGNED and in_group(request, INSPECTOR)
    reasons = {**services.rows.reasons(), **services.rows.reasons(services.rows.RESULT)}
    joined = rules.joined(row)
    given = row.hand_overs.filter(returned_at__isnull=True).first()
    wholes = [row.parent] if row.parent and _visible(request, queries.readable_by).filter(pk=row.parent_id).exists() else []
    photos = list(queries.copies().filter(report__in=[row, *joined, *wholes]).select_related("report"))
    context = {
        "row": row,
        "photos": photos,
        "shown_photos": {photo.pk for photo in photos},
        "held": queries.photos_held([row, *wholes]),
        "similar": queries.similar(row) if is_mine else [],
        "joined": joined,
        "parts": row.parts.order_by("pk"),
        "questions": row.questions.order_by("pk"),
        "hand_over": given,
        "letter": letters.of_keys(HandOverLetter, [given.pk]).get(str(given.pk)) if given is not None else None,
        "closures": row.closures.select_related("signing_branch", "photo").prefetch_related("answers").order_by("pk"),
        "trace": labelled_trace(row),
        "consequences": row.consequences.select_related("inspection", "violation").order_by("pk"),
        "course": [(event, REPORT_WORKFLOW.moves[event.move].label, reasons.get(event.reason)) for event in row.events.order_by("pk")],
        "answers": answers_of(wholes[0] if wholes else row),
        "whole": wholes[0] if wholes else None,
        "board_size": size_of(row.board) if row.board is not None else "",
        "steps": steps,
        "chosen": typed[0] or request.GET.get("step", ""),
        "is_told": "ask" in open_steps if is_mine else partial(can_ask, row),  # read where a text is shown
        "not_reachable": NOT_REACHABLE if is_mine and row.parent_id is None and "ask" not in open_steps else "",
        "is_field": in_group(request, INSPECTOR),
        "begins": f"{reverse('admin:field_new')}?origin={row.subject_key}" if is_mine else "",
        "other_shop": OTHER_SHOP if is_mine and row.shop_id is not None and "split" in open_steps else "",
        "error": error,
    }
    return staff_page(request, "admin/reports/report.html", status, title=_("Report"), **context)


def _found(request: HttpRequest, form: CloseForm) -> FoundResult:
    """What a valid form holds; a photo whose time the device does not give proves nothing."""
    data, photos = form.cleaned_data, device.with_times(request, "photo", form.cleaned_data["seen_at"])
    is_timed = bool(request.POST.get("photo_at"))
    return FoundResult(
        sent=form.sent(),
        code=data["code"],
        note=data["note"],
        photo=photos[0][0] if photos else None,
        captured_at=photos[0][1] if photos and is_timed else None,
        written_at=data["written_at"],
        asks_signature=data["asks_signature"],
    )


def _say_closed(request: HttpRequest, row: Report, made: Closure) -> None:
    text = _("The result waits for the signature of another person.")
    if made.is_on_the_spot:
        untold = _("Closed. The public page says so; no message reaches the reporter.")
        text = _("Closed. The reporter is told.") if can_ask(row) else untold
    messages.success(request, text)


def _close(request: AuthenticatedHttpRequest, row: Report) -> HttpResponse:
    """The result without the queue of a device."""
    form = CloseForm(request.POST, report=row)
    if not form.is_valid():
        return _page(request, row, status=400, typed=("close", form))
    try:
        made, _new = services.close(report=row, inspector=request.user, found=_found(request, form))
    except Refused as refusal:
        return _page(request, row, status=refusal.status, typed=("close", form), error=str(refusal.sentence))
    _say_closed(request, row, made)
    return redirect("admin:eye_report", row.public_id)


@require_POST
def sync(request: AuthenticatedHttpRequest) -> JsonResponse:
    """Save one result from the offline queue (`fieldwork.device`)."""
    require_role(request, INSPECTOR)
    row = Report.objects.filter(public_id=request.POST.get("report", "")[:26], inspector=request.user).first()
    if row is None:
        return device.refusal_response(NotPermitted("not_drawn", gettext_lazy("Another inspector was drawn for this report.")))
    return device.respond(CloseForm(request.POST, report=row), lambda form: _saved(request, form))


def _saved(request: AuthenticatedHttpRequest, form: CloseForm) -> device.ReceivedVisit:
    made, new = services.close(report=form.row, inspector=request.user, found=_found(request, form))
    if new:
        _say_closed(request, form.row, made)  # on the next page that the device opens
    return device.ReceivedVisit(form.row.number, reverse("admin:eye_report", args=[form.row.public_id]), new)


@require_safe
def worker(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The service worker that keeps the list and the pages of the inspector's reports at hand without a line."""
    require_role(request, INSPECTOR)
    urgent = queries.to_act_on(request.user).values_list("public_id", flat=True)[:LISTED]
    pages = [reverse("admin:eye_report", args=[public_id]) for public_id in urgent]
    return device.service_worker(request, form_url=reverse("admin:eye"), more_urls=pages)


def _waiting(request: HttpRequest) -> int:
    rows = Report.objects.filter(inspector=request.user.pk, state=ReportState.ASSIGNED)
    return request_cache.get_or_set(("reports_waiting", request.user.pk), rows.count)


def _pressing(request: HttpRequest) -> int | None:
    if not in_group(request, SUPERVISOR):
        return None
    return queries.branch_counts(request.user)["pressing"]  # type: ignore[arg-type]


PAGES = [
    path("eye/", mine, name="eye"),
    path("eye/branch/", branch, name="eye_branch"),
    path("eye/sync/", sync, name="eye_sync"),
    path("eye/worker.js", worker, name="eye_worker"),
    path("eye/photos/<slug:public_id>.jpg", photo, name="eye_photo"),
    path("eye/<slug:public_id>/", report, name="eye_report"),
]
admin.site.add_pages(PAGES, focused=("eye", "eye_report"))  # type: ignore[attr-defined]
_REPORTS = gettext_lazy("Reports of the public")
staff_menu.register(
    "reports",
    StaffEntry("work", _REPORTS, "admin:eye", (INSPECTOR,), count=_waiting, tile=gettext_lazy("reports to act on"), tone="warn"),
    StaffEntry(
        "branch",
        gettext_lazy("Reports of the branch"),
        "admin:eye_branch",
        (INSPECTOR, SUPERVISOR, AUDITOR),
        count=_pressing,
        tile=gettext_lazy("reports late or soon late"),
        tone="warn",
    ),
)
