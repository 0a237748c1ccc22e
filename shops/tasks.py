"""Jobs of claims, of the commercial register, of the search index and of the open data."""

from __future__ import annotations

import datetime as dt
import time

from django.db import transaction

from municipality.cases.models import Case
from municipality.jobs.registry import every, job
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.open_data import OPEN_SETS
from shops.claims import refusals
from shops.claims import services as claims
from shops.commercial_register.services import delta, updates
from shops.open_data import feed, writer
from shops.register import freshness, notifications
from shops.search import index
from shops.subscriptions import services as subscriptions

MORNING = dt.timedelta(hours=4)  # digests are sent at seven in the morning, four hours after the comparison
COMPARING = 60  # seconds after which a job starts no further slice of the register


@every("shops.settle_claims", seconds=3600)
def settle_claims() -> None:
    claims.settle_due()
    claims.drop_files()


@job("shops.refusal_document", queue="documents", time_limit=90)
def refusal_document(*, case_id: int) -> None:
    refusals.write_refusal(case=Case.objects.select_related("applicant", "branch").get(pk=case_id))


@every("shops.index_missing", seconds=600)
def index_missing() -> None:
    index.index_missing()
    freshness.note_success("shops.index_missing")


job("shops.tell_holders", queue="messages", time_limit=30)(notifications.tell_holders)
every("shops.recount_words", seconds=86_400)(index.recount)


@every("shops.note_ended_licences", seconds=3600)
def note_ended_licences() -> None:
    index.note_ended_licences()
    freshness.note_success("shops.note_ended_licences")


every("shops.begin_commercial_delta", seconds=600)(delta.begin_nightly)
job(delta.PAGE_JOB, queue="bulk", time_limit=90)(delta.take_page)
job(delta.ONE_JOB, queue="urgent", time_limit=60)(delta.take_licence)
job(delta.COMPARE_JOB, queue="bulk", time_limit=60)(updates.compare_again)


@every("shops.number_changes", seconds=30, time_limit=100)
def number_changes() -> None:
    feed.number_all(seconds=60)


@every("shops.find_unmarked_changes", seconds=86_400, time_limit=110)
def find_unmarked_changes() -> None:
    """At three in the night, Kuwait time: find unmarked changes, then write the files of each dataset, then send the digests."""
    index.index_missing()
    _compare(after=0, night=clock.today().isoformat())


@job("shops.compare_rest", queue="bulk", time_limit=110)
def compare_rest(*, after: int, night: str) -> None:
    _compare(after=after, night=night)


def _compare(*, after: int, night: str) -> None:
    """Compare slices of shops for COMPARING seconds, then enqueue the rest; after the last shop enqueue the files and digests."""
    until = time.monotonic() + COMPARING
    last = feed.compare_slice(after).last
    while last is not None and time.monotonic() < until:
        last = feed.compare_slice(last).last
    with transaction.atomic():
        if last is not None:
            enqueue("shops.compare_rest", key=f"night:{night}:{last}", after=last, night=night)
            return
        for key in OPEN_SETS:
            enqueue("shops.open_data", key=f"night:{night}:{key}:0", dataset=key, night=night, part=0)
        enqueue("shops.follow_digests", key=f"day:{night}", due_at=clock.now() + MORNING)


@job("shops.open_data", queue="bulk", time_limit=110)
def open_data(*, dataset: str = "shops", night: str = "", part: int = 0) -> None:
    """Write a part of the files of a dataset and enqueue the next one. Jobs from before there were datasets name none: the shops."""
    night = night or clock.today().isoformat()
    if writer.continue_edition(dataset, night) is None:
        with transaction.atomic():
            enqueue("shops.open_data", key=f"night:{night}:{dataset}:{part + 1}", dataset=dataset, night=night, part=part + 1)


job("shops.follow_digests", queue="bulk", time_limit=110)(subscriptions.notify_everybody)
