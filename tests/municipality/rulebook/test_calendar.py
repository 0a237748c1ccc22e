"""The calendar in the rulebook: editions, a holiday announced late, what others do about it, and its pages."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from municipality.accounts.models import User, actor_of
from municipality.audit.models import AuditEvent
from municipality.jobs.models import Job
from municipality.jobs.registry import JOB_KINDS, JobKind
from municipality.jobs.services import enqueue
from municipality.kernel import clock, guards, worktime
from municipality.kernel.errors import Refused
from municipality.rulebook import calendars, queries, registry, seeds, services
from municipality.rulebook.models import HolidayRule, HoursRule, RuleSet
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from tests.municipality.kernel.working_time import CALENDAR, TABLE, Case, kuwait

pytestmark = pytest.mark.django_db
CHANGE, NEXT, PUBLISH = (f"admin:rulebook_ruleset_{name}" for name in ("change", "next", "publish"))


@pytest.fixture
def first(maker: User, checker: User, frozen_clock: Clock) -> RuleSet:
    """The calendar that comes with the portal, published."""
    (edition,) = [edition for edition in seeds.read_editions() if edition["subject"] == "calendar"]
    ruleset = seeds._draft(edition, maker, clock.now())
    services.publish(ruleset=ruleset, publisher=checker, actor=actor_of(checker, "rule_publisher"))
    return ruleset


@pytest.fixture
def reactions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "PUBLICATION_HANDLERS", registry.Registry())


def late_holiday(first: RuleSet, maker: User) -> RuleSet:
    """A draft of the next edition: 25 and 26 November 2026 are off, as the Cabinet said on the 24th."""
    draft = services.copy_as_draft(ruleset=first, maker=maker, actor=actor_of(maker, "rule_maker"))
    HolidayRule.objects.create(
        ruleset=draft,
        first_day=dt.date(2026, 11, 25),
        last_day=dt.date(2026, 11, 26),
        name_ar="عطلة أعلنت متأخرة",
        name_en="A holiday announced late",
        source_ar="إعلان مجلس الوزراء",
        source_en="Announcement of the Cabinet",
    )
    return draft


def publish(draft: RuleSet, checker: User) -> None:
    services.publish(ruleset=draft, publisher=checker, actor=actor_of(checker, "rule_publisher"))


# What comes with the portal.


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_the_calendar_of_the_rulebook_answers_the_table_of_dated_cases(case: Case) -> None:
    assert case.ask(queries.calendar()) == case.answer


@pytest.mark.usefixtures("first")
def test_the_calendar_of_the_rulebook_is_that_of_the_table() -> None:
    found = queries.calendar()
    assert (set(found.hours), set(found.holidays), found.edition) == (set(CALENDAR.hours), set(CALENDAR.holidays), "calendar v1")


def test_what_no_law_states_is_an_assumption_and_everything_has_a_source(first: RuleSet) -> None:
    assert first.is_assumption
    assert all(row.is_assumption for row in first.hours.all())
    certain = {row.name_en for row in first.holidays.filter(is_assumption=False)}
    assert certain == {"New Year's Day", "National Day and Liberation Day"}
    assert first.holidays.count() == 15
    assert all(row.source_ar and row.source_en for row in (*first.holidays.all(), *first.hours.all()))


def test_without_a_published_calendar_nothing_is_counted(maker: User, checker: User) -> None:
    with pytest.raises(Refused, match="no_edition"):
        queries.calendar()


@pytest.mark.usefixtures("first")
def test_the_calendar_costs_one_query_once_it_was_read(monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any) -> None:
    (row,) = (row for row in queries._published() if row.subject == "calendar")
    held = {row[:5]: queries._read_edition(row)}
    monkeypatch.setattr(queries, "_editions", held)
    with django_assert_num_queries(1):
        assert queries.calendar().edition == "calendar v1"


# A holiday announced late.


def test_a_late_holiday_is_a_new_edition_of_two_people_that_moves_the_end_of_a_promise(first: RuleSet, maker: User, checker: User) -> None:
    given_at = kuwait("2026-11-24 09:00")
    assert worktime.promise_ends(queries.calendar(), given_at, 3) == kuwait("2026-11-29 14:00")
    draft = late_holiday(first, maker)
    assert worktime.promise_ends(queries.calendar(), given_at, 3) == kuwait("2026-11-29 14:00")  # a draft moves nothing
    with pytest.raises(Refused, match="same_person"), transaction.atomic():
        publish(draft, maker)
    publish(draft, checker)
    assert queries.calendar().edition == "calendar v2"
    assert worktime.promise_ends(queries.calendar(), given_at, 3) == kuwait("2026-12-01 14:00")
    assert "A holiday announced late" in {holiday.name_en for holiday in queries.calendar_edition().holidays}


def test_what_was_known_on_an_earlier_day_can_still_be_told(first: RuleSet, maker: User, checker: User) -> None:
    publish(late_holiday(first, maker), checker)
    assert queries.calendar(on=dt.date(2026, 11, 23)).edition == "calendar v1"
    assert queries.calendar(on=dt.date(2026, 11, 24)).edition == "calendar v2"


def test_before_the_first_calendar_the_working_time_of_a_moment_is_that_of_the_newest(first: RuleSet) -> None:
    assert queries.calendar_at(clock.now() - dt.timedelta(days=9999)) == queries.calendar()


def test_a_second_announcement_on_the_same_day_is_published_too_and_holds_at_once(first: RuleSet, maker: User, checker: User) -> None:
    publish(late_holiday(first, maker), checker)
    again = services.copy_as_draft(
        ruleset=RuleSet.objects.get(version=2, subject="calendar"), maker=maker, actor=actor_of(maker, "rule_maker")
    )
    again.holidays.filter(first_day=dt.date(2026, 11, 25)).update(last_day=dt.date(2026, 11, 25))
    publish(again, checker)
    assert worktime.is_working_day(queries.calendar(), dt.date(2026, 11, 26))
    assert not worktime.is_working_day(queries.calendar(), dt.date(2026, 11, 25))


def test_a_new_draft_keeps_every_row_and_leaves_the_old_edition_alone(first: RuleSet, maker: User) -> None:
    before = calendars.read(first)
    draft = services.copy_as_draft(ruleset=first, maker=maker, actor=actor_of(maker, "rule_maker"))
    assert (draft.version, draft.first_day, draft.published_at) == (2, clock.today(), None)
    found = calendars.read(draft)
    assert (found.hours, found.holidays) == (before.hours, before.holidays)
    assert calendars.read(RuleSet.objects.get(pk=first.pk)) == before
    assert AuditEvent.objects.filter(action="rulebook.drafted").latest("pk").data["after"] == "calendar v1"


# What others do about it.


@pytest.mark.usefixtures("reactions")
def test_who_registered_is_told_in_the_same_transaction_and_once(first: RuleSet, maker: User, checker: User) -> None:
    told: list[tuple[str, str]] = []

    def reaction(ruleset: RuleSet) -> None:
        assert connection.in_atomic_block
        told.append((str(ruleset), queries.calendar().edition))

    registry.PUBLICATION_HANDLERS.register("tests", ("calendar", reaction))
    registry.PUBLICATION_HANDLERS.register("tests", ("calendar", reaction))
    registry.PUBLICATION_HANDLERS.register("tests.fees", ("fees.health", lambda ruleset: told.append(("fees", str(ruleset)))))
    publish(late_holiday(first, maker), checker)
    assert told == [("calendar v2", "calendar v2")]


@pytest.mark.usefixtures("reactions")
def test_a_reaction_promises_its_job_with_the_publication(
    first: RuleSet, maker: User, checker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(JOB_KINDS, "testing.recount", JobKind("testing.recount", lambda **_: None, "bulk", 60))

    def recount(ruleset: RuleSet) -> None:
        enqueue("testing.recount", key=f"ruleset:{ruleset.pk}", ruleset_id=ruleset.pk)

    registry.PUBLICATION_HANDLERS.register("tests", ("calendar", recount))
    draft = late_holiday(first, maker)
    publish(draft, checker)
    assert Job.objects.get(kind="testing.recount").args == {"ruleset_id": draft.pk}


@pytest.mark.usefixtures("reactions")
def test_a_reaction_that_fails_takes_the_publication_back(first: RuleSet, maker: User, checker: User) -> None:
    def reaction(ruleset: RuleSet) -> None:
        raise RuntimeError("no")

    registry.PUBLICATION_HANDLERS.register("tests", ("calendar", reaction))
    draft = late_holiday(first, maker)
    with pytest.raises(RuntimeError), transaction.atomic():
        publish(draft, checker)
    assert RuleSet.objects.get(pk=draft.pk).published_at is None
    assert queries.calendar().edition == "calendar v1"


# What cannot be counted with.


def test_a_calendar_without_a_working_week_is_refused(first: RuleSet, maker: User, checker: User) -> None:
    draft = late_holiday(first, maker)
    draft.hours.filter(first_day=None).delete()
    with pytest.raises(Refused, match="no_week") as refused, transaction.atomic():
        publish(draft, checker)
    assert str(refused.value.sentence)
    assert queries.calendar().edition == "calendar v1"


def test_shifts_that_overlap_are_refused(first: RuleSet, maker: User, checker: User) -> None:
    draft = late_holiday(first, maker)
    row = draft.hours.get(first_day=None)
    row.pk, row.opens, row.closes = None, 13 * 60, 18 * 60
    row.save(force_insert=True)
    with pytest.raises(Refused, match="no_week"), transaction.atomic():
        publish(draft, checker)
    draft.hours.filter(opens=13 * 60).update(opens=14 * 60)
    publish(draft, checker)
    assert worktime.day_minutes(queries.calendar(), dt.date(2026, 11, 24)) == 660


WRONG_ROWS: dict[str, tuple[Any, dict[str, Any]]] = {
    "rulebook_holiday_period": (HolidayRule, {"last_day": dt.date(2025, 12, 31)}),
    "rulebook_holiday_in_reach": (HolidayRule, {"last_day": dt.date(2926, 12, 31)}),
    "rulebook_holiday_has_source": (HolidayRule, {"source_ar": ""}),
    "rulebook_hours_in_a_day": (HoursRule, {"closes": 1440}),
    "rulebook_hours_period": (HoursRule, {"first_day": dt.date(2026, 1, 1), "last_day": None}),
    "rulebook_hours_in_reach": (HoursRule, {"first_day": dt.date(1926, 1, 1), "last_day": dt.date(2026, 1, 1)}),
    "rulebook_hours_have_weekdays": (HoursRule, {"weekdays": ""}),
    "rulebook_hours_have_source": (HoursRule, {"source_en": ""}),
}


@pytest.mark.parametrize("name", WRONG_ROWS)
def test_the_database_refuses_an_impossible_row(name: str, first: RuleSet, maker: User) -> None:
    draft = late_holiday(first, maker)
    model, wrong = WRONG_ROWS[name]
    row = model.objects.filter(ruleset=draft).order_by("pk")[0]
    for field, value in wrong.items():
        setattr(row, field, value)
    with pytest.raises(ValidationError):
        row.full_clean()
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        row.save()


ATTACKS = {
    "holiday moved": "UPDATE rulebook_holidayrule SET first_day = '2020-05-01' WHERE ruleset_id = {pk}",
    "holiday taken away": "DELETE FROM rulebook_holidayrule WHERE ruleset_id = {pk}",
    "hours shortened": "UPDATE rulebook_hoursrule SET closes = opens + 1 WHERE ruleset_id = {pk}",
    "hours taken away": "DELETE FROM rulebook_hoursrule WHERE ruleset_id = {pk}",
    "holiday slipped in": (
        "INSERT INTO rulebook_holidayrule (ruleset_id, first_day, last_day, name_ar, name_en, source_ar, source_en, is_assumption)"
        " SELECT ruleset_id, '2026-12-01', '2026-12-01', 'x', 'x', 'x', 'x', is_assumption FROM rulebook_holidayrule"
        " WHERE ruleset_id = {pk} AND first_day = '2026-01-01'"
    ),
}


def attack(name: str, ruleset: RuleSet) -> None:
    with connection.cursor() as cursor:
        cursor.execute(ATTACKS[name].format(pk=ruleset.pk))
        assert cursor.rowcount


@pytest.mark.guards
@pytest.mark.parametrize("name", ATTACKS)
def test_a_published_calendar_does_not_change_and_without_the_guard_it_would(name: str, first: RuleSet) -> None:
    with pytest.raises(IntegrityError, match="guard:published"), transaction.atomic():
        attack(name, first)
    guards.remove(connection)
    attack(name, first)


# The pages.


def test_a_year_of_the_calendar_is_a_table_of_twelve_months(first: RuleSet) -> None:
    years = calendars.years(first)
    assert [(year, len(months), sum(m.working_days for m in months)) for year, months in years] == [(2026, 12, 252), (2027, 12, 251)]
    march = years[0][1][2]
    # 1 to 19 March: 15 days of four and a half hours; from the 23rd seven ordinary days. Sunday the 22nd is Eid.
    assert (march.working_days, march.minutes, march.time) == (22, 15 * 270 + 7 * 420, "116:30")
    assert ([row.name_en for row in march.holidays], [row.label_en for row in march.hours]) == (["Eid al-Fitr"], ["Hours of Ramadan"])


@pytest.mark.parametrize("role", ["officer", "supervisor", "auditor", "rule_maker", "rule_publisher"])
def test_who_reads_the_rulebook_reads_the_calendar_as_a_table(role: str, first: RuleSet) -> None:
    page = signed_in(StaffFactory(groups=[role], login=f"reader.{role}")).get(reverse(CHANGE, args=[first.pk]))
    text = page.content.decode()
    assert page.status_code == 200
    assert [f"أوقات العمل في عام {year}" in text for year in (2025, 2026, 2027, 2028)] == [False, True, True, False]
    assert "عيد الفطر" in text
    assert "الأحد" in text
    assert "07:00–14:00" in text
    assert ">420<" not in text


def test_others_do_not_read_it(first: RuleSet) -> None:
    page = signed_in(StaffFactory(groups=["operator"])).get(reverse(CHANGE, args=[first.pk]))
    assert page.status_code == 403


def posted(draft: RuleSet, **more: Any) -> dict[str, Any]:
    """What a browser posts for a draft of a calendar, unchanged but for `more`."""
    data: dict[str, Any] = {
        "instrument_ar": draft.instrument_ar,
        "instrument_en": draft.instrument_en,
        "first_day": draft.first_day.isoformat(),
        "is_assumption": "on",
    }
    for prefix, names in (
        ("holidays", ("first_day", "last_day", "name_ar", "name_en", "source_ar", "source_en")),
        ("hours", ("first_day", "last_day", "label_ar", "label_en", "source_ar", "source_en")),
    ):
        rows = list(getattr(draft, prefix).all())
        data |= {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": len(rows)}
        for n, row in enumerate(rows):
            data |= {f"{prefix}-{n}-{name}": getattr(row, name) or "" for name in names}
            data |= {f"{prefix}-{n}-id": row.pk, f"{prefix}-{n}-ruleset": draft.pk}
            if row.is_assumption:
                data[f"{prefix}-{n}-is_assumption"] = "on"
            if prefix == "hours":
                opens, closes = row.times.split("–")
                data |= {f"hours-{n}-weekdays": list(row.weekdays), f"hours-{n}-opens": opens, f"hours-{n}-closes": closes}
    return data | more


def test_a_maker_starts_from_the_last_edition_adds_a_day_and_a_second_person_sees_what_changes(
    first: RuleSet, maker: User, checker: User
) -> None:
    client = signed_in(maker)
    assert reverse(NEXT, args=[first.pk]) in client.get(reverse(CHANGE, args=[first.pk])).content.decode()
    answer = client.post(reverse(NEXT, args=[first.pk]))
    draft = RuleSet.objects.get(subject="calendar", version=2)
    assert answer["Location"] == reverse(CHANGE, args=[draft.pk])
    page = client.get(answer["Location"]).content.decode()
    assert 'value="07:00"' in page
    assert page.count('type="checkbox" name="hours-0-weekdays"') == 7
    more = {
        "holidays-TOTAL_FORMS": 16,
        **{f"holidays-15-{day}_day": "2026-11-25" for day in ("first", "last")},
        **{f"holidays-15-{name}": "عطلة" for name in ("name_ar", "source_ar")},
        **{f"holidays-15-{name}": "Holiday" for name in ("name_en", "source_en")},
    }
    answer = client.post(reverse(CHANGE, args=[draft.pk]), posted(draft, **more))
    assert answer.status_code == 302, answer.context["errors"]
    assert draft.holidays.count() == 16
    asked = signed_in(checker).get(reverse(PUBLISH, args=[draft.pk])).content.decode()
    changes = asked[asked.index("ما يغيّره هذا التقويم") :]
    changes = changes[: changes.index("</table>")]
    assert "25 نوفمبر 2026" in changes.replace("\u00a0", " ")
    assert ("07:00" in changes, "00:00" in changes, changes.count("<tr>")) == (True, True, 2)
    draft.refresh_from_db()
    signed_in(checker).post(reverse(PUBLISH, args=[draft.pk]), {"seen": draft.made_at.isoformat()})
    assert not worktime.is_working_day(queries.calendar(), dt.date(2026, 11, 25))
    assert worktime.day_minutes(queries.calendar(), dt.date(2026, 11, 24)) == 420


def test_times_and_days_typed_by_a_maker_become_minutes_and_digits(first: RuleSet, maker: User) -> None:
    draft = services.copy_as_draft(ruleset=first, maker=maker, actor=actor_of(maker, "rule_maker"))
    row = next(n for n, row in enumerate(draft.hours.all()) if row.first_day is None)
    more = {f"hours-{row}-opens": "07:30", f"hours-{row}-closes": "15:15", f"hours-{row}-weekdays": ["7", "6"]}
    answer = signed_in(maker).post(reverse(CHANGE, args=[draft.pk]), posted(draft, **more))
    assert answer.status_code == 302, answer.context["errors"]
    hours = draft.hours.get(first_day=None)
    assert (hours.weekdays, hours.opens, hours.closes) == ("67", 450, 915)


@pytest.mark.parametrize(
    ("opens", "closes", "weekdays"), [("14:00", "07:00", ["7"]), ("", "14:00", ["7"]), ("07:00", "14:00", []), ("x", "y", ["9"])]
)
def test_impossible_hours_come_back_with_their_sentence(opens: str, closes: str, weekdays: list[str], first: RuleSet, maker: User) -> None:
    draft = services.copy_as_draft(ruleset=first, maker=maker, actor=actor_of(maker, "rule_maker"))
    more = {"hours-0-opens": opens, "hours-0-closes": closes, "hours-0-weekdays": weekdays}
    answer = signed_in(maker).post(reverse(CHANGE, args=[draft.pk]), posted(draft, **more))
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert calendars.read(draft) is not None


def test_a_draft_that_makes_no_week_says_so_on_its_pages(first: RuleSet, maker: User, checker: User) -> None:
    draft = services.copy_as_draft(ruleset=first, maker=maker, actor=actor_of(maker, "rule_maker"))
    draft.hours.all().delete()
    for user, page in ((maker, CHANGE), (checker, PUBLISH)):
        answer = signed_in(user).get(reverse(page, args=[draft.pk]))
        assert answer.status_code == 200
        assert "errornote" in answer.content.decode()


def test_only_a_maker_starts_a_new_edition_and_only_by_a_form(first: RuleSet, maker: User, checker: User) -> None:
    others = (checker, StaffFactory(groups=["officer"]), StaffFactory(login="root", is_superuser=True))
    for user in others:
        assert signed_in(user).post(reverse(NEXT, args=[first.pk])).status_code == 403
    assert signed_in(maker).get(reverse(NEXT, args=[first.pk])).status_code == 405
    assert RuleSet.objects.filter(subject="calendar").count() == 1
