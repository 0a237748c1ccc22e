from __future__ import annotations

import datetime as dt
from dataclasses import FrozenInstanceError, replace

import pytest

from municipality.kernel import money
from payments import rules
from payments.rules import Hint, InquiryAnswer, InquiryOutcome
from tests.factories.payments import bill_line

OURS = {"trackid": "TRACK1", "fils": 10_000, "payment_id": None}


def answer(result: str, **more: object) -> InquiryAnswer:
    facts = {"trackid": "TRACK1", "payment_id": "100", "fils": 10_000} | more
    return InquiryAnswer(result, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ("CAPTURED", InquiryOutcome.CAPTURED),
        ("SUCCESS", InquiryOutcome.CAPTURED),
        ("NOT CAPTURED", InquiryOutcome.DECLINED),
        ("FAILURE(NOT CAPTURED)", InquiryOutcome.DECLINED),
        ("FAILURE(CANCELED)", InquiryOutcome.CANCELLED),
        ("CANCELLED", InquiryOutcome.CANCELLED),
        ("FAILURE(HOST TIMEOUT)", InquiryOutcome.TIMED_OUT),
        ("FAILURE(DENIED BY RISK)", InquiryOutcome.DENIED),
        ("FAILURE(SUSPECT)", InquiryOutcome.MISMATCH),
        ("FAILURE(VOIDED)", InquiryOutcome.UNKNOWN),
        ("captured", InquiryOutcome.UNKNOWN),
        ("CAPTURED ", InquiryOutcome.UNKNOWN),
        ("", InquiryOutcome.UNKNOWN),
        ("!ERROR!-IPAY0100263-Transaction not found.", InquiryOutcome.NOT_FOUND),
        ("!ERROR!-IPAY0100015-Invalid password.", InquiryOutcome.UNKNOWN),
    ],
)
def test_only_whole_words_of_the_bank_have_a_meaning(result: str, outcome: InquiryOutcome) -> None:
    assert rules.judge(answer(result), **OURS) is outcome


@pytest.mark.parametrize(
    "difference",
    [{"fils": 9_999}, {"fils": 10_001}, {"fils": None}, {"trackid": "TRACK2"}, {"trackid": ""}, {"payment_id": ""}],
)
def test_a_capture_that_differs_in_anything_is_a_mismatch(difference: dict[str, object]) -> None:
    assert rules.judge(answer("CAPTURED", **difference), **OURS) is InquiryOutcome.MISMATCH


def test_a_capture_under_another_payment_id_than_the_known_one_is_a_mismatch() -> None:
    assert rules.judge(answer("CAPTURED", payment_id="101"), **(OURS | {"payment_id": "100"})) is InquiryOutcome.MISMATCH
    assert rules.judge(answer("CAPTURED", payment_id="100"), **(OURS | {"payment_id": "100"})) is InquiryOutcome.CAPTURED


