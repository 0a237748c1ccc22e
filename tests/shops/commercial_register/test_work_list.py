"""The work list in the browser: who decides, by what proof, once, and only what they saw; a refusal changes nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from municipality.audit.models import AuditEvent
from municipality.jobs.models import Job
from municipality.kernel import clock
from shops.commercial_register.services import decisions
from shops.models import RegisterChange, Shop
from shops.models.commercial_register import CommercialDifference
from tests.browsers import signed_in
from tests.factories.accounts import NOURA, PersonFactory, StaffFactory
from tests.shops.commercial_register.conftest import Commercial

pytestmark = pytest.mark.django_db
Both = tuple[Commercial, Shop]
LIST = "/admin/commercial/"
OTHERS = ("officer", "supervisor", "register_clerk", "operator", "finance_checker", "rule_publisher", "violation_authority", "court_clerk")


@pytest.fixture
def row(both: Both) -> CommercialDifference:
    """A name that differs."""
    commercial, shop = both
    commercial.happens(shop, "rename", name_ar="صالون الدانة")
    commercial.delta()
    [found] = commercial.open().values()
    return found


def page_of(row: CommercialDifference) -> str:
    return f"{LIST}{row.public_id}/"


def seen_on(client: Client, row: CommercialDifference) -> str:
    """What the form on the page would send back."""
    page = client.get(page_of(row)).content.decode()
    return page.partition('name="seen" value="')[2].partition('"')[0]


def untouched(row: CommercialDifference) -> bool:
    row.refresh_from_db()
    decided = AuditEvent.objects.filter(action__in=("commercial.accepted", "commercial.dismissed"))
    return row.state == "open" and not RegisterChange.objects.exists() and not decided.exists()


def test_a_keeper_with_a_passkey_takes_over_what_the_page_showed(both: Both, row: CommercialDifference) -> None:
    commercial, shop = both
    client = signed_in(commercial.clerk)
    answer = client.post(page_of(row), {"step": "accept", "seen": seen_on(client, row)})
    assert (answer.status_code, answer["Location"]) == (302, page_of(row))
    shop.refresh_from_db()
    row.refresh_from_db()
    assert (shop.name_ar, row.state, row.decided_by) == ("صالون الدانة", "accepted", commercial.clerk)
    page = client.get(page_of(row)).content.decode()
    assert 'value="accept"' not in page and 'value="dismiss"' not in page


def test_a_keeper_dismisses_for_a_reason_of_the_list(both: Both, row: CommercialDifference) -> None:
    client = signed_in(both[0].clerk)
    assert client.post(page_of(row), {"step": "dismiss", "seen": seen_on(client, row), "code": "spelling_only"}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.last_event.reason, RegisterChange.objects.count()) == ("dismissed", "spelling_only", 0)


@pytest.mark.parametrize("step", ["accept", "dismiss"])
@pytest.mark.parametrize("role", [*OTHERS, "auditor"])
def test_nobody_else_of_the_staff_decides(row: CommercialDifference, role: str, step: str) -> None:
    client = signed_in(StaffFactory(groups=[role], login=role))
    sent = {"step": step, "seen": decisions.fingerprint(row), "code": "spelling_only"}
    assert client.get(page_of(row)).status_code == (200 if role == "auditor" else 403)
    assert client.post(page_of(row), sent).status_code == 403 and untouched(row)


def test_no_citizen_and_nobody_without_a_session_decides(row: CommercialDifference) -> None:
    sent = {"step": "accept", "seen": decisions.fingerprint(row)}
    for client in (signed_in(PersonFactory(civil_id=NOURA)), Client()):
        away = client.post(page_of(row), sent)
        assert away.status_code == 302 and away["Location"].split("?")[0] in ("/admin/login/", "/staff/sign-in/") and untouched(row)


def test_a_keeper_who_came_in_by_a_code_decides_nothing(both: Both, row: CommercialDifference) -> None:
    by_code = signed_in(both[0].clerk, factor="totp")
    answer = by_code.post(page_of(row), {"step": "accept", "seen": decisions.fingerprint(row)})
    assert answer.status_code in (302, 403) and answer.headers.get("Location", "") != page_of(row) and untouched(row)


def test_taking_over_asks_again_after_five_minutes_and_keeps_what_was_sent(both: Both, row: CommercialDifference) -> None:
    commercial, _shop = both
    client = signed_in(commercial.clerk)
    seen = seen_on(client, row)
    commercial.clock.move(minutes=6)
    asked = client.post(page_of(row), {"step": "accept", "seen": seen})
    page = asked.content.decode()
    assert asked.status_code == 403 and f'value="{seen}"' in page and 'value="accept"' in page and untouched(row)
    client.post(page_of(row), {"step": "dismiss", "seen": seen, "code": "spelling_only"})
    row.refresh_from_db()
    assert row.state == "dismissed", "leaving the register as it is asks nobody again"


@pytest.mark.parametrize("second", ["accept", "dismiss"])
@pytest.mark.parametrize("first", ["accept", "dismiss"])
def test_a_difference_is_decided_once_and_the_second_time_says_so(both: Both, row: CommercialDifference, first: str, second: str) -> None:
    client, other = signed_in(both[0].clerk), signed_in(StaffFactory(groups=["register_keeper"], login="second"))
    seen = seen_on(client, row)
    sent = {"seen": seen, "code": "spelling_only"}
    assert client.post(page_of(row), sent | {"step": first}).status_code == 302
    row.refresh_from_db()
    before = row.state, row.decided_by, row.last_event_id, RegisterChange.objects.count()
    late = other.post(page_of(row), sent | {"step": second})
    row.refresh_from_db()
    assert late.status_code == 409 and 'role="alert"' in late.content.decode()
    assert (row.state, row.decided_by, row.last_event_id, RegisterChange.objects.count()) == before


def test_an_id_that_is_nobodys_is_not_found(both: Both, row: CommercialDifference) -> None:
    client = signed_in(both[0].clerk)
    for public_id in ("0" * 26, row.public_id[:-1], both[1].public_id, str(row.pk)):
        assert client.post(f"{LIST}{public_id}/", {"step": "accept", "seen": decisions.fingerprint(row)}).status_code == 404
    assert untouched(row)


def test_what_was_seen_of_another_difference_decides_nothing(both: Both, row: CommercialDifference) -> None:
    commercial, shop = both
    commercial.happens(shop, "activity", activity="SPA")
    commercial.delta()
    other = commercial.open()["activity"]
    client = signed_in(commercial.clerk)
    answer = client.post(page_of(other), {"step": "accept", "seen": seen_on(client, row)})
    assert answer.status_code == 409 and untouched(row) and untouched(other)


def test_what_changed_after_the_page_was_opened_is_shown_first_and_the_choice_stays(both: Both, row: CommercialDifference) -> None:
    commercial, shop = both
    client = signed_in(commercial.clerk)
    seen = seen_on(client, row)
    commercial.happens(shop, "rename", name_ar="صالون اللؤلؤة")
    commercial.delta()
    answer = client.post(page_of(row), {"step": "dismiss", "seen": seen, "code": "spelling_only"})
    page = answer.content.decode()
    assert answer.status_code == 409 and "صالون اللؤلؤة" in page and untouched(row)
    assert 'value="spelling_only" required checked' in page
    fresh = page.partition('name="seen" value="')[2].partition('"')[0]
    assert fresh != seen and client.post(page_of(row), {"step": "accept", "seen": fresh}).status_code == 302
    shop.refresh_from_db()
    assert shop.name_ar == "صالون اللؤلؤة"


@pytest.mark.parametrize(
    "sent",
    [
        {"step": "dismiss", "code": ""},
        {"step": "dismiss", "code": "because"},
        {"step": "dismiss", "code": "x" * 5000},
        {"step": "settle"},
        {"step": ""},
        {"step": "accept", "seen": ""},
        {"step": "accept", "seen": "ش" * 5000},
    ],
)
def test_what_no_button_sends_is_refused_with_a_sentence(both: Both, row: CommercialDifference, sent: dict[str, str]) -> None:
    client = signed_in(both[0].clerk)
    answer = client.post(page_of(row), {"seen": seen_on(client, row), **sent})
    assert answer.status_code == 409 and 'role="alert"' in answer.content.decode() and untouched(row)


def test_a_keeper_asks_and_everybody_else_only_reads(both: Both) -> None:
    commercial, _shop = both
    keeper, auditor = signed_in(commercial.clerk), signed_in(StaffFactory(groups=["auditor"]))
    commercial.clock.move(minutes=2)
    asked = Job.objects.filter(kind="shops.commercial_licence")
    before = Job.objects.filter(kind="shops.commercial_page").count()
    for sent in ({"step": "ask"}, {"step": "licence", "number": "1/2020"}):
        assert auditor.post(LIST, sent).status_code == 403
    assert (Job.objects.filter(kind="shops.commercial_page").count(), asked.count()) == (before, 0)
    assert keeper.post(LIST, {"step": "ask"}).status_code == 302
    assert Job.objects.filter(kind="shops.commercial_page").count() == before + 1
    assert keeper.post(LIST, {"step": "licence", "number": " ١/٢٠٢٠ "}).status_code == 302
    assert asked.get().args == {"number": "1/2020"}
    wrong = keeper.post(LIST, {"step": "licence", "number": "؟؟؟"})
    assert wrong.status_code == 409 and 'value="؟؟؟"' in wrong.content.decode(), "what was typed stays"


def test_the_list_leads_to_what_waits_and_what_was_decided(both: Both, row: CommercialDifference) -> None:
    client = signed_in(both[0].clerk)
    assert page_of(row) in client.get(LIST).content.decode()
    assert page_of(row) not in client.get(f"{LIST}?kind=activity").content.decode()
    client.post(page_of(row), {"step": "dismiss", "seen": seen_on(client, row), "code": "spelling_only"})
    assert page_of(row) not in client.get(LIST).content.decode() and page_of(row) in client.get(f"{LIST}?past=1").content.decode()
    assert clock.now() - row.found_at < dt.timedelta(days=1)


def test_a_long_list_is_walked_without_losing_any(both: Both, row: CommercialDifference) -> None:
    now: Any = clock.now()
    CommercialDifference.objects.bulk_create(
        CommercialDifference(
            feed=row.feed, licence_no=f"{n}/2030", kind="new_shop", theirs={"name_ar": "صالون"}, found_at=now, stated_at=now
        )
        for n in range(120)
    )
    client, address, found = signed_in(both[0].clerk), LIST, set()
    for _page in range(3):
        page = client.get(address).content.decode()
        found |= {one for one in CommercialDifference.objects.values_list("public_id", flat=True) if f"{LIST}{one}/" in page}
        address = LIST + "?" + page.partition('<a href="?')[2].partition('"')[0].replace("&amp;", "&")
    assert len(found) == 121
