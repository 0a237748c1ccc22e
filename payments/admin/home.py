"""Money in the menu, on the first page and in the search of staff."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib import admin
from django.db.models import Case, IntegerField, Q, QuerySet, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.audit.registry import SUBJECTS
from municipality.kernel import request_cache
from municipality.ui import staff_menu
from municipality.ui.admin_base import MAX_COUNT, in_group
from municipality.ui.staff_home import ROWS, HomePart, Next, Row, Work
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.staff_roles import has_table
from municipality.ui.staff_search import FINDERS
from municipality.ui.subject_names import NAMES
from municipality.ui.templatetags.portal import counted, day, kwd, ref
from municipality.ui.texts import Text
from payments.admin.base import CASH_OFFICE
from payments.admin.refunds import failure_text
from payments.admin.reviews import in_review
from payments.models import Attempt, Bill, Difference, Receipt, RefundDue
from payments.services import reconciliation
from payments.states import CASHIER, CHECKER, RefundState

# States of a refund in which the cashier acts, and in which the checker does.
CASHIER_ACTS = (RefundState.DUE, RefundState.UNKNOWN)
CHECKER_ACTS = (RefundState.PROPOSED, RefundState.LOOKED_UP)


def _works(request: HttpRequest) -> bool:
    return in_group(request, *CASH_OFFICE)


def _differences(request: HttpRequest) -> int | None:
    """How many differences are open, for the cash office. Read once a request."""
    rows = Difference.objects.filter(closed_at__isnull=True)
    return request_cache.get_or_set("open_differences", lambda: rows[:MAX_COUNT].count()) if _works(request) else None


def _refunds(request: HttpRequest) -> int | None:
    """How many refunds wait for a person of this role. Read once a request."""
    if not _works(request):
        return None
    states = CHECKER_ACTS if in_group(request, CHECKER) else CASHIER_ACTS
    rows = RefundDue.objects.filter(state__in=states)
    return request_cache.get_or_set(("waiting_refunds", states), lambda: rows[:MAX_COUNT].count())


def _reviews(request: HttpRequest) -> int | None:
    """How many payments are under review, for the cash office. Read once a request."""
    return request_cache.get_or_set("payments_in_review", lambda: in_review()[:MAX_COUNT].count()) if _works(request) else None


def not_compared(request: HttpRequest) -> Text:
    """That money of past days was compared with no statement of the bank yet; "" where all was. Read once a request."""
    days = request_cache.get_or_set("payments_not_compared", reconciliation.not_compared) if _works(request) else []
    if not days:
        return ""
    which = day(days[0]) if len(days) == 1 else format_html("{} – {} ({})", day(days[0]), day(days[-1]), counted(len(days), "day"))
    return format_html(str(_("Not compared yet: no statement of the bank is loaded for {days}.")), days=which)


def home(request: AuthenticatedHttpRequest) -> HomePart:
    """The oldest payments under review, open differences and refunds of the cash office."""
    if not _works(request):
        return HomePart()
    states = CHECKER_ACTS if in_group(request, CHECKER) else CASHIER_ACTS
    differences = [
        Row(
            ref(row.trackid),
            reverse("admin:payments_difference_work", args=[row.pk]),
            _("Difference"),
            row.get_kind_display(),
            ("wait", _("proposed for closing")) if row.proposed_by_id else ("warn", _("open")),
            None,
            row.found_at,
        )
        for row in Difference.objects.filter(closed_at__isnull=True).order_by("day", "pk")[: ROWS // 2]
    ]
    refunds = [
        Row(
            ref(row.attempt.payment_id or row.attempt.trackid),
            reverse("admin:payments_refunddue_pay_out", args=[row.pk]),
            _("Amount to be returned"),
            kwd(row.fils),
            ("bad", _("not paid out")) if row.failure else ("warn", row.get_state_display()),
            None,
            row.due_since,
            state_note=failure_text(row),
        )
        for row in _waiting(states)[: ROWS // 2]
    ]
    reviews = [
        Row(
            ref(row.trackid),
            reverse("admin:payments_attempt_review", args=[row.pk]),
            _("Payment under review"),
            kwd(row.fils),
            ("warn", row.get_state_display()),
            None,
            row.last_event.at if row.last_event else row.created_at,
        )
        for row in in_review()[: ROWS // 2]
    ]
    # What the bank refused comes first: nobody else looks at it again. Then what shuts bills until people end it.
    rows = sorted([*reviews, *differences, *refunds], key=lambda row: not row.state_note)
    missing = not_compared(request)
    page = reverse("admin:payments_difference_days")
    if rows:
        offer = Next(_("Money"), rows[0].about, rows[0].note, _("Open the next one"), rows[0].url)
    elif missing and in_group(request, CASHIER):
        load = reverse("admin:payments_bankstatement_load")
        offer = Next(_("Money"), _("A statement of the bank is missing"), missing, _("Load a statement"), load)
    elif missing:
        offer = Next(_("Money"), _("A statement of the bank is missing"), missing, _("The three books by day"), page, waits=False)
    else:
        offer = Next(_("Money"), _("No difference and no refund waits for you."), "", _("The three books by day"), page, waits=False)
    return HomePart(
        offer, [Work(_("Differences, refunds and payments under review"), rows, empty=_("No difference and no refund waits for you."))]
    )


def _waiting(states: Collection[str]) -> QuerySet[RefundDue]:
    """The refunds in these states, those whose last try failed first, then the oldest."""
    failed = Case(When(state=RefundState.DUE, last_event__move="fail", then=0), default=1, output_field=IntegerField())
    rows = RefundDue.objects.filter(state__in=states).select_related("attempt", "last_event")
    return rows.order_by(failed, "due_since", "pk")


def _list(label: object, model: str, **options: object) -> StaffEntry:
    page, permission = f"admin:payments_{model}_changelist", f"payments.view_{model}"
    return StaffEntry("money", label, page, permission=permission, **options)  # type: ignore[arg-type]


staff_menu.register(
    "payments",
    _list(_("Differences"), "difference", count=_differences, tile=_("between bank, gateway and ledger"), tone="warn", note=not_compared),
    StaffEntry("money", _("Paid on a day"), "admin:payments_ledgerposting_day", permission="payments.view_ledgerposting"),
    _list(_("Amounts to be returned"), "refunddue", count=_refunds, tile=_("wait for your step"), tone="warn"),
    StaffEntry(
        *("money", _("Payments under review"), "admin:payments_attempt_reviews"),
        roles=CASH_OFFICE,
        count=_reviews,
        tile=_("shut their bills until they end"),
        tone="warn",
    ),
    _list(_("Statements of the bank"), "bankstatement"),
    _list(_("Ledger"), "ledgerposting"),
    _list(_("Corrections of the ledger"), "ledgercorrection"),
    _list(_("Bills"), "bill"),
    _list(_("Receipts"), "receipt"),
    _list(_("Payment attempts"), "attempt"),
    _list(_("Messages with the bank"), "gatewaymessage"),
)


def find(request: HttpRequest, reference: str) -> str:
    """The page of a bill or receipt; for the cash office that of a refund of the bill."""
    if has_table(request, "payments.view_bill"):
        if number := Bill.objects.filter(reference=reference).values_list("pk", flat=True).first():
            return reverse("admin:payments_bill_change", args=[number])
        if number := Receipt.objects.filter(number=reference).values_list("pk", flat=True).first():
            return reverse("admin:payments_receipt_change", args=[number])
    if _works(request):
        refunds = RefundDue.objects.filter(Q(allocation__bill__reference=reference) | Q(line__bill__reference=reference))
        if number := refunds.order_by("-pk").values_list("pk", flat=True).first():
            return reverse("admin:payments_refunddue_pay_out", args=[number])
    return ""


FINDERS.register("payments", find)


def keys_of(number: str) -> list[str]:
    """The keys of a bill and its refunds, by the number of the bill or its receipt, or of a payment, by its track or payment ID."""
    bills = list(Bill.objects.filter(Q(reference=number) | Q(receipts__number=number)).distinct())
    attempts = list(Attempt.objects.filter(Q(trackid__iexact=number) | Q(payment_id=number)))
    refunds = RefundDue.objects.filter(Q(allocation__bill__in=bills) | Q(line__bill__in=bills) | Q(attempt__in=attempts))
    return [row.key for row in (*bills, *attempts, *refunds)]


SUBJECTS.register("payments", keys_of)


def _bills(public_ids: Collection[str]) -> dict[str, Text]:
    rows = Bill.objects.filter(public_id__in=public_ids).values_list("public_id", "reference")
    return {public_id: format_html("{} {}", gettext("Bill"), ref(reference)) for public_id, reference in rows}


def _attempts(track_ids: Collection[str]) -> dict[str, Text]:
    return {track_id: format_html("{} {}", gettext("Payment"), ref(track_id)) for track_id in track_ids}


def _refunded(public_ids: Collection[str]) -> dict[str, Text]:
    rows = RefundDue.objects.filter(public_id__in=public_ids).values_list("public_id", "attempt__trackid")
    return {public_id: format_html("{} {}", gettext("Amount to be returned"), ref(track_id)) for public_id, track_id in rows}


for _kind, _words in {"bill": _bills, "attempt": _attempts, "refund": _refunded}.items():
    NAMES.register(_kind, _words)
admin.site.add_pages([], home=home)  # type: ignore[attr-defined]
