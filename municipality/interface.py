"""What every operation of the public interface has in common: limits, parameters, problems, caching, and how they are described."""

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

PROBLEM_TYPE = "application/problem+json"
READS, SECONDS = 240, 60  # of one client, over all operations that have no limit of their own
RATE = ("RateLimit-Policy", "RateLimit")
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


def answers(found: Any, *others: int) -> dict[Any, Any]:
    """The answers of an operation for its description: what it finds, and its problems beside those that every operation has."""
    said = OpenApiResponse(Problem)
    return {200: found, **{(status, PROBLEM_TYPE): said for status in sorted({400, 406, 429, *others})}}


def parameter(name: str, description: str, schema: Mapping[str, Any] | None = None, **more: Any) -> OpenApiParameter:
    """A parameter of the query with its JSON schema; a text where none is given."""
    return OpenApiParameter(name, dict(schema) if schema else OpenApiTypes.STR, description=description, **more)


class BadParameters(Refused):
    """400: which parameters, and how to mend each."""

    status = 400

    def __init__(self, errors: Mapping[str, Any], code: str = "bad_parameter") -> None:
        self.errors = {name: str(said) for name, said in errors.items()}
        super().__init__(code, " ".join(f"{name}: {said}" for name, said in self.errors.items()))


class TooFast(Refused):
    """429, with the seconds after which a client may ask again."""

    status = 429

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__("too_often", _("Too many requests from here. Wait until the time in Retry-After is over, then go on."))


class NothingHere(Refused):
    """404."""

    status = 404

    def __init__(self, sentence: Any = None) -> None:
        super().__init__("not_found", sentence or _("There is nothing at this address."))


class PublicView(APIView):
    """One operation that anybody may ask, without a key and without a cookie.

    `names` are the parameters of its query: any other is refused, and so is one that is given twice or empty. Answers carry how the client
    stands against its limit (draft-ietf-httpapi-ratelimit-headers-10) and an entity tag; a client that has the answer already gets 304.
    """

    authentication_classes: ClassVar[Any] = []
    permission_classes: ClassVar[Any] = [AllowAny]
    names: ClassVar[tuple[str, ...]] = ()
    may_be_empty: ClassVar[frozenset[str]] = frozenset()
    max_age: ClassVar[int] = 60  # seconds that an answer may be kept; 0 for not at all

    def count(self, request: HttpRequest) -> LimitUsage:
        """Count this request of its client."""
        return count_read(request, "api", limit=READS, seconds=SECONDS)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what no operation answers, before it is asked."""
        if request.method != "OPTIONS":
            self.usage = self.count(request._request)
            if not self.usage.is_within:
                raise TooFast(self.usage.reset)
        super().initial(request, *args, **kwargs)
        known = f"{_('Known are')}: {', '.join(self.names)}." if self.names else str(_("This address takes none."))
        wrong = {name[:60]: f"{_('There is no such parameter.')} {known}" for name in request.query_params if name not in self.names}
        wrong |= {name: str(_("Give it once.")) for name in self.names if len(request.query_params.getlist(name)) > 1}
        given = {name for name in self.names if name in request.query_params} - self.may_be_empty - wrong.keys()
        wrong |= {name: str(_("Give it a value, or leave it out.")) for name in sorted(given) if not request.query_params[name]}
        if wrong:
            raise BadParameters(dict(list(wrong.items())[:10]))

    def read(self, form: Form) -> dict[str, Any]:
        """The values of a valid form. Raises BadParameters with the first error of each field."""
        if not form.is_valid():
            raise BadParameters({str(name): errors[0] for name, errors in form.errors.items()})
        return dict(form.cleaned_data)

    def finalize_response(self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any) -> Any:
        """Headers of limit, language and caching."""
        answer: Any = super().finalize_response(request, response, *args, **kwargs)
        kept = answer.status_code == 200 and self.max_age and request.method in ("GET", "HEAD")
        answer.headers.setdefault("Cache-Control", f"public, max-age={self.max_age}" if kept else "no-store")
        answer["Access-Control-Allow-Origin"] = "*"  # nothing here depends on who asks
        answer["Access-Control-Expose-Headers"] = "ETag, Link, RateLimit, RateLimit-Policy, Retry-After"
        answer["Content-Language"] = get_language() or "ar"
        patch_vary_headers(answer, ("Accept", "Accept-Language"))
        if (usage := getattr(self, "usage", None)) is not None:
            answer["RateLimit-Policy"] = f'"{usage.name}";q={usage.amount};w={usage.seconds}'
            answer["RateLimit"] = f'"{usage.name}";r={usage.remaining};t={usage.reset}'
        if kept and hasattr(answer, "add_post_render_callback"):
            answer.add_post_render_callback(lambda rendered: _unless_known(request._request, rendered))
        return answer


def _unless_known(request: HttpRequest, response: Any) -> Any:
    """304 where the client names this very answer."""
    response["ETag"] = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    answer: Any = get_conditional_response(request, etag=response["ETag"], response=response)
    if answer is not response:
        for name in (*RATE, "Access-Control-Allow-Origin", "Access-Control-Expose-Headers"):
            if name in response:
                answer[name] = response[name]
    return answer


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every error as problem+json with its code and a sentence in the asked language."""
    more: dict[str, Any] = {}
    headers: dict[str, str] = {}
    if isinstance(error, Refused):
        status, code, detail = error.status, error.code, str(error.sentence)
        if status in (429, 503):
            more["retry_after"] = getattr(error, "seconds", 60 if status == 429 else 1)
            headers["Retry-After"] = str(more["retry_after"])
        if isinstance(error, BadParameters):
            more["errors"] = [{"parameter": name, "detail": said} for name, said in error.errors.items()]
    else:
        answer = exception_handler(error, context)
        if answer is None:
            return None
        status, detail, headers = answer.status_code, str(getattr(error, "detail", "")), dict(answer.headers)
        code = str(getattr(error, "default_code", "error"))
    body = {"type": "about:blank", "title": str(TITLES.get(status, TITLES[400])), "status": status, "detail": detail, "code": code, **more}
    # Whatever the view writes otherwise (the description of the interface is YAML), a problem is JSON.
    context["request"].accepted_renderer, context["request"].accepted_media_type = JSONRenderer(), JSONRenderer.media_type
    return Response(body, status=status, headers=headers, content_type=PROBLEM_TYPE)
