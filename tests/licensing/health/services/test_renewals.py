"""Submitting, withdrawing and lapsing: what commits together, and what is refused."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from licensing.health import queries, services
from licensing.health.states import RENEWAL
from licensing.models import Renewal
from municipality.accounts.models import Signatory
from municipality.audit.models import AuditEvent
from municipality.cases.models import Case
from municipality.cases.services import advance, lift_block, place_block
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import NotPermitted, Refused, TransitionRefused
from municipality.kernel.periods import Period
from municipality.notifications.models import Message
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import FeeRule, RuleSet
from municipality.rulebook.services import publish
from payments import queries as payments
from payments.models import Bill
from payments.services import start_attempt
from shops.models import Shop
from tests.conftest import TODAY
from tests.due_jobs import assert_stays_open_after_the_review, closes_after_the_payment
from tests.factories.accounts import NOURA, OrganisationFactory, PersonFactory, StaffFactory
from tests.factories.licensing import food_activity

pytestmark = pytest.mark.django_db


@pytest.mark.guards
def test_a_clean_renewal_commits_case_bill_message_record_and_jobs_together(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    case = services.submit_renewal(shop=shop, applicant=owner)
    assert case.state == "awaiting_payment" and case.is_open
    renewal = Renewal.objects.get(case=case)
    assert renewal.first_day == TODAY + dt.timedelta(days=21)
    bill = payments.bill_of(case.key)
    assert bill is not None and bill.total_fils == 10_000 and bill.state == "due"
    assert [e.move for e in case.events.order_by("pk")] == ["submit"]
    assert set(AuditEvent.objects.filter(subject=case.key).values_list("action", flat=True)) >= {"case.opened", "case.submit"}
    told = Message.objects.get(person=owner, kind="licensing.renewal_submitted")
    assert not told.deliveries.exists(), "who submits it pays on the next page"
    assert Job.objects.filter(kind="licensing.close_unpaid", key=case.public_id).count() == 1
    assert case.due_on == dt.date(2026, 12, 1)


def test_the_same_lines_stand_before_start_and_on_the_bill(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    lines = queries.offer(shop).lines
    case = services.submit_renewal(shop=shop, applicant=owner)
    bill = payments.bill_of(case.key)
    assert bill is not None
    billed = [
        (b.label_ar, b.label_en, b.formula_ar, b.formula_en, b.article_ar, b.article_en, b.edition, b.fils)
        for b in bill.lines.order_by("order")
    ]
    assert billed == [(x.label_ar, x.label_en, x.formula_ar, x.formula_en, x.article_ar, x.article_en, x.edition, x.fils) for x in lines]


def test_a_renewal_may_end_with_the_commercial_licence(make_shop: Any, owner: Any) -> None:
    last = TODAY + dt.timedelta(days=500)
    shop = make_shop(commercial_license_end=last)
    offer = queries.offer(shop)
    assert offer.period is not None
    aligned = queries.until_commercial(offer)
    assert aligned is not None and aligned.period == Period(offer.period.first, last)
    assert (aligned.years, aligned.total) == (2, 2 * offer.total), "a second year has begun"
    with pytest.raises(Refused, match="end_changed"):
        services.submit(shop=shop, applicant=owner, ends_on=last - dt.timedelta(days=1))
    case, bill = services.submit(shop=shop, applicant=owner, ends_on=last, expected_fils=aligned.total)
    renewal = Renewal.objects.get(case=case)
    assert (renewal.last_day, renewal.years, bill.total_fils) == (last, 2, aligned.total)
    assert any(stamp.startswith("limits.new_licence") for stamp in case.editions), "by whose rule a begun year counts"


@pytest.mark.parametrize("end", ["today", "before", "usual"])
def test_a_commercial_licence_that_ends_too_early_or_with_the_usual_period_gives_no_choice(make_shop: Any, end: str) -> None:
    shop = make_shop()
    offer = queries.offer(shop)
    assert offer.period is not None and queries.until_commercial(offer) is not None
    shop.commercial_license_end = {"today": TODAY, "before": offer.period.first - dt.timedelta(days=1), "usual": offer.period.last}[end]
    assert queries.until_commercial(replace(offer, shop=shop)) is None


def test_a_failure_at_the_end_leaves_nothing_behind(make_shop: Any, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from licensing.health.services import renewals

    shop = make_shop()
    before = (Case.objects.count(), Job.objects.count(), AuditEvent.objects.count(), Message.objects.count())

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the message cannot be written")

    monkeypatch.setattr(renewals, "send", fail)
    with pytest.raises(RuntimeError), transaction.atomic():
        services.submit_renewal(shop=shop, applicant=owner)
    assert (Case.objects.count(), Job.objects.count(), AuditEvent.objects.count(), Message.objects.count()) == before
    assert payments.visible_to(owner).count() == 0


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"ends_in": 61}, "in_window"),
        ({"ends_in": -15}, "in_time"),
        ({"ends_in": None}, "licence_in_force"),
        ({"commercial_license_end": TODAY - dt.timedelta(days=1)}, "commercial_license"),
        ({"closed_on": TODAY}, "shop_open"),
    ],
)
def test_a_shop_with_something_against_it_is_refused(make_shop: Any, owner: Any, facts: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        services.submit_renewal(shop=make_shop(**facts), applicant=owner)
    assert refused.value.code == code
    assert not Case.objects.exists()


def test_a_food_shop_is_sent_to_its_authority_before_any_fee(make_shop: Any, owner: Any) -> None:
    shop = make_shop(activity_id=food_activity())
    offer = queries.offer(shop)
    assert offer.lines == [] and not offer.may_renew
    with pytest.raises(Refused) as refused:
        services.submit_renewal(shop=shop, applicant=owner)
    assert refused.value.code == "competent_authority"


def test_a_block_stops_the_renewal_and_lifting_it_lets_it_go_on(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    by = system("violations")
    place_block(
        subject=shop.key, ground="unpaid", source="settlement:1", stops=RENEWAL, sentence_ar="صلح غير مدفوع", sentence_en="unpaid", actor=by
    )
    with pytest.raises(Refused) as refused:
        services.submit_renewal(shop=shop, applicant=owner)
    assert refused.value.code == "no_block"
    assert lift_block(subject=shop.key, source="settlement:1", actor=by) == 1
    assert services.submit_renewal(shop=shop, applicant=owner).is_open


def test_a_shop_that_changed_since_its_licence_goes_to_the_officer(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    Shop.objects.filter(pk=shop.pk).update(unit="9")
    with pytest.raises(Refused) as refused:
        services.submit_renewal(shop=shop, applicant=owner)
    assert refused.value.code == "unchanged"


@pytest.mark.guards
def test_one_live_renewal_a_shop_says_the_service_and_the_database(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    case = services.submit_renewal(shop=shop, applicant=owner)
    with pytest.raises(Refused) as refused:
        services.submit_renewal(shop=shop, applicant=owner)
    assert refused.value.code == "no_open_case"
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.create(
            reference="HL-2026-999999-X",
            service=RENEWAL,
            subject=shop.key,
            title_ar="x",
            title_en="x",
            applicant=owner,
            branch=case.branch,
            state="draft",
            opened_at=clock.now(),
            snapshot_hash="",
        )


@pytest.mark.guards
def test_a_case_that_slipped_past_the_condition_is_refused_by_the_index_in_words(
    make_shop: Any, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when two requests pass the condition at once; another broken rule of the table is not told as this one."""
    shop = make_shop()
    services.submit_renewal(shop=shop, applicant=owner)
    monkeypatch.setattr(queries, "open_act", lambda _subject: None)
    acts = AuditEvent.objects.count()
    with pytest.raises(Refused) as refused, transaction.atomic():
        services.submit_renewal(shop=shop, applicant=owner)
    assert refused.value.code == "already_open" and Case.objects.count() == 1 and AuditEvent.objects.count() == acts
    monkeypatch.setattr("municipality.cases.services.FiledBy", SimpleNamespace(values=[], APPLICANT="nobody"))
    with pytest.raises(IntegrityError, match="cases_filed_by"), transaction.atomic():
        services.submit_renewal(shop=make_shop(), applicant=owner)


