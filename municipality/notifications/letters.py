"""Letters to other bodies: written in the transaction of their cause, sent outside it, sent again by staff, also when they came back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, cast

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.audit.models import ActText
from municipality.audit.services import record
from municipality.jobs import services as jobs
from municipality.jobs import sweeps
from municipality.jobs.errors import PermanentFailure
from municipality.jobs.models import Job
from municipality.jobs.services import enqueue
from municipality.kernel import clock, ids
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.kernel.failpoints import failpoint
from municipality.notifications import mail
from municipality.notifications.models import DeliveryState, Letter
from municipality.notifications.registry import MESSAGE_KINDS, LetterKind

SYSTEM = system("notifications")
WAITING = (DeliveryState.WAITING,)
UNSENT = (DeliveryState.FAILED, DeliveryState.SKIPPED)
NOT_NEEDED = "not_needed"
RETURNED = "returned"
OVER = Q(state=DeliveryState.SKIPPED, reason__in=(NOT_NEEDED, RETURNED))  # nobody sends these any more


def write(
    kind: type[LetterKind],
    *,
    key: str,
    subject_key: str,
    reference: str,
    code: str,
    names: Mapping[str, str],
    context: Mapping[str, Any],
) -> Letter:
    """Write a letter to the body with this code and enqueue its e-mail, in the caller's transaction.

    `names` are `name_ar` and `name_en` of the body. The same (kind, key) again is the same letter. A body without an address, or whose
    last e-mail came back from the address that it still has, gets none: staff print the letter. Raises RuntimeError outside a
    transaction, KeyError for a placeholder without a value.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a letter is written inside the transaction of its cause")
    declared = _declared(kind.kind)
    ar, en = declared.texts(context, "ar"), declared.texts(context, "en")
    texts = {"title_ar": ar.title, "title_en": en.title, "body_ar": ar.body, "body_en": en.body}
    address = declared.address(code)
    reason = "body_without_address" if not address else "address_returned" if _came_back_from(address, code) else ""
    state = {"state": DeliveryState.SKIPPED, "reason": reason} if reason else {}
    fields = {"subject_key": subject_key, "reference": reference, "code": code, "created_at": clock.now(), **names, **texts, **state}
    letter, is_new = Letter.objects.get_or_create(kind=kind.kind, key=key, defaults=fields)
    if is_new and not reason:
        enqueue("notifications.letter", key=_job_key(letter), letter_id=letter.pk)
    return letter


def _came_back_from(address: str, code: str) -> bool:
    """Whether the last e-mail to a body came back from this address."""
    last = Letter.objects.filter(Q(state=DeliveryState.SENT, posted_by=None) | Q(reason=RETURNED), code=code).order_by("-pk").first()
    return last is not None and why_returned(last).startswith(f"{address}: ")


def _job_key(letter: Letter) -> str:
    return f"letter:{letter.pk}"


def kind_of(letter: Letter) -> LetterKind:
    """What is declared about the letters of its kind."""
    return _declared(letter.kind)


def _declared(kind: str) -> LetterKind:
    return cast(LetterKind, MESSAGE_KINDS[kind])


def of_keys(kind: type[LetterKind], keys: Iterable[Any]) -> dict[str, Letter]:
    """Key → letter of one kind."""
    return {letter.key: letter for letter in Letter.objects.filter(kind=kind.kind, key__in=[str(key) for key in keys])}


def deliver(letter_id: int) -> None:
    """Send one letter to the address that the rulebook has now, unless its cause is over; does nothing for one that was sent or waits
    for staff.

    Raises PermanentFailure when the address is refused for good; after any other exception the job is tried again under the same
    Message-ID.
    """
    letter = Letter.objects.get(pk=letter_id)
    if letter.state != DeliveryState.WAITING:
        return
    if not kind_of(letter).stands(letter.key):
        _close(letter, DeliveryState.SKIPPED, reason=NOT_NEEDED)
        return
    address = kind_of(letter).address(letter.code)
    if not address:
        _close(letter, DeliveryState.SKIPPED, reason="body_without_address")
        return
    try:
        mail.send_letter(letter, to=address)
    except PermanentFailure as end:
        _close(letter, DeliveryState.FAILED, reason="foreign_link" if "foreign" in str(end) else "refused")
        raise
    failpoint("letter.handed_over")
    _close(letter, DeliveryState.SENT, address=address, sent_at=clock.now())


def mark_failed(*, letter_id: int) -> None:
    """Mark a letter as failed, after the last try of its job."""
    letter = Letter.objects.get(pk=letter_id)
    if letter.state == DeliveryState.WAITING:
        _close(letter, DeliveryState.FAILED, reason="exhausted")


@transaction.atomic
def _close(letter: Letter, state: DeliveryState, *, reason: str = "", was: Collection[str] = WAITING, **fields: Any) -> bool:
    if not Letter.objects.filter(pk=letter.pk, state__in=was).update(state=state, reason=reason, **fields):
        return False
    data = {"kind": letter.kind, "body": letter.code, "letter": letter.public_id}
    action = "letter.sent" if state == DeliveryState.SENT else "letter.not_sent"
    record(action, subject=letter.subject_key, actor=SYSTEM, data=data | ({"reason": reason} if reason else {}))
    return True


