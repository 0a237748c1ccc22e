"""Opening a case for a page, for services too: not there for a stranger."""

from __future__ import annotations

from typing import Any

from django.http import Http404

from municipality.cases import queries
from municipality.cases.models import Case


def case_or_404(user: Any, public_id: str, service: str = "") -> Case:
    """A case (of one service, if that is given) that `user` may see.

    Raises Http404: a stranger's case does not exist; NotPermitted where a right to act is over.
    """
    case = queries.seen_by(user, public_id, service)
    if case is None:
        raise Http404
    return case
