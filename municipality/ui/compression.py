"""Compression of responses."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

# Not files: static files are compressed by collectstatic, sealed documents are sent unchanged.
TEXTS = ("text/html", "application/json", "application/problem+json", "application/vnd.oai.openapi")


class CompressionMiddleware(GZipMiddleware):
    """Gzip for text responses.

    Against BREACH (CVE-2013-3587) Django adds up to `max_random_bytes` of padding to each response and masks its CSRF tokens anew. A
    reverse proxy that compressed the page would add no padding; it does not compress what is compressed already.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.headers.get("Content-Type", "").partition(";")[0].strip() not in TEXTS:
            return response
        answer: HttpResponseBase = super().process_response(request, response)  # type: ignore[arg-type]
        return answer
