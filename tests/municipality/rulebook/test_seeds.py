"""The first editions of rules and who licenses which trade."""

from __future__ import annotations

import datetime as dt
import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from municipality.accounts.models import User
from municipality.kernel import guards
from municipality.kernel.errors import Refused
from municipality.rulebook import queries
from municipality.rulebook.models import Activity, ActivityAuthority, Authority, FeeRule, RuleSet
from municipality.rulebook.models.rulesets import FEE_UNITS, LIMIT_UNITS
from municipality.rulebook.seeds import draft_rules, load_activities, read_editions, seed
from tests.factories.accounts import UserFactory

TODAY = dt.date(2026, 11, 24)
ARABIC = re.compile("[\u0621-\u064a]")


def _staff(login: str) -> User:
    return UserFactory(name_ar="موظف", name_en="Member of staff", login=login, is_staff=True)


@pytest.fixture
def seeded(db: None) -> None:
    seed(_staff("maker"), _staff("publisher"))


def test_every_text_of_every_edition_is_there_in_both_languages() -> None:
    def check(row: dict[str, Any]) -> None:
        for name, value in row.items():
            if name.endswith("_ar"):
                assert ARABIC.search(value), (name, value)
                assert not re.search("[A-Za-z]", value), (name, value)
            if name.endswith("_en"):
                assert re.search("[A-Za-z]", value) and not ARABIC.search(value), (name, value)

    editions = read_editions()
    for edition in editions:
        check(edition)
        for kind in ("fee", "limit", "condition", "reason", "check", "holiday", "hours"):
            for row in edition.get(kind, []):
                check(row)
        for row in edition.get("trade", {}).values():
            check(row)
    assert {e["subject"] for e in editions} >= {"fees.health", "limits.health", "conditions.health", "calendar"}


def test_every_unit_has_its_words() -> None:
    used = {(kind, row["unit"]) for edition in read_editions() for kind in ("fee", "limit") for row in edition.get(kind, [])}
    assert used == {("fee", unit) for unit in FEE_UNITS} | {("limit", unit) for unit in LIMIT_UNITS}


@pytest.mark.usefixtures("seeded")
def test_fees_are_those_of_the_published_service_card() -> None:
    fees = queries.edition("fees.health", on=TODAY)
    assumed = {code: fee for code, fee in fees.fees.items() if code in ("late_surcharge", "amendment", "transfer")}
    published = {code: fee for code, fee in fees.fees.items() if code not in assumed}
    assert {code: fee.fils for code, fee in published.items()} == {"new": 15_000, "renewal": 10_000, "replacement": 10_000}
    assert all("منشور في البوابة" in fee.article_ar for fee in published.values())
    assert {code: fee.fils for code, fee in assumed.items()} == {"late_surcharge": 5_000, "amendment": 10_000, "transfer": 15_000}
    assert all(fee.is_assumption for fee in assumed.values())
    yearly = {code for code, fee in published.items() if fee.is_assumption}
    assert yearly == {"new", "renewal"}, "the card names an amount and no period"
    assert all(fee.unit == "year" for code, fee in published.items() if code in yearly)


def test_the_food_authority_is_asked_about_every_place_for_food() -> None:
    (bodies,) = [edition for edition in read_editions() if edition["subject"] == "zoning.bodies"]
    food = {row["group"]: row for row in bodies["consultation"] if row["code"] == "food"}
    assert food.keys() == {"kitchen", "food_service"}
    assert all(row["is_safety"] and row["is_assumption"] and "112/2013" in row["article_en"] for row in food.values())


def test_the_amendment_of_december_2025_has_one_first_day_and_is_marked() -> None:
    newest = {edition["subject"]: edition for edition in read_editions()}
    amended = [newest[subject] for subject in ("fees.boards", "rules.boards", "checks.boards")]
    assert {edition["first_day"] for edition in amended} == {dt.date(2026, 1, 1)} and all(edition["is_assumption"] for edition in amended)
    assert all("assumption" in edition["instrument_en"] for edition in amended[:2])


@pytest.mark.usefixtures("seeded")
def test_an_older_edition_of_the_fees_is_kept_and_ended() -> None:
    first, second, third = RuleSet.objects.filter(subject="fees.health").order_by("version")
    assert first.last_day == second.first_day - dt.timedelta(days=1)
    assert second.last_day == third.first_day - dt.timedelta(days=1)
    assert queries.edition("fees.health", on=dt.date(2020, 1, 1)).version == 1
    assert queries.edition("fees.health", on=dt.date(2025, 6, 1)).version == 2
    assert queries.edition("fees.health", on=TODAY).version == 3


