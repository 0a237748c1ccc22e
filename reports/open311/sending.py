"""A report that another system sends: read, checked and handed to `intake`."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from municipality.kernel import arabic, clock
from municipality.places import names
from municipality.places.models import Area
from municipality.rulebook.report_categories import ReportCategory, ReportRules
from municipality.ui.forms import PhoneField
from municipality.ui.texts import Text
from reports import queries
from reports.intake import services as intake
from reports.intake.places import EAST, NORTH, SOUTH, WEST, locate
from reports.intake.services import Received, ReportPlace, SentReport
from reports.models import ApiKey, PlaceSource, Report, ReportChannel
from reports.open311 import attached, formats, keys
from reports.open311.errors import BadRequest
from reports.open311.parameters import ParameterReader
from reports.open311.service_list import category_of, options_of
from reports.promises import severity_of
from reports.reporters.services import Sender, device_in_system

MOST_WORDS, MOST_PLACE, MOST_ID = 4000, 160, 80  # characters; the first is of GeoReport
KUWAIT = {"lat": (SOUTH, NORTH), "long": (WEST, EAST)}
_ATTRIBUTE = re.compile(r"^attribute\[([^\[\]]{1,60})\](\[\d*\])?$")
_ADDRESS_ID = re.compile(r"^[0-9A-Za-z-]{1,20}$")
_NAMESPACE = uuid.UUID("5e0c2f0e-7a58-4d29-9d8f-0d1f3a9b6c31")


@dataclass(frozen=True)
class Sending:
    """A report as it came; `content` tells whether it came before."""

    category: ReportCategory
    place: ReportPlace
    words: str
    answers: dict[str, str]
    identity: str  # of the reporter in the other system, if it gave one
    phone: str
    own_id: str  # of the report in the other system, if it gave one
    notices: list[Text] = field(default_factory=list)

    @property
    def content(self) -> str:
        place = (self.place.latitude, self.place.longitude, self.place.area.pk if self.place.area else None, self.place.note)
        return json.dumps([self.category.code, place, self.words, sorted(self.answers.items()), self.identity, self.phone])


def receive(query: QueryDict, form: QueryDict, files: MultiValueDict[str, Any]) -> tuple[Received, list[Text]]:
    """Store a report once, however often it is sent, and say what of it was left out.

    Raises BadKey, HourIsFull, Unknown, BadRequest, and what `intake.services.receive` refuses.
    """
    api_key = keys.check(ParameterReader(form, query).text("api_key"))
    keys.count(api_key)
    try:
        return _receive(api_key, ParameterReader(form, query), attached.of(files))
    except IntegrityError:  # another request received the same at the same time: its report is found now
        return _receive(api_key, ParameterReader(form, query), attached.of(files))


@transaction.atomic
def _receive(api_key: ApiKey, reader: ParameterReader, files: list[Any]) -> tuple[Received, list[Text]]:
    rules = queries.in_force()
    sending = _read(reader, rules.rules)
    severity_of(sending.category, sending.answers)  # of an emergency nothing is kept, nor its photos
    key, is_new = _key(api_key, sending, rules.limits)
    sender = Sender(
        phone=sending.phone,
        system=api_key.public_id,
        device=device_in_system(api_key.public_id, sending.identity or key),
        is_new=is_new and not sending.phone and not sending.identity,
    )
    sent = SentReport(
        key=key,
        category=sending.category.code,
        place=sending.place,
        captured_at=clock.now(),
        words=sending.words,
        answers=sending.answers,
        channel=ReportChannel.OPEN311,
        api_key=api_key,
        language="en" if get_language() == "en" else "ar",
    )
    if not is_new:
        return intake.receive_known(Report.objects.get(key=key), sent, sender), sending.notices
    received = intake.receive_new(sent, sender, rules, files)
    return received, [*sending.notices, *(one.sentence for one in received.refused)]


def _key(api_key: ApiKey, sending: Sending, limits: Mapping[str, int]) -> tuple[str, bool]:
    """The key of a report, and whether it is new: by the id of the other system, or by its content for `repeat_hours`."""
    if sending.own_id:
        possible, since = [_uuid(api_key, "id", sending.own_id)], {}
    else:
        content, hours = hashlib.sha256(sending.content.encode()).hexdigest(), limits["repeat_hours"]
        span = int(clock.now().timestamp()) // (hours * 3600)
        # Of the span before, what is older is a report of its own.
        possible = [_uuid(api_key, "content", content, str(one)) for one in (span, span - 1)]
        since = {"received_at__gt": clock.now() - dt.timedelta(hours=hours)}
    known = Report.objects.filter(key__in=possible, **since).order_by("-received_at").values_list("key", flat=True).first()
    return known or possible[0], known is None


def _uuid(api_key: ApiKey, *parts: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, "\n".join((api_key.public_id, *parts))))


def _read(reader: ParameterReader, rules: ReportRules) -> Sending:
    """Raises Unknown, BadRequest."""
    code = reader.text("service_code")
    if not code:
        raise BadRequest(_("service_code is missing. The services are listed at /open311/v2/services."))
    category = category_of(code, rules)
    given = _attributes(reader.sources)
    answers = _answers(reader, category, given)
    words = reader.text("description")
    if len(words) > MOST_WORDS:
        reader.errors.append(_("%(name)s: at most %(most)s characters.") % {"name": "description", "most": MOST_WORDS})
    own_id = next(iter(given.get("fixmystreet_id", [])), "")
    if len(own_id) > MOST_ID:
        reader.errors.append(_("%(name)s: at most %(most)s characters.") % {"name": "fixmystreet_id", "most": MOST_ID})
    notices: list[Text] = []
    if reader.text("media_url"):
        notices.append(_("Pictures are not fetched from media_url. Send them as files with the report."))
    phone = _phone(reader, notices)
    place = _place(reader)
    identity = " ".join(filter(None, (reader.text(name) for name in ("device_id", "account_id", "email"))))
    reader.finish()
    return Sending(category, place, words, answers, identity, phone, own_id, notices)


def _attributes(sources: Sequence[QueryDict]) -> dict[str, list[str]]:
    """The values of each attribute, with and without `[]` behind its name; those of the form before those of the address."""
    found: dict[str, list[str]] = {}
    for source in sources:
        for name, values in source.lists():
            match = _ATTRIBUTE.match(name)
            if match:
                found.setdefault(match[1], []).extend(text for value in values if (text := formats.clean(value).strip()))
    return found


def _answers(reader: ParameterReader, category: ReportCategory, given: dict[str, list[str]]) -> dict[str, str]:
    """The answers to the questions of a category. Other attributes, which systems send of their own, are not kept."""
    answers = {}
    for question in category.questions:
        values, known = list(dict.fromkeys(given.get(question.code, []))), options_of(question)
        name = f"attribute[{question.code}]"
        if not values and question.is_required:
            reader.errors.append(_("%(name)s is missing. The definition of the service lists its values.") % {"name": name})
        elif len(values) > 1:
            reader.errors.append(_("%(name)s: give one value.") % {"name": name})
        elif values and values[0] not in known:
            reader.errors.append(_("%(name)s: known are %(known)s.") % {"name": name, "known": ", ".join(known)})
        elif values:
            answers[question.code] = values[0]
    return answers


def _phone(reader: ParameterReader, notices: list[Text]) -> str:
    text = reader.text("phone")
    try:
        return str(PhoneField(required=False).clean(text[:40]))
    except ValidationError:
        notices.append(_("The phone number was not kept: it is no mobile number of Kuwait."))
        return ""


def _place(reader: ParameterReader) -> ReportPlace:
    """A position, an address or a number of PACI; one that is missing or wrong is told by `reader`."""
    latitude, longitude = (reader.number(name, *KUWAIT[name]) for name in ("lat", "long"))
    address, unit = reader.text("address_string"), reader.text("address_id")
    if len(address) > MOST_PLACE:
        reader.errors.append(_("%(name)s: at most %(most)s characters.") % {"name": "address_string", "most": MOST_PLACE})
    if unit and not _ADDRESS_ID.match(unit):
        reader.errors.append(_("address_id: give the number of PACI that stands at the door, in digits."))
    if (latitude is None) != (longitude is None) and not reader.errors:
        reader.errors.append(_("lat and long: give both."))
    if latitude is None and not address and not unit and not reader.errors:
        reader.errors.append(_("Say where it is: lat and long, address_string or address_id."))
    named_unit = _("PACI number %(unit)s") % {"unit": unit} if unit else ""
    note = " · ".join(filter(None, (address, named_unit)))[:MOST_PLACE]
    if latitude is not None and longitude is not None:
        area, block = locate(latitude, longitude)
        return ReportPlace(PlaceSource.PIN, latitude, longitude, area=area, block=block, note=note)
    return ReportPlace(PlaceSource.ADDRESS, area=_area(address), note=note)


def _area(address: str) -> Area | None:
    """The area that an address names, if it is one."""
    words = arabic.words(address)
    match = names.find_areas(words, set(range(len(words)))) if words else None
    return match.areas[0] if match is not None and len(match.areas) == 1 else None
