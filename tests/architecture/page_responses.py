"""The response of every page of the portal, in every state it can show, in both languages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import patch

import polib
import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client, override_settings

from municipality.accounts import openid
from municipality.accounts.mobile_id.port import Channel, ProviderAway, Result, Started
from municipality.accounts.services import second_factor
from municipality.kernel import clock
from municipality.kernel.actors import system
from tests.architecture import commercial_register_data
from tests.architecture.sample_data import NOON, SETTINGS, Sample, build
from tests.architecture.sample_states import in_every_state
from tests.purposes import opened

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "four words of a song"
_REQUESTS = count(1)  # the clock stands still and an object's id comes again: neither tells two requests apart


class Phone:
    """A Mobile ID whose answer the visit decides."""

    mode: ClassVar[str] = "pending"

    def start(self, civil_id: str | None, channel: Channel, *, number_match: str, callback_url: str) -> Started:
        if self.mode == "away":
            raise ProviderAway("away")
        return Started(f"request-{next(_REQUESTS)}", "otp://scan" if channel == "qr" else "", clock.now() + dt.timedelta(minutes=5))

    def result(self, request_id: str) -> Result:
        if self.mode == "away later":
            raise ProviderAway("away")
        return Result(self.mode if self.mode in ("declined", "expired") else "pending")  # type: ignore[arg-type]


Fields = dict[str, str] | dict[str, str | list[str]]  # several values of one name as a list


@dataclass(frozen=True)
class Visit:
    """One page in one state. Paths are format texts over `s` (the sample), `lang` and the names of sample_states.py."""

    path: str
    who: str = "nobody"
    post: Fields | None = None
    before: tuple[tuple[str, Fields | None], ...] = ()  # requests of the same browser: path, and fields of a POST
    phone: str = "pending"
    openid: str = ""  # a provider is set up: away, declined or failed
    register: str = ""  # the commercial register is connected: yes, away or doubted
    minutes: int = 0  # later than noon
    breaks: str = ""  # what fails, as a dotted name
    demo: bool = False
    checks_token: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    note: str = ""

    def __str__(self) -> str:
        return f"{self.who} {'POST' if self.post is not None else 'GET'} {self.path} {self.note}".strip()


@dataclass(frozen=True)
class Opened:
    visit: Visit
    language: str
    response: Any

    @property
    def text(self) -> str:
        return str(self.response.content.decode(errors="replace"))

    def __str__(self) -> str:
        return f"[{self.language}] {self.visit}"


@contextmanager
def arabic(folder: Path) -> Iterator[None]:
    """The Arabic catalogue of the repository in force, compiled into a folder."""
    target = folder / "ar" / "LC_MESSAGES"
    target.mkdir(parents=True)
    polib.pofile(str(ROOT / "locale" / "ar" / "LC_MESSAGES" / "django.po")).save_as_mofile(str(target / "django.mo"))
    with override_settings(LOCALE_PATHS=[folder]):
        yield


def prepare(sample: Sample) -> dict[str, str]:
    """A password and a second factor for the staff door, and rows in every state that a page can show."""
    sample.officer.set_password(PASSWORD)
    sample.officer.save()
    second_factor.enrol(user=sample.officer, actor=system("tests"))
    sample.open_doors()
    return in_every_state(sample)


@contextmanager
def around(visit: Visit) -> Iterator[None]:
    """What stands round the portal during a visit: the phone, the providers, and what fails."""
    with ExitStack() as stack:
        stack.enter_context(override_settings(MOBILE_ID_ADAPTER=f"{__name__}.Phone", DEMO=visit.demo))
        stack.enter_context(patch.object(Phone, "mode", visit.phone))
        if visit.openid:
            stack.enter_context(override_settings(OPENID_ISSUER="http://127.0.0.1:1", OPENID_ASSURANCES=["high"]))
            stack.enter_context(patch("municipality.accounts.openid.take_state", return_value={}))
            said = openid.Declined if visit.openid == "declined" else openid.NotProven
            stack.enter_context(patch("municipality.accounts.openid.prove", side_effect=said))
        if visit.register:
            stack.enter_context(commercial_register_data.connected(visit.register))
        if visit.breaks:
            stack.enter_context(patch(visit.breaks, side_effect=RuntimeError("planted")))
        yield


def open_page(sample: Sample, names: dict[str, str], visit: Visit, language: str) -> Opened:
    """Open one page as it would be opened; whatever it did is undone."""

    def address(path: str) -> str:
        return path.format(s=sample, lang=language, **names)

    cache.clear()  # what one visit counted there is not the next one's
    with ExitStack() as stack:
        stack.enter_context(transaction.atomic())
        stack.enter_context(around(visit))
        client: Client = sample.client(visit.who, raise_request_exception=False, enforce_csrf_checks=visit.checks_token)
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        headers = {"accept-language": language, **visit.headers}
        for path, data in visit.before:
            _send(client, address(path), _filled(data, address), headers)
        with clock.at(NOON + dt.timedelta(minutes=visit.minutes)):
            response = _send(client, address(visit.path), _filled(visit.post, address), headers)
        for _step in range(3):
            if response.status_code != 302 or visit.status == 302:
                break
            with clock.at(NOON + dt.timedelta(minutes=visit.minutes)):
                response = client.get(response["Location"], headers=headers)
        transaction.set_rollback(True)
    return Opened(visit, language, response)


def _filled(data: Fields | None, address: Any) -> Fields | None:
    if data is None:
        return None
    return {name: address(value) if isinstance(value, str) else [address(one) for one in value] for name, value in data.items()}


def _send(client: Client, address: str, data: dict[str, str] | None, headers: dict[str, str]) -> Any:
    return opened(client, address, headers=headers) if data is None else client.post(address, data, headers=headers)


@dataclass
class PageResponses:
    sample: Sample
    opened: list[Opened]


_under_way: list[tuple[PageResponses, ExitStack]] = []


@pytest.fixture(scope="module", name="responses")
def all_responses(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> PageResponses:
    """Every page opened once, with the Arabic catalogue in force, for all modules in a row that ask for it; conftest.py ends it."""
    from tests.architecture.page_visits import VISITS

    if not _under_way:
        with ExitStack() as stack:
            stack.enter_context(django_db_blocker.unblock())
            stack.enter_context(arabic(tmp_path_factory.mktemp("locale")))
            stack.enter_context(override_settings(**SETTINGS))
            stack.enter_context(clock.at(NOON))
            stack.enter_context(transaction.atomic())
            stack.callback(transaction.set_rollback, True)
            sample = build()
            names = prepare(sample)
            connection.run_on_commit.clear()  # as in one_sample
            opened = [open_page(sample, names, visit, language) for visit in VISITS for language in ("ar", "en")]
            _under_way.append((PageResponses(sample, opened), stack.pop_all()))
    return _under_way[0][0]


def undo_all() -> None:
    """Undo everything that the visits did."""
    while _under_way:
        _under_way.pop()[1].close()


@pytest.fixture(name="sample")
def sample_of_the_responses(responses: PageResponses, db: None) -> Sample:
    """The sample that was visited, with rows in every state: what a test does to it is undone after the test."""
    return responses.sample
