"""Recovery of lost passkeys of staff: they report the loss, and a second person who has seen them allows the recovery.

This deletes every passkey of the account and ends its sessions; then password and code suffice to add a new passkey.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

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

REPORT_LIFETIME = dt.timedelta(hours=24)
ADMINISTRATOR, SUPERVISOR = "operator", "supervisor"


def pending_of(user: User) -> KeyLoss | None:
    """The report of this member of staff that waits for a second person, or None."""
    return KeyLoss.objects.filter(user=user, opened_at__isnull=True, asked_at__gt=clock.now() - REPORT_LIFETIME).order_by("-pk").first()


def report_loss(user: User) -> KeyLoss:
    """Report the own passkey as lost; returns the pending report if there is one."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        pending = pending_of(user)
        if pending is not None:
            return pending
        loss = KeyLoss.objects.create(user=user, asked_at=clock.now())
        record("accounts.passkey_lost", subject=user.key, actor=actor_of(user), data={"loss": loss.pk})
    return loss


def pending_for(opener: User, roles: Collection[str] | None = None) -> QuerySet[KeyLoss]:
    """The reports that this user may decide on: an operator those of all others, a supervisor those of their branch.

    `roles` are those of the user, where they are read already.
    """
    rows = KeyLoss.objects.filter(opened_at__isnull=True, asked_at__gt=clock.now() - REPORT_LIFETIME, user__is_active=True).exclude(
        user=opener
    )
    if roles is None:
        roles = set(opener.groups.filter(name__in=(ADMINISTRATOR, SUPERVISOR)).values_list("name", flat=True))
    if ADMINISTRATOR not in roles:
        rows = rows.filter(user__branch=opener.branch_id) if SUPERVISOR in roles and opener.branch_id else rows.none()
    return rows.select_related("user__branch").order_by("pk")


def allow_recovery(loss: KeyLoss, *, opener: User) -> None:
    """Delete the passkeys of the reporter, end their sessions, notify them. Raises NotPermitted, and Refused if it was done already."""
    with transaction.atomic():
        if not pending_for(opener).filter(pk=loss.pk).exists():
            raise NotPermitted("not_yours", _("This request does not wait for you any more."))
        updated = KeyLoss.objects.filter(pk=loss.pk, opened_at__isnull=True).update(opened_at=clock.now(), opened_by=opener)
        if not updated:
            raise Refused("opened_already", _("This request does not wait for you any more."))
        deleted, _counts = Authenticator.objects.filter(user=loss.user, type=Authenticator.Type.WEBAUTHN).delete()
        kind = "accounts.way_back_opened"
        record(kind, subject=loss.user.key, actor=actor_of(opener), data={"loss": loss.pk, "keys": deleted})
        enqueue("notifications.account", key=f"{kind}:{loss.pk}", message=kind, user_id=loss.user_id, about=f"loss-{loss.pk}")
        end_all_of(loss.user)
