"""Save answers page by page, send and discard drafts."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.delegation.authorization import may
from municipality.drafts import queries
from municipality.drafts.models import Draft, Unsaved
from municipality.drafts.notifications import DraftReminder
from municipality.drafts.registry import DRAFT_KINDS
from municipality.jobs import sweeps
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.services import send as send_message
from municipality.notifications.texts import Bilingual
from municipality.rulebook import queries as rulebook
from municipality.uploads import queries as upload_queries
from municipality.uploads import services as uploads

LIMITS = "limits.review"
SYSTEM = system("drafts")


class EditConflict(Refused):
    """The page was changed in another window or on another device since it was opened. Nothing was overwritten.

    `facts` has `saved` (the stored answers), `typed` (the submitted ones) and `version`, which a second submission must name.
    """


def _kept_until(now: dt.datetime) -> dt.datetime:
    """The end of the last of the rulebook's `draft_days`: messages and pages name the day alone."""
    return clock.end_of(clock.day_of(now + _days("draft_days")))


def _days(code: str) -> dt.timedelta:
    return dt.timedelta(days=rulebook.edition(LIMITS, clock.today()).limits[code].value)


@transaction.atomic
def begin(*, person: User, service: str, subject: str, actor: Actor | None = None, held_under: str = "") -> Draft:
    """The person's open draft about a subject, created if there is none. It expires after the rulebook's `draft_days`.

    `actor` acts for the person (default: the person). `held_under` is the subject that a delegation must cover where it is not
    `subject`: a draft under another one is discarded with its files, so that no other delegate can read it.
    """
    drafts = Draft.objects.filter(person=person, service=service, subject=subject, closed_at__isnull=True)
    draft = drafts.first()
    if draft is not None and draft.expires_at <= clock.now():
        _expire(draft.pk)
        draft = drafts.first()
    if draft is not None:
        if draft.held_under == held_under:
            return draft
        discard(draft=draft, actor=actor)
    now = clock.now()
    try:
        with transaction.atomic():
            draft = Draft.objects.create(
                person=person,
                service=service,
                subject=subject,
                held_under=held_under,
                begun_at=now,
                changed_at=now,
                expires_at=_kept_until(now),
            )
    except IntegrityError:  # another request created it at the same time, and may have sent or discarded it since
        return drafts.first() or begin(person=person, service=service, subject=subject, actor=actor, held_under=held_under)
    record("draft.begun", subject=draft.key, actor=actor or actor_of(person), data={"service": service, "about": subject})
    return draft


@transaction.atomic
def answer(*, draft: Draft, page: str, answers: dict[str, Any], version: int, actor: Actor | None = None) -> Draft:
    """Save the answers of one page. `version` is the draft's when that page was opened.

    Raises EditConflict where the page has got other answers since, NotPermitted where `actor` may no longer act for the person, and
    Refused("draft_closed") where the draft was sent, discarded or has expired.
    """
    row = lock_open(draft)
    if actor is not None and not may(actor, person=row.person, service=row.service, subject=row.rights_key):
        raise NotPermitted("not_yours", _("You may no longer act in this request. Nothing was saved."))
    saved = row.answers.get(page)
    if row.page_versions.get(page, 0) > version and saved != answers:
        raise EditConflict(
            "answered_elsewhere",
            _("This page has been answered on another device. Both answers are below; the one you save now counts."),
            saved=saved,
            typed=answers,
            version=row.version,
        )
    row.page = page
    if saved != answers:
        row.version += 1
        row.answers = {**row.answers, page: answers}
        row.page_versions = {**row.page_versions, page: row.version}
    row.changed_at = clock.now()
    row.expires_at = _kept_until(row.changed_at)
    row.save(update_fields=["answers", "page", "version", "page_versions", "changed_at", "expires_at"])
    return row


@transaction.atomic
def forget_pages(*, draft: Draft, pages: list[str]) -> Draft:
    """Delete the answers of pages that no longer belong to the request (a change that was unticked)."""
    row = lock_open(draft)
    remaining = {page: answers for page, answers in row.answers.items() if page not in pages}
    if remaining != row.answers:
        row.answers, row.version = remaining, row.version + 1
        row.page_versions = {page: version for page, version in row.page_versions.items() if page not in pages}
        row.save(update_fields=["answers", "page_versions", "version"])
    return row


