"""Money is exact: whole fils from the fee line to the gateway's text, never a float, never a digit that the gateway does not read."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from municipality.kernel import money
from payments import rules
from payments.providers.knet import codec, messages
from payments.providers.port import Order

FULL = os.environ.get("CHAOS_FULL") == "1"
BILLS = 10_000 if FULL else 1_000
ROOT = Path(__file__).resolve().parents[2]
AMOUNT = re.compile(r"[0-9]{1,6}\.[0-9]{3}")
# Seconds, not money.
SECONDS = {("payments/services/attempts.py", "enqueue_now"), ("payments/providers/knet/client.py", "_read")}
KEY = b"1234567890ABCDEF"
amounts = st.lists(st.integers(1, 250_000_000 // 12), min_size=1, max_size=12)


def line(fils: int) -> rules.Line:
    return rules.Line("fee", "رسم", "Fee", "", "", "المادة 12", "Article 12", "fees v1", fils, "1422101")


def text_of(fils: int, reference: str = "BIL-2026-٠٠٠٠٤٢-K") -> str:
    order = Order("TRACK1", fils, "ar", reference)
    urls = {"response_url": "https://a.example/r", "error_url": "https://a.example/e"}
    return messages.order_text(messages.order_fields(order, tranportal_id="999901", password="p", langid="AR", **urls))


@settings(max_examples=BILLS, deadline=None, database=None)
@given(amounts)
def test_the_lines_the_total_and_what_the_gateway_is_told_agree_to_the_fils(fils: list[int]) -> None:
    total = rules.total([line(amount) for amount in fils])
    assert total == sum(fils)
    with translation.override("ar"):
        text = text_of(total)
    told = dict(pair.split("=", 1) for pair in codec.decrypt(KEY, codec.encrypt(KEY, text)).split("&"))
    assert AMOUNT.fullmatch(told["amt"]) and money.from_text(told["amt"]) == total
    assert text.isascii() and told["udf1"] == "BIL2026K"
    assert AMOUNT.fullmatch(money.to_display(total).replace(",", ""))


def test_the_control_that_counts_in_floats_is_wrong_by_a_fils() -> None:
    careless = [fils for fils in range(1, 20_000) if int(fils / 1000 * 1000) != fils or int(float(f"{fils / 1000:.3f}") * 1000) != fils]
    assert len(careless) > 100


@pytest.mark.parametrize("text", ["10", "10.00", "10.0000", "1e3", "nan", "-1.000", "1,000.000", "10.000.000", "", "٠"])
def test_an_amount_that_has_not_three_decimals_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="three decimals"):
        money.from_text(text)


def floats_in(source: str, name: str) -> list[str]:
    """Every use of a float in a module: a literal, the name, a true division."""
    found = []
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef) and (name, function.name) in SECONDS:
            for node in ast.walk(function):
                node.is_seconds = True  # type: ignore[attr-defined]
        if getattr(function, "is_seconds", False):
            continue
        is_literal = isinstance(function, ast.Constant) and isinstance(function.value, float)
        is_name = isinstance(function, ast.Name) and function.id == "float"
        is_division = isinstance(function, ast.BinOp) and isinstance(function.op, ast.Div)
        if is_literal or is_name or is_division:
            found.append(f"{name}:{getattr(function, 'lineno', 0)}")
    return found


def test_no_float_is_in_the_code_of_money() -> None:
    files = [ROOT / "municipality/kernel/money.py", *sorted((ROOT / "payments").rglob("*.py"))]
    checked = [path for path in files if "migrations" not in path.parts]
    assert len(checked) > 40
    assert [hit for path in checked for hit in floats_in(path.read_text(encoding="utf8"), str(path.relative_to(ROOT)))] == []


def test_the_control_finds_each_way_to_a_float() -> None:
    for careless in ("a = 0.5", "a = float(b)", "a = b / 1000", "def f(x: float): ..."):
        assert floats_in(careless, "x.py")


def test_every_amount_is_a_whole_number_in_the_database() -> None:
    found = {
        f"{model._meta.db_table}.{field.name}": field
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.Field) and (field.name == "fils" or field.name.endswith("_fils"))
    }
    assert len(found) >= 15
    assert {name for name, field in found.items() if not isinstance(field, models.IntegerField)} == set()
    payments = [field for model in apps.get_app_config("payments").get_models() for field in model._meta.get_fields()]
    assert not [field for field in payments if isinstance(field, models.FloatField | models.DecimalField)]
