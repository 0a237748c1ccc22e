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
from municipality.notifications.texts import LANGUAGES, link

NEWEST = 1000  # messages of a person that are compared


def sent_with(user: User, text: str) -> Message | None:
    """The newest message to a user that has every line of a text, which has the whole body of its e-mail, or its whole text message.

    None for any other text: a title and the words around it do not tell where the links of an e-mail lead. Spaces, empty lines,
    invisible marks and the script of digits make no difference.
    """
    typed = _lines(text)
    newest = queries.visible_to(user).order_by(*queries.NEWEST_FIRST)[:NEWEST]
    return next((message for message in newest if any(_is_of(message, language, typed) for language in LANGUAGES)), None)


def _is_of(message: Message, language: str, typed: set[str]) -> bool:
    """Whether lines are those of a message in one language, as an e-mail or as a text message."""
    title, body, short = (_lines(getattr(message, f"{part}_{language}")) for part in ("title", "body", "short"))
    if body and body <= typed and typed <= title | body | _mail_lines(message, language):
        return True
    return bool(short) and short <= typed and typed <= short | _sms_lines(message, language)


def _lines(text: str) -> set[str]:
    return {" ".join(digits.clean(line).split()) for line in text.splitlines()} - {""}


def _mail_lines(message: Message, language: str) -> set[str]:
    """The lines of an e-mail, with the addresses of its pages and what it says at its end."""
    with translation.override(language):
        content = mail.content_of(message, language) | {"title": message.title, "is_arabic": language == "ar"}
        page = strip_tags(render_to_string("notifications/email.html", content))
        return _lines(render_to_string("notifications/email.txt", content)) | _lines(html.unescape(page))


def _sms_lines(message: Message, language: str) -> set[str]:
    """What stands in a text message beside its text: the address of its page, and why it comes although it is switched off."""
    with translation.override(language):
        return _lines(f"{link(message.path, language)}\n{services.LEGAL_MARK}")
