"""Receive reports, each exactly once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from licensing.models import Board
from municipality.audit.services import NewAuditEvent, record_all
from municipality.jobs.services import enqueue_for_next_tick
from municipality.kernel import clock
from municipality.kernel.actors import VISITOR
from municipality.kernel.errors import Refused
from municipality.places import queries as places
from municipality.places.models import Area
from municipality.uploads.refusals import FileRefused
from reports import promises, queries
from reports.intake import first_look
from reports.intake import limits as sender_limits
from reports.models import ApiKey, PlaceSource, Report, ReportChannel
from reports.photos import services as photos
from reports.queries import InForce
from reports.reporters import notifications, phones, trust
from reports.reporters import services as reporters
from reports.reporters.services import Sender
from shops.models import Shop


@dataclass(frozen=True)
class ReportPlace:
    """Where it was seen: WGS 84, or an area or a description where there is no position."""

    source: str = PlaceSource.PIN
    latitude: float | None = None
    longitude: float | None = None
    accuracy_m: int | None = None
    area: Area | None = None
    block: str = ""
    street: str = ""
    note: str = ""
    shop: Shop | None = None
    board: Board | None = None


@dataclass(frozen=True)
class SentReport:
    """A report as its sender sends it. `key` is a UUID made on the device; `captured_at` the time by its clock."""

    key: str
    category: str
    place: ReportPlace
    captured_at: dt.datetime
    words: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    channel: str = ReportChannel.WEB
    language: str = "ar"
    api_key: ApiKey | None = None  # of the other system that sends it


@dataclass(frozen=True)
class Received:
    """A report that is stored; `secret` opens it for its reporter, also without a name. `refused`: why photos sent with it were not."""

    report: Report
    secret: str
    is_new: bool
    refused: Sequence[FileRefused] = ()


def received_before(sent: SentReport, sender: Sender) -> Received | None:
    """The report that a sender has sent already, if they have: the same key, category, words and place."""
    known = Report.objects.filter(key=sent.key).first()
    if known is None or not _is_same(known, sent) or not reporters.sent_by(known, sender):
        return None
    return Received(known, reporters.secret_of(sent.key), is_new=False)


def _is_same(known: Report, sent: SentReport) -> bool:
    """Compared is what never changes after the receipt; the clock of a device may go ahead, and its time is then cut at each try."""
    given = sent.place
    if sent.channel == ReportChannel.OPEN311:  # its key is made of the other system's own id, or of the whole content
        return sent.category == _first_category(known)
    if given.source in (PlaceSource.PIN, PlaceSource.DEVICE) and (given.latitude, given.longitude) != (known.latitude, known.longitude):
        return False
    if (sent.words.split(), given.note) != (known.words.split(), known.place_note):
        return False
    if given.shop is not None and given.shop.pk != known.shop_id:
        return False
    return sent.category == _first_category(known)


def _first_category(known: Report) -> str:
    changed = known.events.filter(move="recategorise").order_by("pk").first()
    return str(changed.data["before"]) if changed is not None else known.category


def receive(sent: SentReport, sender: Sender) -> Received:
    """Store a report with its reporter and photos and enqueue the draw of an inspector, in one transaction.

    The same key again is the same report. Raises Refused: unknown_category, emergency, name_needed, sent_differently, and what
    `limits.refuse` and `limits.check` raise.
    """
    known = Report.objects.filter(key=sent.key).first()
    if known is None:
        try:
            with transaction.atomic():
                return receive_new(sent, sender, queries.in_force())
        except IntegrityError:  # received at the same time by another request
            known = Report.objects.filter(key=sent.key).first()
            if known is None:
                raise
    return receive_known(known, sent, sender)


def receive_known(known: Report, sent: SentReport, sender: Sender) -> Received:
    """A report that was received under the key of `sent`. Raises Refused("sent_differently") unless it is that of its sender."""
    if not _is_same(known, sent) or not reporters.sent_by(known, sender):
        raise Refused("sent_differently", _("Another report was sent under this key. Begin a new report; its photos can be used again."))
    return Received(known, reporters.secret_of(sent.key), is_new=False)


def receive_new(sent: SentReport, sender: Sender, rules: InForce, files: Iterable[Any] = ()) -> Received:
    """As `receive`, of a key that the caller has not found, by the rules that the caller's transaction has read.

    `files` are photos that come with it. Raises IntegrityError, after which that transaction cannot go on, where another request
    receives the same at the same time.
    """
    report = _store(sent, sender, rules)
    photos_sent = photos.add_sent(report, files, rules.limits)
    # The log names no reporter: whoever reads it does not learn who reported.
    facts = {"category": report.category, "severity": report.severity}
    record_all([NewAuditEvent("report.received", report.subject_key, VISITOR, facts), *photos_sent.acts])
    enqueue_for_next_tick([("reports.assign", report.subject_key, {"report_id": report.pk}), *photos_sent.jobs])
    if sender.is_told:
        notifications.tell(report, "received")
    return Received(report, reporters.secret_of(sent.key), True, photos_sent.refused)


def _store(sent: SentReport, sender: Sender, in_force: InForce) -> Report:
    rules, limits, now = in_force.rules, in_force.limits, clock.now()
    category = rules.categories.get(sent.category)
    if category is None:
        raise Refused("unknown_category", _("Choose what it is from the list."))
    if not category.may_be_anonymous and not sender.is_named:
        raise Refused("name_needed", _("This kind of report needs your name or a confirmed phone number. Inspectors never see it."))
    answers = {question.code: sent.answers[question.code] for question in category.questions if question.code in sent.answers}
    severity = promises.severity_of(category, answers)
    trusted = trust.of_sender(sender, limits, in_force.day)
    sender_limits.refuse(trusted.ban)
    sent_today = sender_limits.check(sender, sent.place, limits, trusted.level)
    area = sent.place.area
    facts = asdict(category)
    facts.pop("questions")
    report = Report.objects.create(
        key=sent.key,
        channel=sent.channel,
        api_key=sent.api_key,
        category=category.code,
        category_facts=facts,
        edition_id=rules.pk,
        answers=answers,
        words=sent.words,
        language=sent.language,
        latitude=sent.place.latitude,
        longitude=sent.place.longitude,
        accuracy_m=sent.place.accuracy_m,
        place_source=sent.place.source,
        area=area,
        block=sent.place.block,
        street=sent.place.street,
        place_note=sent.place.note,
        shop=sent.place.shop,
        board=sent.place.board,
        captured_at=min(max(sent.captured_at, now - dt.timedelta(days=limits["late_sync_days"])), now),
        received_at=now,
        updated_at=now,
        severity=severity,
        due_at=promises.due_at(category, severity, now, limits, in_force.day),
        branch=places.branch_of(area) if area is not None else None,
    )
    reporters.attach(report, sender)
    first_look.hold(report, trusted.level, limits, sent_today)
    if sent.channel != ReportChannel.OPEN311:  # whose numbers are confirmed by nobody, and whose photos come with the report
        phones.forget(sent.key)
        photos.attach_held(report, is_new=True)
    return report
