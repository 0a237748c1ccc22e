"""What a party does about a violation: pay, correct, object, take time, pay in parts, prove that nothing is owed."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models.fields.json import KT
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from municipality.accounts.access import access
from municipality.accounts.models import User
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases import queries as cases
from municipality.delegation.authorization import Access, authorize
from municipality.documents.rendering import RendererMissing
from municipality.documents.signing import SignerMissing
from municipality.kernel.errors import Refused
from municipality.review import queries as review
from municipality.ui.language import read_form
from municipality.ui.templatetags.portal import ref, tag
from municipality.uploads.fields import field_of
from shops.register import queries as shops
from violations import queries
from violations.forms import AnswerForm, ObjectForm, PlanForm
from violations.models import Objection, Violation
from violations.services import delegates, documents, objections, settlements, terms
from violations.states import ObjectionState, ViolationState
from violations.views.public import TAGS

V = ViolationState
PAGE = 25
LINE = ("pk", "public_id", "number", "warning_number", "seen_at", "state", "settle_until", "correct_until")


def mine_or_404(user: User, public_id: str, way: str) -> tuple[Violation, Access]:
    """A violation of the person or of a shop in which they act for another, and for whom they take a way in it.

    Raises Http404 for any other; NotPermitted where a delegation is over, or where the way is the party's alone.
    """
    rows = Violation.objects.select_related("shop__owner", "shop__organisation", "area", "party")
    row = rows.filter(public_id=public_id).first()
    if row is None:
        raise Http404
    allowed = authorize(user, row)
    delegates.require_open(allowed, way)
    return row, allowed


def crumbs(row: Violation, here: str) -> list[tuple[Any, str]]:
    return [
        (_("Violations"), reverse("violations:mine")),
        (ref(row.reference), reverse("violations:page", args=[row.public_id])),
        (here, ""),
    ]


@access("person")
@require_safe
def mine(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Violations of the person and of their shops, newest first, by keyset pages."""
    language = get_language() or "ar"
    rows = queries.visible_to(request.user).order_by("-pk")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit():
        rows = rows.filter(pk__lt=int(before[:18]))
    # A line says little of a violation: only that is fetched, and the facts of the offence are not unpacked.
    lines = rows.annotate(name=KT(f"offence_facts__name_{language}")).values_list(*LINE, f"shop__name_{language}", "shop__name_ar", "name")
    found = list(lines[: PAGE + 1])
    page_of, labels = reverse("violations:page", args=["0"]).split("0"), {value: tag(TAGS[value], label) for value, label in V.choices}
    rights = queries.acted_for(request.user, [line[0] for line in found[:PAGE]])
    return render(
        request,
        "violations/mine.html",
        {
            "rows": [
                (
                    SafeString(public_id.join(page_of)),
                    SafeString(html.escape(name)),
                    number or warning or public_id,
                    seen_at,
                    SafeString(html.escape(shop or shop_ar or "")),
                    settle_until if state == V.ORDERED else None,
                    correct_until if state == V.WARNED else None,
                    labels[state],
                    rights[pk].giver if pk in rights else None,
                )
                for pk, public_id, number, warning, seen_at, state, settle_until, correct_until, shop, shop_ar, name in found[:PAGE]
            ],
            "older_url": f"?before={found[PAGE - 1][0]}" if len(found) > PAGE else "",
            "crumbs": [(_("Violations"), "")],
        },
    )


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """What is payable now, once more with its effects; POST makes the bill and goes on to its page."""
    row, allowed = mine_or_404(request.user, public_id, "pay")
    refusal: Refused | None = None
    if request.method == "POST":
        try:
            bill = settlements.bill_for(violation=row, person=request.user)
            return redirect("payments:pay", public_id=bill.public_id)
        except Refused as refused:
            refusal = refused
    order = queries.order_of(row)
    standing = queries.status_of(row, is_party=True)
    is_open = any(way.is_open for way in queries.rules.ways(standing) if way.code in ("settle", "pay"))
    plan = getattr(row, "plan", None)
    unpaid = settlements.unpaid_parts(plan) if plan is not None and row.state == V.INSTALMENTS else []
    fils = unpaid[0].fils if unpaid else row.judgment.fils if row.state == V.JUDGED else order.fils if order is not None else None
    if not is_open and refusal is None:
        return redirect("violations:page", public_id=row.public_id)
    context = {
        "row": row,
        "rule": row.rule,
        "order": order,
        "fils": fils,
        "part": unpaid[0] if unpaid else None,
        "access": allowed,
        "refusal": refusal,
        "crumbs": crumbs(row, _("Payment")),
    }
    return render(request, "violations/pay.html", context, status=409 if refusal else 200)


