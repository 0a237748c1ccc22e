"""The base of all operations of the public API: limits, parameters, problems, caching, and their parts of the schema."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, ClassVar

from django.forms import Form
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

from municipality.accounts.limits import LimitUsage, count_read
from municipality.kernel.errors import Refused
from municipality.ui.texts import Text

PROBLEM_TYPE = "application/problem+json"
READS, SECONDS = 240, 60  # of one client, over all operations that have no limit of their own
RATE = ("RateLimit-Policy", "RateLimit")
# Latitude 28.4 to 30.2, longitude 46.4 to 49.6: the values of `near`.
NEAR = (
    r"^(28\.[4-9][0-9]{0,11}|29(\.[0-9]{1,12})?|30(\.[01][0-9]{0,11})?),"
    r"(46\.[4-9][0-9]{0,11}|4[78](\.[0-9]{1,12})?|49(\.[0-5][0-9]{0,11})?)$"
)
TITLES: dict[int, Any] = {
    400: _("Bad request"),
    403: _("No access"),
    404: _("Not found"),
    405: _("This page is not opened in this way"),
    406: _("Not available in this form"),
    409: _("This is not possible now"),
    429: _("Too many attempts"),
    503: _("Not possible at the moment"),
}

Problem = inline_serializer(
    "Problem",
    {
        "type": serializers.CharField(),
        "title": serializers.CharField(help_text="The kind of problem, in the language of Accept-Language (ar or en)."),
        "status": serializers.IntegerField(),
        "detail": serializers.CharField(required=False, help_text="What is wrong and how to mend it, in the same language."),
        "code": serializers.CharField(required=False, help_text="Stays the same in every language."),
        "errors": inline_serializer(
            "ProblemOfParameter",
            {"parameter": serializers.CharField(), "detail": serializers.CharField()},
            many=True,
            required=False,
        ),
        "retry_after": serializers.IntegerField(required=False, help_text="Seconds."),
    },
)


def responses(result: Any, *others: int) -> dict[Any, Any]:
    """The responses of an operation for the schema: its result, and the statuses of problems in addition to 400, 406 and 429."""
    problem = OpenApiResponse(Problem)
    return {200: result, **{(status, PROBLEM_TYPE): problem for status in sorted({400, 406, 429, *others})}}


def parameter(name: str, description: str, schema: Mapping[str, Any] | None = None, **options: Any) -> OpenApiParameter:
    """A query parameter for the schema, by default a string."""
    return OpenApiParameter(name, dict(schema) if schema else OpenApiTypes.STR, description=description, **options)


class BadParameters(Refused):
    """400, with a message for each invalid parameter."""

    status = 400

    def __init__(self, errors: Mapping[str, Any], code: str = "bad_parameter") -> None:
        self.errors = {name: str(detail) for name, detail in errors.items()}
        super().__init__(code, " ".join(f"{name}: {detail}" for name, detail in self.errors.items()))


class TooFast(Refused):
    """429, with the seconds after which the client may try again."""

    status = 429

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__("too_often", _("Too many requests from here. Wait until the time in Retry-After is over, then go on."))


class NothingHere(Refused):
    """404."""

    status = 404

    def __init__(self, sentence: Text | None = None) -> None:
        super().__init__("not_found", sentence or _("There is nothing at this address."))


class PublicView(APIView):
    """An operation open to everybody, without authentication and cookies.

    `names` are its query parameters: any other is refused, as is a repeated or empty one. Responses have RateLimit headers
    (draft-ietf-httpapi-ratelimit-headers-10) and an ETag; conditional requests get 304.
    """

    authentication_classes: ClassVar[Any] = []
    permission_classes: ClassVar[Any] = [AllowAny]
    names: ClassVar[tuple[str, ...]] = ()
    may_be_empty: ClassVar[frozenset[str]] = frozenset()
    max_age: ClassVar[int] = 60  # seconds for which a response may be cached; 0 for not at all

    def count(self, request: HttpRequest) -> LimitUsage:
        """Count this request against the limit of its client."""
        return count_read(request, "api", limit=READS, seconds=SECONDS)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check limit and parameters."""
        if request.method != "OPTIONS":
            self.usage = self.count(request)
            if not self.usage.is_within:
                raise TooFast(self.usage.reset)
        super().initial(request, *args, **kwargs)
        known_names = f"{_('Known are')}: {', '.join(self.names)}." if self.names else str(_("This address takes none."))
        errors = {name[:60]: f"{_('There is no such parameter.')} {known_names}" for name in request.query_params if name not in self.names}
        errors |= {name: str(_("Give it once.")) for name in self.names if len(request.query_params.getlist(name)) > 1}
        given = {name for name in self.names if name in request.query_params} - self.may_be_empty - errors.keys()
        errors |= {name: str(_("Give it a value, or leave it out.")) for name in sorted(given) if not request.query_params[name]}
        if errors:
            raise BadParameters(dict(list(errors.items())[:10]))

    def read(self, form: Form) -> dict[str, Any]:
        """The values of a valid form. Raises BadParameters with the first error of each field."""
        if not form.is_valid():
            raise BadParameters({str(name): errors[0] for name, errors in form.errors.items()})
        return dict(form.cleaned_data)

    def finalize_response(self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any) -> Any:
        """Add the headers of limit, language and caching."""
        result: Any = super().finalize_response(request, response, *args, **kwargs)
        is_cacheable = result.status_code == 200 and self.max_age and request.method in ("GET", "HEAD")
        result.headers.setdefault("Cache-Control", f"public, max-age={self.max_age}" if is_cacheable else "no-store")
        result["Access-Control-Allow-Origin"] = "*"  # no response depends on the user
        result["Access-Control-Expose-Headers"] = "ETag, Link, RateLimit, RateLimit-Policy, Retry-After"
        result["Content-Language"] = get_language() or "ar"
        patch_vary_headers(result, ("Accept", "Accept-Language"))
        if (usage := getattr(self, "usage", None)) is not None:
            result["RateLimit-Policy"] = f'"{usage.name}";q={usage.amount};w={usage.seconds}'
            result["RateLimit"] = f'"{usage.name}";r={usage.remaining};t={usage.reset}'
        if is_cacheable and hasattr(result, "add_post_render_callback"):
            result.add_post_render_callback(lambda rendered: _conditional(request, rendered))
        return result


