"""Reports under `kill -9` of web and worker and cut lines: each report, each of its photos and each job once (script/chaos reports)."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.factories import report_photos
from tools.chaos.phones import ReportingPhone, Tally
from tools.chaos.portal import Portal, size
from tools.stack.running import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.stack, pytest.mark.redis, pytest.mark.timeout(5400)]
NUMBER = int(os.environ.get("CHAOS_REPORTS", str(size(24, 2000))))
AT_ONCE = 8
MOST_KILLS = size(4, 1000)
SECONDS = size(400, 3600)  # in which every report is taken and its work is done
REST = (2.0, 4.0) if NUMBER < 100 else (10.0, 30.0)  # from one kill to the next
# Where a worker dies once, beside the moments that nobody chose.
WORKER_POINTS = ("reports.assign.claimed", "reports.assign.carried_out", "reports.public_copy.carried_out", "uploads.inspect.claimed")
REPORTS = "SELECT count(*) FROM reports_report r {join} WHERE r.words LIKE %s GROUP BY r.words"
CHECKS = {
    # What there is of each report once.
    "reports": "",
    "reporters": "JOIN reports_reporter o ON o.report_id = r.id",
    "entries of the log": "JOIN audit_auditevent a ON a.subject = 'report:' || r.public_id AND a.action = 'report.received'",
    "draws": "JOIN reports_reportevent e ON e.subject_id = r.id AND e.move = 'assign'",
}
PHOTOS = (
    "SELECT count(*), count(DISTINCT p.sha256), count(DISTINCT p.upload_id), count(p.copy_id), count(DISTINCT p.copy_id)"
    " FROM reports_reportphoto p JOIN reports_report r ON r.id = p.report_id WHERE r.words LIKE %s"
)
# A request whose line was cut may be worked on after its report came: a second copy of a photo that the report has is removed with the
# photos that nobody sent (`reports.photos.services.drop_old`).
LEFT_BEHIND = (
    "SELECT count(*) FROM reports_heldphoto h WHERE NOT EXISTS (SELECT 1 FROM reports_reportphoto p JOIN reports_report r"
    " ON r.id = p.report_id WHERE r.key = h.key AND p.sha256 = h.sha256)"
)


def _photos(number: int, mark: int) -> list[bytes]:
    """Of three reports one has two photos and one has none."""
    return [report_photos.camera(mark + number * 10 + turn, place=None) for turn in range(number % 3)]


def _answers(portal: Portal) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(f"{portal.base_url}/healthz", timeout=10).ok
    return False


def kill_meanwhile(portal: Portal, work: list[Future[Any]]) -> list[str]:
    """Web and worker are killed by turns, at moments that nobody chose, and started again until the work is done (small: four times).

    From the main thread: a process ends with the thread that started it.
    """
    killed, chance = list[str](), random.Random(3)
    while len(killed) < 2 or (len(killed) < MOST_KILLS and not all(one.done() for one in work)):
        time.sleep(chance.uniform(*REST))
        name = ("web", "worker")[len(killed) % 2]
        portal.kill(name, signal.SIGKILL)
        killed.append(name)
        portal.revive(wait=False)
        wait_until(lambda: _answers(portal), 300, "the web server to be back")
    return killed


def storm(
    portal: Portal, number: int, words: str, *, mark: int = 0, kills: bool = False, **guards: bool
) -> tuple[Tally, list[set[str]], int]:
    """So many phones send a report each, some at once. Returns what they saw, the numbers that each was told, and the kills."""
    tally, until = Tally(), time.monotonic() + SECONDS
    ((area,),) = portal.sql("SELECT id FROM places_area WHERE name_en = 'Hawalli'")
    phones = [
        ReportingPhone(portal.port, mark + turn, _photos(turn, mark), tally, str(area), f"{words} {turn}", until=until, **guards)
        for turn in range(number)
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        work = [pool.submit(phone.report) for phone in phones]
        killed = kill_meanwhile(portal, work) if kills else []
        return tally, [one.result() for one in work], len(killed)


def test_each_report_and_photo_is_there_once_whatever_is_killed_and_cut(portal: Portal) -> None:
    portal.arm("web", "jobs.dispatching")
    portal.arm("worker", *WORKER_POINTS)
    began = time.monotonic()
    tally, told, kills = storm(portal, NUMBER, "storm", kills=True)
    sent = time.monotonic() - began
    portal.drain(SECONDS)
    assert portal.still_armed() == [], "no process came to a point"
    assert [len(numbers) for numbers in told] == [1] * NUMBER, "whoever sends again is told the same number"
    assert len(set().union(*told)) == NUMBER
    for name, join in CHECKS.items():
        rows = portal.sql(REPORTS.format(join=join), "storm %")
        assert (len(rows), {count for (count,) in rows}) == (NUMBER, {1}), name
    photos = sum(turn % 3 for turn in range(NUMBER))
    # A copy that came before its photo was looked at waits for some seconds.
    wait_until(lambda: portal.sql(PHOTOS, "storm %") == [(photos,) * 5], SECONDS, "each photo, its file and its copy once")
    assert portal.sql(LEFT_BEHIND) == [(0,)], "no photo is left behind"
    # Who sends again while the database still works on the request before waits for it, three seconds at most.
    assert tally.statuses[500] <= portal.log("web").count("psycopg2.errors.LockNotAvailable")
    assert {status for status in tally.statuses if status >= 500} <= {500, 503}
    assert portal.ask("damage") == []
    print(f"\n{NUMBER} reports with {photos} photos, {kills} kills, in {sent:.0f} s: {_said(tally)}")


def test_without_its_key_a_report_that_is_sent_again_is_there_twice(portal: Portal) -> None:
    """The red control: only the key tells the portal that it has this report."""
    _tally, told, _kills = storm(portal, 6, "control", mark=100_000, keeps_key=False)
    counts: list[Any] = [count for (count,) in portal.sql(REPORTS.format(join=""), "control %")]
    assert sum(counts) > 6 and max(counts) > 1
    assert max(map(len, told)) > 1
    portal.sql("DELETE FROM reports_heldphoto")


def _said(tally: Tally) -> str:
    return f"{tally.requests} requests, answers {dict(tally.statuses)}, cut {dict(tally.cuts)}"
