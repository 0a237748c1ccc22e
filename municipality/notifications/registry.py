"""Kinds of messages, one class each. Apps declare them in `notifications.py`, which is imported at start.

    class RenewalIssued(CaseMessage):
        kind = "licensing.renewal_issued"
        samples = {"days": 30}

The texts are in `templates/<app>/messages/<name>.title.txt`, `.body.txt` and `.short.txt`, written in English inside
translation tags and rendered in each language. The context holds rows, plain values or `Bilingual` values;
`{% load message_words %}{{ shop|words:"name" }}` reads `name_ar` or `name_en`.
"""

from __future__ import annotations

import datetime as dt
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from django.core import signing
from django.template import TemplateDoesNotExist

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.registry import Registry
from municipality.notifications.models import Channel
from municipality.notifications.texts import LANGUAGES, foreign_links, render
from municipality.ui.texts import Text

PARTS = ("title", "body", "short")
LIMITS = {"title": 200, "body": 4000, "short": 300}  # characters; title and short are columns of that length
_KIND = re.compile(r"(?P<app>[a-z_]+)\.(?P<name>[a-z_]+)")
_ARABIC = re.compile("[\u0600-\u06ff]")
_LATIN = re.compile("[A-Za-z]{2,}")
_PLACEHOLDER = re.compile("\u27e6([^\u27e7]*)\u27e7")
_TIME = re.compile(r"(_day|_on|_at|_to|_from|\buntil|\bday)$")
SAMPLE_DAY = dt.date(2027, 11, 24)  # for `samples`
_SAMPLE_TIME = dt.datetime(2026, 11, 24, 8, 30, tzinfo=clock.KUWAIT)
_NUMBERS = re.compile(r"\d+")
_LANGUAGE_SUFFIX = re.compile("_(ar|en)$")


class IncompleteMessage(Exception):
    """A message lacks a template, a translation or a placeholder in one of the languages."""


@dataclass(frozen=True)
class MessageText:
    """One message in one language, as it is sent."""

    title: str
    body: str
    short: str


class MessageKind:
    """Base of all messages. A subclass with a `kind` registers itself."""

    kind: ClassVar[str] = ""
    page: ClassVar[str] = ""  # the path of the page that it leads to, without the language prefix; {names} are those of the context
    channels: ClassVar[tuple[Channel, ...]] = (Channel.EMAIL, Channel.SMS)
    # What it is about, for the page of the preferences, if it is a notice from which a legal period runs or a right follows, or a warning
    # about the account: it cannot be switched off. Empty for any other message.
    legal: ClassVar[Text] = ""
    # Sent by another channel where its own ones fail, and otherwise listed for a phone call. False for news that a person follows.
    must_reach: ClassVar[bool] = True
    # Staff who look after deliveries see nothing of the recipient's address: it would stand beside what only a few may know of a person.
    hides_recipient: ClassVar[bool] = False
    # Listed for a phone call if nobody opens it within the rulebook's `unread_days`, while `is_unanswered`.
    asks_for_answer: ClassVar[bool] = False
    # Sample values by dotted name, for placeholders that a filter formats (dates, amounts). Only `check` uses them.
    samples: ClassVar[Mapping[str, Any]] = {}
    parts: ClassVar[tuple[str, ...]] = PARTS

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not cls.kind:
            return
        if not _KIND.fullmatch(cls.kind):
            raise ValueError(f"not a message kind: {cls.kind!r}")
        existing = MESSAGE_KINDS.get(cls.kind)
        if existing is not None and type(existing).__qualname__ != cls.__qualname__:
            raise ValueError(f"message {cls.kind} is declared twice")
        MESSAGE_KINDS[cls.kind] = cls()

    @property
    def is_legal(self) -> bool:
        """Whether it cannot be switched off."""
        return bool(self.legal)

    def path(self, context: Mapping[str, Any]) -> str:
        """The path of the page that the message leads to, without the language prefix; empty for none."""
        return self.page.format_map(context)

    def is_unanswered(self, subject_key: str) -> bool:
        """Whether what the message asks for is still open."""
        return True

    def stop_path(self, public_id: str) -> str:
        """The path where the person with this id unsubscribes without signing in; empty where they cannot."""
        return ""

    def template(self, part: str) -> str:
        """`licensing/messages/renewal_issued.title.txt`"""
        app, name = self.kind.split(".")
        return f"{app}/messages/{name}.{part}.txt"

    def texts(self, context: Mapping[str, Any], language: str) -> MessageText:
        """The three texts in one language. Raises KeyError for a placeholder without a value."""
        missing = self.required - set(context)
        if missing:
            raise KeyError(f"{self.kind} needs {', '.join(sorted(missing))}")
        found = {part: render(self.template(part), context, language) for part in self.parts}
        return MessageText(" ".join(found["title"].split()), found["body"], " ".join(found.get("short", "").split()))

    @cached_property
    def required(self) -> frozenset[str]:
        """The names that the templates read from the context."""
        context = _RecordingContext(self.samples)
        for part in self.parts:
            render(self.template(part), context, "en")
        return frozenset(context.names)


