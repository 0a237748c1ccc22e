"""E-mail: plain text with a simple HTML twin, under a Message-ID that is the same on every try."""

from __future__ import annotations

import smtplib
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from municipality.jobs.errors import Gone
from municipality.notifications.models import Message
from municipality.notifications.texts import foreign_links, link


def message_id(idempotency_key: str) -> str:
    """`<key@host of the portal>` (RFC 5322, 3.6.4): a mail system that sees it twice keeps one."""
    return f"<{idempotency_key}@{urlsplit(settings.PORTAL_URL).hostname or 'portal.invalid'}>"


def send_message(message: Message, *, to: str, language: str, idempotency_key: str) -> str:
    """Send one message of the inbox. Returns its Message-ID. Raises Gone when the address is refused for good."""
    with translation.override(language):
        return _send(subject=message.title, body=message.body, url=link(message.path, language), to=to, idempotency_key=idempotency_key)


def send_code(text: str, *, to: str, user_id: int, idempotency_key: str) -> str:
    """Send a one-time code in the language of the person."""
    language = get_user_model().objects.values_list("language", flat=True).get(pk=user_id)
    with translation.override(language):
        return _send(subject=_("Your confirmation code"), body=text, url="", to=to, idempotency_key=idempotency_key)


def _send(*, subject: str, body: str, url: str, to: str, idempotency_key: str) -> str:
    if foreign_links(f"{body}\n{url}"):
        raise Gone("foreign link in an e-mail")
    context: dict[str, Any] = {"title": subject, "body": body, "url": url, "is_arabic": translation.get_language() == "ar"}
    own_id = message_id(idempotency_key)
    email = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=render_to_string("notifications/email.txt", context),
        to=[to],
        headers={"Message-ID": own_id, "Auto-Submitted": "auto-generated", "Content-Language": translation.get_language() or "ar"},
    )
    email.attach_alternative(render_to_string("notifications/email.html", context), "text/html")
    try:
        email.send()
    except smtplib.SMTPRecipientsRefused as refusal:
        if all(500 <= code < 600 for code, _reason in refusal.recipients.values()):
            raise Gone("the mail system refused the address") from refusal
        raise
    return own_id
