"""Mobile ID: pushes and scanned codes, approved, declined, run out, never answered."""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from typing import Any

import pytest

from municipality.kernel import civil_id as kernel_civil_id
from municipality.kernel import clock
from sandbox.simulators.mobile_id import pages, people
from sandbox.simulators.mobile_id.book import Book

from .conftest import MobileIdCounter, person_file, until

FIRST, SECOND = people.generate(2)
NOBODY = "290010112346"


def test_an_approved_push_hands_the_person_over_as_often_as_asked(mobile_id: MobileIdCounter) -> None:
    asked = mobile_id.request(civil_id=FIRST["civil_id"])
    assert asked["qr"] is None
    assert dt.datetime.fromisoformat(asked["expires_at"]) > clock.now() + dt.timedelta(minutes=4)
    assert mobile_id.result(asked["request_id"]) == {"status": "pending", "assurance": "high"}
    assert mobile_id.post("/control/decide", json={"request_id": asked["request_id"], "decision": "approve"}).json() == {
        "status": "approved"
    }
    person = {name: FIRST[name] for name in ("civil_id", "name_ar", "name_en", "mobile")}
    for _ in range(2):
        assert mobile_id.result(asked["request_id"]) == {"status": "approved", "assurance": "high", "person": person}


@pytest.mark.parametrize("decision", ["approve", "decline"])
def test_every_decision_calls_back_with_nothing_but_the_request_id(mobile_id: MobileIdCounter, merchant: Any, decision: str) -> None:
    asked = mobile_id.request(civil_id=FIRST["civil_id"])
    mobile_id.post("/control/decide", json={"request_id": asked["request_id"], "decision": decision})
    until(lambda: merchant.heard)
    [(path, body)] = merchant.heard
    assert path == "/accounts/mobile-id/callback"
    assert json.loads(body) == {"RequestDetails": {"RequestID": asked["request_id"]}}


def test_a_declined_push_hands_nobody_over(mobile_id: MobileIdCounter) -> None:
    asked = mobile_id.request(civil_id=FIRST["civil_id"])
    mobile_id.post("/control/decide", json={"request_id": asked["request_id"], "decision": "decline"})
    assert mobile_id.result(asked["request_id"]) == {"status": "declined", "assurance": "high"}


def test_an_unknown_number_is_answered_alike_and_never_decided(mobile_id: MobileIdCounter) -> None:
    known, unknown = mobile_id.request(civil_id=FIRST["civil_id"]), mobile_id.request(civil_id=NOBODY)
    assert known.keys() == unknown.keys()
    assert (known["qr"], len(known["request_id"])) == (unknown["qr"], len(unknown["request_id"]))
    assert mobile_id.result(unknown["request_id"]) == mobile_id.result(known["request_id"])
    refused = mobile_id.post("/control/decide", json={"request_id": unknown["request_id"], "decision": "approve"})
    assert refused.status_code == 400
    assert mobile_id.result(unknown["request_id"])["status"] == "pending"


def test_an_unknown_number_is_refused_where_the_double_is_told_to(mobile_id: MobileIdCounter) -> None:
    assert mobile_id.post("/control/unknown", json={"unknown": "refuse"}).status_code == 200
    with pytest.raises(AssertionError, match="Nobody has this number"):
        mobile_id.request(civil_id=NOBODY)
    assert mobile_id.result(mobile_id.request(civil_id=FIRST["civil_id"])["request_id"])["status"] == "pending"
    assert mobile_id.request()["qr"]  # a code to scan names nobody
    assert mobile_id.post("/control/unknown", json={"unknown": "nonsense"}).status_code == 400


def test_a_request_that_ran_out_can_no_longer_be_approved(mobile_id: MobileIdCounter) -> None:
    asked = mobile_id.request(civil_id=FIRST["civil_id"])
    mobile_id.post("/control/decide", json={"request_id": asked["request_id"], "decision": "expire"})
    late = mobile_id.post("/control/decide", json={"request_id": asked["request_id"], "decision": "approve"})
    assert late.status_code == 409
    assert mobile_id.result(asked["request_id"])["status"] == "expired"


def test_a_decision_is_taken_once(mobile_id: MobileIdCounter) -> None:
    asked = mobile_id.request(civil_id=FIRST["civil_id"])
    decide = {"request_id": asked["request_id"], "decision": "decline"}
    assert mobile_id.post("/control/decide", json=decide).status_code == 200
    assert mobile_id.post("/control/decide", json=decide | {"decision": "approve"}).status_code == 409
    assert mobile_id.result(asked["request_id"])["status"] == "declined"


