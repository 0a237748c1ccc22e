"""Entering, renewing and deleting the health certificates of workers, and the reminder of their end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from licensing.models import WorkerCertificate
from licensing.workers import queries
from licensing.workers.notifications import CertificatesEnd
from licensing.workers.queries import ListedCertificate
from municipality.accounts import civil_ids
from municipality.accounts.models import User
from municipality.audit.services import log_access, record
from municipality.jobs import sweeps
from municipality.kernel import civil_id, clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.notifications.services import send
from municipality.ui.dates import day_text
from shops.models import Shop
from shops.register import queries as shops

DAYTIME = range(8, 20)  # hours of Kuwait: a text message wakes nobody


@transaction.atomic
def enter(*, shop: Shop, name: str, number: str, civil_number: str, last_day: dt.date, by: User, actor: Actor) -> WorkerCertificate:
    """Enter the certificate of a worker. `civil_number` has twelve ASCII digits.

    Raises Refused: "listed" for a worker who stands in the list, "too_many" for a full list, and what `_check` raises.
    """
    _check(last_day)
    Shop.objects.select_for_update(of=("self",)).get(pk=shop.pk)
    rows = queries.rows_of(shop)
    digest = civil_ids.digest(civil_number)
    if rows.filter(civil_id_digest=digest).exists():
        raise Refused("listed", _("This worker is in the list. Open their line to enter the new certificate."))
    if rows.count() >= queries.limit("most_workers"):
        raise Refused("too_many", _("The list is full. Delete workers who left."))
    row = WorkerCertificate.objects.create(
        shop=shop,
        name=name,
        number=number,
        last_day=last_day,
        civil_id_digest=digest,
        civil_id_masked=civil_id.mask(civil_number),
        entered_by=by,
        entered_at=clock.now(),
    )
    _record("worker.entered", row, actor)
    return row


@transaction.atomic
def renew(*, certificate: WorkerCertificate, number: str, last_day: dt.date, by: User, actor: Actor) -> WorkerCertificate:
    """Replace a certificate by the new one of the same worker. Raises Refused: "gone" once it was deleted, and what `_check` raises."""
    _check(last_day)
    row = _locked(certificate)
    row.number, row.last_day, row.entered_by, row.entered_at = number, last_day, by, clock.now()
    row.save(update_fields=["number", "last_day", "entered_by", "entered_at"])
    _record("worker.renewed", row, actor)
    return row


@transaction.atomic
def delete(*, certificate: WorkerCertificate, actor: Actor) -> None:
    """Delete a worker who left. Raises Refused("gone") once they were deleted."""
    row = _locked(certificate)
    _record("worker.deleted", row, actor)
    row.delete()


def _check(last_day: dt.date) -> None:
    """Raise Refused("ended") for a certificate that has ended, "too_long" for a day later than any certificate lasts."""
    today = clock.today()
    if last_day < today:
        raise Refused("ended", _("This certificate has ended. Enter it once it is renewed."))
    longest = today + dt.timedelta(days=queries.limit("longest_days"))
    if last_day > longest:
        raise Refused("too_long", _("No certificate lasts longer than until %(day)s. Check the year.") % {"day": day_text(longest)})


def _locked(certificate: WorkerCertificate) -> WorkerCertificate:
    row = WorkerCertificate.objects.select_for_update(of=("self",)).select_related("shop").filter(pk=certificate.pk).first()
    if row is None:
        raise Refused("gone", _("This worker was deleted from the list in the meantime."))
    return row


def _record(action: str, row: WorkerCertificate, actor: Actor) -> None:
    record(action, subject=row.shop.key, actor=actor, data={"certificate": row.number, "until": row.last_day.isoformat()})


def remind() -> int:
    """Tell the holders of shops once of certificates that end soon, a message a shop; does nothing at night. Returns how many shops."""
    days, now = queries.warn_days(), clock.now().astimezone(clock.KUWAIT)
    if not days or now.hour not in DAYTIME:
        return 0
    due = queries.to_remind(days).order_by("standing").values_list("standing", flat=True).distinct()
    return sweeps.for_each("licensing.remind_workers", list(due), _remind)


def _remind(shop_id: int) -> bool:
    shop = Shop.objects.select_related("owner", "organisation").get(pk=shop_id)
    rows = list(queries.to_remind(queries.warn_days()).filter(standing=shop.pk).select_for_update(of=("self",)))
    if not rows:
        return False
    context = {"shop": shop, "count": len(rows), "last_day": min(row.last_day for row in rows)}
    for person in shops.owners(shop):
        send(CertificatesEnd, person=person, key=f"workers:{shop.pk}:{clock.today()}", subject_key=shop.key, context=context)
    for row in rows:
        row.reminded_of = row.last_day
    WorkerCertificate.objects.bulk_update(rows, ["reminded_of"])
    return True


def log_names(viewer: Actor, shop: Shop, listed: Sequence[ListedCertificate]) -> None:
    """Log that staff see the certificates of a shop, for each of its workers who has an account; call it before the page is rendered."""
    digests = [one.row.civil_id_digest for one in listed]
    for person in User.objects.people().filter(civil_id_digest__in=digests) if digests else []:
        log_access(viewer=viewer, person_key=person.key, subject=shop.key, purpose="workers")
