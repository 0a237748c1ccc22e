"""Public pages: find a violation by its number, its page, and the registers of waivers and lifted blocks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db.models import F, Model, OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.access import public
from municipality.accounts.limits import WRONG_DIGITS, WRONG_REFERENCES, address_of, give_back_all
from municipality.cases import queries as cases
from municipality.cases.views.public import service_card
from municipality.delegation.authorization import Access, authorize, is_authorized
from municipality.documents.states import DocumentState
from municipality.fieldwork.models import Evidence
from municipality.incidents.timeline import moved_deadlines
from municipality.kernel import clock
from municipality.kernel.workflow import WORKFLOWS
from municipality.places.models import Branch
from municipality.rulebook import queries as rulebook
from municipality.ui.errors import too_many_requests
from municipality.ui.language import read_form
from municipality.ui.templatetags.portal import ref
from municipality.uploads.models import Upload
from municipality.uploads.pictures import preview_response
from municipality.uploads.states import UploadState
from payments import queries as payments
from payments.models import Receipt
from payments.states import BillState
from violations import court_list, options, queries, rules, units
from violations.forms import ViolationLookupForm
from violations.models import Relief, Service, StopLift, Violation, ViolationEvent
from violations.services import blocks, court_sums, notices, repetition, settlements
from violations.services.periods import SERVE, limits_of
from violations.states import GIVES_BACK, VIOLATION, ViolationState

FOUND = "violations_found"  # signed cookie: violations that this browser found by number and digits
MAX_FOUND, FOUND_SECONDS = 20, 3600
PAGE_SIZE = 50
M = TypeVar("M", bound=Model)
TAGS = {
    "recorded": "wait",
    "warned": "warn",
    "corrected": "ok",
    "ordered": "warn",
    "unsettleable": "bad",
    "objected": "wait",
    "instalments": "wait",
    "overdue": "bad",
    "referred": "bad",
    "judged": "bad",
    "acquitted": "ok",
    "paid": "ok",
    "waived": "ok",
    "annulled": "ok",
}
RELATED = (
    *("shop__owner", "shop__organisation", "area", "branch", "inspector", "visit", "paper", "party", "notice", "objection__case"),
    *("service", "extension", "plan", "judgment__appeal"),
)


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """The service and the search by number and last four digits; the same answer for every miss."""
    form, submitted = read_form(request, ViolationLookupForm)
    is_missed, refusal = False, None
    if submitted and form.is_valid():
        address = address_of(request)
        if not WRONG_REFERENCES.take(address):
            return too_many_requests(request, WRONG_REFERENCES.seconds)
        number = form.cleaned_data["number"]
        attempt = WRONG_DIGITS.use(number)
        row = queries.by_number(number, form.cleaned_data["last_four"]) if attempt.is_within else None
        if row is not None:
            give_back_all([(WRONG_DIGITS, number), (WRONG_REFERENCES, address)])
            known = [pk for pk in _found_ids(request) if pk != row.public_id]
            answer = redirect("violations:page", public_id=row.public_id)
            answer.set_signed_cookie(
                FOUND,
                ".".join([row.public_id, *known][:MAX_FOUND]),
                salt=FOUND,
                max_age=FOUND_SECONDS,
                httponly=True,
                samesite="Lax",
                secure=settings.SESSION_COOKIE_SECURE,
            )
            return answer
        refusal = None if attempt.is_within else attempt
        is_missed = attempt.is_within
    response = service_card(
        request,
        "violations",
        "violations/start.html",
        form=form,
        missed=is_missed,
        closed_until=refusal and clock.now() + dt.timedelta(seconds=refusal.reset),
        periods=queries.limits(),
        is_person=request.user.is_authenticated and not request.user.is_staff,  # type: ignore[union-attr]
    )
    if refusal is not None:
        response.status_code, response["Retry-After"] = 429, str(refusal.reset)
    return response


def _found_ids(request: HttpRequest) -> list[str]:
    """Public ids that this browser found within the last hour."""
    value = request.get_signed_cookie(FOUND, default="", salt=FOUND, max_age=FOUND_SECONDS)
    return value.split(".") if value else []


def violation_or_404(request: HttpRequest, public_id: str) -> tuple[Violation, Access | None]:
    """A violation that this visitor may see, and their access to it (None: found by number and digits).

    Raises Http404 for any other; NotPermitted where a delegation is over.
    """
    rows = queries.annotate_at_bank(Violation.objects.select_related(*RELATED))
    row = rows.filter(public_id=public_id).first()
    if row is None:
        raise Http404
    user = request.user
    if row.public_id in _found_ids(request) and not is_authorized(user, row):
        return row, None
    return row, authorize(user, row)


@public
@never_cache
@require_safe
def page(request: HttpRequest, public_id: str) -> HttpResponse:
    """One violation with evidence and options. Its party first opens the notice with a button, which starts the periods (`open_`).

    Text messages lead here: a visitor who has not found it by its number is sent to the sign-in page, whether it exists or not.
    """
    if not request.user.is_authenticated and public_id not in _found_ids(request):
        return redirect_to_login(request.get_full_path())
    row, access = violation_or_404(request, public_id)
    is_party = access is not None
    order = queries.order_of(row)
    periods = queries.limits()
    if access is not None and notices.is_unopened_by(row, access):
        return render(request, "violations/unopened.html", {"row": row, "order": order, "periods": periods, "crumbs": _crumbs(row, access)})
    by_delegate = access is not None and not access.is_self
    status = queries.status_of(row, is_party=is_party, by_delegate=by_delegate, order=order, periods=periods)
    plan = getattr(row, "plan", None)
    service = getattr(row, "service", None)
    filed = getattr(row, "objection", None)
    if row.state == ViolationState.OBJECTED and filed is not None:
        periods = periods | {"kept_price_days": limits_of(filed.case)["kept_price_days"]}
    days_left = (row.settle_until - clock.today()).days if row.settle_until is not None else None
    if days_left is not None and days_left < 0:
        days_left = None
    days_run = (row.settle_until - clock.day_of(service.at)).days if row.settle_until is not None and service is not None else 0
    gives_back = row.state in GIVES_BACK or (row.state == ViolationState.PAID and hasattr(row, "judgment"))
    unpaid = settlements.unpaid_parts(plan) if plan is not None else []
    captured_at = Evidence.objects.filter(upload=OuterRef("pk")).values("captured_at")
    photos = Upload.objects.filter(subject=row.key, slot__in=["photos", "correction", "defence"], state=UploadState.READY)
    has_notice = row.written_notice is not None and row.written_notice.state == DocumentState.ACTIVE
    objection = filed if is_party else None
    receipts = _receipts(request, row, access)
    ways = options.ways_of(row, status)
    events = list(row.events.order_by("pk"))
    judgment = getattr(row, "judgment", None)
    rulings = judgment.appeals.filter(confirmed_at__isnull=False).order_by("pk") if judgment is not None and judgment.appeal_id else []
    appealed = bool(rulings)
    returned = settlements.given_back(row, is_over=True) if plan is not None and gives_back else ""
    payable = settlements.payable(row, order)
    stopped_shops = blocks.blocked_shops(row) if row.state in blocks.UNPAID else 0
    return render(
        request,
        "violations/page.html",
        {
            "row": row,
            "rule": row.rule,
            "is_party": is_party,
            "access": access,
            "moved_deadlines": moved_deadlines(row.key),
            "tag": TAGS[row.state],
            "order": order,
            "repeats": repetition.count_now(row),
            "court_list_day": court_list.list_day(row),
            "is_on_court_list": (court_list.list_day(row) or dt.date.max) <= clock.today(),
            "days_left": days_left,
            "days_run": days_run,
            "days_gone": max(days_run - (days_left or 0), 0),
            "days": periods["settlement_days"],
            "periods": periods,
            "price_kept_until": min((on for on in (row.settle_until, row.object_until) if on is not None), default=None),
            "extended_until": row.settle_until + dt.timedelta(days=periods["extension_days"]) if row.settle_until else None,
            "ways": ways,
            "pays_by_number": access is None and any(option.code == "settle" and not option.needs_sign_in for option, _more in ways.cards),
            "is_correction_over": any(option.closed == "correction_over" for option in ways.folded),
            "by_signatory": queries.is_found_by_signatories(row),
            "payable": payable,
            "by_number": access is None,
            "may_object": any(option.code == "object" and option.is_open for option in rules.option_statuses(status)),
            "stopped_shops": stopped_shops,
            "stop_ends": options.stop_ends(status) if stopped_shops else "",
            "receipts": receipts,
            "is_rest": payable is not None and row.state == ViolationState.JUDGED and settlements.is_rest(row, payable.fils),
            "returned": returned,
            "returned_above": court_sums.given_back(row) if appealed else "",
            "stops_from": blocks.stops_from(row),
            "has_objection_left": queries.has_objection_left(row),
            "paid_fils": court_sums.kept_fils(row)
            if appealed
            else sum(int(receipt.fils) for receipt in receipts if getattr(receipt, "bill_state", "") == BillState.PAID),
            "photos": list(photos.annotate(captured_at=Subquery(captured_at)).order_by("pk")),
            "service": service,
            "received_on": clock.day_of(service.at) if service is not None else None,
            "warned_on": next((clock.day_of(event.at) for event in events if event.move == "warn"), None),
            "is_unserved": row.state in notices.SERVE,
            "objection": objection,
            # Another signatory of the same organisation sees only the number of the case.
            "opens_case": objection is not None and cases.visible_to(request.user).filter(pk=objection.case_id).exists(),
            "plan": plan,
            "parts": [(part, part not in unpaid) for part in plan.instalments.all()] if plan is not None else [],
            "judgment": judgment,
            "appeals": rulings,
            "events": _steps(events, service),
            "has_notice": has_notice and is_party,
            "measure": units.measure(row.offence_facts["unit"], row.quantity_hundredths, row.months),
            "crumbs": _crumbs(row, access),
        },
    )


def _steps(events: Sequence[ViolationEvent], service: Service | None) -> list[dict[str, Any]]:
    """What has happened so far, in its order. The notice has one instant, that of its service, whenever that was entered.

    A report that was signed on paper and entered later was written when it was signed, not afterwards.
    """
    moves, received = WORKFLOWS[VIOLATION].moves, SERVE.values()
    steps = [{"move": event.move, "title": moves[event.move].label, "at": event.at} for event in events if event.move not in received]
    if service is not None:
        for step in steps:
            step["at"] = min(step["at"], service.at) if step["move"] in ("order", "charge") else step["at"]
        steps.append({"title": moves["serve"].label, "at": service.at})
    return sorted(steps, key=lambda step: step["at"])


def _crumbs(row: Violation, access: Access | None) -> list[tuple[str | SafeString, str]]:
    return [(_("Violations"), reverse("violations:mine" if access is not None else "violations:start")), (ref(row.reference), "")]


def _receipts(request: HttpRequest, row: Violation, access: Access | None) -> list[Receipt]:
    """The receipts that this visitor may see: of a party all, of others what visitors paid. Without a document it is being sealed."""
    rows = queries.visitor_receipts(row)
    if access is not None:
        rows = payments.receipts_visible_to(request.user).filter(bill__subject=row.key, allocation__is_settled=True).order_by("pk")
    rows = rows.annotate(bill_state=F("bill__state"))
    return list(rows.select_related(None).only("number", "fils", "issued_at", "document_id"))


@public
@never_cache
@require_safe
def photo(request: HttpRequest, public_id: str, photo_id: str) -> HttpResponse:
    """The preview of a photo, for visitors who may see the violation. Raises Http404 while its party has yet to open the notice."""
    row, access = violation_or_404(request, public_id)
    if access is not None and notices.is_unopened_by(row, access):
        raise Http404
    upload = (
        Upload.objects.filter(subject=row.key, public_id=photo_id, slot__in=["photos", "correction", "defence"], state=UploadState.READY)
        .select_related("preview")
        .first()
    )
    if upload is None:
        raise Http404
    return preview_response(upload)


def _keyset_page(request: HttpRequest, rows: QuerySet[M]) -> tuple[list[M], str]:
    """The rows older than the `before` of the query string, and the link to older ones ("" on the last page)."""
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit():
        rows = rows.filter(pk__lt=int(before[:18]))
    found = list(rows[: PAGE_SIZE + 1])
    return found[:PAGE_SIZE], f"?before={found[PAGE_SIZE - 1].pk}" if len(found) > PAGE_SIZE else ""


@public
@require_safe
def lifts(request: HttpRequest) -> HttpResponse:
    """Service blocks lifted by hand, without names."""
    rows = StopLift.objects.filter(allowed_at__isnull=False).select_related("violation__branch").order_by("-pk")
    page, older_url = _keyset_page(request, rows)
    replies = rulebook.edition(queries.REPLIES, clock.today()).reasons
    units = {branch.pk: branch for branch in Branch.objects.all()}
    context = {
        "rows": [(row, row.violation.rule, replies.get(row.code), units.get(row.asked_unit), units.get(row.allowed_unit)) for row in page],
        "older_url": older_url,
        "crumbs": [(_("Violations"), reverse("violations:start")), (_("Stops of services lifted for a time"), "")],
    }
    return render(request, "violations/lifts.html", context)


@public
@require_safe
def reliefs(request: HttpRequest) -> HttpResponse:
    """Waivers and reductions, without names."""
    rows = Relief.objects.filter(allowed_at__isnull=False).select_related("violation__branch").order_by("-pk")
    page, older_url = _keyset_page(request, rows)
    replies = rulebook.edition(queries.REPLIES, clock.today()).reasons
    context = {
        "rows": [(row, row.violation.rule, replies.get(row.code)) for row in page],
        "older_url": older_url,
        "crumbs": [(_("Violations"), reverse("violations:start")), (_("Waivers and reductions"), "")],
    }
    return render(request, "violations/reliefs.html", context)
