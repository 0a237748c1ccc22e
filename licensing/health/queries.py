"""Queries of health licences."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db.models import Case as DatabaseCase
from django.db.models import F, JSONField, OuterRef, QuerySet, Subquery, When
from django.utils.translation import gettext_lazy as _

from licensing.health import changes, rules
from licensing.health.names import FEES
from licensing.health.states import ACTS, CANCEL, CHANGE, RENEWAL, TRANSFER
from licensing.health.transfers import queries as transfers
from licensing.measures import queries as measures
from licensing.models import HealthLicence, Renewal, RenewalChange
from municipality.accounts.models import User
from municipality.accounts.queries import signatories_of
from municipality.cases import queries as cases
from municipality.cases.models import Block, Case, Effect
from municipality.delegation import queries as delegation
from municipality.incidents import queries as incidents
from municipality.kernel import clock, worktime
from municipality.kernel.errors import Refused
from municipality.kernel.periods import Period
from municipality.kernel.subjects import SubjectKey
from municipality.review.models import CorrectionRound
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Fee, RulebookEdition
from municipality.uploads import queries as uploads
from municipality.uploads.states import UploadState
from payments.rules import Line
from shops.claims import queries as claims
from shops.models import Claim, Shop

if TYPE_CHECKING:
    from licensing.shop_cases import OpenCase

SURCHARGE_DEADLINE = "licensing.health"  # of the deadlines that move after an incident


@dataclass(frozen=True)
class Offer:
    """What applies to an act on a licence today: conditions, fee lines, the new period, and the editions they come from."""

    shop: Shop
    licence: HealthLicence | None
    open_case: Case | None  # of any applicant
    conditions: list[rules.RenewalCondition]
    lines: list[Line]
    period: Period | None
    fees: RulebookEdition
    limits: RulebookEdition
    printed: RulebookEdition  # the conditions printed on the licence
    promise_days: int  # working days in which a renewal is decided, with those that an officer studies
    due_on: dt.date
    years: int = 1
    blocks: tuple[Block, ...] = ()  # those that stop it
    service: str = RENEWAL

    @property
    def may_renew(self) -> bool:
        return rules.may_renew(self.conditions)

    @property
    def may_be_studied(self) -> bool:
        """Whether an officer may decide about the renewal."""
        return rules.may_be_studied(self.conditions)

    @property
    def flags(self) -> list[str]:
        """Codes of the conditions that send the renewal to an officer."""
        return rules.flags(self.conditions)

    @property
    def is_late(self) -> bool:
        return rules.is_late(self.conditions)

    @property
    def may_become_late(self) -> bool:
        """Whether a surcharge is added after `in_time_until`: not while a measure runs, which moves that day."""
        return bool(self.lines) and not self.is_late and any(c.code in ("in_window", "in_time") for c in self.conditions)

    @property
    def in_time_until(self) -> dt.date | None:
        """The last day without the surcharge, as it moved after an incident."""
        moved = [c.facts["no_surcharge_until"] for c in self.conditions if "no_surcharge_until" in c.facts]
        return moved[0] if moved else self.licence.last_day if self.licence else None

    @property
    def unmet(self) -> list[rules.RenewalCondition]:
        return [c for c in self.conditions if not c.is_met]

    @property
    def total(self) -> int:
        """The fee in fils."""
        return sum(line.fils for line in self.lines)


def without_surcharge(licences: Sequence[HealthLicence]) -> dict[int, dt.date]:
    """Until when ended licences are renewed without the surcharge, by primary key; no query if none has ended.

    That is after an incident of the portal, or after a measure that kept their holders from renewing.
    """
    today = clock.today()
    ended = [row for row in licences if row.last_day < today]
    moved = incidents.moved_to(SURCHARGE_DEADLINE, [row.pk for row in ended])
    after = measures.renewable_until(ended)
    days = {pk: max(found.get(pk, dt.date.min) for found in (moved, after)) for pk in moved.keys() | after.keys()}
    return {pk: day for pk, day in days.items() if day >= today}


def current(shop: Shop) -> HealthLicence | None:
    """The shop's current licence, whatever its state."""
    return HealthLicence.objects.filter(shop=shop, is_current=True).select_related("document").first()


