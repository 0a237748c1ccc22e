"""The adapter for JSON over HTTP with a key. The register has no public API: URLs and fields are assumptions.

`GET <MOCI_URL>/changes?after=<cursor>&limit=<n>` answers `{"changes": […], "count": n, "cursor": "…", "more": true}`; 410 means
that the cursor is too old. `GET <MOCI_URL>/licence?number=<number>` answers one entry, or 404. See docs/commercial-register.md.
"""

from __future__ import annotations

import json
import time
from typing import Any

import requests
from django.conf import settings

from municipality.kernel import clock
from shops.commercial_register.port import CursorTooOld, Page, RegisterAway

CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 3, 10, 20
ANSWER_LIMIT = 4 * 1024 * 1024  # bytes
CURSOR_LIMIT = 200  # characters


class HttpRegister:
    """The `CommercialRegister` at MOCI_URL."""

    def changes(self, after: str, limit: int) -> Page:
        """GET /changes. Raises RegisterAway, CursorTooOld."""
        asked_at = clock.now()
        status, data = self._call("changes", {"after": after, "limit": str(limit)})
        if status == 410 and after:
            raise CursorTooOld
        if status != 200:
            raise RegisterAway("failed", f"status {status}")
        entries, count, cursor, more = (data.get(name) for name in ("changes", "count", "cursor", "more"))
        is_page = isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)
        if not is_page or type(count) is not int or type(more) is not bool or not isinstance(cursor, str) or len(cursor) > CURSOR_LIMIT:
            raise RegisterAway("garbled", "not a page of changes")
        assert isinstance(entries, list)  # noqa: S101 - as `whole` says
        if len(entries) != count:
            raise RegisterAway("cut", f"{len(entries)} of {count} changes")
        if len(entries) > limit or (more and (not entries or cursor in ("", after))):
            raise RegisterAway("garbled", "a page that leads nowhere")
        return Page(tuple(entries), cursor, more, asked_at)

    def licence(self, number: str) -> dict[str, Any] | None:
        """GET /licence. Raises RegisterAway."""
        status, data = self._call("licence", {"number": number})
        if status == 404:
            return None
        if status != 200:
            raise RegisterAway("failed", f"status {status}")
        return data

    def _call(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if not settings.MOCI_URL:
            raise RegisterAway("away", "MOCI_URL is not set")
        try:
            status, content = self._fetch(path, query)
        except requests.Timeout as error:
            raise RegisterAway("slow", type(error).__name__) from error
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError) as error:
            raise RegisterAway("cut", type(error).__name__) from error
        except (requests.RequestException, OSError) as error:
            raise RegisterAway("away", type(error).__name__) from error
        if status in (401, 403):
            raise RegisterAway("key", f"status {status}")
        if status not in (200, 404, 410):
            raise RegisterAway("failed", f"status {status}")
        try:
            data = json.loads(content)
        except ValueError as error:
            raise RegisterAway("garbled", "not JSON") from error
        if not isinstance(data, dict):
            raise RegisterAway("garbled", "not an object")
        return status, data

    def _fetch(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        until = time.monotonic() + WHOLE_SECONDS
        with requests.Session() as session:
            session.trust_env = False  # ignore proxies and netrc of the machine
            with session.get(
                f"{settings.MOCI_URL.rstrip('/')}/{path}",
                params=query,
                headers={"Authorization": f"Bearer {settings.MOCI_KEY}", "Accept-Encoding": "identity"},
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                verify=settings.MOCI_CA_FILE or True,
                stream=True,
            ) as answer:
                content = bytearray()
                for chunk in answer.iter_content(65_536):
                    content += chunk
                    if len(content) > ANSWER_LIMIT:
                        raise RegisterAway("garbled", "answer too long")
                    if time.monotonic() > until:
                        raise RegisterAway("slow", "answer too slow")
                length = answer.headers.get("Content-Length", "")
                if length.isdecimal() and int(length) != len(content):
                    raise RegisterAway("cut", "shorter than announced")
                return answer.status_code, bytes(content)
