"""A published edition whose first day has not come is withdrawn by two people, and never in force."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from municipality.accounts.models import User, actor_of
from municipality.audit.models import AuditEvent
from municipality.kernel import clock, money
from municipality.kernel.errors import Refused
from municipality.rulebook import differences, queries, services
from municipality.rulebook.models import ReasonRule, RuleSet
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory
from tests.factories.rulebook import RuleSetFactory

pytestmark = pytest.mark.django_db
DAY = dt.date(2027, 1, 1)  # to come, by the clock of the tests
SUBJECT, WHY = "fees.testing", "رسم خاطئ"
WITHDRAW = "admin:rulebook_ruleset_withdraw"


def published(maker: User, checker: User, version: int, first_day: dt.date, **fields: Any) -> RuleSet:
    ruleset: RuleSet = RuleSetFactory(made_by=maker, version=version, first_day=first_day, **fields)
    services.publish(ruleset=ruleset, publisher=checker, actor=actor_of(checker))
    return RuleSet.objects.get(pk=ruleset.pk)


@pytest.fixture
def wrong(maker: User, checker: User) -> RuleSet:
    """Edition 2, from DAY on with a wrong fee; edition 1 is in force until then."""
    published(maker, checker, 1, dt.date(2026, 1, 1))
    return published(maker, checker, 2, DAY, fils=99_000)


def proposed(ruleset: RuleSet, maker: User) -> RuleSet:
    services.propose_withdrawal(ruleset=ruleset, proposer=maker, actor=actor_of(maker), words=WHY)
    return RuleSet.objects.get(pk=ruleset.pk)


def withdrawn(ruleset: RuleSet, maker: User, checker: User) -> RuleSet:
    services.withdraw(ruleset=proposed(ruleset, maker), publisher=checker, actor=actor_of(checker))
    return RuleSet.objects.get(pk=ruleset.pk)


def fee(on: dt.date) -> int:
    return queries.edition(SUBJECT, on).fees["base"].fils


def refusal(ruleset: RuleSet) -> str:
    with pytest.raises(Refused) as refused:
        services.check_withdrawable(ruleset)
    assert str(refused.value.sentence)
    return refused.value.code


def test_the_edition_before_it_goes_on_and_another_may_follow_on_the_same_day(wrong: RuleSet, maker: User, checker: User) -> None:
    assert fee(DAY) == 99_000
    asked = proposed(wrong, maker)
    assert (asked.withdrawal_by, asked.withdrawal_words, fee(DAY)) == (maker, WHY, 99_000), "until it is confirmed"
    services.withdraw(ruleset=asked, publisher=checker, actor=actor_of(checker))
    first = RuleSet.objects.get(version=1)
    assert (first.last_day, fee(DAY), fee(DAY + dt.timedelta(days=400))) == (None, 10_000, 10_000)
    assert queries.in_force(SUBJECT, DAY).get() == first
    assert queries.edition_of(SUBJECT, [f"{SUBJECT} v2"], DAY).version == 1
    acts = AuditEvent.objects.filter(action__startswith="rulebook.withdraw").order_by("pk")
    assert [(act.action, act.actor_key) for act in acts] == [
        ("rulebook.withdrawal_proposed", maker.key),
        ("rulebook.withdrawn", checker.key),
    ]
    draft = services.copy_as_draft(ruleset=RuleSet.objects.get(pk=wrong.pk), maker=maker, actor=actor_of(maker), not_before=DAY)
    assert (draft.version, draft.first_day, differences.previous(draft)) == (3, DAY, first)
    draft.fees.update(fils=12_000)
    services.publish(ruleset=draft, publisher=checker, actor=actor_of(checker))
    assert (fee(DAY - dt.timedelta(days=1)), fee(DAY)) == (10_000, 12_000)


def test_a_reason_is_no_longer_worded_as_in_a_withdrawn_edition(wrong: RuleSet, maker: User, checker: User) -> None:
    draft = RuleSetFactory(made_by=maker, version=3, first_day=DAY + dt.timedelta(days=1))
    words = {"label_ar": "سبب", "label_en": "Reason", "text_ar": "نص", "text_en": "Text"}
    ReasonRule.objects.create(ruleset=draft, code="tested", kind="correction", **words)
    services.publish(ruleset=draft, publisher=checker, actor=actor_of(checker))
    assert queries.words_of_reason("tested") is not None
    withdrawn(RuleSet.objects.get(pk=draft.pk), maker, checker)
    assert queries.words_of_reason("tested") is None


def test_what_is_in_force_followed_a_draft_a_calendar_or_withdrawn_already_stays(wrong: RuleSet, maker: User, checker: User) -> None:
    assert refusal(RuleSet.objects.get(version=1)) == "in_force"
    asked = proposed(wrong, maker)
    with clock.at(clock.end_of(DAY - dt.timedelta(days=1)) + dt.timedelta(minutes=1)), pytest.raises(Refused, match="in_force"):
        services.withdraw(ruleset=asked, publisher=checker, actor=actor_of(checker))
    later = published(maker, checker, 3, DAY + dt.timedelta(days=30))
    assert refusal(wrong) == "followed"
    assert refusal(RuleSetFactory(made_by=maker, version=4, first_day=DAY + dt.timedelta(days=60))) == "not_published"
    assert refusal(RuleSet(subject="calendar", first_day=DAY, published_at=clock.now())) == "calendar"
    assert refusal(withdrawn(later, maker, checker)) == "withdrawn"
    assert RuleSet.objects.get(pk=wrong.pk).last_day is None
    services.withdraw(ruleset=asked, publisher=checker, actor=actor_of(checker))
    assert RuleSet.objects.get(version=1).last_day is None


def test_one_person_alone_or_a_proposal_that_was_not_read_withdraws_nothing(wrong: RuleSet, maker: User, checker: User) -> None:
    both = StaffFactory(groups=["rule_maker", "rule_publisher"], login="both")
    with pytest.raises(Refused, match="no_words"):
        services.propose_withdrawal(ruleset=wrong, proposer=both, actor=actor_of(both), words=" ")
    asked = proposed(wrong, both)
    with pytest.raises(Refused, match="proposed"):
        proposed(wrong, maker)
    with pytest.raises(Refused, match="same_person"):
        services.withdraw(ruleset=asked, publisher=both, actor=actor_of(both))
    services.drop_withdrawal(ruleset=asked, actor=actor_of(checker))
    with clock.at(clock.now() + dt.timedelta(minutes=1)):
        again = proposed(wrong, maker)
    for decide in (services.withdraw, services.drop_withdrawal):
        more = {"publisher": checker} if decide is services.withdraw else {}
        for read in (asked, wrong):
            with pytest.raises(Refused, match="changed"):
                decide(ruleset=read, actor=actor_of(checker), **more)
    services.withdraw(ruleset=again, publisher=checker, actor=actor_of(checker))


@pytest.mark.guards
@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"withdrawn_on": DAY}, "rulebook_withdrawn_before_its_day"),
        ({"withdrawn_by": None}, "rulebook_withdrawn_before_its_day"),
        ({"withdrawal_at": None}, "rulebook_withdrawn_before_its_day"),
        ({"withdrawal_by": None}, "rulebook_withdrawn_before_its_day"),
        ({"withdrawn_by": "maker"}, "rulebook_withdrawn_by_two"),
    ],
)
def test_the_database_refuses_a_late_withdrawal_or_one_of_one_person(
    fields: dict[str, Any], name: str, wrong: RuleSet, maker: User, checker: User
) -> None:
    whole = {"withdrawn_on": clock.today(), "withdrawn_by": checker, "withdrawal_at": clock.now(), "withdrawal_by": maker}
    values = whole | {key: maker if value == "maker" else value for key, value in fields.items()}
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        RuleSet.objects.filter(pk=wrong.pk).update(**values)
    RuleSet.objects.filter(pk=wrong.pk).update(**whole)


@pytest.mark.guards
def test_a_last_day_is_taken_off_only_where_the_edition_after_it_is_withdrawn(wrong: RuleSet, maker: User, checker: User) -> None:
    def reopen() -> None:
        with pytest.raises(IntegrityError, match="guard:frozen:rulebook_ruleset_ends_once"), transaction.atomic():
            RuleSet.objects.filter(version=1).update(last_day=None)

    reopen()
    withdrawn(wrong, maker, checker)
    published(maker, checker, 3, DAY - dt.timedelta(days=10))
    reopen()


def post(client: Client, ruleset: RuleSet, **data: str) -> Any:
    return client.post(reverse(WITHDRAW, args=[ruleset.pk]), data, follow=True)


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_maker_proposes_and_the_publisher_confirms_what_the_page_shows(
    language: str, wrong: RuleSet, maker: User, checker: User
) -> None:
    ours, theirs = signed_in(maker), signed_in(checker)
    for client in (ours, theirs):
        client.cookies["django_language"] = language
    url, change = reverse(WITHDRAW, args=[wrong.pk]), reverse("admin:rulebook_ruleset_change", args=[wrong.pk])
    assert url in ours.get(change).content.decode() and url not in theirs.get(change).content.decode()
    page = ours.get(url).content.decode()
    assert money.to_display(99_000) in page and money.to_display(10_000) in page and 'name="words"' in page
    assert [message.level_tag for message in post(ours, wrong, words=WHY).context["messages"]] == ["info"]
    assert WHY in ours.get(change).content.decode() and 'value="confirm"' not in ours.get(url).content.decode()
    assert url in theirs.get("/admin/").content.decode() and url not in ours.get("/admin/").content.decode()
    page, asked = theirs.get(url).content.decode(), RuleSet.objects.get(pk=wrong.pk)
    assert asked.withdrawal_at is not None
    seen = asked.withdrawal_at.isoformat()
    assert f'name="seen" value="{seen}"' in page and WHY in page
    assert [message.level_tag for message in post(theirs, wrong, step="confirm").context["messages"]] == ["error"], "nothing was read"
    post(theirs, wrong, step="confirm", seen=seen)
    asked.refresh_from_db()
    assert (asked.withdrawn_by, asked.withdrawn_on) == (checker, clock.today())
    assert WHY in ours.get(change).content.decode() and url not in theirs.get("/admin/").content.decode()
    listed = reverse("admin:rulebook_ruleset_changelist")
    assert change not in ours.get(listed).content.decode() and change in ours.get(listed, {"standing": "ended"}).content.decode()
    assert ours.get(url).status_code == 302, "with the sentence that it is withdrawn already"


def test_a_proposal_without_a_reason_is_refused_at_its_field(wrong: RuleSet, maker: User) -> None:
    answer = signed_in(maker).post(reverse(WITHDRAW, args=[wrong.pk]), {"words": " "})
    page = answer.content.decode()
    assert answer.status_code == 400 and list(answer.context["messages"]) == []
    assert page.count('id="words-error"') == page.count('aria-invalid="true" aria-describedby="words-error"> </textarea>') == 1
    assert RuleSet.objects.get(pk=wrong.pk).withdrawal_at is None


def test_a_proposal_is_dropped_by_who_made_it_or_by_a_publisher_and_by_nobody_else(wrong: RuleSet, maker: User, checker: User) -> None:
    other = StaffFactory(groups=["rule_maker"], login="other")
    for who in (maker, checker):
        asked = proposed(wrong, maker)
        assert asked.withdrawal_at is not None
        seen = {"step": "drop", "seen": asked.withdrawal_at.isoformat()}
        assert post(signed_in(other), wrong, **seen).status_code == 403
        assert post(signed_in(other), wrong, **seen | {"step": "confirm"}).status_code == 403
        post(signed_in(who), wrong, **seen)
        assert RuleSet.objects.get(pk=wrong.pk).withdrawal_at is None
    assert post(signed_in(checker), wrong, words=WHY).status_code == 403, "a publisher does not propose"
    for user in (StaffFactory(groups=["operator"]), StaffFactory(login="root", is_superuser=True)):
        assert signed_in(user).get(reverse(WITHDRAW, args=[wrong.pk])).status_code == 403


def test_a_proposal_about_an_edition_that_another_follows_by_now_can_be_dropped(wrong: RuleSet, maker: User, checker: User) -> None:
    asked = proposed(wrong, maker)
    assert asked.withdrawal_at is not None
    published(maker, checker, 3, DAY + dt.timedelta(days=30))
    theirs, url = signed_in(checker), reverse(WITHDRAW, args=[wrong.pk])
    assert url in theirs.get("/admin/").content.decode()
    page = theirs.get(url).content.decode()
    assert 'value="drop"' in page and 'value="confirm"' not in page and "errornote" in page
    seen = {"seen": asked.withdrawal_at.isoformat()}
    refused = post(theirs, wrong, step="confirm", **seen)
    assert [message.level_tag for message in refused.context["messages"]] == ["error"], "the later one is withdrawn first"
    assert RuleSet.objects.get(pk=wrong.pk).withdrawal_at == asked.withdrawal_at
    post(theirs, wrong, step="drop", **seen)
    assert RuleSet.objects.get(pk=wrong.pk).withdrawal_at is None and url not in theirs.get("/admin/").content.decode()
    assert theirs.get(url).status_code == 302, "nothing is proposed, and nothing can be"
