"""The description of the interface tells the truth: schemathesis asks every operation what it promises, and what it must refuse."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import unquote

import pytest
from django.core import signals
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from rest_framework.response import Response
from schemathesis.generation import GenerationMode

from municipality.wsgi import application
from tests.shops.open_data.conftest import Register

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.core.failures import FailureGroup

pytestmark = pytest.mark.django_db
EXAMPLES = 12  # of each operation, each once right and once wrong
# Places in a list are signed: nobody can make one up, so those that the interface gave are tried instead of made-up ones.
SIGNED = {"/api/v1/shops/": "after", "/api/v1/changes/": "since"}


@contextmanager
def connected() -> Iterator[None]:
    """A request's end closes no connection of the test's. Django's own client connects these again after each of its requests."""
    signals.request_started.disconnect(close_old_connections)
    signals.request_finished.disconnect(close_old_connections)
    yield
    signals.request_started.connect(close_old_connections)
    signals.request_finished.connect(close_old_connections)


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits have tests of their own; here they would end the questions after some hundred."""
    monkeypatch.setattr("municipality.interface.READS", 10**9)
    monkeypatch.setattr("shops.search.views.api.SEARCHES", 10**9)
    monkeypatch.setattr("municipality.api.CHECKS", 10**9)


def _application(environ: dict[str, Any], start_response: Any) -> Any:
    """The portal behind a server, which names the client."""
    return application({**environ, "REMOTE_ADDR": "127.0.0.1"}, start_response)


def _schema() -> Any:
    return schemathesis.openapi.from_wsgi("/api/schema/", _application, headers={"Host": "testserver"})


def _cursors(register: Register) -> dict[str, str]:
    client = Client()
    search = client.get("/api/v1/shops/?q=صالون").json()["next"]
    changes = client.get("/api/v1/changes/").json()["cursor"]
    return {"/api/v1/shops/": unquote(search.partition("after=")[2]), "/api/v1/changes/": changes}


class Asker:
    """Asks the operations of the description and keeps what is wrong with an answer, one line a broken promise."""

    def __init__(self, register: Register) -> None:
        self.with_events, self.cursors = register.with_events.public_id, _cursors(register)
        self.asked, self.found = 0, dict[str, str]()

    def ask(self, case: Any, mode: GenerationMode) -> None:
        self.asked += 1
        path = case.operation.path
        if mode is GenerationMode.POSITIVE:
            if path in SIGNED and case.query and SIGNED[path] in case.query:
                # A place belongs to its question: here that of the cursor, and nothing else.
                case.query = {SIGNED[path]: self.cursors[path], **({"q": "صالون"} if path == "/api/v1/shops/" else {})}
            if path == "/api/v1/shops/{public_id}/" and self.asked % 2:
                case.path_parameters["public_id"] = self.with_events
        try:
            case.call_and_validate(headers={"Host": "testserver", "Accept-Encoding": "identity"})
        except FailureGroup as group:
            for failure in group.exceptions:
                self.found[f"{case.operation.label} {mode.value}: {type(failure).__name__}"] = f"{failure} {case.query}"

    def ask_all(self, operation: Any, mode: GenerationMode, examples: int) -> None:
        def ask(case: Any) -> None:
            self.ask(case, mode)

        made = given(operation.as_strategy(generation_mode=mode))(ask)
        with suppress(Unsatisfiable):  # no wrong question can be made of an operation without parameters
            settings(
                max_examples=examples,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )(made)()


def failures(register: Register, examples: int = EXAMPLES) -> list[str]:
    """What schemathesis finds over all operations."""
    asker = Asker(register)
    with connected():
        operations = [result.ok() for result in _schema().get_all_operations()]
        assert len(operations) >= 10
        for operation in operations:
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                asker.ask_all(operation, mode, examples)
    assert asker.asked >= len(operations) * examples / 2
    return [f"{name}: {said}" for name, said in sorted(asker.found.items())]


@pytest.mark.slow
def test_every_operation_keeps_what_its_description_promises(register: Register, unlimited: None) -> None:
    found = failures(register)
    assert not found, "\n".join(found)


@pytest.mark.slow
def test_a_broken_promise_is_found(register: Register, unlimited: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shops.search.views.api.AreasForm.clean", lambda _: 1 / 0)
    monkeypatch.setattr("shops.search.views.api._Codes.page", lambda *_: Response({"results": [{}], "next": 1}))
    found = failures(register, examples=3)
    assert any("/api/v1/areas/ positive: ServerError" in line for line in found)
    assert any("/api/v1/governorates/ positive: JsonSchemaError" in line for line in found)
