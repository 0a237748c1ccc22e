"""Confirming an e-mail address or a phone by a one-time code."""

from __future__ import annotations

import datetime as dt
import hmac
import secrets
from typing import Literal

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from municipality.accounts import civil_ids, limits
from municipality.accounts.models import ContactCode, User, actor_of
from municipality.audit.services import record
from municipality.jobs.services import enqueue
from municipality.kernel import clock, digits
from municipality.kernel.errors import Refused, TooMany

Contact = Literal["email", "phone"]
CODE_LIFETIME_MINUTES = 10
CODE_LIFETIME = dt.timedelta(minutes=CODE_LIFETIME_MINUTES)
MAX_TRIES = 5


class WrongCode(Refused):
    """The code is not the one that was sent."""


class CodeOver(Refused):
    """There is no code to enter: it has expired, was used, or was tried too often."""


def send_code(*, user: User, contact: Contact, address: str) -> ContactCode:
    """Create a code for `address` and enqueue its sending; earlier codes of the same contact expire. Raises TooMany.

    Limits against SMS pumping: 3 an hour and 10 a day for one address, 10 an hour for one person. Not by the client's address, which may be
    a whole mobile network: the person is proven.
    """
    subject = f"{contact}:{address.casefold()}"
    if not (limits.CODES_PER_PERSON.take(user.key) and limits.CODES_PER_HOUR.take(subject) and limits.CODES_PER_DAY.take(subject)):
        raise TooMany("codes", _("Too many codes were asked for. Please try again in an hour."))
    text = f"{secrets.randbelow(1_000_000):06d}"
    now = clock.now()
    with transaction.atomic():
        ContactCode.objects.filter(user=user, channel=contact, used_at__isnull=True, expires_at__gt=now).update(
            expires_at=now, code_cipher=""
        )
        code = ContactCode.objects.create(
            user=user,
            channel=contact,
            address=address,
            code_cipher=civil_ids.encrypt(text, "code"),
            created_at=now,
            expires_at=now + CODE_LIFETIME,
        )
        ContactCode.objects.filter(pk=code.pk).update(code_hash=_hash(code.pk, text))
        enqueue("notifications.code", key=f"code:{code.pk}", user_id=user.pk, channel=contact, code_id=code.pk)
    return code


def code_to_send(code_id: int) -> tuple[str, str]:
    """The address and the six digits, for the message that contains them; empty once the code is used or expired."""
    code = ContactCode.objects.filter(pk=code_id).first()
    if code is None or not code.code_cipher or code.used_at is not None or clock.now() >= code.expires_at:
        return "", ""
    return code.address, civil_ids.decrypt(code.code_cipher, "code")


def replaced_address(code_id: int) -> tuple[User | None, Contact, str]:
    """Whose confirmed address a confirmed one took the place of, of which contact, and which; "" where it took none's place."""
    code = ContactCode.objects.select_related("user").filter(pk=code_id, user__is_active=True).first()
    if code is None:
        return None, "phone", ""
    return code.user, "email" if code.channel == "email" else "phone", code.replaced


def waiting_code(user: User, contact: Contact) -> ContactCode | None:
    """The code that can still be entered, or None."""
    newest = ContactCode.objects.filter(user=user, channel=contact).order_by("-pk").first()
    if newest is None or newest.used_at is not None or newest.tries >= MAX_TRIES or clock.now() >= newest.expires_at:
        return None
    return newest


def confirm(*, user: User, contact: Contact, typed: str) -> None:
    """Check a typed code and, if it is right, save the address as confirmed; where it replaces another one, the person is told.

    Raises WrongCode, CodeOver and TooMany.
    """
    if not limits.CODE_TRIES.take(user.key):
        raise TooMany("code_tries", _("Too many codes were tried. Please try again in an hour."))
    code = waiting_code(user, contact)
    over = CodeOver("code_over", _("This code can no longer be used. Please ask for a new one."))
    if code is None:
        raise over
    counted = ContactCode.objects.filter(pk=code.pk, used_at__isnull=True, tries__lt=MAX_TRIES).update(tries=F("tries") + 1)
    if counted != 1:
        raise over
    text = digits.clean(typed).replace(" ", "")
    if not hmac.compare_digest(code.code_hash, _hash(code.pk, text)):
        if code.tries + 1 >= MAX_TRIES:
            raise CodeOver("code_over", _("The code was wrong five times and can no longer be used. Please ask for a new one."))
        raise WrongCode("wrong_code", _("The code is not correct. Please check the six digits in the message."))
    with transaction.atomic():
        now = clock.now()
        if ContactCode.objects.filter(pk=code.pk, used_at__isnull=True).update(used_at=now, code_cipher="") != 1:
            raise over
        changes: dict[str, object] = {contact: code.address, f"{contact}_confirmed_at": now}
        confirmed = User.objects.select_for_update(no_key=True).filter(pk=user.pk, **{f"{contact}_confirmed_at__isnull": False})
        before = confirmed.values_list(contact, flat=True).first()
        User.objects.filter(pk=user.pk).update(**changes)
        if before and before != code.address:  # the other contact and the old address tell whoever has lost this one to somebody else
            ContactCode.objects.filter(pk=code.pk).update(replaced=before)
            kind = "accounts.contact_changed"
            enqueue("notifications.account", key=f"{kind}:{code.pk}", message=kind, user_id=user.pk, about=f"contact-{code.pk}")
            enqueue("notifications.replaced", key=f"replaced:{code.pk}", code_id=code.pk)
        record("accounts.contact_confirmed", subject=user.key, actor=actor_of(user), data={"contact": contact})
    user.refresh_from_db()


def choose_language(*, user: User, language: Literal["ar", "en"]) -> None:
    """Set the language of messages."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(language=language)
        record("accounts.language_chosen", subject=user.key, actor=actor_of(user), data={"language": language})
    user.language = language


def forget(older_than: dt.timedelta = dt.timedelta(days=1)) -> int:
    """Delete codes that expired before `older_than`. Returns how many."""
    return ContactCode.objects.filter(expires_at__lt=clock.now() - older_than).delete()[0]


def _hash(code_id: int, text: str) -> str:
    return civil_ids.keyed_hash("code", f"{code_id}:{text}")
