"""The way back for a member of staff whose passkey is lost: they ask, a second person who has seen them opens it.

Opening forgets every passkey of the account and ends its sessions; password and code then lead to the first passkey again.
"""

from __future__ import annotations

import datetime as dt

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import KeyLoss, User, actor_of
from municipality.accounts.services.sessions import end_all_of
from municipality.audit.services import record
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused

STANDS = dt.timedelta(hours=24)  # an older request is asked anew
ADMINISTRATOR, SUPERVISOR = "operator", "supervisor"


def waiting_of(user: User) -> KeyLoss | None:
    """The request of this member of staff that waits for its second person."""
    return KeyLoss.objects.filter(user=user, opened_at__isnull=True, asked_at__gt=clock.now() - STANDS).order_by("-pk").first()


def ask(user: User) -> KeyLoss:
    """Say that one's passkey is lost. The same request again within a day is the same one."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        standing = waiting_of(user)
        if standing is not None:
            return standing
        loss = KeyLoss.objects.create(user=user, asked_at=clock.now())
        record("accounts.passkey_lost", subject=user.key, actor=actor_of(user), data={"loss": loss.pk})
    return loss


def waiting_for(opener: User) -> QuerySet[KeyLoss]:
    """What this person may open: an operator for all but themselves, a supervisor for the people of the own branch."""
    rows = KeyLoss.objects.filter(opened_at__isnull=True, asked_at__gt=clock.now() - STANDS, user__is_active=True).exclude(user=opener)
    roles = set(opener.groups.filter(name__in=(ADMINISTRATOR, SUPERVISOR)).values_list("name", flat=True))
    if ADMINISTRATOR not in roles:
        rows = rows.filter(user__branch=opener.branch_id) if SUPERVISOR in roles and opener.branch_id else rows.none()
    return rows.select_related("user__branch").order_by("pk")


def open_way_back(loss: KeyLoss, *, opener: User) -> None:
    """Forget the passkeys of the one who asked, end their sessions, tell them. Raises NotPermitted, and Refused if it was opened."""
    with transaction.atomic():
        if not waiting_for(opener).filter(pk=loss.pk).exists():
            raise NotPermitted("not_yours", _("This request does not wait for you any more."))
        moved = KeyLoss.objects.filter(pk=loss.pk, opened_at__isnull=True).update(opened_at=clock.now(), opened_by=opener)
        if not moved:
            raise Refused("opened_already", _("This request does not wait for you any more."))
        gone, _counts = Authenticator.objects.filter(user=loss.user, type=Authenticator.Type.WEBAUTHN).delete()
        kind = "accounts.way_back_opened"
        record(kind, subject=loss.user.key, actor=actor_of(opener), data={"loss": loss.pk, "keys": gone})
        enqueue("notifications.account", key=f"{kind}:{loss.pk}", message=kind, user_id=loss.user_id, about=f"loss-{loss.pk}")
        end_all_of(loss.user)
