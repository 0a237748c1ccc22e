"""A client of tus 1.0.0."""

from __future__ import annotations

import base64
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import translation

from tests.municipality.uploads.conftest import SUBJECT

PIECES = "application/offset+octet-stream"


def told(**facts: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in facts.items())


def create(client: Client, length: Any, *, slot: str = "lease", language: str = "en", subject: str = SUBJECT, **facts: str) -> Any:
    with translation.override(language):
        address = reverse("uploads:create", args=[subject, slot])
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(length), "Upload-Metadata": told(**{"filename": "عقد.jpg", **facts})}
    return client.post(address, headers=headers)


def patch(client: Client, address: str, offset: int, content: bytes, **headers: str) -> Any:
    said = {"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset), **{name.replace("_", "-"): value for name, value in headers.items()}}
    return client.patch(address, content, content_type=PIECES, headers=said)


def offset(client: Client, address: str) -> Any:
    return client.head(address, headers={"Tus-Resumable": "1.0.0"})
