"""The attack itself: a crawl by everybody, then each kind of hostile request on what the crawl has found."""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Any

from tools.attack import corpus, files, routes
from tools.attack.findings import Facts, Identity, Report
from tools.attack.reading import Form, read
from tools.attack.wire import TOKEN, Answer, Ask, Way, multipart

DOOR = re.compile(r"^(https://[^/]+|http://testserver)?(/(ar|en)|/staff)/sign-in/(\?|$)")
REQUESTS_AN_ADDRESS = 15  # before the next source address


@dataclass(frozen=True)
class Size:
    """How much of each kind; `seconds` end the whole run, whatever is left."""

    pages: int  # an identity opens in the crawl
    of_route: int  # addresses of one route that an identity opens
    depth: int
    crossed: int  # requests for another's address
    addresses: int  # mutations of each route
    queries: int  # of each page
    whole: int  # forms, each by one sender
    forms: int  # fillings of each form
    senders: int  # identities that send the same form
    methods: int  # pages that odd methods are tried on
    headers: int  # pages that odd headers are tried on
    files: int  # hostile files for each file field
    replays: int  # of each form, at the same time
    seconds: float
    workers: int


SMALL = Size(30, 2, 3, 400, 2, 2, 90, 1, 1, 8, 3, 4, 2, 450, 1)
FULL = Size(130, 4, 5, 9000, 26, 24, 5000, 16, 2, 60, 24, 60, 4, 3000, 6)


