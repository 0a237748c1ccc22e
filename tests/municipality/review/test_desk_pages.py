"""The pages of the desk: who sees what, what is asked before it is sent, and what is written down."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from municipality.accounts.models import User
from municipality.audit.models import AccessLogEntry, AuditEvent
from municipality.cases.models import Case
from municipality.cases.roles import ensure_roles
from municipality.kernel import ids
from municipality.notifications.models import Message
from municipality.review.models import Assignment, CheckAnswer, ConflictOfInterest, CorrectionRound, QueueEntry
from municipality.review.services import queue, staff
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from tests.interleaving import acting_before
from tests.municipality.review import permits
from tests.municipality.review.desk_in_a_browser import NEXT, NOTES, ONE_ASKED, OWN, assigned, case_url, kept, send, text_of
from tests.municipality.review.permits import Office
from tests.purposes import opened

# --- A5: nothing to pick, list or search --------------------------------------------------------------------------------------


def seen_of(client: Client) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Every page of the admin that an officer reaches by links, and every form on them as (page, address)."""
    pages: dict[str, str] = {}
    forms: list[tuple[str, str]] = []
    waiting = ["/admin/"]
    while waiting:
        url = waiting.pop()
        if url in pages:
            continue
        response = client.get(url)
        pages[url] = text_of(response) if response.status_code == 200 and "text/html" in response["Content-Type"] else ""
        forms += [(url, action or url) for action in re.findall(r'<form[^>]*?(?:action="([^"]*)")', pages[url])]
        waiting += [link for link in re.findall(r'href="(/admin/[^"#]*)', pages[url]) if link not in pages]
    return pages, forms


def test_an_officer_reaches_no_page_that_lists_or_finds_what_waits(office: Office) -> None:
    ensure_roles()
    waiting = [permits.sent(office.applicant).case for _ in range(6)]
    pages, forms = seen_of(signed_in(office.officer))
    assert "/admin/rulebook/ruleset/" in pages and "/admin/cases/case/" not in pages
    for url, html in pages.items():
        for case in waiting:
            for mark in (case.reference, case.public_id, f"case/{case.pk}/"):
                assert mark not in html, f"{url} shows {mark}"
    # What can be pressed hands out, leaves the admin or enters an absence; no address takes a case of the officer's choice.
    assert {action for _url, action in forms} <= {NEXT, "/admin/logout/", "/admin/find/", OWN, "/admin/password_change/"}
    client = signed_in(office.officer)
    for case in waiting:
        lists = (f"/admin/cases/case/?q={case.reference}", f"/admin/cases/case/?_to_field=id&id={case.pk}")
        for query in (*lists, f"/admin/find/?q={case.reference}"):
            html = text_of(client.get(query))
            assert case.public_id not in html and case.title_ar not in html.partition("<main")[2]
    # The crawl sees what is there: the same reader finds a case that lies in the officer's own hands.
    client.post(NEXT)
    held = Assignment.objects.get().place.case
    pages, _forms = seen_of(client)
    assert held.reference in pages["/admin/"] and case_url(held) in pages


def test_the_next_case_is_not_chosen_by_what_the_button_sends(office: Office) -> None:
    first, second = permits.sent(office.applicant), permits.sent(office.applicant)
    client = signed_in(office.officer)
    for name in ("case", "place", "reference", "public_id", "id", "number"):
        client.post(NEXT, {name: second.case.public_id, f"{name}_id": str(second.pk)})
        assert Assignment.objects.get(officer=office.officer).place_id == first.pk


def test_no_role_but_the_auditor_who_reads_has_a_permission_on_a_table_of_the_queue(db: None) -> None:
    ensure_roles()
    held = Permission.objects.filter(content_type__app_label="review", group__isnull=False).values_list("group__name", "codename")
    assert {(role, codename.partition("_")[0]) for role, codename in held} == {("auditor", "view")}
    assert not Permission.objects.filter(group__name="officer").exclude(codename__startswith="view_").exists()


