"""Whether a text that somebody got is one that the portal sent to them: line by line, by each way in which it goes out."""

from __future__ import annotations

import html

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import strip_tags

from municipality.accounts.models import User
from municipality.kernel import digits
from municipality.notifications import mail, queries, services
from municipality.notifications.models import Message
from municipality.notifications.texts import LANGUAGES

NEWEST = 1000  # messages of a person that are compared


def sent_with(user: User, text: str) -> Message | None:
    """The newest message to a user that has every line of a text; None where a line is in no message, or only words around them are typed.

    Spaces, empty lines, invisible marks and the script of digits make no difference.
    """
    typed = _lines(text)
    for message in queries.visible_to(user).order_by("-pk")[:NEWEST]:
        own = _lines("\n".join(getattr(message, f"{part}_{language}") for part in ("title", "body", "short") for language in LANGUAGES))
        if typed & own and typed <= own | _lines(_around(message)):
            return message
    return None


def _lines(text: str) -> set[str]:
    return {" ".join(digits.clean(line).split()) for line in text.splitlines()} - {""}


def _around(message: Message) -> str:
    """What stands beside the texts of a message in e-mails and text messages: addresses of pages, and what each says at its end."""
    texts: list[str] = []
    for language in LANGUAGES:
        with translation.override(language):
            content = mail.content_of(message, language) | {"title": message.title, "is_arabic": language == "ar"}
            texts.append(render_to_string("notifications/email.txt", content))
            texts.append(html.unescape(strip_tags(render_to_string("notifications/email.html", content))))
            texts.append(str(services.LEGAL_MARK))
    return "\n".join(texts)
