"""For anybody: find a violation by its number, the page that all ways lead from, and the register of waivers."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.access import public
from municipality.accounts.limits import WRONG_DIGITS, spend
from municipality.cases import queries as cases
from municipality.cases.views.public import service_card
from municipality.delegation.authorization import Access, authorize, is_authorized
from municipality.documents import store
from municipality.documents.states import DocumentState
from municipality.fieldwork.models import Evidence
from municipality.kernel import clock
from municipality.kernel.workflow import WORKFLOWS
from municipality.places.models import Branch
from municipality.ui.errors import too_many_requests
from municipality.ui.language import read_form
from municipality.ui.templatetags.portal import ref
from municipality.uploads.models import Upload
from municipality.uploads.states import UploadState
from violations import options, queries
from violations.forms import FindForm
from violations.models import Relief, StopLift, Violation
from violations.services import notices, settlements
from violations.states import VIOLATION, ViolationState

FOUND = "violations_found"  # signed cookie: what this browser found by number and digits; no row is written for a visitor
MOST_FOUND, FOUND_SECONDS = 20, 3600
TRIES, SECONDS = 10, 600
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
SHOWN = (
    *("shop__owner", "shop__organisation", "area", "branch", "inspector", "visit", "paper", "party", "notice", "objection__case"),
    *("service", "extension", "plan", "judgment"),
)
CONTESTED = (ViolationState.ORDERED, ViolationState.UNSETTLEABLE, ViolationState.OBJECTED, ViolationState.OVERDUE, ViolationState.REFERRED)


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """What the service is, and the search by number and last four digits; the same answer whatever is wrong."""
    form, submitted = read_form(request, FindForm)
    missed, closed = False, None
    if submitted and form.is_valid():
        if not spend(request, "violation", limit=TRIES, seconds=SECONDS):
            return too_many_requests(request, SECONDS)
        number = form.cleaned_data["number"]
        guess = WRONG_DIGITS.use(number)
        row = queries.by_number(number, form.cleaned_data["last_four"]) if guess.is_kept else None
        if row is not None:
            WRONG_DIGITS.give_back(number)
            known = [pk for pk in _found(request) if pk != row.public_id]
            answer = redirect("violations:page", public_id=row.public_id)
            answer.set_signed_cookie(
                FOUND,
                ".".join([row.public_id, *known][:MOST_FOUND]),
                salt=FOUND,
                max_age=FOUND_SECONDS,
                httponly=True,
                samesite="Lax",
                secure=settings.SESSION_COOKIE_SECURE,
            )
            return answer
        closed = None if guess.is_kept else guess
        missed = guess.is_kept
    response = service_card(
        request,
        "violations",
        "violations/start.html",
        form=form,
        missed=missed,
        closed_until=closed and clock.now() + dt.timedelta(seconds=closed.reset),
        periods=queries.limits(),
        is_person=request.user.is_authenticated and not request.user.is_staff,  # type: ignore[union-attr]
    )
    if closed is not None:
        response.status_code, response["Retry-After"] = 429, str(closed.reset)
    return response


def _found(request: HttpRequest) -> list[str]:
    """What this browser found within the last hour; nothing where the cookie is missing, old or not ours."""
    value = request.get_signed_cookie(FOUND, default="", salt=FOUND, max_age=FOUND_SECONDS)
    return value.split(".") if value else []


def seen_or_404(request: HttpRequest, public_id: str) -> tuple[Violation, Access | None]:
    """A violation that this reader may see, and for whom they act in it (None: they found it by number and digits).

    Raises Http404: for everybody else it does not exist; NotPermitted where a delegation is over.
    """
    rows = queries.with_bank(Violation.objects.select_related(*SHOWN))
    row = rows.filter(public_id=public_id).first()
    if row is None:
        raise Http404
    user = request.user
    if row.public_id in _found(request) and not is_authorized(user, row):
        return row, None
    return row, authorize(user, row)


@public
@never_cache
@require_safe
def page(request: HttpRequest, public_id: str) -> HttpResponse:
    """Evidence, article, place, and all ways at once with their effects. A party who opens it is served by that; a delegate serves
    nobody."""
    row, access = seen_or_404(request, public_id)
    is_party = access is not None
    if access is not None and access.is_self and request.method == "GET":
        notices.record_opening(violation=row, person=access.person)
    order = queries.order_of(row)
    periods = queries.limits()
    by_delegate = access is not None and not access.is_self
    standing = queries.status_of(row, is_party=is_party, by_delegate=by_delegate, order=order, periods=periods)
    plan = getattr(row, "plan", None)
    left = (row.settle_until - clock.today()).days if row.settle_until is not None else None
    unpaid = settlements.unpaid_parts(plan) if plan is not None else []
    taken = Evidence.objects.filter(upload=OuterRef("pk")).values("captured_at")
    photos = Upload.objects.filter(subject=row.key, slot__in=["photos", "correction", "defence"], state=UploadState.READY)
    has_notice = row.notice is not None and row.notice.state == DocumentState.ACTIVE
    objection = getattr(row, "objection", None) if is_party else None
    return render(
        request,
        "violations/page.html",
        {
            "row": row,
            "rule": row.rule,
            "is_party": is_party,
            "access": access,
            "tag": TAGS[row.state],
            "is_contested": row.state in CONTESTED,
            "order": order,
            "left": left,
            "days": periods["settlement_days"],
            "ways": options.options_of(row, standing),
            "photos": photos.annotate(captured_at=Subquery(taken)).order_by("pk"),
            "service": getattr(row, "service", None),
            "objection": objection,
            # Who made an objection goes on with it; another who signs for the same organisation reads its number.
            "opens_case": objection is not None and cases.visible_to(request.user).filter(pk=objection.case_id).exists(),
            "plan": plan,
            "parts": [(part, part not in unpaid) for part in plan.instalments.all()] if plan is not None else [],
            "judgment": getattr(row, "judgment", None),
            "events": [{"title": WORKFLOWS[VIOLATION].moves[event.move].label, "at": event.at} for event in row.events.order_by("pk")],
            "has_notice": has_notice and is_party,
            "quantity": _quantity(row),
            "crumbs": [
                (_("Violations"), reverse("violations:mine") if is_party else reverse("violations:start")),
                (ref(row.reference), ""),
            ],
        },
    )


def _quantity(row: Violation) -> str:
    whole, part = divmod(row.quantity_hundredths, 100)
    return f"{whole}.{part:02d}" if part else str(whole)


@public
@never_cache
@require_safe
def photo(request: HttpRequest, public_id: str, photo_id: str) -> HttpResponse:
    """One picture of a violation, as the portal drew it anew, for whoever may see its page."""
    row, _principal = seen_or_404(request, public_id)
    upload = (
        Upload.objects.filter(subject=row.key, public_id=photo_id, slot__in=["photos", "correction", "defence"], state=UploadState.READY)
        .select_related("preview")
        .first()
    )
    if upload is None or upload.preview is None:
        raise Http404
    response = HttpResponse(store.read(upload.preview), content_type="image/jpeg")
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Content-Disposition"] = "inline"
    response["X-Content-Type-Options"] = "nosniff"
    return response


PAGE = 50


@public
@require_safe
def lifts(request: HttpRequest) -> HttpResponse:
    """Every stop of services that was lifted by hand: day, offence, branch, last day, reason, the two units; nobody's name."""
    rows = StopLift.objects.filter(allowed_at__isnull=False).select_related("violation__branch").order_by("-pk")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit():
        rows = rows.filter(pk__lt=int(before[:18]))
    found = list(rows[: PAGE + 1])
    replies = queries.rulebook.edition(queries.REPLIES, clock.today()).reasons
    units = {branch.pk: branch for branch in Branch.objects.all()}
    context = {
        "rows": [
            (row, row.violation.rule, replies.get(row.code), units.get(row.asked_unit), units.get(row.allowed_unit)) for row in found[:PAGE]
        ],
        "older_url": f"?before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
        "crumbs": [(_("Violations"), reverse("violations:start")), (_("Stops lifted by hand"), "")],
    }
    return render(request, "violations/lifts.html", context)


@public
@require_safe
def reliefs(request: HttpRequest) -> HttpResponse:
    """Every waiver and reduction: day, kind, offence, branch, before and after, reason, the two roles; nobody's name."""
    rows = Relief.objects.filter(allowed_at__isnull=False).select_related("violation__branch").order_by("-pk")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit():
        rows = rows.filter(pk__lt=int(before[:18]))
    found = list(rows[: PAGE + 1])
    replies = queries.rulebook.edition(queries.REPLIES, clock.today()).reasons
    context = {
        "rows": [(row, row.violation.rule, replies.get(row.code)) for row in found[:PAGE]],
        "older_url": f"?before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
        "crumbs": [(_("Violations"), reverse("violations:start")), (_("Waivers and reductions"), "")],
    }
    return render(request, "violations/reliefs.html", context)
