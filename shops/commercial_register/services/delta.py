"""Reading a delta page by page: each page, its cursor and the job of the next page in one transaction; an outage is one row."""

from __future__ import annotations

import datetime as dt
import re

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
from shops.models import EventKind, Shop, ShopEvent
from shops.models.commercial_register import (
    KEEPER,
    CommercialDifference,
    CommercialFeed,
    CommercialLicence,
    CommercialOutage,
    CommercialRun,
    DifferenceState,
    RegisterDifferenceKind,
    RunReason,
)

PAGE_JOB, ONE_JOB, COMPARE_JOB = "shops.commercial_page", "shops.commercial_licence", "shops.commercial_compare"
FIRST_WAIT, MAX_WAIT = dt.timedelta(minutes=1), dt.timedelta(hours=1)
LOST_AFTER = dt.timedelta(hours=2)  # after which a run that did not move counts as having lost its job
NEVER_DOUBTED = 20  # missing licences that are never doubted
_WINDOW = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


def feed() -> CommercialFeed:
    """The only feed."""
    return CommercialFeed.objects.get_or_create(code=CODE)[0]


def window(now: dt.datetime) -> dt.datetime | None:
    """The start of the current window, by MOCI_WINDOW in Kuwait time; None outside of it. Raises ValueError for an invalid setting."""
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
    """Begin the delta of this night, once inside the window; enqueue again a run that lost its job."""
    if not is_connected():
        return
    now = clock.now()
    running = CommercialRun.objects.filter(feed__code=CODE, ended_at__isnull=True).first()
    if running is not None:
        if running.moved_at < now - LOST_AFTER and not _is_waiting(now):
            with transaction.atomic():
                _enqueue_page(running, f"again:{int(now.timestamp()) // 3600}")
        return
    window_start = window(now)
    if window_start is not None and not CommercialRun.objects.filter(feed__code=CODE, began_at__gte=window_start).exists():
        _begin(RunReason.NIGHT)


def _is_waiting(now: dt.datetime) -> bool:
    return CommercialOutage.objects.filter(feed__code=CODE, ended_at__isnull=True, next_at__gt=now).exists()


def request_delta(*, by: User) -> CommercialRun:
    """Begin a delta at the request of staff, or retry the running one. Raises NotPermitted, Refused("not_connected")."""
    require_keeper(by)
    if not is_connected():
        raise Refused("not_connected", _("The commercial register is not connected: no address of it is set."))
    run = CommercialRun.objects.filter(feed__code=CODE, ended_at__isnull=True).first() or _begin(RunReason.ASKED, by)
    with transaction.atomic():
        if run.asked_by_id != by.pk or run.pages or run.moved_at != run.began_at:
            _enqueue_page(run, f"now:{int(clock.now().timestamp()) // 60}")
        record("commercial.asked", subject=f"commercial:{run.public_id}", actor=actor_of(by, KEEPER))
    return run


def require_keeper(user: User) -> None:
    """Raises NotPermitted unless the user keeps the register."""
    if not user.groups.filter(name=KEEPER).exists():
        raise NotPermitted("wrong_role", _("Only the keepers of the register of shops decide this."))


def _begin(why: str, by: User | None = None) -> CommercialRun:
    now, register_feed = clock.now(), feed()
    try:
        with transaction.atomic():
            run = CommercialRun.objects.create(
                feed=register_feed, why=why, asked_by=by, is_full=not register_feed.cursor, began_at=now, moved_at=now
            )
            _enqueue_page(run)
    except IntegrityError:  # begun concurrently
        return CommercialRun.objects.get(feed=register_feed, ended_at__isnull=True)
    return run


def _enqueue_page(run: CommercialRun, suffix: str = "", due_at: dt.datetime | None = None) -> None:
    """Enqueue the next page of a run; `suffix` makes the key of a retry unique."""
    key = ":".join(filter(None, (run.public_id, str(run.pages), suffix)))
    enqueue(PAGE_JOB, key=key, due_at=due_at, run_id=run.pk, page=run.pages)


