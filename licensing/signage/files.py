"""The draft of a request for boards, and permissions and slots of its files, as a draft and as a case."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from licensing.health.appeals.queries import may_open
from licensing.models import BoardRequest
from licensing.signage import queries
from licensing.signage.services.requests import files_key
from licensing.signage.states import BOARDS
from municipality.accounts.models import User
from municipality.delegation.authorization import is_authorized
from municipality.drafts.models import Draft
from municipality.drafts.registry import DraftKind
from municipality.kernel import request_cache, subjects
from municipality.uploads.registry import Prefix, Slot
from shops.register.draft_names import held_shop_names

BOARDS_DRAFT = DraftKind(
    ("ترخيص الإعلان", "Licence for boards"), held_shop_names, lambda draft: f"/boards/new/{subjects.parse(draft.subject).id}/"
)


def _draft(subject: str) -> Draft | None:
    rows = Draft.objects.filter(public_id=subjects.parse(subject).id, service=BOARDS).select_related("person")
    return request_cache.get_or_set(("licensing.boards_draft", subject), rows.first)


def remember(user: User, draft: Draft) -> None:
    """Keep for this request that a page has read an open draft, in which the user may write."""
    subject = files_key(draft)
    request_cache.get_or_set(("licensing.boards_draft", subject), lambda: draft)
    request_cache.get_or_set(("licensing.boards_write", user.pk, subject), lambda: True)


def _request(subject: str) -> BoardRequest | None:
    draft = _draft(subject)
    if draft is not None and draft.is_open:  # a draft closes when it is sent; a renewal has none
        return None
    rows = BoardRequest.objects.filter(files_key=subject).select_related("case__applicant")
    return request_cache.get_or_set(("licensing.boards_request", subject), rows.first)


def _may_write(user: User, subject: str) -> bool:
    def find() -> bool:
        request, draft = _request(subject), _draft(subject)
        if request is not None:
            return is_authorized(user, request.case)
        return draft is not None and draft.is_open and is_authorized(user, draft)

    return request_cache.get_or_set(("licensing.boards_write", user.pk, subject), find)


def _may_read(user: User, subject: str) -> bool:
    request = _request(subject)
    return (request is not None and user.is_staff and may_open(user, request.case)) or _may_write(user, subject)


def _slots(subject: str) -> Mapping[str, Slot]:
    return queries.SLOTS if _draft(subject) is not None or _request(subject) is not None else {}


def _locked(subject: str) -> Collection[str]:
    """Nothing in a draft; in a case all slots that no open correction asks for."""
    request = _request(subject)
    return set(queries.SLOTS) - set(queries.requested_slots(request.case)) if request is not None else set()


def _owner(subject: str, sender: User) -> User | None:
    draft, request = _draft(subject), _request(subject)
    if draft is not None:
        return draft.person
    return request.case.applicant if request is not None else None


BOARDS_FILES = Prefix(may_write=_may_write, may_read=_may_read, slots=_slots, locked=_locked, owner=_owner)
