"""A hand inside the portal under test: makes renewals through its services and looks for damage.

A process of its own in the environment of the stack: `{"do": name, "with": {…}}` a line in, `{"answer": …}` a line out.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction
from django.db.models import F, Q

from licensing.health.services import submit_renewal
from licensing.models import HealthLicence
from municipality.accounts import civil_ids
from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.cases.models import Case
from municipality.documents import services as documents
from municipality.documents.models import Document
from municipality.jobs.models import Heartbeat, Job, JobState
from municipality.jobs.registry import SCHEDULES
from municipality.jobs.services import LEASE, enqueue
from municipality.kernel import civil_id, clock, guards
from municipality.kernel.actors import system
from municipality.kernel.transitions import transition
from municipality.notifications.models import Delivery, Message
from payments.models import Attempt, Bill, Receipt
from payments.services import redirect_url, start_attempt
from shops.models import Shop
from shops.search import index as search_index

DO: dict[str, Callable[..., Any]] = {}
DROP_TRIES = 5  # of the guards, while the portal runs


def command(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function of this module askable."""
    DO[function.__name__] = function
    return function


def _person(number: int) -> User:
    birth = f"2900101{number:04d}"
    while (digit := civil_id.check_digit(birth)) is None:
        birth = f"{int(birth) + 5000:011d}"
    now = clock.now()
    return User.objects.create_user(
        name_ar="سالم العنزي",
        name_en=f"Salim Al-Enezi {number}",
        email=f"salim{number}@mail.invalid",
        phone=f"+9655{number:07d}",
        email_confirmed_at=now,
        phone_confirmed_at=now,
        **civil_ids.fields(f"{birth}{digit}"),
    )


@command
def renewals(number: int) -> list[dict[str, Any]]:
    """So many people, each with a submitted renewal of a clean shop that is at the bank: address to go to and track id."""
    pattern = Shop.objects.get(name_en="Lamsat Al-Yasmin Ladies Salon")
    last_day = clock.today() + dt.timedelta(days=20)
    made = []
    for _ in range(number):
        serial = User.objects.filter(name_en__startswith="Salim Al-Enezi ").count() + 1
        owner = _person(serial)
        with transaction.atomic():
            shop = Shop.objects.create(
                name_ar=f"صالون الريح {serial}",
                name_en=f"Al Reeh Salon {serial}",
                owner=owner,
                commercial_license_no=f"1999/{serial:06d}",
                paci_number=f"99{serial:06d}",
                **{
                    name: getattr(pattern, name)
                    for name in (
                        *("activity_id", "branch_id", "area_id", "block", "street", "building", "unit", "facts_source", "facts_at"),
                        "commercial_license_end",
                    )
                },
            )
            first_day = last_day - dt.timedelta(days=364)
            document = documents.draft(
                kind="health_licence",
                number=f"HLT-HA-1999-{serial:06d}-X",
                subject=shop.key,
                holder_key=owner.key,
                valid_from=first_day,
                valid_to=last_day,
            )
            transition(document, "carry_over", actor=system("tests"))
            HealthLicence.objects.create(
                shop=shop, document=document, first_day=first_day, last_day=last_day, registered_facts=shop.registered_facts()
            )
            search_index.refresh([shop.pk])
            case = submit_renewal(shop=shop, applicant=owner)
        made.append({"case": case.public_id, **pay_again(case.public_id)})
    return made


@command
def pay_again(case: str) -> dict[str, str]:
    """The bill of a case goes to the bank (again)."""
    bill = Bill.objects.select_related("payer").get(subject=f"case:{case}")
    attempt = start_attempt(bills=[bill], payer=bill.payer, language="ar", session_key="chaos")
    return {"trackid": attempt.trackid, "url": redirect_url(attempt), "token": attempt.token}


@command
def outcome(cases: list[str]) -> list[dict[str, Any]]:
    """What the portal's books say of each case."""
    found = []
    for case in Case.objects.filter(public_id__in=cases).order_by("pk"):
        attempts = Attempt.objects.filter(allocations__bill__subject=case.key).order_by("pk")
        messages = Message.objects.filter(subject_key=case.key)
        found.append(
            {
                "case": case.public_id,
                "state": case.state,
                "attempts": {attempt.trackid: attempt.state for attempt in attempts},
                "receipts": Receipt.objects.filter(bill__subject=case.key).count(),
                "receipt_files": Receipt.objects.filter(bill__subject=case.key, document__file__isnull=False).count(),
                "licences": list(
                    Document.objects.filter(subject=case.key, kind="health_licence", state="active").values_list("number", flat=True)
                ),
                "numbers": list(Document.objects.filter(subject=case.key, kind="health_licence").values_list("number", flat=True)),
                "messages": sorted(messages.values_list("kind", flat=True)),
                "deliveries": [
                    {"channel": d.channel, "state": d.state, "key": d.idempotency_key, "message": d.message_id}
                    for d in Delivery.objects.filter(message__in=messages).order_by("pk")
                ],
            }
        )
    return found


@command
def waiting(pass_time: bool = False) -> int:
    """How many jobs are due or being carried out. With `pass_time`, the leases of processes that are gone end now.

    A job that was dispatched three seconds ago and not taken may then be dispatched again, too.
    """
    now = clock.now()
    if pass_time:
        Job.objects.filter(state=JobState.QUEUED, due_at__lte=now, dispatched_at__lt=now - dt.timedelta(seconds=3)).update(
            dispatched_at=None
        )
        for job in Job.objects.filter(state=JobState.RUNNING):
            if not _lives(job.lease_owner):
                Job.objects.filter(pk=job.pk, lease_owner=job.lease_owner).update(
                    lease_until=now - dt.timedelta(seconds=1), dispatched_at=None
                )
    return Job.objects.filter(Q(state=JobState.QUEUED, due_at__lte=now) | Q(state=JobState.RUNNING)).count()


