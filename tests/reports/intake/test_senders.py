"""Limits and stops of a sender, confirmed phones, and "me too"."""

from __future__ import annotations

import datetime as dt
from unittest.mock import MagicMock
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import translation

from municipality.accounts import limits
from municipality.audit.models import AuditEvent
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.notifications.models import SmsUse
from reports import queries
from reports.intake import services
from reports.intake.services import ReportPlace
from reports.intake.similar import me_too, similar
from reports.models import Ban, MeToo, Report
from reports.models.reporter import PhoneCode, Reporter
from reports.moderation import services as moderation
from reports.reporters import bans, phones
from reports.reporters.services import Sender
from reports.triage import services as triage
from tests.browsers import signed_in
from tests.conftest import NOON
from tests.factories import reports
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.inspections import inspector
from tests.open_database import on_postgres
from tests.published_rules import publish_rules
from tests.threads import at_once

pytestmark = pytest.mark.django_db
PHONE = "+96599887766"


@pytest.fixture(autouse=True)
def _rules(db: None) -> None:
    publish_rules()


def anywhere(number: int) -> ReportPlace:
    return ReportPlace(latitude=29.2 + number / 100, longitude=48.0)


def send(number: int, sender: Sender) -> Report:
    return services.receive(reports.sent(place=anywhere(number)), sender).report


@pytest.mark.parametrize(
    "senders",
    [
        lambda number: Sender(device="phone-1"),
        lambda number: Sender(device=f"phone-{number}", phone=PHONE),
    ],
)
def test_an_eleventh_report_in_an_hour_waits(senders: object) -> None:
    with clock.at(NOON), translation.override("en"):
        for number in range(10):
            send(number, senders(number))  # type: ignore[operator]
    with clock.at(NOON + dt.timedelta(minutes=20)), translation.override("en"), pytest.raises(Refused, match="per_hour") as refused:
        send(10, senders(10))  # type: ignore[operator]
    assert refused.value.status == 429 and refused.value.facts["retry_after"] == 2400
    assert "works again within 40 minutes" in refused.value.sentence and Report.objects.count() == 10
    with clock.at(NOON + dt.timedelta(minutes=61)):
        send(10, senders(10))  # type: ignore[operator]


def test_a_day_a_place_and_a_network_have_limits_too() -> None:
    device = Sender(device="phone-1")
    for number in range(20):
        with clock.at(NOON + dt.timedelta(minutes=10 * number)):
            send(number, device)
    with clock.at(NOON + dt.timedelta(minutes=201)), pytest.raises(Refused, match="per_day"):
        send(31, device)
    for _ in range(3):
        services.receive(reports.sent(), Sender(device="phone-2"))
    with pytest.raises(Refused, match="per_place_day"):
        services.receive(reports.sent(), Sender(device="phone-2"))
    most = queries.limits()["per_address_hour"]
    for number in range(most):
        services.sender_limits.check(Sender(device=f"x{number}", address="192.0.2.1"), anywhere(number), queries.limits())
    with pytest.raises(Refused, match="per_address_hour"):
        send(2, Sender(device="phone-3", address="192.0.2.1"))


def test_without_a_cookie_the_network_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    sender, most = Sender(address="192.0.2.1"), queries.limits()
    for _ in range(most["per_address_place_day"]):
        services.sender_limits.check(sender, anywhere(1), most)
    with pytest.raises(Refused, match="per_address_place_day"):
        send(1, sender)
    services.sender_limits.check(Sender(phone=PHONE, address="192.0.2.1"), anywhere(1), most)
    with pytest.raises(Refused, match="per_address_day"):
        services.sender_limits.check(sender, anywhere(2), {**most, "per_address_day": most["per_address_place_day"]})


def test_what_is_sent_again_is_not_counted() -> None:
    sender, sent = Sender(device="phone-1"), reports.sent()
    for _ in range(12):
        services.receive(sent, sender)
    assert Report.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_fifty_reports_at_once_pass_no_limit() -> None:
    if not on_postgres():
        pytest.skip("needs PostgreSQL")
    sender = Sender(device="phone-1", address="192.0.2.1")
    ends = at_once(*(lambda number=number: send(number, sender) for number in range(50)))
    assert Report.objects.count() == 10
    assert sum(isinstance(end, Refused) and end.code == "per_hour" for end in ends) == 40


