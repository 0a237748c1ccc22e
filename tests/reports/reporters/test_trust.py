"""How far a sender is trusted, by each fact that counts; what a level changes, and what it never does."""

from __future__ import annotations

import datetime as dt
from typing import Any
from unittest.mock import patch

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import translation

from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from reports import queries
from reports.intake import limits, services
from reports.intake.services import ReportPlace
from reports.intake.similar import me_too, similar
from reports.models import FIRST_LOOK, Ban, Closure, MeToo, Moderation, Report
from reports.moderation import queries as moderation_queries
from reports.moderation import services as moderation
from reports.reporters import trust
from reports.reporters.services import Sender
from reports.reporters.trust import TrustLevel
from reports.triage import services as triage
from reports.triage.services.joins import ReportPart
from shops.models import Shop
from tests.browsers import signed_in
from tests.conftest import NOON
from tests.database_guards import drop_guard
from tests.factories import reports
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.inspections import inspector

pytestmark = pytest.mark.django_db
PHONE, DAY = "+96555501234", dt.timedelta(days=1)
L = TrustLevel


@pytest.fixture(autouse=True)
def _rules(rules: None) -> None:
    """The published rulebook."""


@pytest.fixture
def clerk() -> User:
    return StaffFactory(groups=["intake"], login="clerk")


@pytest.fixture
def drawn() -> User:
    """The inspector, who need not visit the places."""
    for name in ("reports_report_moves", "reports_report_drawn"):
        drop_guard(name, "reports_report")
    return inspector("drawn", "HA", scope=["CLN"])


def level_of(sender: Sender) -> TrustLevel:
    return trust.of_sender(sender, queries.limits()).level


def judge(report: Report, code: str, by: User) -> None:
    """Close a report with a result, as if its inspector had been there."""
    Report.objects.filter(pk=report.pk).update(inspector=by)
    facts = {"text_ar": "x", "text_en": "x", "is_on_the_spot": False, "closed_by": by, "closed_at": clock.now()}
    Closure.objects.create(report=report, code=code, **facts)
    Report.objects.filter(pk=report.pk).update(state="closed", closed_at=clock.now())


def history(sender: Sender, by: User, *, right: int = 0, unfounded: int = 0, abusive: int = 0) -> None:
    for code, number in (("fixed", right), ("nothing_found", unfounded)):
        for _n in range(number):
            judge(reports.received(sender), code, by)
    for _n in range(abusive):
        abuse(reports.received(sender), "report", "insult")


def abuse(report: Report, part: str, code: str) -> Moderation:
    by = User.objects.filter(groups__name="intake").first() or StaffFactory(groups=["intake"], login="hides")
    return moderation.hide(report=report, part=part, code=code, by=by)


def doubtful(by: User, sender: Sender | None = None) -> Sender:
    sender = sender or Sender(phone=PHONE, device="phone-1")
    history(sender, by, unfounded=3)
    assert level_of(sender) == L.DOUBTFUL
    return sender


@pytest.mark.parametrize(
    ("facts", "level"),
    [
        ({}, L.IDENTIFIED),
        ({"right": 4}, L.IDENTIFIED),
        ({"right": 5}, L.PROVEN),
        ({"right": 5, "abusive": 1}, L.IDENTIFIED),
        ({"right": 5, "unfounded": 3}, L.PROVEN),
        ({"unfounded": 2}, L.IDENTIFIED),
        ({"unfounded": 3}, L.DOUBTFUL),
        ({"unfounded": 3, "right": 2}, L.DOUBTFUL),
        ({"unfounded": 3, "right": 3}, L.IDENTIFIED),
        ({"unfounded": 1, "abusive": 1}, L.IDENTIFIED),
        ({"unfounded": 1, "abusive": 2}, L.DOUBTFUL),
        ({"abusive": 3, "right": 5}, L.DOUBTFUL),
    ],
)
def test_the_level_follows_from_what_became_of_the_reports(facts: dict[str, int], level: TrustLevel, drawn: User) -> None:
    sender = Sender(person=PersonFactory())
    history(sender, drawn, **facts)
    found = trust.of_sender(sender, queries.limits())
    assert found.level == level
    assert {"right": found.right, "unfounded": found.unfounded, "abusive": found.abusive} == {
        "right": 0,
        "unfounded": 0,
        "abusive": 0,
        **facts,
    }