def _conditional(request: HttpRequest, response: Any) -> Any:
    """Add an ETag; 304 if the client has this response already."""
    response["ETag"] = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    result: Any = get_conditional_response(request, etag=response["ETag"], response=response)
    if result is not response:
        for name in (*RATE, "Access-Control-Allow-Origin", "Access-Control-Expose-Headers"):
            if name in response:
                result[name] = response[name]
    return result


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every error as problem+json with its code and a sentence in the active language."""
    members: dict[str, Any] = {}
    headers: dict[str, str] = {}
    if isinstance(error, Refused):
        status, code, detail = error.status, error.code, str(error.sentence)
        if status in (429, 503):
            members["retry_after"] = getattr(error, "seconds", 60 if status == 429 else 1)
            headers["Retry-After"] = str(members["retry_after"])
        if isinstance(error, BadParameters):
            members["errors"] = [{"parameter": name, "detail": said} for name, said in error.errors.items()]
    else:
        response = exception_handler(error, context)
        if response is None:
            return None
        status, detail, headers = response.status_code, str(getattr(error, "detail", "")), dict(response.headers)
        code = str(getattr(error, "default_code", "error"))
    body = {
        "type": "about:blank",
        "title": str(TITLES.get(status, TITLES[400])),
        "status": status,
        "detail": detail,
        "code": code,
        **members,
    }
    # A problem is JSON, whatever the view renders otherwise (the schema is YAML).
    context["request"].accepted_renderer, context["request"].accepted_media_type = JSONRenderer(), JSONRenderer.media_type
    return Response(body, status=status, headers=headers, content_type=PROBLEM_TYPE)
