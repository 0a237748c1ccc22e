"""Nobody of the staff reads who reported, except intake with a purpose, and the reporter reads that look."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from functools import partial

import pytest
from django.apps import apps
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Concat
from django.test import Client

from municipality.accounts.models import User
from municipality.audit.models import AccessLogEntry, AuditEvent
from municipality.audit.services import record
from municipality.cases.roles import READS
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.actors import VISITOR
from municipality.ui.texts import both
from reports import queries
from reports.admin import triage
from reports.models import Ban, Report
from reports.reporters import bans, notifications, trust
from reports.reporters.services import Sender, secret_of
from reports.reporters.trust import TrustLevel
from tests.browsers import signed_in
from tests.factories import reports
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.inspections import inspector
from tests.published_rules import publish_rules

pytestmark = pytest.mark.django_db
PHONE = "96555501234"
# People as such are listed there, whatever they do; so is the page that intake opens with a purpose.
ELSEWHERE = re.compile(r"/admin/(accounts|delegation|logout|password|purpose|jsi18n)|/reporter/$")
MOST = 40  # pages of one role
PUBLIC = ("/open311/v2/requests.json", "/open311/v2/requests.xml")
WRITTEN = ("audit.AuditEvent", "audit.AccessLogEntry", "jobs.Job", "notifications.Delivery")  # what a step writes


@pytest.fixture(autouse=True)
def _rules(db: None) -> None:
    publish_rules()


@pytest.fixture
def person() -> User:
    return PersonFactory(name_ar="زهرة البرقوق", name_en="Zahra Barqouq")


@pytest.fixture
def shielded(person: User) -> list[Report]:
    """Reports of a person and of a phone with an inspector, their messages, a stop and a look; all that writes something."""
    drawn = inspector("drawn", "HA")
    made = [reports.assigned(Sender(person=person, device="d1")), reports.assigned(Sender(phone=PHONE, device="d2"))]
    clerk = StaffFactory(groups=["intake"], login="stops", branch_id="HA")
    with transaction.atomic():
        for report in made:
            for kind in ("received", "came_back"):
                notifications.tell(report, kind)
    bans.make(report=made[0], code="false_reports", by=clerk)
    assert {report.inspector for report in made} == {drawn}
    return made


def _needles(person: User) -> list[str]:
    phone, email = str(person.phone), str(person.email)
    return [str(person.name_ar), str(person.name_en), email, phone, phone[3:], email.partition("@")[0], person.public_id, PHONE, PHONE[3:]]


def _walk(user: User, extra: list[str]) -> Iterator[tuple[str, str]]:
    """The pages that a member of staff reaches from the first one, with their texts."""
    browser, seen, waiting = signed_in(user), set[str](), ["/admin/", *extra]
    while waiting and len(seen) < MOST:
        page = waiting.pop(0)
        if page in seen or ELSEWHERE.search(page):
            continue
        seen.add(page)
        response = browser.get(page)
        if response.status_code != 200 or response.streaming:
            continue
        text = response.content.decode(errors="replace") + str(response.get("Content-Disposition", ""))
        yield page, text
        waiting += [link for link in re.findall(r'href="(/admin/[^"?#]*)', text) if link not in seen]


def _named(needles: list[str], made: list[Report], roles: list[str]) -> list[str]:
    found: list[str] = []
    pages = 0
    extra = [page for report in made for page in (f"/admin/intake/reports/{report.public_id}/", f"/admin/eye/{report.public_id}/")]
    written = []
    for model in map(apps.get_model, WRITTEN):
        rows = model._default_manager.order_by("-pk").values_list("pk", flat=True)[:10]
        written += [f"/admin/{model._meta.app_label}/{model._meta.model_name}/{pk}/change/" for pk in rows]
    for role in roles:
        user = StaffFactory(groups=[role], login=f"walks-{role}", branch_id="HA", name_ar="موظف", name_en="Employee")
        for page, text in _walk(user, [*extra, *written] if any(model.lower() in READS[role] for model in WRITTEN) else extra):
            pages += 1
            found += [f"{role} {page}: {needle}" for needle in needles if needle in text]
    assert pages > len(roles)
    return found


@pytest.mark.slow
def test_no_page_of_staff_names_a_reporter(person: User, shielded: list[Report]) -> None:
    assert _named(_needles(person), shielded, sorted(READS)) == []


def test_red_control_a_page_that_names_a_reporter_is_found(person: User, shielded: list[Report]) -> None:
    with transaction.atomic():
        record("report.named", subject=shielded[0].subject_key, actor=VISITOR, data={"name": str(person.name_en)})
    assert _named(_needles(person), shielded, ["auditor"])


def test_no_public_page_names_a_reporter(person: User, shielded: list[Report]) -> None:
    pages = ["/en/reports/", "/ar/reports/map.geojson", "/en/reports/figures/", *PUBLIC]
    pages += [page for report in shielded for page in (f"/en/reports/{report.public_id}/", f"/open311/v2/requests/{report.number}.json")]
    read = {page: Client().get(page) for page in pages}
    text = "".join(answer.content.decode() for answer in read.values() if answer.status_code == 200 and not answer.streaming)
    assert all(report.number in text for report in shielded)
    assert not [needle for needle in _needles(person) if needle in text]


def test_jobs_hold_ids_only(person: User, shielded: list[Report]) -> None:
    stored = " ".join(f"{job.key} {job.args}" for job in Job.objects.filter(kind__startswith="reports."))
    assert "reporter_id" in stored
    assert not [needle for needle in [*_needles(person), *(secret_of(report.key) for report in shielded)] if needle in stored]


def test_intake_opens_who_reported_with_a_purpose_and_the_reporter_reads_it(person: User, shielded: list[Report]) -> None:
    report = shielded[0]
    page = f"/admin/intake/reports/{report.public_id}/reporter/"
    browser = signed_in(StaffFactory(groups=["intake"], login="clerk", branch_id="HA"))
    asked = browser.get(page)
    assert "purpose.misuse" in asked.content.decode() and str(person.name_ar) not in asked.content.decode()
    browser.post("/admin/purpose/", {"purpose": "purpose.misuse", "subject": f"reporter:{report.public_id}", "next": page})
    assert str(person.name_ar) in browser.get(page).content.decode()
    look = AccessLogEntry.objects.get(subject=report.subject_key)
    assert look.purpose == "purpose.misuse" and person.public_id not in look.person_key  # the log itself does not say who reported
    read = signed_in(person).get(f"/en/reports/{report.public_id}/mine/").content.decode()
    assert "Employee of report intake" in read and "check whether reports are misused" in read
    for role in ("inspector", "supervisor", "auditor", "operator"):
        assert signed_in(StaffFactory(groups=[role], login=f"no-{role}")).get(page).status_code == 403


# The level of a sender, and that a report waited for a look, which may be because of it.
LEVELS = [*both(TrustLevel.DOUBTFUL.label), *both(TrustLevel.PROVEN.label), "How far this sender is trusted", "درجة الثقة بهذا المرسل"]
WAITED = ["Waits for an employee to look", "ينتظر اطلاع موظف"]


@pytest.fixture
def held() -> Report:
    """A report of whoever was stopped until yesterday, with an inspector."""
    sender, now = Sender(phone=PHONE, device="d3"), clock.now()
    inspector("drawn", "HA")
    stop = {"who": sender.digests[0], "code": "false_reports", "by": StaffFactory(groups=["intake"], login="stops")}
    before = now - dt.timedelta(days=9)
    Ban.objects.create(report=reports.received(), at=before, until=now - dt.timedelta(days=1), **stop)
    report = reports.assigned(sender)
    assert trust.of_sender(sender, queries.limits()).level == TrustLevel.DOUBTFUL and report.hidden_at is not None
    return report


@pytest.mark.slow
def test_no_page_of_staff_tells_a_level(held: Report) -> None:
    assert _named(LEVELS, [held], sorted(READS)) == []
    User.objects.filter(login__startswith="walks-").update(login=Concat(Value("before-"), "login"))
    assert _named(WAITED, [held], ["inspector", "supervisor"]) == []


def test_red_control_a_page_that_tells_a_level_is_found(held: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _named([*LEVELS, *WAITED], [held], ["supervisor"]) == []
    User.objects.filter(login="walks-supervisor").update(login="before")
    monkeypatch.setattr(triage, "labelled_trace", partial(triage.labelled_trace, of_intake=True))
    assert _named(WAITED, [held], ["supervisor"])


def test_intake_reads_a_level_with_its_reasons_beside_who_reported(held: Report) -> None:
    browser = signed_in(StaffFactory(groups=["intake"], login="clerk", branch_id="HA"))
    page = f"/admin/intake/reports/{held.public_id}/"
    assert not [level for level in LEVELS if level in browser.get(page).content.decode()]
    browser.get(f"{page}reporter/")
    browser.post("/admin/purpose/", {"purpose": "purpose.misuse", "subject": f"reporter:{held.public_id}", "next": f"{page}reporter/"})
    shown = browser.get(f"{page}reporter/").content.decode()
    assert "درجة الثقة بهذا المرسل" in shown and "بلاغات سابقة مشكوك فيها" in shown and "إيقاف للإبلاغ لا يزال محسوباً" in shown
    assert AccessLogEntry.objects.filter(subject=held.subject_key).count() == 1


def test_no_public_page_nor_export_tells_a_level(held: Report) -> None:
    pages = [*PUBLIC, "/en/reports/", f"/en/reports/{held.public_id}/", f"/open311/v2/requests/{held.number}.json"]
    text = "".join(Client().get(page).content.decode() for page in pages)
    stored = " ".join(f"{job.key} {job.args}" for job in Job.objects.all()) + str(list(AuditEvent.objects.values("data")))
    assert not [level for level in [*LEVELS, TrustLevel.DOUBTFUL.value] if level in text + stored]
