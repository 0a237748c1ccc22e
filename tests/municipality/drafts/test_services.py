"""Answers are kept page by page, on any device, for the days of the rulebook; nothing is overwritten unseen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from municipality.audit.models import AuditEvent
from municipality.drafts import invariants, queries, services
from municipality.drafts.models import Draft
from municipality.drafts.registry import DRAFT_KINDS, DraftKind
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from tests.conftest import NOON
from tests.factories.accounts import NOURA, PersonFactory, StaffFactory

pytestmark = pytest.mark.django_db
SERVICE = "tests.kept"
NAME = ("صالون الموج", "Al Mawj Salon")
KIND = DraftKind(("طلب", "Request"), lambda drafts: {one.pk: NAME for one in drafts}, lambda draft: "/my-shops/")


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    DRAFT_KINDS.setdefault(SERVICE, KIND)
    yield
    DRAFT_KINDS.pop(SERVICE)


@pytest.fixture
def draft(rules: None, owner: Any) -> Draft:
    return services.begin(person=owner, service=SERVICE, subject="shop:one")


def days_later(days: int) -> Any:
    return clock.at(NOON + dt.timedelta(days=days))


@pytest.mark.guards
def test_a_request_is_begun_once_and_found_again(draft: Draft, owner: Any) -> None:
    assert services.begin(person=owner, service=SERVICE, subject="shop:one") == draft
    assert draft.expires_at == clock.end_of(clock.day_of(NOON) + dt.timedelta(days=28)), "the day that is named is a whole day"
    assert queries.open_for(owner, SERVICE, "shop:one") == draft
    assert AuditEvent.objects.filter(action="draft.begun", subject=draft.key).count() == 1


def test_answers_of_two_pages_given_on_two_devices_both_hold(draft: Draft) -> None:
    opened = draft.version
    services.answer(draft=draft, page="area", answers={"area_m2": "80"}, version=opened)
    services.answer(draft=draft, page="manager", answers={"name_ar": "علي"}, version=opened)
    draft.refresh_from_db()
    assert draft.answers == {"area": {"area_m2": "80"}, "manager": {"name_ar": "علي"}} and draft.page == "manager"


def test_a_page_answered_elsewhere_meanwhile_is_not_overwritten(draft: Draft) -> None:
    opened = draft.version
    services.answer(draft=draft, page="area", answers={"area_m2": "80"}, version=opened)
    with pytest.raises(services.EditConflict) as told:
        services.answer(draft=draft, page="area", answers={"area_m2": "95"}, version=opened)
    draft.refresh_from_db()
    assert draft.answers["area"] == {"area_m2": "80"}
    assert told.value.facts["saved"] == {"area_m2": "80"} and told.value.facts["typed"] == {"area_m2": "95"}
    # Whoever has seen both decides.
    services.answer(draft=draft, page="area", answers={"area_m2": "95"}, version=told.value.facts["version"])
    draft.refresh_from_db()
    assert draft.answers["area"] == {"area_m2": "95"}


def test_the_same_answer_from_two_devices_is_no_conflict(draft: Draft) -> None:
    opened = draft.version
    for _ in range(2):
        services.answer(draft=draft, page="area", answers={"area_m2": "80"}, version=opened)
    draft.refresh_from_db()
    assert draft.answers["area"] == {"area_m2": "80"}


def test_without_the_versions_of_pages_the_second_device_would_overwrite_the_first(draft: Draft) -> None:
    """The red control: what the guard compares is what saves the answer."""
    opened = draft.version
    services.answer(draft=draft, page="area", answers={"area_m2": "80"}, version=opened)
    Draft.objects.update(page_versions={})
    services.answer(draft=draft, page="area", answers={"area_m2": "95"}, version=opened)
    draft.refresh_from_db()
    assert draft.answers["area"] == {"area_m2": "95"}


def test_one_reminder_on_day_21_and_the_answers_are_gone_after_day_28(draft: Draft, owner: Any) -> None:
    services.answer(draft=draft, page="area", answers={"area_m2": "80"}, version=1)
    with days_later(20):
        assert (services.remind(), services.expire()) == (0, 0)
    with days_later(21):
        assert services.remind() == 1 and services.remind() == 0
    message = Message.objects.get(kind="drafts.reminder", person=owner)
    assert "22 December 2026" in message.body_en and "صالون الموج" in message.title_ar
    with days_later(27):
        assert (services.remind(), services.expire()) == (0, 0)
        assert queries.open_for(owner, SERVICE, "shop:one") == draft
    with clock.at(clock.end_of(clock.day_of(NOON) + dt.timedelta(days=28)) - dt.timedelta(minutes=1)):
        assert services.expire() == 0, "the last day is a whole day"
        assert queries.open_for(owner, SERVICE, "shop:one") == draft
    with days_later(29):
        assert services.expire() == 1
        assert queries.open_for(owner, SERVICE, "shop:one") is None
    draft.refresh_from_db()
    assert draft.answers == {} and Message.objects.count() == 1
    assert AuditEvent.objects.filter(action="draft.expired", subject=draft.key).count() == 1


def test_a_request_that_cannot_be_removed_holds_no_other_up(draft: Draft, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    other = services.begin(person=owner, service=SERVICE, subject="shop:two")
    third = services.begin(person=owner, service=SERVICE, subject="shop:three")
    drop_all = services.uploads.drop_all

    def fails_for_one(subject: str, **given: Any) -> int:
        if subject == other.key:
            raise OSError("its file cannot be removed")
        return drop_all(subject, **given)

    def abouts(rows: Sequence[Draft]) -> dict[int, tuple[str, str]]:
        if other in rows:
            raise LookupError("its shop is gone")
        return {row.pk: NAME for row in rows}

    with monkeypatch.context() as patched:
        patched.setattr(services.uploads, "drop_all", fails_for_one)
        patched.setitem(DRAFT_KINDS, SERVICE, replace(KIND, abouts=abouts))
        with days_later(21):
            assert services.remind() == 2
        with days_later(29):
            assert services.expire() == 2
    closed = Draft.objects.filter(closed_at__isnull=False)
    assert set(closed) == {draft, third} and Message.objects.count() == 2


def test_a_new_answer_keeps_the_request_for_another_28_days(draft: Draft) -> None:
    with days_later(20):
        services.answer(draft=draft, page="area", answers={"area_m2": "80"}, version=1)
    with days_later(28):
        assert (services.remind(), services.expire()) == (0, 0)
    with days_later(41):
        assert services.remind() == 1
    with days_later(49):
        assert services.expire() == 1


def test_a_request_that_ran_out_takes_no_answer_even_before_the_job_ran(draft: Draft) -> None:
    with days_later(29), pytest.raises(Refused) as refused:
        services.answer(draft=draft, page="area", answers={"area_m2": "80"}, version=1)
    assert refused.value.code == "draft_closed"


def test_nor_is_it_found_again_and_another_one_can_be_begun(draft: Draft, owner: Any) -> None:
    services.answer(draft=draft, page="area", answers={"area_m2": "80"}, version=1)
    with days_later(29):
        assert queries.open_for(owner, SERVICE, "shop:one") is None and not queries.visible_to(owner).exists()
        begun = services.begin(person=owner, service=SERVICE, subject="shop:one")
        assert begun != draft and begun.answers == {} and queries.open_for(owner, SERVICE, "shop:one") == begun
        assert services.expire() == 0
    draft.refresh_from_db()
    assert draft.answers == {} and draft.closed_at is not None
    assert AuditEvent.objects.filter(action="draft.expired", subject=draft.key).count() == 1


def test_nor_does_one_under_another_right_that_ran_out_stand_in_the_way(draft: Draft, owner: Any) -> None:
    with days_later(29):
        begun = services.begin(person=owner, service=SERVICE, subject="shop:one", held_under="organisation:one")
    assert begun != draft and begun.held_under == "organisation:one"


def test_a_request_that_was_sent_takes_no_answer_and_keeps_none(draft: Draft, owner: Any) -> None:
    from municipality.accounts.models import actor_of

    services.answer(draft=draft, page="area", answers={"area_m2": "80"}, version=1)
    services.send(draft=draft, sent_as="case:one", actor=actor_of(owner))
    draft.refresh_from_db()
    assert draft.answers == {} and draft.sent_as == "case:one"
    with pytest.raises(Refused):
        services.answer(draft=draft, page="area", answers={"area_m2": "80"}, version=2)
    assert services.begin(person=owner, service=SERVICE, subject="shop:one") != draft


@pytest.mark.guards
def test_a_closed_request_that_still_holds_answers_is_refused_by_the_database(draft: Draft) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Draft.objects.filter(pk=draft.pk).update(closed_at=NOON, answers={"area": {}})


def test_nobody_sees_the_request_of_another_and_staff_see_none(draft: Draft, owner: Any) -> None:
    assert list(queries.visible_to(owner)) == [draft]
    assert (
        not queries.visible_to(PersonFactory(civil_id=NOURA)).exists() and not queries.visible_to(StaffFactory(groups=["officer"])).exists()
    )
    services.discard(draft=draft)
    assert not queries.visible_to(owner).exists()


def test_the_invariant_sees_a_request_kept_too_long(draft: Draft) -> None:
    assert list(invariants.findings()) == []
    with days_later(30):
        assert len(list(invariants.findings())) == 1
