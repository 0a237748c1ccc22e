"""Steps of the office: annulment, relief and lifted blocks by two people; referral, judgments and rulings on appeal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.models import User
from municipality.accounts.proof import reauthentication_required, steps
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.audit.services import log_access, log_accesses
from municipality.documents import store
from municipality.incidents import queries as incidents
from municipality.kernel import clock, digits, money
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.rulebook import queries as rulebook
from municipality.ui.admin_base import in_group, require_role, staff_page
from municipality.ui.templatetags.portal import with_refs
from municipality.ui.texts import Text
from municipality.uploads import links
from municipality.uploads import queries as uploads
from violations import court_list, court_names, queries, reach
from violations.admin.tables import role_of, within_reach
from violations.files import OF_OBJECTION, SLOTS
from violations.models import Annulment, AppealCourt, AppealOutcome, AppealRuling, Handover, ReferralBatch, Relief, StopLift, Violation
from violations.services import appeals, block_lifts, blocks, court, notices, relief, repetition
from violations.states import STUDIED, ObjectionState, ViolationState

V = ViolationState
FORM_FIELDS = (
    *("code", "note_ar", "percent", "until", "ruling_no", "ruled_on", "amount", "outcome"),
    *("served_on", "how", "receipt", "because", "court"),
)
ROLES = reach.OFFICE
APPEAL_STEPS = ("appeal", "confirm_appeal", "drop_appeal")
PROPOSALS: dict[str, Any] = {"annulment": Annulment, "relief": Relief, "stoplift": StopLift}


def objection_context(row: Violation) -> dict[str, Any]:
    """The objection to a violation for the pages of staff: its ground, and whether it is still studied."""
    objection = getattr(row, "objection", None)
    if objection is None:
        return {"objection": None}
    return {
        "objection": objection,
        "ground": rulebook.edition(queries.REPLIES, clock.day_of(objection.filed_at)).reasons.get(objection.ground),
        "is_studied": objection.case.state in STUDIED,
        "objection_state": ObjectionState(objection.case.state).label,
    }


def page(request: HttpRequest, template: str, title: str, error: str, **context: Any) -> TemplateResponse:
    """A page of the office; with an error its status is 409."""
    return staff_page(request, template, 409 if error else 200, title=title, error=error, **context)


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(when=steps("allow", "confirm", "confirm_appeal"))
def violation(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """One violation with the steps of this role. Raises Http404 outside of `within_reach`."""
    require_role(request, *ROLES)
    rows = within_reach(request, Violation.objects.select_related("branch", "area", "shop__owner", "party"))
    row = rows.filter(public_id=public_id).first()
    if row is None:
        raise Http404
    error = ""
    if request.method == "POST":
        try:
            if request.POST.get("step") == "look":
                return _page(request, row, look=notices.check_by_hand(violation=row, clerk=request.user, **_handover(request.POST)))
            if request.POST.get("step") == "edit":
                return _page(request, row)
            messages.success(request, _apply_step(request, row))
            if not rows.filter(pk=row.pk).exists():  # refused, and of another branch
                return redirect("admin:index")
            return redirect("admin:office_violation", row.public_id)
        except Refused as refusal:
            error = str(refusal.sentence)
            row.refresh_from_db()
    return _page(request, row, error)


def _handover(post: QueryDict) -> dict[str, Any]:
    return {"on": _until(post, "served_on"), "how": post.get("how", ""), "receipt": post.get("receipt", "")}


def _page(request: AuthenticatedHttpRequest, row: Violation, error: str = "", look: dict[str, Any] | None = None) -> HttpResponse:
    """The page of a violation; `look` is what serving by hand would record, shown before it is recorded."""
    user = request.user
    for person in queries.people_of(row):
        log_access(viewer=Actor(role_of(request), user.key), person_key=person.key, subject=row.key, purpose="violation")
    replies = rulebook.edition(queries.REPLIES, clock.today())
    proposals = [
        proposal
        for model in PROPOSALS.values()
        for proposal in model.objects.filter(violation=row).select_related("asked_by", "allowed_by").order_by("pk")
    ]
    service, judgment = getattr(row, "service", None), getattr(row, "judgment", None)
    unserved = row.state in notices.SERVE and service is None
    waiting = {type(one) for one in proposals if one.allowed_at is None and one.refused_at is None}
    order = queries.order_of(row)
    is_clerk, allows, is_court = (in_group(request, role) for role in ROLES)
    return page(
        request,
        "admin/violations/office.html",
        row.reference,
        error,
        row=row,
        rule=row.rule,
        order=order,
        is_raised_for_nothing=repetition.is_raised_for_nothing(row, order),
        annulments=relief.office_reasons(replies),
        waivers=replies.reasons_of("waiver"),
        asked=[(one, type(one).__name__.lower(), one.asked_by_id == user.pk, replies.reasons.get(one.code)) for one in proposals],
        may_annul=is_clerk and Annulment not in waiting and row.state in relief.ANNULLED_FROM,
        lifts=replies.reasons_of(block_lifts.KIND),
        may_lift=is_clerk and StopLift not in waiting and blocks.is_blocking(row),
        lift_most=queries.limits()["lift_most_days"],
        may_serve=is_clerk and unserved,
        unserved=unserved,
        by_messages=notices.served_by_messages_on(row) if unserved else None,
        look=look,
        handed_to=service.proof.get("receipt", "") if service is not None else "",
        service=service,
        ways=Handover.choices,
        proof_key=queries.proof_key(row),
        proofs=uploads.ready(queries.proof_key(row)),
        photos=photos(request, row, [slot for slot in SLOTS if slot not in OF_OBJECTION]),
        may_relieve=is_clerk and Relief not in waiting and row.state in relief.WAIVED_FROM,
        plan_runs=relief.PLAN_RUNS if row.state == V.INSTALMENTS else "",
        waits=bool(waiting),
        allows=allows,
        is_court=is_court,
        judgment=judgment,
        is_own_ruling=judgment is not None and judgment.entered_by_id == user.pk,
        is_referred=row.state == V.REFERRED,
        **_appeals_context(row, user, is_court=is_court),
        **objection_context(row),
        typed={name: request.POST.get(name, "") for name in FORM_FIELDS},
    )


def _appeals_context(row: Violation, user: User, *, is_court: bool) -> dict[str, Any]:
    """The rulings on appeal of a violation on which the court has ruled, with that which waits for its second clerk."""
    if not appeals.is_appealable(row):
        return {"appeals": [], "may_appeal": False}
    waiting = appeals.waiting(row)
    return {
        "appeals": AppealRuling.objects.filter(judgment__violation=row, confirmed_at__isnull=False).order_by("pk"),
        "appeal": waiting,
        "is_own_appeal": waiting is not None and waiting.entered_by_id == user.pk,
        "may_appeal": is_court,
        "courts": AppealCourt.choices,
        "outcomes": AppealOutcome.choices,
    }


def photos(request: AuthenticatedHttpRequest, row: Violation, slots: Collection[str]) -> list[tuple[Text, str, str]]:
    """The evidence of a violation that came as files to some slots: what it is, and links to its preview and to itself."""
    return [
        (
            SLOTS[upload.slot].label,
            links.link(upload, request.user, request.session, purpose="preview"),
            links.link(upload, request.user, request.session, purpose="page"),
        )
        for upload in uploads.ready(row.key)
        if upload.slot in slots
    ]


def _apply_step(request: AuthenticatedHttpRequest, row: Violation) -> str:
    """Apply the submitted step. Returns the message. Raises Refused."""
    post, user = request.POST, request.user
    step = post.get("step", "")
    note = post.get("note_ar", "")[:1000]
    if step == "ask_annulment":
        relief.ask_annulment(violation=row, code=post.get("code", ""), note_ar=note, asked_by=user)
        return _("The annulment waits for a second person.")
    if step == "ask_relief":
        percent = digits.clean(post.get("percent", ""))
        value = int(percent) if percent.isascii() and percent.isdigit() and len(percent) <= 2 else -1
        relief.ask_relief(violation=row, code=post.get("code", ""), note_ar=note, percent=value, asked_by=user)
        return _("The request waits for a second person.")
    if step == "ask_lift":
        block_lifts.ask(violation=row, code=post.get("code", ""), note_ar=note, until=_until(post), asked_by=user)
        return _("The request waits for a second person.")
    if step == "serve":
        notices.serve_by_hand(violation=row, clerk=user, **_handover(post))
        return _("The service is recorded, and the periods run from its day.")
    if step in ("allow", "refuse"):
        return _decide(row, step, post.get("kind", ""), post.get("asked", ""), post.get("because", "")[:1000], user)
    if step == "judgment":
        court.enter_judgment(violation=row, clerk=user, fils=_fils(post), ruling_no=post.get("ruling_no", ""), ruled_on=_day(post))
        return _("The judgment waits for a second person.")
    if step in ("confirm", "drop") and hasattr(row, "judgment"):
        if step == "drop":
            court.delete_judgment(judgment=row.judgment, clerk=user)
            return _("The entered judgment is taken back.")
        typed: dict[str, Any] = {"ruling_no": post.get("ruling_no", ""), "ruled_on": _day(post), "fils": _fils(post)}
        court.confirm_judgment(judgment=row.judgment, clerk=user, **typed)
        return _("The judgment is confirmed, and the party is told.")
    if step in APPEAL_STEPS:
        return _apply_appeal_step(row, step, post, user)
    raise Refused("unknown_step", _("The page was sent incomplete. Reload it and try again."))


def _apply_appeal_step(row: Violation, step: str, post: QueryDict, user: User) -> str:
    typed: dict[str, Any] = {name: post.get(name, "") for name in ("court", "ruling_no", "outcome")}
    waiting = appeals.waiting(row)
    if step == "drop_appeal" and waiting is not None:
        appeals.delete_appeal(appeal=waiting, clerk=user)
        return _("The entered ruling is taken back.")
    typed |= {"ruled_on": _day(post), "fils": _fils(post) if typed["outcome"] == AppealOutcome.CHANGED else None}
    if step == "confirm_appeal" and waiting is not None:
        appeals.confirm_appeal(appeal=waiting, clerk=user, **typed)
        return _("The ruling is confirmed, and the party is told.")
    if step == "appeal":
        appeals.enter_appeal(violation=row, clerk=user, **typed)
        return _("The ruling waits for a second person.")
    raise Refused("done", _("This has already been decided."))


def _decide(row: Violation, step: str, kind: str, public_id: str, because: str, user: User) -> str:
    model = PROPOSALS.get(kind)
    proposal = model.objects.filter(violation=row, public_id=public_id).first() if model is not None else None
    if proposal is None:
        raise Refused("unknown_step", _("The page was sent incomplete. Reload it and try again."))
    if step == "refuse":
        relief.refuse(proposal=proposal, refused_by=user, because=because)
        return _("What was asked for is refused.")
    if kind == "annulment":
        relief.allow_annulment(annulment=proposal, allowed_by=user)
        return _("The violation report is annulled.")
    if kind == "stoplift":
        block_lifts.allow(lift=proposal, allowed_by=user)
        return _("The stop is lifted until its last day.")
    relief.allow_relief(relief=proposal, allowed_by=user)
    return _("The sum is changed.")


def _fils(post: QueryDict) -> int | None:
    if post.get("outcome") == "none":
        return None
    try:
        return money.from_text(post.get("amount", "").strip())
    except ValueError as error:
        raise Refused("bad_amount", _("Please give the amount of the judgment in dinars with three decimals.")) from error


def _until(post: QueryDict, name: str = "until") -> dt.date | None:
    try:
        return dt.date.fromisoformat(post.get(name, ""))
    except ValueError:
        return None


def _day(post: QueryDict) -> dt.date:
    try:
        return dt.date.fromisoformat(post.get("ruled_on", ""))
    except ValueError as error:
        raise Refused(
            "bad_ruling", _("Please give the number of the judgment and its day, which lies after the violation report and not ahead.")
        ) from error


@require_http_methods(["GET", "HEAD", "POST"])
def referrals(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Violations due for the court, which one button refers, and the batches made so far."""
    require_role(request, court.GROUP)
    due = court_list.annotate_entered(court.referable())
    error = ""
    if request.method == "POST":
        try:
            made = court.refer(clerk=request.user, shown=request.POST.get("shown", ""))
            messages.success(request, with_refs(_("Batch %(number)s is made.") % {"number": made.number}))
            return redirect("admin:office_batch", made.public_id)
        except Refused as refusal:
            error = str(refusal.sentence)
    rows = list(due[: court.MOST])
    orders = queries.orders_of(rows)
    return page(
        request,
        "admin/violations/referrals.html",
        _("Referral to the court"),
        error,
        held=court.HELD if incidents.are_held() else "",
        held_back=[(row.violation, row._meta.verbose_name, row.asked_at) for row in court.held_back()],
        due=[(row, orders.get(row.pk), court_list.list_day(row)) for row in rows],
        count=len(rows),
        left=due.count() - len(rows),
        shown=court.digest_of(rows),
        fils=sum(order.fils for order in orders.values()),
        batches=ReferralBatch.objects.annotate(size=Count("referrals")).order_by("-pk")[:50],
        waiting=[*court.unconfirmed()[:50], *appeals.unconfirmed()[:50]],
    )


def _batch_or_404(request: HttpRequest, public_id: str) -> ReferralBatch:
    require_role(request, court.GROUP)
    found = ReferralBatch.objects.filter(public_id=public_id).select_related("file", "made_by").first()
    if found is None:
        raise Http404
    return found


@require_safe
def batch(request: HttpRequest, public_id: str) -> HttpResponse:
    """A batch: its violation reports with what became of them, its file, and what follows."""
    made = _batch_or_404(request, public_id)
    rows = list(Violation.objects.filter(referral__batch=made).select_related("branch").order_by("pk"))
    orders = queries.orders_of(rows)
    context = {"batch": made, "rows": [(row, orders.get(row.pk)) for row in rows]}
    return page(request, "admin/violations/batch.html", _("Batch of referrals"), "", **context)


@require_safe
def batch_file(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The exact file of a batch. It names people, so each is written to the access log, also who held a shop only then."""
    made = _batch_or_404(request, public_id)
    viewer = Actor(role_of(request), request.user.key)
    log_accesses(viewer=viewer, seen=court_names.people_in(made), purpose="violation")
    response = HttpResponse(store.read(made.file), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{made.number}.csv"'
    return response
