"""A question answers as its queryset would, whatever its values, and refuses what it could not answer truly tomorrow."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import F, Q
from django.test.utils import CaptureQueriesContext

from municipality.accounts.models import User
from municipality.audit.models import Look
from municipality.kernel import clock
from municipality.kernel.questions import Question
from municipality.places.loading import load_places
from municipality.places.models import Area, Governorate

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def places() -> None:
    load_places()


def in_governorates(codes: list[str]) -> Any:
    return Area.objects.filter(governorate__in=codes).select_related("governorate").order_by("pk")


def test_it_answers_as_the_queryset_does_for_lists_of_every_length() -> None:
    question = Question(in_governorates)
    codes = list(Governorate.objects.order_by("code").values_list("code", flat=True))
    for length in (*range(len(codes) + 1), 3, 1, 2):
        wanted = codes[:length]
        answer = question(wanted)
        assert answer == list(in_governorates(wanted)) and bool(answer) == bool(wanted)
        assert [area.governorate.name_ar for area in answer] == [area.governorate.name_ar for area in in_governorates(wanted)]
    assert question([*codes[:2], *codes[:2]]) == question(codes[:2])
    assert question(["nowhere"]) == []


def test_it_is_worded_once_and_asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    worded: list[str] = []

    def word(code: str) -> Any:
        worded.append(code)
        return Area.objects.filter(governorate=code)

    question = Question(word)
    with CaptureQueriesContext(connection) as asked:
        answers = [len(question(code)) for code in ("HA", "JA", "HA", "FA")]
    assert len(asked) == 4 and len(worded) == 2 and "HA" not in worded  # by stand-ins, twice
    assert answers == [Area.objects.filter(governorate=code).count() for code in ("HA", "JA", "HA", "FA")]
    Area.objects.create(governorate_id="HA", name_ar="حي جديد", name_en="New Quarter", folded="حي جديد")
    assert len(question("HA")) == answers[0] + 1  # nothing of an answer is kept
    made = question("HA")[0]
    made.refresh_from_db()
    assert made._state.db == "default" and not made._state.adding


def test_all_kinds_of_rows() -> None:
    area = Area.objects.order_by("pk")[0]
    pairs: Question[Any] = Question(lambda pk: Area.objects.filter(pk=pk).values_list("name_ar", "governorate"))
    flat: Question[Any] = Question(lambda pk: Area.objects.filter(pk=pk).values_list("name_en", flat=True))
    named: Question[Any] = Question(lambda pk: Area.objects.filter(pk=pk).values_list("pk", "name_en", named=True))
    dictionaries: Question[Any] = Question(lambda pk: Area.objects.filter(pk=pk).values("name_en"))
    some: Question[Any] = Question(lambda pk: Area.objects.filter(pk=pk).only("name_en"))
    counted: Question[Any] = Question(lambda pk: Area.objects.filter(pk=pk).annotate(twice=F("pk") * 2))
    assert pairs(area.pk) == [(area.name_ar, area.governorate_id)] and flat(area.pk) == [area.name_en]
    assert named.one(area.pk).name_en == area.name_en and dictionaries(area.pk) == [{"name_en": area.name_en}]
    assert some.one(area.pk).get_deferred_fields() and counted.one(area.pk).twice == 2 * area.pk
    assert flat.one(0) is None


def test_days_and_instants_go_in_as_the_mapper_puts_them_in() -> None:
    now = clock.now()
    for minutes in range(4):
        Look.objects.create(
            at=now - dt.timedelta(minutes=minutes), viewer_key="staff:a", person_key="person:b", subject="x:y", purpose="audit"
        )
    since: Question[Look] = Question(lambda instant: Look.objects.filter(at__gte=instant).order_by("pk"))
    for minutes in (0, 2, 9):
        instant = now - dt.timedelta(minutes=minutes)
        assert since(instant) == list(Look.objects.filter(at__gte=instant).order_by("pk"))
    assert since(now)[0].at == now
    elsewhere = now.astimezone(dt.timezone(dt.timedelta(hours=-7)))
    assert since(elsewhere) == since(now)


def test_two_values_in_two_places_and_one_in_both() -> None:
    question: Question[Any] = Question(lambda name, codes: Area.objects.filter(Q(name_ar=name) | Q(name_en=name), governorate__in=codes))
    area = Area.objects.filter(governorate="HA").order_by("pk")[0]
    for name in (area.name_ar, area.name_en):
        assert area in question(name, ["HA"]) and area not in question(name, ["JA", "FA"])


@pytest.mark.parametrize("wrong", [None, True, 1.5, b"x", object()])
def test_what_would_need_another_statement_is_no_value(wrong: Any) -> None:
    question: Question[Any] = Question(lambda pk: Area.objects.filter(pk=pk))
    for value in (wrong, [wrong], [1, wrong]):
        with pytest.raises(TypeError, match="no value of a question"):
            question(value)


REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "today": (lambda pk: User.objects.filter(pk=pk, joined_at__date__lte=clock.today()), "is fixed"),
    "now": (lambda pk: User.objects.filter(pk=pk, last_login__lte=clock.now()), "is fixed"),
    "changes its value": (lambda text: Area.objects.filter(name_en__icontains=text), "changes or leaves out"),
    "leaves it out": (lambda pk: Area.objects.all(), "changes or leaves out"),
    "locks": (lambda pk: Area.objects.select_for_update().filter(pk=pk), "neither locks"),
    "prefetches": (lambda pk: Area.objects.filter(pk=pk).prefetch_related("governorate"), "nor prefetches"),
    "no queryset": (lambda pk: list(Area.objects.filter(pk=pk)), "is a queryset"),
    "nothing ever": (lambda pk: Area.objects.filter(pk=pk).none(), "never finds"),
    "looks at its value": (lambda pk: Area.objects.filter(pk=pk, governorate="HA" if pk % 16_000 > 9_000 else "JA"), "depends on"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wording_that_would_be_wrong_for_other_values_is_refused(name: str) -> None:
    word, why = REFUSED[name]
    with pytest.raises(ValueError, match=why):
        Question(word)("1" if name == "changes its value" else 1)


def test_without_the_refusal_a_day_would_stay_the_first_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The harm that the refusal of fixed days stands against."""
    Look.objects.create(at=clock.now() + dt.timedelta(days=1), viewer_key="staff:a", person_key="person:b", subject="x:y", purpose="audit")
    question: Question[Look] = Question(lambda key: Look.objects.filter(viewer_key=key, at__lte=clock.now()))
    with pytest.raises(ValueError, match="is fixed"):
        question("staff:a")
    real = clock.now()
    monkeypatch.setattr("municipality.kernel.questions._is_dated", lambda constant: False)
    monkeypatch.setattr(clock, "now", lambda: real)
    assert question("staff:a") == []
    monkeypatch.setattr(clock, "now", lambda: real + dt.timedelta(days=2))
    assert Look.objects.filter(viewer_key="staff:a", at__lte=clock.now()).count() == 1 and question("staff:a") == []


