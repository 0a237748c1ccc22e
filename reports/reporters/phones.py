"""Confirming the phone number of a reporter by a one-time code, without an account."""

from __future__ import annotations

import datetime as dt
import hmac
import secrets

from django.db import transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.accounts import civil_ids, limits
from municipality.jobs.services import enqueue
from municipality.kernel import clock, digits
from municipality.kernel.errors import Refused, TooMany
from municipality.notifications.services import send_uncounted_sms
from reports import queries
from reports.models.reporter import PhoneCode
from reports.reporters.services import phone_digest

MINUTES = 10
MAX_TRIES = 5
CONFIRMED = dt.timedelta(hours=12)  # how long a confirmed number may be used for its report
PURPOSE, PHONE = "report-code", "reporter-phone"


def send(*, key: str, phone: str, client: str, language: str) -> None:
    """Create a code for a number and enqueue its sending, unless one for the same report and number can still be entered.

    A number has limits of its own here, because anybody may type it: they use up nothing of its account. Raises TooMany.
    """
    if _waiting(key, phone) is not None:
        return
    most = queries.limits()
    hour, day = (
        limits.AttemptLimit("report_codes_hour", most["codes_hour"], 3600),
        limits.AttemptLimit("report_codes_day", most["codes_day"], 86_400),
    )
    if not (limits.CODES_PER_CLIENT.take(client) and hour.take(phone) and day.take(phone)):
        raise TooMany("codes", _("Too many codes were asked for. Please try again in an hour, or send the report without a number."))
    text, now = f"{secrets.randbelow(1_000_000):06d}", clock.now()
    with transaction.atomic():
        PhoneCode.objects.filter(expires_at__lt=now - dt.timedelta(days=1)).delete()
        code = PhoneCode.objects.create(
            key=key,
            phone_digest=phone_digest(phone),
            phone_cipher=civil_ids.encrypt(phone, PHONE),
            code_cipher=civil_ids.encrypt(text, PURPOSE),
            language=language,
            expires_at=now + dt.timedelta(minutes=MINUTES),
        )
        PhoneCode.objects.filter(pk=code.pk).update(code_hash=_hash(code.pk, text))
        enqueue("reports.code", key=f"report-code:{code.pk}", code_id=code.pk)


def deliver(code_id: int) -> None:
    """Send a code by SMS; one that cannot be entered any more is not sent."""
    code = PhoneCode.objects.filter(pk=code_id).first()
    if code is None or not code.code_cipher or code.confirmed_at is not None or clock.now() >= code.expires_at:
        return
    with translation.override(code.language):
        text = gettext("Kuwait Municipality: your confirmation code is %(code)s. Please give it to nobody.")
        text %= {"code": civil_ids.decrypt(code.code_cipher, PURPOSE)}
    send_uncounted_sms(to=civil_ids.decrypt(code.phone_cipher, PHONE), text=text, idempotency_key=f"report-code-{code.pk}")


def confirm(*, key: str, phone: str, typed: str) -> None:
    """Check a typed code. Raises Refused: wrong_code, code_over."""
    over = Refused("code_over", _("This code can no longer be used. Please ask for a new one."))
    code = _waiting(key, phone)
    if code is None or PhoneCode.objects.filter(pk=code.pk, tries__lt=MAX_TRIES).update(tries=F("tries") + 1) != 1:
        raise over
    if not hmac.compare_digest(code.code_hash, _hash(code.pk, digits.clean(typed).replace(" ", ""))):
        raise Refused("wrong_code", _("The code is not correct. Please check the six digits in the message."))
    PhoneCode.objects.filter(pk=code.pk).update(confirmed_at=clock.now(), code_cipher="")


def is_confirmed(key: str, phone: str) -> bool:
    """Whether the number was confirmed for the report that is being written."""
    rows = PhoneCode.objects.filter(key=key, phone_digest=phone_digest(phone))
    return rows.filter(confirmed_at__gt=clock.now() - CONFIRMED).exists()


def forget(key: str) -> None:
    """Delete the codes of a report that was received."""
    PhoneCode.objects.filter(key=key).delete()


def _waiting(key: str, phone: str) -> PhoneCode | None:
    rows = PhoneCode.objects.filter(key=key, phone_digest=phone_digest(phone), confirmed_at__isnull=True, tries__lt=MAX_TRIES)
    return rows.filter(expires_at__gt=clock.now()).order_by("-pk").first()


def _hash(code_id: int, text: str) -> str:
    return civil_ids.keyed_hash("report-code", f"{code_id}:{text}")
