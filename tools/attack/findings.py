"""What counts as a finding, and the table of a run."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.attack.wire import Answer, Ask

SLOW = 5.0  # seconds
TRACE = re.compile(
    rb"Traceback \(most recent call last\)|django\.db\.utils|psycopg2?\.errors|You're seeing this error because|Request Method:</th>"
)
MARK = re.compile(rb"Qx[0-9A-Za-z_-]{10}Zk")
MOST_OF_ONE = 8  # findings of the same kind that are printed


@dataclass(frozen=True)
class Identity:
    """Somebody who is signed in: `mark` is the text in their names."""

    name: str
    role: str
    pk: int
    is_staff: bool
    mark: str


@dataclass
class Facts:
    """Whose what is (`tools.attack.inside`)."""

    objects: Mapping[str, Sequence[int]] = field(default_factory=dict)
    shops: Mapping[str, Sequence[int]] = field(default_factory=dict)
    kin: frozenset[frozenset[int]] = frozenset()
    people: Mapping[str, int] = field(default_factory=dict)  # mark → person

    def foreign(self, reader: Identity | None, holders: Sequence[int]) -> bool:
        """Whether none of the holders is the reader, or somebody who shares things with the reader. Staff read by their tasks."""
        if reader is None:
            return bool(holders)
        return not reader.is_staff and not any(pk == reader.pk or frozenset((pk, reader.pk)) in self.kin for pk in holders)


@dataclass(frozen=True)
class Finding:
    what: str
    ask: Ask
    answer: Answer
    detail: str = ""

    def line(self) -> str:
        note = f" ({self.ask.note})" if self.ask.note else ""
        return (
            f"{self.what}: {self.ask.method} {self.ask.path[:160]!r} as {self.ask.who}{note}: {self.answer.status} {self.detail}".rstrip()
        )


class Report:
    """Counts requests and judges answers; findings go into a folder, from which each can be sent again. `never` are roles of staff
    that no person's name is shown to, `slow` the seconds of the longest answer.
    """

    def __init__(
        self,
        facts: Facts,
        people: Mapping[str, Identity],
        folder: Path | None = None,
        never: frozenset[str] = frozenset(),
        slow: float = SLOW,
    ) -> None:
        self.facts, self.people, self.folder, self.never, self.slow = facts, people, folder, never, slow
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)
        self.findings: list[Finding] = []
        self.staff_saw: dict[str, int] = Counter()
        self._lock = threading.Lock()

    def take(self, ask: Ask, answer: Answer, *, holders: Sequence[int] | None = None) -> None:
        """Count one answer and keep what is wrong with it. `holders` are the people whose object a private page is of."""
        found = list(self._problems(ask, answer, holders))
        with self._lock:
            counts = self.counts[ask.kind]
            counts["requests"] += 1
            counts[f"{answer.status // 100}xx" if answer.status else "cut"] += 1
            counts["findings"] += len(found)
            for finding in found:
                self.findings.append(finding)
                self._keep(finding, len(self.findings))

    def _problems(self, ask: Ask, answer: Answer, holders: Sequence[int] | None) -> Any:
        reader = self.people.get(ask.who)
        if answer.status >= 500:
            yield Finding("error of ours", ask, answer)
        if answer.seconds > self.slow:
            yield Finding("slow", ask, answer, f"{answer.seconds:.1f} s")
        if TRACE.search(answer.body):
            yield Finding("traceback", ask, answer)
        for found in sorted(set(MARK.findall(answer.body))):
            person = self.facts.people.get(found.decode())
            if person is None:
                continue
            if reader is not None and reader.is_staff:
                with self._lock:
                    self.staff_saw[reader.role] += 1
                if reader.role in self.never:
                    yield Finding("a person shown to staff without that task", ask, answer, found.decode())
            elif self.facts.foreign(reader, [person]):
                yield Finding("another's name", ask, answer, found.decode())
        led_on = 300 <= answer.status < 400 and ask.method == "POST" and "sign-in" not in answer.header("Location")
        if holders and (200 <= answer.status < 300 or led_on) and self.facts.foreign(reader, holders):
            yield Finding("another's object", ask, answer, f"of {list(holders)[:4]}")
        if answer.header("Set-Cookie") and "public" in answer.header("Cache-Control"):
            yield Finding("cookie on an answer that caches keep", ask, answer, answer.header("Set-Cookie")[:60])

    def _keep(self, finding: Finding, number: int) -> None:
        if self.folder is None:
            return
        ask = finding.ask
        told = {"what": finding.what, "status": finding.answer.status, "kind": ask.kind, "who": ask.who, "method": ask.method}
        told |= {"path": ask.path, "headers": dict(ask.headers), "note": ask.note, "detail": finding.detail}
        if ask.body is not None:
            told["body"] = f"{number:04d}.body"
            (self.folder / f"{number:04d}.body").write_bytes(ask.body)
        (self.folder / f"{number:04d}.json").write_text(json.dumps(told, ensure_ascii=True, indent=1), encoding="utf8")

    def table(self) -> str:
        """Kind by kind: requests, answers by their hundreds, lines cut, findings."""
        columns = ("requests", "2xx", "3xx", "4xx", "5xx", "cut", "findings")
        total: Counter[str] = Counter()
        lines = ["| kind | " + " | ".join(columns) + " |", "|---|" + "--:|" * len(columns)]
        for kind in sorted(self.counts):
            total.update(self.counts[kind])
            lines.append(f"| {kind} | " + " | ".join(f"{self.counts[kind][name]:,}" for name in columns) + " |")
        lines.append("| all | " + " | ".join(f"{total[name]:,}" for name in columns) + " |")
        return "\n".join(lines)

    def told(self) -> str:
        """The findings, at most a few of each sort and path."""
        groups: dict[tuple[str, str, int], list[Finding]] = defaultdict(list)
        for finding in self.findings:
            groups[
                finding.what, re.sub(r"[0-9A-Z_-]{10,}|%[0-9A-F]{2}.*", "…", finding.ask.path.partition("?")[0]), finding.answer.status
            ].append(finding)
        lines = []
        for found in groups.values():
            lines.append(f"{len(found)} × {found[0].line()}")
            lines += [f"      also {other.line()}" for other in found[1:MOST_OF_ONE]]
        return "\n".join(lines)