def test_a_number_that_stands_in_the_statement_by_itself_is_told_from_a_value() -> None:
    """28,000 is the first stand-in: the second wording, with others, shows which of the two is the value's."""
    question: Question[Any] = Question(lambda pk: Area.objects.filter(Q(pk=pk) | Q(pk=28_000)))
    with pytest.raises(ValueError, match="otherwise"):
        question(1)


def test_a_list_without_end_is_asked_as_ever() -> None:
    question: Question[Any] = Question(lambda keys: Area.objects.filter(pk__in=keys).order_by("pk"))
    assert question(list(range(1, 3000))) == list(Area.objects.order_by("pk").filter(pk__lt=3000)) and not question._wordings


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_each_thread_asks_by_its_own_connection() -> None:
    question: Question[Any] = Question(lambda code: Area.objects.filter(governorate=code).order_by("pk").values_list("pk", flat=True))
    wanted = {code: list(Area.objects.filter(governorate=code).order_by("pk").values_list("pk", flat=True)) for code in ("HA", "JA", "FA")}
    question("HA")
    wrong: list[Any] = []

    def ask() -> None:
        try:
            for _ in range(30):
                for code, keys in wanted.items():
                    if question(code) != keys:
                        wrong.append(code)
        except Exception as failure:  # noqa: BLE001 - told below
            wrong.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