def _lives(lease_owner: str) -> bool:
    """Whether the process of a lease still works; a zombie does not."""
    try:
        stat = Path(f"/proc/{lease_owner.split(':')[1]}/stat").read_text(encoding="ascii", errors="replace")
    except (OSError, IndexError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@command
def hurry(trackid: str = "") -> int:
    """Time passes for later tries and inquiries: what is due within the hour falls due now."""
    rows = Job.objects.filter(state=JobState.QUEUED, due_at__lt=clock.now() + dt.timedelta(hours=1))
    if trackid:
        rows = rows.filter(kind="payments.inquire", args__attempt_id=Attempt.objects.get(trackid=trackid).pk)
    return int(rows.update(due_at=clock.now(), dispatched_at=None))


@command
def time_passes(minutes: int) -> None:
    """The outbox and the heartbeat as they would look after so many minutes in which nobody worked."""
    ago = dt.timedelta(minutes=minutes)
    Job.objects.filter(state=JobState.QUEUED).update(due_at=F("due_at") - ago)
    Job.objects.filter(dispatched_at__isnull=False).update(dispatched_at=F("dispatched_at") - ago)
    Job.objects.filter(state=JobState.RUNNING).update(lease_until=F("lease_until") - ago)
    Heartbeat.objects.update(at=F("at") - ago)


@command
def inquire_again(trackids: list[str], times: int) -> None:
    """The same inquiry so many times, as from a broker that delivers more than once."""
    attempts = Attempt.objects.filter(trackid__in=trackids)
    for attempt in attempts:
        for turn in range(times):
            with transaction.atomic():
                enqueue("payments.inquire", key=f"again:{attempt.pk}:{turn}", attempt_id=attempt.pk, step=0, turn=99)


@command
def drop_guards(table: str = "", column: str = "") -> int:
    """For a control: without the triggers and, where a table is named, without its unique keys that begin with the column.

    The triggers go together, so a page or a job that reads several tables meanwhile may be in a deadlock with it: then it is tried again.
    """
    for tries_left in reversed(range(DROP_TRIES)):
        try:
            guards.remove(connection)
            break
        except OperationalError:
            if not tries_left:
                raise
    dropped = 0
    with connection.cursor() as cursor:
        if table:
            cursor.execute(
                "SELECT i.relname, c.conname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
                " LEFT JOIN pg_constraint c ON c.conindid = x.indexrelid AND c.contype = 'u'"
                " WHERE x.indrelid = %s::regclass AND x.indisunique AND NOT x.indisprimary AND pg_get_indexdef(x.indexrelid) LIKE %s",
                [table, f"%({column}%"],
            )
            for index, constraint in cursor.fetchall():
                cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}" if constraint else f"DROP INDEX {index}")
                dropped += 1
    return dropped


@command
def forget_jobs(pks: list[int]) -> None:
    """An operator has looked at dead jobs and removed them."""
    Job.objects.filter(pk__in=pks, state=JobState.DEAD).delete()


@command
def forget_slots() -> None:
    """The present slots begin anew: what was done in them is forgotten."""
    Job.objects.filter(kind__in=SCHEDULES, key__startswith="slot:", state=JobState.DONE).delete()


@command
def slots() -> list[tuple[str, str, int]]:
    """Periodic jobs of the last minutes: kind, slot and how often each was carried out."""
    rows = Job.objects.filter(kind__in=SCHEDULES, key__startswith="slot:", created_at__gt=clock.now() - dt.timedelta(minutes=20))
    return list(rows.values_list("kind", "key", "tries"))


@command
def of_the_future() -> dict[str, int]:
    """How many rows bear a time that a right clock cannot have given them yet."""
    now = clock.now() + dt.timedelta(seconds=5)
    page = dt.timedelta(seconds=settings.KNET_PAGE_LIFETIME_SECONDS)
    rows: dict[str, Any] = {
        "events": AuditEvent.objects.filter(at__gt=now),
        "dispatched": Job.objects.filter(dispatched_at__gt=now),
        "leases": Job.objects.filter(state=JobState.RUNNING, lease_until__gt=now + LEASE),
        "slots": Job.objects.filter(key__startswith="slot:", created_at__gt=now),
        "pages": Attempt.objects.filter(page_expires_at__gt=now + page),
    }
    return {name: found.count() for name, found in rows.items()}


@command
def enqueue_job(kind: str, key: str, ids: dict[str, Any]) -> int:
    """A job in the outbox."""
    with transaction.atomic():
        return enqueue(kind, key=key, **ids)


@command
def job(pk: int) -> dict[str, Any]:
    """One row of the outbox."""
    row = Job.objects.get(pk=pk)
    return {"state": row.state, "tries": row.tries, "lost_workers": row.lost_workers, "error": row.last_error}


@command
def damage() -> list[str]:
    """What `manage.py invariants` and `manage.py verify_audit` find; nothing when all is whole."""
    found = []
    for name in ("invariants", "verify_audit"):
        out = io.StringIO()
        try:
            call_command(name, stdout=out)
        except CommandError as error:
            found += [*out.getvalue().splitlines(), str(error)]
    return found


def serve() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = {"answer": DO[asked["do"]](**asked["with"])}
        except Exception:  # noqa: BLE001 - told to the test
            answer = {"error": traceback.format_exc()}
        with contextlib.suppress(Exception):
            connection.close()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve()
