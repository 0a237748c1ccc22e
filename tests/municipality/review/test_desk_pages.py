"""The pages of the desk: who sees what, what is asked before it is sent, and what is written down."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from municipality.accounts.models import User
from municipality.audit.models import Act, Look
from municipality.cases.models import Case
from municipality.cases.roles import ensure_roles
from municipality.kernel import ids
from municipality.notifications.models import Message
from municipality.review import queries
from municipality.review.admin import PAGES
from municipality.review.models import Absence, Assignment, CheckAnswer, CorrectionRound, Decision, Override, Place, Skill, Tie
from municipality.review.services import staff
from tests.conftest import Clock
from tests.municipality.people import signed_in
from tests.municipality.review import permits
from tests.municipality.review.conftest import Office

NEXT, BOARD, SIGN = "/admin/desk/next/", "/admin/desk/board/", "/admin/desk/sign/"
PEOPLE, TIES, OWN = "/admin/desk/people/", "/admin/desk/ties/", "/admin/desk/absence/"
NOTES = {"note_ar": "الطابق الثاني", "note_en": "Second floor"}
ONE_ASKED = {
    "ask": ["lease.file_unreadable"],
    "note_ar.lease.file_unreadable": "الصفحة الثانية",
    "note_en.lease.file_unreadable": "Page two",
}


def case_url(case: Case, verb: str = "") -> str:
    return reverse("admin:desk_act", args=[case.public_id, verb]) if verb else reverse("admin:desk_case", args=[case.public_id])


def drawn(office: Office) -> tuple[Client, Case]:
    """An officer in a browser with one case on the desk."""
    permits.sent(office.applicant)
    client = signed_in(office.officer)
    response = client.post(NEXT)
    case = Assignment.objects.get(officer=office.officer, ended_at=None).place.case
    assert (response.status_code, response["Location"]) == (302, case_url(case))
    return client, case


def text_of(response: Any) -> str:
    return str(response.content.decode())


def send(client: Client, url: str, data: dict[str, Any]) -> Any:
    """Ask for the preview, then send exactly what it shows."""
    preview = client.post(url, data)
    assert preview.status_code == 200, text_of(preview)[:2000]
    return client.post(url, {**data, "step": "send", "seen": preview.context_data["seal"]})


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
    assert "/admin/cases/case/" in pages
    for url, html in pages.items():
        for case in waiting:
            for mark in (case.reference, case.public_id, f"case/{case.pk}/"):
                assert mark not in html, f"{url} shows {mark}"
    # What can be pressed hands out, leaves the admin or enters an absence; no address takes a case of the officer's choice.
    assert {action for _url, action in forms} <= {NEXT, "/admin/logout/", OWN, "/admin/password_change/"}
    client = signed_in(office.officer)
    for case in waiting:
        for query in (f"/admin/cases/case/?q={case.reference}", f"/admin/cases/case/?_to_field=id&id={case.pk}"):
            assert case.public_id not in text_of(client.get(query)) and case.title_ar not in text_of(client.get(query))
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


def test_no_role_but_the_auditors_has_a_permission_on_a_table_of_the_queue(db: None) -> None:
    ensure_roles()
    held = Permission.objects.filter(group__isnull=False, content_type__app_label="review").values_list("group__name", "codename")
    assert {role for role, _name in held} == {"auditor"} and all(name.startswith("view_") for _role, name in held)
    assert not Permission.objects.filter(group__name="officer").exclude(codename__startswith="view_").exists()


@pytest.mark.parametrize("who", ["officer", "colleague", "supervisor"])
def test_guessed_cases_are_not_there_and_each_guess_is_written(office: Office, who: str) -> None:
    waiting = [permits.sent(office.applicant).case for _ in range(10)]
    client = signed_in(getattr(office, who))
    guesses = [case.public_id for case in waiting] + [ids.public_id() for _ in range(40)]
    for guess in guesses:
        response = client.get(f"/admin/desk/{guess}/")
        assert response.status_code == 404
        assert "admin/css" not in text_of(response)
    rows = Act.objects.filter(action="review.guessed")
    assert [row.data["asked"] for row in rows.order_by("pk")] == guesses
    assert set(rows.values_list("actor_key", flat=True)) == {getattr(office, who).key}
    assert not Look.objects.exists()


def test_a_guessed_act_is_written_too_and_does_nothing(office: Office) -> None:
    case = permits.sent(office.applicant).case
    client = signed_in(office.colleague)
    for verb in ("checks", "approve", "corrections", "refuse", "give-back", "take-back", "tie"):
        assert client.post(case_url(case, verb), {"code": "layout_changed"}).status_code == 404
    assert client.post(f"/admin/desk/{case.public_id}/steal/").status_code == 404
    assert Act.objects.filter(action="review.guessed", subject=case.key).count() == 7
    assert Place.objects.get(case=case).state == "waiting"


# --- The screen of a case ------------------------------------------------------------------------------------------------------


def test_each_opening_writes_a_look_and_contact_details_are_nowhere(office: Office) -> None:
    User.objects.filter(pk=office.applicant.pk).update(email="salim@mail.example", phone="96599887766")
    client, case = drawn(office)
    for number in (1, 2):
        html = text_of(client.get(case_url(case)))
        look = Look.objects.order_by("-pk")[0]
        assert (look.viewer_key, look.viewer_role, look.purpose) == (office.officer.key, "officer", "review")
        assert (look.person_key, look.subject, Look.objects.count()) == (office.applicant.key, case.key, number)
    assert office.applicant.name_ar in html and case.reference in html
    assert "mail.example" not in html and "99887766" not in html


def test_the_screen_shows_what_changed_and_the_questions_that_follow(office: Office) -> None:
    client, case = drawn(office)
    html = text_of(client.get(case_url(case)))
    assert re.search(r"<del>.*?60.*?</del>", html) and re.search(r"<ins>.*?80.*?</ins>", html)
    assert 'name="check.drawing_matches"' in html and 'name="check.manager_named"' not in html
    assert 'value="lease.file_unreadable"' in html and 'value="shop.' not in html
    assert 'value="area_m2.area_differs"' in html and 'value="area_m2.file_expired"' not in html


def test_what_is_typed_at_a_case_is_shown_as_text(office: Office) -> None:
    client, case = drawn(office)
    permits.FACTS[case.pk]["manager"] = "<script>alert(1)</script>"
    evil = '"><script>alert(2)</script>'
    html = text_of(client.post(case_url(case, "refuse"), {"code": "none", "note_ar": evil, "note_en": evil}))
    assert "<script>alert" not in html and "&lt;script&gt;alert(1)" in html and "&lt;script&gt;alert(2)" in html


def test_the_checklist_is_saved_by_one_press_and_unchanged_answers_once(office: Office) -> None:
    client, case = drawn(office)
    given = {"check.commercial_license": "yes", "check.files_complete": "no", "check.drawing_matches": "na"}
    for _ in range(2):
        assert client.post(case_url(case, "checks"), given).status_code == 302
    assert dict(CheckAnswer.objects.values_list("code", "answer")) == {k.removeprefix("check."): v for k, v in given.items()}
    assert CheckAnswer.objects.count() == 3


def test_a_supervisor_reads_a_case_that_was_handed_out_and_the_auditor_each(office: Office) -> None:
    _client, case = drawn(office)
    auditor = permits.staff("auditor", "auditor")
    for user, role, purpose in ((office.supervisor, "supervisor", "review"), (auditor, "auditor", "audit")):
        response = signed_in(user).get(case_url(case))
        assert response.status_code == 200
        assert 'name="ask"' not in text_of(response) and "desk-approve" not in text_of(response)
        look = Look.objects.order_by("-pk")[0]
        assert (look.viewer_key, look.viewer_role, look.purpose) == (user.key, role, purpose)
    elsewhere = permits.staff("supervisor", "elsewhere", branch="AH")
    for user in (office.colleague, elsewhere, permits.staff("operator", "operator")):
        assert signed_in(user).get(case_url(case)).status_code == 404


def test_a_tied_officer_gets_nothing_and_the_attempt_is_written(office: Office) -> None:
    client, case = drawn(office)
    staff.declare_tie(officer=office.officer, party_key=office.applicant.key, kind="relative", declared_by=office.officer)
    assert client.get(case_url(case)).status_code == 404
    assert client.post(case_url(case, "give-back"), {"code": "leave_begins"}).status_code == 404
    assert Act.objects.filter(action="review.tied_attempt", subject=case.key, actor_key=office.officer.key).count() == 2
    assert not Look.objects.exists()


def test_a_tie_declared_on_the_screen_sends_the_case_to_a_colleague(office: Office) -> None:
    client, case = drawn(office)
    refused = client.post(case_url(case, "tie"), {"party": "manager", "kind": "relative"})
    assert refused.status_code == 409 and not Tie.objects.exists()
    client.post(case_url(case, "tie"), {"party": "applicant", "kind": "relative"})
    assert Tie.objects.get().kind == "relative"
    assert permits.drawn(office.colleague).place.case_id == case.pk
    assert client.get(case_url(case)).status_code == 404


# --- Nothing goes out unseen ---------------------------------------------------------------------------------------------------


def kept(case: Case, kind: str, preview: Any) -> None:
    message = Message.objects.get(kind=kind, person=case.applicant)
    assert (message.title_ar, message.title_en) == (preview.ar.title, preview.en.title)
    assert (message.body_ar, message.body_en) == (preview.ar.body, preview.en.body)


def test_the_preview_of_corrections_is_the_message_that_is_kept(office: Office) -> None:
    client, case = drawn(office)
    preview = client.post(case_url(case, "corrections"), ONE_ASKED)
    assert not CorrectionRound.objects.exists() and not Message.objects.filter(kind__startswith="review.").exists()
    html = text_of(preview)
    assert "الصفحة الثانية" in html and "Page two" in html and "1. Lease: The file cannot be read." in html
    done = client.post(case_url(case, "corrections"), {**ONE_ASKED, "step": "send", "seen": preview.context_data["seal"]})
    assert (done.status_code, done["Location"]) == (302, "/admin/")
    kept(case, "review.corrections_asked", preview.context_data["preview"])
    assert Place.objects.get(case=case).state == "away"


def test_words_that_were_not_shown_are_not_sent(office: Office) -> None:
    client, case = drawn(office)
    preview = client.post(case_url(case, "corrections"), ONE_ASKED)
    other = {**ONE_ASKED, "note_en.lease.file_unreadable": "Page three"}
    for seen in ("", "0" * 64, preview.context_data["seal"]):
        again = client.post(case_url(case, "corrections"), {**other, "step": "send", "seen": seen})
        assert again.status_code == 200 and again.context_data["preview"].en.body.count("Page three") == 1
    assert not CorrectionRound.objects.exists()


def test_a_day_that_went_by_shows_the_preview_again(office: Office, frozen_clock: Clock) -> None:
    client, case = drawn(office)
    seal = client.post(case_url(case, "corrections"), ONE_ASKED).context_data["seal"]
    frozen_clock.move(hours=16)  # past midnight the last day to answer is another
    client = signed_in(office.officer)
    again = client.post(case_url(case, "corrections"), {**ONE_ASKED, "step": "send", "seen": seal})
    assert again.status_code == 200 and again.context_data["moved_on"] and not CorrectionRound.objects.exists()


def test_going_back_from_the_preview_keeps_what_was_typed(office: Office) -> None:
    client, case = drawn(office)
    preview = client.post(case_url(case, "corrections"), ONE_ASKED)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', text_of(preview)))
    html = text_of(client.post(case_url(case, "corrections"), {**ONE_ASKED, "step": "edit", "seen": hidden["seen"]}))
    assert re.search(r'value="lease.file_unreadable" checked', html) and ">Page two</textarea>" in html
    assert {"ask", "note_ar.lease.file_unreadable", "note_en.lease.file_unreadable"} <= set(hidden)


def test_approval_asks_for_the_checklist_then_shows_then_sends(office: Office) -> None:
    client, case = drawn(office)
    refused = client.post(case_url(case, "approve"), NOTES)
    assert refused.status_code == 409 and refused.context_data["error"] and ">Second floor</textarea>" in text_of(refused)
    permits.checked(Assignment.objects.get(place__case=case))
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
    client, case = drawn(office)
    before = Act.objects.exclude(action="review.guessed").count()
    response = client.post(case_url(case, verb), data)
    assert response.status_code == 409
    assert re.search("[\u0621-\u064a]", response.context_data["error"]) and not re.search("[A-Za-z]{2}", response.context_data["error"])
    assert response.context_data["error"] in text_of(response)
    for value in (data.get("note_ar"), data.get("note_ar.lease.file_unreadable")):
        assert not value or value in text_of(response)
    assert Act.objects.exclude(action="review.guessed").count() == before


def test_giving_back_keeps_the_number_and_hides_the_case(office: Office) -> None:
    client, case = drawn(office)
    number = Place.objects.get(case=case).pk
    assert client.post(case_url(case, "give-back"), {"code": "outside_my_skill"}).status_code == 302
    assert client.get(case_url(case)).status_code == 404
    assert client.post(NEXT)["Location"] == "/admin/"
    assert permits.drawn(office.colleague).place_id == number


# --- The second person -----------------------------------------------------------------------------------------------------------


def proposed(office: Office) -> tuple[Client, Case, Decision]:
    client, case = drawn(office)
    assert send(client, case_url(case, "refuse"), {"code": "layout_changed", **NOTES}).status_code == 302
    return client, case, Decision.objects.get(case=case)


def test_a_supervisor_signs_the_very_words_and_the_applicant_gets_them(office: Office) -> None:
    _client, case, decision = proposed(office)
    supervisor = signed_in(office.supervisor)
    assert f">{1}<" in text_of(supervisor.get("/admin/"))
    page = supervisor.get(SIGN)
    assert "Second floor" in text_of(page) and decision.text_ar in text_of(page)
    assert Look.objects.order_by("-pk")[0].viewer_role == "supervisor"
    done = supervisor.post(SIGN, {"decision": decision.pk, "digest": page.context_data["decision"].digest, "step": "sign"})
    assert done.status_code == 302
    kept(case, "review.refused", page.context_data["preview"])
    decision.refresh_from_db()
    assert decision.signed_by == office.supervisor and Case.objects.get(pk=case.pk).state == "refused"


def test_a_signature_for_other_words_is_none(office: Office) -> None:
    client, case, _decision = proposed(office)
    supervisor = signed_in(office.supervisor)
    old = supervisor.get(SIGN).context_data["decision"]
    # The officer changes the proposal while the supervisor reads.
    assert client.post(case_url(case, "take-back")).status_code == 302
    assert send(client, case_url(case, "refuse"), {"code": "conditions_not_met"}).status_code == 302
    new = Decision.objects.get(case=case, voided_at=None)
    for number, digest in ((old.pk, old.digest), (new.pk, old.digest), (new.pk, ""), ("x", new.digest)):
        response = supervisor.post(SIGN, {"decision": number, "digest": digest, "step": "sign"})
        assert response.status_code == 409 and response.context_data["error"]
    assert not Decision.objects.filter(signed_at__isnull=False).exists()
    assert supervisor.post(SIGN, {"decision": new.pk, "digest": new.digest, "step": "sign"}).status_code == 302


def test_a_proposal_sent_back_lies_among_the_answered_ones(office: Office) -> None:
    client, case, decision = proposed(office)
    supervisor = signed_in(office.supervisor)
    wrong = supervisor.post(SIGN, {"decision": decision.pk, "digest": decision.digest, "step": "back", "code": "layout_changed"})
    assert wrong.status_code == 409
    supervisor.post(SIGN, {"decision": decision.pk, "digest": decision.digest, "step": "back", "code": "could_be_corrected"})
    assert queries.desk_of(office.officer).answered == 1
    assert client.post(NEXT)["Location"] == case_url(case)


def test_nobody_signs_their_own_and_an_officer_signs_nothing(office: Office) -> None:
    client, _case, decision = proposed(office)
    assert client.get(SIGN).status_code == 403
    assert client.post(SIGN, {"decision": decision.pk, "digest": decision.digest, "step": "sign"}).status_code == 403
    both = office.officer
    both.groups.add(office.supervisor.groups.get())
    assert client.get(SIGN).context_data.get("decision") is None
    assert client.post(SIGN, {"decision": decision.pk, "digest": decision.digest, "step": "sign"}).status_code == 409


def test_a_second_round_for_old_things_needs_a_reason_and_a_signature(office: Office) -> None:
    client, case = drawn(office)
    assert send(client, case_url(case, "corrections"), ONE_ASKED).status_code == 302
    permits.answer(Place.objects.get(case=case), lease="sha-2")
    client.post(NEXT)
    old = {"ask": ["manager.manager_unclear"]}
    refused = client.post(case_url(case, "corrections"), old)
    assert refused.status_code == 409 and 'value="manager.manager_unclear" checked' in text_of(refused)
    assert send(client, case_url(case, "corrections"), {**old, "second_code": "seen_late"}).status_code == 302
    decision = Decision.objects.get(case=case, outcome="second_round")
    supervisor = signed_in(office.supervisor)
    assert supervisor.get(SIGN).context_data["decision"].pk == decision.pk
    supervisor.post(SIGN, {"decision": decision.pk, "digest": decision.digest, "step": "sign"})
    assert CorrectionRound.objects.get(case=case, number=2).countersigned_by == office.supervisor


# --- The supervisor's pages ------------------------------------------------------------------------------------------------------


def test_each_page_opens_for_its_role_only(office: Office) -> None:
    auditor = permits.staff("auditor", "auditor")
    answers = {
        SIGN: (403, 200, 403),
        BOARD: (403, 200, 403),
        PEOPLE: (403, 200, 403),
        TIES: (403, 200, 200),
        OWN: (200, 403, 403),
        NEXT: (405, 405, 405),
        "/admin/": (200, 200, 200),
    }
    for url, wanted in answers.items():
        got = tuple(signed_in(user).get(url).status_code for user in (office.officer, office.supervisor, auditor))
        assert got == wanted, url
    assert {f"/admin/{page.pattern}" for page in PAGES if "<" not in str(page.pattern)} <= set(answers)
    assert signed_in(auditor).post(TIES, {"tie": "1"}).status_code == 403
    assert signed_in(office.supervisor).post(NEXT).status_code == 403


def test_a_case_is_taken_before_its_turn_by_two_people(office: Office) -> None:
    permits.sent(office.applicant)
    late = permits.sent(office.applicant)
    first, second = signed_in(office.supervisor), signed_in(office.second)
    unknown = first.post(BOARD, {"step": "ask", "reference": "PT-1", "code": "court_order"})
    assert unknown.status_code == 409 and 'value="PT-1"' in text_of(unknown)
    assert first.post(BOARD, {"step": "ask", "reference": late.case.reference, "code": "court_order"}).status_code == 302
    override = Override.objects.get()
    assert first.post(BOARD, {"step": "allow", "override": override.pk}).status_code == 409
    assert 'value="allow"' not in text_of(first.get(BOARD)) and 'value="allow"' in text_of(second.get(BOARD))
    assert second.post(BOARD, {"step": "allow", "override": override.pk}).status_code == 302
    assert permits.drawn(office.officer).place_id == late.pk


def test_fields_of_work_are_given_and_taken_by_a_supervisor_never_by_oneself(office: Office) -> None:
    client = signed_in(office.supervisor)
    held = Skill.objects.get(officer=office.officer, ended_at=None)
    assert client.post(PEOPLE, {"act": "end", "skill": held.pk}).status_code == 302
    assert queries.skills_of(office.officer) == []
    assert client.post(PEOPLE, {"act": "give", "officer": office.officer.pk, "skill": permits.SKILL}).status_code == 302
    assert queries.skills_of(office.officer) == [permits.SKILL]
    own = client.post(PEOPLE, {"act": "give", "officer": office.supervisor.pk, "skill": permits.SKILL})
    assert own.status_code == 403 and own.context_data["error"]
    far = permits.officer("far", permits.staff("supervisor", "far_supervisor", branch="AH"), "AH")
    assert client.post(PEOPLE, {"act": "give", "officer": far.pk, "skill": permits.SKILL}).status_code == 409
    assert client.post(PEOPLE, {"act": "end", "skill": Skill.objects.get(officer=far).pk}).status_code == 409


def test_absences_are_entered_and_cancelled_by_the_officer_or_a_supervisor(office: Office, frozen_clock: Clock) -> None:
    from municipality.kernel import clock

    client, case = drawn(office)
    today = clock.today().isoformat()
    wrong = client.post(OWN, {"act": "absence", "kind": "leave", "first_day": "x", "last_day": today})
    assert wrong.status_code == 200 and not Absence.objects.exists() and f'value="{today}"' in text_of(wrong)
    assert client.post(OWN, {"act": "absence", "kind": "leave", "first_day": today, "last_day": today}).status_code == 302
    assert client.get(case_url(case)).status_code == 404  # back at its place
    assert "message" in text_of(client.post(NEXT, follow=True))
    supervisor = signed_in(office.supervisor)
    assert supervisor.post(PEOPLE, {"act": "cancel", "absence": Absence.objects.get().pk}).status_code == 302
    assert Absence.objects.get().cancelled_at
    entered = {"act": "absence", "officer": office.colleague.pk, "kind": "sick", "first_day": today, "last_day": today}
    assert supervisor.post(PEOPLE, entered).status_code == 302
    assert queries.is_absent(office.colleague)


def test_a_tie_is_listed_for_the_auditor_and_ended_by_another(office: Office) -> None:
    tie = staff.declare_tie(officer=office.officer, party_key=office.applicant.key, kind="relative", declared_by=office.officer)
    assert office.applicant.key in text_of(signed_in(permits.staff("auditor", "auditor")).get(TIES))
    assert office.applicant.key in text_of(signed_in(office.officer).get(OWN))
    assert signed_in(office.supervisor).post(TIES, {"tie": tie.pk}).status_code == 302
    tie.refresh_from_db()
    assert tie.ended_by == office.supervisor


def test_the_clock_of_my_cases_says_late_with_a_word(office: Office, frozen_clock: Clock) -> None:
    client, _case = drawn(office)
    assert "kp-tag--ok" in text_of(client.get("/admin/"))
    frozen_clock.move(days=21)
    html = text_of(signed_in(office.officer).get("/admin/"))
    assert "kp-tag--bad" in html and "متأخر" in html
