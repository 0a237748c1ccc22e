"""Pages of the party: pay, correct, object, extend the period, pay by instalments, clearance certificate."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.db.models.fields.json import KT
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
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
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.review import queries as review
from municipality.review.services.case_clock import promised_day
from municipality.rulebook import queries as rulebook
from municipality.ui.dates import day_html, moment_html
from municipality.ui.language import read_form
from municipality.ui.templatetags.portal import ref, tag
from municipality.uploads.fields import field_of
from payments import origins
from shops.register import queries as shops
from violations import options, queries, rules
from violations.forms import AnswerForm, ObjectForm, PlanForm
from violations.models import Objection, SettlementOrder, Violation
from violations.services import delegates, documents, notices, objections, settlements, terms
from violations.states import ObjectionState, ViolationState
from violations.views.bank import to_bank
from violations.views.public import TAGS

V = ViolationState
PAGE_SIZE = 25
LIST_FIELDS = ("public_id", "number", "warning_number", "seen_at", "state", "settle_until", "correct_until", "object_until")


def violation_or_404(user: User, public_id: str, option: str) -> tuple[Violation, Access]:
    """A violation and the access by which the user takes an option of it.

    Raises Http404 for another's; NotPermitted where a delegation is over, or where a delegate may not take the option.
    """
    rows = Violation.objects.select_related("shop__owner", "shop__organisation", "area", "party")
    row = rows.filter(public_id=public_id).first()
    if row is None:
        raise Http404
    allowed = authorize(user, row)
    delegates.require_open(allowed, option)
    return row, allowed


def crumbs(row: Violation, title: str) -> list[tuple[Any, str]]:
    return [
        (_("Violations"), reverse("violations:mine")),
        (ref(row.reference), reverse("violations:page", args=[row.public_id])),
        (title, ""),
    ]


def _number(request: AuthenticatedHttpRequest, name: str) -> int | None:
    """A primary key in the query string."""
    value = request.GET.get(name, "")
    return int(value[:18]) if value.isascii() and value.isdigit() else None


@access("person")
@require_safe
def mine(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Violations that the person may see, all or of one shop, in keyset pages: with an open deadline by that day, then the newest first."""
    language, today = get_language() or "ar", clock.today()
    older, newer = _number(request, "before"), _number(request, "after")
    rows, kept, only_shop = queries.visible_to(request.user), "", request.GET.get("shop", "")
    if only_shop:
        rows, kept = rows.filter(shop__public_id=only_shop), "&" + urlencode({"shop": only_shop})
    found = queries.by_deadline(rows, after=older, before=newer, limit=PAGE_SIZE + 1)
    has_more = len(found) > PAGE_SIZE  # in the direction of the link
    found = found[1:] if has_more and newer is not None else found[:PAGE_SIZE]
    deadlines = dict(found)
    # Only the columns of the list are read: unpacking the facts of each offence is slow.
    orders = SettlementOrder.objects.filter(violation=OuterRef("pk")).order_by("-version")
    lines = Violation.objects.filter(pk__in=deadlines)
    lines = lines.annotate(name=KT(f"offence_facts__name_{language}"), offer=Subquery(orders.values("fils")[:1]), court=queries.COURT_FILS)
    fields = (*LIST_FIELDS, "objection", f"shop__name_{language}", "shop__name_ar", "name", "court", "offer", "paper__written_on")
    page = {pk: line for pk, *line in lines.values_list("pk", *fields)}
    url_parts, labels = reverse("violations:page", args=["0"]).split("0"), {value: tag(TAGS[value], label) for value, label in V.choices}
    unopened_tag = tag("warn", _("Not opened yet"))
    warning_over = tag(TAGS[V.WARNED], _("Warning: the time to put it right is over"))
    grants = queries.grants_by_violation(request.user, list(deadlines))
    listed = []
    for pk, deadline in deadlines.items():
        public_id, number, warning, seen_at, state, settle_until, correct_until, object_until, objection, *more = page[pk]
        shop, shop_ar, name, court, offer, written_on = more
        may_object = state in queries.MAY_OBJECT and objection is None and object_until is not None and object_until >= today
        # Not served: the list says what opening it does, before it is done.
        is_unopened = object_until is None and state in notices.SERVE and pk not in grants
        label = warning_over if state == V.WARNED and deadline is None else labels[state]
        listed.append(
            (
                SafeString(public_id.join(url_parts)),
                SafeString(html.escape(name)),
                number or warning or public_id,
                moment_html(seen_at) if written_on is None else day_html(written_on),  # paper knows no time
                SafeString(html.escape(shop or shop_ar or "")),
                settle_until if state == V.ORDERED and settle_until is not None and settle_until >= today else None,
                offer,
                correct_until if state == V.WARNED and deadline is not None else None,
                deadline if state == V.INSTALMENTS else None,
                object_until if may_object else None,
                is_unopened,
                unopened_tag if is_unopened else label,
                court if state == V.JUDGED else None,
                grants[pk].giver if pk in grants else None,
            )
        )
    dated = sum(deadline is not None for deadline in deadlines.values())  # they come first
    context = {
        "groups": [(_("With a deadline"), listed[:dated]), (_("Without a deadline now"), listed[dated:])],
        "only_shop": only_shop,
        "older_url": f"?before={found[-1][0]}{kept}" if found and (has_more or newer is not None) else "",
        "newer_url": f"?after={found[0][0]}{kept}" if found and (older is not None or (has_more and newer is not None)) else "",
        "crumbs": [(_("Violations"), "")],
    }
    return render(request, "violations/mine.html", context)


