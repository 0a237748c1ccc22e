"""Redis is emptied while work waits in it, then taken away: no job may be lost, no page may fail."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from redis import Redis

from script.support import services
from tools.stack.running import Servers, Stack, Template, wait_until

MESSAGES = 10
# Each a message of its own to one person, enqueued in a transaction.
ENQUEUE = """
from django.db import transaction
from municipality.accounts.models import User
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.notifications.models import Channel, Delivery, Message
person = User.objects.filter(email_confirmed_at__isnull=False).exclude(email="").order_by("pk").first()
for number in range({messages}):
    with transaction.atomic():
        text = dict(title_ar="رسالة", title_en="Message", body_ar="نص", body_en="Text", short_ar="نص", short_en="Text")
        message = Message.objects.create(person=person, kind="tools.chaos", key="{round}:%d" % number, created_at=clock.now(), **text)
        delivery = Delivery.objects.create(message=message, channel=Channel.EMAIL)
        enqueue("notifications.deliver", key="delivery:%d" % delivery.pk, delivery_id=delivery.pk)
"""
STATES = (
    "SELECT d.state, count(*) FROM notifications_delivery d JOIN notifications_message m ON m.id = d.message_id"
    " WHERE m.kind = 'tools.chaos' GROUP BY d.state"
)
ARRIVED = (
    "SELECT m.key FROM notifications_delivery d JOIN notifications_message m ON m.id = d.message_id"
    " WHERE m.kind = 'tools.chaos' AND d.state = 'sent'"
)


@dataclass(frozen=True)
class Outcome:
    """What was enqueued, what arrived, what arrived twice, pages that failed, and the longest wait for a backlog in seconds."""

    enqueued: int
    arrived: int
    twice: int
    failed_pages: int
    longest: float


@contextlib.contextmanager
def running(servers: Servers, template: Template, folder: Path, broker: str, *, clock: bool) -> Iterator[Stack]:
    """A portal on a broker of its own."""
    own, var = template.copy(folder)
    portal = Stack(replace(own, redis=broker), var)
    try:
        portal.start(*(name for name in portal.definitions if clock or name != "beat"))
        # A worker enqueues and sweeps once when it is ready; only what is enqueued after that shows what the clock is for.
        wait_until(lambda: portal.sql("SELECT 1 FROM jobs_job WHERE key LIKE 'slot:%%' AND state = 'done'"), 60, "the worker's first tick")
        time.sleep(1)
        yield portal
    finally:
        portal.stop()


def flushed(portal: Stack, broker: str, rounds: int, patience: float) -> Outcome:
    """Promise work while the worker sleeps, empty Redis, wake the worker, wait for the work."""
    longest = 0.0
    for number in range(rounds):
        os.killpg(portal.pid("worker"), signal.SIGSTOP)
        portal.manage("shell", "--no-imports", "-c", ENQUEUE.format(messages=MESSAGES, round=f"flush{number}"))
        with Redis.from_url(broker) as client:
            client.flushall()
        os.killpg(portal.pid("worker"), signal.SIGCONT)
        longest = max(longest, delivered_within(portal, (number + 1) * MESSAGES, patience))
    return outcome(portal, rounds * MESSAGES, 0, longest)


def abandoned(portal: Stack, broker: str, patience: float) -> Outcome:
    """As `flushed`, once, over a portal without a clock: what has not arrived when a later job has will not come any more."""
    found = flushed(portal, broker, 1, 2)
    portal.manage("shell", "--no-imports", "-c", ENQUEUE.format(messages=MESSAGES, round="later"))
    later = f"SELECT count(*) FROM ({ARRIVED}) arrived WHERE key LIKE 'later:%%'"
    wait_until(lambda: portal.sql(later)[0][0] == MESSAGES, patience, "the delivery of what was enqueued later")
    return replace(found, arrived=portal.sql(f"SELECT count(*) FROM ({ARRIVED}) arrived WHERE key LIKE 'flush%%'")[0][0])


def away(portal: Stack, seconds: float, patience: float, already: int) -> Outcome:
    """Promise work while there is no Redis, and read pages meanwhile; `portal`'s Redis must have been stopped before."""
    failed = 0
    portal.manage("shell", "--no-imports", "-c", ENQUEUE.format(messages=MESSAGES, round="away"))
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for path in ("/ar/", "/en/", "/healthz"):
            try:
                urllib.request.urlopen(portal.base_url + path, timeout=5).close()
            except OSError:
                failed += 1
        time.sleep(0.2)
    return outcome(portal, already + MESSAGES, failed, patience)


def delivered_within(portal: Stack, wanted: int, patience: float) -> float:
    """Seconds until `wanted` messages are sent, or `patience`. A worker that ended is started again: Celery's ends when Redis goes
    away before it could acknowledge a message (celery issue 7185).
    """
    began = time.monotonic()

    def delivered() -> bool:
        portal.revive(wait=False)
        return dict(portal.sql(STATES)).get("sent", 0) >= wanted

    with contextlib.suppress(TimeoutError):
        wait_until(delivered, patience, "the delivery of everything")
    return time.monotonic() - began


def outcome(portal: Stack, enqueued: int, failed: int, longest: float) -> Outcome:
    arrived = dict(portal.sql(STATES)).get("sent", 0)
    return Outcome(enqueued, arrived, _twice(portal), failed, longest)


def _twice(portal: Stack) -> int:
    """Mails that were written more than once, by the key that each carries."""
    seen: dict[str, int] = {}
    for path in (portal.var / "mail").glob("*.log"):
        for line in path.read_text(encoding="utf8").splitlines():
            if line.startswith("Message-ID:"):
                seen[line] = seen.get(line, 0) + 1
    return sum(count - 1 for count in seen.values())


def main(servers: Servers, arguments: list[str]) -> int:
    """`script/chaos redis [ROUNDS]`. Returns 0 when nothing was lost and the control without a clock lost something."""
    rounds = int(arguments[0]) if arguments else 5
    port = services.free_port()
    with tempfile.TemporaryDirectory() as folder:
        print("Setting up two portals …", flush=True)
        template = Template(servers, Path(folder) / "template").make("--small")
        try:
            with services.redis(policy="noeviction", append_only=True, port=port) as broker:
                with running(servers, template, Path(folder) / "control", broker, clock=False) as portal:
                    control = abandoned(portal, broker, 60)
                print(f"control, no clock: {control.enqueued - control.arrived} of {control.enqueued} lost")
            with contextlib.ExitStack() as redis:
                broker = redis.enter_context(services.redis(policy="noeviction", append_only=True, port=port))
                with running(servers, template, Path(folder) / "portal", broker, clock=True) as portal:
                    found = flushed(portal, broker, rounds, 120)
                    print(f"emptied {rounds} times: {found}")
                    redis.close()
                    gone = away(portal, 20, 0, found.enqueued)
                    with services.redis(policy="noeviction", append_only=True, port=port):
                        seconds = delivered_within(portal, gone.enqueued, 120)
                        last = outcome(portal, gone.enqueued, gone.failed_pages, seconds)
                        print(f"away for 20 s: {last}")
                        print(portal.manage("invariants", check=False).stdout.strip())
        finally:
            template.drop()
    good = last.arrived == last.enqueued and not last.twice and not last.failed_pages and control.arrived < control.enqueued
    print("nothing was lost" if good else "DAMAGE")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit("Run it as script/chaos redis")