@pytest.mark.parametrize("who", ["officer", "colleague", "supervisor"])
def test_guessed_cases_are_not_there_and_each_guess_is_written(office: Office, who: str) -> None:
    waiting = [permits.sent(office.applicant).case for _ in range(10)]
    client = signed_in(getattr(office, who))
    guesses = [case.public_id for case in waiting] + [ids.public_id() for _ in range(40)]
    for guess in guesses:
        response = client.get(f"/admin/desk/{guess}/")
        assert response.status_code == 404
        assert not any(case.reference in text_of(response) for case in waiting)
    rows = AuditEvent.objects.filter(action="review.guessed")
    assert [row.data["asked"] for row in rows.order_by("pk")] == guesses
    assert set(rows.values_list("actor_key", flat=True)) == {getattr(office, who).key}
    assert not AccessLogEntry.objects.exists()


def test_a_guessed_act_is_written_too_and_does_nothing(office: Office) -> None:
    case = permits.sent(office.applicant).case
    client = signed_in(office.colleague)
    for verb in ("checks", "approve", "corrections", "refuse", "give-back", "take-back", "conflict"):
        assert client.post(case_url(case, verb), {"code": "layout_changed"}).status_code == 404
    assert client.post(f"/admin/desk/{case.public_id}/steal/").status_code == 404
    assert AuditEvent.objects.filter(action="review.guessed", subject=case.key).count() == 7
    assert QueueEntry.objects.get(case=case).state == "waiting"


# --- The screen of a case ------------------------------------------------------------------------------------------------------


def test_each_opening_writes_a_look_and_contact_details_are_nowhere(office: Office) -> None:
    User.objects.filter(pk=office.applicant.pk).update(email="salim@mail.example", phone="96599887766")
    client, case = assigned(office)
    for number in (1, 2):
        html = text_of(client.get(case_url(case)))
        look = AccessLogEntry.objects.order_by("-pk")[0]
        assert (look.viewer_key, look.viewer_role, look.purpose) == (office.officer.key, "officer", "review")
        assert (look.person_key, look.subject, AccessLogEntry.objects.count()) == (office.applicant.key, case.key, number)
    assert office.applicant.name_ar in html and case.reference in html
    assert "mail.example" not in html and "99887766" not in html


def test_the_screen_shows_what_changed_and_the_questions_that_follow(office: Office) -> None:
    client, case = assigned(office)
    html = text_of(client.get(case_url(case)))
    assert re.search(r"<del>.*?60.*?</del>", html) and re.search(r"<ins>.*?80.*?</ins>", html)
    assert 'name="check.drawing_matches"' in html and 'name="check.manager_named"' not in html
    assert 'value="lease.file_unreadable"' in html and 'value="shop.' not in html
    assert 'value="area_m2.area_differs"' in html and 'value="area_m2.file_expired"' not in html


def test_what_is_typed_at_a_case_is_shown_as_text(office: Office) -> None:
    client, case = assigned(office)
    permits.FACTS[case.pk]["manager"] = "<script>alert(1)</script>"
    evil = '"><script>alert(2)</script>'
    html = text_of(client.post(case_url(case, "refuse"), {"code": "none", "note_ar": evil, "note_en": evil}))
    assert "<script>alert" not in html and "&lt;script&gt;alert(1)" in html and "&lt;script&gt;alert(2)" in html


def test_the_checklist_is_saved_by_one_press_and_unchanged_answers_once(office: Office) -> None:
    client, case = assigned(office)
    given = {"check.commercial_license": "yes", "check.files_complete": "na", "check.drawing_matches": "no"}
    for _ in range(2):
        assert client.post(case_url(case, "checks"), given).status_code == 302
    assert dict(CheckAnswer.objects.values_list("code", "answer")) == {k.removeprefix("check."): v for k, v in given.items()}
    assert CheckAnswer.objects.count() == 3


def test_a_supervisor_reads_a_case_that_was_handed_out_and_the_auditor_each(office: Office) -> None:
    _client, case = assigned(office)
    auditor = StaffFactory(groups=["auditor"], branch_id="HA")
    chosen = ((office.supervisor, "supervisor", "purpose.supervision"), (auditor, "auditor", "purpose.audit"))
    for user, role, purpose in chosen:
        response = opened(signed_in(user), case_url(case), purpose)
        assert response.status_code == 200
        assert 'name="ask"' not in text_of(response) and "desk-approve" not in text_of(response)
        look = AccessLogEntry.objects.order_by("-pk")[0]
        assert (look.viewer_key, look.viewer_role, look.purpose) == (user.key, role, purpose)
    elsewhere = StaffFactory(supervisor=True, login="elsewhere", branch_id="AH")
    for user in (office.colleague, elsewhere, StaffFactory(groups=["operator"], branch_id="HA")):
        assert signed_in(user).get(case_url(case)).status_code == 404