def fee_lines(fees: RulebookEdition, years: int, *, is_late: bool = False, service: str = RENEWAL, code: str = "") -> list[Line]:
    """The bill lines of a renewal, with the surcharge if the licence has ended; or of another act on a licence, which costs the same
    however long the licence lasts; or with the `code` of a yearly fee, of that. Raises Refused("no_fee") where the edition has no such fee.
    """
    fee = fees.fees.get(code or FEES[service])
    if fee is None:
        raise Refused("no_fee", _("The fee of this request is not in the rules yet. Ask the branch, and try again another day."))
    if service != RENEWAL:
        return [_once(fee, fees)]
    surcharge = fees.fees.get("late_surcharge") if is_late else None
    lines = [
        Line(
            code=f"health.{fee.code}",
            label_ar=fee.label_ar,
            label_en=fee.label_en,
            formula_ar=f"محل واحد × {_years_ar(years)}",
            formula_en=f"1 shop × {years} year{'s' if years > 1 else ''}",
            article_ar=fee.article_ar,
            article_en=fee.article_en,
            edition=fees.stamp,
            fils=rules.renewal_amount(fee.fils, years),
            revenue_account=fee.revenue_account,
        )
    ]
    return [*lines, _once(surcharge, fees)] if surcharge is not None and surcharge.fils else lines


def _once(fee: Fee, fees: RulebookEdition) -> Line:
    return Line(
        code=f"health.{fee.code}",
        label_ar=fee.label_ar,
        label_en=fee.label_en,
        formula_ar="مرة واحدة لكل ترخيص",
        formula_en="once for each licence",
        article_ar=fee.article_ar,
        article_en=fee.article_en,
        edition=fees.stamp,
        fils=fee.fils,
        revenue_account=fee.revenue_account,
    )


def late_surcharge(last_day: dt.date) -> Fee | None:
    """What the renewal of a licence costs more after its last day; None where it is free."""
    fee = rulebook.edition("fees.health", last_day + dt.timedelta(days=1)).fees.get("late_surcharge")
    return fee if fee is not None and fee.fils else None


def _years_ar(years: int) -> str:
    return {1: "سنة واحدة", 2: "سنتان"}.get(years, f"{years} سنوات")


def open_act(subject: str) -> Case | None:
    """The one open act on the licence of a shop (by its key), of any applicant."""
    return Case.objects.filter(service__in=ACTS, subject=subject, is_open=True).first()


def offer(shop: Shop, service: str = RENEWAL) -> Offer:
    """What applies to renewing this shop's health licence today, or to another act on it. What stops the renewal stops every act.

    Raises Refused where the rulebook has no edition or no fee.
    """
    today = clock.today()
    subjects = ["fees.health", "limits.health", "conditions.health", "limits.review"]
    (fees, limits, printed, study), calendar = rulebook.editions_and_calendar(subjects, today)
    licence = current(shop)
    open_case = open_act(shop.key)
    validity = limits.limits["validity_years"].value
    years = rules.years_to_cover(licence.last_day, validity, today) if licence else validity
    blocks = cases.active_blocks(shop.key, RENEWAL)
    context = renewal_context(
        shop,
        licence,
        today=today,
        authority=rulebook.competent_authority(shop.activity_id, today),
        open_case=open_case,
        blocks=blocks,
        facts=facts_of(licence) if licence else {},
        owed_fils=transfers.owed_fils(shop) if service == TRANSFER else None,
        claim=claims.open_claim(shop) if service in (TRANSFER, CANCEL) else None,
        no_surcharge_until=without_surcharge([licence]).get(licence.pk) if licence else None,
    )
    late_days = limits.limits["late_days"].value if "late_days" in limits.limits else 0
    if service == RENEWAL:
        conditions = rules.conditions(context, window_days=limits.limits["window_days"].value, late_days=late_days)
    else:
        conditions = rules.conditions_between(context, service)
    is_municipal = conditions[0].is_met
    promise_days = study.limits["promise_working_days"].value
    return Offer(
        shop=shop,
        licence=licence,
        open_case=open_case,
        conditions=conditions,
        lines=fee_lines(fees, years, is_late=rules.is_late(conditions), service=service) if is_municipal and service != CANCEL else [],
        period=_period(licence, years, service, today) if licence and is_municipal else None,
        fees=fees,
        limits=limits,
        printed=printed,
        years=years,
        blocks=tuple(block for block in blocks if block.effect == Effect.STOP),
        promise_days=promise_days,
        due_on=worktime.add_working_days(calendar, today, promise_days),
        service=service,
    )


def until_commercial(offer: Offer) -> Offer | None:
    """The offer of a renewal whose licence ends with the commercial licence instead of after the usual period.

    The fee of a year is due for each year of which `year_begun_days` (limits.new_licence) have begun. None for another act, where an
    officer decides, and where the commercial licence ends today, before the new period, or with it.
    """
    end, period = offer.shop.commercial_license_end, offer.period
    if offer.service != RENEWAL or not offer.may_renew or period is None or end in (period.last, clock.today()) or end < period.first:
        return None
    period = Period(period.first, end)
    years = rules.years_to_pay(period, rulebook.edition("limits.new_licence", clock.today()).limits["year_begun_days"].value)
    return replace(offer, period=period, years=years, lines=fee_lines(offer.fees, years, is_late=offer.is_late))


