"""Permissions and slots of the documents of a claim, as a draft and as a case."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from municipality.accounts.models import User
from municipality.cases import queries as cases
from municipality.drafts import queries as drafts
from municipality.drafts.models import Draft
from municipality.kernel import subjects
from municipality.review import queries as review
from municipality.uploads.registry import Prefix, Slot
from shops.claims import queries
from shops.claims.states import CLAIM
from shops.models import Claim


def _draft(subject: str) -> Draft | None:
    return Draft.objects.filter(public_id=subjects.parse(subject).id, service=CLAIM).select_related("person").first()


def _claim(subject: str) -> Claim | None:
    return Claim.objects.filter(files_key=subject).select_related("case__applicant").first()


def _may_write(user: User, subject: str) -> bool:
    claim, draft = _claim(subject), _draft(subject)
    if claim is not None:
        return cases.visible_to(user).filter(pk=claim.case_id).exists()
    return draft is not None and drafts.visible_to(user).filter(pk=draft.pk).exists()


def _may_read(user: User, subject: str) -> bool:
    claim = _claim(subject)
    if claim is not None and user.is_staff:
        return review.may_open(user, claim.case)
    return _may_write(user, subject)


def _slots(subject: str) -> Mapping[str, Slot]:
    return queries.SLOTS if _draft(subject) is not None else {}


def _locked(subject: str) -> Collection[str]:
    """Nothing in a draft; in a case all slots that no open correction asks for."""
    claim = _claim(subject)
    return set() if claim is None else set(queries.SLOTS) - set(queries.requested_slots(claim.case))


def _owner(subject: str, sender: User) -> User | None:
    draft = _draft(subject)
    return draft.person if draft else None


CLAIM_FILES = Prefix(may_write=_may_write, may_read=_may_read, slots=_slots, locked=_locked, owner=_owner)