def take_page(*, run_id: int, page: int) -> None:
    """Request one page, and save it, its cursor and the next job in one transaction. Does nothing if the page was read already."""
    run = CommercialRun.objects.select_related("feed").get(pk=run_id)
    if run.ended_at is not None or run.pages != page:
        return
    try:
        result = register().changes(run.feed.cursor, settings.MOCI_PAGE_SIZE)
        entries = [licences.read(entry) for entry in result.entries]
    except CursorTooOld:
        _start_over(run_id, page)
        return
    except licences.NoLicence:
        _retry_later(run_id, page, "garbled")
        return
    except RegisterAway as error:
        _retry_later(run_id, page, error.code)
        return
    failpoint("commercial.page_fetched")
    with transaction.atomic():
        row = _locked_run(run_id, page)
        if row is None or row.feed.cursor != run.feed.cursor:
            return
        _write(row, result, entries)
        failpoint("commercial.page_written")
    failpoint("commercial.page_kept")


def _locked_run(run_id: int, page: int) -> CommercialRun | None:
    """The run with its feed, locked, if `page` is still its next page."""
    row = CommercialRun.objects.select_for_update(of=("self", "feed")).select_related("feed").get(pk=run_id)
    return row if row.ended_at is None and row.pages == page else None


def _write(run: CommercialRun, page: Page, entries: list[licences.LicenceEntry]) -> None:
    tally = updates.apply(feed=run.feed, entries=entries, run=run)
    for name, count in vars(tally).items():
        setattr(run, name, getattr(run, name) + count)
    run.pages += 1
    run.moved_at = clock.now()
    run.feed.cursor = page.cursor
    _end_outage(run.feed)
    if page.has_more:
        _enqueue_page(run)
    else:
        _end(run, page.asked_at)
    run.feed.save()
    run.save()


def _end(run: CommercialRun, asked_at: dt.datetime) -> None:
    """After the last page: note missing licences, settle differences of new shops and compare these, and set the freshness."""
    if run.is_full:
        _raise_missing(run)
    shops = Shop.objects.filter(commercial_license_no=OuterRef("licence_no"))
    for row in _open_differences(run.feed).filter(Exists(shops), kind=RegisterDifferenceKind.NEW_SHOP):
        updates.settle(row, "shop_found")
        enqueue(COMPARE_JOB, key=f"{run.public_id}:{row.licence_no}", number=row.licence_no)
        run.settled += 1
    for number in _entered_since(run.feed):
        enqueue(COMPARE_JOB, key=f"{run.public_id}:{number}", number=number)
    run.ended_at, run.feed.as_of = clock.now(), asked_at
    counts = {name: getattr(run, name) for name in ("pages", "fresh", "known", "late", "applied", "raised", "settled", "missing")}
    record("commercial.delta_ended", subject=f"commercial:{run.public_id}", actor=updates.SYSTEM, data={**counts, "full": run.is_full})


def _entered_since(feed: CommercialFeed) -> QuerySet[CommercialLicence, str]:
    """The licences that were told before their shop was entered, which was since the last delta, whatever was told of them."""
    if feed.as_of is None:
        return CommercialLicence.objects.none().values_list("licence_no", flat=True)
    entered = ShopEvent.objects.filter(kind__in=(EventKind.OPENED, EventKind.ENTERED), at__gte=feed.as_of)
    rows = CommercialLicence.objects.filter(feed=feed, licence_no__in=entered.values("shop__commercial_license_no"))
    return rows.values_list("licence_no", flat=True)


def _open_differences(register_feed: CommercialFeed) -> QuerySet[CommercialDifference]:
    return CommercialDifference.objects.filter(feed=register_feed, state=DifferenceState.OPEN)


