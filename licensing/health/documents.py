"""The facts of a health licence and of the refusal of a renewal, and those that the check page displays."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any, Self

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from licensing.health.names import NAMES
from licensing.health.states import CANCELLED, RENEWAL
from licensing.measures.effects import MEASURE
from licensing.models import HealthLicence
from municipality.cases.models import Case
from municipality.documents.facts import BilingualText, EditionLabel, Facts, day
from municipality.documents.models import Document
from municipality.documents.states import DocumentState
from municipality.kernel import clock, money
from municipality.kernel.periods import Period
from municipality.review import queries as review
from municipality.review.services.refusals import RefusalFacts
from municipality.ui.templatetags.portal import day as shown_day
from municipality.ui.templatetags.portal import ref, tag
from municipality.ui.texts import Text
from payments import queries as payments
from shops.models import Shop
from shops.register.addresses import address_texts

PRINTED = ("fees.", "limits.health ", "conditions.", "checks.", "calendar ")  # prefixes of the editions named on a licence
SUBJECTS = {
    "fees.health": ("الرسوم", "Fees"),
    "limits.health": ("المدد", "Periods"),
    "conditions.health": ("الاشتراطات", "Conditions"),
    "files.health": ("المستندات", "Documents"),
    "limits.review": ("مدد الدراسة", "Study"),
    "replies.health": ("نصوص الردود", "Replies"),
    "checks.health": ("قائمة التدقيق", "Checklist"),
    "calendar": ("التقويم", "Calendar"),
}


@dataclass(frozen=True, kw_only=True)
class HealthLicenceFacts(Facts):
    """The facts of a health licence. English names may be empty. `fee_fils` is whole fils."""

    kind = "health_licence"
    name = _("Health licence")
    template = "licensing/documents/health_licence.html"
    title = "الترخيص الصحي"
    reason = "Health licence"
    qr_label = "رمز الاستجابة للتحقق من الترخيص"

    case_reference: str
    trade_name_ar: str
    trade_name_en: str
    activity_ar: str
    activity_en: str
    licensee_ar: str
    licensee_en: str
    address_ar: str
    address_en: str
    paci_number: str
    commercial_licence: str
    commercial_licence_until: dt.date
    branch_ar: str
    branch_en: str
    valid_from: dt.date
    valid_until: dt.date
    issued_at: dt.datetime
    fee_fils: int
    fee_ground_ar: str
    fee_ground_en: str
    conditions: tuple[BilingualText, ...]
    editions: tuple[EditionLabel, ...]
    supersedes: str = ""
    duplicate_of: str = ""  # number of the licence that was lost or damaged

    @staticmethod
    def shop_page(document: Document) -> str:
        shop = next(iter(HealthLicence.objects.filter(document=document).values_list("shop__public_id", flat=True)), None)
        return reverse("shops:shop", args=[shop]) if shop is not None else ""

    @staticmethod
    def public_notes(document: Document) -> list[Text]:
        """Until a renewed licence begins: the one that is in force till then. Of a licence that its holder ended: that, and when.

        Of a valid licence whose shop is closed or suspended in the register: that, and since when.
        """
        event = document.last_event
        if document.state == DocumentState.REVOKED and event is not None and event.reason == CANCELLED:
            return [format_html(gettext("Its holder cancelled this licence on {}."), shown_day(clock.day_of(event.at)))]
        if document.state == DocumentState.SUSPENDED and event is not None and event.reason == MEASURE:
            return [format_html(gettext("The Municipality suspended it on {}."), shown_day(clock.day_of(event.at)))]
        if document.live_state == "valid":
            return _of_shop(document)
        if document.live_state != "not_yet":
            return []
        licence = HealthLicence.objects.filter(document=document, previous__isnull=False).select_related("previous__document").first()
        present = licence.previous.document if licence is not None and licence.previous is not None else None
        if present is None or present.live_state != "valid":
            return []
        text = gettext("Until then the licence {} is in force, to {}.")
        licensed = tag("ok", gettext("The shop is licensed today"))
        return [format_html("{} {}", licensed, format_html(text, ref(present.number), shown_day(present.valid_to)))]

    def context(self) -> dict[str, Any]:
        """The context of `licensing/documents/health_licence.html`."""
        return {
            **super().context(),
            "trade_name": BilingualText(self.trade_name_ar, self.trade_name_en),
            "activity": BilingualText(self.activity_ar, self.activity_en),
            "licensee": BilingualText(self.licensee_ar, self.licensee_en),
            "address": BilingualText(self.address_ar, self.address_en),
            "valid_from": day(self.valid_from),
            "valid_until": day(self.valid_until),
            "commercial_until": day(self.commercial_licence_until).gregorian,
            "fee": BilingualText(
                f"{money.to_display(self.fee_fils)} د.ك، {self.fee_ground_ar}",
                f"KD {money.to_display(self.fee_fils)}, {self.fee_ground_en}",
            ),
        }

    @classmethod
    def of(cls, case: Case, shop: Shop, period: Period, supersedes: str = "") -> Self:
        """The facts of the licence of a paid case for a period, by the editions of the case; `supersedes` is the number before it."""
        bill = payments.bill_of(case.key)
        line = bill.lines.order_by("order").first() if bill else None
        conditions = review.edition_for(case, "conditions.health").conditions
        address_ar, address_en = address_texts(shop)
        return cls(
            case_reference=case.reference,
            trade_name_ar=shop.name_ar,
            trade_name_en=shop.name_en,
            activity_ar=shop.activity.name_ar,
            activity_en=shop.activity.name_en,
            licensee_ar=shop.licensee.name_ar,
            licensee_en=shop.licensee.name_en,
            address_ar=address_ar,
            address_en=address_en,
            paci_number=shop.paci_number,
            commercial_licence=shop.commercial_license_no,
            commercial_licence_until=shop.commercial_license_end,
            branch_ar=shop.branch.name_ar,
            branch_en=shop.branch.name_en,
            valid_from=period.first,
            valid_until=period.last,
            issued_at=clock.now(),
            fee_fils=bill.total_fils if bill else 0,
            fee_ground_ar=line.article_ar if line else "",
            fee_ground_en=line.article_en if line else "",
            conditions=tuple(BilingualText(condition.text_ar, condition.text_en) for condition in conditions),
            editions=tuple(EditionLabel.of(stamp, SUBJECTS) for stamp in review.stamps_of(case) if stamp.startswith(PRINTED)),
            supersedes=supersedes,
        )

    def repeating(self, document: Document) -> Self:
        """These facts as a duplicate of a document; a licence from paper has no facts but those of the register.

        The fee is that of the duplicate, with its edition.
        """
        own = {name: getattr(self, name) for name in ("case_reference", "issued_at", "fee_fils", "fee_ground_ar", "fee_ground_en")}
        repeated = type(self).load(document.facts) if document.facts else self
        fees = {edition.name_en: edition for edition in self.editions if edition.name_en == SUBJECTS["fees.health"][1]}
        editions = tuple(fees.get(edition.name_en, edition) for edition in repeated.editions)
        return replace(repeated, **own, editions=editions, supersedes=document.number, duplicate_of=document.number)


def _of_shop(document: Document) -> list[Text]:
    """That the shop of a licence is closed or suspended in the register, and since when; empty where it is neither."""
    licence = HealthLicence.objects.filter(document=document).select_related("shop").first()
    if licence is None or not (licence.shop.is_closed or licence.shop.is_suspended):
        return []
    if licence.shop.is_closed:
        return [format_html("{} {}", tag("bad", gettext("The shop is closed")), _since(licence.shop.closed_on))]
    return [format_html("{} {}", tag("bad", gettext("The shop is suspended")), _since(licence.shop.suspended_on))]


def _since(on: dt.date | None) -> Text:
    return format_html(gettext("The register says so since {}."), shown_day(on))


@dataclass(frozen=True, kw_only=True)
class RenewalRefusalFacts(RefusalFacts):
    kind = "licensing.refusal"
    appeals_online = True
    request = NAMES[RENEWAL]
    subjects = SUBJECTS

    @classmethod
    def of(cls, case: Case, *, applicant: Any = None) -> Self:
        """The facts of a refused renewal or change."""
        request_ar, request_en = NAMES[case.service]
        return replace(super().of(case, applicant=applicant), request_ar=request_ar, request_en=request_en)
