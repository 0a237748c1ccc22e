"""The contract of the address that a device sends its entries to."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from django.test import RequestFactory

from municipality.fieldwork import device, services
from municipality.fieldwork.models import Visit
from municipality.kernel.errors import NotPermitted, Refused
from municipality.uploads.refusals import FileRefused
from tests.municipality.fieldwork.portal import NoteForm

pytestmark = pytest.mark.django_db


def form(**more: str) -> NoteForm:
    values = {"client_key": str(uuid4()), "seen_at": "2026-11-24T12:00:00+03:00", "latitude": "29.3", "longitude": "48.0"}
    return NoteForm(values | {"accuracy_m": "12.6", "note": "one"} | more)


def told(answer: Any) -> tuple[int, dict[str, Any]]:
    return answer.status_code, json.loads(answer.content)


def test_new_then_known_with_the_same_answer(sender: Any) -> None:
    def take(form: NoteForm) -> device.ReceivedVisit:
        visit, made = services.receive(sender=sender, sent=form.sent(), write=lambda visit: True)
        return device.ReceivedVisit(visit.key, f"/done/{visit.key}/", made is not None)

    sent = form()
    first, again = (told(device.respond(NoteForm(sent.data), take)) for _turn in range(2))
    visit = Visit.objects.get()
    assert (first[0], again[0]) == (201, 200) and first[1] == again[1]
    assert first[1] == {"reference": visit.key, "url": f"/done/{visit.key}/", "refused": []}
    assert (visit.latitude, visit.longitude, visit.accuracy_m, visit.started_at.isoformat()) == (
        29.3,
        48.0,
        12,
        "2026-11-24T09:00:00+00:00",
    )


@pytest.mark.parametrize(
    ("refusal", "status"),
    [(Refused("a", "x"), 409), (NotPermitted("a", "x"), 403), (FileRefused("a", "x", 507), 507)],
)
def test_a_refusal_is_told_with_its_status(refusal: Refused, status: int) -> None:
    def refuse(form: NoteForm) -> device.ReceivedVisit:
        raise refusal

    assert told(device.respond(form(), refuse)) == (status, {"code": "a", "sentence": "x"})
    assert told(device.refusal_response(refusal)) == (status, {"code": "a", "sentence": "x"})


def test_refused_photos_are_told_and_take_nothing_with_them() -> None:
    answer = device.respond(form(), lambda form: device.ReceivedVisit("r", "/r/", True, ["too large"]))
    assert told(answer) == (201, {"reference": "r", "url": "/r/", "refused": ["too large"]})


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"client_key": "1"}, "client_key"),
        ({"client_key": ""}, "client_key"),
        ({"seen_at": "yesterday"}, "seen_at"),
        ({"seen_at": "2026-11-24T09:00:00"}, "seen_at"),
        ({"latitude": "95"}, "latitude"),
        ({"longitude": "10"}, "longitude"),
        ({"accuracy_m": "-1"}, "accuracy_m"),
        ({"note": ""}, "note"),
    ],
)
def test_facts_that_do_not_fit_are_told_by_field(wrong: dict[str, str], name: str) -> None:
    status, answer = told(device.respond(form(**wrong), pytest.fail))
    assert (status, answer["code"]) == (400, "bad_facts") and list(answer["fields"]) == [name]
    assert answer["sentence"] == " ".join(answer["fields"][name])


@pytest.mark.parametrize("half", [{"latitude": ""}, {"longitude": ""}])
def test_half_a_place_is_none(half: dict[str, str]) -> None:
    found = form(**half)
    assert found.is_valid()
    assert (found.sent().latitude, found.sent().longitude) == (None, None)


def test_the_worker_keeps_the_form_of_the_service(rf: RequestFactory) -> None:
    answer = device.service_worker(rf.get("/worker.js"), form_url="/field/form/")
    assert answer["Content-Type"] == "text/javascript" and '"/field/form/"' in answer.content.decode()