@access("person")
@require_POST
def open_(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Open the notice: service is proved and the periods begin. Without effect for a delegate, and once it was served."""
    row = get_object_or_404(Violation.objects.select_related("shop__owner", "shop__organisation", "party"), public_id=public_id)
    allowed = authorize(request.user, row)
    if allowed.is_self:
        notices.record_opening(violation=row, person=allowed.person)
    return redirect("violations:page", public_id=row.public_id)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """What is payable now; POST makes the bill and redirects to the bank."""
    row, allowed = violation_or_404(request.user, public_id, "pay")
    origins.remember(request, row.key)
    refusal: Refused | None = None
    if request.method == "POST":
        try:
            return to_bank(request, settlements.start_payment, violation=row, person=request.user)
        except Refused as refused:
            refusal = refused
    status = queries.status_of(row, is_party=True)
    is_open = any(option.is_open for option in rules.option_statuses(status) if option.code in ("settle", "pay"))
    if not is_open and refusal is None:
        return redirect("violations:page", public_id=row.public_id)
    context = {
        "row": row,
        "rule": row.rule,
        "payable": settlements.payable(row),
        "has_objection_left": queries.has_objection_left(row),
        "origin": origins.origin_of(request, [row.key]),
        "access": allowed,
        "refusal": refusal,
        "crumbs": crumbs(row, _("Payment")),
    }
    return render(request, "violations/pay.html", context, status=409 if refusal else 200)


def _confirm_page(
    request: AuthenticatedHttpRequest,
    public_id: str,
    option: str,
    template: str,
    title: str,
    apply: Callable[[Violation], str],
    **extra: Any,
) -> HttpResponse:
    """A confirmation page; POST calls `apply`, which returns the message, and redirects to the violation."""
    row, allowed = violation_or_404(request.user, public_id, option)
    refusal: Refused | None = None
    if request.method == "POST":
        try:
            messages.info(request, apply(row))
            return redirect("violations:page", public_id=row.public_id)
        except Refused as refused:
            refusal = refused
    context = {"row": row, "rule": row.rule, "access": allowed, "refusal": refusal, "crumbs": crumbs(row, title), **extra}
    return render(request, template, context, status=409 if refusal else 200)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def more_time(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    def apply(row: Violation) -> str:
        terms.extend(violation=row, person=request.user)
        return _("The settlement period is extended.")

    days = queries.limits()["extension_days"]
    return _confirm_page(request, public_id, "more_time", "violations/more_time.html", _("More time"), apply, days=days)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def instalments(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    row, _allowed = violation_or_404(request.user, public_id, "instalments")
    order = queries.order_of(row)
    periods = queries.limits()
    if order is None:
        return redirect("violations:page", public_id=row.public_id)
    form, submitted = read_form(request, PlanForm, fils=order.fils, max_count=periods["instalments_most"])
    refusal: Refused | None = None
    if submitted and form.is_valid():
        try:
            terms.agree_plan(violation=row, person=request.user, count=form.cleaned_data["count"])
        except Refused as refused:
            refusal = refused
        else:
            messages.info(request, _("The instalments are agreed. The first one is due by tomorrow."))
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
    """The form of an objection."""
    row, allowed = violation_or_404(request.user, public_id, ground or "object")
    closed = [code for code in (objections.NOT_MINE,) if not allowed.is_self and not rules.DELEGATES[code]]
    form, submitted = read_form(request, ObjectForm, initial={"ground": ground}, excluded=closed)
    refusal: Refused | None = None
    if submitted and form.is_valid():
        try:
            objection = objections.file(violation=row, person=request.user, **form.cleaned_data)
        except Refused as refused:
            refusal = refused
        else:
            messages.info(request, _("The objection is filed. Nothing goes to the court until it is decided."))
            return redirect("cases:case", public_id=objection.case.public_id)
    status = queries.status_of(row, is_party=True)
    option = next(option for option in rules.option_statuses(status) if option.code == "object")
    if not option.is_open and refusal is None:
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
        "due_on": promised_day(rulebook.edition("limits.review", clock.today())),
        "answer_by": objections.answer_by(),
        "field": field_of(request, row.key, "objection", next_path=request.path),
        "crumbs": crumbs(row, _("Objection")),
    }
    return render(request, "violations/object.html", context, status=409 if refusal else 200)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def not_mine(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The form of an objection with the ground "not mine"."""
    return object_(request, public_id, ground=objections.NOT_MINE)


@access("person")
@require_safe
def correct(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Upload photos of a correction."""
    row, allowed = violation_or_404(request.user, public_id, "correct")
    if row.state != V.WARNED:
        return redirect("violations:page", public_id=row.public_id)
    context = {
        "row": row,
        "rule": row.rule,
        "access": allowed,
        "field": field_of(request, row.key, "correction", next_path=request.path),
        "crumbs": crumbs(row, _("Correct it")),
    }
    return render(request, "violations/correct.html", context)


def _objection_or_404(user: User, public_id: str, option: str) -> tuple[Objection, Access]:
    row, allowed = violation_or_404(user, public_id, option)
    rows = Objection.objects.filter(violation=row, case__in=cases.visible_to(user).values("pk"))
    objection = rows.select_related("case__applicant", "violation").first()
    if objection is None:
        raise Http404
    return objection, allowed


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Answer the questions of the deciding officer."""
    objection, allowed = _objection_or_404(request.user, public_id, "answer")
    case = objection.case
    round_ = review.open_round(case)
    if case.state != ObjectionState.CORRECTIONS or round_ is None:
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
        "round": round_,
        "access": allowed,
        "items": round_.items.order_by("pk"),
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
    """Confirm and withdraw the objection."""
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
    """Choose what a clearance certificate is about: the person with all shops, or one shop."""
    return _clearance_page(request, None)


def _clearance_page(request: AuthenticatedHttpRequest, refusal: Refused | None) -> HttpResponse:
    rows = queries.owed_by(request.user).select_related("shop", "objection").order_by("pk")[:PAGE_SIZE]
    owing = queries.owed(Violation.objects.filter(queries.OF_HOLDER, shop__isnull=False)).values("shop")
    free = shops.held_by(request.user).exclude(pk__in=owing)
    context = {
        "owed": [(row, options.waits(row)) for row in rows],
        "shops": shops.with_names(free).order_by("pk")[:200],
        "refusal": refusal,
        "crumbs": [(_("Violations"), reverse("violations:mine")), (_("Clearance certificate"), "")],
    }
    return render(request, "violations/clearance.html", context, status=refusal.status if refusal else 200)


@access("person")
@require_POST
def make_clearance(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Issue a clearance certificate. Raises Http404 for another's shop."""
    shop = None
    if shop_id := request.POST.get("shop", ""):
        shop = shops.held_by(request.user).filter(public_id=shop_id).select_related("branch").first()
        if shop is None:
            raise Http404
    try:
        document = documents.clearance(person=request.user, shop=shop)
    except Refused as refused:
        return _clearance_page(request, refused)
    except (RendererMissing, SignerMissing):
        sentence = _("Certificates cannot be sealed at the moment. Nothing was made. Please try again later.")
        return _clearance_page(request, Refused("no_seal", sentence))
    return redirect("document", number=document.number)
