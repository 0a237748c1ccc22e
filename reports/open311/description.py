"""The description of this interface in OpenAPI 3.0, whose forms can say how attributes are sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from reports.open311.parameters import MOST_METRES
from reports.open311.request_list import DETAILED_KNOWN
from reports.open311.sending import KUWAIT, MOST_PLACE, MOST_WORDS

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
MAYBE: Schema = {"type": "string", "nullable": True}
TIME: Schema = {"type": "string", "format": "date-time"}
PLACE: Schema = {"type": "number", "nullable": True}
TRUE: Schema = {"type": "boolean"}
WHOLE: Schema = {"type": "integer", "minimum": 1, "maximum": 999_999_999}
FORM: Schema = {"name": "form", "in": "path", "required": True, "schema": {"type": "string", "enum": ["json", "xml"]}}
NOT_EMPTY: Schema = {"type": "string", "minLength": 1}
NUMBER: Schema = {"type": "string", "pattern": "^[0-9A-Za-z-]{1,40}$"}


def _object(**fields: Schema) -> Schema:
    return {"type": "object", "required": list(fields), "properties": fields}


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


SERVICE = _object(
    service_code=TEXT,
    service_name=TEXT,
    description=TEXT,
    metadata=TRUE,
    type={"type": "string", "enum": ["realtime"]},
    keywords=MAYBE,
    group=TEXT,
)
ATTRIBUTE = _object(
    variable=TRUE,
    code=TEXT,
    datatype={"type": "string", "enum": ["singlevaluelist"]},
    required=TRUE,
    datatype_description=MAYBE,
    order={"type": "integer"},
    description=TEXT,
    values=_list(_object(key=TEXT, name=TEXT)),
)
REQUEST = _object(
    service_request_id=NUMBER,
    status={"type": "string", "enum": ["open", "closed"]},
    status_notes=TEXT,
    service_name=TEXT,
    service_code=TEXT,
    description=MAYBE,
    agency_responsible=TEXT,
    service_notice=MAYBE,
    requested_datetime=TIME,
    updated_datetime=TIME,
    expected_datetime={**TIME, "nullable": True},
    address=MAYBE,
    address_id=MAYBE,
    zipcode=MAYBE,
    lat=PLACE,
    long=PLACE,
    media_url=MAYBE,
)
REQUEST["properties"] |= {
    "extended_attributes": _object(
        title=TEXT,
        detailed_status={"type": "string", "enum": sorted(DETAILED_KNOWN)},
        state=TEXT,
        severity=TEXT,
        me_too={"type": "integer"},
        is_overdue=TRUE,
        url=TEXT,
        media_urls=_list(TEXT),
    ),
    "notes": _list(_object(datetime=TIME, type=TEXT, description=TEXT)),
}
UPDATE = _object(
    update_id=TEXT,
    service_request_id=NUMBER,
    status={"type": "string", "enum": ["OPEN", "CLOSED"]},
    updated_datetime=TIME,
    description=TEXT,
    media_url=MAYBE,
)
DISCOVERY = _object(
    changeset=TIME,
    contact=TEXT,
    key_service=TEXT,
    endpoints=_list(
        _object(specification=TEXT, url=TEXT, changeset=TIME, type={"type": "string", "enum": ["production", "test"]}, formats=_list(TEXT))
    ),
)
ERRORS = _list(_object(code=TEXT, description=TEXT))


def _answer(about: str, schema: Schema) -> Schema:
    return {"description": about, "content": {"application/json": {"schema": schema}, "text/xml": {"schema": {}}}}


def _responses(schema: Schema, *others: int) -> Schema:
    about = {
        304: "What the client has is still so.",
        400: "What is wrong with the parameters.",
        403: "No valid key.",
        404: "Nothing is there.",
        413: "Too much at once.",
        429: "Too many requests; Retry-After says how long to wait.",
    }
    errors = {str(status): _answer(about[status], ERRORS) for status in sorted({400, 404, 429, *others})}
    return {"200": _answer("The document; XML and JSON say the same.", schema), **errors}


def _query(name: str, about: str, schema: Mapping[str, Any] = TEXT) -> Schema:
    return {"name": name, "in": "query", "description": about, "schema": dict(schema), "allowEmptyValue": True}


LOCALE = _query("locale", "ar or en; without it the language of Accept-Language, or Arabic.")
PAGES = [_query("page", "From 1.", WHOLE), _query("page_size", "At most 1,000 are given.", WHOLE)]
WINDOW = [
    _query("start_date", "From this instant on; without end_date 90 days long. A day is one of Kuwait."),
    _query("end_date", "Up to this instant; the span is the 90 days before it, or less."),
]
LISTED = [
    _query("service_request_id", "Numbers with commas between them; all other parameters are then ignored."),
    _query("service_code", "Codes with commas between them."),
    _query("status", "open, closed or both with a comma."),
    *WINDOW,
    _query("updated_after", "The last step, or that of what came of it, is not before this instant."),
    _query("updated_before", "The last step, or that of what came of it, is not after this instant."),
    _query("lat", "With long and radius; without radius it narrows nothing down.", {"type": "number", "minimum": -90, "maximum": 90}),
    _query("long", "With lat and radius; without radius it narrows nothing down.", {"type": "number", "minimum": -180, "maximum": 180}),
    _query("radius", "Metres around lat and long.", {"type": "number", "minimum": 0, "maximum": MOST_METRES}),
    _query("detailed_status", f"{', '.join(sorted(DETAILED_KNOWN))}; several with commas."),
    _query("extensions", "true adds extended_attributes and notes."),
    *PAGES,
    LOCALE,
]


def _form(required: list[str], **fields: Schema) -> Schema:
    """The body of a POST. A field that is empty counts as left out."""
    schema = {"type": "object", "required": required, "properties": fields}
    types = ("application/x-www-form-urlencoded", "multipart/form-data")
    return {"required": True, "content": {name: {"schema": schema} for name in types}}


def _words(most: int) -> Schema:
    return {"type": "string", "maxLength": most}


SENT = _form(
    ["api_key", "service_code"],
    api_key=NOT_EMPTY,
    service_code=NOT_EMPTY,
    lat={"type": "number", "minimum": KUWAIT["lat"][0], "maximum": KUWAIT["lat"][1]},
    long={"type": "number", "minimum": KUWAIT["long"][0], "maximum": KUWAIT["long"][1]},
    address_string=_words(MOST_PLACE),
    address_id={"type": "string", "pattern": "^[0-9A-Za-z-]{0,20}$"},
    description=_words(MOST_WORDS),
    phone=TEXT,
    email=TEXT,
    first_name=TEXT,
    last_name=TEXT,
    device_id=TEXT,
    account_id=TEXT,
    media_url=TEXT,
)
UPDATED = _form(
    ["api_key", "service_request_id", "update_id", "status", "updated_datetime", "description"],
    api_key=NOT_EMPTY,
    service_request_id=NUMBER,
    update_id={"type": "string", "pattern": "^[0-9A-Za-z-]{1,80}$"},
    status={"type": "string", "pattern": "^[A-Z_]{1,40}$"},
    updated_datetime=TIME,
    description={"type": "string", "minLength": 1, "maxLength": MOST_WORDS},
)
ANSWER = _object(service_request_id=NUMBER, service_notice=MAYBE, account_id=MAYBE)


def _get(name: str, about: str, schema: Schema, parameters: list[Schema]) -> Schema:
    return {"operationId": name, "summary": about, "parameters": parameters, "responses": _responses(schema)}


def _post(name: str, about: str, schema: Schema, body: Schema) -> Schema:
    return {"operationId": name, "summary": about, "requestBody": body, "responses": _responses(schema, 403, 413)}


def _path(*parameters: Schema, **operations: Schema) -> Schema:
    return {"parameters": [*parameters, FORM], **operations}


def _in_path(name: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": NUMBER | {"pattern": "^[0-9A-Za-z_-]{1,40}$"}}


def description() -> Schema:
    """The document."""
    definition = _object(service_code=TEXT, attributes=_list(ATTRIBUTE))
    token = _list(_object(service_request_id=NUMBER, token=NUMBER))
    posted = _list(_object(update_id=TEXT))
    v2 = "/open311/v2"
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Open311 GeoReport v2 of Kuwait Municipality",
            "version": "2",
            "description": "Attributes of a service are sent as attribute[CODE]; photos as parts media of multipart/form-data.",
        },
        "servers": [{"url": settings.PORTAL_URL}],
        "paths": {
            "/open311/discovery.{form}": _path(get=_get("discovery", "What this is", DISCOVERY, [LOCALE])),
            f"{v2}/services.{{form}}": _path(get=_get("services", "What can be reported", _list(SERVICE), [LOCALE])),
            f"{v2}/services/{{service_code}}.{{form}}": _path(
                _in_path("service_code"), get=_get("definition", "The questions of a service", definition, [LOCALE])
            ),
            f"{v2}/requests.{{form}}": _path(
                get=_get("requests", "Reports, newest first", _list(REQUEST), LISTED),
                post=_post("send", "Send a report, once however often", _list(ANSWER), SENT),
            ),
            f"{v2}/requests/{{service_request_id}}.{{form}}": _path(
                _in_path("service_request_id"),
                get=_get("request", "One report", _list(REQUEST), [LOCALE, _query("extensions", "As in the list.")]),
            ),
            f"{v2}/tokens/{{token}}.{{form}}": _path(_in_path("token"), get=_get("token", "The number of a token", token, [LOCALE])),
            f"{v2}/servicerequestupdates.{{form}}": _path(
                get=_get("updates", "Steps of reports, newest first", _list(UPDATE), [*WINDOW, *PAGES, LOCALE]),
                post=_post("update", "Say something of a report, once", posted, UPDATED),
            ),
        },
    }
