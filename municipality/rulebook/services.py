"""Draft and publish editions, and withdraw one before its first day. Two people do each: the second is never the first."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.rulebook import calendars, registry
from municipality.rulebook.models import PUBLISHED, LimitRule, RuleSet, SpacingRule

LAND_ROWS = ("land_classes", "activity_groups", "land_uses", "spacings", "consultations")
BOARD_ROWS = ("board_fees", "board_limits")
CHECK_ROWS = ("checks", "inspection_rules")
REPORT_ROWS = ("report_categories", "report_questions", "report_bodies")
LISTS = ("fees", "limits", "conditions", "reasons", *CHECK_ROWS, "offences", "holidays", "hours", "trades")
# The tables of rows that make up an edition.
ROWS = (*LISTS, *BOARD_ROWS, *LAND_ROWS, *REPORT_ROWS)


def changed() -> Refused:
    """The refusal of a publication whose draft is not the one that the publisher read."""
    return Refused("changed", _("The maker has saved this draft since it was shown. Read it again before it is published."))


@transaction.atomic
def publish(*, ruleset: RuleSet, publisher: User, actor: Actor) -> None:
    """Publish an edition, end the one before it, and call the handlers of `registry`.

    `ruleset` is what the publisher read: Refused("changed") where its maker saved the draft since; "overtaken" where another edition
    was published since the draft was saved, whose changes it does not have. Raises Refused also for the maker, for a
    draft that was sent back, an empty or overlapping edition, a calendar without a working week, a limit that is too high, and a
    distance rule whose condition has no text.
    """
    rows = {row.pk: row for row in RuleSet.objects.select_for_update().filter(subject=ruleset.subject).order_by("pk")}
    ruleset.published_at, sent_back_at = rows[ruleset.pk].published_at, rows[ruleset.pk].sent_back_at
    if ruleset.published_at is not None:
        raise Refused("published", _("This edition is already published."))
    if ruleset.made_by_id == publisher.pk:
        raise Refused("same_person", _("The person who made an edition cannot publish it. A second person must."))
    if rows[ruleset.pk].made_at != ruleset.made_at:
        raise changed()
    if sent_back_at is not None:
        raise Refused("sent_back", _("This draft was sent back to its maker. It can be published once the maker has saved it again."))
    if not any(getattr(ruleset, rows).exists() for rows in ROWS):
        raise Refused("empty", _("An edition without rows cannot be published."))
    if ruleset.subject == calendars.SUBJECT:
        _check_week(ruleset)
    for limit in ruleset.limits.select_related("ruleset"):
        _check_limit(limit)
    for spacing in ruleset.spacings.order_by("pk"):
        _check_spacing(spacing)
    earlier = RuleSet.objects.filter(PUBLISHED, subject=ruleset.subject)
    _check_overtaken(ruleset, earlier)
    if earlier.filter(Q(first_day__gte=ruleset.first_day) | Q(last_day__gte=ruleset.first_day)).exists():
        raise Refused("overlap", _("A published edition holds on that day or later. Choose a later first day."))
    earlier.filter(last_day__isnull=True).update(last_day=ruleset.first_day - dt.timedelta(days=1))
    now = clock.now()
    RuleSet.objects.filter(pk=ruleset.pk, published_at__isnull=True).update(published_by=publisher, published_at=now)
    ruleset.published_by, ruleset.published_at = publisher, now
    record("rulebook.published", subject=f"ruleset:{ruleset.pk}", actor=actor, data={"edition": str(ruleset)})
    registry.call_handlers(ruleset)


@transaction.atomic
def send_back(*, ruleset: RuleSet, publisher: User, actor: Actor, words: str) -> None:
    """Send a draft back to its maker with a reason, which stands until the maker saves it again.

    Raises Refused: published, changed (its maker saved it since `ruleset` was read), same_person, no_words.
    """
    row = RuleSet.objects.select_for_update().get(pk=ruleset.pk)
    if row.published_at is not None:
        raise Refused("published", _("This edition is already published."))
    if row.made_at != ruleset.made_at:
        raise changed()
    if row.made_by_id == publisher.pk:
        raise Refused("same_person", _("The person who made an edition cannot publish it. A second person must."))
    if not words.strip():
        raise Refused("no_words", _("Write what is to be changed in the draft."))
    row.sent_back_at, row.sent_back_words = clock.now(), words.strip()[:300]
    row.save(update_fields=["sent_back_at", "sent_back_words"])
    record("rulebook.sent_back", subject=f"ruleset:{row.pk}", actor=actor, data={"edition": str(row)}, text=row.sent_back_words)


def check_withdrawable(ruleset: RuleSet) -> None:
    """Raise Refused for an edition that cannot be withdrawn: not_published, withdrawn, calendar, in_force, followed."""
    if ruleset.published_at is None:
        raise Refused("not_published", _("This edition is not published: there is nothing to withdraw."))
    if ruleset.withdrawn_on is not None:
        raise Refused("withdrawn", _("This edition is already withdrawn."))
    if ruleset.subject == calendars.SUBJECT:
        raise Refused("calendar", _("A calendar applies as soon as it is published. A new edition corrects it at once."))
    if ruleset.first_day <= clock.today():
        raise Refused("in_force", _("This edition has come into force and can no longer be withdrawn. A new edition follows it."))
    later = RuleSet.objects.filter(PUBLISHED, subject=ruleset.subject, first_day__gt=ruleset.first_day).order_by("-first_day").first()
    if later is not None:
        sentence = _("Edition %(number)s comes into force after this one. That one has to be withdrawn first.")
        raise Refused("followed", sentence % {"number": later.version})


def proposal_changed() -> Refused:
    """The refusal of a decision on a proposal to withdraw an edition that is not the one that was read."""
    return Refused("changed", _("The proposal to withdraw this edition has changed since it was shown. Read it again."))


def check_droppable(ruleset: RuleSet) -> None:
    """Raise Refused as `check_withdrawable`, but for a proposal about an edition that another one follows: that may still be dropped."""
    try:
        check_withdrawable(ruleset)
    except Refused as refusal:
        if refusal.code != "followed" or ruleset.withdrawal_at is None:
            raise


def _lock(ruleset: RuleSet) -> RuleSet:
    """The edition as it stands, with all of its subject locked as `publish` does."""
    rows = {row.pk: row for row in RuleSet.objects.select_for_update().filter(subject=ruleset.subject).order_by("pk")}
    return rows[ruleset.pk]


@transaction.atomic
def propose_withdrawal(*, ruleset: RuleSet, proposer: User, actor: Actor, words: str) -> None:
    """Propose with a reason to withdraw a published edition before its first day; it stays published until a second person confirms.

    Raises Refused as `check_withdrawable`, and: proposed, no_words.
    """
    row = _lock(ruleset)
    check_withdrawable(row)
    if row.withdrawal_at is not None:
        raise Refused("proposed", _("The withdrawal of this edition is already proposed."))
    if not words.strip():
        raise Refused("no_words", _("Write why the edition is to be withdrawn."))
    row.withdrawal_by, row.withdrawal_at, row.withdrawal_words = proposer, clock.now(), words.strip()[:300]
    row.save(update_fields=["withdrawal_by", "withdrawal_at", "withdrawal_words"])
    data = {"edition": str(row)}
    record("rulebook.withdrawal_proposed", subject=f"ruleset:{row.pk}", actor=actor, data=data, text=row.withdrawal_words)


@transaction.atomic
def withdraw(*, ruleset: RuleSet, publisher: User, actor: Actor) -> None:
    """Confirm the proposal to withdraw an edition: it never comes into force, and the one that it would have ended goes on.

    `ruleset` is what the publisher read: Refused("changed") where the proposal is another one by now. Raises Refused as
    `check_withdrawable`, and: same_person.
    """
    row = _lock(ruleset)
    check_withdrawable(row)
    if row.withdrawal_at is None or row.withdrawal_at != ruleset.withdrawal_at:
        raise proposal_changed()
    if row.withdrawal_by_id == publisher.pk:
        raise Refused("same_person", _("The person who proposed the withdrawal cannot confirm it. A second person must."))
    row.withdrawn_by, row.withdrawn_on = publisher, clock.today()
    row.save(update_fields=["withdrawn_by", "withdrawn_on"])
    RuleSet.objects.filter(PUBLISHED, subject=row.subject, last_day=row.first_day - dt.timedelta(days=1)).update(last_day=None)
    record("rulebook.withdrawn", subject=f"ruleset:{row.pk}", actor=actor, data={"edition": str(row)})


@transaction.atomic
def drop_withdrawal(*, ruleset: RuleSet, actor: Actor) -> None:
    """Drop the proposal to withdraw an edition, which stays published. Raises Refused as `check_droppable`, and: changed, as `withdraw`."""
    row = _lock(ruleset)
    check_droppable(row)
    if row.withdrawal_at is None or row.withdrawal_at != ruleset.withdrawal_at:
        raise proposal_changed()
    row.withdrawal_by, row.withdrawal_at, row.withdrawal_words = None, None, ""
    row.save(update_fields=["withdrawal_by", "withdrawal_at", "withdrawal_words"])
    record("rulebook.withdrawal_dropped", subject=f"ruleset:{row.pk}", actor=actor, data={"edition": str(row)})


def _check_overtaken(ruleset: RuleSet, earlier: QuerySet[RuleSet]) -> None:
    # Editions that follow each other in `data/` are drafted together, each with what is in the one before it.
    others = earlier.exclude(made_by=ruleset.made_by, made_at=ruleset.made_at)
    meanwhile = others.filter(published_at__gt=ruleset.made_at).order_by("-published_at").first()
    if meanwhile is not None:
        sentence = _(
            "Edition %(number)s of these rules was published after this draft was saved. The page of the draft shows what it would "
            "change in that edition. Send it back to its maker; once the maker has taken over what shall stay and saved it again, it "
            "can be published."
        )
        raise Refused("overtaken", sentence % {"number": meanwhile.version})


def _check_week(ruleset: RuleSet) -> None:
    try:
        calendars.read(ruleset)
    except ValueError as error:
        raise Refused(
            "no_week", _("This calendar cannot be used: its ordinary week needs at least one working day, and shifts may not overlap.")
        ) from error


def _check_limit(limit: LimitRule) -> None:
    try:
        limit.clean()
    except ValidationError as error:
        raise Refused("limit_too_high", f"{limit.code}: {error.messages[0]}") from error


def _check_spacing(spacing: SpacingRule) -> None:
    try:
        spacing.clean()
    except ValidationError as error:
        raise Refused("no_condition", f"{spacing}: {error.messages[0]}") from error


def next_version(subject: str) -> int:
    """The number of a new edition, in the caller's transaction. Locks the oldest edition of all, so that numbers are unique."""
    RuleSet.objects.select_for_update().order_by("pk").first()
    # A statement after the lock sees what was committed while it waited.
    last: int | None = RuleSet.objects.filter(subject=subject).aggregate(last=Max("version"))["last"]
    return (last or 0) + 1


