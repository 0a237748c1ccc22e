"""Entries of the form of a violation report, as an inspector types and confirms them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile

from municipality.kernel import clock
from shops.models import Shop

PICTURE = b"\xff\xd8\xff\xe0 a picture"


def typed(shop: Shop | None, **more: Any) -> dict[str, Any]:
    values = {
        "client_key": str(uuid4()),
        "seen_at": clock.now().isoformat(),
        "shop_no": shop.commercial_license_no if shop else "",
        "offence": "CLN-03",
        "signed": "absent",
        "latitude": "29.33",
        "longitude": "48.02",
        "accuracy_m": "12.4",
        "note_ar": "أكياس أمام الباب",
    }
    return values | more


def picture(content: bytes = PICTURE) -> SimpleUploadedFile:
    return SimpleUploadedFile("front.jpg", content, content_type="image/jpeg")


def confirmed(client: Any, entry: dict[str, Any]) -> dict[str, Any]:
    """An entry as its inspector sends it after the check."""
    answer = client.post("/admin/field/check/", entry)
    return entry | {"confirmed": answer.json().get("confirmed", ""), "without_photos": "1"}
