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
from itertools import count
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

from django.core.management import CommandError, call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.db.models import Q  # noqa: E402

from licensing.models import HealthLicence  # noqa: E402
from licensing.services import submit_renewal  # noqa: E402
from municipality.accounts import civil_ids  # noqa: E402
from municipality.accounts.models import User  # noqa: E402
from municipality.cases.models import Case  # noqa: E402
from municipality.documents import services as documents  # noqa: E402
from municipality.documents.models import Document  # noqa: E402
from municipality.jobs.models import Job, JobState  # noqa: E402
from municipality.jobs.services import enqueue  # noqa: E402
from municipality.kernel import civil_id, clock  # noqa: E402
from municipality.kernel.actors import system  # noqa: E402
from municipality.kernel.transitions import transition  # noqa: E402
from municipality.notifications.models import Delivery, Message  # noqa: E402
from payments.models import Attempt, Bill, Receipt  # noqa: E402
from payments.services import redirect_url, start_attempt  # noqa: E402
from shops.models import Shop  # noqa: E402

DO: dict[str, Callable[..., Any]] = {}
_numbers = count(1)


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
        serial = next(_numbers)
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
            document = documents.draft(
                kind="health_licence",
                number=f"HLT-HA-1999-{serial:06d}-X",
                subject=shop.key,
                holder_key=owner.key,
                valid_from=last_day - dt.timedelta(days=364),
                valid_to=last_day,
            )
            transition(document, "carry_over", actor=system("tests"))
            HealthLicence.objects.create(
                shop=shop, document=document, first_day=document.valid_from, last_day=last_day, registered_facts=shop.registered_facts()
            )
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
                    {"channel": d.channel, "state": d.state, "key": d.idempotency_key} for d in Delivery.objects.filter(message__in=messages)
                ],
            }
        )
    return found


@command
def waiting(pass_time: bool = False) -> int:
    """How many jobs are due or being carried out. With `pass_time`, the leases of processes that are gone end now."""
    now = clock.now()
    if pass_time:
        for job in Job.objects.filter(state=JobState.RUNNING):
            if not _lives(job.lease_owner):
                Job.objects.filter(pk=job.pk, lease_owner=job.lease_owner).update(lease_until=now - dt.timedelta(seconds=1), rung_at=None)
    return Job.objects.filter(Q(state=JobState.QUEUED, due_at__lte=now) | Q(state=JobState.RUNNING)).count()


def _lives(lease_owner: str) -> bool:
    try:
        os.kill(int(lease_owner.split(":")[1]), 0)
    except (ProcessLookupError, IndexError, ValueError):
        return False
    return True


@command
def promise(kind: str, key: str, ids: dict[str, Any]) -> int:
    """A job in the outbox."""
    with transaction.atomic():
        return int(enqueue(kind, key=key, **ids).pk)


@command
def job(pk: int) -> dict[str, Any]:
    """One row of the outbox."""
    row = Job.objects.get(pk=pk)
    return {"state": row.state, "tries": row.tries, "deaths": row.deaths, "error": row.last_error}


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


def main() -> None:
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
    main()
