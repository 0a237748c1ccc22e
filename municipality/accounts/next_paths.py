"""The path to go to after signing in: always of this portal, never of another host."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

MAX_LENGTH = 500
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\x9f\\]")


def is_local(url: str | None) -> bool:
    """Whether `url` is an absolute path: one leading slash, no host, no backslash, no control character or space."""
    if not url or len(url) > MAX_LENGTH or not url.startswith("/") or _UNPRINTABLE.search(url):
        return False
    return url_has_allowed_host_and_scheme(url, allowed_hosts=None)


def requested(request: HttpRequest) -> str:
    """The `next` parameter of a request if it is a local path, else an empty text."""
    path = request.POST.get("next") or request.GET.get("next") or ""
    return path if is_local(path) else ""


def referring_path(request: HttpRequest) -> str:
    """The path of the Referer if it is of this portal, else an empty text. For a POST to a URL that has no GET."""
    parts = urlsplit(request.headers.get("referer", ""))
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return path if parts.netloc == request.get_host() and is_local(path) else ""
