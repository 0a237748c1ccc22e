"""A request for a new licence on its case page, and what its payment has brought."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from licensing.health.appeals.panels import after_refusal
from licensing.health.new_licence import queries
from licensing.health.new_licence.documents import address
from licensing.health.new_licence.states import NEW_LICENCE, NEW_LICENCE_WORKFLOW, NewLicenceState
from licensing.inspections.states import InspectionState
from licensing.models import Inspection, NewLicence
from licensing.payment_results import after_reversal, being_prepared, blocked_step, stopped_by
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.panels import CaseDetail, Fact, FileLine, MoneyLine, NextStep
from municipality.documents.models import Document
from municipality.documents.states import LIVE
from municipality.incidents.requests import with_last_day
from municipality.kernel import clock
from municipality.review import queries as review
from municipality.review.panels import corrections_step, queue_facts, refusal_file, refused_step, rounds, sent_files, waiting_step
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import Authority
from municipality.ui.plurals import counted
from municipality.ui.templatetags.portal import bilingual, day, ltr, ref, term
from municipality.ui.texts import Text
from payments import queries as payments
from payments.models import Bill
from payments.registry import Due, PaidOutcome
from payments.states import BillState
from zoning.answer.places import kept
from zoning.models import Plot

S = NewLicenceState
PAFN = gettext_lazy(
    "This activity is licensed by the Public Authority for Food and Nutrition, not by the Municipality: you apply and pay for its licence "
    "there."
)
ELSEWHERE = gettext_lazy("This activity is licensed by another authority. Call 139 to find out which one.")

# Why a request was refused after its inspection, by the code of `services.issue`.
LOST: dict[str, Text] = {
    "commercial_license": gettext_lazy("The commercial licence of the shop has ended. Renew it, then ask again."),
    "other_holder": gettext_lazy("The shop of the commercial licence belongs to somebody else, or has a health licence."),
    "other_activity": gettext_lazy("The register has another activity of the shop than the one that was approved."),
    "shop_closed": gettext_lazy("The shop is closed in the register."),
    "blocked": gettext_lazy("The shop is blocked. My shops shows why and what to do."),
}


def opening_steps(activity: str, floor: int, plot: Plot) -> list[NextStep]:
    """What is next where zoning says that an activity may open: the health licence, or who licenses the activity instead."""
    authority = rulebook.competent_authority(activity, clock.today())
    if authority == Authority.PAFN:
        return [NextStep(_("Licence of the food authority"), PAFN, settings.PAFN_URL)]
    if authority != Authority.MUNICIPALITY:
        return [NextStep(_("Licence of another authority"), ELSEWHERE)]
    place = {"activity": activity, "area": plot.area_id, "block": plot.block, "plot": plot.number, "floor": floor}
    text = _("With this plot, floor and activity. The location is approved first; then come the inspection, the fee and the licence.")
    return [NextStep(_("New health licence"), text, f"{reverse('licensing:new_start')}?{urlencode(place)}")]


def case_page(user: User, listed: Sequence[Case]) -> dict[str, list[CaseDetail]]:
    """Next step, facts, files and money of requests for new licences."""
    return {case.key: [_detail(queries.request_of(case))] for case in listed if case.service == NEW_LICENCE}


def _detail(request: NewLicence) -> CaseDetail:
    case = request.case
    account = payments.account_of(case.key)
    bill = account.bill
    withdrawn = reverse("licensing:withdraw_new", args=[case.public_id])
    return CaseDetail(
        by_officer=True,
        next_step=_next_step(request, bill),
        files=_files(request, account.receipts),
        files_expected=_("The approval of the location and the licence appear here.") if case.is_open else "",
        sent_files=sent_files(request.files_key, queries.ALL_SLOTS),
        money=[MoneyLine(bilingual(line, "label"), line.fils, bilingual(line, "formula")) for line in account.lines],
        total_fils=bill.total_fils if bill is not None else None,
        refund_fils=0 if bill is not None and bill.state == BillState.DUE else account.refund_fils,
        queue=queue_facts(case, is_promised=True),
        rounds=rounds(case, queries.SLOTS),
        facts=_facts(request),
        actions=[(_("Withdraw the request"), withdrawn)] if case.state in NEW_LICENCE_WORKFLOW.moves["withdraw"].sources else [],
    )


def _files(request: NewLicence, receipts: Sequence[str]) -> list[FileLine]:
    named: list[tuple[Text, Document | None]] = [(_("Approval of the location"), request.approval)]
    named.append((_("Health licence"), request.licence.document if request.licence is not None else None))
    found = [
        FileLine(name, document.number, reverse("document", args=[document.number]), _("sealed file"))
        for name, document in named
        if document is not None and document.file_id is not None
    ]
    found += [FileLine(_("Receipt"), number, reverse("payments:receipt", args=[number])) for number in receipts]
    return found + ([refusal_file(request.refusal)] if request.refusal is not None else [])


def _facts(request: NewLicence) -> list[Fact]:
    answer = kept(request.zoning_answer)
    commercial = []
    if request.commercial_license_no:
        source = format_html("{} {} · {}", _("until"), day(request.commercial_license_end), request.get_commercial_source_display())
        commercial = [Fact(_("Commercial licence"), ref(request.commercial_license_no), source)]
    years = queries.usual_years(queries.edition_of(request.case, "limits.health"))
    term_text = _("until the commercial licence ends") if request.ends_with_commercial else counted(years, "year")
    return [
        Fact(_("Activity"), bilingual(request.activity, "name")),
        Fact(_("Address"), term(address(request)[0 if get_language() == "ar" else 1])),
        Fact(_("Size in square metres"), ltr(request.area_m2)),
        Fact(_("Zoning answer when it was sent"), answer.state, answer.floor),
        *([Fact(_("Holder"), term(bilingual(request.organisation, "name")))] if request.organisation is not None else []),
        *commercial,
        Fact(_("Validity"), term_text),
    ]


def _next_step(request: NewLicence, bill: Bill | None) -> NextStep:
    text: Text
    case, licence = request.case, request.licence
    page = reverse("cases:case", args=[case.public_id])
    if case.state == S.CORRECTIONS:
        return corrections_step(case, reverse("licensing:correct_new", args=[case.public_id]))
    if case.state == S.LOCATION_APPROVED:
        title, word = _("The location is approved"), _("Enter the commercial licence")
        lead = _("Get the commercial licence with the approval of the location, then enter its number here until")
        text = format_html("{} {}.", lead, day(queries.statable_until(case)))
        return NextStep(title, text, reverse("licensing:new_commercial", args=[case.public_id]), word)
    if case.state == S.INSPECTION:
        return _inspection_step(case)
    if bill is not None and bill.state == BillState.DUE and case.state in (S.AWAITING_PAYMENT, S.ISSUED):
        if payments.status_of(bill).step in ("checking", "review"):
            text = _("Do not pay again. This page shows the answer as soon as the bank gives it.")
            return NextStep(_("We are checking with the bank"), text, page, _("Look again"))
        if licence is None and (block := queries.block_of(request)) is not None:
            return blocked_step(with_last_day(stopped_by([block]), case))
        if licence is None and (lost := _lost(request)):
            return NextStep(_("The fee cannot be paid now"), with_last_day(lost, case), label=_("Attention"))
        text = with_last_day(_("The licence is issued automatically after payment."), case)
        if licence is not None:
            text = after_reversal(licence.document)
        return NextStep(_("Pay the fee"), text, reverse("payments:pay", args=[bill.public_id]), _("Pay by KNET"))
    if case.state == S.PAID:
        text = _("It will be sealed within a minute. You can leave this page; we will send you a message.")
        return NextStep(_("The licence is being prepared"), text, page, _("Look again"))
    if licence is not None:
        if licence.document.live_state != "valid":
            return NextStep(_("The licence is not in force"), licence.document.get_state_display(), label=_("Attention"))
        text = _("Print it and hang it in the shop where visitors and inspectors can see it.")
        url = reverse("document", args=[licence.document.number])
        return NextStep(_("The licence is ready"), text, url, _("Download the licence"), label=_("Done"))
    if case.is_open:
        return waiting_step()
    if case.last_event is not None and case.last_event.move == "refuse":
        is_owed = payments.refund_of(case.key) is not None
        money = _("The amount paid will be returned; see Payment.") if is_owed else _("Nothing is to be paid.")
        lost = LOST.get(case.last_event.reason, "")
        text, url = format_html("{} {}", lost, money), reverse("licensing:new_start")
        return NextStep(_("The request cannot be completed"), text, url, _("New health licence"), label=_("Decision"))
    if case.state == S.REFUSED and review.decision_of(case) is not None:
        return after_refusal(case, refused_step(case, request.refusal, "licensing.refuse_new"))
    url = reverse("licensing:new_start")
    return NextStep(_("This request is closed"), _("You can ask again for this place or another one."), url, _("New health licence"))


def _inspection_step(case: Case) -> NextStep:
    """The inspection that a request waits for: its visit, or after one that was not passed what the applicant does."""
    newest = Inspection.objects.filter(case=case).order_by("-pk")[0]
    title, text = _("The shop is inspected next"), _("An inspector comes to the shop. The bill follows once the inspection is passed.")
    if newest.state == InspectionState.FAILED:
        title, text = (
            _("The inspection is not passed"),
            _("The page of the inspection says why. Ask there for another one once it can be passed."),
        )
    sentence = _("The last day to pass it is {}. After it the request closes, unless the inspection is under way.")
    until = with_last_day(text, case, sentence)
    return NextStep(title, until, reverse("licensing:inspection", args=[newest.public_id]), _("To the inspection"))


# --- Payment -----------------------------------------------------------------------------------------------------------------


def billed(bills: Sequence[Bill]) -> dict[int, Due]:
    """What bills of new licences are for, by primary key; one query, and some of what stops each of those that were not paid yet."""
    by_case = {bill.subject.partition(":")[2]: bill for bill in bills}
    rows = list(NewLicence.objects.filter(case__public_id__in=by_case).select_related("case__applicant", "organisation", "shop"))
    blocks = queries.blocks_of([row for row in rows if row.case.state == S.AWAITING_PAYMENT])
    stopped = {row.pk: stopped_by(blocks.get(row.pk, [])) or _lost(row) for row in rows if row.case.state == S.AWAITING_PAYMENT}
    return {by_case[row.case.public_id].pk: _due(by_case[row.case.public_id], row, stopped.get(row.pk, "")) for row in rows}


def _lost(request: NewLicence) -> Text:
    """Why a fee cannot be paid, by what forbids the licence: paid, the request would be refused. Empty where nothing does."""
    code = queries.lost(request)
    if code == "commercial_license":
        return _("The commercial licence of the shop has ended. Renew it: the fee can be paid once the register shows its new last day.")
    return format_html("{} {}", LOST[code], _("Paid, this request would be refused. You can withdraw it.")) if code else ""


def _due(bill: Bill, request: NewLicence, stopped: Text) -> Due:
    return Due(
        key=request.case.public_id,
        kind=NEW_LICENCE,
        title_ar=bill.title_ar,
        title_en=bill.title_en,
        fils=bill.total_fils,
        shop=request.shop.key if request.shop is not None else "",
        url=reverse("cases:case", args=[request.case.public_id]),
        name_ar="ترخيص صحي جديد",
        name_en="New health licence",
        shop_name_ar=request.name_ar,
        shop_name_en=request.name_en,
        reference=request.case.reference,
        stopped=stopped,
    )


def outcome(bill: Bill) -> PaidOutcome | None:
    """What the payment brought, on its result page."""
    rows = NewLicence.objects.select_related("case", "licence__document")
    request = rows.filter(case__public_id=bill.subject.partition(":")[2]).first()
    if request is None or request.case.state not in (S.AWAITING_PAYMENT, S.PAID, S.ISSUED):
        return None
    if request.licence is not None:
        document = request.licence.document
        if document.state not in LIVE:  # suspended, ended or replaced: nothing more is said than that it is paid
            return None
        return PaidOutcome(
            is_done=True,
            title=_("The health licence is issued"),
            label=_("Licence number"),
            reference=document.number,
            text=_("Hang the licence in the shop where it can be seen. The shop is in My shops and in the register."),
            act=(_("Download the licence (PDF)"), reverse("document", args=[document.number])),
        )
    return being_prepared(bill, request.case)
