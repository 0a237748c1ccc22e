"""The portal asked over real HTTP: every request in a connection of its own, and no transaction around it."""

from __future__ import annotations

import contextlib
import datetime as dt
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import WSGIServer
from django.core.signals import got_request_exception
from django.db import connections, transaction
from django.http import HttpRequest
from django.test import override_settings
from django.test.testcases import QuietWSGIRequestHandler
from django.urls import Resolver404, resolve
from django.utils import translation

from municipality.accounts.models import Throttle
from municipality.kernel import clock
from municipality.ui.language import is_cookieless
from tests.architecture.access_matrix import METHODS, ROWS, Row
from tests.architecture.page_responses import Fields, Visit, _filled, around, prepare
from tests.architecture.page_visits import VISITS
from tests.architecture.pages import may_be_kept
from tests.architecture.requests_undone import errors_once_for_each_reader
from tests.architecture.routes import LANGUAGES
from tests.architecture.sample_data import NOON, SETTINGS, Sample, build

HOST = "127.0.0.1"
TOKEN = "a" * 32  # any form token serves whose cookie says the same
TO_THE_DOOR = 401  # stands for a redirect to a sign-in page
CLOSED = {TO_THE_DOOR, 403, 404}
LEADS_AWAY = {"302", "403", "404", "405"}


@dataclass
class Portal:
    """The portal behind a port of this machine, at a clock that the test sets."""

    now: dt.datetime = NOON
    errors: list[BaseException] = field(default_factory=list)  # what views raised, in the order of requests
    address: str = ""

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        """Answer one request (WSGI)."""
        with clock.at(self.now), contextlib.closing(self._handler(environ, start_response)) as answer:
            return [b"".join(answer)]

    @contextlib.contextmanager
    def running(self) -> Iterator[Portal]:
        """Serve in a thread of its own, one request after the other."""
        self._handler = WSGIHandler()
        server = WSGIServer((HOST, 0), QuietWSGIRequestHandler)
        server.set_app(self)
        self.address = f"http://{HOST}:{server.server_port}"
        thread = threading.Thread(target=self._serve, args=(server,))
        got_request_exception.connect(self._note)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            got_request_exception.disconnect(self._note)

    @staticmethod
    def _serve(server: WSGIServer) -> None:
        try:
            server.serve_forever(poll_interval=0.05)
        finally:
            connections.close_all()

    def _note(self, sender: Any, request: HttpRequest | None = None, **_: Any) -> None:
        if (error := sys.exc_info()[1]) is not None:
            self.errors.append(error)