@pytest.mark.usefixtures("seeded")
def test_limits_that_no_law_states_say_that_they_are_assumptions() -> None:
    limits = queries.edition("limits.health", on=TODAY).limits
    values = {code: limit.value for code, limit in limits.items()}
    assert values == {
        "window_days": 60,
        "late_days": 14,
        "validity_years": 1,
        "unpaid_days": 14,
        "transfer_answer_days": 14,
        "commercial_license_must_outlast_days": 0,
    }
    assert all(limit.is_assumption for limit in limits.values())


def test_what_is_assumed_in_law_is_said_to_staff_and_not_in_a_decision_to_a_person() -> None:
    told = [
        (edition["subject"], row["code"], name)
        for edition in read_editions()
        for row in edition.get("reason", [])
        if row["kind"] in ("refusal", "correction", "second_round")
        for name, value in row.items()
        if name.startswith(("text_", "article_")) and ("افتراض" in value or "assum" in value.lower())
    ]
    assert told == []


@pytest.mark.usefixtures("seeded")
def test_seven_conditions_are_printed() -> None:
    assert len(queries.edition("conditions.health", on=TODAY).conditions) == 7


@pytest.mark.usefixtures("seeded")
def test_seeding_again_adds_nothing() -> None:
    maker, publisher = User.objects.get(login="maker"), User.objects.get(login="publisher")
    counts = RuleSet.objects.count(), FeeRule.objects.count(), Activity.objects.count(), ActivityAuthority.objects.count()
    assert seed(maker, publisher) == 0
    assert counts == (RuleSet.objects.count(), FeeRule.objects.count(), Activity.objects.count(), ActivityAuthority.objects.count())


@pytest.mark.django_db
def test_one_person_cannot_make_and_publish() -> None:
    with pytest.raises(Refused) as refusal:
        seed(both := _staff("both"), both)
    assert refusal.value.code == "same_person"
    assert not RuleSet.objects.exists()


@pytest.mark.django_db
def test_food_passed_to_its_own_authority_in_july_2018() -> None:
    load_activities()
    assert queries.competent_authority("REST", dt.date(2018, 7, 14)) == Authority.MUNICIPALITY
    assert queries.competent_authority("REST", dt.date(2018, 7, 15)) == Authority.PAFN
    assert queries.competent_authority("WSAL", TODAY) == Authority.MUNICIPALITY
    assert queries.competent_authority("PHRM", TODAY) == Authority.OTHER
    assert ActivityAuthority.objects.filter(authority=Authority.PAFN).count() == 12
    municipal = [
        code for code in Activity.objects.values_list("code", flat=True) if queries.competent_authority(code, TODAY) == "municipality"
    ]
    assert len(municipal) >= 45


@pytest.mark.guards
@pytest.mark.usefixtures("seeded")
def test_a_seeded_fee_cannot_be_changed_and_without_the_guard_it_could() -> None:
    change = "UPDATE rulebook_feerule SET fils = 1"
    with pytest.raises(DatabaseError, match="guard:published"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    with transaction.atomic():
        guards.remove(connection)
        with connection.cursor() as cursor:
            cursor.execute(change)
        assert set(FeeRule.objects.values_list("fils", flat=True)) == {1}
        transaction.set_rollback(True)
    assert guards.installed(connection) >= {"guard_rulebook_feerule_published_update"}


@pytest.mark.django_db
def test_in_production_rules_are_loaded_as_drafts_that_apply_to_nothing() -> None:
    _staff("maker")
    out = StringIO()
    call_command("load_rulebook", maker="maker", stdout=out)
    assert f"{len(read_editions())} new drafts" in out.getvalue()
    assert not RuleSet.objects.filter(published_at__isnull=False).exists()
    with pytest.raises(Refused):
        queries.edition("fees.health", on=TODAY)
    assert draft_rules(User.objects.get(login="maker")) == []


@pytest.mark.django_db
def test_drafts_need_a_maker_who_is_staff() -> None:
    UserFactory(name_ar="شخص", name_en="Somebody", login="somebody")
    with pytest.raises(CommandError, match="no active member of staff"):
        call_command("load_rulebook", maker="somebody")