def test_who_is_stopped_reads_why_until_when_and_how_to_object(client: Client) -> None:
    client.get("/en/report/")
    sender = Sender(device=client.cookies["device"].value.split(":")[0])
    with clock.at(NOON):
        report = reports.received()
    with translation.override("en"):
        ban = Ban.objects.create(
            who=sender.digests[0],
            code="false_reports",
            report=report,
            by=StaffFactory(),
            at=clock.now(),
            until=clock.now() + dt.timedelta(days=3),
        )
        with pytest.raises(Refused, match="banned") as refused:
            services.receive(reports.sent(), sender)
    assert refused.value.status == 403 and refused.value.facts["ban"] == ban.public_id
    assert "repeated false reports" in refused.value.sentence and "stopped for this sender until" in refused.value.sentence
    with pytest.raises(Refused, match="banned"):
        me_too(report, sender)
    bans.appeal(ban=ban, words="لا")
    bans.decide(ban=ban, lift=True, by=StaffFactory(groups=["intake"]))
    services.receive(reports.sent(), sender)


def test_similar_reports_are_near_open_shown_and_of_the_same_kind() -> None:
    here = (29.3328, 48.0283)
    near = reports.received()
    nearer = reports.received(place=ReportPlace(latitude=29.3328, longitude=48.02835))
    reports.received(place=ReportPlace(latitude=29.3340, longitude=48.0283))  # 130 metres away
    reports.received(category="shop")
    hidden = reports.received()
    moderation.hide(report=hidden, part="report", code="insult", by=StaffFactory(groups=["intake"]))
    with clock.at(clock.now() - dt.timedelta(days=31)):
        reports.received()
    found = similar("waste", *here)
    assert [one.report for one in found] == [near, nearer]
    assert [one.metres for one in found] == [10, 10], "to the place that everybody sees: asking from many places tells no other"
    assert [one.report.people for one in found] == [1, 1] and found[0].photo is None


def test_me_too_counts_each_sender_once_and_not_the_reporter() -> None:
    person = UserFactory()
    report = reports.received(Sender(person=person, device="phone-1"))
    assert not me_too(report, Sender(person=person)) and not me_too(report, Sender(device="phone-1"))
    other = Sender(person=UserFactory(), device="phone-2")
    assert me_too(report, other) and not me_too(report, other) and not me_too(report, Sender())
    assert me_too(report, Sender(device="phone-3"))
    report.refresh_from_db()
    events = AuditEvent.objects.filter(subject=report.subject_key, action="report.me_too")
    assert report.me_too_count == MeToo.objects.count() == events.count() == 2
    assert "user:" not in str(list(events.values()))


def test_me_too_counts_one_phone_once_with_and_without_a_name(client: Client) -> None:
    first, second, named = reports.received(), reports.received(), signed_in(UserFactory())
    client.get("/en/report/")  # has the cookie of the device
    named.cookies["device"] = client.cookies["device"]
    for report, browser in ((first, client), (first, named), (second, named), (second, client)):
        browser.post(f"/en/reports/{report.public_id}/me-too/")
    assert [Report.objects.get(pk=report.pk).me_too_count for report in (first, second)] == [1, 1]


def test_me_too_counts_whoever_opened_nothing_but_the_page_of_the_report(client: Client) -> None:
    report = reports.received()
    assert "device" in client.get(f"/en/reports/{report.public_id}/").cookies
    assert "the pages of reports a random number of the browser" in " ".join(client.get("/en/privacy/").content.decode().split())
    done = [client.post(f"/en/reports/{report.public_id}/me-too/").content.decode() for _ in range(2)]
    assert "You are counted" in done[0] and "counted before" in done[1]
    assert Report.objects.get(pk=report.pk).me_too_count == 1


