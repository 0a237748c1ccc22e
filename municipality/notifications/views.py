"""The inbox."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.access import access
from municipality.accounts.limits import AttemptLimit
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.notifications import mail, queries, sent_texts, services
from municipality.notifications.forms import ChannelsForm, CheckForm
from municipality.notifications.models import Channel
from municipality.notifications.registry import legal_notices
from municipality.notifications.texts import page_path
from municipality.ui.errors import too_many_requests
from municipality.ui.language import read_form

CHECKS = AttemptLimit("message_checks", 60, 3600)  # a user: each is compared with all their messages

# What was chosen, by whether e-mail and text messages are on.
SAVED = {
    (True, True): _("Saved. Messages also reach you by e-mail and text message."),
    (True, False): _("Saved. Messages also reach you by e-mail alone."),
    (False, True): _("Saved. Messages also reach you by text message alone."),
    (False, False): _("Saved. Messages that are no legal notices are only in your messages here."),
}


@access("any")
@require_safe
def inbox(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The messages of the user, newest first; staff get those about their account and alarms."""
    page = queries.inbox(request.user, request.GET.get("before", ""))
    unread = queries.unread_count(request.user)
    return render(request, "notifications/inbox.html", {"page": page, "unread": unread, "is_first": "before" not in request.GET})


@access("any")
@require_safe
def message(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """One message; opening it marks it as read."""
    message = get_object_or_404(queries.visible_to(request.user).prefetch_related("deliveries"), public_id=public_id)
    services.mark_read(message)
    request.user.unread_messages = queries.unread_count(request.user)  # type: ignore[attr-defined]  # the count in the header
    page = {"message": message, "link": page_path(message.path, get_language() or "ar"), "is_legal": mail.is_legal(message)}
    return render(request, "notifications/message.html", page)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def channels(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Choose the channels of messages that are no legal notices."""
    off = queries.switched_off(request.user)
    form, submitted = read_form(request, ChannelsForm, initial={channel: channel not in off for channel in Channel.values})
    if submitted and form.is_valid():
        services.choose_channels(person=request.user, **form.cleaned_data)
        messages.success(request, SAVED[form.cleaned_data["email"], form.cleaned_data["sms"]])
        return redirect("accounts:profile")
    return render(
        request, "notifications/channels.html", {"form": form, "legal_notices": legal_notices()}, status=400 if submitted else 200
    )


@access("any")
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Say whether a text that the user got is one of the messages to them, so many times an hour. It is not kept."""
    form, submitted = read_form(request, CheckForm)
    is_checked = submitted and form.is_valid()
    if is_checked and not CHECKS.take(request.user.key):
        return too_many_requests(request, CHECKS.seconds)
    found = sent_texts.sent_with(request.user, form.cleaned_data["text"]) if is_checked else None
    return render(request, "notifications/check.html", {"form": form, "is_checked": is_checked, "found": found})
