"""One class a message. An app declares its classes in `notifications.py`; they are found when the portal starts.

    class RenewalIssued(MessageKind):
        kind = "licensing.renewal_issued"
        placeholders = ("shop", "number", "last_day")

        def path(self, context): return f"/licences/{context['number']}/"

The words stand in `templates/<app>/messages/<name>.title.txt`, `.body.txt` and `.short.txt`, written in English inside
translation tags and rendered once in each language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.template import TemplateDoesNotExist

from municipality.notifications.models import Channel
from municipality.notifications.texts import LANGUAGES, foreign_links, render

PARTS = ("title", "body", "short")
LIMITS = {"title": 200, "body": 4000, "short": 300}  # characters; title and short are columns of that length
_KIND = re.compile(r"(?P<app>[a-z_]+)\.(?P<name>[a-z_]+)")
_ARABIC = re.compile("[\u0600-\u06ff]")
_LATIN = re.compile("[A-Za-z]{2,}")


class TwinMissing(Exception):
    """A message is not complete in both languages: a template, a translation or a placeholder is missing."""


@dataclass(frozen=True)
class Words:
    """One message in one language, as it is sent."""

    title: str
    body: str
    short: str


class MessageKind:
    """Base of all messages. A subclass with a `kind` registers itself."""

    kind: ClassVar[str] = ""
    channels: ClassVar[tuple[Channel, ...]] = (Channel.EMAIL, Channel.SMS)
    placeholders: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not cls.kind:
            return
        if not _KIND.fullmatch(cls.kind):
            raise ValueError(f"not a message kind: {cls.kind!r}")
        known = KINDS.get(cls.kind)
        if known is not None and type(known).__qualname__ != cls.__qualname__:
            raise ValueError(f"message {cls.kind} is declared twice")
        KINDS[cls.kind] = cls()

    def path(self, context: Mapping[str, Any]) -> str:
        """Where the message leads, without the language prefix; empty for nowhere."""
        return ""

    def template(self, part: str) -> str:
        """`licensing/messages/renewal_issued.title.txt`"""
        app, name = self.kind.split(".")
        return f"{app}/messages/{name}.{part}.txt"

    def words(self, context: Mapping[str, Any], language: str) -> Words:
        """The three texts in one language. Raises KeyError for a placeholder without a value."""
        missing = set(self.placeholders) - set(context)
        if missing:
            raise KeyError(f"{self.kind} needs {', '.join(sorted(missing))}")
        title, body, short = (render(self.template(part), context, language) for part in PARTS)
        return Words(" ".join(title.split()), body, " ".join(short.split()))


KINDS: dict[str, MessageKind] = {}


def check(message: MessageKind) -> None:
    """Raise TwinMissing unless every part exists in both languages, each in its own letters, with the same placeholders.

    Placeholders are filled with digits, so that every letter left in a text is the text's own.
    """
    marks = {name: f"\u27e6{number}\u27e7" for number, name in enumerate(message.placeholders)}
    for part in PARTS:
        try:
            texts = {language: render(message.template(part), marks, language) for language in LANGUAGES}
        except TemplateDoesNotExist as error:
            raise TwinMissing(f"{message.kind}: no template {error}") from error
        used = {language: {name for name, mark in marks.items() if mark in text} for language, text in texts.items()}
        if used["ar"] != used["en"]:
            raise TwinMissing(f"{message.kind} {part}: placeholders differ: {sorted(used['ar'] ^ used['en'])}")
        if not _ARABIC.search(texts["ar"]) or _LATIN.search(texts["ar"]):
            raise TwinMissing(f"{message.kind} {part}: no Arabic twin for {texts['en']!r}")
        if not _LATIN.search(texts["en"]) or _ARABIC.search(texts["en"]):
            raise TwinMissing(f"{message.kind} {part}: no English twin for {texts['ar']!r}")
        for language, text in texts.items():
            if len(text) > LIMITS[part]:
                raise TwinMissing(f"{message.kind} {part}: longer than {LIMITS[part]} characters in {language}")
            if foreign_links(text):
                raise TwinMissing(f"{message.kind} {part}: leads to a foreign host")
