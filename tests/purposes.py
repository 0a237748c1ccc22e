"""Opening the pages that ask a member of staff why."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse


def subject_of(response: Any) -> str:
    """The file for which a page asks the purpose; empty where it does not ask."""
    context = getattr(response, "context_data", None) or {}
    return str(context.get("purpose_subject", ""))


def opened(client: Client, url: str, purpose: str = "purpose.audit", **options: Any) -> Any:
    """A page of staff; where it asks why, after `purpose` was chosen."""
    response = client.get(url, **options)
    subject = subject_of(response)
    if not subject:
        return response
    client.post(reverse("admin:purpose"), {"purpose": purpose, "subject": subject, "next": url}, **options)
    return client.get(url, **options)