@transaction.atomic
def copy_as_draft(*, ruleset: RuleSet, maker: User, actor: Actor, not_before: dt.date | None = None) -> RuleSet:
    """Create a draft by `maker` with the rows of an edition, from today, `not_before` or the first day after the published editions."""
    version = next_version(ruleset.subject)
    editions = RuleSet.objects.filter(PUBLISHED, subject=ruleset.subject)
    last_taken = max((row.last_day or row.first_day for row in editions), default=None)
    first_day = not_before or clock.today()
    if last_taken is not None:
        first_day = max(first_day, last_taken + dt.timedelta(days=1))
    draft = RuleSet.objects.create(
        subject=ruleset.subject,
        version=version,
        instrument_ar=ruleset.instrument_ar,
        instrument_en=ruleset.instrument_en,
        first_day=first_day,
        is_assumption=ruleset.is_assumption,
        made_by=maker,
        made_at=clock.now(),
    )
    for rows in ROWS:
        model = getattr(ruleset, rows).model
        copies = list(getattr(ruleset, rows).all())
        for row in copies:
            row.pk, row.ruleset = None, draft
            row._state.adding = True
        model.objects.bulk_create(copies)
    record("rulebook.drafted", subject=f"ruleset:{draft.pk}", actor=actor, data={"edition": str(draft), "new": True, "after": str(ruleset)})
    return draft