def _raise_missing(run: CommercialRun) -> None:
    """Raise a difference for open shops whose licence a full listing does not list; if too many are missing, doubt the listing."""
    listed = CommercialLicence.objects.filter(feed=run.feed, seen_in=run, licence_no=OuterRef("commercial_license_no"))
    open_shops = Shop.objects.filter(closed_on__isnull=True, merged_into__isnull=True)
    missing = open_shops.exclude(Exists(listed))
    run.missing = missing.count()
    run.is_doubted = run.missing > NEVER_DOUBTED and run.missing * 100 > settings.MOCI_MOST_MISSING_PERCENT * open_shops.count()
    if not run.is_doubted:
        run.raised += updates.raise_missing(run.feed, missing.select_related("area"))


def _start_over(run_id: int, page: int) -> None:
    """The cursor is too old: the same run continues from the beginning, as a full listing."""
    with transaction.atomic():
        run = _locked_run(run_id, page)
        if run is None:
            return
        run.is_full, run.pages, run.moved_at, run.feed.cursor = True, run.pages + 1, clock.now(), ""
        run.feed.save()
        run.save()
        _end_outage(run.feed)
        _enqueue_page(run)


def _retry_later(run_id: int, page: int, code: str) -> None:
    """No valid answer: note the outage and retry the page, each time after twice the wait, at most an hour."""
    with transaction.atomic():
        run = _locked_run(run_id, page)
        if run is None:
            return
        outage = note_outage(run.feed, code)
        run.moved_at = clock.now()
        run.save(update_fields=["moved_at"])
        _enqueue_page(run, f"try:{outage.pk}:{outage.tries}", due_at=outage.next_at)


def note_outage(register_feed: CommercialFeed, code: str) -> CommercialOutage:
    """Create or update the open outage, in the caller's transaction."""
    now = clock.now()
    row = CommercialOutage.objects.select_for_update().filter(feed=register_feed, ended_at__isnull=True).first()
    if row is None:
        return CommercialOutage.objects.create(feed=register_feed, code=code, began_at=now, last_at=now, next_at=now + FIRST_WAIT)
    row.tries += 1
    row.code, row.last_at = code, now
    row.next_at = now + min(MAX_WAIT, FIRST_WAIT * 2 ** min(row.tries - 1, 10))
    row.save()
    return row


def _end_outage(register_feed: CommercialFeed) -> None:
    CommercialOutage.objects.filter(feed=register_feed, ended_at__isnull=True).update(ended_at=clock.now())


def request_licence(*, number: str, by: User) -> None:
    """Request one licence by a job, for staff. Raises NotPermitted, Refused: not_connected, no_number."""
    require_keeper(by)
    if not is_connected():
        raise Refused("not_connected", _("The commercial register is not connected: no address of it is set."))
    licence_no = licences.number_of(number)
    if not licence_no:
        raise Refused("no_number", _("Please give the number of a commercial licence."))
    with transaction.atomic():
        enqueue(ONE_JOB, key=f"{licence_no}:{int(clock.now().timestamp()) // 10}", number=licence_no)
        record("commercial.licence_asked", subject=f"commercial:{licence_no}", actor=actor_of(by, KEEPER))


def take_licence(*, number: str) -> None:
    """Request one licence and apply it as a page of one; a shop whose licence is unknown there becomes a difference."""
    register_feed = feed()
    try:
        data = register().licence(number)
        entry = licences.read(data) if data is not None else None
        if entry is not None and entry.licence_no != number:
            raise RegisterAway("garbled", "another licence than was asked for")
    except (RegisterAway, licences.NoLicence) as error:
        with transaction.atomic():
            note_outage(register_feed, getattr(error, "code", "garbled"))
        return
    with transaction.atomic():
        register_feed = CommercialFeed.objects.select_for_update().get(pk=register_feed.pk)
        _end_outage(register_feed)
        if entry is not None:
            updates.apply(feed=register_feed, entries=[entry], run=None)
        else:
            open_shops = Shop.objects.filter(commercial_license_no=number, closed_on__isnull=True, merged_into__isnull=True)
            updates.raise_missing(register_feed, open_shops.select_related("area"))