def test_me_too_stands_on_the_page_that_is_checked(client: Client) -> None:
    report = reports.received()
    page = client.get("/en/report/").content.decode()
    key, opened = (page.partition(f'name="{name}" value="')[2].partition('"')[0] for name in ("key", "opened"))
    typed = {"key": key, "opened": opened, "position": "29.3328, 48.02835", "category": "waste"}
    shown = client.post("/en/report/", typed, follow=True).content.decode()
    address = f"/en/reports/{report.public_id}/me-too/"
    assert address in shown and "Send the report" in shown and f'/en/reports/{report.public_id}/"' in shown and report.words not in shown
    Report.objects.filter(pk=report.pk).update(words_shown_at=clock.now())
    assert report.words in client.get("/en/report/near/", {"position": typed["position"], "category": "waste"}).content.decode()
    near = client.get("/en/report/near/", {"position": typed["position"], "category": "waste"}).content.decode()
    assert address in near and "Hawalli" in client.get("/en/report/near/", {"position": typed["position"]}).content.decode()
    assert client.get("/en/report/near/", {"position": "1, 2"}).status_code == 400
    done = [client.post(address).content.decode() for _ in range(2)]
    assert "You are counted" in done[0] and "counted before" in done[1]
    report.refresh_from_db()
    assert report.me_too_count == 1 and client.post("/en/reports/00000000000000000000000000/me-too/").status_code == 404


def test_me_too_follows_a_report_that_was_joined_meanwhile(client: Client) -> None:
    drawn = inspector("mine", "HA")
    newer, older = reports.assigned(), reports.assigned()
    triage.merge(report=newer, into=older, inspector=drawn, why="x")
    before = Report.objects.get(pk=older.pk).me_too_count
    client.get("/en/report/")
    shown = client.post(f"/en/reports/{newer.public_id}/me-too/").content.decode()
    assert older.number in shown and Report.objects.get(pk=older.pk).me_too_count == before + 1


def digits_of(key: str) -> str:
    from municipality.accounts import civil_ids

    return civil_ids.decrypt(PhoneCode.objects.filter(key=key).latest("pk").code_cipher, phones.PURPOSE)


def test_a_phone_is_confirmed_by_a_code_without_an_account(client: Client) -> None:
    page = client.get("/en/report/").content.decode()
    key = page.partition('name="key" value="')[2].partition('"')[0]
    typed = {"key": key, "position": "29.3328, 48.0283", "category": "waste", "who": "phone", "phone": "٩٩٨٨٧٧٦٦"}
    shown = client.post("/en/report/", typed, follow=True).content.decode()
    assert "six digits" in shown and Job.objects.filter(kind="reports.code").count() == 1 and PHONE not in str(list(Job.objects.values()))
    assert client.post("/en/report/", {**typed, "send": "1"}).status_code == 200 and PhoneCode.objects.count() == 1
    wrong = client.post("/en/report/", {**typed, "send": "1", "code": "1"})
    assert "not correct" in wrong.content.decode() and not Report.objects.exists()
    assert client.post("/en/report/", {**typed, "send": "1", "code": digits_of(key)}).status_code == 302
    reporter = Reporter.objects.get()
    assert reporter.phone_digest == Sender(phone=PHONE).digests[0] and PHONE not in reporter.phone_cipher
    assert not PhoneCode.objects.exists()


def test_a_code_needs_the_cookie_of_the_device(client: Client) -> None:
    page = client.get("/en/report/").content.decode()
    key = page.partition('name="key" value="')[2].partition('"')[0]
    del client.cookies["device"]
    typed = {"key": key, "position": "29.3328, 48.0283", "category": "waste", "who": "phone", "phone": "99887766"}
    assert "keeps no cookies" in client.post("/en/report/", typed).content.decode() and not PhoneCode.objects.exists()


def test_codes_end_and_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("municipality.notifications.sms.gateway", MagicMock())
    key = str(uuid4())
    phones.send(key=key, phone=PHONE, client="192.0.2.1", language="ar")
    code = digits_of(key)
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(5):
        with pytest.raises(Refused, match="wrong_code"):
            phones.confirm(key=key, phone=PHONE, typed=wrong)
    with pytest.raises(Refused, match="code_over"):
        phones.confirm(key=key, phone=PHONE, typed=code)
    phones.send(key=str(uuid4()), phone=PHONE, client="192.0.2.1", language="ar")
    with pytest.raises(Refused, match="codes"):
        phones.send(key=str(uuid4()), phone=PHONE, client="192.0.2.1", language="ar")
    for number in PhoneCode.objects.values_list("pk", flat=True):
        phones.deliver(number)
    assert not SmsUse.objects.exists() and limits.CODES_PER_HOUR.use(f"phone:{PHONE}").used == 1  # nothing of the owner's account
    assert not phones.is_confirmed(key, PHONE)