def test_a_price_that_changed_while_the_page_was_open_is_not_charged_silently(make_shop: Any, owner: Any) -> None:
    with pytest.raises(Refused) as refused:
        services.submit_renewal(shop=make_shop(), applicant=owner, expected_fils=9_000)
    assert refused.value.code == "price_changed"


@pytest.mark.guards
def test_a_case_keeps_the_rules_it_was_submitted_under(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    case = services.submit_renewal(shop=shop, applicant=owner)
    kept = dict(case.snapshot[0])
    maker, publisher = StaffFactory(groups=["rule_maker"], login="maker2"), StaffFactory(groups=["rule_publisher"], login="publisher2")
    old = rulebook.in_force("fees.health", TODAY).get()
    new = RuleSet.objects.create(
        subject="fees.health",
        version=99,
        instrument_ar="قرار",
        instrument_en="Decision",
        first_day=TODAY,
        made_by=maker,
        made_at=clock.now(),
    )
    for fee in old.fees.all():
        FeeRule.objects.create(
            ruleset=new,
            **{f.name: getattr(fee, f.name) for f in FeeRule._meta.fields if f.name not in ("id", "ruleset", "fils")},
            fils=fee.fils * 2,
        )
    publish(ruleset=new, publisher=publisher, actor=Actor("rule_publisher", publisher.key))
    assert queries.offer(make_shop()).total == 20_000
    case.refresh_from_db()
    bill = payments.bill_of(case.key)
    assert bill is not None and bill.total_fils == 10_000
    assert case.snapshot[0] == kept
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(snapshot=[])


def test_withdrawing_voids_the_bill_and_frees_the_shop(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    case = services.submit_renewal(shop=shop, applicant=owner)
    services.withdraw_renewal(case=case, person=owner)
    case.refresh_from_db()
    bill = payments.bill_of(case.key)
    assert case.state == "withdrawn" and not case.is_open and case.closed_at is not None
    assert bill is None or bill.state == "void"
    assert services.submit_renewal(shop=shop, applicant=owner).is_open


def test_nobody_else_withdraws_a_request(make_shop: Any, owner: Any) -> None:
    case = services.submit_renewal(shop=make_shop(), applicant=owner)
    stranger = PersonFactory(civil_id=NOURA)
    with pytest.raises(NotPermitted), transaction.atomic():
        services.withdraw_renewal(case=case, person=stranger)
    with pytest.raises(NotPermitted):
        advance(case, "pay", actor=Actor("applicant", owner.key))


def test_an_unpaid_renewal_does_not_lapse_while_its_payment_is_open(make_shop: Any, owner: Any) -> None:
    case = services.submit_renewal(shop=make_shop(), applicant=owner)
    closes_after_the_payment("licensing.close_unpaid", Bill.objects.get(subject=case.key))
    case.refresh_from_db()
    assert case.state == "expired"


def test_a_renewal_can_be_paid_anew_after_a_review_that_ended_unpaid(make_shop: Any, owner: Any) -> None:
    case = services.submit_renewal(shop=make_shop(), applicant=owner)
    assert_stays_open_after_the_review("licensing.close_unpaid", Bill.objects.get(subject=case.key))


def test_an_unpaid_renewal_lapses_once_and_says_so(make_shop: Any, owner: Any) -> None:
    case = services.submit_renewal(shop=make_shop(), applicant=owner)
    services.close_unpaid(case=case)
    services.close_unpaid(case=Case.objects.get(pk=case.pk))
    case.refresh_from_db()
    assert case.state == "expired" and not case.is_open
    assert Message.objects.filter(kind="licensing.renewal_lapsed").count() == 1
    with pytest.raises(TransitionRefused), transaction.atomic():
        advance(case, "pay", actor=system("payments"))


def test_a_renewal_is_not_withdrawn_while_the_bank_has_it(make_shop: Any, owner: Any) -> None:
    case = services.submit_renewal(shop=make_shop(), applicant=owner)
    bill = payments.bill_of(case.key)
    assert bill is not None
    attempt = start_attempt(bills=[bill], payer=owner, language="ar", session_key="s")
    from payments.services import redirect_url

    redirect_url(attempt)
    with pytest.raises(Refused), transaction.atomic():
        services.withdraw_renewal(case=case, person=owner)
    case.refresh_from_db()
    assert case.is_open


def test_a_signatory_renews_for_the_organisation_until_the_last_day(make_shop: Any, owner: Any) -> None:
    from shops.register import queries as shops

    company = OrganisationFactory()
    shop = make_shop(owner=None, organisation=company)
    signatory = PersonFactory(civil_id=NOURA)
    row = Signatory.objects.create(organisation=company, person=signatory, first_day=TODAY, last_day=TODAY)
    assert shop in shops.visible_to(signatory)
    assert services.submit_renewal(shop=shop, applicant=signatory).applicant == signatory
    row.last_day = TODAY - dt.timedelta(days=1)
    row.first_day = TODAY - dt.timedelta(days=9)
    row.save()
    assert shop not in shops.visible_to(signatory)
