"""Superusers and their alarms, lost passkeys: what stands in the sample, and what the database refuses of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from municipality.accounts.models import KeyLoss, SuperuserAlarm, User
from municipality.accounts.services import alarms, key_losses
from municipality.kernel import clock
from municipality.notifications.models import Letter, NotReached
from tests.architecture import incidents_data, rulebook_data
from tests.factories.accounts import StaffFactory


@dataclass
class StaffRows:
    """An alarm that was told, one request for the way back that was opened and one that waits."""

    alarm: SuperuserAlarm
    opened: KeyLoss
    waiting: KeyLoss


def _staff(login: str, **fields: Any) -> User:
    return StaffFactory(name_ar="نهى الطوارئ", name_en="Noha Al-Tawari", login=login, **fields)


def fill(sample: Any) -> StaffRows:
    """The account of emergencies was used once and is closed again."""
    mighty = _staff("emergency", is_superuser=True)
    alarms.notify_auditors()
    mighty.is_superuser = False
    mighty.save()
    opened, waiting = key_losses.report_loss(sample.publisher), key_losses.report_loss(sample.checker)
    key_losses.allow_recovery(opened, opener=sample.operator)
    return StaffRows(SuperuserAlarm.objects.get(user=mighty), KeyLoss.objects.get(pk=opened.pk), waiting)


def born_mighty(sample: Any) -> None:
    User.objects.bulk_create([User(login="born", name_ar="س", name_en="S", is_staff=True, is_superuser=True)])


def unannounced(sample: Any) -> None:
    User.objects.filter(pk=sample.operator.pk).update(is_superuser=True)


def a_third(sample: Any) -> None:
    for user in (sample.officer, sample.maker, sample.operator):
        SuperuserAlarm.objects.create(user=user, kind="flag_set", at=clock.now())
        User.objects.filter(pk=user.pk).update(is_superuser=True)


def opened_by_a_person(sample: Any) -> None:
    KeyLoss.objects.filter(pk=sample.staff_rows.waiting.pk).update(opened_by=sample.owner.person, opened_at=clock.now())


def called_twice(sample: Any) -> None:
    row = NotReached.objects.filter(pk=sample.not_reached.pk)
    row.filter(called_at__isnull=True).update(called_at=clock.now(), called_by=sample.operator, outcome="no_answer")
    row.update(outcome="spoken")


def sent_twice(sample: Any) -> None:
    row = Letter.objects.filter(pk=sample.letter.pk)
    for address in ("a@example.com", "b@example.com"):
        row.update(state="sent", address=address, sent_at=clock.now())


BY_HAND = {
    **incidents_data.BY_HAND,
    **rulebook_data.BY_HAND,
    "notifications_notreached_called_once": called_twice,
    "notifications_letter_sent_once": sent_twice,
    "accounts_user_born_mighty": born_mighty,
    "accounts_user_announced": unannounced,
    "accounts_user_two_mighty": a_third,
    "accounts_keyloss_by_staff": opened_by_a_person,
}
