"""Requests for a formal opinion, as far as they have come."""

from __future__ import annotations

from typing import Any

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.rulebook import queries as rulebook
from tests.factories.uploads import UploadFactory
from zoning.models import Opinion, Plot
from zoning.opinion import queries
from zoning.opinion.services import requests

FEE = 10_000


def begun(plot: Plot, person: User, activity: str | None = "WSAL", floor: int | None = 0, asker: str = "owner") -> Any:
    """A draft with the documents that it needs."""
    draft = requests.begin(plot=plot, person=person, answers={"asker": asker, "activity": activity, "floor": floor})
    files = rulebook.edition(queries.FILES, requests.clock.today())
    for slot, least in queries.slots(files, asker).items():
        for _number in range(least):
            UploadFactory(owner=person, subject=requests.files_key(draft), slot=slot)
    return draft


def submitted(plot: Plot, person: User, **question: Any) -> Opinion:
    """A request whose fee is not paid yet."""
    draft = begun(plot, person, **question)
    case, _bill = requests.submit(draft=draft, person=person, version=draft.version, expected_fils=FEE)
    return Opinion.objects.select_related("case").get(case=case)


def paid(plot: Plot, person: User, **question: Any) -> Opinion:
    """A request in the queue of planners."""
    opinion = submitted(plot, person, **question)
    requests.take_payment(case=opinion.case)
    opinion.case = Case.objects.select_related("applicant", "branch").get(pk=opinion.case_id)
    return opinion
