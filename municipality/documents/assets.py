"""The only files that a document may load while it is rendered.

WeasyPrint's own fetcher opens local files and the network. This one stops the rendering at any address that is neither in `ASSETS`
nor a picture of the private store by its hash, so that no such page is signed.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from municipality.documents import store
from municipality.documents.models import StoredFile

# Address inside a template or style sheet → file below `static/`, media type.
ASSETS = {
    "asset:document.css": ("css/documents/document.css", "text/css"),
    "asset:mark.svg": ("css/documents/mark.svg", "image/svg+xml"),
    "asset:seal.svg": ("css/documents/seal.svg", "image/svg+xml"),
    "asset:sans-regular.ttf": ("fonts/documents/portal-document-sans-regular.ttf", "font/ttf"),
    "asset:sans-semibold.ttf": ("fonts/documents/portal-document-sans-semibold.ttf", "font/ttf"),
    "asset:naskh-bold.ttf": ("fonts/documents/portal-document-naskh-bold.ttf", "font/ttf"),
}


STORED = "stored:"  # before the SHA-256 of a JPEG of the private store, as the facts of a document name it


class ForbiddenAddress(ValueError):
    """A document loads something that is not in `ASSETS`."""


def asset_path(address: str) -> Path:
    """The file of an address. Raises ForbiddenAddress."""
    try:
        name, _ = ASSETS[address]
    except KeyError:
        raise ForbiddenAddress(f"a document may not read {address[:200]!r}") from None
    return Path(settings.BASE_DIR) / "static" / name


@cache
def asset(address: str) -> tuple[bytes, str]:
    """Content and media type of an address, cached. Raises ForbiddenAddress, OSError."""
    return asset_path(address).read_bytes(), ASSETS[address][1]


def stored_picture(address: str) -> tuple[bytes, str]:
    """Content and media type of a picture of the store. Raises ForbiddenAddress, store.Damaged."""
    sha256 = address.removeprefix(STORED)
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ForbiddenAddress(f"a document may not read {address[:200]!r}")
    content = store.read(StoredFile(sha256=sha256))
    if not content.startswith(b"\xff\xd8\xff"):
        raise ForbiddenAddress(f"{address} is no JPEG")
    return content, "image/jpeg"


@cache
def asset_fetcher() -> Any:
    """The URL fetcher for WeasyPrint. Raises OSError where Pango is missing."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse  # needs Pango: never at module level

    class AssetFetcher(URLFetcher):  # type: ignore[misc]
        def __init__(self) -> None:
            # A refused address ends the rendering; the base class would only log it and leave a hole in the page.
            super().__init__(allowed_protocols=(), allow_redirects=False, fail_on_errors=True)

        def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
            content, media_type = stored_picture(url) if url.startswith(STORED) else asset(url)
            return URLFetcherResponse(url, content, {"Content-Type": media_type})

    return AssetFetcher()