def test_a_tied_officer_gets_nothing_and_the_attempt_is_written(office: Office) -> None:
    client, case = assigned(office)
    staff.declare_conflict(officer=office.officer, party_key=office.applicant.key, kind="relative", declared_by=office.officer)
    assert client.get(case_url(case)).status_code == 404
    assert client.post(case_url(case, "give-back"), {"code": "leave_begins"}).status_code == 404
    assert AuditEvent.objects.filter(action="review.tied_attempt", subject=case.key, actor_key=office.officer.key).count() == 2
    assert not AccessLogEntry.objects.exists()


def test_a_tie_declared_on_the_screen_sends_the_case_to_a_colleague(office: Office) -> None:
    client, case = assigned(office)
    refused = client.post(case_url(case, "conflict"), {"party": "manager", "kind": "relative"})
    assert refused.status_code == 409 and not ConflictOfInterest.objects.exists()
    client.post(case_url(case, "conflict"), {"party": "applicant", "kind": "relative"})
    assert ConflictOfInterest.objects.get().kind == "relative"
    assert desk_acts.assigned(office.colleague).place.case_id == case.pk
    assert client.get(case_url(case)).status_code == 404


def test_a_tie_to_the_applicant_is_declared_also_where_they_stand_as_the_licensee(office: Office) -> None:
    case = permits.sent(office.applicant, parties=[("licensee", office.applicant.key)]).case
    client = signed_in(office.officer)
    assert client.post(NEXT)["Location"] == case_url(case)
    assert client.post(case_url(case, "conflict"), {"party": "applicant", "kind": "relative"}).status_code == 302
    assert ConflictOfInterest.objects.get().party_key == office.applicant.key
    assert client.get(case_url(case)).status_code == 404


# --- Nothing goes out unseen ---------------------------------------------------------------------------------------------------


def test_the_preview_of_corrections_is_the_message_that_is_kept(office: Office) -> None:
    client, case = assigned(office)
    preview = client.post(case_url(case, "corrections"), ONE_ASKED)
    assert not CorrectionRound.objects.exists() and not Message.objects.filter(kind="review.corrections_asked").exists()
    html = text_of(preview)
    assert "الصفحة الثانية" in html and "Page two" in html and "1. Lease: The file cannot be read." in html
    done = client.post(case_url(case, "corrections"), {**ONE_ASKED, "step": "send", "seen": preview.context_data["seal"]})
    assert (done.status_code, done["Location"]) == (302, "/admin/")
    kept(case, "review.corrections_asked", preview.context_data["preview"])
    assert QueueEntry.objects.get(case=case).state == "away"


def test_words_that_were_not_shown_are_not_sent(office: Office) -> None:
    client, case = assigned(office)
    preview = client.post(case_url(case, "corrections"), ONE_ASKED)
    other = {**ONE_ASKED, "note_en.lease.file_unreadable": "Page three"}
    for seen in ("", "0" * 64, preview.context_data["seal"]):
        again = client.post(case_url(case, "corrections"), {**other, "step": "send", "seen": seen})
        assert again.status_code == 200 and again.context_data["preview"].en.body.count("Page three") == 1
    assert not CorrectionRound.objects.exists()


def test_a_day_that_went_by_shows_the_preview_again(office: Office, frozen_clock: Clock) -> None:
    client, case = assigned(office)
    seal = client.post(case_url(case, "corrections"), ONE_ASKED).context_data["seal"]
    frozen_clock.move(hours=16)  # past midnight the last day to answer is another
    client = signed_in(office.officer)
    again = client.post(case_url(case, "corrections"), {**ONE_ASKED, "step": "send", "seen": seal})
    assert again.status_code == 200 and again.context_data["moved_on"] and not CorrectionRound.objects.exists()


