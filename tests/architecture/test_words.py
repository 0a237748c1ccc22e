"""Staff read words: every code that the admin's lists show is said in Arabic."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib import admin
from django.utils import translation

from municipality.cases.roles import READS
from municipality.jobs.registry import JOB_KINDS, QUEUES
from municipality.kernel.workflow import WORKFLOWS
from municipality.notifications.admin import REASONS
from municipality.notifications.registry import MESSAGE_KINDS
from municipality.ui.code_labels import CODE_LABELS, label_codes, label_of
from payments.rules import InquiryOutcome
from payments.states import AttemptState
from script.support.packages import PACKAGES

admin.autodiscover()
# Acts whose name is put together from a state or a move.
CASES = (
    "licensing.renewal",
    "licensing.appeal",
    "licensing.boards",
    "shops.claim",
    "shops.correction",
    "shops.reply",
    "violations.objection",
    "zoning.opinion",
    "zoning.objection",
)
PUT_TOGETHER = {"document.carried_over"} | {
    f"case.{move}" for service in CASES for move, _source, _target in WORKFLOWS[service].edges() if move
}
PUT_TOGETHER |= {f"shop.{kind}" for kind in ("opened", "suspended", "resumed", "closed", "reopened")}
PUT_TOGETHER |= {f"delegation.{move}" for move, _source, _target in WORKFLOWS["delegation.delegation"].edges() if move}
PUT_TOGETHER |= {
    f"payment.{state}" for state in (AttemptState.DECLINED, AttemptState.CANCELLED, AttemptState.TIMED_OUT, AttemptState.DENIED)
}


def recorded(root: Path) -> Iterator[str]:
    """The names of acts that the sources write out, as first argument of `record`; a name put together is left to PUT_TOGETHER."""
    for app in PACKAGES:
        for path in (root / app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "record" and node.args:
                    first = node.args[0]
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        yield first.value


def test_every_act_has_its_word(root: Path) -> None:
    acts = set(recorded(root))
    assert len(acts) > 20
    assert sorted((acts | PUT_TOGETHER) - CODE_LABELS.keys()) == []


@pytest.mark.parametrize(
    "kinds",
    [JOB_KINDS, MESSAGE_KINDS, QUEUES, READS, {f"outcome.{one}" for one in InquiryOutcome}],
    ids=["jobs", "messages", "queues", "roles", "outcomes"],
)
def test_every_code_of_a_list_has_its_word(kinds: set[str]) -> None:
    assert sorted(set(kinds) - CODE_LABELS.keys()) == []


def test_each_word_is_arabic_for_staff_and_english_in_the_source() -> None:
    with translation.override("ar"):
        for code, word in {**CODE_LABELS, **{code: word for code, word in REASONS.items() if code}}.items():
            assert re.fullmatch(r"[\u0600-\u06ff ]+", str(word)), f"{code}: {word}"


def test_a_code_without_a_word_is_shown_as_data() -> None:
    assert label_of("testing.unknown") == '<bdi dir="ltr">testing.unknown</bdi>'
    assert label_of("") == "—"


def test_a_code_has_one_word() -> None:
    with pytest.raises(ValueError, match="two labels"):
        label_codes({"audit": "something else"})
