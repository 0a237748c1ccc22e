"""The board of a branch: what is late and what will be, sums that add up, reminders, and who allows a request ahead of its turn."""

from __future__ import annotations

import re
from html import unescape

import pytest
from bs4 import BeautifulSoup
from django.test import Client

from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from municipality.places.models import Branch
from municipality.review import boards, queries
from municipality.review.admin import branch
from municipality.review.models import Absence, Override, QueueEntry
from municipality.review.services import case_clock, desk, queue, reminders, staff
from municipality.review.services.other_branch import choose_branch_by_lot
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from tests.municipality.review import permits
from tests.municipality.review.desk_in_a_browser import BOARD, text_of
from tests.municipality.review.permits import Office

pytestmark = pytest.mark.django_db
HOME = "/admin/"


def english(user: User) -> Client:
    client = signed_in(user)
    client.cookies["staff_language"] = "en"
    return client


def page_of(client: Client, url: str) -> BeautifulSoup:
    return BeautifulSoup(text_of(client.get(url)), "html.parser")


def words(page: BeautifulSoup) -> str:
    return re.sub(r"\s+", " ", unescape(page.get_text(" "))).replace("\xa0", " ")


def references(page: BeautifulSoup, heading: str) -> list[str]:
    """The references of the list below a heading, in its order."""
    section = page.select_one(f"section:has(#{heading})")
    assert section is not None
    return [row.get_text(strip=True) for row in section.select("tbody th")]


def number(page: BeautifulSoup, fragment: str) -> str:
    link = page.select_one(f'.kp-desk-figures a[href="#{fragment}"]')
    assert link is not None
    return link.get_text(strip=True)


@pytest.fixture
def spread(office: Office, frozen_clock: Clock) -> list[QueueEntry]:
    """One late case, one that is due within three working days, one later, one with its applicant."""
    late = permits.sent(permits.applicant(2))
    frozen_clock.move(days=9)
    soon = permits.sent(permits.applicant(3))
    frozen_clock.move(days=7)
    later, away = permits.sent(permits.applicant(4)), permits.sent(permits.applicant(5))
    for entry in (late, soon, later):
        queue.give_back(assignment=desk_acts.assigned(office.officer), code="leave_begins")
        assert entry
    desk.ask_corrections(assignment=desk_acts.assigned(office.officer), items=[desk.CorrectionRequest("file_expired", "lease")])
    return [late, soon, later, away]


def test_each_open_request_is_counted_once_by_promise_and_once_by_place(office: Office, spread: list[QueueEntry]) -> None:
    found = queries.board(Branch.objects.get(pk="HA"))
    parts = found.promises
    assert (parts.late, parts.soon, parts.later, parts.paused) == (1, 1, 1, 1)
    assert parts.open == 4 == sum(found.counts.values()) == QueueEntry.objects.exclude(state="left").count()
    page = page_of(english(office.supervisor), BOARD)
    for heading in ("promises", "where"):
        numbers = page.select(f"section:has(> #{heading}) .kp-desk-figures dd")
        assert sum(int(one.get_text()) for one in numbers) == 4
    assert "Open: 4 requests, by promise" in words(page) and "The same 4 requests, by where they are" in words(page)


def test_each_number_opens_exactly_the_list_that_it_counts(office: Office, spread: list[QueueEntry]) -> None:
    late, soon, *_others = spread
    page = page_of(english(office.supervisor), BOARD)
    assert (number(page, "late"), references(page, "late")) == ("1", [late.case.reference])
    assert (number(page, "soon"), references(page, "soon")) == ("1", [soon.case.reference])
    assert re.search(r"Due (in \d working day|today)", words(page))
    home = page_of(english(office.supervisor), HOME)
    tiles = {link["href"]: link.select_one("b").get_text() for link in home.select(".kp-strip a")}
    assert (tiles[f"{BOARD}#late"], tiles[f"{BOARD}#soon"]) == ("1", "1")
    assert soon.case.reference in words(home) and "within 3 working days" in words(home)
    arabic = words(page_of(signed_in(office.supervisor), BOARD))
    assert "تتأخر ما لم يُبتّ فيها خلال 3 أيام عمل" in arabic


def test_the_supervisor_chooses_how_far_ahead(office: Office, frozen_clock: Clock) -> None:
    entry = permits.sent(office.applicant)
    due = entry.case.clock.due_at
    client = english(office.supervisor)
    assert due is not None
    # The promise is of more than one working day, and ends within a week of them.
    assert references(page_of(client, f"{BOARD}?days=1"), "soon") == []
    while boards.soon_clocks(entry.branch, 5).count() == 0:
        frozen_clock.move(days=1)
    assert references(page_of(client, f"{BOARD}?days=5"), "soon") == [entry.case.reference]
    for odd in ("7", "x", "-1", "٣" * 40):
        assert client.get(BOARD, {"days": odd}).context_data["days"] == 3


