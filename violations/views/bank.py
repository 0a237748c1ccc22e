"""The way from a page of a violation to the bank."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

from municipality.ui.redirects import SeeOther
from payments.models import Attempt
from payments.services import redirect_url


def to_bank(request: HttpRequest, begin: Callable[..., Attempt], **who: Any) -> HttpResponse:
    """Begin a payment of the amount that the page showed, by a service that takes it as `fils`. Raises what `begin` does."""
    if request.session.session_key is None:
        request.session.save()
    sent = request.POST.get("fils", "")
    attempt = begin(
        fils=int(sent[:12]) if sent.isascii() and sent.isdigit() else 0,
        language=get_language() or "ar",
        session_key=str(request.session.session_key),
        **who,
    )
    return SeeOther(redirect_url(attempt))
