"""What people call a trade, as staff keep it: rows with a source, in editions of two people."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from municipality.accounts.models import User, actor_of
from municipality.kernel import clock
from municipality.rulebook import queries, services
from municipality.rulebook.models import RuleSet, TradeRule, check_word_list, word_list
from municipality.rulebook.seeds import seed
from tests.browsers import signed_in

pytestmark = pytest.mark.django_db
MOST_FIELDS = 1000  # that Django takes of one form


@pytest.fixture
def draft(maker: User, checker: User) -> RuleSet:
    """The next edition, with the rows of the first one."""
    seed(maker, checker)
    first = RuleSet.objects.get(subject=queries.TRADES)
    return services.copy_as_draft(ruleset=first, maker=maker, actor=actor_of(maker, "rule_maker"))


def change(draft: RuleSet) -> str:
    return reverse("admin:rulebook_ruleset_change", args=[draft.pk])


def posted(draft: RuleSet, *new: dict[str, str]) -> dict[str, Any]:
    """What a browser posts for a draft with all its rows and some new ones."""
    columns = ("activity_id", "words_ar", "words_en", "source_ar", "source_en")
    rows: list[dict[str, Any]] = [{"id": row.pk, **{name: getattr(row, name) for name in columns}} for row in draft.trades.all()]
    counts = {"TOTAL_FORMS": len(rows) + len(new), "INITIAL_FORMS": len(rows), "MIN_NUM_FORMS": 0, "MAX_NUM_FORMS": 1000}
    data = {
        **{name: getattr(draft, name) for name in ("instrument_ar", "instrument_en")},
        "first_day": draft.first_day.isoformat(),
        "is_assumption": "on",
        **{f"trades-{name}": value for name, value in counts.items()},
    }
    for n, row in enumerate([*rows, *new]):
        data |= {f"trades-{n}-{name.removesuffix('_id') if name != 'id' else name}": value for name, value in row.items()}
        data |= {f"trades-{n}-ruleset": draft.pk, f"trades-{n}-is_assumption": "on"}
    return data


DIWANIYA = {"activity_id": "CAFE", "words_ar": "ديوانية، استراحة", "words_en": "", "source_ar": "محضر", "source_en": "Minutes"}


def test_a_maker_adds_a_row_with_its_source_and_a_second_person_publishes_it(draft: RuleSet, maker: User, checker: User) -> None:
    data = posted(draft, DIWANIYA)
    assert len(data) < MOST_FIELDS * 0.6, "there is room for as many rows again"
    answer = signed_in(maker).post(change(draft), data)
    assert answer.status_code == 302, answer.context["errors"]
    row = draft.trades.get(source_ar="محضر")
    assert (row.activity_id, word_list(row.words_ar), row.words_en) == ("CAFE", ["ديوانية", "استراحة"], "")
    publish = reverse("admin:rulebook_ruleset_publish", args=[draft.pk])
    client = signed_in(checker)
    assert "ديوانية، استراحة" in client.get(publish).content.decode()
    assert not any("ديوانية" in trade.words_ar for trade in queries.edition(queries.TRADES, clock.today()).trades)
    client.post(publish, {"seen": RuleSet.objects.get(pk=draft.pk).made_at.isoformat()})
    assert any("ديوانية" in trade.words_ar for trade in queries.edition(queries.TRADES, clock.today()).trades)
    assert "trades-0-words_ar" not in signed_in(maker).get(change(draft)).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"words_ar": "، ؛ ,", "words_en": "-"},
        {"words_ar": "ق"},
        {"words_ar": "كلمة ثم كلمة أخرى"},
        {"words_ar": "", "words_en": ""},
        {"source_ar": ""},
        {"activity_id": "NONE"},
    ],
)
def test_a_row_that_nobody_could_search_by_comes_back(draft: RuleSet, maker: User, wrong: dict[str, str]) -> None:
    before = draft.trades.count()
    answer = signed_in(maker).post(change(draft), posted(draft, DIWANIYA | wrong))
    assert (answer.status_code, draft.trades.count()) == (200, before) and "errorlist" in answer.content.decode()


def test_the_form_reads_the_activities_once_for_all_rows(draft: RuleSet, maker: User) -> None:
    client = signed_in(maker)

    def statements() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(change(draft)).status_code == 200
        return len(asked)

    all_rows = statements()
    draft.trades.exclude(activity="CAFE").delete()
    assert draft.trades.count() == 1
    assert statements() == all_rows


def test_the_database_refuses_a_row_without_words_or_source(draft: RuleSet) -> None:
    sound: dict[str, Any] = {"ruleset": draft, "activity_id": "CAFE", "words_ar": "ديوانية", "source_ar": "محضر", "source_en": "Minutes"}
    for wrong in ({"words_ar": ""}, {"source_ar": ""}, {"source_en": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            TradeRule.objects.create(**(sound | wrong))
    TradeRule.objects.create(**sound)


def test_a_list_is_parted_by_commas_of_both_scripts() -> None:
    assert word_list(" قهوة ،كوفي شوب؛ coffee,kahwa\nqahwa; ،") == ["قهوة", "كوفي شوب", "coffee", "kahwa", "qahwa"]
    check_word_list("قهوة، كوفي شوب، coffee")
    with pytest.raises(ValidationError):
        check_word_list("قهوة، ق")
