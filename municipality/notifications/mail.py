"""E-mail: plain text with an HTML alternative, under a Message-ID that is the same on every try."""

from __future__ import annotations

import smtplib
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from municipality.jobs.errors import PermanentFailure
from municipality.notifications.models import Letter, Message
from municipality.notifications.registry import MESSAGE_KINDS
from municipality.notifications.texts import foreign_links, link


def message_id(idempotency_key: str) -> str:
    """`<key@host of the portal>` (RFC 5322, 3.6.4): a mail system that receives it twice keeps one."""
    return f"<{idempotency_key}@{urlsplit(settings.PORTAL_URL).hostname or 'portal.invalid'}>"


def send_message(message: Message, *, to: str, language: str, idempotency_key: str) -> str:
    """Send one message of the inbox. Returns its Message-ID. Raises PermanentFailure when the address is refused for good."""
    with translation.override(language):
        content: Any = content_of(message, language)
        return send(**content, to=to, idempotency_key=idempotency_key)


def content_of(message: Message, language: str) -> dict[str, Any]:
    """What the e-mail of a message says; call it in that language."""
    url, stop = link(message.path, language), link(_stop_path(message), language)
    return {"subject": message.title, "body": message.body, "url": url, "stop": stop, "is_legal": is_legal(message)}


def is_legal(message: Message) -> bool:
    """Whether a message is of a kind that cannot be switched off."""
    kind = MESSAGE_KINDS.get(message.kind)
    return kind is not None and kind.is_legal


def _stop_path(message: Message) -> str:
    kind = MESSAGE_KINDS.get(message.kind)
    return kind.stop_path(message.person.public_id) if kind else ""


def send(*, subject: str, body: str, to: str, idempotency_key: str, url: str = "", stop: str = "", is_legal: bool = False) -> str:
    """Send one e-mail in the active language. Returns its Message-ID. `stop` is the one-click unsubscribe address (RFC 8058).

    Raises PermanentFailure for a link to another host in the text, and when the mail system refuses the recipient for good.
    """
    if foreign_links(f"{body}\n{url}\n{stop}"):
        raise PermanentFailure("foreign link in an e-mail")
    context: dict[str, Any] = {"title": subject, "body": body, "url": url, "stop": stop, "is_legal": is_legal}
    context["is_arabic"] = translation.get_language() == "ar"
    own_id = message_id(idempotency_key)
    headers = {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if stop else {}
    email = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=render_to_string("notifications/email.txt", context),
        to=[to],
        headers={
            "Message-ID": own_id,
            "Auto-Submitted": "auto-generated",
            "Content-Language": translation.get_language() or "ar",
            **headers,
        },
    )
    email.attach_alternative(render_to_string("notifications/email.html", context), "text/html")
    _hand_over(email)
    return own_id


def send_letter(letter: Letter, *, to: str) -> None:
    """Send a letter to a body, Arabic first. Raises PermanentFailure as `send` does."""
    if foreign_links(f"{letter.body_ar}\n{letter.body_en}"):
        raise PermanentFailure("foreign link in a letter")
    headers = {"Message-ID": message_id(letter.public_id), "Content-Language": "ar, en"}
    context = {"letter": letter}
    text = render_to_string("notifications/letter.txt", context)
    email = EmailMultiAlternatives(subject=f"{letter.title_ar} | {letter.title_en}", body=text, to=[to], headers=headers)
    email.attach_alternative(render_to_string("notifications/letter.html", context), "text/html")
    _hand_over(email)


def _hand_over(email: EmailMultiAlternatives) -> None:
    """To the mail system. Raises PermanentFailure when it refuses the recipient for good.

    Its answers name the address, which staff would read in the error of the job: only their codes are kept.
    """
    try:
        email.send()
    except smtplib.SMTPRecipientsRefused as refusal:
        codes = sorted({code for code, _reason in refusal.recipients.values()})
        if all(500 <= code < 600 for code in codes):
            raise PermanentFailure("the mail system refused the address") from None
        raise smtplib.SMTPException(f"the mail system refused the address for now: {codes}") from None
    except smtplib.SMTPResponseException as refusal:
        raise smtplib.SMTPException(f"the mail system answered {refusal.smtp_code}") from None
