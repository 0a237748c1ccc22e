"""Create violations of released lines, with sums, service and state, in bulk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from django.db.models import prefetch_related_objects

from municipality.accounts.models import User
from municipality.imports.models import ImportFile
from municipality.imports.registry import Applied
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.kernel.transitions import transition_all
from municipality.rulebook import queries as rulebook
from violations import queries
from violations.legacy_fines import validation
from violations.models import Judgment, PaperRow, PaperState, Service, ServiceGround, SettlementOrder, Violation
from violations.notifications import CarriedOver, notify

ME = system("violations")
FORMULA = ("المبلغ كما في السجل الورقي، ولم تحسبه البوابة", "The amount of the paper record, not computed by the portal")


def apply(file: ImportFile, rows: Sequence[PaperRow]) -> Applied:
    """Create the violations of released lines; numbers that exist by now are confirmed only.

    A line whose offence is not in the catalogue any more, of which an edition may have begun since the dry run, is left out.
    """
    offences = rulebook.edition(queries.OFFENCES, clock.today()).offences
    existing = set(Violation.objects.filter(number__in=[row.number for row in rows]).values_list("number", flat=True))
    unknown = [row for row in rows if row.number not in existing]
    new = [row for row in unknown if row.offence in offences]
    prefetch_related_objects(new, "shop__activity", "shop__owner", "shop__organisation", "area", "branch")
    _create(new, file)
    return Applied(
        added=len(new),
        confirmed=len(rows) - len(unknown),
        left_out=[row.pk for row in unknown if row.offence not in offences],
        facts={"fils": sum(row.fils or 0 for row in new)},
    )


def settle_by() -> Callable[[dt.date], dict[str, int]]:
    """A function of the periods in force on the day of service, or of today before the first edition; cached by day."""
    by_day: dict[dt.date, dict[str, int]] = {}

    def periods(day: dt.date) -> dict[str, int]:
        if day not in by_day:
            try:
                by_day[day] = queries.limits(day)
            except Refused:
                by_day[day] = queries.limits()
        return by_day[day]

    return periods


def _create(rows: list[PaperRow], file: ImportFile) -> None:
    catalogue, today = rulebook.edition(queries.OFFENCES, clock.today()), clock.today()
    grace = today + dt.timedelta(days=queries.limits()["carried_over_days"] + 1)
    limits = rulebook.edition(queries.LIMITS, today).stamp
    digests = {row.party_digest for row in rows} - {""}
    people = {user.civil_id_digest: user for user in User.objects.people().filter(civil_id_digest__in=digests)}
    periods = settle_by()
    facts = {code: asdict(offence) for code, offence in catalogue.offences.items()}
    violations = Violation.objects.bulk_create(
        Violation(
            paper=row,
            number=row.number,
            branch=row.branch,
            offence=row.offence,
            offence_facts=facts[row.offence] | _paper_texts(row),
            edition=catalogue.stamp,
            limits_edition=limits,
            note_ar=row.note_ar,
            shop=row.shop,
            party=people.get(row.party_digest),
            party_digest=row.party_digest,
            party_cipher=row.party_cipher,
            party_masked=row.party_masked,
            party_name_ar=row.party_name_ar,
            is_womens_premises=row.shop is not None and row.shop.activity.is_womens,
            area=row.area,
            block=row.shop.block if row.shop is not None else "",
            street=row.shop.street if row.shop is not None else "",
            seen_at=clock.start_of(row.written_on) if row.written_on else clock.now(),
            received_at=clock.now(),
            **_periods(row, periods, grace),
        )
        for row in rows
    )
    now = clock.now()
    served = [row for row in violations if row.paper is not None and row.paper.served_on is not None]
    Service.objects.bulk_create(
        Service(violation=row, ground=ServiceGround.PAPER, at=clock.start_of(row.paper.served_on), proof={"paper": row.paper.paper_no})  # type: ignore[union-attr,arg-type]
        for row in served
    )
    _sums(violations, file, now)
    transition_all(
        violations,
        move_of=lambda row: f"carry_{row.paper.state}",
        actor=ME,
        data_of=lambda row: {"file": file.public_id, "line": row.paper.line, "fils": row.paper.fils},
    )
    for row in violations:
        if row.party is not None or row.shop is not None:
            notify(CarriedOver, row, key="carried", stops_from=grace, branch=row.branch)


def _paper_texts(row: PaperRow) -> dict[str, str]:
    """Arabic texts of the paper for an offence without a code; the English ones are those of the catalogue."""
    return {"name_ar": row.offence_text, "article_ar": row.article} if row.offence == validation.FREE else {}


def _periods(row: PaperRow, periods: Callable[[dt.date], dict[str, int]], grace: dt.date) -> dict[str, dt.date]:
    """Last days by the service on paper; none without it, as periods then begin with service in the portal.

    No block before the end of `grace`.
    """
    if row.served_on is None:
        return {}
    limits = periods(row.served_on)
    days = {
        "object_until": row.served_on + dt.timedelta(days=limits["objection_days"]),
        "block_from": max(row.served_on + dt.timedelta(days=limits["block_after_days"] + 1), grace),
    }
    if row.state == PaperState.OPEN:
        days["settle_until"] = row.pay_by or row.served_on + dt.timedelta(days=limits["settlement_days"])
    return days


def _sums(violations: list[Any], file: ImportFile, now: dt.datetime) -> None:
    """Settlement orders and judgments with the amounts of the paper, confirmed by the two people of the file."""
    ruled = [row for row in violations if row.paper.state == PaperState.JUDGED]
    SettlementOrder.objects.bulk_create(
        SettlementOrder(
            violation=row,
            fils=row.paper.fils,
            rate_fils=row.paper.fils,
            formula_ar=FORMULA[0],
            formula_en=FORMULA[1],
            article_ar=row.offence_facts["article_ar"],
            article_en=row.offence_facts["article_en"],
            edition="paper",
            ground="paper",
            made_at=now,
        )
        for row in violations
        if row.paper.state != PaperState.JUDGED
    )
    rulings = Judgment.objects.bulk_create(
        Judgment(
            violation=row,
            ruling_no=row.paper.ruling_no,
            ruled_on=row.paper.ruled_on,
            fils=row.paper.fils,
            entered_by=file.loaded_by,
            entered_at=file.loaded_at,
        )
        for row in ruled
    )
    Judgment.objects.filter(pk__in=[ruling.pk for ruling in rulings]).update(confirmed_by=file.released_by, confirmed_at=file.released_at)