@dataclass
class Crawl:
    """What was asked, and what came of it."""

    sample: Sample
    names: dict[str, str]
    portal: Portal
    statuses: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))  # by route, whatever its language
    to_be_opened: set[str] = field(default_factory=set)  # routes that the matrix opens to somebody
    failed: list[str] = field(default_factory=list)  # answers of 500 and more
    kept: list[str] = field(default_factory=list)  # answers to a person that their browser may keep
    otherwise: list[str] = field(default_factory=list)  # visits that answered otherwise: what went before is not undone

    def rows(self, method: str) -> None:
        """Ask every address of the matrix as every role of its row, but for methods that it does not take."""
        for number, row in enumerate(ROWS):
            language = LANGUAGES[number % 2] if "{lang}" in row.path else "ar"
            path = self._filler(language)(row.path)
            for role, answers in row.answers.items():
                answer = answers.split()[METHODS.index(method)]
                if answer not in LEADS_AWAY:
                    self.to_be_opened.add(route_of(path))
                if answer == "405":
                    self.statuses[route_of(path)].add(405)
                else:
                    self.row(row, role, method, language)

    def row(self, row: Row, role: str, method: str, language: str = "ar") -> int:
        """Ask one address as one role."""
        path = self._filler(language)(row.path)
        data = {name: value.format(s=self.sample) for name, value in row.post.items()} if method == "POST" else None
        with self._browser(role, language) as browser:
            status = self._send(browser, role, path, data).status_code
        return int(status)

    def visits(self, chosen: Callable[[Visit], bool]) -> None:
        """Make the visits that are chosen, each in one language."""
        for number, visit in enumerate(VISITS):
            if not visit.breaks and chosen(visit):
                self.visit(visit, LANGUAGES[number % 2])

    def visit(self, visit: Visit, language: str) -> int:
        """Make one visit."""
        fill = self._filler(language)
        Throttle.objects.all().delete()
        cache.clear()
        with around(visit), self._browser(visit.who, language, **visit.headers) as browser:
            for path, data in visit.before:
                self._send(browser, visit.who, fill(path), _filled(data, fill))
            self.portal.now = NOON + dt.timedelta(minutes=visit.minutes)
            try:
                if visit.checks_token:
                    browser.cookies.clear(domain=HOST, path="/", name=settings.CSRF_COOKIE_NAME)
                answer = self._send(browser, visit.who, fill(visit.path), _filled(visit.post, fill), expected=visit.status)
                for _step in range(3):
                    place = urlsplit(answer.headers.get("Location", ""))
                    if answer.status_code != 302 or visit.status == 302 or place.netloc not in ("", urlsplit(self.portal.address).netloc):
                        break
                    answer = self._send(browser, visit.who, place._replace(scheme="", netloc="").geturl(), None, expected=visit.status)
            finally:
                self.portal.now = NOON
        if answer.status_code != visit.status:
            self.otherwise.append(f"{visit}: {answer.status_code}, expected {visit.status}")
        return int(answer.status_code)

    def _filler(self, language: str) -> Callable[[str], str]:
        return lambda path: path.format(s=self.sample, lang=language, **self.names)

    @contextlib.contextmanager
    def _browser(self, who: str, language: str, **headers: str) -> Iterator[requests.Session]:
        with requests.Session() as browser:
            browser.trust_env = False
            browser.headers = {"Accept-Language": language, **headers}  # type: ignore[assignment]
            if who != "nobody":
                if who not in self.sample.sessions or not Session.objects.filter(pk=self.sample.sessions[who]).exists():
                    self.sample.sessions[who] = self.sample._sign_in(who)
                browser.cookies.set(settings.SESSION_COOKIE_NAME, self.sample.sessions[who], domain=HOST, path="/")
            browser.cookies.set(settings.LANGUAGE_COOKIE_NAME, language, domain=HOST, path="/")
            browser.cookies.set(settings.CSRF_COOKIE_NAME, TOKEN, domain=HOST, path="/")
            yield browser

    def _send(self, browser: requests.Session, who: str, path: str, data: Fields | None, *, expected: int = 200) -> requests.Response:
        method, before = ("GET" if data is None else "POST"), len(self.portal.errors)
        token = browser.cookies.get(settings.CSRF_COOKIE_NAME)
        headers = {"X-CSRFToken": token} if data is not None and token else {}
        answer = browser.request(method, f"{self.portal.address}{path}", data=data, headers=headers, allow_redirects=False, timeout=60)
        said = f"{who} {method} {path}: {answer.status_code}"
        if answer.status_code >= 500 and answer.status_code != expected:
            self.failed.append(f"{said} {[repr(error)[:300] for error in self.portal.errors[before:]]}")
        if (who != "nobody" or data is not None) and not is_cookieless(path.partition("?")[0]) and may_be_kept(answer.headers):
            self.kept.append(said)
        with contextlib.suppress(Resolver404):
            self.statuses[route_of(path)].add(TO_THE_DOOR if "/sign-in/" in answer.headers.get("Location", "") else answer.status_code)
        return answer


def language_of(path: str) -> str:
    """The language that an address carries, else Arabic."""
    first = path.split("/")[1]
    return first if first in LANGUAGES else "ar"


def route_of(path: str) -> str:
    """The route of an address, the same for both languages. Raises Resolver404."""
    with translation.override(language_of(path)):
        return without_language(resolve(path.partition("?")[0]).route)


def not_asked(routes: Collection[str], statuses: Mapping[str, set[int]]) -> list[str]:
    """Routes that nobody asked."""
    return sorted({without_language(route) for route in routes} - {route for route, seen in statuses.items() if seen})


def not_opened(routes: Collection[str], statuses: Mapping[str, set[int]]) -> list[str]:
    """Routes that were closed to everybody who asked."""
    return sorted(route for route in routes if not statuses.get(route, set()) - CLOSED)


def without_language(route: str) -> str:
    """A route, the same for both languages."""
    first, _slash, rest = route.partition("/")
    return rest if first in LANGUAGES else route


@contextlib.contextmanager
def crawl() -> Iterator[Crawl]:
    """The sample, committed, and the portal over it. The test must be transactional, so that the database is emptied after it."""
    with override_settings(**SETTINGS), clock.at(NOON), pytest.MonkeyPatch.context() as patch:
        errors_once_for_each_reader(patch)
        with transaction.atomic():
            sample = build()
            names = prepare(sample)
        with Portal().running() as portal:
            yield Crawl(sample, names, portal)
