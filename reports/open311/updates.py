"""Updates: the steps of reports for systems that ask for them, and what such a system says of a report."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Prefetch
from django.http import QueryDict
from django.utils.translation import gettext as _

from municipality.accounts import civil_ids
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import system
from reports.models import OutsideUpdate, Report, ReportEvent
from reports.open311 import keys
from reports.open311.errors import BadRequest, Unknown
from reports.open311.notes import text_of
from reports.open311.parameters import MOST, ParameterReader, window
from reports.open311.request_list import CLOSED, moment, with_parts
from reports.queries import public_reports

SYSTEM = system("open311")
MOST_ID, MOST_STATUS, MOST_WORDS = 80, 40, 4000
MOST_PAGES = 100  # further back `start_date` and `end_date` lead


def find(query: QueryDict) -> tuple[list[dict[str, Any]], bool]:
    """A page of the steps of a span of time, newest first, and whether another page follows. Raises BadRequest."""
    reader = ParameterReader(query)
    start, end = window(reader)
    page, size = reader.whole(("page",), 1, MOST_PAGES), reader.whole(("page_size", "per_page", "count"), MOST, MOST)
    ids = reader.several("service_request_id")
    reader.finish()
    limits = {"at__gte": start, "at__lte": end}
    rows = ReportEvent.objects.filter(
        subject__hidden_at__isnull=True, **{name: value for name, value in limits.items() if value is not None}
    )
    if ids:
        rows = rows.filter(subject__number__in=ids)
    first = (page - 1) * size
    parts = Prefetch("subject", with_parts(Report.objects.all()))
    found = list(rows.prefetch_related(parts).order_by("-at", "-pk")[first : first + size + 1])
    # A report may be hidden after its steps were read.
    return [_document(step) for step in found[:size] if step.subject.hidden_at is None], len(found) > size and page < MOST_PAGES


def _document(step: ReportEvent) -> dict[str, Any]:
    return {
        "update_id": opaque(step.pk),
        "service_request_id": step.subject.number,
        "status": "CLOSED" if step.to_state in CLOSED else "OPEN",
        "updated_datetime": moment(step.at),
        "description": text_of(step.subject, step),
        "media_url": None,
    }


def opaque(pk: int) -> str:
    """The id of a step, which tells neither order nor count."""
    return civil_ids.keyed_hash("open311-update", str(pk))[:24]


@transaction.atomic
def receive(query: QueryDict, form: QueryDict) -> str:
    """Store once what another system says of a report. Nothing moves by it. Returns its id.

    Raises BadKey, HourIsFull, Unknown, BadRequest.
    """
    reader = ParameterReader(form, query)
    key = keys.check(reader.text("api_key"))
    keys.count(key)
    values = {name: reader.text(name) for name in ("service_request_id", "update_id", "status", "description")}
    at = reader.time("updated_datetime") or clock.now()
    if not reader.text("updated_datetime"):
        reader.errors.append(_("%(name)s is missing.") % {"name": "updated_datetime"})
    for name, most in (("service_request_id", MOST_ID), ("update_id", MOST_ID), ("status", MOST_STATUS), ("description", MOST_WORDS)):
        if not values[name]:
            reader.errors.append(_("%(name)s is missing.") % {"name": name})
        elif len(values[name]) > most:
            reader.errors.append(_("%(name)s: at most %(most)s characters.") % {"name": name, "most": most})
    reader.finish()
    report = public_reports().filter(number=values["service_request_id"]).first()
    if report is None:
        raise Unknown(_("No report has this number."))
    if report.api_key_id != key.pk:
        raise keys.BadKey("other_key", _("This report was not sent with this api_key. Send updates of reports that your system sent."))
    row, is_new = OutsideUpdate.objects.get_or_create(
        api_key=key,
        update_id=values["update_id"],
        defaults={
            "report": report,
            "status": values["status"],
            "words": values["description"],
            "updated_at": at,
            "received_at": clock.now(),
        },
    )
    if row.report_id != report.pk:
        raise BadRequest(_("update_id: it was sent before for another report."))
    if is_new:
        record("report.outside_update", subject=report.subject_key, actor=SYSTEM, data={"system": key.public_id})
    return row.update_id
