"""Messages made for one test: their class, their templates, and a gateway that remembers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from municipality.jobs.models import Job
from municipality.jobs.services import due, run
from municipality.notifications import registry
from municipality.notifications.registry import MessageKind
from tests.open_database import open_db  # noqa: F401

BOTH = "{{% if language == 'ar' %}}{ar}{{% else %}}{en}{{% endif %}}"


def both(ar: str, en: str) -> str:
    """A template with its Arabic and its English text."""
    return "{% load i18n %}{% get_current_language as language %}" + BOTH.format(ar=ar, en=en)


GREETING = {
    "title": both("صدرت رخصة {{ shop }}", "The licence of {{ shop }} is issued"),
    "body": both("رقم الرخصة {{ number }}.", "The licence number is {{ number }}."),
    "short": both("صدرت الرخصة {{ number }}", "Licence {{ number }} is issued"),
}
Make = Callable[..., MessageKind]


@pytest.fixture
def make_kind(settings: Any, tmp_path: Path) -> Iterator[Make]:
    """Declare a message for this test: `make_kind("testing.greeting", GREETING, path=…)`."""
    templates = copy.deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"] = [tmp_path, *templates[0]["DIRS"]]
    settings.TEMPLATES = templates
    made: list[str] = []

    def make(kind: str, parts: dict[str, str], **attributes: Any) -> MessageKind:
        app, name = kind.split(".")
        folder = tmp_path / app / "messages"
        folder.mkdir(parents=True, exist_ok=True)
        for part, text in parts.items():
            (folder / f"{name}.{part}.txt").write_text(text, encoding="utf8")
        type(name.title().replace("_", ""), (MessageKind,), {"kind": kind, **attributes})
        made.append(kind)
        return registry.MESSAGE_KINDS[kind]

    yield make
    for kind in made:
        registry.MESSAGE_KINDS.pop(kind, None)


class RememberingSms:
    """A gateway that keeps what it was given and can be told to fail."""

    sent: list[tuple[str, str, str]] = []
    failures: list[Exception] = []

    def send(self, to: str, text: str, idempotency_key: str) -> str:
        self.sent.append((to, text, idempotency_key))
        if self.failures:
            raise self.failures.pop(0)
        return f"gateway-{len(self.sent)}"


@pytest.fixture
def gateway(settings: Any, monkeypatch: pytest.MonkeyPatch) -> type[RememberingSms]:
    monkeypatch.setattr(RememberingSms, "sent", [])
    monkeypatch.setattr(RememberingSms, "failures", [])
    settings.SMS_BACKEND = f"{__name__}.RememberingSms"
    return RememberingSms


@pytest.fixture
def carry_out() -> Callable[[], list[Job]]:
    """Run the jobs that are due now, once each, and give them back as they are afterwards."""

    def carry() -> list[Job]:
        ids = [job_id for job_id, _queue in due()]
        for job_id in ids:
            run(job_id)
        return list(Job.objects.filter(pk__in=ids).order_by("pk"))

    return carry
