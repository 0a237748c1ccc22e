"""Pages compressed on their way out, in every shape of the portal alike."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

# Files are left as they are: static ones are compressed when they are collected, sealed documents are sent byte for byte.
TEXTS = ("text/html", "application/json", "application/problem+json", "application/vnd.oai.openapi")


class CompressionMiddleware(GZipMiddleware):
    """Gzip for texts that the portal writes.

    A page carries secrets beside what a stranger can make it repeat, so its compressed length must not tell how well the two
    fit together (BREACH, CVE-2013-3587): Django adds up to `max_random_bytes` of padding to each answer and masks its form
    tokens anew. A front door that compressed the same page would add none, and leaves alone what is compressed already.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.headers.get("Content-Type", "").partition(";")[0].strip() not in TEXTS:
            return response
        answer: HttpResponseBase = super().process_response(request, response)  # type: ignore[arg-type]
        return answer
