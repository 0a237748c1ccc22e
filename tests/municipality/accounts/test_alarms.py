"""Goal Z4: two superusers at most, held by the database, and no way to make or use one that the auditors do not hear of."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from municipality.accounts.models import SuperuserAlarm, User
from municipality.accounts.services import alarms
from municipality.audit.models import AuditEvent
from municipality.jobs import registry
from municipality.jobs import services as jobs
from municipality.jobs.models import Job
from municipality.kernel import clock, guards
from municipality.notifications.models import Message
from tests.browsers import signed_in
from tests.factories.accounts import PersonFactory, StaffFactory

pytestmark = pytest.mark.django_db


def mighty(number: int) -> User:
    return StaffFactory(login=f"mighty{number}", is_superuser=True)


def by_hand(user: User, *, announced: bool) -> None:
    """As somebody with the database open would."""
    with transaction.atomic(), connection.cursor() as cursor:
        if announced:
            cursor.execute("INSERT INTO accounts_superuseralarm (user_id, kind, at) VALUES (%s, 'flag_set', %s)", [user.pk, clock.now()])
        cursor.execute("UPDATE accounts_user SET is_superuser = %s WHERE id = %s", [True, user.pk])


def carried_out() -> None:
    for job in Job.objects.filter(kind="notifications.account", state="queued"):
        jobs.run(job.pk)


def test_a_third_superuser_is_refused_whoever_asks() -> None:
    mighty(1), mighty(2)
    third = StaffFactory(login="third")
    third.is_superuser = True
    for way in (third.save, lambda: by_hand(third, announced=True), lambda: mighty(4)):
        with pytest.raises(DatabaseError, match="two_superusers"), transaction.atomic():
            way()
    assert User.objects.filter(is_superuser=True).count() == 2


def test_one_statement_makes_no_three_of_them() -> None:
    users = [StaffFactory(login=f"s{number}") for number in range(4)]
    SuperuserAlarm.objects.bulk_create(SuperuserAlarm(user=user, kind="flag_set", at=clock.now()) for user in users)
    with pytest.raises(DatabaseError, match="two_superusers"), transaction.atomic():
        User.objects.filter(pk__in=[user.pk for user in users]).update(is_superuser=True)


def test_one_may_follow_another() -> None:
    first = mighty(1)
    mighty(2)
    first.is_superuser = False
    first.save()
    assert mighty(3).is_superuser


def test_without_the_guard_there_are_three() -> None:
    """The red control."""
    with transaction.atomic():
        guards.remove(connection)
        for number in range(3):
            mighty(number)
        assert User.objects.filter(is_superuser=True).count() == 3
        transaction.set_rollback(True)


def test_nobody_is_made_one_without_an_alarm() -> None:
    user = StaffFactory(login="quiet")
    for way in (lambda: by_hand(user, announced=False), lambda: User.objects.filter(pk=user.pk).update(is_superuser=True)):
        with pytest.raises(DatabaseError, match="superuser_unannounced"), transaction.atomic():
            way()
    with pytest.raises(DatabaseError, match="superuser_unannounced"), transaction.atomic():
        User.objects.bulk_create([User(login="born", name_ar="س", name_en="S", is_staff=True, is_superuser=True)])
    by_hand(user, announced=True)
    assert alarms.notify_auditors() == 1
    user.refresh_from_db()
    user.is_superuser = False
    user.save()
    with pytest.raises(DatabaseError, match="superuser_unannounced"), transaction.atomic():
        by_hand(user, announced=False)  # the old alarm was told and serves no second time


def test_the_auditors_hear_within_a_minute_and_the_record_says_so() -> None:
    hears, other = StaffFactory(groups=["auditor"]), StaffFactory(groups=["operator"])
    user = mighty(1)
    assert registry.SCHEDULES["accounts.tell_alarms"].seconds <= 30
    assert registry.JOB_KINDS["accounts.tell_alarms"].queue == "urgent"
    registry.JOB_KINDS["accounts.tell_alarms"].handler()
    carried_out()
    signed_in(user)
    registry.JOB_KINDS["accounts.tell_alarms"].handler()
    carried_out()
    kinds = ["accounts.superuser_made", "accounts.superuser_signed_in"]
    assert list(AuditEvent.objects.filter(action__in=kinds, subject=user.key).order_by("pk").values_list("action", flat=True)) == kinds
    assert list(Message.objects.filter(person=hears).order_by("pk").values_list("kind", flat=True)) == kinds
    assert not Message.objects.filter(person=other).exists()
    assert alarms.notify_auditors() == 0, "once"


def test_others_who_sign_in_raise_no_alarm() -> None:
    signed_in(StaffFactory(groups=["operator"]))
    signed_in(PersonFactory())
    assert not SuperuserAlarm.objects.exists()


def test_the_first_page_of_the_auditor_shows_it_and_no_other() -> None:
    mighty(1)
    assert "mighty1" in signed_in(StaffFactory(groups=["auditor"])).get("/admin/").content.decode()
    assert "mighty1" not in signed_in(StaffFactory(groups=["operator"])).get("/admin/").content.decode()
    with clock.at(clock.now() + dt.timedelta(days=8)):
        assert "mighty1" not in signed_in(User.objects.get(login="auditor")).get("/admin/").content.decode()


@pytest.mark.parametrize("change", [{"user_id": 0}, {"kind": "signed_in"}, {"told_at": None}])
def test_an_alarm_stays_as_it_was(change: dict[str, Any]) -> None:
    user = mighty(1)
    alarms.notify_auditors()
    alarm = SuperuserAlarm.objects.get()
    if "user_id" in change:
        change = {"user_id": StaffFactory(login="other").pk}
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
        SuperuserAlarm.objects.filter(pk=alarm.pk).update(**change)
    with pytest.raises(DatabaseError, match="never_deleted"), transaction.atomic():
        alarm.delete()
    assert SuperuserAlarm.objects.get().user == user


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_at_once_do_not_both_take_the_last_place() -> None:
    mighty(1)
    users = [StaffFactory(login=f"r{number}") for number in range(6)]
    start, outcomes = threading.Barrier(len(users)), []

    def make(user: User) -> None:
        start.wait()
        try:
            by_hand(user, announced=True)
            outcomes.append("made")
        except DatabaseError:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=make, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", *["refused"] * 5]
