"""The inbox."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.notifications import queries, services
from municipality.notifications.texts import page_path


@access("any")
@require_safe
def inbox(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The messages of whoever is signed in, newest first; to staff come those about their own account and alarms."""
    page = queries.inbox(request.user, request.GET.get("before", ""))
    unread = queries.unread_count(request.user)
    return render(request, "notifications/inbox.html", {"page": page, "unread": unread, "is_first": "before" not in request.GET})


@access("any")
@require_safe
def message(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """One message; opening it marks it as read."""
    found = get_object_or_404(queries.visible_to(request.user).prefetch_related("deliveries"), public_id=public_id)
    services.mark_read(found)
    return render(request, "notifications/message.html", {"message": found, "link": page_path(found.path, get_language() or "ar")})
