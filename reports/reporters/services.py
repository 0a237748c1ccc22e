"""Store who reported, and recognise them again."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from municipality.accounts import civil_ids
from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from reports.models import Ban, Report
from reports.models.reporter import Reporter

INTAKE = "intake"  # the group that may learn who reported


@dataclass(frozen=True)
class Sender:
    """Who sends: a person who signed in, a phone number that they confirmed, or only a device (a random value in its cookie).

    `system` is the other system that gave the number, which nobody has confirmed here: it is told apart from the same number of anybody
    else, and gets no text. `address` is that of the network, which is counted for the limits and never stored with a report. With `is_new`
    the device was made of the report that is sent now, so that nothing is known of it and it sends no more: there is nothing to count.
    """

    person: User | None = None
    phone: str = ""
    device: str = ""
    address: str = ""
    system: str = ""
    is_new: bool = False

    @property
    def is_named(self) -> bool:
        return self.person is not None or bool(self.phone)

    @property
    def is_told(self) -> bool:
        """Whether messages go to them: to their account, or to a number that was confirmed here."""
        return self.person is not None or (bool(self.phone) and not self.system)

    @property
    def phone_digest(self) -> str:
        """The keyed hash of the phone number, or an empty text."""
        return phone_digest(f"{self.system} {self.phone}" if self.system else self.phone) if self.phone else ""

    @property
    def digests(self) -> list[str]:
        """Keyed hashes by which limits, bans and `me too` know them."""
        found = [_digest("person", self.person.public_id)] if self.person is not None else []
        found += [self.phone_digest] if self.phone else []
        return found + ([device_of(self)] if self.device else [])


def _digest(kind: str, value: str) -> str:
    return civil_ids.keyed_hash(f"reporter-{kind}", value)


def phone_digest(phone: str) -> str:
    return _digest("phone", phone)


def secret_of(key: str) -> str:
    """The secret of the reporter's link to a report, computed from the key of its device: the same whenever it is sent again."""
    return civil_ids.keyed_hash("report-secret", key)[:40]


def secret_digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def attach(report: Report, sender: Sender) -> None:
    """Store who sent a report, in the caller's transaction."""
    Reporter.objects.create(
        report=report,
        person=sender.person,
        phone_digest=sender.phone_digest,
        phone_cipher=civil_ids.encrypt(sender.phone, "reporter-phone") if sender.phone else "",
        secret_digest=secret_digest(secret_of(report.key)),
        device_digest=device_of(sender),
        created_at=clock.now(),
    )


def sent_by(report: Report, sender: Sender) -> bool:
    """Whether any of what a sender is known by is that of the reporter; a session may have begun or ended since."""
    row = Reporter.objects.filter(report=report).first()
    if row is None:
        return False
    known = {row.phone_digest, row.device_digest} - {""}
    return (sender.person is not None and row.person_id == sender.person.pk) or not known.isdisjoint(sender.digests)


def sent_one_of(reports: Iterable[Report], sender: Sender) -> bool:
    """As `sent_by`, of any of some reports; who sent a divided report sent its parts."""
    who = Q(phone_digest__in=sender.digests) | Q(device_digest__in=sender.digests)
    if sender.person is not None:
        who |= Q(person=sender.person)
    return Reporter.objects.filter(who, report__in=_wholes(reports)).exists()


def add_senders(reports: Iterable[Report], known: set[str]) -> int:
    """Add the digests of who sent some reports to those that are `known`. Returns how many of these people were not known."""
    found = 0
    for row in Reporter.objects.filter(report__in=_wholes(reports)).select_related("person").order_by("pk"):
        found += known.isdisjoint(known_by(row))
        known.update(known_by(row))
    return found


def _wholes(reports: Iterable[Report]) -> set[int]:
    return {report.parent_id or report.pk for report in reports}


def opens(report: Report, *, person: User | None = None, secret: str = "") -> bool:
    """Whether a person, or whoever holds the secret of the link, is the reporter."""
    rows = Reporter.objects.filter(report=report)
    if secret:
        return rows.filter(secret_digest=secret_digest(secret)).exists()
    return person is not None and rows.filter(person=person).exists()


def known_by(row: Reporter) -> list[str]:
    """The digests by which a reporter would be known again, the surest first."""
    person = [_digest("person", row.person.public_id)] if row.person is not None else []
    return person + [digest for digest in (row.phone_digest, row.device_digest) if digest]


def device_of(sender: Sender) -> str:
    """The keyed hash of the device of a sender, or an empty text."""
    return _digest("device", sender.device) if sender.device else ""


def device_in_system(system: str, identity: str) -> str:
    """What stands for the device of whom another system names by an identity, or by the key of their report where it gives none."""
    return f"open311:{system}:{identity}"


def bans_of(digests: Collection[str], device: str) -> QuerySet[Ban]:
    """The bans of whoever is known by these digests that were not lifted, also those that are over.

    `device` is the digest of the device of whoever gives no name: a ban about a report that it sent is theirs too.
    """
    who = Q(who__in=digests)
    if device:
        who |= Q(report__in=Reporter.objects.filter(device_digest=device).values("report"))
    return Ban.objects.filter(who, lifted_at__isnull=True)


def is_reachable(report: Report) -> bool:
    """Whether a message reaches who reported: an account, or a phone number that was confirmed here. A link alone tells nobody anything."""
    named = Q(person__isnull=False) | (~Q(phone_cipher="") & Q(report__api_key__isnull=True))
    return Reporter.objects.filter(named, report=report).exists()


def phone_of(row: Reporter) -> str:
    """The phone number of a reporter without an account, confirmed here or given by another system; empty if there is none."""
    return civil_ids.decrypt(row.phone_cipher, "reporter-phone") if row.phone_cipher else ""


@dataclass(frozen=True)
class Identity:
    """Who reported, for intake: the name of an account (no employee sees its phone or e-mail), or a confirmed phone number."""

    name_ar: str = ""
    name_en: str = ""
    phone: str = ""


def reveal(report: Report) -> Identity:
    """Who sent a report; the caller has logged the look and its purpose. Raises Refused("reporter_deleted")."""
    row = Reporter.objects.filter(report=report).select_related("person").first()
    if row is None:
        raise Refused("reporter_deleted", _("Nothing is stored about who reported. It was deleted after its period."))
    return Identity(phone=phone_of(row)) if row.person is None else Identity(row.person.name_ar, row.person.name_en)