class CaseMessage(MessageKind):
    """A message about a case (`case` of its context), which leads to the page of the case."""

    page = "/cases/{case.public_id}/"


class LetterKind(MessageKind, ABC):
    """A letter to another body (`notifications.letters`)."""

    parts = ("title", "body")
    roles: ClassVar[tuple[str, ...]] = ()  # staff who may read, print and send it again, beside operators

    @abstractmethod
    def address(self, code: str) -> str:
        """The e-mail address that the rulebook of today gives a body; empty for none."""

    @abstractmethod
    def stands(self, key: str) -> bool:
        """Whether the body is still asked for what the letter with this key says."""

    def awaits(self, key: str) -> bool:
        """Whether its answer is still awaited, so that the letter may be recorded as returned; in the transaction of the caller."""
        return self.stands(key)

    def returned(self, key: str) -> None:
        """What follows when the letter with this key was recorded as returned; in the transaction of the caller."""


def _sample(name: str, samples: Mapping[str, Any]) -> Any:
    """A sample where there is one; a time for names of days and times; else a placeholder."""
    if name in samples:
        return samples[name]
    return _SAMPLE_TIME if _TIME.search(name) else _Placeholder(name, samples)


class _Placeholder:
    """Replaces a value, and every attribute of it, in a rendering for `check`; its text is its dotted name in brackets."""

    def __init__(self, name: str, samples: Mapping[str, Any]) -> None:
        self._name, self._samples = name, samples

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        dotted = f"{self._name}.{name}"
        return _sample(dotted, self._samples)

    def __str__(self) -> str:
        return f"\u27e6{self._name}\u27e7"


class _RecordingContext(dict[str, Any]):
    """A context that has every name and records which were read."""

    def __init__(self, samples: Mapping[str, Any]) -> None:
        super().__init__()
        self.samples, self.names = samples, set[str]()

    def __contains__(self, name: object) -> bool:
        return name not in {"True", "False", "None"}

    def __getitem__(self, name: str) -> Any:
        self.names.add(name)
        return _sample(name, self.samples)


MESSAGE_KINDS: dict[str, MessageKind] = {}
# By the kind of subject: (its key, to whom a message about it is sent) → who gets it now.
RECIPIENTS: Registry[Callable[[str, Any], Sequence[Any]]] = Registry()


def legal_notices() -> list[str]:
    """What the legal notices are about, each once, in the active language."""
    return list(dict.fromkeys(str(message.legal) for message in MESSAGE_KINDS.values() if message.is_legal))


def check(message: MessageKind) -> None:
    """Raise IncompleteMessage unless every part exists in both languages, each in its own letters, with the same placeholders."""
    for part in message.parts:
        texts = {language: _render_sample(message, part, language) for language in LANGUAGES}
        used = {language: {_LANGUAGE_SUFFIX.sub("", name) for name in _PLACEHOLDER.findall(text)} for language, text in texts.items()}
        if used["ar"] != used["en"]:
            raise IncompleteMessage(f"{message.kind} {part}: placeholders differ: {sorted(used['ar'] ^ used['en'])}")
        bare = {language: _PLACEHOLDER.sub("", text) for language, text in texts.items()}
        if not _ARABIC.search(bare["ar"]) or _LATIN.search(bare["ar"]):
            raise IncompleteMessage(f"{message.kind} {part}: no Arabic twin for {texts['en']!r}")
        if not _LATIN.search(bare["en"]) or _ARABIC.search(bare["en"]):
            raise IncompleteMessage(f"{message.kind} {part}: no English twin for {texts['ar']!r}")
        if set(_NUMBERS.findall(bare["ar"])) != set(_NUMBERS.findall(bare["en"])):
            raise IncompleteMessage(f"{message.kind} {part}: figures differ: {bare['ar']!r}, {bare['en']!r}")
        for language, text in texts.items():
            if len(text) > LIMITS[part]:
                raise IncompleteMessage(f"{message.kind} {part}: longer than {LIMITS[part]} characters in {language}")
            if foreign_links(text):
                raise IncompleteMessage(f"{message.kind} {part}: leads to a foreign host")


def _render_sample(message: MessageKind, part: str, language: str) -> str:
    try:
        return render(message.template(part), _RecordingContext(message.samples), language)
    except TemplateDoesNotExist as error:
        raise IncompleteMessage(f"{message.kind}: no template {error}") from error
    except (TypeError, ValueError, ArithmeticError) as error:
        raise IncompleteMessage(f"{message.kind} {part}: a filter needs an example in `samples`: {error}") from error


def stop_token(public_id: str, salt: str) -> str:
    """The token of a person's link that ends a kind of digest without signing in; without expiry. Each kind has a salt of its own."""
    return signing.dumps(public_id, salt=salt)


def person_of_stop(token: str, salt: str) -> User | None:
    """The person of a token; None for an invalid one."""
    try:
        public_id = signing.loads(token, salt=salt)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return User.objects.filter(public_id=str(public_id)).first()
