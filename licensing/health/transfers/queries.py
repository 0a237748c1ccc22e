"""Queries on transfers: what waits for whom, what is owed on a shop, and who holds it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Concat

from licensing.health import rules
from licensing.health.states import TRANSFER
from licensing.health.transfers.models import TransferOutcome
from licensing.models import HealthLicence, LicenceTransfer
from municipality.accounts.models import Organisation, User
from municipality.accounts.queries import organisations_signed_by
from municipality.cases.models import Case
from municipality.kernel import clock, request_cache
from municipality.kernel.subjects import SubjectKey
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import RulebookEdition
from payments import queries as payments
from payments.queries import BasketItem
from shops.models import Shop
from shops.register import queries as shops
from shops.registry import with_open_sums

RELATED = ("shop__owner", "shop__organisation", "asked_by", "signer", "organisation", "case")


def key_of(holder: User | Organisation) -> str:
    """The subject key of a holder."""
    return holder.key if isinstance(holder, User) else str(SubjectKey("organisation", holder.public_id))


def owed_on(shop: Shop) -> list[BasketItem]:
    """What those who hold a shop have to pay about it, fines that may still be settled among them: bills, and sums without a bill.

    Not the fees of transfers under way, which new holders pay: one of them may sign for the present holder, and whether such a fee can
    be paid depends on this.
    """
    under_way = Case.objects.filter(service=TRANSFER, is_open=True)
    fees = under_way.annotate(bill_subject=Concat(Value("case:"), "public_id")).values("bill_subject")

    def read() -> dict[str, BasketItem]:
        return {item.code: item for holder in shops.owners(shop) for item in payments.basket_of(holder, without=fees)}

    items = request_cache.get_or_set(("owed_by_holder", shop.owner_id, shop.organisation_id), read)
    return [item for item in items.values() if item.shop == shop.key]


def owed_fils(shop: Shop) -> int | None:
    """What there is to pay about a shop, in fils; 0 if something may only become payable yet, None if nothing is owed."""
    fils = sum(item.fils for item in owed_on(shop))
    return fils if fils or with_open_sums([shop]) else None


def owing(rows: Sequence[Shop]) -> set[int]:
    """Primary keys of those shops on which something is owed (`owed_fils`); as many queries for one as for many of one holder."""
    return {shop.pk for shop in rows if owed_on(shop)} | (with_open_sums(rows) if rows else set())


def answer_days() -> int:
    """How many days the named person has for an answer, by the rulebook."""
    return rulebook.edition("limits.health", clock.today()).limits["transfer_answer_days"].value


def named(user: User) -> QuerySet[LicenceTransfer]:
    """The transfers that name a person as the new holder, answered or not."""
    if not user.civil_id_digest or user.is_staff:
        return LicenceTransfer.objects.none()
    return LicenceTransfer.objects.filter(to_digest=user.civil_id_digest).select_related(*RELATED)


_OF_HOLDER = Q(holder_key=Concat(Value("person:"), "shop__owner__public_id")) | Q(
    holder_key=Concat(Value("organisation:"), "shop__organisation__public_id")
)


def is_of_holder(transfer: LicenceTransfer) -> bool:
    """Whether whoever held the shop when a transfer was asked for holds it still."""
    return key_of(transfer.shop.licensee) == transfer.holder_key


def _is_waiting() -> Q:
    return _OF_HOLDER & Q(outcome="", expires_at__gt=clock.now(), shop__merged_into=None)


def unanswerable() -> QuerySet[LicenceTransfer]:
    """The transfers without an answer that can get none: their time has run out, or the shop has another holder or was merged by now."""
    return LicenceTransfer.objects.filter(outcome="").exclude(_is_waiting())


def waiting(user: User) -> QuerySet[LicenceTransfer]:
    """Those of `named` that the person can answer now."""
    return named(user).filter(_is_waiting()).order_by("expires_at", "pk")


def _under_way() -> QuerySet[LicenceTransfer]:
    """The transfers by the present holder whose request is open, or that wait for an answer."""
    return LicenceTransfer.objects.filter(_is_waiting() | _OF_HOLDER & Q(case__is_open=True)).select_related(*RELATED)


def asked_by(user: User) -> QuerySet[LicenceTransfer]:
    """The transfers under way that a person asked for, the newest first."""
    return _under_way().filter(asked_by=user).order_by("-pk")


def renewed_before(licence: HealthLicence, limits: RulebookEdition) -> bool:
    """Whether a licence can be renewed now: while a transfer is under way it is not."""
    return rules.window_opens_on(licence.last_day, limits.limits["window_days"].value) <= clock.today()


def open_of(shop: Shop) -> LicenceTransfer | None:
    """The transfer of a shop whose request is open, or that waits for an answer."""
    rows = _under_way().filter(shop=shop)
    return rows.order_by(F("case").asc(nulls_last=True), "-pk").first()


def waiting_on(shop: Shop) -> LicenceTransfer | None:
    """The transfer of a shop that waits for an answer."""
    return LicenceTransfer.objects.filter(_is_waiting(), shop=shop).first()


def last_of(shop: Shop, by: User) -> LicenceTransfer | None:
    """The newest transfer that a person asked for and that ended without a licence."""
    rows = LicenceTransfer.objects.filter(shop=shop, asked_by=by).exclude(outcome="").exclude(case__is_open=True)
    return rows.exclude(case__state="issued").exclude(outcome=TransferOutcome.WITHDRAWN).order_by("-pk").first()


def of_case(case: Case) -> LicenceTransfer | None:
    """The agreement that began a request."""
    return LicenceTransfer.objects.filter(case=case).select_related(*RELATED).first() if case.service == TRANSFER else None


def choices(transfer: LicenceTransfer, user: User) -> list[Organisation]:
    """The organisations for which the named person may take the shop over: those they sign for, without its present holder."""
    signed = organisations_signed_by(user).order_by("pk")
    return [organisation for organisation in signed[:20] if organisation.pk != transfer.shop.organisation_id]


def lost_condition(transfer: LicenceTransfer, shop: Shop) -> str:
    """What forbids a transfer since it was asked for: "other_holder", "nothing_owed", or "".

    A claim by the commercial register changes the holder, a disputed one blocks the shop; papers alone, which anybody sends, undo nothing.
    """
    if key_of(shop.licensee) != transfer.holder_key:
        return "other_holder"
    if transfer.organisation is not None and not shops.owners(Shop(organisation=transfer.organisation)):  # nobody signs for it
        return "other_holder"
    return "nothing_owed" if owed_fils(shop) is not None else ""