@transaction.atomic
def send(*, draft: Draft, sent_as: str, actor: Actor) -> None:
    """Close a draft that became the case `sent_as`. Raises Refused("draft_closed")."""
    _close(lock_open(draft), "draft.sent", actor, sent_as=sent_as)


@transaction.atomic
def discard(*, draft: Draft, actor: Actor | None = None) -> None:
    """Close a draft and remove its files, by its person or `actor`. Raises Refused("draft_closed")."""
    row = lock_open(draft)
    actor = actor or actor_of(row.person)
    _close(row, "draft.discarded", actor)
    uploads.drop_all(row.key, reason="draft_ended", actor=actor)


def lock_open(draft: Draft) -> Draft:
    """The draft, locked in the caller's transaction. Raises Refused("draft_closed")."""
    row = Draft.objects.select_for_update().select_related("person").get(pk=draft.pk)
    if row.closed_at is not None or row.expires_at <= clock.now():
        raise Refused("draft_closed", _("This request has already been sent or deleted. You can start it again from My shops."))
    return row


def _close(row: Draft, action: str, actor: Actor, *, sent_as: str = "") -> None:
    row.answers, row.page_versions, row.closed_at, row.sent_as = {}, {}, clock.now(), sent_as
    row.save(update_fields=["answers", "page_versions", "closed_at", "sent_as"])
    record(action, subject=row.key, actor=actor, data={"service": row.service, "sent_as": sent_as})


def remind() -> int:
    """Remind each person once, after the rulebook's `draft_reminder_days`, that a draft will expire. Returns how many."""
    now = clock.now()
    before = now - _days("draft_reminder_days")
    due = Draft.objects.filter(closed_at__isnull=True, reminded_at__isnull=True, changed_at__lte=before, expires_at__gt=now)

    def send_reminder(pk: int) -> bool:
        row = Draft.objects.select_for_update().select_related("person").get(pk=pk)
        if row.closed_at is not None or row.reminded_at is not None or row.changed_at > before:
            return False
        title = DRAFT_KINDS[row.service].title(row)
        if title is None:
            return False
        send_message(
            DraftReminder,
            person=row.person,
            key=row.public_id,
            subject_key=row.key,
            context={"draft": row, "title": Bilingual(*title), "until": clock.day_of(row.expires_at)},
        )
        row.reminded_at = now
        row.save(update_fields=["reminded_at"])
        return True

    return sweeps.for_each("drafts.remind", list(due.order_by("pk").values_list("pk", flat=True)[:500]), send_reminder)


def expire() -> int:
    """Close drafts that have expired, and delete unsaved form data of that age. Returns how many drafts."""
    now = clock.now()
    overdue = Draft.objects.filter(closed_at__isnull=True, expires_at__lte=now)
    count = sweeps.for_each("drafts.expire", list(overdue.order_by("pk").values_list("pk", flat=True)[:500]), _expire)
    Unsaved.objects.filter(at__lte=now - _days("draft_days")).delete()
    return count


def _expire(pk: int) -> bool:
    """Close a draft that has expired and remove its files. Whether it was open still."""
    row = Draft.objects.select_for_update().get(pk=pk)
    if row.closed_at is not None or row.expires_at > clock.now():
        return False
    _close(row, "draft.expired", SYSTEM)
    uploads.drop_all(row.key, reason="draft_ended", actor=SYSTEM)
    return True


def drop_files() -> int:
    """Remove files that arrived after their draft was closed. Returns how many drafts had any."""
    return sweeps.for_each(
        "drafts.drop_files", queries.leftover_files(), lambda key: uploads.drop_all(key, reason="draft_ended", actor=SYSTEM)
    )


def drop_unsent_files(prefix: str, *, sweep: str, actor: Actor) -> int:
    """Delete the files (`prefix:` and the draft) of closed drafts that were never sent. Returns how many."""
    ids = [subject.partition(":")[2] for subject in upload_queries.subjects_of(prefix)]
    closed = Draft.objects.filter(public_id__in=ids, closed_at__isnull=False, sent_as="")
    keys = [f"{prefix}:{draft.public_id}" for draft in closed]
    return sweeps.for_each(sweep, keys, lambda key: uploads.drop_all(key, reason="draft_ended", actor=actor))
