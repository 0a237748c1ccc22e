"""Two drafts of the next edition of one subject, by two makers or one: publishing the second does not silently undo the first."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from municipality.accounts.models import User, actor_of
from municipality.cases.roles import ensure_roles
from municipality.kernel import clock, money
from municipality.kernel.errors import Refused
from municipality.rulebook import differences, services
from municipality.rulebook.models import RuleSet
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory
from tests.factories.rulebook import RuleSetFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> tuple[User, User, User]:
    """Two makers and a publisher."""
    ensure_roles()
    one, other = (StaffFactory(groups=["rule_maker"], login=login) for login in ("one", "other"))
    return one, other, StaffFactory(groups=["rule_publisher"], login="publisher")


def publish(draft: RuleSet, publisher: User) -> None:
    services.publish(ruleset=draft, publisher=publisher, actor=actor_of(publisher))


@pytest.fixture
def drafts(people: tuple[User, User, User]) -> tuple[RuleSet, RuleSet]:
    """Two drafts after edition 1: the first one has another fee, the second another limit and a later first day."""
    one, other, publisher = people
    base = RuleSetFactory(made_by=one)
    publish(base, publisher)
    with clock.at(clock.now() + dt.timedelta(minutes=1)):
        fee, limit = (services.copy_as_draft(ruleset=base, maker=maker, actor=actor_of(maker)) for maker in (one, other))
    fee.fees.update(fils=12_000)
    limit.limits.update(value=90)
    RuleSet.objects.filter(pk=limit.pk).update(first_day=fee.first_day + dt.timedelta(days=1))
    return fee, RuleSet.objects.get(pk=limit.pk)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_second_is_refused_until_its_maker_has_saved_it_again(
    drafts: tuple[RuleSet, RuleSet], people: tuple[User, User, User], order: tuple[int, int]
) -> None:
    first, second = (drafts[number] for number in order)
    RuleSet.objects.filter(pk=second.pk).update(first_day=first.first_day + dt.timedelta(days=1))
    second.refresh_from_db()
    with clock.at(clock.now() + dt.timedelta(minutes=2)):
        publish(first, people[2])
        with pytest.raises(Refused, match="overtaken") as refused:
            publish(second, people[2])
    assert f"Edition {first.version}" in str(refused.value.sentence) or f"الإصدار {first.version}" in str(refused.value.sentence)
    changed = differences.changes(second, differences.previous(second))
    assert len(changed) == 2, "what it would undo, and what it is for"
    with clock.at(clock.now() + dt.timedelta(minutes=3)):
        RuleSet.objects.filter(pk=second.pk).update(made_at=clock.now())  # its maker saves it
        second.refresh_from_db()
        publish(second, people[2])
    assert RuleSet.objects.get(pk=second.pk).published_by == people[2]


def test_the_page_says_so_and_shows_what_would_be_undone(drafts: tuple[RuleSet, RuleSet], people: tuple[User, User, User]) -> None:
    first, second = drafts
    with clock.at(clock.now() + dt.timedelta(minutes=2)):
        publish(first, people[2])
        client, url = signed_in(people[2]), reverse("admin:rulebook_ruleset_publish", args=[second.pk])
        page = client.get(url).content.decode()
        assert money.to_display(12_000) in page and money.to_display(10_000) in page, "the fee would fall back"
        [message] = client.post(url, {"seen": second.made_at.isoformat()}, follow=True).context["messages"]
    assert message.level_tag == "error" and "بعد حفظ هذه المسودة" in str(message)
    assert RuleSet.objects.get(pk=second.pk).published_at is None


def test_a_second_draft_of_the_same_maker_is_refused_until_it_is_saved_again(
    drafts: tuple[RuleSet, RuleSet], people: tuple[User, User, User]
) -> None:
    first, second = drafts
    RuleSet.objects.filter(pk=second.pk).update(made_by=people[0], made_at=first.made_at + dt.timedelta(seconds=1))
    second.refresh_from_db()
    with clock.at(clock.now() + dt.timedelta(minutes=2)):
        publish(first, people[2])
        with pytest.raises(Refused, match="overtaken"):
            publish(second, people[2])
    with clock.at(clock.now() + dt.timedelta(minutes=3)):
        RuleSet.objects.filter(pk=second.pk).update(made_at=clock.now())
        second.refresh_from_db()
        publish(second, people[2])
    assert not RuleSet.objects.filter(pk__in=[first.pk, second.pk], published_at=None).exists()


def test_editions_that_were_loaded_together_are_published_one_after_another(
    drafts: tuple[RuleSet, RuleSet], people: tuple[User, User, User]
) -> None:
    first, second = drafts
    RuleSet.objects.filter(pk=second.pk).update(made_by=people[0], made_at=first.made_at)
    second.refresh_from_db()
    with clock.at(clock.now() + dt.timedelta(minutes=2)):
        publish(first, people[2])
        publish(second, people[2])
    assert not RuleSet.objects.filter(pk__in=[first.pk, second.pk], published_at=None).exists()


def test_red_control_without_the_refusal_the_first_change_is_undone(
    drafts: tuple[RuleSet, RuleSet], people: tuple[User, User, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_check_overtaken", lambda *_arguments: None)
    with clock.at(clock.now() + dt.timedelta(minutes=2)):
        for draft in drafts:
            publish(draft, people[2])
    newest = RuleSet.objects.order_by("-first_day")[0]
    assert (newest.fees.get().fils, newest.limits.get().value) == (10_000, 90), "the fee of the first is gone"
