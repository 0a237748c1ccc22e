"""Review by an officer: sent, corrected, accepted, refused, withdrawn, lapsed; each in one transaction."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from licensing.health import draft_pages, queries, services
from licensing.health.services import officer as lane
from licensing.health.states import RENEWAL
from licensing.models import HealthLicence, Renewal, RenewalChange
from municipality.accounts import civil_ids
from municipality.audit.models import AuditEvent
from municipality.cases.models import Case
from municipality.cases.services import place_block
from municipality.documents import seal
from municipality.drafts import services as drafts
from municipality.drafts.models import Draft
from municipality.jobs.models import Job
from municipality.jobs.services import enqueue, run
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from municipality.review import queries as review
from municipality.review.models import Clock, Party, QueueEntry
from municipality.review.services import desk, queue
from municipality.uploads import queries as uploads
from municipality.uploads.models import Upload
from municipality.uploads.refusals import FileRefused
from payments import queries as payments
from payments.models import RefundDue
from shops.models import RegisterChange, Shop
from shops.register.services import FactChange, change_register
from tests import desk_acts
from tests.conftest import NOON, TODAY
from tests.factories.accounts import NOURA, PersonFactory, StaffFactory
from tests.factories.licensing import MANAGER, RenewalCaseFactory, RenewalDraftFactory, food_activity
from tests.factories.review import OfficerFactory
from tests.factories.uploads import UploadFactory

pytestmark = pytest.mark.django_db
BY = system("tests")


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path


@pytest.mark.guards
def test_a_changed_shop_is_sent_with_case_changes_files_place_clock_and_message_together(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2", "manager"])
    assert case.state == "in_review" and case.is_open
    renewal = Renewal.objects.get(case=case)
    assert (renewal.lane, renewal.flags, renewal.accepted_facts) == ("officer", [], None)
    rows = queries.declared_changes(renewal)
    assert [row.name for row in rows] == ["area_m2", "manager"]
    assert rows[0].before == {"area_m2": None} and rows[0].after == {"area_m2": 85}
    assert rows[1].after == {"name_ar": "علي الصالح", "name_en": "Ali Al-Saleh", "civil_id_masked": rows[1].after["civil_id_masked"]}
    assert MANAGER not in str(rows[1].after) and rows[1].sensitivity == "personal"
    assert civil_ids.decrypt(rows[1].secret["civil_id_cipher"]) == MANAGER
    assert sorted(uploads.ready(case.key).values_list("slot", flat=True)) == ["drawing", "manager_letter"]
    place = QueueEntry.objects.get(case=case)
    assert (place.state, place.branch_id, place.skill) == ("waiting", "HA", "health")
    assert Clock.objects.get(case=case).due_at is not None and case.due_on == dt.date(2026, 12, 1)
    assert set(Party.objects.filter(case=case).values_list("key", flat=True)) == {case.key, owner.key, shop.key}
    assert Draft.objects.get().sent_as == case.key and Draft.objects.get().answers == {}
    assert Message.objects.filter(person=owner, kind="licensing.renewal_sent").count() == 1
    assert payments.bill_of(case.key) is None
    assert next(event.move for event in case.events.order_by("pk")) == "send_to_officer"


@pytest.mark.parametrize("is_guarded", [True, False], ids=["kept", "red control"])
def test_files_of_a_change_that_is_not_ticked_any_more_are_not_sent(
    make_shop: Any, owner: Any, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    if not is_guarded:
        attach = lane.uploads.attach
        monkeypatch.setattr(lane.uploads, "attach", lambda *args, slots, **kwargs: attach(*args, **kwargs))
    shop = make_shop()
    draft = RenewalDraftFactory(shop=shop, person=owner, changed=["area_m2", "manager"])
    draft = drafts.answer(draft=draft, page=draft_pages.WHAT, answers={"changed": ["area_m2"]}, version=draft.version)
    case = services.send_to_officer(shop=shop, applicant=owner, draft=draft, version=draft.version)
    slots = list(uploads.ready(case.key).values_list("slot", flat=True))
    assert (slots == ["drawing"]) is is_guarded
    if is_guarded:
        assert not uploads.of(draft.key).exists()
        assert AuditEvent.objects.filter(action="upload.removed", data__reason="not_submitted").count() == 1


def test_a_file_of_an_unticked_change_that_is_still_being_checked_does_not_hold_the_request(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    draft = RenewalDraftFactory(shop=shop, person=owner, changed=["area_m2"])
    UploadFactory(owner=owner, subject=draft.key, slot="drawing")
    draft = drafts.answer(draft=draft, page=draft_pages.WHAT, answers={"changed": ["area_m2", "manager"]}, version=draft.version)
    UploadFactory(owner=owner, subject=draft.key, slot="manager_letter", judged=False)
    draft = drafts.answer(draft=draft, page=draft_pages.WHAT, answers={"changed": ["area_m2"]}, version=draft.version)
    case = services.send_to_officer(shop=shop, applicant=owner, draft=draft, version=draft.version)
    assert set(uploads.of(case.key).values_list("slot", flat=True)) == {"drawing"}


def test_the_manager_is_a_party_where_the_portal_knows_the_person(make_shop: Any, owner: Any) -> None:
    manager = PersonFactory(civil_id=MANAGER, name_ar="علي", name_en="Ali")
    case = RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["manager"])
    assert Party.objects.filter(case=case, key=manager.key, role="manager").exists()


def test_a_failure_at_the_end_leaves_nothing_behind(make_shop: Any, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    draft = RenewalDraftFactory(shop=shop, person=owner, changed=["area_m2"])

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the message cannot be written")

    monkeypatch.setattr(lane, "send", fail)
    with pytest.raises(RuntimeError), transaction.atomic():
        services.send_to_officer(shop=shop, applicant=owner, draft=draft, version=draft.version)
    assert not Case.objects.exists() and not QueueEntry.objects.exists() and not RenewalChange.objects.exists()
    assert Draft.objects.get().is_open and uploads.ready(draft.key).count() == 1


def test_an_answer_from_another_device_after_the_check_page_was_read_is_told_before_sending(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    draft = RenewalDraftFactory(shop=shop, person=owner, changed=["area_m2"])
    with pytest.raises(Refused) as refused:
        services.send_to_officer(shop=shop, applicant=owner, draft=draft, version=draft.version - 1)
    assert refused.value.code == "draft_changed"


def test_nothing_changed_and_nothing_flagged_is_not_for_an_officer(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    draft = RenewalDraftFactory(shop=shop, person=owner)
    with pytest.raises(Refused) as refused:
        services.send_to_officer(shop=shop, applicant=owner, draft=draft, version=draft.version)
    assert refused.value.code == "nothing_changed"


def test_a_missing_file_and_one_that_is_being_checked_keep_the_request_back(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    draft = RenewalDraftFactory(shop=shop, person=owner, changed=["area_m2"])
    Upload.objects.get(subject=draft.key)
    uploaded = Upload.objects.get(subject=draft.key)
    from municipality.uploads import services as upload_services

    upload_services.remove(uploaded, user=owner)
    assert draft_pages.files_state(draft) == "todo"
    with pytest.raises(Refused) as refused:
        services.send_to_officer(shop=shop, applicant=owner, draft=draft, version=draft.version)
    assert refused.value.code == "not_complete"
    UploadFactory(owner=owner, subject=draft.key, slot="drawing", judged=False)
    assert draft_pages.files_state(draft) == "waiting"
    with pytest.raises(Refused):
        services.send_to_officer(shop=shop, applicant=owner, draft=draft, version=draft.version)


def test_an_activity_that_passed_to_another_body_meanwhile_is_refused_at_sending(make_shop: Any, owner: Any) -> None:
    from municipality.drafts import services as drafts

    shop = make_shop()
    draft = RenewalDraftFactory(shop=shop, person=owner, changed=["activity"])
    draft = drafts.answer(draft=draft, page="activity", answers={"activity": food_activity()}, version=draft.version)
    with pytest.raises(Refused) as refused:
        services.send_to_officer(shop=shop, applicant=owner, draft=draft, version=draft.version)
    assert refused.value.code == "competent_authority"


def test_a_review_block_sends_a_clean_shop_to_an_officer_and_a_stop_block_to_nobody(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    ground = {"ground": "report", "stops": RENEWAL, "sentence_ar": "بلاغ قيد الفحص", "sentence_en": "A report is examined", "actor": BY}
    place_block(subject=shop.key, source="report:1", effect="review", **ground)
    offer = queries.offer(shop)
    assert not offer.may_renew and offer.may_be_studied and offer.flags == ["no_flag"]
    with pytest.raises(Refused) as refused:
        services.submit_renewal(shop=shop, applicant=owner)
    assert refused.value.code == "no_flag"
    assert Renewal.objects.get(case=RenewalCaseFactory(shop=shop, applicant=owner)).flags == ["no_flag"]
    other = make_shop()
    place_block(subject=other.key, source="report:2", **ground)
    draft = RenewalDraftFactory(shop=other, person=owner, changed=["area_m2"])
    with pytest.raises(Refused) as stopped:
        services.send_to_officer(shop=other, applicant=owner, draft=draft, version=draft.version)
    assert stopped.value.code == "no_block"


def test_a_late_renewal_costs_the_surcharge_with_its_article_when_approved_automatically(make_shop: Any, owner: Any) -> None:
    shop = make_shop(ends_in=-10)
    offer = queries.offer(shop)
    assert offer.may_renew and offer.is_late
    assert [(line.code, line.fils) for line in offer.lines] == [("health.renewal", 10_000), ("health.late_surcharge", 5_000)]
    case = services.submit_renewal(shop=shop, applicant=owner, expected_fils=15_000)
    bill = payments.bill_of(case.key)
    assert bill is not None and bill.total_fils == 15_000
    assert bill.lines.get(code="health.late_surcharge").article_en.startswith("Charge for renewing after the licence ended")
    in_time = queries.offer(make_shop(ends_in=0))
    assert [line.code for line in in_time.lines] == ["health.renewal"]


def test_a_much_later_one_goes_to_an_officer_and_covers_the_time_since(make_shop: Any, owner: Any) -> None:
    shop = make_shop(ends_in=-400)
    offer = queries.offer(shop)
    assert not offer.may_renew and offer.flags == ["in_time"]
    case = RenewalCaseFactory(shop=shop, applicant=owner)
    renewal = Renewal.objects.get(case=case)
    assert (renewal.years, renewal.is_late) == (2, True) and renewal.last_day > TODAY
    desk_acts.approve(OfficerFactory())
    bill = payments.bill_of(case.key)
    assert bill is not None and bill.total_fils == 25_000


def test_approval_makes_the_bill_and_the_first_day_writes_the_register_with_its_trace(
    make_shop: Any, owner: Any, settings: Any, tmp_path: Any, frozen_clock: Any
) -> None:
    settings.SIGNER_KEY_FILE = str(tmp_path / "seal.p12")
    seal.make_seal(tmp_path / "seal.p12", settings.SIGNER_PASSPHRASE)
    shop = make_shop()
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["trade_name", "activity", "area_m2", "manager", "address"])
    deciding = OfficerFactory()
    accepted = desk_acts.approve(deciding)
    assert accepted.state == "awaiting_payment"
    bill = payments.bill_of(case.key)
    assert bill is not None and bill.total_fils == 10_000
    assert Job.objects.filter(kind="licensing.close_unpaid", key=case.public_id).count() == 1
    assert not RegisterChange.objects.exists()
    assert Renewal.objects.get(case=case).accepted_facts == shop.registered_facts(), "the register as it was accepted"
    services.take_payment(case=accepted)
    services.issue_renewal(case=Case.objects.get(pk=case.pk))
    licence = HealthLicence.objects.get(shop=shop, is_current=True)
    frozen_clock.move(days=(licence.first_day - clock.today()).days)
    services.supersede_previous(licence_id=licence.pk)
    shop = Shop.objects.get(pk=shop.pk)
    assert (shop.name_ar, shop.area_m2, shop.manager_name_en) == ("صالون النخيل", 85, "Ali Al-Saleh")
    assert (shop.branch_id, shop.block, shop.paci_number) == ("KU", "7", "20220222")
    assert civil_ids.decrypt(shop.manager_civil_id_cipher) == MANAGER
    traces = RegisterChange.objects.filter(shop=shop)
    assert {(trace.name, trace.source, trace.actor_key) for trace in traces} == {
        (name, case.key, deciding.key) for name in ("trade_name", "activity", "area_m2", "manager", "address")
    }
    assert MANAGER not in str(list(traces.values()))
    assert AuditEvent.objects.filter(action="shop.changed", subject=shop.key).count() == 1
    assert licence.registered_facts == shop.registered_facts()


def test_what_an_officer_accepted_is_no_change_at_the_next_try(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    change_register(shop=shop, changes=[FactChange("address", {"street": "Other"})], source="notice:1", actor=system("tests"))
    shop = Shop.objects.get(pk=shop.pk)
    assert [condition.code for condition in queries.offer(shop).unmet] == ["unchanged"]
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"])
    desk_acts.approve(OfficerFactory())
    services.close_unpaid(case=Case.objects.get(pk=case.pk))
    offer = queries.offer(Shop.objects.get(pk=shop.pk))
    assert offer.may_renew and offer.unmet == []


@pytest.mark.guards
def test_the_new_licence_is_issued_on_the_accepted_facts(make_shop: Any, owner: Any, settings: Any, tmp_path: Any) -> None:
    settings.SIGNER_KEY_FILE = str(tmp_path / "seal.p12")
    seal.make_seal(tmp_path / "seal.p12", settings.SIGNER_PASSPHRASE)
    shop = make_shop()
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["trade_name", "area_m2"])
    case = desk_acts.approve(OfficerFactory())
    services.take_payment(case=case)
    services.issue_renewal(case=Case.objects.get(pk=case.pk))
    licence = HealthLicence.objects.get(shop=shop, is_current=True)
    assert licence.registered_facts["name_ar"] == "صالون النخيل" and licence.registered_facts["area_m2"] == "85"
    facts = licence.document.facts
    assert (facts["trade_name_ar"], facts["trade_name_en"]) == ("صالون النخيل", "Al Nakheel Salon")
    reasons = list(Case.objects.get(pk=case.pk).events.filter(move="approve").values_list("reason", flat=True))
    assert reasons == ["officer_accepted"]
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
        Renewal.objects.filter(case=case).update(accepted_facts={})


@pytest.mark.guards
def test_without_acceptance_no_licence_can_be_linked_and_the_control_shows_the_harm(make_shop: Any, owner: Any) -> None:
    from django.db import connection

    from municipality.kernel import guards

    case = RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2"])
    licence = Renewal.objects.get(case=case).licence
    with pytest.raises(IntegrityError, match="not_accepted"), transaction.atomic():
        Renewal.objects.filter(case=case).update(new_licence=licence)
    with transaction.atomic():
        where = " ON licensing_renewal" if connection.vendor == "postgresql" else ""
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER {guards.PREFIX}licensing_officer_lane_accepted{where}")
        assert Renewal.objects.filter(case=case).update(new_licence=licence) == 1
        transaction.set_rollback(True)


@pytest.mark.guards
def test_declared_changes_are_written_once(make_shop: Any, owner: Any) -> None:
    RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2"])
    with pytest.raises(DatabaseError, match="insert_only"), transaction.atomic():
        RenewalChange.objects.update(after={"area_m2": 1})


# Corrections.


def asked(make_shop: Any, owner: Any, *items: desk.CorrectionRequest) -> tuple[Case, Any]:
    case = RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2", "address"])
    deciding = OfficerFactory()
    desk.ask_corrections(assignment=desk_acts.checked(desk_acts.assigned(deciding)), items=list(items))
    return Case.objects.get(pk=case.pk), deciding


AREA = desk.CorrectionRequest("area_differs", "area_m2")
LEASE = desk.CorrectionRequest("file_unreadable", "lease")


def test_corrections_open_only_what_is_asked_for_and_keep_the_place(make_shop: Any, owner: Any) -> None:
    case, deciding = asked(make_shop, owner, AREA, LEASE)
    number = QueueEntry.objects.get(case=case).pk
    assert case.state == "corrections" and Clock.objects.get(case=case).due_at is None
    with pytest.raises(FileRefused):
        UploadFactory(owner=owner, subject=case.key, slot="drawing")
    with pytest.raises(Refused) as locked:
        services.answer_corrections(case=case, applicant=owner, answers={"address": {}})
    assert locked.value.code == "not_asked"
    with pytest.raises(Refused) as missing:
        services.answer_corrections(case=case, applicant=owner, answers={"area_m2": {"area_m2": 90}})
    assert missing.value.code == "not_complete"
    with clock.at(NOON + dt.timedelta(days=2)):
        UploadFactory(owner=owner, subject=case.key, slot="lease", content=b"\xff\xd8\xff\xe0 sharper")
        services.answer_corrections(case=case, applicant=owner, answers={"area_m2": {"area_m2": 90}})
    case.refresh_from_db()
    assert case.state == "in_review" and QueueEntry.objects.get(case=case).pk == number
    assert review.desk_of(deciding).answered == 1
    rows = queries.declared_changes(Renewal.objects.get(case=case))
    assert [(row.name, row.round, row.after.get("area_m2")) for row in rows if row.name == "area_m2"] == [("area_m2", 1, 90)]
    assert RenewalChange.objects.filter(renewal__case=case, name="area_m2").count() == 2


def test_a_stranger_answers_nothing(make_shop: Any, owner: Any) -> None:
    case, _deciding = asked(make_shop, owner, AREA)
    with pytest.raises(Refused):
        services.answer_corrections(case=case, applicant=PersonFactory(civil_id=NOURA), answers={"area_m2": {"area_m2": 90}})
    case.refresh_from_db()
    assert case.state == "corrections" and RenewalChange.objects.filter(round=1).count() == 0


def test_corrections_that_nobody_answers_close_the_request_without_a_fee(make_shop: Any, owner: Any) -> None:
    case, _deciding = asked(make_shop, owner, AREA)
    with clock.at(NOON + dt.timedelta(days=28)):
        assert services.lapse_unanswered() == 0
    with clock.at(NOON + dt.timedelta(days=29)):
        assert services.lapse_unanswered() == 1 and services.lapse_unanswered() == 0
    case.refresh_from_db()
    assert (case.state, case.is_open) == ("expired", False)
    assert QueueEntry.objects.get(case=case).state == "left" and Clock.objects.get(case=case).stopped_at is not None
    assert Message.objects.filter(person=owner, kind="licensing.corrections_lapsed").count() == 1
    assert payments.bill_of(case.key) is None


def test_a_request_that_cannot_be_closed_holds_no_other_up(make_shop: Any, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, _deciding = asked(make_shop, owner, AREA)
    good = RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2", "address"])
    desk.ask_corrections(assignment=desk_acts.checked(desk_acts.assigned(OfficerFactory(login="second"))), items=[AREA])
    leave = queue.leave

    def fails_for_one(*, case: Case, **given: Any) -> None:
        if case.pk == bad.pk:
            raise DatabaseError("its row cannot be written")
        leave(case=case, **given)

    with clock.at(NOON + dt.timedelta(days=29)):
        with transaction.atomic():
            job = Job.objects.get(pk=enqueue("licensing.lapse_unanswered", key="test"))
        with monkeypatch.context() as patched:
            patched.setattr(queue, "leave", fails_for_one)
            run(job.pk)
        job.refresh_from_db()
        assert (Case.objects.get(pk=bad.pk).state, Case.objects.get(pk=good.pk).state) == ("corrections", "expired")
        assert Message.objects.filter(person=owner, kind="licensing.corrections_lapsed").count() == 1
        assert job.state == "queued" and f"licensing.lapse of {bad.pk}: DatabaseError: its row cannot be written" in job.last_error
        assert services.lapse_unanswered() == 1
    assert Case.objects.get(pk=bad.pk).state == "expired"


# Withdrawn.


@pytest.mark.parametrize("state", ["in_review", "held", "corrections", "countersign", "awaiting_payment"])
def test_a_request_is_withdrawn_in_every_state_before_payment(make_shop: Any, owner: Any, state: str) -> None:
    case = RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2"])
    if state != "in_review":
        deciding = OfficerFactory()
        if state == "corrections":
            desk.ask_corrections(assignment=desk_acts.checked(desk_acts.assigned(deciding)), items=[AREA])
        elif state == "countersign":
            desk.propose_refusal(assignment=desk_acts.checked(desk_acts.assigned(deciding)), code="conditions_not_met")
        elif state == "awaiting_payment":
            desk_acts.approve(deciding)
        else:
            desk_acts.assigned(deciding)
    services.withdraw_renewal(case=Case.objects.get(pk=case.pk), person=owner)
    case.refresh_from_db()
    assert (case.state, case.is_open) == ("withdrawn", False)
    assert QueueEntry.objects.get(case=case).state == "left"
    bill = payments.bill_of(case.key)
    assert bill is None


# Refused.


def test_a_signed_refusal_becomes_a_sealed_bilingual_document_with_the_way_to_object(
    make_shop: Any, owner: Any, settings: Any, tmp_path: Any
) -> None:
    from django.test import Client

    settings.SIGNER_KEY_FILE = str(tmp_path / "seal.p12")
    seal.make_seal(tmp_path / "seal.p12", settings.SIGNER_PASSPHRASE)
    RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2"])
    case = desk_acts.refuse(OfficerFactory(), StaffFactory(supervisor=True), note_ar="لا توجد تهوية", note_en="There is no ventilation")
    assert case.state == "refused" and Job.objects.filter(kind="licensing.refusal_document", key=case.public_id).count() == 1
    services.write_refusal(case=case)
    services.write_refusal(case=case)
    refusal = Renewal.objects.get(case=case).refusal
    assert refusal is not None and refusal.state == "active" and refusal.holder_key == owner.key
    assert refusal.facts["reason_en"].startswith("The health conditions set") and refusal.facts["article_ar"].startswith("لائحة المحلات")
    assert refusal.facts["object_until"] == "2027-01-23"
    assert "huda" not in str(refusal.facts).lower() and owner.name_ar not in str(refusal.public_facts)
    page = Client().get(f"/verify/{refusal.code}", headers={"accept-language": "en"})
    assert page.status_code == 200 and "conditions" not in page.content.decode().split("<main")[1].split("</main>")[0]
    assert Message.objects.filter(person=owner, kind="licensing.refusal_ready").count() == 1


def test_a_shop_that_closes_between_approval_and_payment_gets_its_money_owed_back(make_shop: Any, owner: Any) -> None:
    case = RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2"])
    case = desk_acts.approve(OfficerFactory())
    Shop.objects.update(closed_on=TODAY)
    services.take_payment(case=case)
    case.refresh_from_db()
    assert case.state == "refused" and Message.objects.filter(kind="licensing.refused_after_payment").count() == 1
    assert not Job.objects.filter(kind="licensing.issue_renewal").exists()
    assert not RefundDue.objects.exists()  # nothing was really paid here; the way through the bank is tried in the views


def test_the_desk_reads_facts_flags_files_and_no_contact(make_shop: Any, owner: Any) -> None:
    from municipality.review.registry import reviewable

    shop = make_shop()
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2", "manager"])
    entry = reviewable(case)
    items = {item.name: item for item in entry.items(case)}
    assert items["area_m2"].before and items["manager"].before and not items["activity"].before
    assert items["drawing"].is_file and len(items["drawing"].files) == 1
    told = " ".join(f"{item.value} {item.before}" for item in items.values())
    assert owner.email not in told and owner.phone not in told and MANAGER not in told
    assert entry.flags(case) and entry.related(case)