def test_going_back_from_the_preview_keeps_what_was_typed(office: Office) -> None:
    client, case = assigned(office)
    preview = client.post(case_url(case, "corrections"), ONE_ASKED)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', text_of(preview)))
    html = text_of(client.post(case_url(case, "corrections"), {**ONE_ASKED, "step": "edit", "seen": hidden["seen"]}))
    assert re.search(r'value="lease.file_unreadable" checked', html) and ">Page two</textarea>" in html
    assert {"ask", "note_ar.lease.file_unreadable", "note_en.lease.file_unreadable"} <= set(hidden)


def test_approval_asks_for_the_checklist_then_shows_then_sends(office: Office) -> None:
    client, case = assigned(office)
    refused = client.post(case_url(case, "approve"), NOTES)
    assert refused.status_code == 409 and refused.context_data["error"] and ">Second floor</textarea>" in text_of(refused)
    desk_acts.checked(Assignment.objects.get(place__case=case))
    preview = client.post(case_url(case, "approve"), NOTES).context_data["preview"]
    assert send(client, case_url(case, "approve"), NOTES).status_code == 302
    kept(case, "review.accepted", preview)
    assert "Second floor" in preview.en.body
    assert Case.objects.get(pk=case.pk).state == "granted"


@pytest.mark.parametrize(
    ("verb", "data"),
    [
        ("corrections", {}),
        ("corrections", {"ask": ["lease.no_such_code"]}),
        ("corrections", {"ask": ["shop.file_expired"]}),
        ("corrections", {**ONE_ASKED, "note_en.lease.file_unreadable": ""}),
        ("refuse", {"code": "file_expired"}),
        ("refuse", {"code": "layout_changed", "note_ar": "بالعربية فقط", "note_en": ""}),
        ("give-back", {"code": "layout_changed"}),
        ("take-back", {}),
    ],
)
def test_a_refusal_is_an_arabic_sentence_on_the_page_and_what_was_typed_stays(office: Office, verb: str, data: dict[str, Any]) -> None:
    client, case = assigned(office)
    before = AuditEvent.objects.exclude(action="review.guessed").count()
    response = client.post(case_url(case, verb), data)
    assert response.status_code == 409
    assert re.search("[\u0621-\u064a]", response.context_data["error"]) and not re.search("[A-Za-z]{2}", response.context_data["error"])
    assert response.context_data["error"] in text_of(response)
    for value in (data.get("note_ar"), data.get("note_ar.lease.file_unreadable")):
        assert not value or value in text_of(response)
    assert AuditEvent.objects.exclude(action="review.guessed").count() == before


def test_giving_back_keeps_the_number_and_hides_the_case(office: Office) -> None:
    client, case = assigned(office)
    number = QueueEntry.objects.get(case=case).pk
    assert client.post(case_url(case, "give-back"), {"code": "outside_my_skill"}).status_code == 302
    assert client.get(case_url(case)).status_code == 404
    assert client.post(NEXT)["Location"] == "/admin/"
    assert desk_acts.assigned(office.colleague).place_id == number


# --- The screen beside the script ------------------------------------------------------------------------------------------------


def test_the_text_beside_the_decision_is_that_of_the_preview_and_sends_what_it_shows(office: Office) -> None:
    client, case = assigned(office)
    preview = client.post(case_url(case, "corrections"), ONE_ASKED).context_data
    looks = AccessLogEntry.objects.count()
    beside = client.post(case_url(case, "corrections"), {**ONE_ASKED, "step": "words"})
    assert beside.context_data["preview"] == preview["preview"] and beside.context_data["seal"] == preview["seal"]
    assert "Page two" in text_of(beside) and office.applicant.name_ar not in text_of(beside)
    assert AccessLogEntry.objects.count() == looks and not CorrectionRound.objects.exists()
    wrong = client.post(case_url(case, "refuse"), {"code": "none", "step": "words"})
    assert wrong.status_code == 409 and "data-problem" in text_of(wrong) and "data-seal" not in text_of(wrong)
    done = client.post(case_url(case, "corrections"), {**ONE_ASKED, "step": "send", "seen": beside.context_data["seal"]})
    assert done.status_code == 302
    kept(case, "review.corrections_asked", beside.context_data["preview"])


