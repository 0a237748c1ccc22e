"""How single steps of a case are called."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from licensing.health import services as renewals
from municipality.cases import timeline
from municipality.cases.models import Case, CaseEvent
from municipality.cases.timeline import TIMELINES, Timeline
from municipality.kernel.workflow import WORKFLOWS
from municipality.uploads import queries as uploads
from tests.browsers import signed_in
from tests.factories.licensing import RenewalCaseFactory

RENEWAL = "licensing.renewal"


def to_come(case: Case) -> list[str]:
    with translation.override("en"):
        steps = timeline.steps(case, list(case.events.order_by("pk")))
        return [str(one.title) for one in steps if one.kind == "next"]


@pytest.mark.django_db
def test_what_is_still_to_come_stands_in_the_order_of_the_workflow(make_licensed_shop: Any, owner: Any) -> None:
    """An officer approves before the payment; an automatic approval follows it."""
    automatic = renewals.submit(shop=make_licensed_shop(), applicant=owner)[0]
    assert to_come(automatic) == ["Paid", "Approved", "Issue of the licence"]
    studied = RenewalCaseFactory(shop=make_licensed_shop(), applicant=owner, changed=["area_m2"])
    assert to_come(studied) == [
        "Decision of the officer: approved, or refused with the reason. A refusal costs nothing, and you can appeal against it",
        "Payment, if approved",
        "Issue of the licence",
    ]


@pytest.mark.django_db
def test_no_document_is_promised_for_a_request_that_is_closed(make_licensed_shop: Any, owner: Any) -> None:
    case = renewals.submit(shop=make_licensed_shop(), applicant=owner)[0]
    page, promise = f"/en/cases/{case.public_id}/", "The receipt and the licence appear here after payment."
    assert promise in signed_in(owner).get(page).content.decode()
    renewals.withdraw_renewal(case=case, person=owner)
    assert promise not in signed_in(owner).get(page).content.decode()


@pytest.mark.django_db
def test_the_applicant_finds_the_files_that_were_sent(make_licensed_shop: Any, owner: Any) -> None:
    case = RenewalCaseFactory(shop=make_licensed_shop(), applicant=owner, changed=["area_m2"])
    sent = list(uploads.ready(case.key))
    page = signed_in(owner).get(f"/en/cases/{case.public_id}/").content.decode()
    assert sent and all(f"/en/uploads/file/{upload.public_id}/look/" in page for upload in sent)


def step(move: str, source: str, target: str) -> CaseEvent:
    return CaseEvent(workflow=RENEWAL, move=move, from_state=source, to_state=target)


def test_a_move_that_leaves_the_state_as_it_is_is_called_by_its_own_name() -> None:
    bare = Timeline(titles=TIMELINES[RENEWAL].titles, path=(), next_actor={}, notes={})
    stays = step("move_promise", "in_review", "in_review")
    assert bare.title(stays) == WORKFLOWS[RENEWAL].moves["move_promise"].label == TIMELINES[RENEWAL].title(stays)
    # Any other move is told by where it leads.
    assert bare.title(step("send_to_officer", "draft", "in_review")) == bare.titles["in_review"] != bare.title(stays)
