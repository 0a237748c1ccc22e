"""Assistance: staff act for a person with that person's one-time code, which is bound to staff, person and purpose."""

from __future__ import annotations

import datetime as dt
import hmac
import secrets
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.accounts import civil_ids
from municipality.accounts.limits import AttemptLimit
from municipality.accounts.models import User
from municipality.accounts.queries import has_role
from municipality.accounts.services.staff import lock
from municipality.audit.services import log_access, record
from municipality.delegation import queries, registry
from municipality.delegation.models import Consent, Desk
from municipality.delegation.notifications import AssistanceBegun
from municipality.jobs import sweeps
from municipality.jobs.services import enqueue
from municipality.kernel import clock, digits
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import NotPermitted, Refused, TooMany
from municipality.notifications.services import send, send_sms_code
from municipality.rulebook import queries as rulebook
from municipality.ui.plurals import within_span

LIMITS = "limits.delegation"
ROLE = "counter"  # the group of staff who may assist
REQUESTS_PER_STAFF = AttemptLimit("consent_by", 30, 3600)  # a member of staff
REQUESTS_PER_HOUR = AttemptLimit("consent_for_hour", 3, 3600)  # a civil number
REQUESTS_PER_DAY = AttemptLimit("consent_for_day", 10, 86_400)
TRIES_PER_STAFF = AttemptLimit("consent_tries", 20, 3600)  # a member of staff, over all codes


class WrongConsentCode(Refused):
    """The code is not the one that was sent for this person and purpose."""


class ConsentCodeOver(Refused):
    """There is no code to enter: it has expired, was used, or was tried too often."""


def _minutes(code: str) -> dt.timedelta:
    return dt.timedelta(minutes=rulebook.edition(LIMITS, clock.today()).limits[code].value)


def assistant(staff: User) -> Actor:
    """The actor of a member of staff who requests or holds a consent."""
    return Actor("assistant", staff.key)


def require_role(staff: User) -> None:
    """Raise NotPermitted unless the member of staff has a branch and is in the group ROLE."""
    if not _has_role(staff):
        raise NotPermitted("not_at_the_counter", _("Only staff of the counter and of the call centre act for people."))


def _has_role(staff: User) -> bool:
    return bool(staff.branch_id and has_role(staff, ROLE))


def request_code(*, staff: User, number: str, purpose: str, desk: str) -> Consent:
    """Have a code sent to the person with a civil number. The result is the same whether there is such a person or not.

    Raises NotPermitted for staff without the role, Refused("no_such_service") and TooMany (30 an hour for one member of staff; 3 an
    hour and 10 a day for one number).
    """
    require_role(staff)
    if purpose not in registry.SERVICES or not registry.SERVICES[purpose].is_assisted:
        raise Refused("no_such_service", _("Choose a service from the list."))
    digest = civil_ids.digest(number)
    if not (REQUESTS_PER_STAFF.take(staff.key) and REQUESTS_PER_HOUR.take(digest) and REQUESTS_PER_DAY.take(digest)):
        raise TooMany("too_many_codes", _("Too many codes were asked for. Please try again in an hour."))
    person = User.objects.filter(civil_id_digest=digest, is_active=True, is_staff=False, phone_confirmed_at__isnull=False).first()
    now = clock.now()
    text = f"{secrets.randbelow(1_000_000):06d}"
    with transaction.atomic():
        waiting = Consent.objects.filter(staff=staff, opened_at__isnull=True, closed_at__isnull=True)
        for earlier in waiting.select_for_update(of=("self",)).order_by("pk"):
            _close(earlier, assistant(staff))
        row = Consent.objects.create(
            person=person,
            staff=staff,
            branch_id=str(staff.branch_id),
            desk=Desk(desk),
            purpose=purpose,
            code_cipher=civil_ids.encrypt(text, "consent") if person else "",
            asked_at=now,
            code_until=now + _minutes("code_minutes"),
        )
        if person is not None:
            Consent.objects.filter(pk=row.pk).update(code_hash=_hash(row, text))
            enqueue("delegation.consent_code", key=row.public_id, consent_id=row.pk)
        record("consent.asked", subject=row.key, actor=assistant(staff), data={"purpose": purpose, "desk": row.desk})
    return row


def _hash(row: Consent, text: str) -> str:
    """Hash of a code, bound to the row and to its staff, person and purpose, so that it opens no other consent."""
    return civil_ids.keyed_hash("consent", f"{row.pk}:{row.staff_id}:{row.person_id}:{row.purpose}:{text}")


def send_code(consent_id: int) -> None:
    """Send the code to the person's confirmed phone, in their language, unless it has expired or the consent is closed."""
    row = Consent.objects.select_related("person", "branch").get(pk=consent_id)
    person = row.person
    if person is None or not row.code_cipher or row.closed_at is not None or clock.now() >= row.code_until or not person.phone_confirmed_at:
        return
    code = civil_ids.decrypt(row.code_cipher, "consent")
    with translation.override(person.language):
        values = {
            "code": code,
            "service": str(registry.SERVICES[row.purpose].name),
            "branch": _branch(row, person.language),
            "time": within_span(row.code_minutes),
        }
        text = gettext(
            "Kuwait Municipality: code %(code)s lets an employee of %(branch)s act for you once in: %(service)s."
            " Tell it only to the employee you are speaking with. It must be used %(time)s."
        )
    send_sms_code(to=person.phone, text=text % values, idempotency_key=f"consent-{row.pk}")


def _branch(row: Consent, language: str) -> str:
    return str(row.branch.name_ar if language == "ar" else row.branch.name_en)