@pytest.mark.parametrize(
    ("outcome", "hint", "page_is_over", "is_last", "move"),
    [
        (InquiryOutcome.DECLINED, "", False, False, "decline"),
        (InquiryOutcome.CANCELLED, "", False, False, "cancel"),
        (InquiryOutcome.TIMED_OUT, "", False, False, "time_out"),
        (InquiryOutcome.DENIED, "", False, False, "deny"),
        (InquiryOutcome.MISMATCH, "", False, False, "doubt"),
        (InquiryOutcome.NOT_FOUND, "", False, False, ""),
        (InquiryOutcome.NOT_FOUND, Hint.CAPTURED, False, False, ""),
        (InquiryOutcome.NOT_FOUND, Hint.CANCELLED, False, False, "cancel"),
        (InquiryOutcome.NOT_FOUND, Hint.GIVEN_UP, False, False, "cancel"),
        (InquiryOutcome.NOT_FOUND, Hint.ERROR, False, False, "expire"),
        (InquiryOutcome.NOT_FOUND, "", True, False, "expire"),
        (InquiryOutcome.UNKNOWN, Hint.CANCELLED, True, False, ""),
        (InquiryOutcome.UNKNOWN, "", True, True, "doubt"),
    ],
)
def test_an_inquiry_without_a_capture_moves_an_attempt_by_the_table(
    outcome: InquiryOutcome, hint: str, page_is_over: bool, is_last: bool, move: str
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
        ([bill_line(0)], "amount"),
        ([bill_line(-5)], "amount"),
        ([bill_line(True)], "amount"),
        ([bill_line(10.0)], "amount"),  # type: ignore[arg-type]
        ([bill_line(999_999_999), bill_line(1)], "amount"),
        ([bill_line(5, code="")], "text"),
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


def minutes_of(steps: tuple[int, ...]) -> list[dt.timedelta]:
    return [dt.timedelta(minutes=minutes) for minutes in steps]


def test_the_whole_schedule_of_inquiries_by_the_clock() -> None:
    start = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    due = [rules.step_due(start, step) - start for step in range(1, len(rules.SCHEDULE_MINUTES) + 1)]
    assert due[:5] == minutes_of((2, 5, 10, 20, 40))
    assert due[5:] == [dt.timedelta(hours=hour) for hour in range(1, 25)]


def test_a_plain_refusal_is_asked_about_five_times_and_everything_else_to_the_end() -> None:
    def steps(*, is_open: bool, is_plain_refusal: bool) -> int:
        step, count = 1, 1
        while following := rules.next_step(step, is_open=is_open, is_plain_refusal=is_plain_refusal):
            assert following == step + 1
            step, count = following, count + 1
        return count

    assert steps(is_open=False, is_plain_refusal=True) == 5
    assert steps(is_open=True, is_plain_refusal=True) == steps(is_open=False, is_plain_refusal=False) == 29


def test_periods_that_people_wait_for_are_as_documented() -> None:
    """Of docs/decisions/0006-knet.md and 0023-ledger-and-refunds.md: a change here is a change there."""
    assert dt.timedelta(seconds=5) == rules.DOUBLE_CLICK
    assert rules.EAGER_SECONDS == (0, 5, 10, 20, 40, 60)
    assert rules.RECHECK_SECONDS == 60
    assert (rules.HEAD_BYTES, rules.ROW_BYTES, rules.MAX_BYTES_OF_ATTEMPT) == (512, 512, 16_384)
    assert (rules.MAX_BYTES_OF_HOUR, rules.MAX_BYTES_OF_DAY) == (262_144, 1_048_576)
    assert rules.REFUND_MINUTES == (2, 5, 15, 60, 4 * 60, 12 * 60, 24 * 60)
    assert dt.timedelta(minutes=15) == rules.REFUND_UNPAID_AFTER


def test_the_largest_amount_fits_the_gateways_ten_characters() -> None:
    assert rules.total([bill_line(999_999_998), bill_line(1)]) == 999_999_999
    assert len(money.to_text(money.MAX_FILS)) == 10
    assert len(money.to_text(money.MAX_FILS + 1)) == 11


def test_a_bill_of_one_fils_and_the_sum_of_several_lines() -> None:
    assert rules.total([bill_line(1)]) == 1
    assert rules.total([bill_line(10_000), bill_line(250), bill_line(1)]) == 10_251


@pytest.mark.parametrize("text", ["code", "label_ar", "label_en", "article_ar", "article_en", "edition", "revenue_account"])
def test_a_line_without_one_of_its_texts_makes_no_bill(text: str) -> None:
    with pytest.raises(rules.NotPayable, match="text"):
        rules.total([bill_line(5), replace(bill_line(5), **{text: ""})])


def test_a_line_may_do_without_a_formula() -> None:
    assert rules.total([replace(bill_line(5), formula_ar="", formula_en="")]) == 5


@pytest.mark.parametrize(
    ("source", "target", "may"),
    [
        ("1422101", "1422205", True),
        ("1422101", "1422101", False),
        ("1422101", "suspense", False),
        ("1422101", "owed-back", False),
        ("1422101", "deposits", False),
        ("deposits", "1422101", False),
        ("deposits", "owed-back", False),
        ("1422101", "clearing-knet", False),
        ("1422101", "142", False),
        ("1422101", "1422", True),
        ("1422101", "1" * 20, True),
        ("1422101", "1" * 21, False),
        ("1422101", "1422 205", False),
        ("clearing-knet", "suspense", True),
        ("suspense", "clearing-knet", True),
        ("suspense", "suspense", False),
        ("clearing-knet", "clearing-tasdeed", False),
        ("clearing-knet", "1422101", False),
        ("suspense", "1422101", False),
        ("owed-back", "suspense", False),
        ("owed-back", "1422101", False),
    ],
)
def test_amounts_move_between_accounts_of_one_sort_only(source: str, target: str, may: bool) -> None:
    assert rules.may_correct(source, target) is may


def test_only_a_number_of_the_rulebook_is_revenue() -> None:
    assert rules.is_revenue("1422101")
    assert not any(map(rules.is_revenue, (rules.OWED_BACK, rules.SUSPENSE, rules.clearing("knet"))))
    assert rules.clearing("knet") == "clearing-knet"


@pytest.mark.parametrize("error", [{"error_code": "IPAY0100263"}, {"result": "!ERROR!-IPAY0100263-Transaction not found."}])
def test_not_found_is_read_from_the_code_or_from_the_word_of_an_error(error: dict[str, str]) -> None:
    assert rules.judge(answer(**({"result": "!ERROR!"} | error)), **OURS) is InquiryOutcome.NOT_FOUND


def test_the_code_inside_another_result_is_no_not_found() -> None:
    assert rules.judge(answer("CAPTURED-IPAY0100263"), **OURS) is InquiryOutcome.UNKNOWN


@pytest.mark.parametrize("result", ["NOT CAPTURED", "CANCELED", "HOST TIMEOUT", "DENIED BY RISK"])
def test_a_refusal_of_another_track_id_is_a_mismatch_and_without_one_it_counts(result: str) -> None:
    assert rules.judge(answer(result, trackid="TRACK2"), **OURS) is InquiryOutcome.MISMATCH
    assert rules.judge(answer(result, trackid=""), **OURS) is rules.RESULTS[result]
    assert rules.judge(answer(result), **OURS) is rules.RESULTS[result]


def test_a_word_nobody_knows_stays_unknown_whatever_track_id_it_has() -> None:
    assert rules.judge(answer("VOIDED", trackid="TRACK2"), **OURS) is InquiryOutcome.UNKNOWN


@pytest.mark.parametrize(
    ("result", "facts", "meaning"),
    [
        ("CAPTURED", {}, "paid"),
        ("SUCCESS", {}, "paid"),
        ("CAPTURED", {"fils": 9_999}, "unknown"),
        ("CAPTURED", {"trackid": "TRACK2"}, "unknown"),
        ("NOT CAPTURED", {}, "refused"),
        ("NOT CAPTURED", {"trackid": "TRACK2"}, "unknown"),
        ("DENIED BY RISK", {}, "refused"),
        ("HOST TIMEOUT", {}, "unknown"),
        ("FAILURE(SUSPECT)", {}, "unknown"),
        ("PROCESSED", {}, "unknown"),
        ("!ERROR!-IPAY0100033-Action not enabled.", {}, "refused"),
        ("!ERROR!-IPAY0100158-Host timeout.", {}, "unknown"),
        ("CAPTURED", {"error_code": "IPAY0100033"}, "refused"),
    ],
)
def test_a_refund_is_paid_or_refused_by_a_plain_word_about_our_payment_only(result: str, facts: dict[str, object], meaning: str) -> None:
    assert rules.judge_refund(answer(result, **facts), trackid="TRACK1", fils=10_000) == meaning


@pytest.mark.parametrize(
    ("credited", "trackid", "meaning"),
    [
        (7_000, "TRACK1", "paid"),
        (2_000, "TRACK1", "unpaid"),
        (5_000, "TRACK1", "unknown"),
        (0, "TRACK1", "unknown"),
        (None, "TRACK1", "unknown"),
        (7_000, "TRACK2", "unknown"),
    ],
)
def test_the_sum_returned_so_far_tells_what_became_of_a_refund(credited: int | None, trackid: str, meaning: str) -> None:
    said = answer("CAPTURED", trackid=trackid, credited_fils=credited)
    assert rules.judge_credit(said, trackid="TRACK1", before=2_000, fils=5_000) == meaning


@pytest.mark.parametrize(
    ("result", "hint"),
    [
        ("CAPTURED", Hint.CAPTURED),
        ("CANCELED", Hint.CANCELLED),
        ("NOT CAPTURED", Hint.OTHER),
        ("FAILURE(SUSPECT)", Hint.OTHER),
        ("anything", Hint.OTHER),
    ],
)
def test_the_hint_of_a_notification(result: str, hint: Hint) -> None:
    assert rules.hint_of(result) is hint


@pytest.mark.parametrize(
    ("outcome", "is_last", "page_is_over", "told"),
    [
        (InquiryOutcome.DECLINED, True, True, ("decline", "")),
        (InquiryOutcome.MISMATCH, True, True, ("doubt", "disagrees")),
        (InquiryOutcome.NOT_FOUND, True, False, ("doubt", "no_answer")),
        (InquiryOutcome.NOT_FOUND, True, True, ("expire", "")),
        (InquiryOutcome.NOT_FOUND, False, False, ("", "")),
        (InquiryOutcome.UNKNOWN, True, False, ("doubt", "no_answer")),
        (InquiryOutcome.UNKNOWN, False, True, ("", "")),
    ],
)
def test_a_move_comes_with_its_reason(outcome: InquiryOutcome, is_last: bool, page_is_over: bool, told: tuple[str, str]) -> None:
    assert rules.move_for(outcome, hint="", page_is_over=page_is_over, is_last=is_last) == told


def test_a_track_id_is_as_long_as_an_inquiry_carries() -> None:
    assert {len(rules.new_trackid()) for _ in range(50)} == {19}


@pytest.mark.parametrize("thing", [bill_line(), answer("CAPTURED")])
def test_what_was_computed_or_answered_cannot_be_changed_afterwards(thing: object) -> None:
    with pytest.raises(FrozenInstanceError):
        thing.fils = 1  # type: ignore[attr-defined]