def test_each_late_request_says_what_can_be_done(office: Office, frozen_clock: Clock) -> None:
    held, first, second = (permits.sent(permits.applicant(one)) for one in (2, 3, 4))
    assert desk_acts.assigned(office.officer).place_id == held.pk
    frozen_clock.move(days=28)
    page = page_of(english(office.supervisor), BOARD)
    rows = {row.select_one("th").get_text(strip=True): row for row in page.select("section:has(#late) tbody tr")}
    assert rows[held.case.reference].select('button[value="remind"]') and "next one of its queue" in rows[first.case.reference].get_text()
    assert (
        office.officer.name_en in rows[first.case.reference].get_text() or office.officer.name_ar in rows[first.case.reference].get_text()
    )
    assert rows[second.case.reference].select("td a")[-1]["href"] == f"{BOARD}?reference={second.case.reference}#ahead"
    assert page.select_one("#officers") is not None and page.select_one("#ahead") is not None
    case_clock.escalate(clock_id=second.case.clock.pk)


def test_a_request_that_was_asked_for_ahead_of_its_turn_is_not_offered_again(office: Office, frozen_clock: Clock) -> None:
    _first, second = (permits.sent(permits.applicant(one)) for one in (2, 3))
    frozen_clock.move(days=28)
    client = english(office.supervisor)
    offer = "Ask for it ahead of its turn"
    assert offer in words(page_of(client, BOARD))
    code = queries.replies(second.case).reasons_of("override")[0].code
    override = queue.ask_override(place=second, code=code, asked_by=office.supervisor)
    page = words(page_of(client, BOARD))
    assert offer not in page and "It was asked for ahead of its turn; another supervisor allows it." in page
    another = StaffFactory(supervisor=True, login="chief-2", branch_id="HA")
    queue.allow_override(override=override, allowed_by=another)
    assert "two supervisors put it ahead of its turn" in words(page_of(english(office.supervisor), BOARD))


def test_what_comes_after_a_request_put_ahead_says_so_and_only_one_is_next(office: Office, frozen_clock: Clock) -> None:
    first, second, third = (permits.sent(permits.applicant(one)) for one in (2, 3, 4))
    frozen_clock.move(days=28)
    another = StaffFactory(supervisor=True, login="chief-2", branch_id="HA")
    code = queries.replies(second.case).reasons_of("override")[0].code
    client = english(office.supervisor)

    def told(entry: QueueEntry) -> str:
        rows = page_of(client, BOARD).select("section:has(#late) tbody tr")
        return next(row.get_text(" ", strip=True) for row in rows if entry.case.reference in row.select_one("th").get_text())

    assert "next one of its queue" in told(first)
    queue.allow_override(override=queue.ask_override(place=third, code=code, asked_by=office.supervisor), allowed_by=another)
    assert f"It comes after {third.case.reference} , which was put ahead" in told(first) and "next one of its queue" not in told(first)
    assert "handed out next" in told(third)
    queue.allow_override(override=queue.ask_override(place=second, code=code, asked_by=office.supervisor), allowed_by=another)
    assert "handed out next" in told(second) and f"It comes after {second.case.reference}" in told(third)
    assert desk_acts.assigned(office.officer).place_id == second.pk
    assert f"It comes after {third.case.reference}" in told(first)


