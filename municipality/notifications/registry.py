"""One class a message. An app declares its classes in `notifications.py`; they are found when the portal starts.

    class RenewalIssued(MessageKind):
        kind = "licensing.renewal_issued"
        samples = {"document.valid_to": dt.date(2027, 11, 24)}

        def path(self, context): return f"/cases/{context['case'].public_id}/"

The words stand in `templates/<app>/messages/<name>.title.txt`, `.body.txt` and `.short.txt`, written in English inside
translation tags and rendered once in each language. The context holds rows, plain values or `Bilingual` values;
`{% load message_words %}{{ shop|words:"name" }}` reads `name_ar` or `name_en`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from django.template import TemplateDoesNotExist

from municipality.kernel import clock
from municipality.notifications.models import Channel
from municipality.notifications.texts import LANGUAGES, foreign_links, render

PARTS = ("title", "body", "short")
LIMITS = {"title": 200, "body": 4000, "short": 300}  # characters; title and short are columns of that length
_KIND = re.compile(r"(?P<app>[a-z_]+)\.(?P<name>[a-z_]+)")
_ARABIC = re.compile("[\u0600-\u06ff]")
_LATIN = re.compile("[A-Za-z]{2,}")
_MARKED = re.compile("\u27e6([^\u27e7]*)\u27e7")
_TIME = re.compile(r"(_day|_on|_at|_to|_from|\buntil|\bday)$")
_SOME_INSTANT = dt.datetime(2026, 11, 24, 8, 30, tzinfo=clock.KUWAIT)
_FIGURES = re.compile(r"\d+")
_TWIN = re.compile("_(ar|en)$")


class TwinMissing(Exception):
    """A message is not complete in both languages: a template, a translation or a placeholder is missing."""


@dataclass(frozen=True)
class MessageText:
    """One message in one language, as it is sent."""

    title: str
    body: str
    short: str


class MessageKind:
    """Base of all messages. A subclass with a `kind` registers itself."""

    kind: ClassVar[str] = ""
    channels: ClassVar[tuple[Channel, ...]] = (Channel.EMAIL, Channel.SMS)
    # Example values by dotted name, for placeholders that a filter formats (dates, amounts). Only `check` reads them.
    samples: ClassVar[Mapping[str, Any]] = {}

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

    def stop_path(self, public_id: str) -> str:
        """Where the person with this id ends such messages with one press, without signing in; empty where they cannot."""
        return ""

    def template(self, part: str) -> str:
        """`licensing/messages/renewal_issued.title.txt`"""
        app, name = self.kind.split(".")
        return f"{app}/messages/{name}.{part}.txt"

    def words(self, context: Mapping[str, Any], language: str) -> MessageText:
        """The three texts in one language. Raises KeyError for a placeholder without a value."""
        missing = self.needs - set(context)
        if missing:
            raise KeyError(f"{self.kind} needs {', '.join(sorted(missing))}")
        title, body, short = (render(self.template(part), context, language) for part in PARTS)
        return MessageText(" ".join(title.split()), body, " ".join(short.split()))

    @cached_property
    def needs(self) -> frozenset[str]:
        """The names that the templates read from the context."""
        asked = _AskedFor(self.samples)
        for part in PARTS:
            render(self.template(part), asked, "en")
        return frozenset(asked.names)


def _stand_in(name: str, samples: Mapping[str, Any]) -> Any:
    """A sample where there is one; an instant for names of days and instants; else a mark."""
    if name in samples:
        return samples[name]
    return _SOME_INSTANT if _TIME.search(name) else _Mark(name, samples)


class _Mark:
    """Stands for a value in a trial rendering and for every attribute of it; its text is its dotted name in brackets."""

    def __init__(self, name: str, samples: Mapping[str, Any]) -> None:
        self._name, self._samples = name, samples

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        dotted = f"{self._name}.{name}"
        return _stand_in(dotted, self._samples)

    def __str__(self) -> str:
        return f"\u27e6{self._name}\u27e7"


class _AskedFor(dict[str, Any]):
    """A context that has every name and remembers which were asked for."""

    def __init__(self, samples: Mapping[str, Any]) -> None:
        super().__init__()
        self.samples, self.names = samples, set[str]()

    def __contains__(self, name: object) -> bool:
        return name not in {"True", "False", "None"}

    def __getitem__(self, name: str) -> Any:
        self.names.add(name)
        return _stand_in(name, self.samples)


KINDS: dict[str, MessageKind] = {}


def check(message: MessageKind) -> None:
    """Raise TwinMissing unless every part exists in both languages, each in its own letters, with the same placeholders."""
    for part in PARTS:
        texts = {language: _trial(message, part, language) for language in LANGUAGES}
        used = {language: {_TWIN.sub("", name) for name in _MARKED.findall(text)} for language, text in texts.items()}
        if used["ar"] != used["en"]:
            raise TwinMissing(f"{message.kind} {part}: placeholders differ: {sorted(used['ar'] ^ used['en'])}")
        own = {language: _MARKED.sub("", text) for language, text in texts.items()}
        if not _ARABIC.search(own["ar"]) or _LATIN.search(own["ar"]):
            raise TwinMissing(f"{message.kind} {part}: no Arabic twin for {texts['en']!r}")
        if not _LATIN.search(own["en"]) or _ARABIC.search(own["en"]):
            raise TwinMissing(f"{message.kind} {part}: no English twin for {texts['ar']!r}")
        if set(_FIGURES.findall(own["ar"])) != set(_FIGURES.findall(own["en"])):
            raise TwinMissing(f"{message.kind} {part}: figures differ: {own['ar']!r}, {own['en']!r}")
        for language, text in texts.items():
            if len(text) > LIMITS[part]:
                raise TwinMissing(f"{message.kind} {part}: longer than {LIMITS[part]} characters in {language}")
            if foreign_links(text):
                raise TwinMissing(f"{message.kind} {part}: leads to a foreign host")


def _trial(message: MessageKind, part: str, language: str) -> str:
    try:
        return render(message.template(part), _AskedFor(message.samples), language)
    except TemplateDoesNotExist as error:
        raise TwinMissing(f"{message.kind}: no template {error}") from error
    except (TypeError, ValueError, ArithmeticError) as error:
        raise TwinMissing(f"{message.kind} {part}: a filter needs an example in `samples`: {error}") from error
