"""The draft of a request for a new licence, and permissions and slots of its files, as a draft and as a case."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from licensing.health.appeals.queries import may_open
from licensing.health.new_licence import queries
from licensing.health.new_licence.services.requests import answers_of, files_key
from licensing.health.new_licence.states import NEW_LICENCE, NewLicenceState
from licensing.models import NewLicence
from municipality.accounts.models import User
from municipality.cases import queries as cases
from municipality.drafts import queries as drafts
from municipality.drafts.models import Draft
from municipality.drafts.registry import DraftKind
from municipality.kernel import request_cache, subjects
from municipality.uploads.registry import Prefix, Slot


def _shop_names(drafts: Sequence[Draft]) -> Mapping[int, tuple[str, str]]:
    answers = {draft.pk: answers_of(draft) for draft in drafts}
    return {key: (given.get("name_ar", ""), given.get("name_en") or given.get("name_ar", "")) for key, given in answers.items()}


DRAFT = DraftKind(
    ("ترخيص صحي جديد", "New health licence"),
    _shop_names,
    lambda draft: f"/health-licence/new/{draft.public_id}/send/",
    is_personal=True,
)


def _draft(subject: str) -> Draft | None:
    rows = Draft.objects.filter(public_id=subjects.parse(subject).id, service=NEW_LICENCE).select_related("person")
    return request_cache.get_or_set(("licensing.new_draft", subject), rows.first)


def remember(user: User, draft: Draft) -> None:
    """Keep for this request that a page has read an open draft, in which the user may write."""
    subject = files_key(draft)
    request_cache.get_or_set(("licensing.new_draft", subject), lambda: draft)
    request_cache.get_or_set(("licensing.new_write", user.pk, subject), lambda: True)


def _request(subject: str) -> NewLicence | None:
    draft = _draft(subject)
    if draft is not None and draft.is_open:  # a draft closes when it is sent
        return None
    rows = NewLicence.objects.filter(files_key=subject).select_related("case__applicant")
    return request_cache.get_or_set(("licensing.new_request", subject), rows.first)


def _may_write(user: User, subject: str) -> bool:
    def find() -> bool:
        request, draft = _request(subject), _draft(subject)
        if request is not None:
            return cases.visible_to(user).filter(pk=request.case_id).exists()
        return draft is not None and drafts.visible_to(user).filter(pk=draft.pk).exists()

    return request_cache.get_or_set(("licensing.new_write", user.pk, subject), find)


def _may_read(user: User, subject: str) -> bool:
    request = _request(subject)
    return (request is not None and user.is_staff and may_open(user, request.case)) or _may_write(user, subject)


def _slots(subject: str) -> Mapping[str, Slot]:
    if _request(subject) is not None:
        return queries.ALL_SLOTS
    return queries.SLOTS if _draft(subject) is not None else {}


def _locked(subject: str) -> Collection[str]:
    """Nothing in a draft; in a case all slots but those that are asked for now."""
    request = _request(subject)
    if request is None:
        return set()
    asks_for_copy = request.case.state == NewLicenceState.LOCATION_APPROVED
    return set(queries.ALL_SLOTS) - set(queries.requested_slots(request.case)) - ({queries.COPY} if asks_for_copy else set())


def _owner(subject: str, sender: User) -> User | None:
    draft = _draft(subject)
    return draft.person if draft is not None else None


FILES = Prefix(may_write=_may_write, may_read=_may_read, slots=_slots, locked=_locked, owner=_owner)
