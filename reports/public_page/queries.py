"""Read a report with everything that its public page shows, in a fixed number of queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import Coalesce, RowNumber
from django.urls import reverse

from municipality.kernel import clock
from reports import deadlines, queries
from reports.models import Closure, Consequence, HandOver, ModeratedPart, Moderation, PhotoKind, Report, ReportEvent, ReportPhoto, Standing
from reports.photos import queries as photos
from reports.places import blurred
from reports.promises import MISSED
from reports.public_page import standings
from reports.public_page.chain import MOVES, ChainLink, chain
from reports.public_page.numbers import PREFIX, canonical
from reports.public_page.steps import steps
from reports.results import NO_ANSWER, RELATED, ToldResult, ending, told
from reports.states import ReportState
from shops.models import Shop
from violations.models import ViolationEvent

ID_LENGTH = 26
# What most reports have not, told with the report; a part that is not there is not read.
_PARTS = {
    "has_photos": Exists(ReportPhoto.objects.filter(report=OuterRef("pk"))),
    "has_waiting_photos": Exists(photos.not_agreed().filter(report=OuterRef("pk"))),
    "has_hidden_words": Exists(Moderation.objects.filter(report=OuterRef("pk"), part=ModeratedPart.WORDS)),
    "has_joined": Exists(Report.objects.filter(merged_into=OuterRef("pk"))),
    "has_consequences": Exists(Consequence.objects.filter(report=OuterRef("pk"))),
}
_WITH_PARTS = Report.objects.select_related("area").annotate(**_PARTS).order_by()  # once: each page would resolve them again
_WITH_CLOSURE = {"close", "propose_close", "propose_unanswered", "complete"}  # moves that write one


def by_public_id(public_id: str) -> Report | None:
    """A report for `PublicReport`, hidden or not; None without one."""
    if len(public_id) != ID_LENGTH:
        return None
    return _WITH_PARTS.filter(public_id=public_id).first()


def address_of(number: str) -> str:
    """The page of the report with a number as people type it, or the one that finds reports; empty for no number of a report."""
    if not number.startswith(PREFIX):
        return ""
    row = Report.objects.filter(number=canonical(number)).first()
    return reverse("reports:report", args=[row.public_id]) if row is not None else reverse("reports:all")


def newest(reports: QuerySet[Report], count: int) -> list[Report]:
    """The newest of public reports, without those that are joined with another."""
    rows = reports.exclude(state=ReportState.MERGED).select_related("area").order_by("-received_at", "-pk")
    return list(rows[:count])


def at_shops(shops: Sequence[int], most: int) -> dict[int, tuple[dict[str, int], list[Report]]]:
    """Primary key of a shop → its reports by standing, and the newest of them, with those of entries merged into it; one query."""
    entries = Shop.objects.filter(Q(pk__in=shops) | Q(merged_into__in=shops))
    rows = standings.counted().filter(shop__in=entries).annotate(standing=standings.of(clock.now()))
    rows = rows.annotate(at=Coalesce("shop__merged_into", "shop"))
    counts = {f"n_{code}": Window(Count("pk", filter=Q(standing=code)), partition_by="at") for code in Standing.values}
    place = Window(RowNumber(), partition_by="at", order_by=[F("received_at").desc(), F("pk").desc()])
    by_shop: dict[int, tuple[dict[str, int], list[Report]]] = {}
    newest: Any = rows.annotate(place=place, **counts).filter(place__lte=most).order_by("at", "place")
    for report in newest:
        found = {code: getattr(report, f"n_{code}") for code in Standing.values}
        by_shop.setdefault(report.at, ({code: n for code, n in found.items() if n}, []))[1].append(report)
    return by_shop


@dataclass(frozen=True)
class PublicReport:
    """What everybody sees of a report that is not hidden; each part is read once, of one from `by_public_id` only where there is one."""

    report: Report

    def _has(self, part: str) -> bool:
        return bool(getattr(self.report, f"has_{part}", True))

    def _moved(self, *moves: str) -> bool:
        return any(event.move in moves for event in self.events)

    @cached_property
    def events(self) -> list[ReportEvent]:
        return list(ReportEvent.objects.filter(subject=self.report).order_by("pk"))

    @cached_property
    def closures(self) -> list[Closure]:
        if not self._moved(*_WITH_CLOSURE):
            return []
        return list(self.report.closures.filter(sent_back_at__isnull=True).prefetch_related("answers").order_by("pk"))

    @cached_property
    def photos(self) -> list[ReportPhoto]:
        """Photos whose public copy everybody sees, also those of reports that were joined with it."""
        has_joined = self._has("joined")
        return list(photos.shown(self.report, with_joined=has_joined)) if has_joined or self._has("photos") else []

    @property
    def before(self) -> list[ReportPhoto]:
        return [photo for photo in self.photos if photo.kind != PhotoKind.AFTER]

    @property
    def after(self) -> list[ReportPhoto]:
        return [photo for photo in self.photos if photo.kind == PhotoKind.AFTER]

    @cached_property
    def hand_overs(self) -> list[HandOver]:
        return list(self.report.hand_overs.order_by("pk")) if self._moved("hand_over") else []

    @property
    def hand_over(self) -> HandOver | None:
        """The body that has to act now."""
        return next((row for row in self.hand_overs if row.returned_at is None), None)

    @cached_property
    def parts(self) -> list[Report]:
        if not self._moved("split"):
            return []
        rows = queries.public_reports().filter(parent=self.report).select_related("area")
        return sorted(rows, key=lambda row: row.pk)  # without ORDER BY, for which the table would be read in its order

    @property
    def place(self) -> tuple[float, float] | None:
        """Latitude and longitude within some metres (`places.METRES`)."""
        if self.report.latitude is None or self.report.longitude is None:
            return None
        return blurred(self.report.latitude, self.report.longitude)

    @property
    def missed(self) -> list[dt.datetime]:
        """The promised times that passed before a result, of each time that it was opened again."""
        return [dt.datetime.fromisoformat(event.data[MISSED]) for event in self.events if MISSED in event.data]

    @cached_property
    def promise_of(self) -> Report | None:
        """The older report that was joined with this one and whose promise it has, if it is shown; None if this one is joined."""
        if self.report.state == ReportState.MERGED or not self._has("joined"):
            return None
        older = queries.promise_of(self.report)
        return older if older is not None and older.hidden_at is None else None

    @property
    def waits_for_look(self) -> bool:
        """Whether a photo or the description waits until an employee has looked at it; of one from `by_public_id`."""
        words = self.report.is_described and self.report.words_shown_at is None and not self._has("hidden_words")
        return words or self._has("waiting_photos")

    @cached_property
    def consequences(self) -> list[Consequence]:
        if not self._has("consequences"):
            return []
        return list(self.report.consequences.select_related("inspection", *RELATED).order_by("pk"))

    @cached_property
    def results(self) -> list[ToldResult]:
        return told(self.report, self.closures, [one.violation for one in self.consequences if one.violation is not None])

    @property
    def result(self) -> ToldResult | None:
        """With what it is closed now."""
        return ending(self.report, self.results)

    def chain(self) -> list[ChainLink]:
        found = [one.violation_id for one in self.consequences if one.violation_id is not None]
        acts: Sequence[ViolationEvent] = (
            list(ViolationEvent.objects.filter(subject__in=found, move__in=list(MOVES)).order_by("pk")) if found else []
        )
        happened = steps(self.report, self.events, self.results, self.hand_overs)
        return chain(self.report, happened, self.consequences, acts, self.photos, self.closures, self.report.people)

    def answers(self) -> dict[str, int]:
        """How often reporters said that it is solved, and that it is not."""
        said = [answer.is_solved for closure in self.closures for answer in closure.answers.all()]
        return {"solved": sum(said), "unsolved": len(said) - sum(said)}

    def answer_until(self) -> dt.date | None:
        """The last day on which the reporter may say that it is not solved; None when nothing is asked, such as of a part."""
        if self.report.state != ReportState.CLOSED or not self.closures or self.report.parent_id is not None:
            return None
        if self.closures[-1].code == NO_ANSWER or self.closures[-1].answers.all():
            return None
        assert self.report.closed_at is not None  # noqa: S101 - of every closed one
        last = deadlines.solved_until({self.closures[-1].pk: self.report.closed_at})[self.closures[-1].pk]
        return last if last >= clock.today() else None