def _period(licence: HealthLicence, years: int, service: str, today: dt.date) -> Period | None:
    """The period of the new document; None for the change or transfer of a licence that has ended."""
    if service == RENEWAL:
        return rules.new_period(licence.last_day, years)
    first = today if service in (CHANGE, TRANSFER) else licence.first_day
    return Period(first, licence.last_day) if first <= licence.last_day else None


def renewal_context(
    shop: Shop,
    licence: HealthLicence | None,
    *,
    today: dt.date,
    authority: str,
    open_case: Case | OpenCase | None,
    blocks: Sequence[Block],
    facts: dict[str, str],
    owed_fils: int | None = None,
    claim: Claim | None = None,
    no_surcharge_until: dt.date | None,
) -> rules.RenewalContext:
    """What the conditions of a renewal depend on. `facts` are the registered facts of the licence; a missing one counts as unchanged."""
    return rules.RenewalContext(
        today=today,
        shop_is_open=shop.closed_on is None or shop.closed_on > today,
        authority=authority,
        licence_state=licence.document.live_state.replace("not_yet", "valid") if licence else "none",
        licence_last_day=licence.last_day if licence else None,
        next_is_issued=bool(licence and licence.first_day > today),
        commercial_license_end=shop.commercial_license_end,
        open_case=open_case.reference if open_case else "",
        open_service=open_case.service if open_case else "",
        licence_first_day=licence.first_day if licence else None,
        no_surcharge_until=no_surcharge_until,
        blocks=tuple((b.sentence_ar, b.sentence_en) for b in blocks if b.effect == Effect.STOP),
        reviews=tuple((b.sentence_ar, b.sentence_en) for b in blocks if b.effect == Effect.REVIEW),
        changed=rules.changed_fields(facts, shop.registered_facts()),
        owed_fils=owed_fils,
        is_claimed=claim is not None,
        claim_until=claim.passes_after if claim is not None else None,
    )


def facts_of(licence: HealthLicence, *, before: Renewal | None = None) -> dict[str, str]:
    """The registered facts of a licence: those of its issue, updated by those an officer accepted since, `before` a renewal."""
    accepted = Renewal.objects.filter(licence=licence, accepted_facts__isnull=False).order_by("-pk")
    if before is not None:
        accepted = accepted.filter(pk__lt=before.pk)
    return {**licence.registered_facts, **(accepted.values_list("accepted_facts", flat=True).first() or {})}


_LISTED_OF_DOCUMENT = ("number", "code", "state", "valid_from", "valid_to", "file_id")
LISTED_FIELDS = ("shop_id", "first_day", "last_day", *(f"document__{name}" for name in _LISTED_OF_DOCUMENT))


def licences_of(shop_list: Sequence[Shop], *, facts_until: dt.date, is_shown: bool = False) -> dict[int, HealthLicence]:
    """Current licences of many shops in one query, by shop id, with the fields that a list displays.

    Those that end by `facts_until` carry what `facts_of` returns as `current_facts`; unpacking the facts of all would be slow. Those that
    have ended carry what `without_surcharge` returns as `no_surcharge_until`, if there is such a day.
    """
    today = clock.today()
    accepted = Renewal.objects.filter(licence=OuterRef("pk"), accepted_facts__isnull=False).order_by("-pk")
    due = When(last_day__lte=facts_until, then=F("registered_facts"))
    rows = HealthLicence.objects.filter(shop__in=[shop.pk for shop in shop_list], is_current=True)
    rows = rows.select_related("document").only(*LISTED_FIELDS)
    rows = rows.annotate(
        issued_facts=DatabaseCase(due, default=None, output_field=JSONField()),
        accepted_facts=Subquery(accepted.values("accepted_facts")[:1]),
        had_measure=DatabaseCase(When(last_day__lt=today, then=measures.had_one()), default=False),
    )
    if not is_shown or incidents.may_have_moved(today):
        rows = rows.annotate(no_surcharge_until=incidents.moved_day(SURCHARGE_DEADLINE, today))
    licences: dict[int, Any] = {row.shop_id: row for row in rows}
    for row in licences.values():
        row.current_facts = {**(row.issued_facts or {}), **(row.accepted_facts or {})} if row.last_day <= facts_until else {}
        if row.last_day >= today:
            row.no_surcharge_until = None
    after = {row.pk: row for row in licences.values() if row.had_measure}  # rarely one, so that most lists ask no more
    for pk, day in measures.renewable_until(list(after.values())).items():
        if day >= today:
            after[pk].no_surcharge_until = max(day, getattr(after[pk], "no_surcharge_until", None) or day)
    return licences