def test_the_level_without_a_history(drawn: User) -> None:
    assert level_of(Sender()) == level_of(Sender(device="phone-1")) == L.ANONYMOUS
    assert level_of(Sender(phone=PHONE)) == L.CONFIRMED
    assert level_of(Sender(phone=PHONE, system="SYSTEM")) == L.ANONYMOUS, "nobody here confirmed the number"
    assert level_of(Sender(person=PersonFactory())) == L.IDENTIFIED
    device = Sender(device="phone-1")
    history(device, drawn, right=5)
    assert level_of(device) == L.ANONYMOUS, "a cookie is nobody"
    phone = Sender(phone=PHONE)
    history(phone, drawn, right=5)
    assert level_of(phone) == L.PROVEN


def test_what_does_not_count(drawn: User, clerk: User) -> None:
    sender = Sender(phone=PHONE)
    for _n in range(3):
        lifted = abuse(reports.received(sender), "report", "unrelated")
        moderation.show_again(moderation=lifted, by=clerk)
        abuse(reports.received(sender), "words", "personal_data")
        judge(reports.received(sender), "no_answer", drawn)
        reopened = reports.received(sender)
        judge(reopened, "nothing_found", drawn)
        Report.objects.filter(pk=reopened.pk).update(state="received", closed_at=None, inspector=None)
    assert trust.of_sender(sender, queries.limits()) == trust.Trust(L.CONFIRMED, 90)


@pytest.mark.parametrize(("days", "level"), [(89, L.DOUBTFUL), (90, L.DOUBTFUL), (91, L.CONFIRMED)])
def test_old_reports_no_longer_count(days: int, level: TrustLevel, drawn: User) -> None:
    with clock.at(NOON):
        sender = doubtful(drawn)
    with clock.at(NOON + days * DAY):
        assert level_of(sender) == level


@pytest.mark.parametrize(("days", "level"), [(1, L.DOUBTFUL), (30 + 89, L.DOUBTFUL), (30 + 90, L.CONFIRMED)])
def test_a_stop_counts_for_a_time_after_its_end(days: int, level: TrustLevel, clerk: User) -> None:
    sender = Sender(phone=PHONE)
    with clock.at(NOON):
        report, until = reports.received(sender), NOON + 30 * DAY
        ban = Ban.objects.create(who=sender.digests[0], code="false_reports", report=report, by=clerk, at=NOON, until=until)
    with clock.at(NOON + days * DAY):
        assert level_of(sender) == level
        Ban.objects.filter(pk=ban.pk).update(appealed_at=clock.now(), appeal="x")
        other = StaffFactory(groups=["intake"], login="other")
        Ban.objects.filter(pk=ban.pk).update(decided_by=other, decided_at=clock.now(), lifted_at=clock.now())
        assert level_of(sender) == L.CONFIRMED, "the appeal was right"


def test_who_gives_a_name_is_not_blamed_for_others_on_the_device(drawn: User) -> None:
    doubtful(drawn, Sender(device="of-the-family"))
    assert level_of(Sender(phone=PHONE, device="of-the-family")) == L.CONFIRMED
    doubtful(drawn, Sender(phone="+96555509999", device="mine"))
    assert level_of(Sender(device="mine")) == L.DOUBTFUL, "nor is the doubt shaken off by leaving the name out"


def test_a_stop_of_whoever_gave_no_name_counts_for_no_name_on_the_device(drawn: User) -> None:
    sender, now = Sender(device="of-the-family"), clock.now()
    stop = {"who": sender.digests[0], "code": "false_reports", "by": drawn}
    Ban.objects.create(report=reports.received(sender), at=now - dt.timedelta(days=9), until=now - dt.timedelta(days=1), **stop)
    assert level_of(sender) == L.DOUBTFUL, "the control"
    named = Sender(phone=PHONE, device="of-the-family")
    assert level_of(named) == L.CONFIRMED
    with clock.at(now - dt.timedelta(days=2)):
        assert trust.of_sender(named, queries.limits()).ban is not None, "while it lasts, giving a name is no way round it"


def test_joined_reports_count_once_and_a_divided_one_by_its_parts(drawn: User) -> None:
    sender, later = Sender(phone=PHONE), clock.now() + dt.timedelta(hours=1)
    first, second, last = (reports.assigned(sender) for _n in range(3))
    triage.merge(report=first, into=second, inspector=drawn, why="x")
    triage.merge(report=Report.objects.get(pk=second.pk), into=last, inspector=drawn, why="x")
    whole = reports.assigned(sender)
    parts = triage.split(report=whole, inspector=whole.inspector, parts=[ReportPart("waste", "x"), ReportPart("waste", "y")])
    with clock.at(later):
        for part, code in zip([last, *parts], ("fixed", "nothing_found", "fixed"), strict=True):
            judge(part, code, drawn)
        found = trust.of_sender(sender, queries.limits())
    assert (found.right, found.unfounded) == (2, 0)


