"""Course, tracking, figures and blocks of cases."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client

from licensing.health.services import submit_renewal, take_payment
from licensing.health.states import RENEWAL
from municipality.accounts import limits
from municipality.accounts.models import User
from municipality.audit.services import log_access
from municipality.cases import queries, services, timeline
from municipality.cases.models import Block, Case
from municipality.cases.timeline import TIMELINES
from municipality.cases.views import citizen
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.workflow import WORKFLOWS
from tests.browsers import signed_in
from tests.conftest import NOON
from tests.factories.accounts import NOURA, PersonFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(make_shop: Any, owner: Any) -> Case:
    return submit_renewal(shop=make_shop(), applicant=owner)


def test_every_workflow_of_a_service_has_its_timeline() -> None:
    for name, found in TIMELINES.items():
        told = set(found.titles) | {WORKFLOWS[name].initial}
        assert {to for _, _, to in WORKFLOWS[name].edges()} <= told
        assert set(found.path) <= told


def test_the_course_is_told_to_the_minute_with_what_is_still_to_come(case: Case) -> None:
    steps = timeline.steps(case, list(case.events.order_by("pk")))
    assert [s.kind for s in steps] == ["now", "next", "next", "next"]
    assert steps[0].at == NOON
    take_payment(case=case)
    case.refresh_from_db()
    steps = timeline.steps(case, list(case.events.order_by("pk")))
    assert [s.kind for s in steps] == ["done", "done", "now", "next"]


def test_the_case_page_shows_the_person_who_looked(case: Case, owner: Any) -> None:
    client = signed_in(owner)
    address = f"/en/cases/{case.public_id}/"
    assert "Nobody has opened it" in client.get(address).content.decode()
    log_access(viewer=Actor("auditor", "staff:x"), person_key=owner.key, subject=case.key, purpose="audit")
    assert "Auditor: audit" in client.get(address).content.decode()
    assert signed_in(PersonFactory(civil_id=NOURA)).get(address).status_code == 404


def test_a_list_of_requests_goes_on_page_by_page(case: Case, owner: Any) -> None:
    client = signed_in(owner)
    assert case.reference in client.get("/ar/my-requests/").content.decode()
    for before in ("1", "0", "x", "9" * 50, "١"):
        assert client.get("/ar/my-requests/", {"before": before}).status_code == 200


def test_requests_are_listed_by_their_time_and_the_next_page_goes_on_there(
    case: Case, owner: Any, make_shop: Any, monkeypatch: Any
) -> None:
    with clock.at(NOON - dt.timedelta(days=2)):
        older = submit_renewal(shop=make_shop(), applicant=owner)  # written later, opened earlier
    client = signed_in(owner)
    page = client.get("/en/my-requests/").content.decode()
    assert page.index(case.reference) < page.index(older.reference)
    monkeypatch.setattr(citizen, "PAGE", 1)
    page = client.get("/en/my-requests/").content.decode()
    assert case.reference in page and older.reference not in page
    page = client.get("/en/my-requests/", {"before": str(case.pk)}).content.decode()
    assert older.reference in page and case.reference not in page


def test_tracking_needs_reference_and_last_four_digits(case: Case) -> None:
    answer = Client().post("/en/track/", {"reference": case.reference.lower(), "last_four": "٠٠١٣"})
    body = answer.content.decode()
    assert "Submitted, waiting for payment" in body
    assert case.applicant.name_en not in body and case.title_en not in body


@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_request_of_years_ago_is_followed_when_nothing_names_its_applicant_any_more(case: Case, language: str) -> None:
    take_payment(case=case)
    names = [getattr(case.applicant, f"name_{code}") for code in ("ar", "en")]
    empty = {"name_ar": "", "name_en": "", "email": "", "phone": "", "civil_id_digest": None, "civil_id_cipher": "", "is_active": False}
    User.objects.filter(pk=case.applicant_id).update(**empty)
    with clock.at(NOON + dt.timedelta(days=3 * 365)):
        answer = Client().post(f"/{language}/track/", {"reference": case.reference, "last_four": "0013"})
    body = answer.content.decode()
    assert answer.status_code == 200 and case.reference in body and 'class="kp-time"' in body and "2026-11-24T12:00" in body
    assert not any(name in body for name in names)


@pytest.mark.parametrize(
    "typed", [{"last_four": "9999"}, {"reference": "HL-2026-000099-X"}, {"reference": "HL-2026-000099-X", "last_four": "9999"}]
)
def test_every_kind_of_miss_reads_the_same(case: Case, typed: dict[str, str]) -> None:
    answer = Client().post("/en/track/", {"reference": case.reference, "last_four": "0013"} | typed)
    assert answer.status_code == 200
    body = answer.content.decode()
    assert "No request with these details" in body and "Submitted, waiting" not in body


def test_guessing_is_limited(case: Case) -> None:
    client = Client()
    answers = [client.post("/en/track/", {"reference": case.reference, "last_four": f"{n:04d}"}).status_code for n in range(1, 9)]
    assert answers[:6] == [200] * 6 and answers[6:] == [429, 429]


def test_who_finds_their_request_takes_nothing_from_the_others_of_a_mobile_network(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits.WRONG_REFERENCES.amount >= 60
    monkeypatch.setattr("municipality.cases.views.public.WRONG_REFERENCES", limits.AttemptLimit("wrong_references", 3, 600))
    for _person in range(5):
        assert "Submitted, waiting for payment" in guess(case.reference, "0013").content.decode()
    misses = [guess(f"HL-2026-00009{n}-X").status_code for n in range(4)]
    assert misses == [200, 200, 200, 429], "guesses over many references are limited by the address"


def guess(reference: str, digits: str = "9999", place: int = 0) -> Any:
    """One try from an address of its own."""
    return Client(REMOTE_ADDR=f"10.0.1.{place}").post("/en/track/", {"reference": reference, "last_four": digits})


def told(reference: str) -> tuple[int, str]:
    """What seven guessers from seven addresses are told at last, without what is random or was typed."""
    with clock.at(NOON):
        answer = [guess(reference, place=n) for n in range(7)][-1]
    body = re.sub(r'csrfmiddlewaretoken" value="[^"]+"', "", answer.content.decode())
    assert f'value="{reference}"' in body and int(answer["Retry-After"]) == 900
    return answer.status_code, body.replace(reference, "")


def test_a_reference_that_was_guessed_at_six_times_is_closed_for_a_quarter_of_an_hour(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    exists, none = told(case.reference), told("HL-2026-000099-X")
    assert exists == none and exists[0] == 429 and "Too many wrong tries for this reference" in exists[1]
    with clock.at(NOON + dt.timedelta(minutes=14)):
        assert guess(case.reference.lower(), "0013", 99).status_code == 429  # right, and not looked at
    with clock.at(NOON + dt.timedelta(minutes=16)):
        assert "Submitted, waiting for payment" in guess(case.reference, "0013", 99).content.decode()
    # Red control: counted by the address alone, the digits are guessed from many.
    monkeypatch.setattr(limits.WRONG_DIGITS.__class__, "use", lambda self, subject: limits.LimitUsage(self.name, 1, 1, 1, 1))
    assert {guess(case.reference, f"{n:04d}", n).status_code for n in range(12)} == {200}


def test_right_digits_use_up_no_try(case: Case) -> None:
    for n in range(5):
        guess(case.reference, place=n)
    for n in range(5, 14):
        assert "Submitted, waiting for payment" in guess(case.reference, "0013", n).content.decode()
    assert [guess(case.reference, place=n).status_code for n in (15, 16)] == [200, 429]


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"reference": "x" * 5000, "last_four": "12"},
        {"reference": "'; --", "last_four": "abcd"},
        {"reference": "\u202d", "last_four": "\u202e12"},
    ],
)
def test_bad_input_gets_a_sentence_and_no_crash(typed: dict[str, str], rules: None) -> None:
    answer = Client().post("/en/track/", typed)
    assert answer.status_code == 200 and "<title>Error:" in answer.content.decode()


def test_a_block_is_placed_once_and_lifted_with_trace(make_shop: Any) -> None:
    shop, by = make_shop(), system("violations")
    for _ in range(2):
        services.place_block(subject=shop.key, ground="unpaid", source="s:1", stops=RENEWAL, sentence_ar="x", sentence_en="x", actor=by)
    assert Block.objects.count() == 1
    assert services.lift_block(subject=shop.key, source="s:1", actor=by) == 1
    assert services.lift_block(subject=shop.key, source="s:1", actor=by) == 0
    assert queries.active_blocks(shop.key, RENEWAL) == []
