"""What the desk says: whether a case waits, what a button will do, which questions are open, and where the rules of a case are."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils import translation

from municipality.cases.models import Case
from municipality.cases.roles import ensure_roles
from municipality.kernel import clock
from municipality.review.admin import answers
from municipality.review.models import QueueEntry
from municipality.review.services import queue, staff
from municipality.rulebook.models import RuleSet
from tests.browsers import signed_in
from tests.municipality.review import permits
from tests.municipality.review.desk_in_a_browser import NEXT, assigned, case_url, send, text_of
from tests.municipality.review.permits import Office

EVERY_CHECK = {f"check.{code}": "yes" for code in ("commercial_license", "files_complete", "drawing_matches")}
NOTHING = "No request is waiting for you."


def in_english(client: Client) -> Client:
    client.cookies["staff_language"] = "en"
    return client


def panel_of(client: Client) -> str:
    """The panel of the first page that says what is next."""
    found = re.search(r'<section class="kp-next".*?</section>', text_of(client.get("/admin/")), re.DOTALL)
    assert found
    return found[0]


def messages_of(client: Client, url: str) -> list[tuple[str, str]]:
    return re.findall(r'<li class="(\w+)">(.*?)</li>', text_of(client.get(url)), re.DOTALL)


# --- An addition in one language -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "empty"), [("ar", "en"), ("en", "ar")])
def test_an_addition_in_one_language_is_said_at_the_empty_box_and_nothing_else(office: Office, language: str, empty: str) -> None:
    client, case = assigned(office)
    ticked = "lease.file_unreadable"
    form = {"ask": ticked, f"note_{language}.{ticked}": "الصفحة الثانية" if language == "ar" else "Page two"}
    form[f"note_{language}.lease.file_expired"] = "of a reason that is not ticked"
    beside = client.post(case_url(case, "corrections"), {**form, "step": "words"})
    assert beside.status_code == 409 and f'data-lacks="note_{empty}.{ticked}"' in text_of(beside)
    page = BeautifulSoup(text_of(client.post(case_url(case, "corrections"), form)), "html.parser")
    said = [box["data-lack"] for box in page.select("#desk-corrections [data-lack]") if not box.has_attr("hidden")]
    assert said == [f"note_{empty}.{ticked}"]
    assert page.select_one('.kp-sheet[data-move="corrections"] [data-choose]').has_attr("hidden"), "a reason is chosen"
    assert not page.select_one('.kp-sheet[data-move="refuse"] [data-choose]').has_attr("hidden"), "red control: none is chosen there"
    form[f"note_{empty}.{ticked}"] = "الصفحة الثانية" if empty == "ar" else "Page two"
    assert client.post(case_url(case, "corrections"), form).status_code == 200


def chosen_on(html: str) -> tuple[list[str], list[str], list[str]]:
    """The ticked reasons of a page of a case, the texts in its boxes, and the sheets that ask for a reason."""
    page = BeautifulSoup(html, "html.parser")
    ticked = [box["value"] for box in page.select('[name="ask"][checked]')]
    typed = [box.text for box in page.select(".kp-whys textarea") if box.text.strip()]
    sheets = [sheet["data-move"] for sheet in page.select(".kp-sheet") if sheet.select("[data-choose]:not([hidden])")]
    return ticked, typed, sheets


@pytest.mark.parametrize("is_read_before", [True, False])
def test_what_is_ticked_or_typed_on_one_page_stands_on_no_other(office: Office, is_read_before: bool) -> None:
    client, case = assigned(office)
    nothing: tuple[list[str], list[str], list[str]] = ([], [], ["corrections", "refuse"])
    assert not is_read_before or chosen_on(text_of(client.get(case_url(case)))) == nothing
    ticked = "lease.file_unreadable"
    forms = {
        "corrections": ({"ask": ticked, f"note_ar.{ticked}": "الصفحة"}, ([ticked], ["الصفحة"], ["refuse"])),
        "approve": ({"note_ar": "مبروك"}, ([], ["مبروك"], ["corrections", "refuse"])),
        "refuse": ({"code": "layout_changed", "note_en": "Sorry"}, ([], ["Sorry"], ["corrections"])),
    }
    for verb, (form, shown) in forms.items():
        assert chosen_on(text_of(client.post(case_url(case, verb), {**form, "step": "edit"}))) == shown, verb
        assert chosen_on(text_of(client.get(case_url(case)))) == nothing, verb


# --- The first page ------------------------------------------------------------------------------------------------------------


def test_the_button_is_offered_only_to_whom_it_would_hand_a_case_and_shows_no_digit(office: Office) -> None:
    officer, colleague = in_english(signed_in(office.officer)), in_english(signed_in(office.colleague))
    for client in (officer, colleague):
        assert NOTHING in panel_of(client) and "<form" not in panel_of(client)
    permits.sent(office.applicant)
    for client in (officer, colleague):
        assert NEXT in panel_of(client) and "<kbd" not in panel_of(client) and NOTHING not in panel_of(client)
    # Whoever gave the only case back has a conflict of interest with it.
    row = queue.next_case(officer=office.officer)
    assert row is not None and NEXT in panel_of(officer)
    queue.give_back(assignment=row, code="outside_my_skill")
    assert NOTHING in panel_of(officer) and "<form" not in panel_of(officer) and NEXT in panel_of(colleague)


def test_an_answer_that_arrived_is_offered_although_nothing_else_waits(office: Office) -> None:
    client, case = assigned(office)
    asked = {"ask": ["lease.file_unreadable"]}
    assert send(client, case_url(case, "corrections"), asked).status_code == 302
    assert NEXT not in panel_of(client)
    permits.answer(QueueEntry.objects.get(case=case), lease="sha-2")
    assert NEXT in panel_of(client)


def test_on_a_day_of_absence_the_button_is_not_offered(office: Office) -> None:
    permits.sent(office.applicant)
    today = clock.today()
    staff.enter_absence(officer=office.officer, kind="sick", first_day=today, last_day=today, entered_by=office.officer)
    panel = panel_of(in_english(signed_in(office.officer)))
    assert "No case is handed out today." in panel and "<form" not in panel


def test_an_empty_queue_is_told_as_information_and_not_as_a_success(office: Office) -> None:
    client = in_english(signed_in(office.officer))
    assert client.post(NEXT)["Location"] == "/admin/"
    assert messages_of(client, "/admin/") == [("info", NOTHING)]


@pytest.mark.parametrize("others", [0, 1])
def test_who_sends_the_last_case_reads_that_nothing_more_waits(office: Office, others: int) -> None:
    client, case = assigned(office)
    for _ in range(others):
        permits.sent(office.applicant)
    done = send(in_english(client), case_url(case, "approve"), EVERY_CHECK)
    levels = messages_of(client, done["Location"])
    assert [level for level, _words in levels] == ["success", "info"][: 2 - others]
    assert (done["Location"] == "/admin/") == (not others)
    assert others or levels[1][1] == "No request is waiting for you."


# --- The page of a case --------------------------------------------------------------------------------------------------------


def test_a_waiting_proposal_says_what_its_button_will_do_and_not_that_it_is_done(office: Office) -> None:
    client, case = assigned(office)
    in_english(client).post(case_url(case, "checks"), EVERY_CHECK)
    assert send(client, case_url(case, "refuse"), {"code": "layout_changed"}).status_code == 302
    html = text_of(client.get(case_url(case)))
    assert "The button takes the proposal back" in html and "is withdrawn" not in html


def test_the_number_of_a_question_and_a_count_of_questions_read_differently(office: Office) -> None:
    client, case = assigned(office)
    url = case_url(case, "checks")
    in_english(client).post(url, {"check.drawing_matches": "no", "step": "keep"})
    html = text_of(client.get(case_url(case)))
    assert "Answered with no: question 3<" in html and "Still open: 2 questions<" in html
    client.post(url, {"check.files_complete": "no", "step": "keep"})
    html = text_of(client.get(case_url(case)))
    assert "Answered with no: questions 2, 3<" in html and "Still open: 1 question<" in html


def test_the_sentences_about_questions_agree_with_their_numbers_in_arabic() -> None:
    with translation.override("ar"):
        words = answers.checklist_words(11)
    assert [words.open[n] for n in (1, 2, 3, 11)] == [
        "بقي سؤال واحد دون إجابة",
        "بقي سؤالان دون إجابة",
        "بقيت 3 أسئلة دون إجابة",
        "بقي 11 سؤالاً دون إجابة",
    ]
    assert ["السؤال رقم" in words.no[1], "السؤالان رقم" in words.no[2], "الأسئلة رقم" in words.no[3]] == [True] * 3
    assert all(answers.NUMBERS in text for text in words.no[1:])


def test_questions_without_an_answer_are_marked_once_the_approval_was_refused_for_them(office: Office) -> None:
    client, case = assigned(office)
    assert text_of(client.get(case_url(case))).count('class="kp-unanswered" hidden') == 3
    refused = client.post(case_url(case, "approve"), {"check.files_complete": "yes"})
    assert refused.status_code == 409 and text_of(refused).count('class="kp-unanswered">') == 2
    assert Case.objects.get(pk=case.pk).state == "in_review"


def test_each_edition_of_a_case_leads_to_its_page_for_whoever_may_read_the_rulebook(office: Office) -> None:
    ensure_roles()
    client, case = assigned(office)
    shown = re.findall(r'href="(/admin/rulebook/ruleset/\d+/change/)"', text_of(client.get(case_url(case))))
    stamped = [stamp.rpartition(" v") for stamp in case.editions if not stamp.startswith("calendar ")]
    rows = [RuleSet.objects.get(subject=subject, version=version) for subject, _v, version in stamped]
    assert {reverse("admin:rulebook_ruleset_change", args=[row.pk]) for row in rows} <= set(shown)
    assert len(shown) == len(case.editions)
    assert {client.get(url).status_code for url in shown} == {200}
    office.officer.groups.get(name="officer").permissions.clear()
    html = text_of(client.get(case_url(case)))
    assert "/admin/rulebook/ruleset/" not in html and 'class="kp-rules"' in html
