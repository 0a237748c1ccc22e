"""Permissions and slots of the files of a renewal or a change, as a draft and as a case, and of those of any appeal."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.utils.translation import gettext_lazy as _

from licensing.health import changes, draft_pages, queries
from licensing.health.appeals import queries as appeals
from licensing.health.appeals.registry import APPEALABLES
from licensing.health.states import ACTS, RenewalState
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.delegation.authorization import is_authorized
from municipality.drafts.models import Draft
from municipality.kernel import subjects
from municipality.review import queries as review
from municipality.uploads import queries as uploads
from municipality.uploads.registry import Prefix, Slot

# What the applicant adds to an appeal; kept under the key of the refused request.
APPEAL_SLOT = Slot("appeal", _("Documents for the appeal"), _("Only if you have some; the words above are enough."), most=6)


def _draft(subject: str) -> Draft | None:
    return Draft.objects.filter(public_id=subjects.parse(subject).id, service__in=ACTS, closed_at__isnull=True).first()


def _case(subject: str) -> Case | None:
    return Case.objects.filter(public_id=subjects.parse(subject).id, service__in=list(APPEALABLES)).first()


def _own_draft(user: User, subject: str) -> bool:
    draft = _draft(subject)
    return draft is not None and is_authorized(user, draft)


def _draft_slots(subject: str) -> Mapping[str, Slot]:
    draft = _draft(subject)
    return {code: changes.SLOTS[code] for code in draft_pages.required_slots(draft)} if draft else {}


def _own_case(user: User, subject: str) -> bool:
    case = _case(subject)
    return case is not None and is_authorized(user, case)


def _may_read(user: User, subject: str) -> bool:
    case = _case(subject)
    if case is None:
        return False
    if not user.is_staff:
        return is_authorized(user, case)
    return appeals.may_open(user, case) or is_authorized(user, case)


def requested_slots(case: Case) -> list[str]:
    """The slots that the open round of corrections asks for."""
    correction_round = review.open_round(case) if case.state == RenewalState.CORRECTIONS else None
    return (
        list(dict.fromkeys(item.target for item in correction_round.items.all() if item.target in changes.SLOTS))
        if correction_round
        else []
    )


def _case_slots(subject: str) -> Mapping[str, Slot]:
    case = _case(subject)
    if case is None:
        return {}
    uploaded = set(uploads.of(subject).values_list("slot", flat=True))
    slots = _act_slots(case, uploaded) if case.service in ACTS else {}
    if APPEAL_SLOT.code in uploaded or case.state == RenewalState.REFUSED:
        slots[APPEAL_SLOT.code] = APPEAL_SLOT
    return slots


def _act_slots(case: Case, uploaded: Collection[str]) -> dict[str, Slot]:
    """The slots of an act on a licence: what was sent, what it needs, and what is asked for."""
    renewal = queries.renewal_of(case)
    names = [row.name for row in queries.declared_changes(renewal)] if renewal else []
    wanted = (
        set(uploaded)
        | set(changes.required_slots(queries.files_edition(case), [*names, *([renewal.act] if renewal else [])]))
        | set(requested_slots(case))
    )
    return {code: slot for code, slot in changes.SLOTS.items() if code in wanted}


def _locked(subject: str) -> Collection[str]:
    """All slots that no open correction asks for; that of the appeal until one can be filed, and once it is."""
    case = _case(subject)
    slots = {*changes.SLOTS, APPEAL_SLOT.code}
    if case is None:
        return slots
    may_appeal = appeals.last_day(case) is not None
    return slots - set(requested_slots(case)) - ({APPEAL_SLOT.code} if may_appeal else set())


def _draft_owner(subject: str, sender: User) -> User | None:
    draft = _draft(subject)
    return draft.person if draft else None


def _case_owner(subject: str, sender: User) -> User | None:
    case = _case(subject)
    return case.applicant if case else None


DRAFT_FILES = Prefix(may_write=_own_draft, may_read=_own_draft, slots=_draft_slots, owner=_draft_owner)
CASE_FILES = Prefix(may_write=_own_case, may_read=_may_read, slots=_case_slots, locked=_locked, owner=_case_owner)