def _asked(
    request: AuthenticatedHttpRequest, public_id: str, way: str, template: str, here: str, act: Callable[[Violation], str], **more: Any
) -> HttpResponse:
    """A page that asks once more; POST acts and leads back with a sentence, a refusal stands on the page itself."""
    row, allowed = mine_or_404(request.user, public_id, way)
    refusal: Refused | None = None
    if request.method == "POST":
        try:
            messages.info(request, act(row))
            return redirect("violations:page", public_id=row.public_id)
        except Refused as refused:
            refusal = refused
    context = {"row": row, "rule": row.rule, "access": allowed, "refusal": refusal, "crumbs": crumbs(row, here), **more}
    return render(request, template, context, status=409 if refusal else 200)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def more_time(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    def act(row: Violation) -> str:
        terms.extend(violation=row, person=request.user)
        return _("The settlement period is extended.")

    days = queries.limits()["extension_days"]
    return _asked(request, public_id, "more_time", "violations/more_time.html", _("More time"), act, days=days)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def instalments(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    row, _allowed = mine_or_404(request.user, public_id, "instalments")
    order = queries.order_of(row)
    periods = queries.limits()
    if order is None:
        return redirect("violations:page", public_id=row.public_id)
    form, submitted = read_form(request, PlanForm, fils=order.fils, most=periods["instalments_most"])
    refusal: Refused | None = None
    if submitted and form.is_valid():
        try:
            terms.agree_plan(violation=row, person=request.user, count=form.cleaned_data["count"])
        except Refused as refused:
            refusal = refused
        else:
            messages.info(request, _("The instalments are agreed. The first one is due today."))
            return redirect("violations:pay", public_id=row.public_id)
    context = {
        "row": row,
        "rule": row.rule,
        "form": form,
        "refusal": refusal,
        "order": order,
        "days": periods["instalment_days"],
        "crumbs": crumbs(row, _("Instalments")),
    }
    return render(request, "violations/instalments.html", context, status=409 if refusal else 200)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def object_(request: AuthenticatedHttpRequest, public_id: str, ground: str = "") -> HttpResponse:
    """Ground, words and files; the effects stand beside."""
    row, allowed = mine_or_404(request.user, public_id, ground or "object")
    closed = [code for code in (objections.NOT_MINE,) if not allowed.is_self and not queries.rules.DELEGATES[code]]
    form, submitted = read_form(request, ObjectForm, initial={"ground": ground}, without=closed)
    refusal: Refused | None = None
    if submitted and form.is_valid():
        try:
            found = objections.file(violation=row, person=request.user, **form.cleaned_data)
        except Refused as refused:
            refusal = refused
        else:
            messages.info(request, _("The objection is filed. Payment stands still until it is decided."))
            return redirect("cases:case", public_id=found.case.public_id)
    standing = queries.status_of(row, is_party=True)
    way = next(way for way in queries.rules.ways(standing) if way.code == "object")
    if not way.is_open and refusal is None:
        return redirect("violations:page", public_id=row.public_id)
    periods = queries.limits()
    context = {
        "row": row,
        "rule": row.rule,
        "form": form,
        "refusal": refusal,
        "periods": periods,
        "access": allowed,
        "keeps_price": row.state == V.ORDERED,
        "field": field_of(request, row.key, "objection", next_path=request.path),
        "crumbs": crumbs(row, _("Objection")),
    }
    return render(request, "violations/object.html", context, status=409 if refusal else 200)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def not_mine(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The objection with its ground chosen."""
    return object_(request, public_id, ground=objections.NOT_MINE)


@access("person")
@require_safe
def correct(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Send photos of what was put right; an inspector of the branch looks at them."""
    row, allowed = mine_or_404(request.user, public_id, "correct")
    if row.state != V.WARNED:
        return redirect("violations:page", public_id=row.public_id)
    context = {
        "row": row,
        "rule": row.rule,
        "access": allowed,
        "field": field_of(request, row.key, "correction", next_path=request.path),
        "crumbs": crumbs(row, _("Put it right")),
    }
    return render(request, "violations/correct.html", context)


def _objection_or_404(user: User, public_id: str, way: str) -> tuple[Objection, Access]:
    row, allowed = mine_or_404(user, public_id, way)
    rows = Objection.objects.filter(violation=row, case__in=cases.visible_to(user).values("pk"))
    found = rows.select_related("case__applicant", "violation").first()
    if found is None:
        raise Http404
    return found, allowed


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Answer what the decider asked for, in words or with files."""
    objection, allowed = _objection_or_404(request.user, public_id, "answer")
    case = objection.case
    asked = review.open_round(case)
    if case.state != ObjectionState.CORRECTIONS or asked is None:
        return redirect("cases:case", public_id=case.public_id)
    form, submitted = read_form(request, AnswerForm)
    refusal: Refused | None = None
    if submitted and form.is_valid():
        try:
            objections.answer(objection=objection, person=request.user, words=form.cleaned_data["words"])
        except Refused as refused:
            refusal = refused
        else:
            messages.info(request, _("The answer is sent. The objection kept its place."))
            return redirect("cases:case", public_id=case.public_id)
    context = {
        "row": objection.violation,
        "case": case,
        "form": form,
        "refusal": refusal,
        "asked": asked,
        "access": allowed,
        "items": asked.items.order_by("pk"),
        "field": field_of(request, objection.violation.key, "objection", next_path=request.path),
        "crumbs": [
            (_("My requests"), reverse("cases:mine")),
            (ref(case.reference), reverse("cases:case", args=[case.public_id])),
            (_("Answer"), ""),
        ],
    }
    return render(request, "violations/answer.html", context, status=409 if refusal else 200)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Ask once more, then take the objection back."""
    objection, _allowed = _objection_or_404(request.user, public_id, "withdraw")
    if request.method == "POST":
        objections.withdraw(objection=objection, person=request.user)
        messages.info(request, _("The objection is withdrawn."))
        return redirect("violations:page", public_id=objection.violation.public_id)
    if not objection.case.is_open:
        return redirect("cases:case", public_id=objection.case.public_id)
    return render(request, "violations/withdraw.html", {"row": objection.violation, "case": objection.case, "objection": objection})


@access("person")
@require_safe
def clearance(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Choose for what a certificate is made: the person with all shops, or one shop."""
    return _clearance_page(request, None)


def _clearance_page(request: AuthenticatedHttpRequest, refusal: Refused | None) -> HttpResponse:
    context = {
        "shops": shops.with_names(shops.held_by(request.user)).order_by("pk")[:200],
        "refusal": refusal,
        "crumbs": [(_("Violations"), reverse("violations:mine")), (_("Clearance certificate"), "")],
    }
    return render(request, "violations/clearance.html", context, status=refusal.status if refusal else 200)


@access("person")
@require_POST
def make_clearance(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Make the certificate now and hand it out. Raises Http404 for a shop of somebody else."""
    wanted = request.POST.get("shop", "")
    shop = None
    if wanted:
        shop = shops.held_by(request.user).filter(public_id=wanted).select_related("branch").first()
        if shop is None:
            raise Http404
    try:
        document = documents.clearance(person=request.user, shop=shop)
    except Refused as refused:
        return _clearance_page(request, refused)
    except (RendererMissing, SignerMissing):
        return _clearance_page(
            request, Refused("no_seal", _("Certificates cannot be sealed at the moment. Nothing was made. Please try again later."))
        )
    return redirect("document", number=document.number)
