"""Loads activities and first editions of rules from `data/`. Editions are drafts; only `seed` publishes them."""

from __future__ import annotations

import csv
import datetime as dt
import tomllib
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Concat

from municipality.accounts.models import User, actor_of
from municipality.kernel import clock
from municipality.rulebook import services
from municipality.rulebook.models import (
    Activity,
    ActivityAuthority,
    ActivityGroupRule,
    Authority,
    BoardFeeRule,
    BoardLimitRule,
    CheckRule,
    ConditionRule,
    ConsultationRule,
    FeeRule,
    HolidayRule,
    HoursRule,
    InspectionRule,
    LandClassRule,
    LandUseRule,
    LimitRule,
    OffenceRule,
    ReasonRule,
    ReportBodyRule,
    ReportCategoryRule,
    ReportQuestionRule,
    RuleSet,
    SpacingRule,
    TradeRule,
)

DATA = Path(__file__).parent / "data"
# Food passed to the Public Authority for Food and Nutrition: licences after 15 July 2018 are its own.
FOOD_PASSED_ON = dt.date(2018, 7, 15)
SHOPS_REGULATION_FROM = dt.date(2008, 1, 1)  # MD 372/2008; its day in force is to be confirmed
_REGULATION = "قرار وزاري 372/2008 بشأن لائحة المحلات العامة والمقلقة للراحة والمضرة بالصحة"
_FOOD_LAW = "القانون 112/2013 وقرار مجلس الوزراء 908/2016 والقرار الوزاري 20/2017"
_UNKNOWN = "لم يوجد نص؛ افتراض"


@transaction.atomic
def load_activities() -> int:
    """Create or update activities and their authorities; nothing is deleted. Returns how many activities."""
    with (DATA / "activities.csv").open(encoding="utf8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    Activity.objects.bulk_create(
        [Activity(code=row["code"], name_ar=row["name_ar"], name_en=row["name_en"], is_womens=row["womens"] == "yes") for row in rows],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name_ar", "name_en", "is_womens"],
    )
    ActivityAuthority.objects.bulk_create(
        [authority for row in rows for authority in _authorities_of(row)],
        update_conflicts=True,
        unique_fields=["activity", "first_day"],
        update_fields=["authority", "last_day", "source", "is_assumption"],
    )
    return len(rows)


def _authorities_of(row: dict[str, str]) -> list[ActivityAuthority]:
    """The successive authorities of an activity."""
    assumed = row["is_assumption"] == "yes"
    first = {"activity_id": row["code"], "first_day": SHOPS_REGULATION_FROM}
    if row["authority"] == Authority.PAFN:
        before = FOOD_PASSED_ON - dt.timedelta(days=1)
        return [
            ActivityAuthority(**first, authority=Authority.MUNICIPALITY, last_day=before, source=_REGULATION, is_assumption=assumed),
            ActivityAuthority(
                activity_id=row["code"], first_day=FOOD_PASSED_ON, authority=Authority.PAFN, source=_FOOD_LAW, is_assumption=assumed
            ),
        ]
    source = _REGULATION if row["authority"] == Authority.MUNICIPALITY else _UNKNOWN
    return [ActivityAuthority(**first, authority=Authority(row["authority"]), source=source, is_assumption=assumed)]


def read_editions() -> list[dict[str, Any]]:
    """The editions of `data/*.toml`, in the order of the files."""
    return [edition for path in sorted(DATA.glob("*.toml")) for edition in tomllib.loads(path.read_text(encoding="utf8"))["edition"]]


@transaction.atomic
def draft_rules(maker: User) -> list[RuleSet]:
    """Create a draft by `maker` of every edition that does not exist yet, all made at one time. Returns the new drafts."""
    now = clock.now()
    existing = set(RuleSet.objects.values_list("subject", "version"))
    return [_draft(edition, maker, now) for edition in read_editions() if (edition["subject"], edition["version"]) not in existing]