DOCUMENT_RELATIONS = ("licence__document", "new_licence__document", "refusal")


def renewal_of(case: Case) -> Renewal | None:
    """The renewal of a case with its licences, their documents and the refusal; the facts of the documents are deferred."""
    deferred = (f"{relation}__{field}" for relation in DOCUMENT_RELATIONS for field in ("facts", "public_facts"))
    return Renewal.objects.filter(case=case).select_related(*DOCUMENT_RELATIONS).defer(*deferred).first()


def get_renewal(case: Case) -> Renewal:
    """The renewal of a case. Raises LookupError for a case without one."""
    if (renewal := renewal_of(case)) is None:
        raise LookupError(f"case {case.pk} has no renewal")
    return renewal


def declared_changes(of: Renewal | Case) -> list[RenewalChange]:
    """The newest declared change of each fact of a renewal, or of that of a case, in the order of `changes.FACTS`."""
    rows = RenewalChange.objects.filter(**{"renewal__case" if isinstance(of, Case) else "renewal": of})
    newest = {row.name: row for row in rows.order_by("round", "pk")}
    return [newest[name] for name in changes.FACTS if name in newest]


def parties(case: Case, renewal: Renewal) -> list[tuple[str, str]]:
    """All parties of a renewal as (role, subject key), for conflicts of interest."""
    return shop_parties(case, renewal.licence.shop_id) + manager_parties(renewal) + _new_holder_parties(case)


def _new_holder_parties(case: Case) -> list[tuple[str, str]]:
    """The organisation that takes a shop over, and who signs for it."""
    transfer = transfers.of_case(case)
    if transfer is None or transfer.organisation is None:
        return []
    signatories = [("signatory", person.key) for person in signatories_of(transfer.organisation)]
    return [("licensee", transfers.key_of(transfer.organisation)), *signatories]


def shop_parties(case: Case, shop_id: int) -> list[tuple[str, str]]:
    """Who applied and acted, and who holds or signs for the shop."""
    shop = Shop.objects.select_related("owner", "organisation").get(pk=shop_id)
    result = [("applicant", case.applicant.key), ("shop", shop.key)]
    result += [(role, key) for role, key in cases.acting_roles(case) if key != case.applicant.key]
    if shop.owner is not None:
        result.append(("licensee", shop.owner.key))
    if shop.organisation is not None:
        result.append(("licensee", str(SubjectKey("organisation", shop.organisation.public_id))))
        result += [("signatory", person.key) for person in signatories_of(shop.organisation)]
    return result


def manager_parties(renewal: Renewal) -> list[tuple[str, str]]:
    """The declared manager as a party, if they have an account."""
    row = next((row for row in declared_changes(renewal) if row.name == "manager"), None)
    digest = row.secret.get("civil_id_digest") if row else None
    person = User.objects.filter(civil_id_digest=digest).first() if digest else None
    return [("manager", person.key)] if person else []


def missing_answers(case: Case, correction_round: CorrectionRound, answers: Collection[str]) -> list[str]:
    """Targets of a round without an answer: a fact not in `answers`, or a slot without a new accepted file."""
    missing = []
    for target in dict.fromkeys(item.target for item in correction_round.items.order_by("pk")):
        if target in changes.FACTS:
            if target not in answers:
                missing.append(target)
            continue
        files = list(uploads.of(case.key, target))
        new = [row for row in files if row.state == UploadState.READY and row.created_at > correction_round.asked_at]
        if not new or any(row.state in (UploadState.CHECKING, UploadState.RECEIVING) for row in files):
            missing.append(target)
    return missing


def files_edition(case: Case) -> RulebookEdition:
    """The rules about required files by which a case is judged."""
    return rulebook.edition_of("files.health", case.editions, clock.day_of(case.opened_at))


def documents_opened_to(user: User) -> QuerySet[Any] | None:
    """New licences and refusals of the cases in which a user acts for somebody else."""
    if not any(delegation.grants(user, service) for service in ACTS):
        return None
    renewals = Renewal.objects.filter(case__in=cases.delegated_to(user).values("pk"))
    licences = renewals.filter(new_licence__isnull=False).values_list("new_licence__document", flat=True)
    return licences.union(renewals.filter(refusal__isnull=False).values_list("refusal", flat=True))
