"""The result of a report: with a photo from the place, or with a second signature; and opened again."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.fieldwork import services as fieldwork
from municipality.fieldwork.models import Visit
from municipality.fieldwork.services import SentVisit
from municipality.kernel import clock
from municipality.kernel.actors import VISITOR
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from municipality.ui.templatetags.portal import bilingual
from municipality.ui.texts import Text
from municipality.uploads.states import UploadState
from reports import promises, queries
from reports.models import Closure, PhotoKind, Report, ReportPhoto
from reports.photos import services as photos
from reports.photos.metadata import in_kuwait
from reports.places import metres_between
from reports.reporters import notifications
from reports.results import NO_ANSWER, OTHER_SHOP, lacking_measures
from reports.triage.services import joins, rows

MAX_CLOCK_LEAD = dt.timedelta(minutes=5)  # of the clock of a device
NO_PLACE = _(
    "The report has no exact place on the map, so no photo alone closes it. Tick the second signature; the same photo may go with it."
)


@dataclass(frozen=True)
class FoundResult:
    """What an inspector found: `sent` with the place of the device, and by its clock when the photo was taken and this was written.

    `asks_signature`: where the photo proves too little, another person is asked to sign.
    """

    sent: SentVisit
    code: str
    note: str = ""
    photo: UploadedFile | None = None
    captured_at: dt.datetime | None = None
    written_at: dt.datetime | None = None
    asks_signature: bool = False


@dataclass(frozen=True)
class SpotProof:
    """What the portal measured of a photo; `lacks` says why it is not from the spot, empty where it is.

    `is_sent_late`: by the clock of the device it is from the spot, but it reached the portal later, as without a line.
    """

    distance_m: int | None
    age_minutes: int | None  # when the portal received it
    lacks: Text = ""
    is_sent_late: bool = False


def require_time(found: FoundResult) -> dt.datetime:
    """When a result was written, by the clock of its device. Raises Refused: from_the_future, too_late."""
    now, written = clock.now(), found.written_at or found.sent.started_at
    if written > now + MAX_CLOCK_LEAD:
        raise Refused("from_the_future", _("The time of what was seen lies ahead. Please set the clock of the device and send it again."))
    if written < now - dt.timedelta(days=queries.limits()["late_sync_days"]):
        raise Refused("too_late", _("This result is too old to be sent from the field. Please visit the place again."))
    return written


def prove(report: Report, photo: ReportPhoto | None, written: dt.datetime, accuracy_m: int | None = None) -> SpotProof:
    """Measure whether a photo is from the spot: not older than `spot_minutes` when the portal receives it, within `spot_metres`.

    `accuracy_m` is that of the place, where the device says it; one that is known less well than within `spot_metres` proves nothing.

    When a result was written is said by the device alone, so that time proves nothing: a result that was kept without a line waits for
    a second signature. What the camera wrote into the photo wins over the device; nothing from before the report was last opened counts.
    """
    limits = queries.limits()
    if photo is None:
        return SpotProof(None, None, _("No photo was sent. Take one at the place, or tick that another person is asked to sign."))
    if photo.captured_at is None:
        return SpotProof(None, None, _("Neither photo nor device say when it was taken."))
    age, age_written = _minutes(clock.now() - photo.captured_at), _minutes(written - photo.captured_at)
    if photo.latitude is None or photo.longitude is None:
        return SpotProof(None, age, _("Neither photo nor device say where it was taken."))
    if report.latitude is None or report.longitude is None:
        return SpotProof(None, age, NO_PLACE)
    distance = round(metres_between((report.latitude, report.longitude), (photo.latitude, photo.longitude)))
    if photo.captured_at < promises.opened_at(report):
        return SpotProof(distance, age, _("The photo is older than the report."))
    if age_written > limits["spot_minutes"]:
        late = _("The photo was taken %(age)s minutes before the result was written; at most %(most)s are allowed.")
        return SpotProof(distance, age, late % {"age": age_written, "most": limits["spot_minutes"]})
    if distance > limits["spot_metres"]:
        far = _("The photo was taken %(metres)s metres from the place of the report; at most %(most)s metres are allowed.")
        return SpotProof(distance, age, far % {"metres": distance, "most": limits["spot_metres"]})
    if accuracy_m is not None and accuracy_m > limits["spot_metres"]:
        vague = _("The device knew its place within %(metres)s metres only; at most %(most)s metres are allowed.")
        return SpotProof(distance, age, vague % {"metres": accuracy_m, "most": limits["spot_metres"]})
    if age > limits["spot_minutes"]:
        sent_late = _("The photo was taken %(age)s minutes before the portal received it; at most %(most)s are allowed.")
        return SpotProof(distance, age, sent_late % {"age": age, "most": limits["spot_minutes"]}, is_sent_late=True)
    return SpotProof(distance, age)


def _accuracy_of(photo: ReportPhoto | None, sent: SentVisit) -> int | None:
    """The accuracy of the place of a photo in metres, where it is that of the device; a camera writes none into its file."""
    is_of_device = photo is not None and (photo.latitude, photo.longitude) == in_kuwait(sent.latitude, sent.longitude)
    return sent.accuracy_m if is_of_device else None


def _minutes(time: dt.timedelta) -> int:
    return math.ceil(max(dt.timedelta(0), time) / dt.timedelta(minutes=1))


def close(*, report: Report, inspector: User, found: FoundResult) -> tuple[Closure, bool]:
    """Write the result, once for the key of its visit: closed with a photo from the spot, else it waits for a second signature.

    One that was written on the spot without a line, and is sent later, waits for it without being asked.

    Returns the result and whether it is new. Raises NotPermitted, Refused: unknown_code, no_measure, no_proof where nobody is asked to
    sign, sent_differently, those of `require_time` and of a photo, and TransitionRefused.
    """
    message = _("Another result was sent under this key. Reload the page and fill it in again.")

    def write(visit: Visit) -> Closure:
        return _written(rows.of_inspector(report, inspector), inspector, found, visit)

    try:
        visit, made = fieldwork.receive(sender=inspector, sent=found.sent, write=write)
    except fieldwork.VisitConflict as error:
        raise Refused("sent_differently", message) from error
    if made is not None:
        return made, True
    known = Closure.objects.filter(report=report, closed_by=inspector, closed_at=visit.received_at).first()
    if known is None:
        raise Refused("sent_differently", message)
    return known, False


def _written(row: Report, inspector: User, found: FoundResult, visit: Visit) -> Closure:
    result, written, actor = rows.reason_of(found.code, rows.RESULT), require_time(found), actor_of(inspector, "inspector")
    if result.code in lacking_measures(row):
        first = _("“%(result)s”: none was written from this report. Write it first on the page of the report, or choose another result.")
        other = f" {OTHER_SHOP}" if row.shop_id is not None else ""
        raise Refused("no_measure", f"{first % {'result': bilingual(result, 'label')}}{other}")
    photo: ReportPhoto | None = None
    if found.photo is not None:
        place = (found.sent.latitude, found.sent.longitude)
        photo = photos.add(row, PhotoKind.AFTER, found.photo, found.captured_at, *place, actor=actor)
        if photo.upload.state == UploadState.REFUSED:  # by its first bytes and its size; nobody could see it. The rest is looked at later
            raise photos.refusal_of(photo)
    proof = prove(row, photo, written, _accuracy_of(photo, found.sent))
    is_proved = not proof.lacks
    if not is_proved and not found.asks_signature and not proof.is_sent_late:
        raise Refused("no_proof", _unproved(row, photo, proof))
    made = Closure.objects.create(
        report=row,
        code=result.code,
        text_ar=result.text_ar,
        text_en=result.text_en,
        note=found.note,
        photo=photo,
        distance_m=proof.distance_m,
        age_minutes=proof.age_minutes,
        is_on_the_spot=is_proved,
        closed_by=inspector,
        closed_at=visit.received_at,
    )
    data: dict[str, Any] = {"code": result.code, "distance_m": proof.distance_m, "age_minutes": proof.age_minutes}
    now = clock.now()
    if is_proved:
        transition(row, "close", actor=actor, reason=result.code, data=data, closed_at=now, updated_at=now)
        _end(row, made)
    else:
        transition(row, "propose_close", actor=actor, data=data, updated_at=now)
    record("report.closed" if is_proved else "report.result_proposed", subject=row.subject_key, actor=actor, data=data)
    return made


def _unproved(row: Report, photo: ReportPhoto | None, proof: SpotProof) -> Text:
    """Why nothing is closed, and what closes it: a refused photo is not kept, so it may be sent again."""
    if row.latitude is None or row.longitude is None:
        return NO_PLACE
    if photo is None:
        return proof.lacks
    return f"{proof.lacks} {_('Take a new photo at the place, or tick that another person is asked to sign and send the same photo.')}"


def _end(row: Report, made: Closure) -> None:
    notifications.tell(row, "unanswered" if made.code == NO_ANSWER else "closed", result=made)
    joins.complete_parents(row)


def _proposed(row: Report) -> Closure:
    made = rows.proposed(row)
    if made is None:
        raise Refused("not_proposed", _("No result waits for a signature. Reload the page."))
    return made


@transaction.atomic
def countersign(*, report: Report, supervisor: User) -> None:
    """Sign a result that the photo does not prove, and close the report (`rows.may_sign`). Raises NotPermitted, Refused("not_proposed")."""
    row, actor, now = rows.of_supervisor(report, supervisor), actor_of(supervisor, "supervisor"), clock.now()
    made = _proposed(row)
    if made.closed_by_id == supervisor.pk:
        raise NotPermitted("same_person", _("You wrote this result, so another person signs it."))
    if not rows.may_sign(row, supervisor):
        raise NotPermitted("signed_before", _("The result that you signed did not solve it, so another supervisor signs this one."))
    if made.code in lacking_measures(row):
        raise Refused("no_measure", _("What this result tells does not stand any more. Send it back to its inspector."))
    made.signed_by, made.signed_at = supervisor, now
    made.save(update_fields=["signed_by", "signed_at"])
    transition(row, "countersign", actor=actor, reason=made.code, closed_at=now, updated_at=now)
    record("report.countersigned", subject=row.subject_key, actor=actor, data={"code": made.code})
    _end(row, made)


@transaction.atomic
def send_back(*, report: Report, supervisor: User, code: str) -> None:
    """Send a proposed result back to its inspector. Raises NotPermitted, Refused: unknown_code, not_proposed."""
    row, actor, now = rows.of_supervisor(report, supervisor), actor_of(supervisor, "supervisor"), clock.now()
    made, reason = _proposed(row), rows.reason_of(code)
    made.sent_back_at = now
    made.save(update_fields=["sent_back_at"])
    transition(row, "send_back", actor=actor, reason=reason.code, updated_at=now)
    record("report.sent_back", subject=row.subject_key, actor=actor, data={"code": reason.code})


@transaction.atomic
def reopen(report: Report) -> None:
    """Open a report again after its reporter said that it is not solved; another inspector than the closer is drawn.

    A divided report that closed with it, because a part was joined with it, is open again too.

    The caller has stored that answer and recognised the reporter. Raises TransitionRefused unless it is closed.
    """
    row = rows.locked(report)
    due_at = promises.promised_again(row, queries.limits())
    missed = promises.missed(row)
    transition(row, "reopen", actor=VISITOR, data=missed, due_at=due_at, closed_at=None, updated_at=clock.now())
    record("report.reopened", subject=row.subject_key, actor=VISITOR)
    rows.have_drawn(row)
    joins.reopen_parents(row)
