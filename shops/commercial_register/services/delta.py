"""A delta from its first page to its last: each page with its cursor in one transaction, which promises the next; outages are one row."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.failpoints import failpoint
from shops.commercial_register import licences
from shops.commercial_register.port import CODE, CursorTooOld, Page, RegisterAway, is_connected, register
from shops.commercial_register.services import updates
from shops.models import Shop
from shops.models.commercial_register import (
    KEEPER,
    CommercialDifference,
    CommercialFeed,
    CommercialLicence,
    CommercialOutage,
    CommercialRun,
    DifferenceKind,
    DifferenceState,
    RunReason,
)

PAGE_JOB, ONE_JOB = "shops.commercial_page", "shops.commercial_licence"
FIRST_WAIT, LONGEST_WAIT = dt.timedelta(minutes=1), dt.timedelta(hours=1)
LOST_AFTER = dt.timedelta(hours=2)  # a delta that did not move for so long has lost its job
FEW = 20  # so many licences may be missing whatever their share
_WINDOW = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


def feed() -> CommercialFeed:
    """The one feed there is."""
    return CommercialFeed.objects.get_or_create(code=CODE)[0]


def window(now: dt.datetime) -> dt.datetime | None:
    """When the window began in which `now` stands, by MOCI_WINDOW in Kuwait's time; None outside. Raises ValueError for another text."""
    match = _WINDOW.fullmatch(settings.MOCI_WINDOW)
    if match is None:
        raise ValueError("MOCI_WINDOW is not HH:MM-HH:MM")
    first, last = (dt.timedelta(hours=int(match[n]), minutes=int(match[n + 1])) for n in (1, 3))
    local = now.astimezone(clock.KUWAIT)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    for day in (midnight, midnight - dt.timedelta(days=1)):
        end = day + last + (dt.timedelta(days=1) if last <= first else dt.timedelta())
        if day + first <= local < end:
            return day + first
    return None


def begin_nightly() -> None:
    """Begin the delta of this night once, inside the window; find again one that lost its job."""
    if not is_connected():
        return
    now = clock.now()
    held = CommercialRun.objects.filter(feed__code=CODE, ended_at__isnull=True).first()
    if held is not None:
        if held.moved_at < now - LOST_AFTER and not _waits(now):
            with transaction.atomic():
                _promise(held, f"again:{int(now.timestamp()) // 3600}")
        return
    opened = window(now)
    if opened is not None and not CommercialRun.objects.filter(feed__code=CODE, began_at__gte=opened).exists():
        _begin(RunReason.NIGHT)


def _waits(now: dt.datetime) -> bool:
    return CommercialOutage.objects.filter(feed__code=CODE, ended_at__isnull=True, next_at__gt=now).exists()


def ask_now(*, by: Any) -> CommercialRun:
    """Staff want to know now: a delta begins, or the one under way is tried at once. Raises NotPermitted, Refused("not_connected")."""
    demand_clerk(by)
    if not is_connected():
        raise Refused("not_connected", _("The commercial register is not connected: no address of it is set."))
    run = CommercialRun.objects.filter(feed__code=CODE, ended_at__isnull=True).first() or _begin(RunReason.ASKED, by)
    with transaction.atomic():
        if run.asked_by_id != by.pk or run.pages or run.moved_at != run.began_at:
            _promise(run, f"now:{int(clock.now().timestamp()) // 60}")
        record("commercial.asked", subject=f"commercial:{run.public_id}", actor=actor_of(by, KEEPER))
    return run


def demand_clerk(user: User) -> None:
    """Raises NotPermitted unless the member of staff keeps the register."""
    if not user.groups.filter(name=KEEPER).exists():
        raise NotPermitted("wrong_role", _("Only the keepers of the register of shops decide this."))


def _begin(why: str, by: Any = None) -> CommercialRun:
    now, held = clock.now(), feed()
    try:
        with transaction.atomic():
            run = CommercialRun.objects.create(feed=held, why=why, asked_by=by, is_full=not held.cursor, began_at=now, moved_at=now)
            _promise(run)
    except IntegrityError:  # somebody else began at this moment
        return CommercialRun.objects.get(feed=held, ended_at__isnull=True)
    return run


def _promise(run: CommercialRun, more: str = "", due_at: dt.datetime | None = None) -> None:
    """The next page of a run, as a job of its own; `more` parts one try from the other."""
    key = ":".join(filter(None, (run.public_id, str(run.pages), more)))
    enqueue(PAGE_JOB, key=key, due_at=due_at, run_id=run.pk, page=run.pages)


def take_page(*, run_id: int, page: int) -> None:
    """Ask for one page and keep it, its cursor and the promise of the next together; nothing is half done.

    Does nothing where another try has taken this page.
    """
    run = CommercialRun.objects.select_related("feed").get(pk=run_id)
    if run.ended_at is not None or run.pages != page:
        return
    try:
        told = register().changes(run.feed.cursor, settings.MOCI_PAGE_SIZE)
        entries = [licences.read(entry) for entry in told.entries]
    except CursorTooOld:
        _start_over(run_id, page)
        return
    except licences.NoLicence:
        _failed(run_id, page, "garbled")
        return
    except RegisterAway as away:
        _failed(run_id, page, away.code)
        return
    failpoint("commercial.page_fetched")
    with transaction.atomic():
        row = _still(run_id, page)
        if row is None or row.feed.cursor != run.feed.cursor:
            return
        _write(row, told, entries)
        failpoint("commercial.page_written")
    failpoint("commercial.page_kept")


