from __future__ import annotations

import datetime as dt

import pytest

from payments import rules
from payments.rules import Answer, Hint, Outcome
from tests.payments.conftest import line

OURS = {"trackid": "TRACK1", "fils": 10_000, "payment_id": None}


def answer(result: str, **more: object) -> Answer:
    facts = {"trackid": "TRACK1", "payment_id": "100", "fils": 10_000} | more
    return Answer(result, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ("CAPTURED", Outcome.CAPTURED),
        ("SUCCESS", Outcome.CAPTURED),
        ("NOT CAPTURED", Outcome.DECLINED),
        ("FAILURE(NOT CAPTURED)", Outcome.DECLINED),
        ("FAILURE(CANCELED)", Outcome.CANCELLED),
        ("CANCELLED", Outcome.CANCELLED),
        ("FAILURE(HOST TIMEOUT)", Outcome.TIMED_OUT),
        ("FAILURE(DENIED BY RISK)", Outcome.DENIED),
        ("FAILURE(SUSPECT)", Outcome.MISMATCH),
        ("FAILURE(VOIDED)", Outcome.UNKNOWN),
        ("captured", Outcome.UNKNOWN),
        ("CAPTURED ", Outcome.UNKNOWN),
        ("", Outcome.UNKNOWN),
        ("!ERROR!-IPAY0100263-Transaction not found.", Outcome.NOT_FOUND),
        ("!ERROR!-IPAY0100015-Invalid password.", Outcome.UNKNOWN),
    ],
)
def test_only_whole_words_of_the_bank_have_a_meaning(result: str, outcome: Outcome) -> None:
    assert rules.judge(answer(result), **OURS) is outcome


@pytest.mark.parametrize(
    "difference",
    [{"fils": 9_999}, {"fils": 10_001}, {"fils": None}, {"trackid": "TRACK2"}, {"trackid": ""}, {"payment_id": ""}],
)
def test_a_capture_that_differs_in_anything_is_a_mismatch(difference: dict[str, object]) -> None:
    assert rules.judge(answer("CAPTURED", **difference), **OURS) is Outcome.MISMATCH


def test_a_capture_under_another_payment_id_than_the_known_one_is_a_mismatch() -> None:
    assert rules.judge(answer("CAPTURED", payment_id="101"), **(OURS | {"payment_id": "100"})) is Outcome.MISMATCH
    assert rules.judge(answer("CAPTURED", payment_id="100"), **(OURS | {"payment_id": "100"})) is Outcome.CAPTURED


@pytest.mark.parametrize(
    ("outcome", "hint", "page_is_over", "is_last", "move"),
    [
        (Outcome.DECLINED, "", False, False, "decline"),
        (Outcome.CANCELLED, "", False, False, "cancel"),
        (Outcome.TIMED_OUT, "", False, False, "time_out"),
        (Outcome.DENIED, "", False, False, "deny"),
        (Outcome.MISMATCH, "", False, False, "doubt"),
        (Outcome.NOT_FOUND, "", False, False, ""),
        (Outcome.NOT_FOUND, Hint.CAPTURED, False, False, ""),
        (Outcome.NOT_FOUND, Hint.CANCELLED, False, False, "cancel"),
        (Outcome.NOT_FOUND, Hint.GIVEN_UP, False, False, "cancel"),
        (Outcome.NOT_FOUND, Hint.ERROR, False, False, "expire"),
        (Outcome.NOT_FOUND, "", True, False, "expire"),
        (Outcome.UNKNOWN, Hint.CANCELLED, True, False, ""),
        (Outcome.UNKNOWN, "", True, True, "doubt"),
    ],
)
def test_an_inquiry_without_a_capture_moves_an_attempt_by_the_table(
    outcome: Outcome, hint: str, page_is_over: bool, is_last: bool, move: str
) -> None:
    assert rules.move_for(outcome, hint=hint, page_is_over=page_is_over, is_last=is_last)[0] == move


def test_the_schedule_asks_soon_then_hourly_to_the_end_of_a_day() -> None:
    start = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    steps, step = [], 1
    while step:
        steps.append((rules.step_due(start, step) - start) // dt.timedelta(minutes=1))
        step = rules.next_step(step, is_open=True, is_plain_refusal=False) or 0
    assert steps[:7] == [2, 5, 10, 20, 40, 60, 120]
    assert steps[-1] == 24 * 60
    assert rules.next_step(5, is_open=False, is_plain_refusal=True) is None
    assert rules.next_step(5, is_open=False, is_plain_refusal=False) == 6


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([], "empty"),
        ([line(0)], "amount"),
        ([line(-5)], "amount"),
        ([line(True)], "amount"),
        ([line(10.0)], "amount"),  # type: ignore[arg-type]
        ([line(999_999_999), line(1)], "amount"),
        ([line(5, code="")], "text"),
    ],
)
def test_lines_that_make_no_bill_are_refused(lines: list[rules.Line], code: str) -> None:
    with pytest.raises(rules.NotPayable) as refused:
        rules.total(lines)
    assert refused.value.code == code


def test_track_ids_are_letters_and_digits_that_fit_an_inquiry() -> None:
    made = {rules.new_trackid() for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(t) <= 19 and t.isascii() and t.isalnum() for t in made)
