"""Open fines from before the portal: loaded by one person, read without effect, released by a second, taken in batches.

Nothing comes in twice: the same bytes are one file, the same branch and number of a paper is one violation. Each batch is a
transaction of its own with its record, so whatever ends a worker, the next one goes on at the next line.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import asdict
from itertools import islice
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts import civil_ids
from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.documents import store
from municipality.jobs.services import enqueue
from municipality.kernel import arabic, clock, digits
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.failpoints import failpoint
from municipality.kernel.transitions import transition_all
from municipality.places.models import Area, Branch
from municipality.rulebook import queries as rulebook
from shops.register import queries as shops
from violations import queries
from violations.models import Judgment, PaperFile, PaperRow, PaperState, Service, ServiceGround, SettlementOrder, Violation
from violations.notifications import CarriedOver, tell
from violations.paper import checking, reading
from violations.services.relief import ALLOWS, ASKS

ME = system("violations")
CHECK_BATCH, TAKE_BATCH = 2000, 500  # lines of one transaction
FORMULA = ("المبلغ كما في السجل الورقي، ولم تحسبه البوابة", "The amount of the paper record, not computed by the portal")


def _demand(user: Any, *groups: str) -> None:
    if not (user.is_active and user.is_staff and user.groups.filter(name__in=groups).exists()):
        raise NotPermitted("not_your_role", _("Your role does not do this."))


def load(*, content: bytes, name: str, loaded_by: Any) -> PaperFile:
    """Keep a file and promise its dry run. Somebody of a branch loads fines of that branch only.

    Raises NotPermitted, NotReadable (nothing is kept then), Refused("same_file") for bytes that were loaded before.
    """
    _demand(loaded_by, ASKS)
    text, encoding = reading.decode(content)
    count = sum(1 for _line in reading.lines(text))
    sha256 = hashlib.sha256(content).hexdigest()
    kept = civil_ids.encrypt(text, "paper").encode()
    try:
        with transaction.atomic():
            file = PaperFile.objects.create(
                name=(name or "fines.csv")[-120:],
                sha256=sha256,
                encoding=encoding,
                content=store.put(kept, "application/octet-stream"),
                branch=loaded_by.branch,
                lines=count,
                loaded_by=loaded_by,
                loaded_at=clock.now(),
            )
            record("paper.loaded", subject=file.key, actor=Actor("clerk", loaded_by.key), data={"lines": count, "sha256": sha256})
            enqueue("violations.paper_check", key=f"{file.key}:0", file_id=file.pk)
    except IntegrityError as error:
        if PaperFile.objects.filter(sha256=sha256, refused_at__isnull=True).exists():
            raise Refused("same_file", _("This file was loaded before. It stands in the list below, and nothing came in twice.")) from error
        raise
    return file


@transaction.atomic
def check(*, file_id: int, size: int = CHECK_BATCH) -> bool:
    """Read the next lines of a file without effect. Returns whether more follow, promised as a job of their own."""
    file = PaperFile.objects.select_for_update(of=("self",)).select_related("content", "branch").get(pk=file_id)
    if file.checked_at is not None or file.refused_at is not None:
        return False
    text = civil_ids.decrypt(store.read(file.content).decode(), "paper")
    found = list(islice(reading.lines(text), file.read, file.read + size))
    known = _known(file, found)
    fines = [(line, checking.check(cells, known, extra=extra)) for line, cells, extra in found]
    _twice(file, fines)
    rows = [_row(file, line, fine) for line, fine in fines]
    _carried(rows)
    PaperRow.objects.bulk_create(rows, batch_size=500)
    read = file.read + len(found)
    more = len(found) == size and read < file.lines
    PaperFile.objects.filter(pk=file.pk).update(read=read, checked_at=None if more else clock.now())
    failpoint("paper.checked")
    if more:
        enqueue("violations.paper_check", key=f"{file.key}:{read}", file_id=file.pk)
    else:
        record("paper.checked", subject=file.key, actor=ME, data=tally(file))
    return more


def tally(file: PaperFile) -> dict[str, int]:
    """How many lines are good and new, known from before, wrong."""
    good = file.rows.filter(is_good=True)
    return {
        "new": good.filter(is_known=False).count(),
        "known": good.filter(is_known=True).count(),
        "wrong": file.rows.filter(is_good=False).count(),
    }


def settle_by() -> Callable[[dt.date], dict[str, int]]:
    """The periods of the day of service; before the first edition of them, those of today. Each day is asked once."""
    read: dict[dt.date, dict[str, int]] = {}

    def periods(day: dt.date) -> dict[str, int]:
        if day not in read:
            try:
                read[day] = queries.limits(day)
            except Refused:
                read[day] = queries.limits()
        return read[day]

    return periods


def _known(file: PaperFile, found: list[tuple[int, dict[str, str], bool]]) -> checking.Known:
    numbers = {"".join(digits.clean(cells.get("licence_no", "")).split()).upper() for _line, cells, _extra in found} - {""}
    branches: dict[str, str] = {}
    for branch in Branch.objects.all():
        branches |= {arabic.fold(name): branch.pk for name in (branch.pk, branch.name_ar, branch.name_en)}
    areas: dict[str, list[Any]] = {}
    for area in Area.objects.select_related("governorate__branch").order_by("pk"):
        for name in {arabic.fold(area.name_ar), arabic.fold(area.name_en)}:
            areas.setdefault(name, []).append(area)
    periods = settle_by()
    return checking.Known(
        today=clock.today(),
        offences=frozenset(rulebook.edition(queries.OFFENCES, clock.today()).offences),
        shops=shops.by_licence(numbers, "area__governorate__branch", "activity", "owner"),
        branches=branches,
        areas=areas,
        settle_by=lambda day: day + dt.timedelta(days=periods(day)["settlement_days"]),
        own_branch=file.branch_id or "",
    )


def _twice(file: PaperFile, fines: list[tuple[int, checking.Fine]]) -> None:
    """The second of two lines with one number is wrong, in whichever batch the first one was."""
    numbers = [fine.values.get("number", "") for _line, fine in fines]
    seen = set(file.rows.filter(is_good=True, number__in=numbers).values_list("number", flat=True))
    for _line, fine in fines:
        number = fine.values.get("number", "")
        if number and number in seen:
            fine.wrong("paper_no", "twice_in_file")
        elif number and not fine.problems:
            seen.add(number)


def _row(file: PaperFile, line: int, fine: checking.Fine) -> PaperRow:
    """The line as it is kept. Of a wrong one nothing is kept but what is wrong and its number."""
    if fine.problems:
        number = str(fine.values.get("paper_no", ""))
        return PaperRow(file=file, line=line, is_good=False, problems=fine.problems, paper_no=number)
    secret = civil_ids.fields(fine.civil_id) if fine.civil_id else {}
    return PaperRow(
        file=file,
        line=line,
        is_good=True,
        party_digest=secret.get("civil_id_digest", ""),
        party_cipher=secret.get("civil_id_cipher", ""),
        party_masked=secret.get("civil_id_masked", ""),
        **fine.values,
    )


def _carried(rows: list[PaperRow]) -> None:
    """Mark what came in by an earlier file: the same once more does nothing, another sum or state under the number is wrong."""
    numbers = [row.number for row in rows if row.is_good]
    before = {row.number: row.paper for row in Violation.objects.filter(number__in=numbers).select_related("paper")}
    for row in rows:
        paper = before.get(row.number) if row.is_good else None
        if paper is None:
            continue
        if (paper.fils, paper.state, paper.written_on) == (row.fils, row.state, row.written_on):
            row.is_known = True
        else:
            row.is_good, row.problems = False, [["paper_no", "known_differs"]]


@transaction.atomic
def release(*, file: PaperFile, released_by: Any) -> None:
    """The second person lets the good lines in. Raises NotPermitted (same person), Refused: not_checked, done, nothing_good."""
    _demand(released_by, ALLOWS)
    row = PaperFile.objects.select_for_update(of=("self",)).get(pk=file.pk)
    if row.released_at is not None or row.refused_at is not None:
        raise Refused("done", _("This was decided already."))
    if row.checked_at is None:
        raise Refused("not_checked", _("The file is still being read. Please wait until the last line is reached."))
    if row.loaded_by_id == released_by.pk:
        raise NotPermitted("same_person", _("Whoever loaded the file cannot release it. A second person does."))
    counts = tally(row)
    if not counts["new"]:
        raise Refused("nothing_good", _("The file holds no line that could come in. Please correct the lines and load it again."))
    PaperFile.objects.filter(pk=row.pk).update(released_by=released_by, released_at=clock.now())
    record("paper.released", subject=row.key, actor=Actor("authority", released_by.key), data=counts | {"loaded_by": row.loaded_by.key})
    enqueue("violations.paper_take", key=f"{row.key}:0", file_id=row.pk)


@transaction.atomic
def refuse(*, file: PaperFile, refused_by: Any) -> None:
    """Put a file aside before its release: by whoever loaded it, or by the second person. What was read of it is forgotten."""
    row = PaperFile.objects.select_for_update(of=("self",)).get(pk=file.pk)
    _demand(refused_by, *((ASKS, ALLOWS) if row.loaded_by_id == refused_by.pk else (ALLOWS,)))
    if row.released_at is not None or row.refused_at is not None:
        raise Refused("done", _("This was decided already."))
    PaperFile.objects.filter(pk=row.pk).update(refused_by=refused_by, refused_at=clock.now())
    PaperRow.objects.filter(file=row).delete()
    record("paper.refused", subject=row.key, actor=Actor("authority", refused_by.key), data={"loaded_by": row.loaded_by.key})


@transaction.atomic
def take(*, file_id: int, size: int = TAKE_BATCH) -> bool:
    """Carry the next released lines over, all of them or none. Returns whether more follow, promised as a job of their own."""
    file = PaperFile.objects.select_for_update(of=("self",)).select_related("loaded_by", "released_by").get(pk=file_id)
    if file.released_at is None or file.done_at is not None:
        return False
    lines = file.rows.filter(is_good=True, is_known=False, line__gt=file.taken_line).order_by("line")
    rows = list(lines.select_related("shop__activity", "shop__owner", "shop__organisation", "area", "branch")[:size])
    there = set(Violation.objects.filter(number__in=[row.number for row in rows]).values_list("number", flat=True))
    made = _make([row for row in rows if row.number not in there], file)
    failpoint("paper.taken")
    last = rows[-1].line if rows else file.taken_line
    more = len(rows) == size
    PaperFile.objects.filter(pk=file.pk).update(taken=file.taken + len(made), taken_line=last, done_at=None if more else clock.now())
    if rows:
        data = {"first_line": rows[0].line, "last_line": last, "count": len(made), "fils": sum(row.paper.fils or 0 for row in made)}
        record("paper.taken", subject=file.key, actor=ME, data=data | {"released_by": file.released_by.key if file.released_by else ""})
    if more:
        enqueue("violations.paper_take", key=f"{file.key}:{last}", file_id=file.pk)
    return more


def _make(rows: list[PaperRow], file: PaperFile) -> list[Any]:
    """The violations of some lines with their sums, service and state; set by set, whatever their number."""
    catalogue, today = rulebook.edition(queries.OFFENCES, clock.today()), clock.today()
    grace = today + dt.timedelta(days=queries.limits()["carried_over_days"] + 1)
    limits = rulebook.edition(queries.LIMITS, today).stamp
    digests = {row.party_digest for row in rows} - {""}
    people = {user.civil_id_digest: user for user in User.objects.people().filter(civil_id_digest__in=digests)}
    periods = settle_by()
    facts = {code: asdict(offence) for code, offence in catalogue.offences.items()}
    made = Violation.objects.bulk_create(
        Violation(
            paper=row,
            number=row.number,
            branch=row.branch,
            offence=row.offence,
            offence_facts=facts[row.offence] | _words(row),
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
    served = [row for row in made if row.paper is not None and row.paper.served_on is not None]
    Service.objects.bulk_create(
        Service(violation=row, ground=ServiceGround.PAPER, at=clock.start_of(row.paper.served_on), proof={"paper": row.paper.paper_no})  # type: ignore[union-attr,arg-type]
        for row in served
    )
    _sums(made, file, now)
    transition_all(
        made,
        move_of=lambda row: f"carry_{row.paper.state}",
        actor=ME,
        data_of=lambda row: {"file": file.public_id, "line": row.paper.line, "fils": row.paper.fils},
    )
    for row in made:
        if row.party is not None or row.shop is not None:
            tell(CarriedOver, row, key="carried", stops_from=grace, branch=row.branch)
    return made


def _words(row: PaperRow) -> dict[str, str]:
    """The words of the paper where its act has no code. In English the catalogue's stand: nobody translates a record."""
    return {"name_ar": row.offence_text, "article_ar": row.article} if row.offence == checking.FREE else {}


def _periods(row: PaperRow, periods: Callable[[dt.date], dict[str, int]], grace: dt.date) -> dict[str, dt.date]:
    """The last days by the service on paper; none where it is not proved: they begin when the portal's notice is opened.

    Nothing stops before the grace for whoever learns of it here.
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


def _sums(made: list[Any], file: PaperFile, now: dt.datetime) -> None:
    """The one sum that no edition computes: as the paper has it. A ruling stands on the two people of the file."""
    ruled = [row for row in made if row.paper.state == PaperState.JUDGED]
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
        for row in made
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
