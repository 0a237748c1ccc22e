"""What the database refuses of every import, each refusal with its red control."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from municipality.imports import services
from municipality.imports.models import ImportFile
from municipality.kernel import clock
from tests.database_guards import without_guards
from tests.factories.accounts import StaffFactory
from tests.municipality.imports.conftest import MADE, Example

pytestmark = [pytest.mark.django_db, pytest.mark.guards]


def raw(sql: str, values: list[Any]) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


def test_what_was_read_stays_until_the_file_is_put_aside(example: Example) -> None:
    file = example.read(example.sheet(1, 2))
    table = services.rows(file).model._meta.db_table
    row = services.rows(file).order_by("line")[0]
    attacks = {
        f"UPDATE {table} SET number = 'x' WHERE id = %s": "frozen",
        f"UPDATE {table} SET line = 99 WHERE id = %s": "frozen",
        f"UPDATE {table} SET outcome = 'same' WHERE id = %s": "only_left_out",
        f"UPDATE {table} SET outcome = 'left' WHERE id = %s": "only_left_out",
        f"DELETE FROM {table} WHERE id = %s": "row_stays",
    }
    for sql, code in attacks.items():
        with pytest.raises(IntegrityError, match=code):
            raw(sql, [row.pk])
    without_guards()
    for sql in attacks:
        assert raw(sql, [row.pk]) == 1, "the control: without the guard it does"


def test_lines_come_in_by_the_dry_run_of_a_file_of_their_kind_only(example: Example) -> None:
    file = example.read(example.sheet(1))
    model = services.rows(file).model
    other = next(name for name in MADE if name != example.kind)
    foreign = ImportFile.objects.create(
        kind=other, sha256="0" * 64, encoding="utf-8", content=file.content, lines=1, loaded_by=example.clerk, loaded_at=clock.now()
    )
    for into in (file, foreign):
        with pytest.raises(IntegrityError, match="after_dry_run"), transaction.atomic():
            model.objects.create(file=into, line=99, outcome="wrong")
    without_guards()
    for into in (file, foreign):
        assert model.objects.create(file=into, line=99, outcome="wrong").pk, "the control: without the guard it does"


def test_a_file_is_loaded_before_it_is_released_by_another_person_and_then_never_changes(example: Example) -> None:
    file = example.read(example.sheet(1))
    services.release(file=file, released_by=example.keeper)
    third = StaffFactory(login="third")
    attacks = {
        "UPDATE imports_importfile SET released_by_id = %s WHERE id = %s": third.pk,
        "UPDATE imports_importfile SET sha256 = %s WHERE id = %s": "0" * 64,
        "UPDATE imports_importfile SET kind = %s WHERE id = %s": "other",
    }
    for sql, value in attacks.items():
        with pytest.raises(IntegrityError, match="frozen"):
            raw(sql, [value, file.pk])
    with pytest.raises(IntegrityError, match="never_deleted"):
        raw("DELETE FROM imports_importfile WHERE id = %s", [file.pk])
    without_guards()
    for sql, value in attacks.items():
        assert raw(sql, [value, file.pk]) == 1, "the control: without the guard it does"
