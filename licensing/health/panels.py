"""Panels of licensing on the pages of cases and of My shops, and the hooks of its bills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from licensing.health import changes, new_places, queries, services
from licensing.health.appeals.panels import after_refusal
from licensing.health.differences import differences_of
from licensing.health.names import FROM_ISSUE
from licensing.health.services.lost import LOST, stopped_fee, unsettled
from licensing.health.states import ACTS, RENEWAL, TRANSFER
from licensing.health.states import RenewalState as S
from licensing.health.transfers import queries as transfers
from licensing.models import Act, HealthLicence, Lane, Renewal
from licensing.payment_results import after_reversal, blocked_step, stopped_by
from municipality.accounts.models import User
from municipality.cases import queries as cases
from municipality.cases.models import Block, Case, Effect
from municipality.cases.panels import CaseDetail, Fact, FileLine, MoneyLine, NextStep
from municipality.cases.queries import is_owner
from municipality.incidents.requests import keep_open, with_last_day
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.workflow import WORKFLOWS
from municipality.review.panels import corrections_step, queue_facts, refusal_file, refused_step, rounds, sent_files, waiting_step
from municipality.rulebook import queries as rulebook
from municipality.ui.templatetags.portal import bilingual, day, day_hijri, kwd, ref, term
from municipality.ui.texts import Text
from payments import queries as payments
from payments.queries import SubjectAccount
from payments.states import BillState

LIVE_LABELS = {
    "valid": ("ok", _("Valid")),
    "not_yet": ("ok", _("Renewed")),
    "expired": ("bad", _("Ended")),
    "suspended": ("bad", _("Suspended")),
    "revoked": ("bad", _("Revoked")),
    "superseded": ("wait", _("Superseded")),
}

TAKEN_OVER = _(
    "The officer compares the request with the register of the Ministry of Commerce and Industry, so "
    "transfer the commercial licence there before the decision if you can. We will send you a message "
    "with the decision, or if something is missing."
)


_REGISTERED = (
    *("name_ar", "name_en", "activity", "area", "block", "street", "building", "plot", "unit", "paci_number", "area_m2"),
    *("manager_name_ar", "manager_name_en"),
)
_SHOWN = (
    *("case", "act", "first_day", "last_day", "registered_facts", "lane", "flags", "is_late", "refusal"),
    *(f"licence__{name}" for name in ("last_day", "registered_facts")),
    *(f"licence__document__{name}" for name in ("number", "state", "valid_from", "valid_to")),
    *(f"licence__shop__{name}" for name in (*_REGISTERED, "closed_on", "public_id", "owner", "organisation")),
    *("new_licence__first_day", "new_licence__is_current"),
    *(f"new_licence__document__{name}" for name in ("number", "state", "valid_from", "valid_to", "file")),
)


def _shown_renewal(case: Case) -> Renewal | None:
    """The renewal of a case with what its page shows of it and of both licences; a refusal, which few have, is read where it is shown."""
    stops = Block.objects.filter(subject=OuterRef("case__subject"), stops=RENEWAL, effect=Effect.STOP, lifted_at__isnull=True)
    rows = Renewal.objects.select_related("licence__document", "licence__shop", "new_licence__document").only(*_SHOWN)
    rows = rows.annotate(is_stopped=Exists(stops))
    try:
        return rows.get(case=case)
    except Renewal.DoesNotExist:
        return None


def case_page(user: User, listed: Sequence[Case]) -> dict[str, list[CaseDetail]]:
    """Next step, files, money and facts of the acts on licences."""
    details: dict[str, list[CaseDetail]] = {}
    for case in listed:
        renewal = _shown_renewal(case) if case.service in ACTS else None
        if renewal is not None:
            detail = _detail(case, renewal, is_self=is_owner(user, case.applicant_id, case.organisation_id))
            details[case.key] = [_detail_for_staff(case, detail) if user.is_staff else detail]
    return details


def _detail_for_staff(case: Case, detail: CaseDetail) -> CaseDetail:
    """The detail for staff who assist: no files, no payment."""
    if case.state != S.AWAITING_PAYMENT:
        return replace(detail, files=[], sent_files=[])
    step = NextStep(
        _("The person pays"),
        _("The bill is with the person, in their portal and their messages. Nothing is paid at the counter."),
        label=_("Nothing for you to do"),
    )
    return replace(detail, files=[], sent_files=[], next_step=step)


def _detail(case: Case, renewal: Renewal, *, is_self: bool) -> CaseDetail:
    account, licence = payments.account_of(case.key), renewal.new_licence
    bill = account.bill
    files = (
        [FileLine(_("Health licence"), licence.document.number, reverse("document", args=[licence.document.number]), _("sealed file"))]
        if licence and licence.document.file_id
        else []
    )
    files += [FileLine(_("Receipt"), number, reverse("payments:receipt", args=[number])) for number in account.receipts]
    if renewal.refusal is not None:
        files.append(refusal_file(renewal.refusal))
    withdrawable = case.state in WORKFLOWS[case.service].moves["withdraw"].sources
    actions = [(_("Withdraw the request"), reverse("licensing:withdraw", args=[case.public_id]))] if withdrawable else []
    if is_self and licence is not None and licence.is_current and licence.document.live_state == "valid":
        shop = case.subject.partition(":")[2]
        actions.append((_("Change, transfer or cancel the licence, or a duplicate"), reverse("licensing:licence", args=[shop])))
    by_officer = renewal.lane == Lane.OFFICER
    return CaseDetail(
        by_officer=by_officer,
        queue=queue_facts(case, is_promised=True) if by_officer else [],
        rounds=rounds(case, {**changes.SLOTS, **changes.FACTS}) if by_officer else [],
        refund_fils=0 if bill is not None and bill.state == BillState.DUE else account.refund_fils,
        warning=_zoning_warning(case) if by_officer and case.is_open else None,
        next_step=_next_step(case, account, licence, renewal),
        files=files,
        files_expected=_("The receipt and the licence appear here after payment.") if case.is_open else "",
        sent_files=sent_files(case.key, changes.SLOTS) if by_officer else [],
        money=[MoneyLine(bilingual(line, "label"), line.fils, bilingual(line, "formula")) for line in account.lines],
        total_fils=bill.total_fils if bill else None,
        facts=[
            Fact(
                _("Current licence"),
                ref(renewal.licence.document.number),
                format_html("{} {}", _("until"), day_hijri(renewal.licence.last_day)),
            ),
            _period(renewal),
            *_new_holder(case),
            *(_changes(renewal, is_self=is_self) if by_officer else []),
            *([_fee_ahead(case, renewal)] if by_officer and case.is_open and bill is None else []),
        ],
        actions=actions,
    )


def _period(renewal: Renewal) -> Fact:
    """The period of the new licence; that of a change or a transfer begins on the day of its issue."""
    until = format_html("{} {}", _("to"), day_hijri(renewal.last_day))
    if renewal.act in FROM_ISSUE and renewal.new_licence is None:
        return Fact(_("Period of the new licence"), _("from the day of its issue"), until)
    first = renewal.new_licence.first_day if renewal.new_licence is not None else renewal.first_day
    return Fact(_("New period") if renewal.act == Act.RENEWAL else _("Period of the new licence"), day_hijri(first), until)


def _new_holder(case: Case) -> list[Fact]:
    """Who takes the licence over."""
    transfer = transfers.of_case(case)
    return [Fact(_("New holder"), term(bilingual(transfer.holder, "name")))] if transfer is not None else []


def _zoning_warning(case: Case) -> tuple[Text, Text] | None:
    """What the page of the request said of the new address when it was sent, where the officer may refuse because of it."""
    kept = new_places.kept_of(case)
    if kept is None or not kept.is_against:
        return None
    text = _("When the request was sent, the rules of the plot did not permit this activity on this floor ({}).")
    return _("The officer may refuse this request"), format_html(str(text), kept.answer.floor)


def _changes(renewal: Renewal, *, is_self: bool) -> list[Fact]:
    """What had changed in the register, then the declared changes; each with what stood before."""
    found = [(capfirst(one.label), one.after, one.before) for one in differences_of(renewal, is_self=is_self)]
    for row in queries.declared_changes(renewal):
        fact = changes.FACTS[row.name]
        found.append((fact.label, fact.display(row.after), fact.display(row.before)))
    return [Fact(label, term(after), format_html("{}: {}", _("before"), term(before))) for label, after, before in found]


def _fee_ahead(case: Case, renewal: Renewal) -> Fact:
    """What the request costs if an officer approves it: the fee by the edition stamped on the request."""
    total = services.bill_fils(case)
    in_time = clock.day_of(case.opened_at) <= renewal.licence.last_day
    note = (
        ""
        if renewal.is_late or renewal.act != Act.RENEWAL or not in_time
        else _("Sent before the licence ended: nothing is added for being late.")
    )
    return Fact(_("After approval"), format_html(gettext("pay {}"), kwd(total)), note)


def _next_step(case: Case, account: SubjectAccount, licence: HealthLicence | None, renewal: Renewal) -> NextStep | None:
    bill = account.bill
    if case.state == S.CORRECTIONS:
        return corrections_step(case, reverse("licensing:corrections", args=[case.public_id]))
    if case.state in (S.IN_REVIEW, S.COUNTERSIGN):
        step = waiting_step()
        return replace(step, text=TAKEN_OVER) if case.service == TRANSFER else step
    if case.state == S.REFUSED:
        return _after_refusal(case, renewal, is_refunded=account.refund_fils > 0)
    if case.state == S.AWAITING_PAYMENT and bill is not None:
        if bill.state == BillState.DUE and account.is_checked:
            return NextStep(
                _("We are checking with the bank"),
                _("Do not pay again. This page shows the answer as soon as the bank gives it."),
                reverse("cases:case", args=[case.public_id]),
                _("Look again"),
            )
        if getattr(renewal, "is_stopped", False) and (stopped := stopped_by(cases.active_blocks(case.subject, RENEWAL))):
            return blocked_step(with_last_day(stopped, case))
        if lost := stopped_fee(renewal, renewal.licence.shop):
            page = reverse("licensing:withdraw", args=[case.public_id])
            return NextStep(_("The request cannot be completed"), lost, page, _("Withdraw the request"))
        if first := unsettled(renewal, renewal.licence.shop):
            page = reverse("licensing:withdraw", args=[case.public_id])
            return NextStep(_("The fee cannot be paid yet"), with_last_day(first, case), page, _("Withdraw the request"))
        return NextStep(
            _("Pay the fee"),
            with_last_day(_("The licence is issued automatically after payment."), case),
            reverse("payments:pay", args=[bill.public_id]),
            _("Pay by KNET"),
        )
    if case.state in (S.PAID, S.APPROVED):
        return NextStep(
            _("The licence is being prepared"),
            _("It will be sealed within a minute. You can leave this page; we will send you a message."),
            reverse("cases:case", args=[case.public_id]),
            _("Look again"),
        )
    if case.state == S.ISSUED and licence is not None:
        if licence.document.live_state in ("valid", "not_yet"):
            if licence.document.file_id is None:  # from before the portal
                return NextStep(_("Licence issued"), _("Issued on paper, carried over into the register"), label=_("Done"))
            return NextStep(
                _("The licence is ready"),
                _hanging(licence),
                reverse("document", args=[licence.document.number]),
                _("Download the licence"),
                label=_("Done"),
            )
        if bill is not None and payments.status_of(bill).can_pay:
            return NextStep(
                _("Pay the fee again"),
                after_reversal(licence.document),
                reverse("payments:pay", args=[bill.public_id]),
                _("Pay by KNET"),
            )
        return NextStep(_("The licence is not in force"), LIVE_LABELS[licence.document.live_state][1], label=_("Attention"))
    if case.state in (S.EXPIRED, S.WITHDRAWN):
        return _closed_step()
    return None


def _hanging(licence: HealthLicence) -> Text:
    """Where the sealed licence belongs, and from which day if it has not begun."""
    if licence.first_day > clock.today():
        text = _("Print it. From {}, its first day, it hangs in the shop in place of the present one.")
        return format_html(str(text), day(licence.first_day))
    return _("Print it and hang it in the shop where visitors and inspectors can see it.")


def _after_refusal(case: Case, renewal: Renewal, *, is_refunded: bool) -> NextStep:
    lost = LOST.get(case.last_event.reason) if case.last_event is not None and case.last_event.move == "refuse" else None
    if lost is not None:
        money = _("The amount paid will be returned; see Payment.") if is_refunded else _("Nothing is to be paid.")
        return NextStep(_("The request cannot be completed"), format_html("{} {}", lost, money), label=_("Decision"))
    if case.last_event is not None and case.last_event.move == "refuse":
        return _closed_step()  # the bank took the payment back
    is_countersigned = renewal.lane == Lane.OFFICER and case.last_event is not None and case.last_event.move == "countersign"
    if renewal.refusal is None and not is_countersigned:
        return _closed_step()
    return after_refusal(case, refused_step(case, renewal.refusal, "licensing.refusal_document"))


def _closed_step() -> NextStep:
    text = _("No fee is due. You can start a new request from My shops.")
    return NextStep(_("This request is closed"), text, reverse("shops:mine"), _("My shops"))


def paid(bill_id: int) -> None:
    """The payment of the bill of an act on a licence is confirmed."""
    services.take_payment(case=payments.case_of_bill(bill_id))


def voided(bill_id: int) -> None:
    """The payment of the bill of an act on a licence is reversed."""
    services.hold_licence(case=payments.case_of_bill(bill_id))


def freed(bill_id: int) -> None:
    """A payment under review of the bill of an act on a licence ended unpaid: the whole time to pay it runs again."""
    case = payments.case_of_bill(bill_id)
    limits = rulebook.edition_of("limits.health", case.editions, clock.today()).limits
    keep_open(case, limits["unpaid_days"].value, system("licensing"))
