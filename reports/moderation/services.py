"""Hide a report, its words or a photo for a coded reason, show it again, agree to words. Nothing is deleted."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.accounts.queries import require_group
from municipality.audit.services import record
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Reason
from reports import queries
from reports.models import FIRST_LOOK, BlurState, ModeratedPart, Moderation, Report, ReportPhoto
from reports.reporters.services import INTAKE

P = ModeratedPart


def reasons() -> dict[str, Reason]:
    """The coded reasons for which a person hides something that are in force, by code."""
    found = rulebook.edition(queries.REPLIES, clock.today()).reasons_of("report_hidden")
    return {reason.code: reason for reason in found if reason.code != FIRST_LOOK}


@transaction.atomic
def hide(*, report: Report, part: str, code: str, by: User, photo_id: str = "") -> Moderation:
    """Hide a part from the public; `photo_id` is the public id of the photo. Raises NotPermitted, Refused: unknown_reason, unknown_part,
    hidden.
    """
    require_group(by, INTAKE)
    if code not in reasons():
        raise Refused("unknown_reason", _("Choose a reason from the list."))
    row = Report.objects.select_for_update(of=("self",)).get(pk=report.pk)
    photo = ReportPhoto.objects.select_for_update().filter(report=row, public_id=photo_id).first() if part == P.PHOTO else None
    if part not in P.values or (part == P.PHOTO and photo is None) or (part == P.WORDS and not row.is_described):
        raise Refused("unknown_part", _("This report has no such part. Choose the report, its description or one of its photos."))
    standing, now = Moderation.objects.filter(report=row, part=part, photo=photo, lifted_at__isnull=True), clock.now()
    if standing.exclude(code=FIRST_LOOK).exists():
        raise Refused("hidden", _("It is hidden already."))
    standing.update(lifted_by=by, lifted_at=now)  # looked at, and hidden for this reason
    moderation = Moderation.objects.create(report=row, part=part, photo=photo, code=code, by=by, at=now)
    if photo is not None:
        was_shown = photo.is_shown  # remembered by `agreed_by`, for `show_again`
        _set(photo, blur=BlurState.PRIVATE, agreed_by=by if was_shown else None, agreed_at=now if was_shown else None)
    _change(row, part, hidden=True)
    record("report.hidden", subject=row.subject_key, actor=actor_of(by, INTAKE), data=_facts(moderation))
    return moderation


@transaction.atomic
def show_again(*, moderation: Moderation, by: User) -> None:
    """Show again what was hidden: words as agreed to, a photo in its public copy if that was shown before, else it waits for intake again.

    Raises NotPermitted, Refused("shown").
    """
    require_group(by, INTAKE)
    row = Report.objects.select_for_update(of=("self",)).get(pk=moderation.report_id)
    now = clock.now()
    if not Moderation.objects.filter(pk=moderation.pk, lifted_at__isnull=True).update(lifted_by=by, lifted_at=now):
        raise Refused("shown", _("It is shown again already."))
    if moderation.photo is not None:
        photo = ReportPhoto.objects.select_for_update().get(pk=moderation.photo.pk)
        if photo.copy_id is None:  # hidden before it was made, or there is none
            _set(photo, blur=BlurState.WAITING, agreed_by=None, agreed_at=None)
            enqueue("reports.public_copy", key=f"photo:{photo.public_id}:{moderation.pk}", photo_id=photo.pk)
        elif photo.agreed_by_id is None:
            _set(photo, blur=BlurState.UNSURE)
        else:
            _set(photo, blur=BlurState.AGREED, agreed_by=by, agreed_at=now)
    _change(row, moderation.part, hidden=False)
    record("report.shown_again", subject=row.subject_key, actor=actor_of(by, INTAKE), data=_facts(moderation))


@transaction.atomic
def agree_words(*, report: Report, by: User) -> None:
    """Agree that everybody may read the description. Raises NotPermitted, Refused: no_words, words_hidden."""
    require_group(by, INTAKE)
    row = Report.objects.select_for_update(of=("self",)).get(pk=report.pk)
    if not row.is_described:
        raise Refused("no_words", _("This report has no description."))
    if Moderation.objects.filter(report=row, part=P.WORDS, lifted_at__isnull=True).exists():
        raise Refused("words_hidden", _("The description is hidden. Show it again instead."))
    if row.words_shown_at is None:
        _set(row, words_shown_at=clock.now(), updated_at=clock.now())
        record("report.words_agreed", subject=row.subject_key, actor=actor_of(by, INTAKE))


def _change(row: Report, part: str, *, hidden: bool) -> None:
    """The columns by which the public pages know what is hidden; `updated_at` tells copies and feeds that something changed."""
    now = clock.now()
    changes: dict[str, Any] = {"updated_at": now}
    if part == P.REPORT:
        is_in_hidden = row.parent is not None and row.parent.hidden_at is not None
        changes["hidden_at"] = now if hidden or is_in_hidden else None
        if hidden:
            row.parts.filter(hidden_at__isnull=True).update(hidden_at=now, updated_at=now)
        else:  # the parts with it, unless one is hidden for a reason of its own
            own = Moderation.objects.filter(report__parent=row, part=P.REPORT, lifted_at__isnull=True).values("report")
            row.parts.filter(hidden_at__isnull=False).exclude(pk__in=own).update(hidden_at=None, updated_at=now)
    if part == P.WORDS:
        changes["words_shown_at"] = None if hidden else now
    _set(row, **changes)


def _set(row: Report | ReportPhoto, **changes: Any) -> None:
    for column, value in changes.items():
        setattr(row, column, value)
    row.save(update_fields=list(changes))


def _facts(moderation: Moderation) -> dict[str, Any]:
    return {"part": moderation.part, "code": moderation.code, "photo": moderation.photo.public_id if moderation.photo is not None else ""}
