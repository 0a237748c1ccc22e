"""Payments under review in the admin: the list, asking the bank again, and the finding of two people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from municipality.accounts.proof import reauthentication_required, steps
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.audit.services import log_accesses
from municipality.kernel import money
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.rulebook.labels import label_of_reason
from municipality.ui.admin_base import code, in_group, moment, require_role
from municipality.ui.code_labels import label_of
from municipality.ui.templatetags.portal import bilingual, kwd
from payments import services
from payments.admin.base import CASH_OFFICE, by_at, typed
from payments.models import Attempt, PaymentFinding
from payments.states import CASHIER, CHECKER, AttemptState

if TYPE_CHECKING:
    from payments.admin.attempts import AttemptAdmin

MAX_LISTED = 200


def in_review() -> Any:
    """The payments under review, the oldest first."""
    return Attempt.objects.filter(state=AttemptState.MISMATCH).select_related("last_event").order_by("pk")


class ReviewPages:
    """The pages of payments under review, of an `AttemptAdmin`."""

    def __init__(self, attempts: AttemptAdmin) -> None:
        self.attempts = attempts

    def urls(self) -> list[URLPattern]:
        guarded = self.attempts.admin_site.admin_view
        one = reauthentication_required(self.one, when=steps("confirm"))
        return [
            path("reviews/", guarded(self.listed), name="payments_attempt_reviews"),
            path("<int:attempt_id>/review/", guarded(one), name="payments_attempt_review"),
        ]

    def listed(self, request: HttpRequest) -> HttpResponse:
        """All payments under review."""
        require_role(request, *CASH_OFFICE)
        rows = [
            (row, row.last_event.at if row.last_event else row.created_at, label_of_reason(row.last_event.reason if row.last_event else ""))
            for row in in_review()[:MAX_LISTED]
        ]
        return self.attempts.page(request, "reviews", title=_("Payments under review"), listing="", rows=rows)

    def one(self, request: AuthenticatedHttpRequest, attempt_id: int) -> HttpResponse:
        """One payment with the answers of the bank and the step of this role. 409 when the page is out of date."""
        require_role(request, *CASH_OFFICE)
        attempt = Attempt.objects.filter(pk=attempt_id).first()
        if attempt is None or not (attempt.state == AttemptState.MISMATCH or attempt.findings.exists()):
            raise Http404
        error, status = "", 200
        if request.method == "POST":
            try:
                self._apply_step(request, attempt)
            except Refused as refusal:
                error, status = str(refusal.sentence), refusal.status
                attempt.refresh_from_db()
            else:
                self.attempts.message_user(request, _("Recorded under your name."))
                return HttpResponseRedirect(reverse("admin:payments_attempt_review", args=[attempt.pk]))
        else:
            _log_access(request, attempt)
        is_open = attempt.state == AttemptState.MISMATCH
        finding = attempt.findings.select_related("found_by", "decided_by").order_by("-pk").first()
        waits = finding is not None and finding.decided_at is None and finding.closed_at is None
        return self.attempts.page(
            request,
            "review",
            status=status,
            title=_("Payment under review"),
            listing=reverse("admin:payments_attempt_reviews"),
            facts=_facts(attempt, finding),
            is_open=is_open,
            may_find=is_open and not waits and in_group(request, CASHIER),
            may_ask=is_open and in_group(request, CASHIER),
            may_decide=is_open and finding is not None and waits and in_group(request, CHECKER) and finding.found_by_id != request.user.pk,
            finding=finding,
            typed=typed(request, "taken", "amount", "bank_reference", "proof"),
            error=error,
        )

    def _apply_step(self, request: AuthenticatedHttpRequest, attempt: Attempt) -> None:
        data, user = request.POST, request.user
        step = data.get("step")
        if step == "ask":
            services.ask_again(attempt=attempt, by=user)
        elif step == "find" and data.get("taken") in ("yes", "no"):
            services.record_finding(
                attempt=attempt,
                found_by=user,
                is_taken=data["taken"] == "yes",
                fils=_fils(data.get("amount", "")),
                bank_reference=data.get("bank_reference", "").strip(),
                proof=data.get("proof", ""),
            )
        elif step in ("confirm", "disagree"):
            # The one that the page showed: another may have been entered since it was rejected.
            finding = PaymentFinding.objects.filter(attempt=attempt, public_id=data.get("seen", "")).first()
            if finding is None:
                raise Refused("no_step", _("Please choose what to do."))
            services.decide_finding(finding=finding, decided_by=user, agrees=step == "confirm")
        else:
            raise Refused("no_step", _("Please choose what to do."))


def _fils(text: str) -> int | None:
    """An amount in dinars as fils; None for an empty text. Raises Refused("bad_amount")."""
    if not text.strip():
        return None
    try:
        return money.from_text(text.strip())
    except ValueError as error:
        raise Refused("bad_amount", _("Please give the amount in dinars with three decimals.")) from error


def _log_access(request: AuthenticatedHttpRequest, attempt: Attempt) -> None:
    """Write to the access log that those whom the bills of a payment are made out to are read."""
    role = next(role for role in CASH_OFFICE if in_group(request, role))
    payers = {allocation.bill.payer.key for allocation in attempt.allocations.select_related("bill__payer")}
    log_accesses(viewer=Actor(role, request.user.key), seen=[(key, attempt.key) for key in sorted(payers)], purpose="payment_review")


def _facts(attempt: Attempt, finding: PaymentFinding | None) -> list[tuple[Any, Any]]:
    bills = [allocation.bill for allocation in attempt.allocations.select_related("bill__payer").order_by("bill_id")]
    facts = [
        (_("track ID"), code(attempt.trackid)),
        (_("state"), attempt.get_state_display()),
        (_("amount"), kwd(attempt.fils)),
        (_("bills"), code(" ".join(bill.reference for bill in bills))),
        (_("payer"), bilingual(bills[0].payer, "name")),
        (_("sent to the bank at"), moment(attempt.redirected_at)),
    ]
    event = attempt.events.filter(move="doubt").order_by("-pk").first()
    if event is not None:
        facts.append((_("under review since"), moment(event.at)))
        facts.append((_("reason"), label_of_reason(event.reason)))
    inquiry = attempt.inquiries.order_by("-pk").first()
    if inquiry is not None:
        facts.append((_("last answer of the bank"), code(inquiry.result)))
        facts.append((_("its meaning"), label_of(f"outcome.{inquiry.outcome}")))
        facts.append((_("its amount"), kwd(inquiry.fils) if inquiry.fils is not None else "—"))
        facts.append((_("answered at"), moment(inquiry.at)))
    if finding is not None:
        facts.append((_("found by"), by_at(finding.found_by, finding.found_at)))
        if finding.decided_by is not None:
            label = _("confirmed by") if finding.is_confirmed else _("not confirmed by")
            facts.append((label, by_at(finding.decided_by, finding.decided_at)))
        if finding.closed_at is not None:
            facts.append((_("closed by an answer of the bank at"), moment(finding.closed_at)))
    return facts
