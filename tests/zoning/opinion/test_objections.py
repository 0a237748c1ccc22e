"""An objection to an opinion: once, in time, at another branch; the opinion stands, is replaced, or its question is studied anew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from municipality.accounts.models import User
from municipality.cases import invariants as case_invariants
from municipality.cases.models import Case
from municipality.cases.obligations import Duty
from municipality.incidents import relief
from municipality.incidents.models import MovedDeadline
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from municipality.review import invariants as review_invariants
from municipality.review.models import Assignment, ConflictOfInterest
from municipality.review.services import desk, queue
from municipality.uploads.registry import PREFIXES
from payments import queries as payments
from payments.models import Bill
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import PersonFactory
from tests.factories.incidents import IncidentFactory
from tests.factories.uploads import UploadFactory
from tests.killed_issue import assert_ends_as_undisturbed
from zoning.models import Opinion, OpinionDraft, OpinionObjection, RuleTask
from zoning.objections import queries, review, services
from zoning.objections.documents import ObjectionDecisionFacts
from zoning.objections.obligations import obligations
from zoning.opinion import panels
from zoning.opinion import queries as opinions
from zoning.opinion.services import consultations, issue, study

pytestmark = pytest.mark.django_db
WHY = "The school moved last year; the letter shows it."
NEW = {"text_ar": "انتقلت المدرسة.", "text_en": "The school moved."}


def fresh(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


@pytest.fixture
def issued(issued_opinion: Callable[..., Opinion]) -> Opinion:
    return issued_opinion()


@pytest.fixture
def objection(issued: Opinion, owner: Any, other: User) -> OpinionObjection:
    return services.file(case=issued.case, person=owner, words=WHY)


@pytest.fixture
def at_other(objection: OpinionObjection, other: User) -> Assignment:
    """The objection on the desk of the planner of the other branch, its checklist answered."""
    return desk_acts.checked(desk_acts.assigned(other))


def test_an_objection_goes_to_another_branch_with_the_first_study(objection: OpinionObjection, issued: Opinion, owner: Any) -> None:
    case = objection.case
    assert (case.branch_id, case.state, objection.draw["among"]) == ("JA", "in_review", ["JA"])
    assert objection.answer_by == clock.today() + dt.timedelta(days=60) and case.due_on is not None
    assert Message.objects.filter(person=owner, kind="zoning.objection_filed").count() == 1
    again = opinions.opinion_of(case)
    assert (again.first_id, again.instant_outcome, again.files_key) == (issued.pk, issued.instant_outcome, issued.files_key)
    assert list(again.consultations.values_list("code", "answer")) == list(issued.consultations.values_list("code", "answer"))
    month = sum(line.asked for line in opinions.silence_by_month(9))
    assert month in (0, issued.consultations.count()), "a copied question is not asked twice"
    assert [*case_invariants.findings(), *review_invariants.findings()] == []


def test_the_page_of_a_ready_opinion_leads_to_the_objection_at_its_head(
    issued: Opinion, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    account_of = payments.account_of
    monkeypatch.setattr(payments, "account_of", lambda key: replace(account_of(key), bill=None, lines=[]))  # nothing is to be paid
    page = signed_in(owner).get(f"/en/cases/{issued.case.public_id}/").content.decode()
    step = page.partition('class="kp-next"')[2].partition("</section>")[0]
    assert "You can object until" in step and f"/en/opinions/{issued.case.public_id}/objection/" in step


def test_an_opinion_is_objected_to_once_and_only_by_who_ordered_it(objection: OpinionObjection, issued: Opinion, owner: Any) -> None:
    with pytest.raises(Refused, match="objected_once"):
        services.file(case=issued.case, person=owner, words=WHY)
    with pytest.raises(NotPermitted):
        services.file(case=issued.case, person=PersonFactory(noura=True), words=WHY)


def test_it_comes_within_the_days_of_the_rulebook_and_with_words(issued: Opinion, owner: Any, frozen_clock: Clock) -> None:
    last = queries.last_day(opinions.opinion_of(issued.case))
    assert last == clock.today() + dt.timedelta(days=60)
    for words, code in (("  ", "no_words"), ("x" * 4001, "too_long")):
        with pytest.raises(Refused, match=code):
            services.file(case=issued.case, person=owner, words=words)
    (offer,) = obligations(owner)
    assert (offer.duty, offer.code, offer.until) == (Duty.OFFER, "object", last)
    frozen_clock.move(days=61)
    assert obligations(owner) == [] and queries.last_day(opinions.opinion_of(issued.case)) is None
    with pytest.raises(Refused, match="too_late"):
        services.file(case=issued.case, person=owner, words=WHY)


def test_it_is_open_as_before_while_the_bank_has_the_fee_back(issued: Opinion, owner: Any, other: User) -> None:
    last, page = queries.last_day(opinions.opinion_of(issued.case)), f"/en/opinions/{issued.case.public_id}/objection/"
    issue.voided(_bill(issued))
    assert last is not None and queries.last_day(opinions.opinion_of(issued.case)) == last
    assert [offer.until for offer in obligations(owner)] == [last]
    client = signed_in(owner)
    case_page = client.get(f"/en/cases/{issued.case.public_id}/").content.decode()
    assert "You can object until" in case_page and "so its fee is due again" not in case_page and page in case_page
    form = client.get(page).content.decode()
    assert "Until then the opinion stays as it is" in form, "it is not in force"
    assert services.file(case=issued.case, person=owner, words=WHY).opinion_id == issued.pk


@pytest.mark.parametrize(
    ("activity", "outcome", "code", "may"),
    [("LAUN", "permitted", "", False), ("LAUN", "conditional", "place_differs", True), ("WSAL", "permitted", "rule_misread", True)],
)
def test_a_yes_without_conditions_that_agrees_is_not_objected_to(
    issued_opinion: Callable[..., Opinion], activity: str, outcome: str, code: str, may: bool
) -> None:
    opinion = issued_opinion(activity=activity, outcome=outcome, code=code)
    assert (queries.last_day(opinions.opinion_of(opinion.case)) is not None) == may
    assert ("Object on the portal until" in str(opinion.document.facts)) == may


@pytest.mark.parametrize(("outcome", "may"), [("limits", False), ("other_limits", True)])
def test_other_building_limits_are_objected_to_also_where_the_data_say_nothing(rules: None, outcome: str, may: bool) -> None:
    draft = OpinionDraft(outcome=outcome, agreement="completes")
    assert (queries.until(draft, clock.today()) is not None) == may


def test_a_refused_objection_leaves_the_opinion_and_gives_its_reason(
    objection: OpinionObjection, issued: Opinion, owner: Any, other: User, chief: User, outbox: Callable[..., int]
) -> None:
    desk_acts.refuse(other, chief, code="opinion_holds", note_ar="لا جديد.", note_en="Nothing new.")
    outbox("zoning.objection_document")
    assert (fresh(objection.case).state, fresh(issued.document).state) == ("refused", "active")
    told = Message.objects.get(person=owner, kind="review.refused", subject_key=objection.case.key)
    assert "You can go to court until" in told.body_en
    for language, reason, by_law in (
        ("en", "The opinion matches the plans", "Answer by law"),
        ("ar", "يطابق الرأي المخططات", "آخر موعد قانوني"),
    ):
        page = signed_in(owner).get(f"/{language}/cases/{objection.case.public_id}/").content.decode()
        assert reason in page.partition('class="kp-next"')[2].partition("</section>")[0]
        assert page.count(reason) == 1 and by_law not in page, "what is answered has no day of an answer any more"
    assert "Refused: the decision stands" in str(fresh(objection).decision.facts)


def test_a_new_opinion_replaces_the_old_one_wherever_it_is_shown(
    objection: OpinionObjection,
    issued: Opinion,
    owner: Any,
    at_other: Assignment,
    chief: User,
    outbox: Callable[..., int],
) -> None:
    study.write_draft(assignment=at_other, outcome="permitted", code="layer_outdated", **NEW)
    desk.sign(decision=desk.accept(assignment=at_other), supervisor=chief)
    assert (fresh(objection.case).state, RuleTask.objects.count()) == ("decided", 1)
    assert fresh(issued.document).state == "active", "valid until the new one is issued"
    outbox("zoning.issue_opinion")
    outbox("zoning.objection_document")
    old, new = fresh(issued.document), opinions.opinion_of(objection.case).document
    assert new is not None and (old.state, old.replaced_by, new.state) == ("superseded", new, "active")
    assert (fresh(objection.case).state, fresh(issued.case).state) == ("replaced", "issued")
    assert opinions.newest_document(issued.case) == new
    client = signed_in(owner)
    first = client.get(f"/en/cases/{issued.case.public_id}/").content.decode()
    assert "Replaced by" in first and new.number in first and "Objected; another branch decides" in first
    assert "A new opinion replaces the old one" in first
    verified = client.get(f"/verify/{old.code}", headers={"Accept-Language": "en"}).content.decode()
    assert new.number in verified
    page = client.get(f"/en/cases/{objection.case.public_id}/").content.decode()
    assert all(number in page for number in (old.number, new.number)) and "The school moved." in page
    assert f"It replaces opinion {old.number}" in Message.objects.get(kind="zoning.opinion_issued", key=objection.case.public_id).body_en
    assert client.get(f"/documents/{old.number}.pdf").status_code == client.get(f"/documents/{new.number}.pdf").status_code == 200
    assert queries.last_day(opinions.opinion_of(objection.case)) is None, "a second objection"
    assert "Upheld: a new opinion replaces the old one" in str(fresh(objection).decision.facts)
    issue.voided(_bill(issued))
    assert (fresh(new).state, fresh(old).state) == ("suspended", "superseded")
    issue.paid(_bill(issued))
    assert fresh(new).state == "active"


def test_a_draft_that_repeats_the_no_is_no_upheld_objection(objection: OpinionObjection, at_other: Assignment) -> None:
    study.write_draft(assignment=at_other, outcome="not_permitted", **NEW)
    with pytest.raises(Refused, match="same_outcome"):
        desk.accept(assignment=at_other)
    assert fresh(objection.case).state == "in_review"


def test_an_opinion_that_is_replaced_while_its_payment_is_reversed_hands_the_suspension_on(
    objection: OpinionObjection, issued: Opinion, at_other: Assignment, chief: User, outbox: Callable[..., int]
) -> None:
    study.write_draft(assignment=at_other, outcome="permitted", code="layer_outdated", **NEW)
    desk.sign(decision=desk.accept(assignment=at_other), supervisor=chief)
    issue.voided(_bill(issued))
    assert fresh(issued.document).state == "suspended"
    outbox("zoning.issue_opinion")
    old, new = fresh(issued.document), opinions.opinion_of(objection.case).document
    assert new is not None and (old.state, old.replaced_by, new.state) == ("superseded", new, "suspended")
    assert [edition["name_en"] for edition in new.facts["editions"]] == ["Uses of land"], "the letter names the rules of its answer"
    issue.paid(_bill(issued))
    assert fresh(new).state == "active"


def _bill(opinion: Opinion) -> int:
    return Bill.objects.get(subject=opinion.case.key).pk


def test_a_question_is_studied_anew_without_a_fee_and_its_opinion_replaces_the_old_one(
    objection: OpinionObjection,
    issued: Opinion,
    owner: Any,
    other: User,
    at_other: Assignment,
    chief: User,
    outbox: Callable[..., int],
) -> None:
    with pytest.raises(Refused, match="no_reason"):
        services.choose_new_study(assignment=at_other, code="opinion_holds")
    services.choose_new_study(assignment=at_other, code="facts_not_seen")
    decision = desk.accept(assignment=at_other)
    assert (fresh(objection.case).state, decision.code) == ("countersign", "facts_not_seen")
    desk.sign(decision=decision, supervisor=chief)
    anew = Opinion.objects.select_related("case").get(case__service="zoning.opinion", first=issued)
    assert (fresh(objection.case).state, anew.case.state, anew.case.branch_id) == ("sent_back", "in_review", "JA")
    assert anew.consultations.count() == issued.consultations.count() and not anew.consultations.exclude(answer="").exists()
    assert {tie.party_key for tie in ConflictOfInterest.objects.filter(kind="decided")} == {objection.case.key, anew.case.key}
    client = signed_in(owner)
    page = client.get(f"/en/cases/{objection.case.public_id}/").content.decode()
    assert "The study did not look at facts" in page and f"/en/cases/{anew.case.public_id}/" in page
    assert "studied anew, without a fee" in client.get(f"/en/cases/{anew.case.public_id}/").content.decode()
    held = desk_acts.checked(desk_acts.assigned(other))
    for row in anew.consultations.all():
        consultations.record_answer(consultation=row, officer=other, answer="no_objection")
    study.write_draft(assignment=held, outcome="permitted", code="layer_outdated", **NEW)
    desk.sign(decision=desk.accept(assignment=held), supervisor=chief)
    outbox("zoning.issue_opinion")
    old = fresh(issued.document)
    assert (old.state, old.replaced_by) == ("superseded", fresh(anew).document)
    assert [*case_invariants.findings(), *review_invariants.findings()] == []
    page = client.get(f"/en/cases/{objection.case.public_id}/").content.decode()
    assert "The new opinion replaces the old one" in page and f"/documents/{fresh(anew).document.number}" in page


def test_a_new_study_that_ended_without_an_opinion_is_not_said_to_go_on(
    objection: OpinionObjection,
    issued: Opinion,
    owner: Any,
    other: User,
    at_other: Assignment,
    chief: User,
    outbox: Callable[..., int],
) -> None:
    issue.voided(_bill(issued))
    services.choose_new_study(assignment=at_other, code="facts_not_seen")
    desk.sign(decision=desk.accept(assignment=at_other), supervisor=chief)
    outbox("zoning.objection_document")
    assert fresh(issued.document).state == "suspended"
    facts = str(fresh(objection).decision.facts)
    assert "The old opinion stays as it is" in facts and "valid" not in facts, "it is not in force while its fee is not paid"
    client, page = signed_in(owner), f"/en/cases/{objection.case.public_id}/"
    assert "study the question anew, without a fee" in client.get(page).content.decode()
    desk_acts.refuse(other, chief, code="no_standing")
    shown = client.get(page).content.decode()
    assert "The new study has ended without an opinion." in shown and "study the question anew, without a fee" not in shown


def test_the_newest_opinions_are_offered_first_where_there_are_many(
    issued_opinion: Callable[..., Opinion], owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _older, newer = issued_opinion(), issued_opinion()
    monkeypatch.setattr(queries, "MAX_LISTED", 1)
    assert [offer.reference for offer in obligations(owner)] == [newer.case.reference]


def test_a_draft_that_is_written_later_takes_the_place_of_a_new_study(objection: OpinionObjection, at_other: Assignment) -> None:
    services.choose_new_study(assignment=at_other, code="bodies_to_ask")
    study.write_draft(assignment=at_other, outcome="not_permitted", **NEW)
    assert fresh(objection).study_code == ""
    services.choose_new_study(assignment=at_other, code="bodies_to_ask")
    desk.accept(assignment=at_other)
    with pytest.raises(Refused, match="not_on_desk"):
        services.choose_new_study(assignment=fresh(at_other), code="bodies_to_ask")


def test_silence_is_refusal(objection: OpinionObjection, owner: Any, frozen_clock: Clock) -> None:
    frozen_clock.move(days=60)
    services.lapse(objection_id=objection.pk)
    assert fresh(objection.case).state == "in_review"
    frozen_clock.move(days=1)
    for _time in range(2):
        services.lapse(objection_id=objection.pk)
    assert fresh(objection.case).state == "lapsed"
    assert Message.objects.filter(person=owner, kind="zoning.objection_lapsed").count() == 1


def test_the_pages_take_an_objection_and_withdraw_it(issued: Opinion, owner: Any, other: User) -> None:
    client, url = signed_in(owner), f"/en/opinions/{issued.case.public_id}/objection/"
    page = f"/en/cases/{issued.case.public_id}/"
    assert url in client.get(page).content.decode() and url in client.get("/en/").content.decode()
    form = client.get(url).content.decode()
    assert "60 days" in form and "10 working days" in form and "Not permitted" in form
    assert "يمكن الاعتراض حتى" in client.get(url.replace("/en/", "/ar/")).content.decode()
    assert client.post(url, {"words": ""}).status_code == 400
    assert signed_in(PersonFactory(noura=True)).get(url).status_code == 404
    sent = client.post(url, {"words": WHY})
    row = OpinionObjection.objects.select_related("case").get()
    assert sent["Location"] == f"/en/cases/{row.case.public_id}/" and client.get(url).url == page
    shown = client.get(sent["Location"]).content.decode()
    assert WHY.partition(";")[0] in shown and "Jahra" in shown and "In the queue" in shown
    withdrawing = f"/en/opinions/{row.case.public_id}/objection/withdraw/"
    assert "A second objection is not possible." in client.get(withdrawing).content.decode()
    assert client.post(withdrawing).status_code == 302 and fresh(row.case).state == "withdrawn"


def test_files_are_taken_until_it_is_filed_and_the_deciding_planner_reads_them(
    issued: Opinion, owner: Any, other: User, planner: User
) -> None:
    rules, key = PREFIXES["opinion"], issued.files_key
    assert "objection" in rules.slots(key) and "objection" not in rules.locked(key) and "title" in rules.locked(key)
    UploadFactory(owner=owner, subject=key, slot="objection")
    row = services.file(case=issued.case, person=owner, words=WHY)
    assert "objection" in rules.locked(key) and not rules.may_read(other, key)
    desk_acts.assigned(other)
    assert rules.may_read(other, key)
    for case in (issued.case, row.case):  # the documents of both stand under one key
        assert signed_in(owner).get(f"/ar/cases/{case.public_id}/").status_code == 200
    items = {item.name: item for item in review.items(row.case)}
    assert items["words"].value == WHY and items["objection"].is_file and {"first", "first_text", "instant", "draft", "title"} <= set(items)
    assert not any(item.may_correct for item in items.values())


def test_the_planner_writes_on_the_study_page(objection: OpinionObjection, other: User, at_other: Assignment) -> None:
    client, url = signed_in(other), f"/admin/opinions/{objection.case.public_id}/"
    page = client.get(url).content.decode()
    assert WHY.partition(";")[0] in page and "facts_not_seen" in page
    assert client.post(url, {"act": "new_study", "study_code": ""}).status_code == 409
    assert client.post(url, {"act": "new_study", "study_code": "facts_not_seen"}).status_code == 302
    assert fresh(objection).study_code == "facts_not_seen"


def test_who_had_a_part_in_the_opinion_is_not_handed_the_objection(objection: OpinionObjection, planner: User) -> None:
    User.objects.filter(pk=planner.pk).update(branch="JA")
    assert queue.next_case(officer=fresh(planner)) is None


def test_an_opinion_and_that_of_its_objection_are_no_like_cases(objection: OpinionObjection, issued: Opinion, at_other: Assignment) -> None:
    again = opinions.opinion_of(objection.case)
    assert opinions.like_cases(again) == [] == opinions.like_cases(issued), "neither is like itself"


def test_a_worker_that_dies_leaves_one_decision(objection: OpinionObjection, other: User, chief: User) -> None:
    desk_acts.refuse(other, chief, code="opinion_holds")
    assert_ends_as_undisturbed(lambda: services.write_decision(case=fresh(objection.case)), ObjectionDecisionFacts)


def test_an_outage_on_the_last_day_gives_a_working_day_more(issued: Opinion, owner: Any, frozen_clock: Clock) -> None:
    last = queries.last_day(opinions.opinion_of(issued.case))
    assert last is not None
    frozen_clock.set(clock.start_of(last) + dt.timedelta(hours=12))
    relief.relieve(IncidentFactory().pk)
    moved = MovedDeadline.objects.get(kind=queries.OBJECTION_DEADLINE)
    assert moved.before == last < moved.after
    (offer,) = obligations(owner)
    assert offer.until == moved.after
    frozen_clock.set(clock.start_of(moved.after) + dt.timedelta(hours=23))
    assert services.file(case=issued.case, person=owner, words=WHY).opinion_id == issued.pk


def test_a_new_opinion_whose_fee_the_bank_took_back_is_said_to_be_out_of_force(
    issued_opinion: Callable[..., Opinion], owner: User, other: User, chief: User
) -> None:
    issued = issued_opinion()
    objection = services.file(case=issued.case, person=owner, words="x")
    held = desk_acts.checked(desk_acts.assigned(other))
    study.write_draft(assignment=held, outcome="permitted", code="layer_outdated", text_ar="انتقلت المدرسة.", text_en="The school moved.")
    desk.sign(decision=desk.accept(assignment=held), supervisor=chief)
    issue.issue_opinion(case=Case.objects.get(pk=objection.case_id))
    page, browser = f"/en/cases/{objection.case.public_id}/", signed_in(owner)
    assert "The new opinion replaces the old one" in browser.get(page).content.decode()
    issue.voided(Bill.objects.get(subject=issued.case.key).pk)
    shown = browser.get(page).content.decode()
    assert "The opinion is not in force" in shown and "The new opinion replaces the old one" not in shown
    assert f"/en/cases/{issued.case.public_id}/" in shown


def test_an_opinion_whose_last_day_is_over_is_not_called_ready(issued_opinion: Callable[..., Opinion], frozen_clock: Clock) -> None:
    issued = issued_opinion()
    assert issued.document is not None and issued.document.valid_to is not None
    assert str(panels._next_step(issued, None, None).title) == "الرأي جاهز"
    frozen_clock.set(dt.datetime.combine(issued.document.valid_to + dt.timedelta(days=5), dt.time(9), clock.KUWAIT))
    assert str(panels._next_step(issued, None, None).title) == "الرأي غير سارٍ"