def test_an_idle_officer_is_reminded_only_where_something_waits_for_them(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        reminders.remind(officer=office.officer, by=office.supervisor)
    assert refused.value.code == "nothing_in_hand"
    permits.sent(office.applicant)
    reminders.remind(officer=office.officer, by=office.supervisor)
    assert Message.objects.filter(kind="review.reminded", person=office.officer).count() == 1


def test_who_has_a_field_of_work_without_the_role_counts_for_nobody_who_may_decide(office: Office) -> None:
    entry = permits.sent(office.applicant)
    assert boards.able_officers(entry) and queries.board(entry.branch).stuck == []
    lost = (office.officer, office.colleague)
    for person in lost:
        person.groups.clear()
    assert boards.able_officers(entry) == []
    found = queries.board(entry.branch)
    assert [place.pk for place in found.stuck] == [entry.pk], "it would wait unseen"
    assert {line.officer: line.may_take for line in found.officers} == dict.fromkeys(lost, False)
    with pytest.raises(NotPermitted):
        reminders.remind(officer=office.officer, by=office.supervisor)
    far = permits.officer("far", office.supervisor, "JA")
    assert choose_branch_by_lot("HA", skill=permits.SKILL)[1] == ["JA"], "the control"
    far.groups.clear()
    assert len(choose_branch_by_lot("HA", skill=permits.SKILL)[1]) > 1, "no branch has an officer for it: by lot among all"


def test_nobody_is_reminded_of_what_is_with_the_applicant(office: Office) -> None:
    permits.sent(office.applicant)
    desk.ask_corrections(assignment=desk_acts.assigned(office.officer), items=[desk.CorrectionRequest("file_expired", "lease")])
    assert 'value="remind"' not in text_of(english(office.supervisor).get(BOARD))
    with pytest.raises(Refused, match="nothing_in_hand"):
        reminders.remind(officer=office.officer, by=office.supervisor)


# --- Reminders -------------------------------------------------------------------------------------------------------------


def test_an_officer_is_reminded_once_a_day_and_finds_it_among_their_messages(office: Office, frozen_clock: Clock) -> None:
    entry = permits.sent(office.applicant)
    client = english(office.supervisor)
    idle = client.get(BOARD)
    assert 'value="remind"' in text_of(idle), "one with nothing in hand is reminded of what waits in the queue"
    desk_acts.assigned(office.officer)
    for _day in range(9):
        if boards.soon_clocks(entry.branch).exists():
            break
        frozen_clock.move(days=1)
    client = english(office.supervisor)
    done = client.post(BOARD, {"step": "remind", "officer": office.officer.pk, "back": "soon"}, follow=True)
    assert done.redirect_chain == [(f"{BOARD}#soon", 302)]
    places = page_of(client, BOARD).select("section:has(#soon), #officers")
    assert all("reminded today" in place.get_text() and not place.select('[value="remind"]') for place in places) and len(places) == 2
    row = page_of(client, BOARD).select_one(f"#row-{entry.case.public_id}")
    assert row is not None and re.search(r"was reminded today at \d\d:\d\d", words(row)) and office.officer.name_en in words(row)
    assert "is reminded by a message" in text_of(done)
    message = Message.objects.get(kind="review.reminded", person=office.officer)
    assert office.supervisor.name_en in message.title_en and message.path == HOME and "ثم طلب التالي" in message.body_ar
    assert AuditEvent.objects.filter(action="officer.reminded", subject=office.officer.key).count() == 1
    again = client.post(BOARD, {"step": "remind", "officer": office.officer.pk})
    assert again.status_code == 409 and "was reminded today" in text_of(again)
    frozen_clock.move(days=1)
    client = english(office.supervisor)
    back = client.post(BOARD, {"step": "remind", "officer": office.officer.pk, "back": entry.case.public_id})
    assert back["Location"] == f"/admin/desk/{entry.case.public_id}/"
    assert Message.objects.filter(kind="review.reminded").count() == 2
    for row, fragment in ((entry.case.public_id, f"row-{entry.case.public_id}"), ("strange", "soon")):
        frozen_clock.move(days=1)
        client = english(office.supervisor)
        back = client.post(BOARD, {"step": "remind", "officer": office.officer.pk, "back": "soon", "row": row})
        assert back["Location"] == f"{BOARD}#{fragment}"


def test_who_may_take_the_next_request_and_was_reminded_stands_in_its_row(office: Office, frozen_clock: Clock) -> None:
    entry = permits.sent(office.applicant)
    frozen_clock.move(days=28)
    client = english(office.supervisor)
    row = f"#row-{entry.case.public_id}"
    before = page_of(client, BOARD).select_one(row)
    assert before is not None and before.select('[value="remind"]') and "reminded today" not in words(before)
    client.post(BOARD, {"step": "remind", "officer": office.officer.pk, "back": "late", "row": entry.case.public_id})
    after = page_of(client, BOARD).select_one(row)
    assert after is not None and re.search(rf"{office.officer.name_en}\s+was reminded today at \d\d:\d\d", words(after))


def test_nobody_else_reminds_and_nobody_absent_is_reminded(office: Office) -> None:
    elsewhere = StaffFactory(supervisor=True, login="chief-JA", branch_id="JA")
    for stranger in (elsewhere, office.colleague):
        with pytest.raises(NotPermitted):
            reminders.remind(officer=office.officer, by=stranger)
    with pytest.raises(NotPermitted):  # no officer
        reminders.remind(officer=office.second, by=office.supervisor)
    for odd in ("", "x", "9" * 30, str(elsewhere.pk)):
        response = signed_in(office.supervisor).post(BOARD, {"step": "remind", "officer": odd})
        assert response.status_code == 409 and response.context_data["error"]
    today = boards.clock.today()
    staff.enter_absence(officer=office.officer, kind="sick", first_day=today, last_day=today, entered_by=office.supervisor)
    assert Absence.objects.exists()
    with pytest.raises(Refused):
        reminders.remind(officer=office.officer, by=office.supervisor)
    assert not Message.objects.filter(kind="review.reminded").exists()


# --- Who allows ------------------------------------------------------------------------------------------------------------


def alone(office: Office) -> User:
    """The supervisor of the branch, after the others left it."""
    User.objects.filter(branch="HA", groups__name="supervisor").exclude(pk=office.supervisor.pk).update(is_active=False)
    return office.supervisor


def waiting_to_allow(client: Client) -> str:
    """The number of the first page that leads to what waits for this supervisor."""
    tile = page_of(client, HOME).select_one(f'.kp-strip a[href="{BOARD}#ahead"] b')
    return tile.get_text(strip=True) if tile is not None else ""


def test_where_a_branch_has_one_supervisor_those_of_the_others_are_named_and_allow(office: Office) -> None:
    only = alone(office)
    permits.sent(office.applicant)
    behind = permits.sent(permits.applicant(2))
    other = StaffFactory(supervisor=True, login="chief-JA", branch_id="JA", name_en="Yaqoub Elsewhere")
    client, theirs = english(only), english(other)
    page = words(page_of(client, BOARD))
    assert "one of another branch allows it: Yaqoub Elsewhere" in page and waiting_to_allow(theirs) == "0"
    done = client.post(BOARD, {"reference": behind.case.reference, "code": "danger_to_health"})
    assert done["Location"] == f"{BOARD}#ahead-{behind.case.public_id}"
    offered = [option["value"] for option in page_of(client, BOARD).select("#ahead [name=reference] option")]
    assert behind.case.reference not in offered and len(offered) > 1, "it is asked for once"
    asked = Override.objects.get(place=behind)
    assert (waiting_to_allow(theirs), waiting_to_allow(client)) == ("1", "0")
    assert behind.case.reference in words(page_of(theirs, BOARD))
    done = theirs.post(BOARD, {"step": "allow", "override": asked.pk})
    asked.refresh_from_db()
    assert asked.allowed_by == other and done["Location"] == f"{BOARD}#ahead-{behind.case.public_id}"
    allowed = page_of(theirs, BOARD).select_one(f"#ahead-{behind.case.public_id}")
    assert allowed is not None and "Yaqoub Elsewhere" in words(allowed) and not allowed.select("button") and waiting_to_allow(theirs) == "0"


def test_where_the_branch_has_two_the_others_see_nothing_of_it(office: Office) -> None:
    permits.sent(office.applicant)
    behind = permits.sent(permits.applicant(2))
    other = StaffFactory(supervisor=True, login="chief-JA", branch_id="JA")
    queue.ask_override(place=behind, code="danger_to_health", asked_by=office.supervisor)
    assert behind.case.reference not in words(page_of(english(other), BOARD))
    asked = Override.objects.get(place=behind)
    signed_in(other).post(BOARD, {"step": "allow", "override": asked.pk})
    asked.refresh_from_db()
    assert asked.allowed_at is None


def test_where_nobody_can_allow_it_it_is_not_offered(office: Office) -> None:
    only = alone(office)
    permits.sent(office.applicant)
    behind = permits.sent(permits.applicant(2))
    client = english(only)
    page = page_of(client, BOARD)
    assert "Nobody can allow this now" in words(page) and page.select_one("#ahead [name=code]") is None
    refused = client.post(BOARD, {"reference": behind.case.reference, "code": "danger_to_health"})
    assert refused.status_code == 409 and not Override.objects.exists()


# --- Pages -----------------------------------------------------------------------------------------------------------------


def test_every_waiting_and_every_late_request_is_on_a_page(office: Office, frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = [permits.sent(permits.applicant(one)).case.reference for one in (2, 3, 4)]
    frozen_clock.move(days=28)
    monkeypatch.setattr(branch, "MOST", 2)
    client = english(office.supervisor)

    def choices(page: BeautifulSoup) -> list[str]:
        return [option["value"] for option in page.select("[name=reference] option") if option["value"]]

    first = page_of(client, BOARD)
    assert (choices(first), references(first, "late")) == (sent[:2], sent[:2])
    assert words(first).count("Listed here: 1 to 2 of 3.") == 2
    nexts = [link["href"] for link in first.select('a[rel="next"]')]
    assert nexts == ["?late=2#late", "?queue=2#ahead"]
    assert references(page_of(client, f"{BOARD}?late=2"), "late") == sent[2:]
    second = page_of(client, f"{BOARD}?queue=2")
    assert choices(second) == sent[2:] and second.select_one('a[rel="prev"]')["href"] == "?queue=1#ahead"
    monkeypatch.setattr(branch, "MOST", 3)  # control: nothing is cut
    assert "Listed here" not in words(page_of(client, BOARD))