def _draft(edition: dict[str, Any], maker: User, made_at: dt.datetime) -> RuleSet:
    ruleset = RuleSet.objects.create(
        subject=edition["subject"],
        version=edition["version"],
        instrument_ar=edition["instrument_ar"],
        instrument_en=edition["instrument_en"],
        first_day=edition["first_day"],
        is_assumption=edition["is_assumption"],
        made_by=maker,
        made_at=made_at,
    )
    FeeRule.objects.bulk_create(FeeRule(ruleset=ruleset, **{"revenue_account": "HEALTH-LICENCES"} | fee) for fee in edition.get("fee", []))
    LimitRule.objects.bulk_create(LimitRule(ruleset=ruleset, **limit) for limit in edition.get("limit", []))
    conditions = edition.get("condition", [])
    ConditionRule.objects.bulk_create(ConditionRule(ruleset=ruleset, order=n, **condition) for n, condition in enumerate(conditions, 1))
    ReasonRule.objects.bulk_create(ReasonRule(ruleset=ruleset, **reason) for reason in edition.get("reason", []))
    CheckRule.objects.bulk_create(CheckRule(ruleset=ruleset, order=n, **check) for n, check in enumerate(edition.get("check", []), 1))
    OffenceRule.objects.bulk_create(OffenceRule(ruleset=ruleset, **offence) for offence in edition.get("offence", []))
    HolidayRule.objects.bulk_create(HolidayRule(ruleset=ruleset, **holiday) for holiday in edition.get("holiday", []))
    HoursRule.objects.bulk_create(HoursRule(ruleset=ruleset, **_in_minutes(hours)) for hours in edition.get("hours", []))
    LandClassRule.objects.bulk_create(LandClassRule(ruleset=ruleset, **row) for row in edition.get("land_class", []))
    groups = [
        ActivityGroupRule(ruleset=ruleset, activity_id=code, group=group)
        for group, codes in edition.get("groups", {}).items()
        for code in codes
    ]
    ActivityGroupRule.objects.bulk_create(groups)
    LandUseRule.objects.bulk_create(LandUseRule(ruleset=ruleset, **row) for row in _land_uses(edition))
    SpacingRule.objects.bulk_create(SpacingRule(ruleset=ruleset, **row) for row in edition.get("spacing", []))
    BoardFeeRule.objects.bulk_create(BoardFeeRule(ruleset=ruleset, **row) for row in _board_fees(edition))
    BoardLimitRule.objects.bulk_create(BoardLimitRule(ruleset=ruleset, **row) for row in _board_limits(edition))
    inspected = edition.get("inspection", [])
    InspectionRule.objects.bulk_create(InspectionRule(ruleset=ruleset, order=n, **row) for n, row in enumerate(inspected, 1))
    ConsultationRule.objects.bulk_create(ConsultationRule(ruleset=ruleset, **row) for row in edition.get("consultation", []))
    _draft_reports(ruleset, edition)
    TradeRule.objects.bulk_create(TradeRule(ruleset=ruleset, activity_id=code, **trade) for code, trade in _trades(edition))
    return ruleset


def _draft_reports(ruleset: RuleSet, edition: dict[str, Any]) -> None:
    """Categories of reports with their questions (`question` of each category), and the bodies to which reports are handed over."""
    categories = edition.get("report_category", [])
    ReportBodyRule.objects.bulk_create(ReportBodyRule(ruleset=ruleset, **row) for row in edition.get("report_body", []))
    questions = []
    for order, row in enumerate(categories, 1):
        asked = row.get("question", [])
        questions += [ReportQuestionRule(ruleset=ruleset, category=row["code"], order=n, **one) for n, one in enumerate(asked, 1)]
        row = {name: value for name, value in row.items() if name != "question"}
        ReportCategoryRule.objects.create(ruleset=ruleset, order=order, **row)
    ReportQuestionRule.objects.bulk_create(questions)


def _trades(edition: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Activity and columns of each row of words for a trade, with the source of the edition."""
    for code, words in edition.get("trade", {}).items():
        yield code, {**edition["of_all"], **words}


def _land_uses(edition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each group that an entry of `data/` names, with the floors as two numbers."""
    for entry in edition.get("land_use", []):
        shared = {name: value for name, value in entry.items() if name not in ("groups", "floors")}
        for group in entry["groups"]:
            yield {**shared, "group": group, "first_floor": entry["floors"][0], "last_floor": entry["floors"][1]}


def _board_fees(edition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each class and medium that an entry of `data/` names."""
    for entry in edition.get("board_fee", []):
        shared = {name: value for name, value in entry.items() if name not in ("classes", "media")}
        for board_class in entry["classes"]:
            for medium in entry["media"]:
                yield {**shared, "board_class": board_class, "medium": medium}


def _board_limits(edition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each class, medium, class of land use and subject that an entry of `data/` names; all where it names none."""
    columns = {"classes": "board_class", "media": "medium", "land_classes": "land_class", "subjects": "subject"}
    for entry in edition.get("board_limit", []):
        shared = {name: value for name, value in entry.items() if name not in columns}
        for values in product(*(entry.get(name, [""]) for name in columns)):
            yield shared | dict(zip(columns.values(), values, strict=True))


def _in_minutes(hours: dict[str, Any]) -> dict[str, Any]:
    """Working hours of `data/` (times, list of weekdays) as columns (minutes of the day, digits)."""
    opens, closes = (60 * hours[name].hour + hours[name].minute for name in ("opens", "closes"))
    return {**hours, "weekdays": "".join(map(str, sorted(hours["weekdays"]))), "opens": opens, "closes": closes}


@transaction.atomic
def seed(maker: User, publisher: User, *, mail_host: str = "") -> int:
    """For demo and tests: load activities, and editions drafted by `maker` and published by `publisher`.

    With a `mail_host` every body that gets letters has the invented address `<code>@<mail_host>`. Returns how many editions were
    published. Raises Refused("same_person").
    """
    load_activities()
    drafts = draft_rules(maker)
    for model in (ConsultationRule, ReportBodyRule) if mail_host else ():
        model.objects.filter(ruleset__in=drafts).update(email=Concat("code", Value(f"@{mail_host}")))
    for ruleset in sorted(drafts, key=lambda r: (r.subject, r.version)):
        services.publish(ruleset=ruleset, publisher=publisher, actor=actor_of(publisher, "rule_publisher"))
    return len(drafts)