def _still(run_id: int, page: int) -> CommercialRun | None:
    """The run with its feed, locked, if it still stands before this page."""
    row = CommercialRun.objects.select_for_update(of=("self", "feed")).select_related("feed").get(pk=run_id)
    return row if row.ended_at is None and row.pages == page else None


def _write(run: CommercialRun, told: Page, entries: list[licences.LicenceEntry]) -> None:
    tally = updates.apply(feed=run.feed, entries=entries, run=run)
    for name, count in vars(tally).items():
        setattr(run, name, getattr(run, name) + count)
    run.pages += 1
    run.moved_at = clock.now()
    run.feed.cursor = told.cursor
    _outage_over(run.feed)
    if told.has_more:
        _promise(run)
    else:
        _end(run, told.asked_at)
    run.feed.save()
    run.save()


def _end(run: CommercialRun, asked_at: dt.datetime) -> None:
    """The last page: what a whole listing did not show, what was opened here meanwhile, and how fresh we are."""
    if run.is_full:
        _note_missing(run)
    found = Shop.objects.filter(commercial_license_no=OuterRef("licence_no"))
    for row in _open(run.feed).filter(Exists(found), kind=DifferenceKind.NEW_SHOP):
        updates.settle(row, "shop_found")
        run.settled += 1
    run.ended_at, run.feed.as_of = clock.now(), asked_at
    counts = {name: getattr(run, name) for name in ("pages", "fresh", "known", "late", "applied", "raised", "settled", "missing")}
    record("commercial.delta_ended", subject=f"commercial:{run.public_id}", actor=updates.ME, data={**counts, "full": run.is_full})


def _open(held: CommercialFeed) -> QuerySet[CommercialDifference]:
    return CommercialDifference.objects.filter(feed=held, state=DifferenceState.OPEN)


def _note_missing(run: CommercialRun) -> None:
    """Open shops whose licence a whole listing did not show. Where too many are missing the listing is doubted, not the shops."""
    shown = CommercialLicence.objects.filter(feed=run.feed, seen_in=run, licence_no=OuterRef("commercial_license_no"))
    standing = Shop.objects.filter(closed_on__isnull=True, merged_into__isnull=True)
    missing = standing.exclude(Exists(shown))
    run.missing = missing.count()
    run.is_doubted = run.missing > FEW and run.missing * 100 > settings.MOCI_MOST_MISSING_PERCENT * standing.count()
    if not run.is_doubted:
        run.raised += updates.raise_missing(run.feed, missing.select_related("area"))


def _start_over(run_id: int, page: int) -> None:
    """The register keeps no changes from so far back: the same run goes on from the beginning, as a whole listing."""
    with transaction.atomic():
        run = _still(run_id, page)
        if run is None:
            return
        run.is_full, run.pages, run.moved_at, run.feed.cursor = True, run.pages + 1, clock.now(), ""
        run.feed.save()
        run.save()
        _outage_over(run.feed)
        _promise(run)


def _failed(run_id: int, page: int, code: str) -> None:
    """No good answer: one outage for staff to see, and the same page later, each time after twice the wait, at most an hour."""
    with transaction.atomic():
        run = _still(run_id, page)
        if run is None:
            return
        outage = note_outage(run.feed, code)
        run.moved_at = clock.now()
        run.save(update_fields=["moved_at"])
        _promise(run, f"try:{outage.pk}:{outage.tries}", due_at=outage.next_at)


def note_outage(held: CommercialFeed, code: str) -> CommercialOutage:
    """Write that the register gave no good answer, in the caller's transaction: the one open row, tried once more."""
    now = clock.now()
    row = CommercialOutage.objects.select_for_update().filter(feed=held, ended_at__isnull=True).first()
    if row is None:
        return CommercialOutage.objects.create(feed=held, code=code, began_at=now, last_at=now, next_at=now + FIRST_WAIT)
    row.tries += 1
    row.code, row.last_at = code, now
    row.next_at = now + min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(row.tries - 1, 10))
    row.save()
    return row


def _outage_over(held: CommercialFeed) -> None:
    CommercialOutage.objects.filter(feed=held, ended_at__isnull=True).update(ended_at=clock.now())


def ask_licence(*, number: str, by: Any) -> None:
    """Staff ask about one licence: answered by a job within seconds. Raises NotPermitted, Refused: not_connected, no_number."""
    demand_clerk(by)
    if not is_connected():
        raise Refused("not_connected", _("The commercial register is not connected: no address of it is set."))
    wanted = licences.number_of(number)
    if not wanted:
        raise Refused("no_number", _("Please give the number of a commercial licence."))
    with transaction.atomic():
        enqueue(ONE_JOB, key=f"{wanted}:{int(clock.now().timestamp()) // 10}", number=wanted)
        record("commercial.licence_asked", subject=f"commercial:{wanted}", actor=actor_of(by, KEEPER))


def take_licence(*, number: str) -> None:
    """Ask for one licence and judge it as a page of one; a shop whose licence is not known there becomes a difference."""
    held = feed()
    try:
        told = register().licence(number)
        entry = licences.read(told) if told is not None else None
        if entry is not None and entry.licence_no != number:
            raise RegisterAway("garbled", "another licence than was asked for")
    except (RegisterAway, licences.NoLicence) as away:
        with transaction.atomic():
            note_outage(held, getattr(away, "code", "garbled"))
        return
    with transaction.atomic():
        held = CommercialFeed.objects.select_for_update().get(pk=held.pk)
        _outage_over(held)
        if entry is not None:
            updates.apply(feed=held, entries=[entry], run=None)
        else:
            standing = Shop.objects.filter(commercial_license_no=number, closed_on__isnull=True, merged_into__isnull=True)
            updates.raise_missing(held, standing.select_related("area"))