def test_an_edition_from_before_there_were_levels_knows_no_doubt(drawn: User) -> None:
    sender = doubtful(drawn)
    old = {code: value for code, value in queries.limits().items() if code not in trust.RULES}
    assert trust.of_sender(sender, old) == trust.Trust(L.CONFIRMED)


def place(number: int) -> ReportPlace:
    return ReportPlace(latitude=29.2 + number / 100, longitude=48.0)


@pytest.mark.parametrize(
    ("level", "most", "ar", "en"),
    [
        (L.ANONYMOUS, 10, "برقم هاتف مؤكد، أمكن إرسال ما يصل إلى 20 خلال ساعة", "were found right, up to 20 can be sent within an hour"),
        (L.CONFIRMED, 10, "إن صح 5 على الأقل من البلاغات المرسلة خلال 90 يوماً", "Once at least 5 reports within 90 days"),
        (L.IDENTIFIED, 10, "إن صح 5 على الأقل", "Once at least 5 reports within 90 days"),
        (L.PROVEN, 20, "ولا يُستقبل أكثر منها حالياً", "No more are taken for now"),
        (L.DOUBTFUL, 3, "لا يُحسب ما مضى عليه أكثر من 90 يوماً", "What is older than 90 days no longer counts"),
    ],
)
def test_each_level_has_its_limit_of_an_hour_and_says_how_more_can_be_sent(level: TrustLevel, most: int, ar: str, en: str) -> None:
    sender, amounts = Sender(phone=PHONE), queries.limits()
    for number in range(most):
        limits.check(sender, place(number), amounts, level)
    for language, sentence in (("ar", ar), ("en", en)):
        with translation.override(language), pytest.raises(Refused, match="per_hour") as refused:
            limits.check(sender, place(99), amounts, level)
        assert refused.value.status == 429 and sentence in refused.value.sentence


@pytest.mark.parametrize(
    ("level", "most", "en"),
    [
        (L.ANONYMOUS, 20, "With a confirmed phone number, or signed in, up to 30 can be sent within a day."),
        (L.CONFIRMED, 30, "Signed in, up to 40 can be sent within a day."),
        (L.IDENTIFIED, 40, "up to 60 can be sent within a day."),
        (L.PROVEN, 60, "No more are taken for now."),
        (L.DOUBTFUL, 10, "because earlier reports from here were not right"),
    ],
)
def test_each_level_has_its_limit_of_a_day(level: TrustLevel, most: int, en: str) -> None:
    sender, amounts = Sender(phone=PHONE), queries.limits()
    for number in range(most):
        with clock.at(NOON + dt.timedelta(minutes=21 * number)):
            limits.check(sender, place(number), amounts, level)
    with clock.at(NOON + dt.timedelta(minutes=21 * most)), translation.override("en"), pytest.raises(Refused, match="per_day") as refused:
        limits.check(sender, place(99), amounts, level)
    assert en in refused.value.sentence


def test_the_limit_is_that_of_the_level_when_a_report_is_sent(drawn: User) -> None:
    sender = doubtful(drawn)
    for number in range(3):
        services.receive(reports.sent(place=place(number)), sender)
    with pytest.raises(Refused, match="per_hour"):
        services.receive(reports.sent(place=place(9)), sender)


def test_nobody_sees_a_doubtful_report_before_somebody_has_looked_and_its_promise_is_that_of_any(drawn: User, clerk: User) -> None:
    sender = doubtful(drawn)
    with clock.at(NOON):
        other, held = reports.received(), reports.received(sender)
    assert (held.severity, held.due_at, held.state, held.branch) == (other.severity, other.due_at, other.state, other.branch)
    assert set(Job.objects.filter(kind="reports.assign").values_list("key", flat=True)) >= {other.subject_key, held.subject_key}
    triage.assign(held)
    held.refresh_from_db()
    assert held.state == "assigned" and held.inspector == drawn
    page = f"/en/reports/{held.public_id}/"
    public = Client().get(page)
    assert public.status_code == 404 and "An employee looks at some reports" not in public.content.decode()
    assert "Waits for an employee to look" in public.content.decode() and "doubt" not in public.content.decode()
    with clock.at(NOON):
        assert held not in [one.report for one in similar("waste", 29.3328, 48.0283)] and held not in queries.public_reports()
    event = AuditEvent.objects.get(subject=held.subject_key, action="report.hidden")
    assert event.data["code"] == FIRST_LOOK and "doubtful" not in str(list(AuditEvent.objects.filter(subject=held.subject_key).values()))
    browser = signed_in(clerk)
    assert held.number in browser.get("/admin/intake/").content.decode()
    shown = browser.get(f"/admin/intake/reports/{held.public_id}/").content.decode()
    row = Moderation.objects.get(report=held)
    assert "إظهار البلاغ للجميع" in shown or "Let everybody see the report" in shown
    browser.post(f"/admin/intake/reports/{held.public_id}/", {"step": "show", "moderation": row.pk})
    assert Client().get(page).status_code == 200 and not moderation_queries.first_looks().exists()
    row.refresh_from_db()
    assert row.by is None and row.lifted_by == clerk


