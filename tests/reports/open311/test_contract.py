"""The description of the interface tells the truth: schemathesis asks every operation what it promises, and what it must refuse."""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import Any

import pytest
from django.core import signals
from django.db import close_old_connections
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode

from municipality.wsgi import application
from reports.models import Report
from reports.open311 import description
from tests.factories import inspections, reports
from tests.reports.open311.conftest import Other

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.core.failures import FailureGroup

pytestmark = pytest.mark.django_db
EXAMPLES = 8  # of each operation, each once right and once wrong
KNOWN = {"service_code": "waste", "update_id": "u-1"}


@pytest.fixture(autouse=True)
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.open311.views.READS", 10**9)
    signals.request_started.disconnect(close_old_connections)
    signals.request_finished.disconnect(close_old_connections)
    yield  # type: ignore[misc]
    signals.request_started.connect(close_old_connections)
    signals.request_finished.connect(close_old_connections)


@pytest.fixture
def report(other: Other) -> Report:
    type(other.row).objects.filter(pk=other.row.pk).update(per_hour=10**6)
    inspections.inspector("mine", "HA")
    return reports.assigned(api_key=other.row)


def _application(environ: dict[str, Any], start_response: Any) -> Any:
    return application({**environ, "REMOTE_ADDR": "127.0.0.1"}, start_response)


def _aim(case: Any, other: Other, report: Report) -> None:
    """What nobody can make up: a key, a number, and a service; of a report that is sent, one place."""
    known = {**KNOWN, "service_request_id": report.number, "token": report.number, "api_key": other.key}
    for name in case.path_parameters or {}:
        case.path_parameters[name] = known.get(name, case.path_parameters[name])
    if case.operation.label.startswith("POST") and isinstance(case.body, dict):
        if case.operation.path.endswith("requests.{form}"):
            case.body |= {"lat": 29.3, "long": 48.0}
        case.body |= {name: known[name] for name in case.body if name in known}
    if case.query and {"lat", "long", "radius"} & case.query.keys():  # the description says in words that they come together
        case.query |= {"lat": 29.3, "long": 48.0}
    for dates in ("start_date", "end_date", "updated_after", "updated_before", "status", "detailed_status"):
        (case.query or {}).pop(dates, None)  # any text in the description; how they are read has tests of its own


class Asker:
    """Asks the operations of the description and keeps what is wrong with an answer, one line a broken promise."""

    def __init__(self, other: Other, report: Report) -> None:
        self.other, self.report = other, report
        self.asked, self.found = 0, dict[str, str]()

    def ask(self, case: Any, mode: GenerationMode) -> None:
        # An object in a query is sent as parameters of other names, which nobody promises to refuse.
        if any(isinstance(value, dict | list) for value in (case.query or {}).values()):
            return
        self.asked += 1
        if mode is GenerationMode.POSITIVE:
            _aim(case, self.other, self.report)
        try:
            case.call_and_validate(headers={"Host": "testserver", "Accept-Encoding": "identity"})
        except FailureGroup as group:
            for failure in group.exceptions:
                self.found[f"{case.operation.label} {mode.value}: {type(failure).__name__}"] = f"{failure} {case.query} {case.body}"

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


def failures(other: Other, report: Report, examples: int = EXAMPLES) -> list[str]:
    """What schemathesis finds over all operations."""
    asker = Asker(other, report)
    schema = schemathesis.openapi.from_dict(description.description())
    schema.app = _application
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) == 9
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            asker.ask_all(operation, mode, examples)
    assert asker.asked >= len(operations) * examples / 2
    return [f"{name}: {said}" for name, said in sorted(asker.found.items())]


def test_the_description_is_openapi_and_served(other: Other) -> None:
    answer: Any = other.client.get("/open311/openapi.json")
    assert answer.status_code == 200 and answer["Content-Type"].startswith("application/vnd.oai.openapi+json")
    validate_schema(answer.json() if answer["Content-Type"] == "application/json" else description.description())


@pytest.mark.slow
def test_every_operation_keeps_what_its_description_promises(other: Other, report: Report) -> None:
    found = failures(other, report)
    assert not found, "\n".join(found)


@pytest.mark.slow
def test_a_broken_promise_is_found(other: Other, report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.open311.service_list.services", lambda: 1 / 0)
    monkeypatch.setattr("reports.open311.service_list.discovery", lambda: {"changeset": 1})
    found = " ".join(failures(other, report, examples=2))
    assert "services.{form} positive: ServerError" in found and "discovery.{form} positive: JsonSchemaError" in found
