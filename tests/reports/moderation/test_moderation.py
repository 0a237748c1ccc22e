"""What is hidden stays on file with its reason; bans end, can be appealed, and another person answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.jobs.registry import SCHEDULES
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from reports.intake.services import ReportPlace
from reports.models import Ban, Moderation, Report
from reports.moderation import queries, services
from reports.queries import limits, public_reports
from reports.reporters import bans, bursts, notifications, retention, trust
from reports.reporters import services as reporters
from reports.reporters.services import Sender
from reports.triage import services as triage
from reports.triage.services.joins import ReportPart
from tests.browsers import signed_in
from tests.database_guards import assert_refused, drop_guard, gets_through
from tests.factories import reports
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.inspections import inspector
from tests.factories.shops import ShopFactory
from tests.published_rules import publish_rules

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _rules(db: None) -> None:
    publish_rules()


@pytest.fixture
def clerk() -> User:
    return StaffFactory(groups=["intake"], login="first", name_ar="أولى", name_en="First")


@pytest.fixture
def other() -> User:
    return StaffFactory(groups=["intake"], login="second", name_ar="ثانية", name_en="Second")


def ban_of(sender: Sender) -> Ban | None:
    return trust.of_sender(sender, limits()).ban


def _sql(text: str, *values: Any) -> Callable[[], None]:
    def attack() -> None:
        with connection.cursor() as cursor:
            cursor.execute(text, values)

    return attack


def test_a_report_is_hidden_for_a_reason_and_shown_again(clerk: User) -> None:
    report = reports.received()
    with pytest.raises(Refused, match="unknown_reason"):
        services.hide(report=report, part="report", code="because", by=clerk)
    row = services.hide(report=report, part="report", code="insult", by=clerk)
    with pytest.raises(Refused, match="hidden"):
        services.hide(report=report, part="report", code="insult", by=clerk)
    report.refresh_from_db()
    assert report.hidden_at is not None and report.words
    services.show_again(moderation=row, by=clerk)
    report.refresh_from_db()
    (traced,) = queries.trace(report)
    assert report.hidden_at is None and (traced.code, traced.by, traced.lifted_by) == ("insult", clerk, clerk)
    actions = AuditEvent.objects.filter(subject=report.subject_key).order_by("pk").values_list("action", flat=True)
    assert list(actions)[-2:] == ["report.hidden", "report.shown_again"]


def test_parts_of_a_divided_report_are_hidden_and_shown_with_it(clerk: User) -> None:
    inspector("drawn", "HA", scope=["CLN"])
    report = reports.assigned()
    parts = triage.split(report=report, inspector=report.inspector, parts=[ReportPart("waste", "x"), ReportPart("hazard", "y")])
    alone = services.hide(report=parts[0], part="report", code="insult", by=clerk)
    whole = services.hide(report=report, part="report", code="insult", by=clerk)
    assert not public_reports().exists()
    assert b"insult" in Client().get(f"/en/reports/{parts[1].public_id}/").content
    services.show_again(moderation=alone, by=clerk)
    assert not public_reports().exists(), "the whole is hidden still"
    alone = services.hide(report=parts[0], part="report", code="insult", by=clerk)
    services.show_again(moderation=whole, by=clerk)
    assert set(public_reports()) == {report, parts[1]}
    services.show_again(moderation=alone, by=clerk)
    assert public_reports().count() == 3


def test_words_wait_until_somebody_has_read_them(clerk: User) -> None:
    read, hidden = reports.received(), reports.received()
    assert list(queries.unread_words()) == [read, hidden]
    services.agree_words(report=read, by=clerk)
    row = services.hide(report=hidden, part="words", code="personal_data", by=clerk)
    assert not queries.unread_words().exists()
    with pytest.raises(Refused, match="words_hidden"):
        services.agree_words(report=hidden, by=clerk)
    services.show_again(moderation=row, by=clerk)
    hidden.refresh_from_db()
    assert hidden.words_shown_at is not None


def test_only_intake_moderates(clerk: User) -> None:
    for role in ("inspector", "supervisor", "auditor"):
        with pytest.raises(NotPermitted):
            services.hide(report=reports.received(), part="report", code="insult", by=StaffFactory(groups=[role], login=f"x-{role}"))


def test_a_ban_holds_without_a_name_on_the_same_device_and_ends(clerk: User) -> None:
    person = PersonFactory()
    report = reports.received(Sender(person=person, device="phone"))
    ban = bans.make(report=report, code="false_reports", by=clerk)
    assert ban_of(Sender(person=person)) == ban_of(Sender(device="phone")) == ban
    assert ban_of(Sender(person=PersonFactory(noura=True), device="phone")) is None  # somebody else of the family
    assert ban_of(Sender(device="another")) is None
    with pytest.raises(Refused, match="banned"):
        bans.make(report=report, code="false_reports", by=clerk)
    with clock.at(ban.until):
        assert ban_of(Sender(person=person)) is None
    assert person.public_id not in str(list(AuditEvent.objects.filter(subject=report.subject_key).values()))
    assert Message.objects.get(kind="reports.banned").person == person


def test_an_appeal_is_sent_once_and_answered_by_another(clerk: User, other: User) -> None:
    person = PersonFactory()
    ban = bans.make(report=reports.received(Sender(person=person)), code="false_reports", by=clerk)
    with pytest.raises(Refused, match="no_appeal"):
        bans.decide(ban=ban, lift=True, by=other)
    bans.appeal(ban=ban, words="لم أكذب")
    with pytest.raises(Refused, match="appealed"):
        bans.appeal(ban=ban, words="لم أكذب")
    with pytest.raises(Refused, match="own_ban"):
        bans.decide(ban=ban, lift=True, by=clerk)
    bans.decide(ban=ban, lift=True, by=other)
    with pytest.raises(Refused, match="decided"):
        bans.decide(ban=ban, lift=False, by=other)
    assert ban_of(Sender(person=person)) is None
    assert Message.objects.filter(kind="reports.ban_lifted", person=person).count() == 1


def test_many_reports_of_one_sender_or_shop_are_marked_and_joined_ones_do_not_count() -> None:
    device = Sender(device="busy")
    sent = [reports.received(device) for _n in range(8)]
    for n in range(7):
        reports.received(Sender(device=f"d{n}"))
    (burst,) = bursts.bursts()
    assert burst.reports == sent and not burst.is_of_shop
    drop_guard("reports_report_moves", "reports_report")  # the list reads the state only
    Report.objects.filter(pk=sent[1].pk).update(state="merged", merged_into=sent[0])
    assert bursts.bursts() == []


def test_the_parts_of_divided_reports_are_no_reports_of_many_people_about_one_shop() -> None:
    shop, drawn = ShopFactory(owner=PersonFactory()), inspector("drawn", "HA", scope=["CLN", "SHP"])
    place = ReportPlace(source="shop", latitude=29.3328, longitude=48.0283, area=shop.area, shop=shop)
    for n in range(limits()["burst_shop"] // 2):
        row = reports.assigned(Sender(device=f"d{n}"), place=place)
        triage.split(report=row, inspector=drawn, parts=[ReportPart("waste", "أ"), ReportPart("shop", "ب")])
    assert bursts.bursts() == []


def test_who_sent_a_divided_report_is_known_of_its_parts_too(clerk: User) -> None:
    person, drawn = PersonFactory(), inspector("drawn", "HA", scope=["CLN", "SHP"])
    row = reports.assigned(Sender(person=person))
    part, _other = triage.split(report=row, inspector=drawn, parts=[ReportPart("waste", "أ"), ReportPart("shop", "ب")])
    client, page = signed_in(clerk), f"/admin/intake/reports/{part.public_id}/"
    purpose = {"purpose": "purpose.misuse", "subject": f"reporter:{row.public_id}", "next": f"{page}reporter/"}
    assert client.get(f"{page}reporter/").status_code == 200
    client.post("/admin/purpose/", purpose)
    assert str(person.name_ar) in client.get(f"{page}reporter/").content.decode()
    assert client.post(page, {"step": "ban", "code": "false_reports"}).status_code == 302
    ban = Ban.objects.get()
    assert ban.report == row and f"/admin/intake/bans/{ban.public_id}/" in client.get(page).content.decode()


def test_who_reported_is_forgotten_after_its_period() -> None:
    report = reports.received(Sender(phone="96555501234"))
    assert retention.forget() == 0
    closed = clock.now() - dt.timedelta(days=91)
    _close(report, closed)
    assert retention.forget() == 1
    secret = reporters.secret_of(report.key)
    assert not reporters.opens(report, secret=secret)
    event = AuditEvent.objects.get(action="report.reporter_deleted")
    assert event.subject == report.subject_key and event.data == {}


def test_as_many_are_forgotten_in_a_day_as_the_portal_is_measured_for() -> None:
    """A million reports in 90 days (docs/reports.md): with fewer, who reported is kept longer than everybody is told."""
    runs = 86_400 / SCHEDULES["reports.forget_reporters"].seconds
    assert runs * retention.MAX_ROWS >= 1_000_000 / 90


def test_who_sent_a_report_that_was_joined_twice_is_forgotten_with_the_last() -> None:
    inspector("drawn", "HA", scope=["CLN"])
    first, second, last = (reports.assigned(Sender(phone=f"9655550123{n}")) for n in range(3))
    triage.merge(report=first, into=second, inspector=first.inspector, why="x")
    triage.merge(report=Report.objects.get(pk=second.pk), into=last, inspector=first.inspector, why="x")
    assert notifications.tell(last, "came_back") == 3
    _close(last, clock.now() - dt.timedelta(days=91))
    assert retention.forget() == 3


def _close(report: Report, at: dt.datetime) -> None:
    for name in ("reports_report_moves", "reports_report_drawn"):  # nobody has to visit the place for this
        drop_guard(name, "reports_report")
    Report.objects.filter(pk=report.pk).update(state="closed", closed_at=at, inspector=inspector("closer", "HA"))


# Attacks on the database, and the same without the guard.
def test_the_database_keeps_what_was_decided(clerk: User, other: User) -> None:
    report = reports.received(Sender(device="x"))
    words = services.hide(report=report, part="words", code="insult", by=clerk)
    ban = bans.make(report=report, code="false_reports", by=clerk)
    bans.appeal(ban=ban, words="x")
    bans.decide(ban=ban, lift=False, by=other)
    lifted = services.hide(report=reports.received(), part="report", code="insult", by=clerk)
    services.show_again(moderation=lifted, by=clerk)
    now = clock.now()
    attacks = [
        ("reports_report_hidden", "reports_report", _sql("UPDATE reports_report SET hidden_at = %s WHERE id = %s", now, report.pk)),
        (
            "reports_report_words_shown",
            "reports_report",
            _sql("UPDATE reports_report SET words_shown_at = %s WHERE id = %s", now, report.pk),
        ),
        ("reports_reporter_no_update", "reports_reporter", _sql("UPDATE reports_reporter SET device_digest = ''")),
        ("reports_reporter_kept", "reports_reporter", _sql("DELETE FROM reports_reporter WHERE report_id = %s", report.pk)),
        ("reports_ban_appealed_once", "reports_ban", _sql("UPDATE reports_ban SET appeal = 'y' WHERE id = %s", ban.pk)),
        ("reports_ban_decided_once", "reports_ban", _sql("UPDATE reports_ban SET lifted_at = %s WHERE id = %s", now, ban.pk)),
        (
            "reports_moderation_lifted_once",
            "reports_moderation",
            _sql("UPDATE reports_moderation SET lifted_at = NULL WHERE id = %s", lifted.pk),
        ),
    ]
    for name, table, attack in attacks:
        assert_refused(attack, match=name)
        drop_guard(name, table)
        assert gets_through(attack), name
    assert Moderation.objects.get(pk=words.pk).lifted_at is None


def test_no_ban_is_lifted_without_an_appeal(clerk: User) -> None:
    ban = bans.make(report=reports.received(Sender(device="x")), code="false_reports", by=clerk)
    attack = _sql("UPDATE reports_ban SET lifted_at = %s WHERE id = %s", clock.now(), ban.pk)
    assert_refused(attack, match="reports_ban_decided")
    drop_guard("reports_ban_decided", "reports_ban")
    assert gets_through(attack)


def test_the_next_unread_description_opens_after_one_is_shown(clerk: User) -> None:
    first, second = (reports.received(Sender(person=PersonFactory(noura=noura))) for noura in (True, False))
    browser = signed_in(clerk)
    answer = browser.post(f"/admin/intake/reports/{first.public_id}/", {"step": "agree"})
    assert answer["Location"] == f"/admin/intake/reports/{second.public_id}/"
    answer = browser.post(answer["Location"], {"step": "agree"})
    assert answer["Location"] == "/admin/intake/", "nothing is left: the list says so"


def test_the_pages_of_intake(clerk: User, other: User) -> None:
    report = reports.received(Sender(person=PersonFactory()))
    page, browser = f"/admin/intake/reports/{report.public_id}/", signed_in(clerk)
    assert report.number in browser.get("/admin/intake/").content.decode()
    assert browser.post(page, {"step": "hide", "part": "report", "code": ""}).status_code == 409
    for step in ({"step": "agree"}, {"step": "hide", "part": "words", "code": "insult"}, {"step": "ban", "code": "false_reports"}):
        assert browser.post(page, step).status_code == 302
    row = Moderation.objects.get()
    assert browser.post(page, {"step": "show", "moderation": row.pk}).status_code == 302
    assert browser.get(page).status_code == 200
    ban = Ban.objects.get()
    bans.appeal(ban=ban, words="لا")
    decide = f"/admin/intake/bans/{ban.public_id}/"
    assert browser.post(decide, {"decision": "lift"}).status_code == 409
    assert signed_in(other).post(decide, {}).status_code == 409
    assert signed_in(other).post(decide, {"decision": "keep"}).status_code == 302
    assert signed_in(StaffFactory(groups=["auditor"])).get(page).status_code == 403
