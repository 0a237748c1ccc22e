"""The case of a page."""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain

from django.db.models.expressions import Combinable
from django.http import Http404
from django.shortcuts import get_object_or_404

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.timeline import READ_WITH_A_CASE, with_queue
from municipality.delegation.authorization import Access, authorize


def case_or_404(
    user: User, public_id: str, service: str | Collection[str] = "", read_too: dict[str, Combinable] | None = None
) -> tuple[Case, Access]:
    """A case (of `service`, or of one of several, if given) that `user` may open, and for whom they act in it.

    It comes with the relations of READ_WITH_A_CASE, and with the annotations `read_too`.

    Raises Http404 where there is none, NotYours for another's, NotPermitted where a right to act has ended.
    """
    related = chain.from_iterable(READ_WITH_A_CASE.values())
    case = get_object_or_404(with_queue(Case.objects.select_related("branch", *related)).annotate(**read_too or {}), public_id=public_id)
    wanted = [service] if isinstance(service, str) else service
    if "" not in wanted and case.service not in wanted:
        raise Http404
    access = authorize(user, case)
    if access.person.pk == case.applicant_id:
        case.applicant = access.person  # saves a query
    return case, access
