"""Work on differences of the daily match: notes, inquiries, and closing by two people."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.accounts.queries import has_role
from municipality.audit.services import record
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Reason
from payments.models import Difference, DifferenceNote, LedgerCorrection
from payments.services.inquiries import DIFFERENCE
from payments.services.roles import require_role
from payments.states import CASHIER, CHECKER


@transaction.atomic
def add_note(*, difference: Difference, by: User, text: str) -> DifferenceNote:
    """Add a note. Raises NotPermitted, Refused("no_text")."""
    role = CHECKER if has_role(by, CHECKER) else CASHIER
    actor = require_role(by, role)
    if not text.strip():
        raise Refused("no_text", _("Please write what was found out."))
    row = _note(difference, by, text)
    record("difference.noted", subject=difference.key, actor=actor, text=row.text)
    return row


def _note(difference: Difference, by: User, text: str) -> DifferenceNote:
    return DifferenceNote.objects.create(difference=difference, by=by, at=clock.now(), text=text.strip()[:500])


@transaction.atomic
def ask_gateway(*, difference: Difference, by: User) -> None:
    """Enqueue an inquiry about the payment of a difference. Raises NotPermitted, Refused("not_ours")."""
    actor = require_role(by, CASHIER)
    attempt = difference.attempt
    if attempt is None:
        raise Refused("not_ours", _("No payment of ours has this track ID."))
    key = f"attempt:{attempt.pk}:difference:{int(clock.now().timestamp()) // 60}"
    enqueue("payments.inquire", key=key, attempt_id=attempt.pk, step=0, why=DIFFERENCE, turn=99)
    record("difference.asked", subject=difference.key, actor=actor)


def difference_reasons() -> list[Reason]:
    """Reasons for closing a difference. Raises Refused("no_edition")."""
    return rulebook.edition("replies.money", clock.today()).reasons_of("exception")


def shown(difference: Difference) -> str:
    """What a page shows of a difference until it is closed: its newest note, the proposal, and the correction of its posting."""
    note, correction = difference.notes.order_by("-pk").first(), _correction_of(difference)
    parts = (note.pk if note else "", difference.code, difference.proposed_by_id or "", correction.pk if correction else "")
    return ":".join(map(str, parts))


def _require_seen(row: Difference, seen: str | None) -> None:
    """Raises Refused("unseen") where something was noted, proposed or corrected since the page that showed `seen`."""
    if seen is not None and seen != shown(row):
        sentence = _("What was proposed or found changed while the page was open. Nothing was changed; please look at it again.")
        raise Refused("unseen", sentence)


@transaction.atomic
def propose_closing(*, difference: Difference, proposed_by: User, code: str, seen: str | None = None) -> None:
    """Propose to close a difference; `seen` is what the page showed (`shown`), None where no page did.

    Raises NotPermitted, Refused: closed_already, bad_code, no_note, unseen, proposed_already.
    """
    actor = require_role(proposed_by, CASHIER)
    row = _lock_open(difference)
    if code not in {reason.code for reason in difference_reasons()}:
        raise Refused("bad_code", _("Please choose a reason."))
    if not row.notes.exists():
        raise Refused("no_note", _("A difference is closed with a note that says what was found out."))
    _require_seen(row, seen)
    if row.proposed_by_id is not None:
        sentence = _("Its closing is proposed already. It can be proposed anew once the second person sends it back.")
        raise Refused("proposed_already", sentence)
    row.code, row.proposed_by, row.correction = code, proposed_by, _correction_of(row)
    row.save(update_fields=["code", "proposed_by", "correction"])
    record("difference.closing_proposed", subject=row.key, actor=actor, data={"code": code})


@transaction.atomic
def close_difference(*, difference: Difference, closed_by: User, seen: str | None = None) -> None:
    """Close a difference as the second person, `seen` as in `propose_closing`; one with a posting only after an approved correction of it.

    Raises NotPermitted (another role, own proposal), Refused: closed_already, not_proposed, unseen, not_reversed.
    """
    actor, row = _lock_proposed(difference, closed_by, seen)
    row.correction = _correction_of(row)
    if row.posting_id is not None and row.correction is None:
        raise Refused("not_reversed", _("What stands in the ledger is put right by a correction of its posting first."))
    row.closed_by, row.closed_at = closed_by, clock.now()
    row.save(update_fields=["correction", "closed_by", "closed_at"])
    record("difference.closed", subject=row.key, actor=actor, data={"code": row.code})


@transaction.atomic
def send_back_closing(*, difference: Difference, checker: User, words: str, seen: str | None = None) -> None:
    """Send a proposal back as the second person, `seen` as in `propose_closing`: the words become a note, and a cashier proposes anew.

    Raises NotPermitted (another role, own proposal), Refused: closed_already, not_proposed, unseen, no_words.
    """
    actor, row = _lock_proposed(difference, checker, seen)
    if not words.strip():
        raise Refused("no_words", _("Please write why the proposal goes back."))
    note, code = _note(row, checker, words), row.code
    row.code, row.proposed_by, row.correction = "", None, None
    row.save(update_fields=["code", "proposed_by", "correction"])
    record("difference.sent_back", subject=row.key, actor=actor, data={"code": code}, text=note.text)


def _lock_proposed(difference: Difference, checker: User, seen: str | None) -> tuple[Actor, Difference]:
    """The second person of a proposed closing, and the difference, locked."""
    actor = require_role(checker, CHECKER)
    row = _lock_open(difference)
    if row.proposed_by_id is None:
        raise Refused("not_proposed", _("Nobody proposed to close this yet."))
    if row.proposed_by_id == checker.pk:
        raise NotPermitted("own_proposal", _("The person who proposes cannot approve."))
    _require_seen(row, seen)
    return actor, row


def _lock_open(difference: Difference) -> Difference:
    row = Difference.objects.select_for_update().get(pk=difference.pk)
    if row.closed_at is not None:
        raise Refused("closed_already", _("This difference is closed."))
    return row


def _correction_of(row: Difference) -> LedgerCorrection | None:
    return LedgerCorrection.objects.filter(posting=row.posting_id, is_approved=True).order_by("-pk").first() if row.posting_id else None
