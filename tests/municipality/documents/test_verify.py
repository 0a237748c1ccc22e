"""The check page: the live state, nothing personal, not for guessing."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.test import Client

from municipality.documents import services
from municipality.documents.models import Document, VerificationCheck
from municipality.kernel import clock, ids
from municipality.kernel.actors import system
from municipality.kernel.transitions import transition

pytestmark = pytest.mark.django_db
BY = system("tests")
DAY = dt.date(2026, 11, 24)


@pytest.fixture(autouse=True)
def day() -> Any:
    with clock.at(dt.datetime(2026, 11, 24, 9, tzinfo=dt.UTC)):
        yield


def document(first: int = -10, last: int = 10, *, number: str = "HLT-HA-2026-000001-X") -> Document:
    made = services.draft(
        kind="health_licence",
        number=number,
        subject="shop:abc",
        holder_key="person:secret",
        valid_from=DAY + dt.timedelta(days=first),
        valid_to=DAY + dt.timedelta(days=last),
        facts={"licensee": ["سر", "Secret Name"]},
        public_facts={"trade_name": ["صالون", "Salon"], "activity": ["نشاط", "Activity"], "area": ["منطقة", "Area"]},
    )
    transition(made, "carry_over", actor=BY)
    return made


def state(made: Document, language: str = "en") -> str:
    answer = Client(HTTP_ACCEPT_LANGUAGE=language).get(f"/verify/{made.code}")
    assert answer.status_code == 200 and "no-store" in answer["Cache-Control"]
    body = answer.content.decode()
    assert "Secret Name" not in body and "سر" not in body.split("<main")[1].replace("يسري", "") and "person:" not in body
    return body.split("<main")[1].split("</main>")[0]


@pytest.mark.parametrize(
    ("first", "last", "words"), [(-10, 10, "Valid"), (-10, 0, "Valid"), (-10, -1, "Ended"), (1, 10, "Issued, not in force yet")]
)
def test_the_state_follows_the_day(first: int, last: int, words: str) -> None:
    assert words in state(document(first, last))


def test_suspended_revoked_and_superseded_are_said_at_once() -> None:
    made = document()
    services.suspend(made, reason="inspection", actor=BY)
    assert "Suspended" in state(made)
    services.resume(made, reason="cleared", actor=BY)
    assert "valid today" in state(made)
    newer = document(number="HLT-HA-2026-000002-X")
    services.supersede(made, by=newer, actor=BY)
    assert newer.number in state(made) and "A newer document took its place." in state(made)
    services.revoke(newer, reason="court", actor=BY)
    assert "Revoked" in state(newer)


def test_the_language_is_the_browsers() -> None:
    made = document()
    assert "سارٍ" in state(made, "ar")
    assert "Valid" in state(made, "en")


def test_a_code_typed_from_paper_is_found() -> None:
    made = document()
    typed = f" {made.code[:5].lower()}-{made.code[5:10]} {made.code[10:]} "
    answer = Client(HTTP_ACCEPT_LANGUAGE="en").post("/verify/", {"code": typed}, follow=True)
    assert made.number in answer.content.decode()


def test_who_types_the_number_is_told_where_the_code_stands() -> None:
    made = document()
    page = Client(HTTP_ACCEPT_LANGUAGE="en").post("/verify/", {"code": f" {made.number.lower()} "}).content.decode()
    assert "This is the number of the document." in page and f'?q={made.number}"' in page
    other = Client(HTTP_ACCEPT_LANGUAGE="en").post("/verify/", {"code": "ZOP-HA-2026-000001-X"}).content.decode()
    assert "This is the number of the document." in other and "?q=" not in other, "no shop has the number of an opinion"


@pytest.mark.parametrize("code", ["x", "0" * 20, "..%2f..%2fetc", "٠" * 20, "A" * 500])
def test_a_wrong_code_is_a_neutral_404(code: str) -> None:
    document()
    answer = Client().get(f"/verify/{code}")
    assert answer.status_code == 404


def test_a_draft_is_not_found() -> None:
    made = services.draft(kind="health_licence", number="X-1", subject="shop:abc", holder_key="person:x")
    assert Client().get(f"/verify/{made.code}").status_code == 404


def test_the_thirty_first_check_of_a_minute_is_refused_on_page_and_interface_together() -> None:
    made = document()
    client = Client()
    answers = [client.get(f"/verify/{made.code}").status_code for _ in range(29)]
    assert client.get(f"/api/v1/verify/{made.code}").status_code == 200
    assert set(answers) == {200}
    refused = client.get(f"/verify/{made.code}")
    assert refused.status_code == 429 and int(refused["Retry-After"]) >= 1
    machine = client.get(f"/api/v1/verify/{made.code}")
    assert machine.status_code == 429 and machine["Content-Type"].startswith("application/problem+json")


def test_ten_thousand_random_codes_hit_nothing() -> None:
    document()
    assert not any(Document.objects.filter(code__in=[ids.typed_code() for _ in range(500)]).exists() for _ in range(20))


def test_checks_are_counted_without_saying_who_asked() -> None:
    made = document()
    Client().get(f"/verify/{made.code}")
    Client().get("/verify/00000000000000000000")
    assert list(VerificationCheck.objects.order_by("pk").values_list("found", flat=True)) == [True, False]
    assert {f.name for f in VerificationCheck._meta.fields} == {"id", "at", "document", "found"}


def test_the_interface_says_the_same_and_no_more() -> None:
    made = document()
    body = json.loads(Client().get(f"/api/v1/verify/{made.code}").content)
    assert body["state"] == "valid" and body["number"] == made.number and body["sha256"] is None
    assert set(body) == {"number", "state", "valid_from", "valid_to", "sha256", "trade_name_ar", "trade_name_en"}
    missing = Client(HTTP_ACCEPT_LANGUAGE="en").get("/api/v1/verify/nothing")
    assert missing.status_code == 404 and json.loads(missing.content)["code"] == "not_found"
