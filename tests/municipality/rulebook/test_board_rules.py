"""Rules of boards in the rulebook: what an edition may say, by two people."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from municipality.accounts.models import User, actor_of
from municipality.kernel import clock
from municipality.rulebook import queries, services
from municipality.rulebook.models import BoardLimitRule, RuleSet
from municipality.rulebook.seeds import seed
from tests.browsers import signed_in

pytestmark = pytest.mark.django_db
HEIGHT: dict[str, Any] = {"kind": "height", "is_standing": True, "most_cm": 450, "article_ar": "مادة", "article_en": "Article"}


@pytest.fixture
def draft(maker: User, checker: User) -> RuleSet:
    """The next edition, with the rows of the newest one."""
    seed(maker, checker)
    newest = RuleSet.objects.filter(subject="rules.boards").order_by("-version")[0]
    return services.copy_as_draft(ruleset=newest, maker=maker, actor=actor_of(maker, "rule_maker"))


def test_only_what_sources_state_is_law(draft: RuleSet) -> None:
    found = ((1, {"subject"}, {"share"}), (2, {"subject", "height", "distance", "land"}, {"share", "projection"}))
    for version, kinds, assumed in found:
        rows = BoardLimitRule.objects.filter(ruleset__subject="rules.boards", ruleset__version=version)
        assert set(rows.filter(is_assumption=False).values_list("kind", flat=True)) == kinds
        assert set(rows.filter(is_assumption=True).values_list("kind", flat=True)) == assumed
    assert draft.board_limits.count() == BoardLimitRule.objects.filter(ruleset__version=2, ruleset__subject="rules.boards").count()


def posted(draft: RuleSet, **change: Any) -> dict[str, Any]:
    """What a browser posts for a draft whose height has changed."""
    names = [field.name for field in BoardLimitRule._meta.fields if field.name != "ruleset"]
    rows = [{name: getattr(row, name) for name in names} for row in draft.board_limits.all()]
    counts = {"TOTAL_FORMS": len(rows), "INITIAL_FORMS": len(rows), "MIN_NUM_FORMS": 0, "MAX_NUM_FORMS": 1000}
    data = {**{name: getattr(draft, name) for name in ("instrument_ar", "instrument_en")}, "first_day": draft.first_day.isoformat()}
    data |= {f"board_limits-{name}": value for name, value in counts.items()}
    for number, row in enumerate(rows):
        values = row | change if row["kind"] == "height" else row
        data |= {
            f"board_limits-{number}-{name}": "on" if value is True else value
            for name, value in values.items()
            if value not in (None, False)
        }
        data[f"board_limits-{number}-ruleset"] = draft.pk
    return data


def test_a_maker_changes_a_height_from_a_day_on_and_a_second_person_publishes_it(draft: RuleSet, maker: User, checker: User) -> None:
    page = reverse("admin:rulebook_ruleset_change", args=[draft.pk])
    first_day = draft.first_day.isoformat()
    answer = signed_in(maker).post(page, posted(draft, most_cm=450, first_day=first_day))
    assert answer.status_code == 302, answer.context["errors"]
    publish = reverse("admin:rulebook_ruleset_publish", args=[draft.pk])
    shown = signed_in(checker).get(publish).content.decode()
    assert "450" in shown and "30000" in shown and "التبغ" in shown and "افتراض" in shown
    signed_in(checker).post(publish, {"seen": RuleSet.objects.get(pk=draft.pk).made_at.isoformat()})
    rows = queries.edition("rules.boards", max(draft.first_day, clock.today())).board_limits
    assert [(row.most_cm, row.first_day) for row in rows if row.kind == "height"] == [(450, draft.first_day)]


@pytest.mark.parametrize("change", [{"most_cm": ""}, {"most_cm": 0}, {"least_cm": 5}, {"subject": "tobacco"}, {"last_day": "2020-01-01"}])
def test_a_rule_that_says_nothing_or_two_things_comes_back(draft: RuleSet, maker: User, change: dict[str, Any]) -> None:
    page = reverse("admin:rulebook_ruleset_change", args=[draft.pk])
    answer = signed_in(maker).post(page, posted(draft, first_day=draft.first_day.isoformat(), **change))
    assert answer.status_code == 200 and "errorlist" in answer.content.decode()
    assert draft.board_limits.get(kind="height").most_cm == 500


WRONG = (
    {"most_cm": None},
    {"most_cm": 0},
    {"least_cm": 1},
    {"kind": "distance"},
    {"kind": "land", "most_cm": None},
    {"kind": "land"},
    {"kind": "subject", "most_cm": None},
    {"kind": "subject", "most_cm": None, "subject": "books"},
    {"kind": "share"},
    {"kind": "light"},
    {"medium": "wall"},
    {"board_class": "wall"},
    {"article_en": ""},
    {"first_day": "2026-02-02", "last_day": "2026-02-01"},
)


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_the_database_refuses_a_rule_without_its_figure_or_with_another_one(draft: RuleSet, wrong: dict[str, Any]) -> None:
    draft.board_limits.all().delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        BoardLimitRule.objects.create(ruleset=draft, **(HEIGHT | wrong))
    sound = BoardLimitRule.objects.create(ruleset=draft, **HEIGHT)
    with pytest.raises(ValidationError):
        BoardLimitRule(ruleset=draft, **HEIGHT).validate_constraints()
    assert str(sound) == "height"