def test_a_question_answered_with_no_ticks_its_reason_and_closes_the_approval(office: Office) -> None:
    client, case = assigned(office)
    html = text_of(client.get(case_url(case)))
    assert not re.search(r'name="ask"[^>]*\bchecked', html) and not re.search(r'value="approve"[^>]*\bdisabled', html)
    assert client.post(case_url(case, "checks"), {"check.drawing_matches": "no", "step": "keep"}).status_code == 204
    html = text_of(client.get(case_url(case)))
    assert re.findall(r'value="([^"]+)" checked\s+data-checks="drawing_matches"', html) == ["area_m2.area_differs"]
    assert re.search(r"<legend>([^<]*)", html.partition("data-target")[2])[1].strip() == "المساحة", "what the no leads to stands first"
    assert re.search(r'value="approve"[^>]*\bdisabled', html)
    number = re.search(r"data-closed[^>]*>[^<]*?(\d+)<", html)
    assert number and re.search(rf"<b>{number[1]}</b>[^<]*المخطط", html)
    refused = client.post(case_url(case, "approve"), {"check.commercial_license": "yes", "check.files_complete": "yes"})
    assert refused.status_code == 409 and refused.context_data["error"]


def test_the_approval_saves_the_answers_that_are_sent_with_it(office: Office) -> None:
    client, case = assigned(office)
    answers = {f"check.{code}": "yes" for code in ("commercial_license", "files_complete", "drawing_matches")}
    assert send(client, case_url(case, "approve"), answers).status_code == 302
    assert Case.objects.get(pk=case.pk).state == "granted" and CheckAnswer.objects.filter(case=case).count() == 3


def test_no_move_is_chosen_for_the_officer_and_the_four_stand_in_one_order(office: Office) -> None:
    client, case = assigned(office)
    html = text_of(client.get(case_url(case)))
    moves = re.findall(r'<input type="radio" name="move" value="([^"]+)"([^>]*)>', html)
    assert [value for value, _rest in moves] == ["approve", "corrections", "refuse", "give-back"]
    assert not any("checked" in rest for _value, rest in moves)
    assert re.findall(r"<kbd[^>]*>(\d)</kbd>", html) == ["1", "2", "3", "4"]
    again = text_of(client.post(case_url(case, "refuse"), {"code": "none"}))
    assert re.search(r'value="refuse"[^>]*\bchecked', again), "a refused move stays chosen"


def test_after_sending_the_next_case_opens_and_says_what_was_sent(office: Office) -> None:
    following = permits.sent(office.applicant)
    client, case = assigned(office)
    if following.case_id == case.pk:
        following = QueueEntry.objects.exclude(pk=following.pk).get()
    done = send(client, case_url(case, "corrections"), ONE_ASKED)
    assert (done.status_code, done["Location"]) == (302, case_url(following.case))
    html = text_of(client.get(done["Location"]))
    assert case.reference in html and following.case.reference in html
    desk_acts.checked(Assignment.objects.get(place=following))
    refused = send(client, case_url(following.case, "refuse"), {"code": "layout_changed"})
    assert refused["Location"] == "/admin/", "a proposal can still be taken back"


def test_who_stops_gets_no_further_case_also_where_the_preview_is_a_page(office: Office) -> None:
    permits.sent(office.applicant)  # another one waits
    client, case = assigned(office)
    preview = client.post(case_url(case, "corrections"), {**ONE_ASKED, "stop": "1"})
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', text_of(preview))
    done = client.post(case_url(case, "corrections"), dict(hidden) | {"step": "send"})
    assert (done.status_code, done["Location"]) == (302, "/admin/")
    assert CorrectionRound.objects.filter(case=case).exists() and not Assignment.objects.exclude(place__case=case).exists()


def test_an_act_on_a_case_that_leaves_the_officer_meanwhile_does_nothing_and_no_guess_is_written(office: Office) -> None:
    client, case = assigned(office)
    held = Assignment.objects.get(place__case=case)
    with acting_before('FROM "review_assignment" INNER JOIN', lambda: queue.release(assignment=held, code="absent")):
        answer = client.post(case_url(case, "corrections"), ONE_ASKED)
    assert answer.status_code == 404 and not AuditEvent.objects.filter(action="review.guessed").exists()