class Attack:
    """One run. `open_session` gives the cookie of a new session of a person; `ask_facts` says whose what is now."""

    def __init__(
        self,
        way: Way,
        people: Sequence[Identity],
        *,
        open_session: Callable[[int], str],
        ask_facts: Callable[[], Facts],
        report: Report,
        size: Size,
        seed: int = corpus.SEED,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.way, self.people, self.size, self.report, self.say = way, list(people), size, report, say
        self.open_session, self.ask_facts = open_session, ask_facts
        self.by_name = {person.name: person for person in people}
        self.chance = random.Random(seed)  # noqa: S311  # the same run for the same seed
        self.routes = routes.routes()
        self.sessions: dict[str, str] = {}
        self.pages: dict[str, dict[str, list[Form]]] = defaultdict(dict)  # who → address → forms
        self.refused: set[str] = set()  # addresses that exist and led nowhere
        self.end = self.until = time.monotonic() + size.seconds
        self.left_out: Counter[str] = Counter()
        self._numbers, self._lock, self._threads = count(), threading.Lock(), threading.local()

    # Sending

    def send(self, ask: Ask, *, again: bool = True) -> Answer:
        """Send, judge, and open a new session where the old one was ended."""
        person = self.by_name.get(ask.who)
        session = self._session(person) if person else ""
        cookies = {self.way.csrf_cookie: TOKEN} if ask.token else {}  # type: ignore[attr-defined]
        cookies |= {self.way.session_cookie: session} if session else {}  # type: ignore[attr-defined]
        answer = self.way.send(ask, cookies | dict(ask.cookies), self._source())
        self.report.take(ask, answer, holders=self._holders(ask.path))
        if person and again and answer.status in (302, 303) and DOOR.match(answer.header("Location")):
            self._forget(person, session)
            if ask.method == "GET" and ask.kind == "crawl":
                return self.send(ask, again=False)
        return answer

    def _session(self, person: Identity) -> str:
        with self._lock:
            if person.name not in self.sessions:
                self.sessions[person.name] = self.open_session(person.pk)
            return self.sessions[person.name]

    def _forget(self, person: Identity, session: str) -> None:
        with self._lock:
            if self.sessions.get(person.name) == session:
                del self.sessions[person.name]

    def _source(self) -> str:
        return corpus.source(next(self._numbers) // REQUESTS_AN_ADDRESS)

    def _holders(self, path: str) -> list[int] | None:
        """Whose the object in a private address is; None for public addresses and those that name no object."""
        try:
            route, audience = routes.of(path)
        except UnicodeError:
            return None
        if audience not in ("person", "on_behalf", "any"):
            return None
        facts = self.report.facts
        holders: list[int] = []
        for part in re.split(r"[/.]", path.partition("?")[0]):
            holders += facts.objects.get(part, ())
            if re.match(r"(ar|en)/(my-shops|health-licence)/", route):
                holders += facts.shops.get(part, ())
        return holders or None

    def _all(self, asks: Iterable[Ask], most: int | None = None) -> None:
        """Send all of them, at most `most`, in any order, until the time of the stage is up."""
        given = list(asks)
        self.chance.shuffle(given)
        if most is not None:
            given = given[:most]
        if self.size.workers == 1:
            for ask in given:
                self._timely(ask)
        else:
            with ThreadPoolExecutor(self.size.workers) as pool:
                list(pool.map(self._timely, given))

    def _timely(self, ask: Ask) -> None:
        if time.monotonic() < self.until:
            self.send(ask)
        else:
            self.left_out[ask.kind] += 1

    # Stages

    def run(self, *names: str) -> None:
        """All stages, or those named, each with its share of the time; what is whose is asked again before each."""
        chosen = names or tuple(STAGES)
        for number, name in enumerate(chosen):
            began, before = time.monotonic(), len(self.report.findings)
            self.until = began + (self.end - began) * STAGES[name] / sum(STAGES[later] for later in chosen[number:])
            self.report.facts = self.ask_facts()
            getattr(self, name)()
            self.say(f"{name}: {time.monotonic() - began:.0f} s, {len(self.report.findings) - before} findings")

    def crawl(self) -> None:
        """Everybody opens every page without an object, and follows what those lead to."""
        if self.size.workers == 1:
            for person in (None, *self.people):
                self._crawl(person)
        else:
            with ThreadPoolExecutor(self.size.workers) as pool:
                list(pool.map(self._crawl, (None, *self.people)))

    def _crawl(self, person: Identity | None) -> None:
        who = person.name if person else "nobody"
        language = routes.LANGUAGES[len(who) % 2]
        starts = [
            f"/{route}" for route in self.routes if routes.is_plain(route) and "<" not in route and self._suits(route, person, language)
        ]
        waiting, known = [(path, 0) for path in starts], set(starts)
        taken: Counter[str] = Counter()
        opened = 0
        while waiting and opened < self.size.pages + len(starts) and time.monotonic() < self.until:
            path, depth = waiting.pop(0)
            answer = self.send(Ask("crawl", "GET", path, who))
            opened += 1
            if answer.status != 200 or not answer.is_page:
                if answer.status == 200:
                    self.pages[who][path] = []
                location = answer.header("Location")
                links = read(f'<a href="{location}">', path)[0] if location.startswith("/") else []
                forms: list[Form] = []
            else:
                links, forms = read(answer.text, path)
                self.pages[who][path] = forms
            for link in links:
                route, _ = routes.of(link)
                if link in known or not route or link.startswith(("/static/", "/admin/logout")) or depth >= self.size.depth:
                    continue
                known.add(link)
                if taken[route] < self.size.of_route:
                    taken[route] += 1
                    waiting.append((link, depth + 1))

    @staticmethod
    def _suits(route: str, person: Identity | None, language: str) -> bool:
        if route.startswith(("ar/", "en/")):
            return route.startswith(language)
        return not route.startswith("admin/") or (person is not None and person.is_staff)

    def cross(self) -> None:
        """What one person has opened is asked by everybody else; and the ids of others are put into private addresses."""
        asks = []
        for who, pages in self.pages.items():
            for path in pages:
                route, audience = routes.of(path)
                if audience in ("person", "on_behalf", "any") or "<" in route or "documents/" in route:
                    asks += [Ask("identities", "GET", path, other) for other in ("nobody", *self.by_name) if other != who]
        private = [ask for ask in asks if self._holders(ask.path)]
        half = self.size.crossed // 2
        self._all(private, half)
        self._all((ask for ask in asks if not self._holders(ask.path)), half // 2)
        forged = []
        ids = [*self.report.facts.objects, *self.report.facts.shops]
        for route, audience in self.routes.items():
            if (
                "<" in route
                and routes.is_plain(route)
                and (audience in ("person", "on_behalf", "any") or "register" in route or "desk" in route)
            ):
                for own in self.chance.sample(ids, min(len(ids), 6)):
                    path = "/" + re.sub(r"<slug:(verb|move|page|fact|photo_id)>", "x", route)
                    path = re.sub(r"<int:[^>]+>", "1", re.sub(r"<(str|slug):[^>]+>", own, path))
                    forged += [
                        Ask("identities", method, path, who.name, b"" if method == "POST" else None)
                        for who in self.people
                        for method in ("GET", "POST")
                    ]
        self._all(forged, half // 2)

    def _filled(self) -> dict[str, tuple[str, str]]:
        """Route → an address of it that somebody could open, and who."""
        found: dict[str, tuple[str, str]] = {}
        for who in sorted(self.pages):
            for path in self.pages[who]:
                route, _ = routes.of(path)
                if route and (route not in found or found[route][1] == "nobody"):
                    found[route] = (path.partition("?")[0], who)
        return found

    def _whoever(self, route: str) -> list[str]:
        """Two identities that a route may be open to."""
        filled = self._filled()
        own = filled[route][1] if route in filled else self.chance.choice(self.people).name
        staff = [person.name for person in self.people if person.is_staff]
        people = [person.name for person in self.people if not person.is_staff]
        return [own, self.chance.choice(staff if route.startswith("admin/") and staff else people)]

    def addresses(self) -> None:
        """Every route with each parameter replaced."""
        filled, asks = self._filled(), []
        for route in self.routes:
            if not routes.is_plain(route):
                continue
            path, owner = filled.get(route, ("/" + re.sub(r"<[^>]+>", "1", route), ""))
            names = [owner] if owner else self._whoever(route)[:1]
            for address, value in corpus.mutated(route, path, self.chance, self.size.addresses):
                asks.append(
                    Ask("addresses", self.chance.choice(("GET", "GET", "POST")), address, self.chance.choice(names), note=value[:40])
                )
        self._all(asks)

    def queries(self) -> None:
        """Every page with hostile query strings, of the names that pages read and of its own fields."""
        asks = []
        for path, who in self._filled().values():
            own = {name for page in self.pages[who].get(path, []) for name, _ in page.fields}
            names = [*corpus.PARAMETERS, *sorted(own) * 4]
            asks += [
                Ask("queries", "GET", address, who, note=note)
                for address, note in corpus.queries(path, names, self.chance, self.size.queries)
            ]
        self._all(asks)

    def _forms(self) -> list[tuple[str, Form]]:
        """Who sends which form: each form of a route and a role by so many of that role."""
        found: dict[tuple[Any, ...], list[tuple[str, Form]]] = defaultdict(list)
        for who in sorted(self.pages):
            role = self.by_name[who].role if who in self.by_name else "nobody"
            for path, forms in self.pages[who].items():
                for form in forms:
                    key = (routes.of(form.action)[0], form.method, form.shape, role, routes.of(path)[0] if not form.shape else "")
                    if len(found[key]) < self.size.senders and all(name != who for name, _ in found[key]):
                        found[key].append((who, form))
        every = [one for key in sorted(found, key=str) for one in found[key]]
        return every if len(every) <= self.size.whole else self.chance.sample(every, self.size.whole)

    def forms(self) -> None:
        """Every form: missing, repeated, oversized, wrong and hostile values; without its token; by others; again, and at the same time."""
        hostile, others, again = [], [], []
        for who, form in self._forms():
            own = self.by_name[who].mark if who in self.by_name else "nobody"
            if form.method != "post":
                query = [
                    Ask("forms", "GET", address, who, note=note)
                    for address, note in corpus.queries(form.action, form.shape or ("q",), self.chance, 4)
                ]
                hostile += query
                continue
            for note, pairs in corpus.hostile_bodies(form.fields, own, self.chance, self.size.forms):
                headers, body = corpus.encoded([("csrfmiddlewaretoken", TOKEN), *pairs], form.enctype)
                hostile.append(Ask("forms", "POST", form.action, who, body, headers, note=note))
            headers, body = corpus.encoded(form.fields, form.enctype)
            hostile.append(Ask("forms without a token", "POST", form.action, who, body, headers, token=False, note="no token"))
            headers, body = corpus.encoded([("csrfmiddlewaretoken", "x" * 32), *form.fields], form.enctype)
            hostile.append(Ask("forms without a token", "POST", form.action, who, body, headers, note="wrong token"))
            headers, body = corpus.encoded([("csrfmiddlewaretoken", TOKEN), *form.fields], form.enctype)
            strangers = [name for name in self.by_name if name != who]
            others += [
                Ask("forms of others", "POST", form.action, name, body, headers)
                for name in self.chance.sample(strangers, min(3, len(strangers)))
            ]
            again.append(Ask("replays", "POST", form.action, who, body, headers))
        self._all(others)
        self.chance.shuffle(again)
        for ask in again:
            self._all([ask] * self.size.replays)
        self._all(hostile)

    def methods(self) -> None:
        """Odd methods, content types and bodies."""
        filled = list(self._filled().values())
        chosen = self.chance.sample(filled, min(len(filled), self.size.methods))
        chosen += [("/pay/knet/response", "nobody"), ("/admin/field/sync/", "nobody"), ("/api/v1/shops/", "nobody")]
        for inspector in [person.name for person in self.people if person.role == "inspector"][:1]:
            chosen.append(("/admin/field/sync/", inspector))
        self._all(ask for path, who in chosen for ask in corpus.of_methods(path, who))

    def headers(self) -> None:
        """Odd headers."""
        filled = list(self._filled().values())
        chosen = [("/ar/", "nobody"), ("/en/shops/", "nobody"), *self.chance.sample(filled, min(len(filled), self.size.headers))]
        self._all(ask for path, who in chosen for ask in corpus.of_headers(path, who))

    def files(self) -> None:
        """Hostile pictures, papers and sheets into every field for files."""
        asks, done = [], set()
        for who, form in self._file_forms():
            key = (routes.of(form.action)[0], tuple(form.files))
            if key in done:
                continue
            done.add(key)
            kind = "sheets" if files.takes_sheets(form.action) else "files"
            whole = files.sheets() if kind == "sheets" else files.pictures()
            for note, name, content in self.chance.sample(whole, min(len(whole), self.size.files)):
                pairs = [("csrfmiddlewaretoken", TOKEN), *form.fields]
                sent = [(field, name, files.content_type(name), content) for field in form.files]
                content_type, body = multipart(pairs, sent)
                asks.append(Ask(kind, "POST", form.action, who, body, {"Content-Type": content_type}, note=note))
        self._all(asks)

    def _file_forms(self) -> list[tuple[str, Form]]:
        return [(who, form) for who in sorted(self.pages) for forms in self.pages[who].values() for form in forms if form.files]


# Stage → its share of the time.
STAGES = {"crawl": 4, "cross": 3, "addresses": 3, "queries": 3, "methods": 1, "headers": 1, "files": 1, "forms": 4}