def for_staff() -> QuerySet[Letter]:
    """The letters that no e-mail took, and that staff print or send again."""
    return Letter.objects.filter(state__in=UNSENT).exclude(OVER)


def may_send(letter: Letter) -> bool:
    """Whether a letter was not sent and its body is still asked for what it says."""
    return letter.state in UNSENT and kind_of(letter).stands(letter.key)


def close_needless() -> int:
    """Close the letters that wait for staff although their cause is over. Returns how many."""

    def close(pk: int) -> bool:
        letter = for_staff().select_for_update().filter(pk=pk).first()
        if letter is None or kind_of(letter).stands(letter.key):
            return False
        return _close(letter, DeliveryState.SKIPPED, reason=RETURNED if letter.reason == RETURNED else NOT_NEEDED, was=UNSENT)

    return sweeps.for_each("notifications.close_letters", list(for_staff().order_by("pk").values_list("pk", flat=True)), close)


def _refuse_needless(letter: Letter) -> None:
    if not kind_of(letter).stands(letter.key):
        raise Refused(NOT_NEEDED, _("What the letter asks for is done or over, so that it is not sent any more."))


@transaction.atomic
def mark_posted(*, letter: Letter, sender: User) -> None:
    """Record that a letter that no e-mail took was printed and sent on paper now. Raises Refused: not_needed, not_unsent."""
    _refuse_needless(letter)
    changes = {"state": DeliveryState.SENT, "reason": "", "sent_at": clock.now(), "posted_by": sender}
    if not Letter.objects.filter(pk=letter.pk, state__in=UNSENT).update(**changes):
        raise Refused("not_unsent", _("This letter is sent already, or is being sent. Nothing was changed."))
    data = {"kind": letter.kind, "body": letter.code, "letter": letter.public_id}
    record("letter.posted", subject=letter.subject_key, actor=actor_of(sender), data=data)


@transaction.atomic
def send_again(*, letter: Letter, sender: User) -> None:
    """Send a letter that was not sent. Raises Refused: not_needed, body_without_address, not_unsent."""
    _refuse_needless(letter)
    if not kind_of(letter).address(letter.code):
        sentence = _("The rulebook has no e-mail address of this body. Print the letter, or have the address added.")
        raise Refused("body_without_address", sentence)
    if not Letter.objects.filter(pk=letter.pk, state__in=UNSENT).update(state=DeliveryState.WAITING, reason=""):
        raise Refused("not_unsent", _("This letter is sent already, or is being sent. Nothing was changed."))
    job_id = Job.objects.filter(kind="notifications.letter", key=_job_key(letter)).values_list("pk", flat=True).first()
    if job_id is None or not jobs.retry(job_id):
        enqueue("notifications.letter", key=f"{_job_key(letter)}:{ids.public_id()}", letter_id=letter.pk)
    data = {"kind": letter.kind, "body": letter.code, "letter": letter.public_id, "was": letter.reason}
    record("letter.retried", subject=letter.subject_key, actor=actor_of(sender), data=data)


@transaction.atomic
def mark_returned(*, letter: Letter, sender: User, sent: str, words: str) -> None:
    """Record that a letter came back: it counts as not sent, and can be sent again unless its kind ends what it asked for.

    `sent` is the moment of the sending that came back, in ISO 8601; `words` say why, in one line. Both, and where it had gone, stay in the
    audit log. Raises Refused: words_missing, body_silent, body_answered, not_sent.
    """
    words = " ".join(words.split())
    if not words:
        raise Refused("words_missing", _("Write in one line why the letter came back."))
    if not kind_of(letter).awaits(letter.key):
        if kind_of(letter).stands(letter.key):
            sentence = _("It is recorded already that the body did not answer in time, and the case went on. Nothing was changed.")
            raise Refused("body_silent", sentence)
        raise Refused("body_answered", _("The body has answered already, or the matter is over. Nothing was changed."))
    row = Letter.objects.select_for_update(of=("self",)).get(pk=letter.pk)
    if row.sent_at is None or row.sent_at.isoformat() != sent:  # a second press, perhaps after the letter was sent again
        raise Refused("not_sent", _("This sending is recorded as returned already. Nothing was changed."))
    went = {"state": DeliveryState.FAILED, "reason": RETURNED, "sent_at": None, "address": "", "posted_by": None}
    Letter.objects.filter(pk=row.pk).update(**went)
    data = {"kind": row.kind, "body": row.code, "letter": row.public_id, "sent_at": sent, "on_paper": row.posted_by_id is not None}
    text = f"{row.address}: {words}" if row.address else words
    record("letter.returned", subject=row.subject_key, actor=actor_of(sender), data=data, text=text)
    kind_of(row).returned(row.key)


def why_returned(letter: Letter) -> str:
    """Where a letter that came back had gone, and why it came back, as staff recorded it; empty for every other."""
    if letter.reason != RETURNED:
        return ""
    acts = ActText.objects.filter(act__subject=letter.subject_key, act__action="letter.returned", act__data__letter=letter.public_id)
    return acts.order_by("-act").values_list("text", flat=True).first() or ""
