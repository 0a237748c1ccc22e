"""Reports as requests of GeoReport: which of them a list holds, and what it says of each. Hidden ones never, and no reporter."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from municipality.kernel import clock
from reports.models import Closure, Consequence, HandOver, PhotoKind, Report, ReportEvent, ReportPhoto
from reports.open311.notes import notes_of, status_notes
from reports.open311.parameters import Circle, ListQuery
from reports.open311.service_list import named
from reports.photos.queries import public_photos
from reports.places import DEGREE, EAST, NORTH, SHOWN_LATITUDE, SHOWN_LONGITUDE, blurred
from reports.public_page.chain import MOVES
from reports.queries import public_reports
from reports.results import RELATED
from reports.states import ReportState as R
from violations.models import ViolationEvent

CLOSED = (R.CLOSED, R.MERGED)
# The finer state in the words of CitySDK; REJECTED is known there, and no report has it.
DETAILED = {
    R.RECEIVED: "RECEIVED",
    R.ASSIGNED: "IN_PROCESS",
    R.ASKED: "PENDING",
    R.HANDED_OVER: "IN_PROCESS",
    R.SPLIT: "IN_PROCESS",
    R.COUNTERSIGN: "IN_PROCESS",
    R.CLOSED: "PROCESSED",
    R.MERGED: "PROCESSED",
}
DETAILED_KNOWN = {*DETAILED.values(), "REJECTED"}


def find(query: ListQuery) -> tuple[list[Report], bool]:
    """The reports of a page, newest first, and whether there are more."""
    rows = _narrowed(query).order_by("-received_at", "-pk")
    first = (query.page - 1) * query.size
    found = list(with_parts(rows)[first : first + query.size + 1])
    return found[: query.size], len(found) > query.size


def _narrowed(query: ListQuery) -> QuerySet[Report]:
    rows = public_reports()
    if query.ids:
        return rows.filter(number__in=query.ids)
    if query.services:
        rows = rows.filter(category__in=query.services)
    if query.statuses:
        is_closed = Q(state__in=CLOSED)
        rows = rows.filter((is_closed if "closed" in query.statuses else Q()) | (~is_closed if "open" in query.statuses else Q()))
    if query.detailed:
        rows = rows.filter(state__in=[state for state, word in DETAILED.items() if word in query.detailed])
    limits = {
        "received_at__gte": query.start,
        "received_at__lte": query.end,
        "updated_at__gte": query.updated_after,
        "updated_at__lte": query.updated_before,
    }
    rows = rows.filter(**{name: value for name, value in limits.items() if value is not None})
    return _within(rows, query.circle) if query.circle is not None else rows


def _within(rows: QuerySet[Report], circle: Circle) -> QuerySet[Report]:
    """By the places as everybody sees them, so that asking with many circles does not tell the real ones."""
    east = DEGREE * math.cos(math.radians(circle.latitude))
    high, wide = circle.metres / DEGREE + NORTH, min(circle.metres / max(east, 1) + EAST, 360)
    near = rows.filter(
        latitude__range=(circle.latitude - high, circle.latitude + high),
        longitude__range=(circle.longitude - wide, circle.longitude + wide),
    )
    up = (SHOWN_LATITUDE - circle.latitude) * DEGREE
    across = (SHOWN_LONGITUDE - circle.longitude) * east
    return near.annotate(apart=up * up + across * across).filter(apart__lte=circle.metres**2)


def with_parts(rows: QuerySet[Report]) -> QuerySet[Report]:
    """With what a document says of each; one statement a table."""
    return rows.select_related("area", "merged_into", "last_event").prefetch_related(
        Prefetch("photos", public_photos(), to_attr="shown_photos"),
        Prefetch("events", ReportEvent.objects.order_by("pk"), to_attr="steps"),
        Prefetch("closures", Closure.objects.filter(sent_back_at__isnull=True).order_by("pk"), to_attr="closed"),
        Prefetch("consequences", _measures(), to_attr="measures"),
        Prefetch("hand_overs", HandOver.objects.order_by("pk"), to_attr="bodies"),
    )


def _measures() -> QuerySet[Consequence]:
    acts = ViolationEvent.objects.filter(move__in=list(MOVES)).order_by("pk")
    rows = Consequence.objects.select_related("inspection", *RELATED).order_by("pk")
    return rows.prefetch_related(Prefetch("violation__events", acts, to_attr="public_acts"))


def one(number: str) -> Report | None:
    return with_parts(public_reports().filter(number=number)).first()


def moment(at: dt.datetime) -> str:
    """An instant with the offset of Kuwait, in whole seconds."""
    return at.astimezone(clock.KUWAIT).isoformat(timespec="seconds")


def documents(reports: Sequence[Report], *, extended: bool = False) -> list[dict[str, Any]]:
    """The reports, which have their parts; `extended` adds the finer state, all photos and the course."""
    return [_document(report) | (_extension(report) if extended else {}) for report in reports]


def _document(report: Report) -> dict[str, Any]:
    parts: Any = report
    before = [photo for photo in parts.shown_photos if photo.kind == PhotoKind.BEFORE]
    latitude, longitude = None, None
    if report.latitude is not None and report.longitude is not None:
        latitude, longitude = blurred(report.latitude, report.longitude)
    body = parts.bodies[-1] if report.state == R.HANDED_OVER and parts.bodies else None
    return {
        "service_request_id": report.number,
        "status": "closed" if report.state in CLOSED else "open",
        "status_notes": status_notes(report),
        "service_name": named(report.category_facts, "name"),
        "service_code": report.category,
        "description": report.public_words or None,
        "agency_responsible": named(body, "name") if body is not None else _("Kuwait Municipality"),
        "service_notice": None,
        "requested_datetime": moment(report.received_at),
        "updated_datetime": moment(report.updated_at),
        "expected_datetime": moment(report.due_at) if report.state != R.SPLIT else None,  # its parts have theirs
        "address": _address(report),
        "address_id": None,
        "zipcode": None,
        "lat": latitude,
        "long": longitude,
        "media_url": photo_url(before[0]) if before else None,
    }


def _address(report: Report) -> str:
    """Area and block. Street and description of the place are words of the reporter."""
    if report.area is None:
        return ""
    block = _("block %(block)s") % {"block": report.block} if report.block else ""
    return ("، " if get_language() == "ar" else ", ").join(filter(None, (named(report.area, "name"), block)))


def photo_url(photo: ReportPhoto) -> str:
    return f"{settings.PORTAL_URL}/reports/photos/{photo.public_id}.jpg"


def _extension(report: Report) -> dict[str, Any]:
    parts: Any = report
    attributes = {
        "title": named(report.category_facts, "name"),
        "detailed_status": DETAILED[R(report.state)],
        "state": report.state,
        "severity": report.severity,
        "me_too": report.me_too_count,
        "is_overdue": report.is_overdue,
        "url": f"{settings.PORTAL_URL}/{get_language()}/reports/{report.public_id}/",
        "media_urls": [photo_url(photo) for photo in parts.shown_photos],
    }
    notes = [{"datetime": moment(note.at), "type": note.code, "description": note.text} for note in notes_of(report)]
    return {"extended_attributes": attributes, "notes": notes}