def test_a_report_that_waits_for_a_look_can_be_hidden_for_a_reason_at_once(drawn: User, clerk: User) -> None:
    held = reports.received(doubtful(drawn))
    with pytest.raises(Refused, match="unknown_reason"):
        moderation.hide(report=held, part="report", code=FIRST_LOOK, by=clerk)
    moderation.hide(report=held, part="report", code="insult", by=clerk)
    held.refresh_from_db()
    standing = Moderation.objects.filter(report=held, lifted_at__isnull=True)
    assert held.hidden_at is not None and [row.code for row in standing] == ["insult"]


def test_who_sent_it_reads_that_it_waits_and_that_work_begins(client: Client, drawn: User) -> None:
    client.get("/en/report/")
    device = doubtful(drawn, Sender(device=client.cookies["device"].value.split(":")[0]))
    received = services.receive(reports.sent(place=place(1)), device)
    page = client.get(f"/en/report/sent/{received.report.public_id}/", {"s": received.secret}, follow=True)
    text = page.content.decode()
    assert "after an employee has looked at the report" in text and f'/en/reports/{received.report.public_id}/"' not in text
    mine = client.get(f"/en/reports/{received.report.public_id}/mine/").content.decode()
    assert "Work on the report begins at once" in mine


def test_a_doubtful_sender_confirms_nothing(drawn: User) -> None:
    report, sender = reports.received(), doubtful(drawn)
    with pytest.raises(Refused, match="not_counted") as refused:
        me_too(report, sender)
    with translation.override("en"):
        assert "Your own report is received" in str(refused.value.sentence)
    report.refresh_from_db()
    assert report.me_too_count == 0 and not MeToo.objects.exists()
    assert me_too(report, Sender(phone="+96555509999"))


def test_many_reports_about_one_shop_wait_too_so_that_waiting_tells_no_level(make_shop: Any) -> None:
    shop: Shop = make_shop(activity_id="BARB")
    there = {"category": "shop", "place": ReportPlace(latitude=29.3328, longitude=48.0283, shop=shop)}
    with clock.at(NOON):
        made = [reports.received(**there) for _n in range(6)]
    assert [row.hidden_at is not None for row in made] == [False] * 4 + [True] * 2
    with clock.at(NOON + DAY):
        assert reports.received(**there).hidden_at is None


def test_many_of_one_sender_wait_too_but_not_of_a_proven_one(drawn: User) -> None:
    def hidden(sender: Sender, count: int) -> list[bool]:
        """Which of so many reports of a sender are hidden; the limits count, but refuse none."""
        with patch.object(limits, "most", return_value=1000):
            return [services.receive(reports.sent(), sender).report.hidden_at is not None for _n in range(count)]

    with clock.at(NOON):
        assert (
            hidden(Sender(phone=PHONE, device="phone-1"), 4) + hidden(Sender(phone=PHONE, device="phone-2"), 5) == [False] * 7 + [True] * 2
        )
    with clock.at(NOON + DAY + dt.timedelta(seconds=1)):
        assert hidden(Sender(phone=PHONE), 1) == [False]
    proven = Sender(phone="+96555509999")
    with clock.at(NOON):
        history(proven, drawn, right=5)
        assert level_of(proven) == L.PROVEN
        assert hidden(proven, 9) == [False] * 9


def test_the_database_lets_nothing_be_hidden_or_shown_by_nobody(clerk: User) -> None:
    report = reports.received()
    facts: dict[str, Any] = {"report": report, "part": "report", "at": clock.now()}
    with pytest.raises(IntegrityError, match="reports_moderation_by_somebody"), transaction.atomic():
        Moderation.objects.create(**facts, code="insult")
    with pytest.raises(IntegrityError, match="reports_moderation_by_somebody"), transaction.atomic():
        Moderation.objects.create(**facts | {"part": "words"}, code=FIRST_LOOK)
    row = Moderation.objects.create(**facts, code=FIRST_LOOK)
    with pytest.raises(IntegrityError, match="reports_moderation_looked_at"), transaction.atomic():
        Moderation.objects.filter(pk=row.pk).update(lifted_at=clock.now())
    # The same with a person.
    Moderation.objects.filter(pk=row.pk).update(lifted_at=clock.now(), lifted_by=clerk)
    Moderation.objects.create(**facts, code="insult", by=clerk)
