"""The draft of an opinion, and permissions and slots of its documents, as a draft and as a case."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from municipality.accounts.models import User
from municipality.cases import queries as cases
from municipality.drafts import queries as drafts
from municipality.drafts.models import Draft
from municipality.drafts.registry import DraftKind
from municipality.kernel import request_cache, subjects
from municipality.review import queries as review
from municipality.review.models import Assignment
from municipality.review.states import QueueEntryState
from municipality.uploads.registry import Prefix, Slot
from zoning.models import Opinion, Plot
from zoning.objections import queries as objections
from zoning.opinion import queries
from zoning.opinion.services.requests import files_key
from zoning.opinion.states import OPINION, OpinionState


def _plot_names(drafts: Sequence[Draft]) -> Mapping[int, tuple[str, str]]:
    ids = {draft.pk: subjects.parse(draft.subject).id for draft in drafts}
    plots = {plot.public_id: plot for plot in Plot.objects.select_related("area").filter(public_id__in=set(ids.values()))}
    return {
        key: (f"القسيمة {plot.number}، {plot.area.name_ar}", f"plot {plot.number}, {plot.area.name_en}")
        for key, plot in ((key, plots[public_id]) for key, public_id in ids.items())
    }


OPINION_DRAFT = DraftKind(("الرأي التنظيمي", "Zoning opinion"), _plot_names, lambda draft: f"/opinions/{draft.public_id}/")


def _draft(subject: str) -> Draft | None:
    rows = Draft.objects.filter(public_id=subjects.parse(subject).id, service=OPINION).select_related("person")
    return request_cache.get_or_set(("zoning.draft", subject), rows.first)


def remember(user: User, draft: Draft) -> None:
    """Keep for this request that a page has read an open draft, in which the user may write."""
    subject = files_key(draft)
    request_cache.get_or_set(("zoning.draft", subject), lambda: draft)
    request_cache.get_or_set(("zoning.may_write", user.pk, subject), lambda: True)


def _opinions(subject: str) -> list[Opinion]:
    """The opinion of these documents first, then those of studies after an objection."""
    draft = _draft(subject)
    if draft is not None and draft.closed_at is None:  # a draft closes with its submission
        return []
    rows = Opinion.objects.filter(files_key=subject).select_related("case__applicant", "document").order_by("pk")
    return request_cache.get_or_set(("zoning.opinions", subject), lambda: list(rows))


def _may_write(user: User, subject: str) -> bool:
    found, draft = _opinions(subject), _draft(subject)
    if user.is_staff:  # the planner on whose desk it is, to the slot of staff
        held = Assignment.objects.filter(officer=user, ended_at__isnull=True, place__state=QueueEntryState.HELD)
        return held.filter(place__case__in=[opinion.case_id for opinion in found]).exists()
    if found:
        return cases.visible_to(user).filter(pk=found[0].case_id).exists()
    if draft is None:
        return False
    return request_cache.get_or_set(("zoning.may_write", user.pk, subject), drafts.visible_to(user).filter(pk=draft.pk).exists)


def _may_read(user: User, subject: str) -> bool:
    found = _opinions(subject)
    if found and user.is_staff:
        return any(review.may_open(user, opinion.case) for opinion in found)
    return _may_write(user, subject)


def _is_decided(opinion: Opinion) -> bool:
    return opinion.document_id is not None or opinion.case.state == OpinionState.REFUSED


def _slots(subject: str) -> Mapping[str, Slot]:
    if _draft(subject) is None:
        return {}
    found = _opinions(subject)
    added = [queries.decision_slot(opinion) for opinion in found]
    added += [queries.OBJECTION_SLOT] if any(_is_decided(opinion) for opinion in found) else []
    return queries.SLOTS | {slot.code: slot for slot in added}


def _locked(subject: str) -> Collection[str]:
    """Nothing in a draft; in a case all slots that no open correction asks for, and that of the objection while none can be filed.

    That of the planner's decision once the opinion is no longer under study.
    """
    found = _opinions(subject)
    if not found:
        return set()
    requested = {slot for opinion in found for slot in queries.requested_slots(opinion.case)}
    may_object = objections.last_day(found[0]) is not None
    studied = {queries.decision_slot(opinion).code for opinion in found if opinion.case.state != OpinionState.IN_REVIEW}
    return {*queries.SLOTS, queries.OBJECTION_SLOT.code} - requested - ({queries.OBJECTION_SLOT.code} if may_object else set()) | studied


def _hidden(user: User, subject: str) -> Collection[str]:
    """The planner's decision, to the applicant, before the opinion that rests on it is signed."""
    if user.is_staff:
        return ()
    return {queries.decision_slot(opinion).code for opinion in _opinions(subject) if not queries.shows_draft(opinion.case)}


def _owner(subject: str, sender: User) -> User | None:
    draft = _draft(subject)
    return draft.person if draft is not None and not sender.is_staff else None


OPINION_FILES = Prefix(may_write=_may_write, may_read=_may_read, slots=_slots, locked=_locked, owner=_owner, hidden=_hidden)
