"""An appeal: once, in time, in another branch; allowed it opens the renewal again, refused the refusal stands, silence is refusal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from licensing.health import invariants as health
from licensing.health.appeals import panels, queries, review, services
from licensing.health.appeals.documents import AppealDecisionFacts, facts_of
from licensing.health.services import submit_renewal, take_payment
from licensing.models import Appeal, Renewal
from municipality.accounts.models import User
from municipality.cases import invariants as case_invariants
from municipality.cases.models import Case
from municipality.cases.panels import NextStep
from municipality.documents import seal
from municipality.incidents import relief
from municipality.incidents.models import MovedDeadline
from municipality.jobs.models import Job
from municipality.kernel import clock, request_cache
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from municipality.review import invariants as review_invariants
from municipality.review.models import ConflictOfInterest
from municipality.review.services import queue, staff
from municipality.uploads import registry
from municipality.uploads import services as upload_services
from payments import queries as payments
from payments.models import Bill
from shops.models import Shop
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.incidents import IncidentFactory
from tests.factories.uploads import UploadFactory
from tests.killed_issue import assert_ends_as_undisturbed

pytestmark = pytest.mark.django_db
WORDS = "The drain was fitted in October; the photo shows it."


def fresh(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def findings() -> list[str]:
    return [*case_invariants.findings(), *review_invariants.findings(), *health.findings()]


@pytest.fixture
def appeal(refused: Case, owner: Any, decider: Callable[..., User]) -> Appeal:
    decider()
    return services.file(case=refused, person=owner, words=WORDS)


def test_an_appeal_goes_to_another_branch_and_its_applicant_is_told(appeal: Appeal, refused: Case, owner: Any) -> None:
    assert (appeal.case.branch_id, appeal.unit_id, appeal.draw["among"]) == ("JA", "HA", ["JA"])
    assert (appeal.case.state, appeal.answer_by) == ("in_review", clock.today() + dt.timedelta(days=60))
    assert Message.objects.filter(person=owner, kind="licensing.appeal_filed").count() == 1
    assert "limits.appeal v1" in appeal.case.editions
    assert findings() == []


def test_a_refusal_is_appealed_once(appeal: Appeal, refused: Case, owner: Any) -> None:
    with pytest.raises(Refused, match="appealed_once"):
        services.file(case=refused, person=owner, words=WORDS)


def test_an_appeal_comes_within_the_days_of_the_rulebook(refused: Case, owner: Any, frozen_clock: Clock) -> None:
    last = queries.last_day(refused)
    assert last == clock.today() + dt.timedelta(days=60)
    frozen_clock.move(days=60)
    assert queries.last_day(refused) == last and queries.open_refusals(owner) == [(refused, last)]
    frozen_clock.move(days=1)
    assert queries.last_day(refused) is None and queries.open_refusals(owner) == []
    with pytest.raises(Refused, match="too_late"):
        services.file(case=refused, person=owner, words=WORDS)


def test_nobody_else_appeals_and_not_without_words(refused: Case, owner: Any) -> None:
    with pytest.raises(NotPermitted):
        services.file(case=refused, person=UserFactory(), words=WORDS)
    with pytest.raises(Refused, match="no_words"):
        services.file(case=refused, person=owner, words="  ")
    with pytest.raises(Refused, match="too_long"):
        services.file(case=refused, person=owner, words="x" * 4001)
    assert not Appeal.objects.exists()


def test_an_appeal_waits_for_its_own_file_that_is_still_being_checked(refused: Case, owner: Any, decider: Callable[..., User]) -> None:
    decider()
    paper = UploadFactory(owner=owner, subject=refused.key, slot="appeal", judged=False)
    with pytest.raises(Refused, match="files_waiting"):
        services.file(case=refused, person=owner, words=WORDS)
    assert registry.may_write(owner, refused.key, "appeal"), "it can be replaced, or the appeal filed without it"
    upload_services.refuse(paper, "infected")
    services.file(case=refused, person=owner, words=WORDS)


def test_only_what_two_people_refused_is_appealed(make_shop: Any, owner: Any) -> None:
    case = submit_renewal(shop=make_shop(), applicant=owner)
    with pytest.raises(Refused, match="not_refused"):
        services.file(case=case, person=owner, words=WORDS)


def test_an_allowed_appeal_opens_the_renewal_again_with_its_bill(appeal: Appeal, refused: Case, owner: Any) -> None:
    assert payments.bill_of(refused.key) is None
    desk_acts.approve(User.objects.get(login="decider-JA"))
    first = fresh(refused)
    assert (first.state, first.is_open, first.closed_at) == ("awaiting_payment", True, None)
    assert "goes on on its page" in facts_of(queries.appeal_of(fresh(appeal.case))).sections[0].lines_en[1]
    assert Renewal.objects.get(case=first).accepted_facts == Shop.objects.get().registered_facts()
    assert Bill.objects.get(subject=first.key).state == "due"
    assert fresh(appeal.case).state == "allowed"
    told = Message.objects.get(person=owner, kind="licensing.appeal_allowed")
    assert "its page says what comes next" in told.body_en
    assert findings() == []


def test_an_allowed_appeal_leaves_a_renewal_that_was_sent_meanwhile_alone(appeal: Appeal, refused: Case, owner: Any) -> None:
    later = submit_renewal(shop=Shop.objects.get(), applicant=owner)
    desk_acts.approve(User.objects.get(login="decider-JA"))
    assert (fresh(refused).state, fresh(later).is_open) == ("refused", True)
    (follows,) = facts_of(queries.appeal_of(fresh(appeal.case))).sections
    assert "does not go on" in follows.lines_en[1] and "لا يُستكمل الطلب" in follows.lines_ar[1]
    assert "under way or done" in Message.objects.get(kind="licensing.appeal_allowed").body_en
    assert findings() == []


def test_a_refused_appeal_leaves_the_refusal_and_says_until_when_one_can_sue(appeal: Appeal, refused: Case, owner: Any) -> None:
    signs = StaffFactory(supervisor=True, login="signs-JA", branch_id="JA")
    desk_acts.refuse(User.objects.get(login="decider-JA"), signs, code="reason_proved")
    assert (fresh(refused).state, fresh(appeal.case).state) == ("refused", "refused")
    told = Message.objects.filter(person=owner, kind="review.refused", subject_key=appeal.case.key).get()
    assert "You can go to court until" in told.body_en and "appeal until" not in told.body_en
    assert "You can appeal until" in Message.objects.get(kind="review.refused", subject_key=refused.key).body_en
    assert findings() == []


def test_silence_is_refusal(appeal: Appeal, refused: Case, owner: Any, frozen_clock: Clock) -> None:
    frozen_clock.move(days=60)
    services.lapse(appeal_id=appeal.pk)
    assert fresh(appeal.case).state == "in_review"
    frozen_clock.move(days=1)
    services.lapse(appeal_id=appeal.pk)
    services.lapse(appeal_id=appeal.pk)  # again changes nothing
    assert (fresh(appeal.case).state, fresh(refused).state) == ("lapsed", "refused")
    assert Message.objects.filter(person=owner, kind="licensing.appeal_lapsed").count() == 1


def test_an_appeal_can_be_withdrawn(appeal: Appeal, refused: Case, owner: Any) -> None:
    queue.withdraw(case=appeal.case, person=owner)
    assert (fresh(appeal.case).state, fresh(refused).state) == ("withdrawn", "refused")


def test_the_decision_is_a_sealed_document_and_the_refusal_is_revoked(
    appeal: Appeal, refused: Case, settings: Any, tmp_path: Any, outbox: Callable[..., int]
) -> None:
    settings.VAR_DIR, settings.SIGNER_KEY_FILE = tmp_path, str(tmp_path / "seal.p12")
    seal.make_seal(tmp_path / "seal.p12", settings.SIGNER_PASSPHRASE)
    outbox("licensing.refusal_document")
    paper = Renewal.objects.get(case=refused).refusal
    assert paper is not None and paper.state == "active"
    desk_acts.approve(User.objects.get(login="decider-JA"))
    outbox("licensing.appeal_document")
    outbox("licensing.appeal_document")
    document = Appeal.objects.select_related("decision").get().decision
    assert document is not None and document.state == "active"
    rows = [row["en"] for row in document.facts["rows"]]
    assert "Allowed: the refusal is set aside" in rows and refused.reference in rows
    paper.refresh_from_db()
    assert paper.state == "revoked"
    assert Job.objects.filter(kind="licensing.appeal_document").count() == 1


def test_those_who_refused_have_a_conflict_that_nobody_can_end(appeal: Appeal, refuser: User, signer: User) -> None:
    conflicts = ConflictOfInterest.objects.filter(party_key=appeal.case.key, kind="decided")
    assert {conflict.officer_id for conflict in conflicts} == {refuser.pk, signer.pk}
    chief = StaffFactory(supervisor=True, login="chief", branch_id="HA")
    for conflict in conflicts:
        with pytest.raises(NotPermitted, match="decided"):
            staff.end_conflict(conflict=conflict, ended_by=chief)


def test_the_refuser_who_moved_to_the_other_branch_is_not_handed_the_appeal(appeal: Appeal, refuser: User) -> None:
    User.objects.filter(pk=refuser.pk).update(branch="JA")
    assert queue.next_case(officer=User.objects.get(pk=refuser.pk)) is None


def test_the_desk_shows_the_refusal_the_words_and_the_renewal(refused: Case, owner: Any, decider: Callable[..., User]) -> None:
    decider()
    UploadFactory(owner=owner, subject=refused.key, slot="appeal")
    appeal = services.file(case=refused, person=owner, words=WORDS)
    items = {item.name: item for item in review.items(appeal.case)}
    assert items["words"].value == WORDS and items["refusal"].value and items["appeal"].is_file
    assert {"area_m2", "period", "drawing"} <= set(items)
    assert not any(item.may_correct for item in items.values())
    assert len(review.flags(appeal.case)) == 2  # an appeal, and why the renewal itself came to an officer
    assert owner.key in [key for _role, key in review.parties(appeal.case)]


def test_a_worker_that_dies_leaves_one_decision(appeal: Appeal, store: Path) -> None:
    signs = StaffFactory(supervisor=True, login="signs", branch_id="JA")
    desk_acts.refuse(User.objects.get(login="decider-JA"), signs, code="reason_proved")
    assert_ends_as_undisturbed(lambda: services.write_decision(case=fresh(appeal.case)), AppealDecisionFacts)


def test_an_outage_on_the_last_day_gives_a_working_day_more(
    refused: Case, owner: Any, decider: Callable[..., User], frozen_clock: Clock
) -> None:
    decider()
    last = queries.last_day(refused)
    assert last is not None
    frozen_clock.set(clock.start_of(last) + dt.timedelta(hours=12))
    relief.relieve(IncidentFactory().pk)
    moved = MovedDeadline.objects.get(kind=queries.APPEAL_DEADLINE)
    assert moved.before == last < moved.after
    assert Message.objects.filter(kind="incidents.deadlines_moved", person=owner).count() == 1
    request_cache.clear()
    assert queries.last_day(refused) == moved.after and queries.open_refusals(owner) == [(refused, moved.after)]
    frozen_clock.set(clock.start_of(moved.after) + dt.timedelta(hours=23))
    assert services.file(case=refused, person=owner, words=WORDS).refusal.case_id == refused.pk


def test_the_day_after_an_appeal_is_too_late(refused: Case, owner: Any, decider: Callable[..., User], frozen_clock: Clock) -> None:
    decider()
    last = queries.last_day(refused)
    assert last is not None
    frozen_clock.set(clock.start_of(last) + dt.timedelta(days=1, hours=1))
    with pytest.raises(Refused, match="too_late"):
        services.file(case=refused, person=owner, words=WORDS)


@pytest.mark.parametrize(
    ("language", "ended", "runs"), [("en", "Your appeal has ended", "You appealed"), ("ar", "انتهى التظلم، وقرار الرفض قائم", "فرع آخر")]
)
def test_the_page_of_the_request_says_that_the_appeal_has_ended(
    appeal: Appeal, refused: Case, owner: Any, language: str, ended: str, runs: str
) -> None:
    def next_step() -> str:
        request_cache.clear()
        with translation.override(language):
            return str(panels.after_refusal(fresh(refused), NextStep("")).text)

    assert ended not in next_step() and runs in next_step()
    desk_acts.refuse(User.objects.get(login="decider-JA"), StaffFactory(supervisor=True, login="head", branch_id="JA"), "reason_proved")
    assert ended in next_step() and runs not in next_step()


def test_a_request_refused_after_an_allowed_appeal_says_why(appeal: Appeal, refused: Case, owner: Any, client: Any) -> None:
    desk_acts.approve(User.objects.get(login="decider-JA"))
    Shop.objects.update(closed_on=clock.today())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("licensing.health.services.issue.owe_back", lambda **_facts: None)
        take_payment(case=fresh(refused))
    assert fresh(refused).state == "refused"
    page = signed_in(owner).get(f"/en/cases/{refused.public_id}/").content.decode()
    assert "The shop is closed in the register." in page and "another branch decides." not in page
