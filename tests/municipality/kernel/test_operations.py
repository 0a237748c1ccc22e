"""The operation that creates the tables of an app at once."""

from __future__ import annotations

from importlib import import_module
from unittest import mock

import pytest
from django.apps import apps
from django.db import connection, migrations, models
from django.db.migrations.state import ModelState, ProjectState

from municipality.kernel.operations import CreateModels

HERE = "tried"
AUTHOR, BOOK, LOAN = (
    migrations.CreateModel(
        name=name,
        fields=[
            ("id", models.BigAutoField(primary_key=True)),
            *((to.lower(), models.ForeignKey(f"{HERE}.{to}", models.PROTECT)) for to in related),
        ],
    )
    for name, related in (("Author", ()), ("Book", ("Author",)), ("Loan", ("Book",)))
)


def _rendered(*operations: migrations.operations.base.Operation) -> int:
    """How many models are rendered while the state moves over the operations, as `migrate` moves it."""
    state = ProjectState()
    with mock.patch.object(ModelState, "render", autospec=True, side_effect=ModelState.render) as render:
        for operation in operations:
            assert state.apps is not None
            operation.state_forwards(HERE, state)
        assert {model.__name__ for model in state.apps.get_models()} == {"Author", "Book", "Loan"}
    return render.call_count


def test_each_model_is_rendered_once() -> None:
    assert _rendered(CreateModels([AUTHOR, BOOK, LOAN])) == 3
    assert _rendered(AUTHOR, BOOK, LOAN) == 6, "control: without it, a model is rendered anew with each that refers to it"


@pytest.mark.django_db(transaction=True)
def test_the_tables_are_made_and_dropped() -> None:
    operation, before, after = CreateModels([AUTHOR, BOOK, LOAN]), ProjectState(), ProjectState()
    operation.state_forwards(HERE, after)
    tables = {f"{HERE}_{name}" for name in ("author", "book", "loan")}
    with connection.schema_editor() as editor:
        operation.database_forwards(HERE, editor, before, after)
    try:
        assert tables <= set(connection.introspection.table_names())
    finally:
        with connection.schema_editor() as editor:
            operation.database_backwards(HERE, editor, after, before)
    assert not tables & set(connection.introspection.table_names())


def test_the_first_migration_of_an_app_uses_it() -> None:
    for app in apps.get_app_configs():
        if not app.name.startswith(("municipality.", "licensing", "payments", "reports", "shops", "violations", "zoning")):
            continue
        try:
            operations = import_module(f"{app.name}.migrations.0001_initial").Migration.operations
        except ModuleNotFoundError:
            continue
        assert sum(isinstance(one, migrations.CreateModel) for one in operations) <= 1, app.name