def test_the_answer_can_be_read_for_five_minutes(mobile_id: MobileIdCounter, mobile_id_book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = mobile_id.request(civil_id=FIRST["civil_id"])
    mobile_id.post("/control/decide", json={"request_id": asked["request_id"], "decision": "approve"})
    now = time.time()
    for later, status in ((299, 200), (301, 404)):
        monkeypatch.setattr(time, "time", lambda later=later: now + later)
        assert mobile_id.get(f"/auth-requests/{asked['request_id']}").status_code == status


def test_only_the_person_addressed_can_answer_a_push(mobile_id: MobileIdCounter) -> None:
    asked = mobile_id.request(civil_id=FIRST["civil_id"])
    form = {"request_id": asked["request_id"], "person": "p002", "decision": "approve", "lang": "en"}
    assert "said=gone" in mobile_id.post("/phone/decide", data=form).headers["Location"]
    assert mobile_id.result(asked["request_id"])["status"] == "pending"
    assert "said=approved" in mobile_id.post("/phone/decide", data=form | {"person": "p001"}).headers["Location"]  # control


def test_whoever_scans_the_code_answers_for_themselves(mobile_id: MobileIdCounter) -> None:
    asked = mobile_id.request()
    assert asked["request_id"] not in asked["qr"]
    chooser = mobile_id.get("/phone/", params={"qr": asked["qr"], "lang": "en"}).text
    assert f"qr={asked['qr']}" in chooser
    shown = mobile_id.get("/phone/", params={"qr": asked["qr"], "lang": "en", "person": "p002"}).text
    assert asked["request_id"] in shown
    mobile_id.post("/phone/decide", data={"request_id": asked["request_id"], "person": "p002", "decision": "approve", "lang": "en"})
    assert mobile_id.result(asked["request_id"])["person"]["civil_id"] == SECOND["civil_id"]
    assert asked["request_id"] not in mobile_id.get("/phone/", params={"qr": asked["qr"], "lang": "en", "person": "p001"}).text


@pytest.mark.parametrize(("language", "service", "reason"), [("ar", "البلدية", "دخول"), ("en", "Municipality", "Sign in")])
def test_the_phone_shows_who_asks_why_and_the_number_to_compare(
    mobile_id: MobileIdCounter, language: str, service: str, reason: str
) -> None:
    mobile_id.request(civil_id=FIRST["civil_id"], number_match="73")
    page = mobile_id.get("/phone/", params={"person": "p001", "lang": language}).text
    assert f'<html lang="{language}"' in page
    for text in (service, reason, ">73<", FIRST[f"name_{language}"]):
        assert text in page
    assert mobile_id.get("/phone/", params={"person": "p002", "lang": language}).text.count("data-request") == 0


def test_texts_of_the_asking_service_cannot_become_markup(mobile_id: MobileIdCounter) -> None:
    mobile_id.request(civil_id=FIRST["civil_id"], reason_en="<script>x</script>")
    page = mobile_id.get("/phone/?person=p001&lang=en").text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_no_civil_number_stands_on_the_phone_or_in_its_addresses(mobile_id: MobileIdCounter) -> None:
    mobile_id.request(civil_id=FIRST["civil_id"])
    for path in ("/phone/?lang=en", "/phone/?lang=ar&person=p001"):
        assert not re.search(r"[23]\d{11}", re.sub(r"[0-9a-f]{32}", "", mobile_id.get(path).text))


def test_the_modes_make_it_slow_down_or_decline(mobile_id: MobileIdCounter) -> None:
    assert mobile_id.post("/control/mode", json={"mode": "decline"}).status_code == 200
    assert mobile_id.result(mobile_id.request(civil_id=FIRST["civil_id"])["request_id"])["status"] == "declined"
    mobile_id.post("/control/mode", json={"mode": "slow"})
    before = time.monotonic()
    asked = mobile_id.request()
    assert time.monotonic() - before >= 0.3
    mobile_id.post("/control/mode", json={"mode": "down"})
    assert mobile_id.get(f"/auth-requests/{asked['request_id']}").status_code == 503
    mobile_id.post("/control/mode", json={"mode": "ok"})
    assert mobile_id.result(asked["request_id"])["status"] == "pending"
    assert mobile_id.post("/control/mode", json={"mode": "nonsense"}).status_code == 400


@pytest.mark.parametrize(
    "changed",
    [
        {"service_id": ""},
        {"reason_ar": None},
        {"civil_id": "123"},
        {"civil_id": 290010112346},
        {"callback_url": "x"},
        {"number_match": "abc"},
    ],
)
def test_a_request_that_lacks_something_is_refused(mobile_id: MobileIdCounter, changed: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="error"):
        mobile_id.request(**changed)


def test_an_unknown_request_is_not_found(mobile_id: MobileIdCounter) -> None:
    assert mobile_id.get(f"/auth-requests/{'0' * 32}").status_code == 404


def test_the_generated_people_are_the_same_every_time_with_valid_numbers() -> None:
    everybody = people.generate()
    assert everybody == people.generate()
    assert len({person["civil_id"] for person in everybody}) == 40
    assert len({person["name_ar"] for person in everybody}) == len({person["name_en"] for person in everybody}) == 40
    assert len({person["mobile"] for person in everybody}) == 40
    for person in everybody:
        assert kernel_civil_id.parse(person["civil_id"]) == person["civil_id"]
        assert tuple(person) == people.FIELDS
        assert len(set(person["name_ar"].split())) == 3
        assert not re.search("[A-Za-z]", person["name_ar"])


def test_people_come_from_the_file_as_soon_as_it_is_there(mobile_id: MobileIdCounter, people_file: Any) -> None:
    new = {"civil_id": NOBODY, "name_ar": "اسم جديد", "name_en": "New Name", "mobile": "+96550000000", "role": "owner"}
    assert len(mobile_id.get("/control/people").json()["people"]) == 40
    person_file(people_file, new)
    assert [person["civil_id"] for person in mobile_id.get("/control/people").json()["people"]] == [NOBODY]
    people_file.write_text("[{]", encoding="utf8")
    assert [person["civil_id"] for person in mobile_id.get("/control/people").json()["people"]] == [NOBODY]


def test_a_file_of_people_without_a_field_or_with_a_number_twice_is_refused() -> None:
    with pytest.raises(people.InvalidPeople, match="mobile"):
        people._checked([{name: "x" for name in people.FIELDS if name != "mobile"}])
    with pytest.raises(people.InvalidPeople, match="twice"):
        people._checked([FIRST, FIRST])


def test_the_texts_of_the_phone_exist_in_both_languages() -> None:
    assert pages.TEXTS["ar"].keys() == pages.TEXTS["en"].keys()
    assert pages.ROLES["ar"].keys() == pages.ROLES["en"].keys()
