"""What can be reported as GeoReport has it: discovery, services, and the questions of each."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from municipality.kernel import clock
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import ReportClock, ReportSeverity
from municipality.rulebook.report_categories import SUBJECT, ReportCategory, ReportQuestion, ReportRules
from municipality.ui.plurals import within
from reports import queries
from reports.open311 import formats
from reports.open311.errors import Unknown

JURISDICTION = "baladia.gov.kw"
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
# To FixMyStreet these are no words that people search for, but change what a category does.
_SWITCHES = {"private", "inactive", "staff", "waste_only"}


def named(thing: Any, name: str) -> str:
    """A field in the active language: `name_ar` or `name_en` of a row or a dict."""
    key = f"{name}_{'ar' if get_language() == 'ar' else 'en'}"
    return str(thing[key] if isinstance(thing, dict) else getattr(thing, key))


def changeset() -> str:
    """The first day of the edition of the categories, as an instant of Kuwait."""
    day = rulebook.edition(SUBJECT, clock.today()).first_day
    return dt.datetime.combine(day, dt.time(), clock.KUWAIT).isoformat()


def discovery() -> dict[str, Any]:
    stamp, base = changeset(), f"{settings.PORTAL_URL}/open311/v2"
    endpoint = {
        "specification": SPECIFICATION,
        "url": base,
        "changeset": stamp,
        "type": "test" if settings.DEMO else "production",
        "formats": ["text/xml", "application/json"],
    }
    phone = {"phone": settings.MUNICIPALITY_PHONE}
    return {
        "changeset": stamp,
        "contact": _("Kuwait Municipality, telephone %(phone)s") % phone,
        "key_service": _("To send reports from another system, ask Kuwait Municipality for a key: telephone %(phone)s.") % phone,
        "endpoints": [endpoint],
    }


def services() -> list[dict[str, Any]]:
    """Every category in its order. One that is an emergency as such is not offered: nothing is received there."""
    return [_service(one) for one in queries.rules().categories.values() if one.severity != ReportSeverity.EMERGENCY]


def _service(category: ReportCategory) -> dict[str, Any]:
    words = [word.strip() for word in category.words.split(",")]
    promise = within(category.hours, "hour")
    always = _("An answer is promised %(within)s, day and night.") % {"within": promise}
    working = _("An answer is promised %(within)s of working time.") % {"within": promise}
    promised = always if category.clock == ReportClock.ALWAYS else working
    phone = _("The phone number of who reports is needed.")
    return {
        "service_code": category.code,
        "service_name": named(category, "name"),
        "description": promised if category.may_be_anonymous else f"{promised} {phone}",
        "metadata": bool(category.questions),
        "type": "realtime",
        "keywords": ",".join(word for word in words if word and word.casefold() not in _SWITCHES),
        "group": named(category, "group"),
    }


def category_of(code: str, rules: ReportRules) -> ReportCategory:
    """Raises Unknown."""
    found = rules.categories.get(formats.clean(code))
    if found is None:
        raise Unknown(_("No service has this code. They are listed at /open311/v2/services."))
    return found


def options_of(question: ReportQuestion) -> dict[str, str]:
    """The answers to a question in the active language, by code."""
    options = {option["code"]: option["ar" if get_language() == "ar" else "en"] for option in question.options}
    return options or {"yes": _("Yes"), "no": _("No")}


def definition(code: str) -> dict[str, Any]:
    """The questions of a service. Raises Unknown."""
    category = category_of(code, queries.rules())
    return {
        "service_code": category.code,
        "attributes": [_attribute(order, question) for order, question in enumerate(category.questions, start=1)],
    }


def _attribute(order: int, question: ReportQuestion) -> dict[str, Any]:
    emergency = _("In an emergency nothing is received: call 112.") if question.raises_to == ReportSeverity.EMERGENCY else ""
    return {
        "variable": True,
        "code": question.code,
        "datatype": "singlevaluelist",
        "required": question.is_required,
        "datatype_description": emergency,
        "order": order,
        "description": named(question, "text"),
        "values": [{"key": key, "name": name} for key, name in options_of(question).items()],
    }