def pending(staff: User, public_id: str) -> Consent | None:
    """The consent of this member of staff if its code can still be entered, else None."""
    row = Consent.objects.filter(staff=staff, public_id=public_id, opened_at__isnull=True, closed_at__isnull=True).first()
    return row if row is not None and row.tries < Consent.MAX_TRIES and clock.now() < row.code_until else None


def enter_code(*, consent: Consent, staff: User, typed: str) -> Consent:
    """Open a consent with the code that the person reads out: for some minutes `staff` may act for that person.

    Every try is counted, also the right one. Raises NotPermitted for other staff and without the role, WrongConsentCode, ConsentCodeOver
    and TooMany.
    """
    require_role(staff)
    if consent.staff_id != staff.pk:
        raise NotPermitted("not_yours", _("This code was asked for by somebody else."))
    if not TRIES_PER_STAFF.take(staff.key):
        raise TooMany("too_many_tries", _("Too many codes were tried. Please try again in an hour."))
    now = clock.now()
    expired = ConsentCodeOver("code_over", _("This code can no longer be used. Please ask for a new one."))
    pending_rows = Consent.objects.filter(pk=consent.pk, opened_at__isnull=True, closed_at__isnull=True, code_until__gt=now)
    if pending_rows.filter(tries__lt=Consent.MAX_TRIES).update(tries=F("tries") + 1) != 1:
        raise expired
    row = Consent.objects.select_related("person", "branch").get(pk=consent.pk)
    text = digits.clean(typed).replace(" ", "")
    if row.person is None or not hmac.compare_digest(row.code_hash, _hash(row, text)):
        with transaction.atomic():
            record("consent.wrong_code", subject=row.key, actor=assistant(staff), data={"tries": row.tries})
        if row.tries >= Consent.MAX_TRIES:
            raise ConsentCodeOver("code_over", _("The code was wrong five times and can no longer be used. Please ask for a new one."))
        raise WrongConsentCode("wrong_code", _("The code is not right. Please ask the person to read the six digits again."))
    return _open(row, staff, now, expired)


@transaction.atomic
def _open(row: Consent, staff: User, now: dt.datetime, expired: ConsentCodeOver) -> Consent:
    lock(staff)  # a change of their roles waits for this consent and ends it, or is seen here
    require_role(staff)
    for earlier in Consent.objects.select_for_update(of=("self",)).filter(staff=staff, opened_at__isnull=False, closed_at__isnull=True):
        _close(earlier, assistant(staff))
    until = now + _minutes("consent_minutes")
    pending_rows = Consent.objects.filter(pk=row.pk, opened_at__isnull=True, closed_at__isnull=True, code_until__gt=now)
    if pending_rows.update(opened_at=now, open_until=until, code_cipher="") != 1:
        raise expired
    row.refresh_from_db()
    person: Any = row.person
    actor = Actor("assistant", staff.key, person.key)
    record("consent.opened", subject=row.key, actor=actor, data={"purpose": row.purpose, "desk": row.desk})
    context = {"branch": row.branch, "service": registry.SERVICES[row.purpose].name, "until": until}
    send(AssistanceBegun, person=person, key=row.public_id, subject_key=row.key, context=context)
    return row


@transaction.atomic
def close(*, consent: Consent, staff: User) -> None:
    """End a consent, by its member of staff. Raises NotPermitted for others; does nothing if it has ended."""
    row = Consent.objects.select_for_update(of=("self",)).select_related("person").get(pk=consent.pk)
    if row.staff_id != staff.pk:
        raise NotPermitted("not_yours", _("This code was asked for by somebody else."))
    _close(row, assistant(staff))


@transaction.atomic
def withdraw(*, consent: Consent, person: User) -> None:
    """End a consent, by the person who gave it. Raises NotPermitted for others; does nothing if it has ended."""
    row = Consent.objects.select_for_update(of=("self",)).select_related("person").get(pk=consent.pk)
    if row.person_id != person.pk:
        raise NotPermitted("not_yours", _("This consent is not yours."))
    _close(row, Actor("applicant", person.key))


def _close(row: Consent, actor: Actor) -> None:
    if row.closed_at is None:
        row.closed_at, row.code_cipher = clock.now(), ""
        row.save(update_fields=["closed_at", "code_cipher"])
        record("consent.closed", subject=row.key, actor=actor, data={"purpose": row.purpose})


def end_of_staff(staff: User, actor: Actor) -> None:
    """End the consents that a member of staff may not use any more: all of them without the role, else those of another branch."""
    rows = Consent.objects.select_for_update(of=("self",)).filter(staff=staff, closed_at__isnull=True).order_by("pk")
    for row in rows.exclude(branch=staff.branch_id) if _has_role(staff) else rows:
        _close(row, actor)


def is_assisting(user: User) -> bool:
    """Whether a member of staff acts for a person now; if so, logs an access to that person's data, before any page opens."""
    consent = queries.consent_of(user)
    if consent is None or consent.person is None:
        return False
    log_access(viewer=assistant(user), person_key=consent.person.key, subject=consent.key, purpose="assisted")
    return True


def end_due() -> int:
    """Close consents past `open_until`, each in its own transaction, and erase expired codes. Returns how many were closed."""
    now = clock.now()
    Consent.objects.filter(code_until__lte=now).exclude(code_cipher="").update(code_cipher="")
    ended = Consent.objects.filter(opened_at__isnull=False, closed_at__isnull=True, open_until__lte=now)
    return sweeps.for_each("delegation.close_consent", list(ended.values_list("pk", flat=True)[:500]), _end)


def _end(pk: int) -> bool:
    _close(Consent.objects.select_for_update(of=("self",)).get(pk=pk), system("delegation"))
    return True
