"""What an applicant reads of a refusal: its paper is drawn, it is there, or it never will be; and never more than is true."""

from __future__ import annotations

from typing import Any

import pytest

from licensing.health import services
from municipality.cases.models import Case
from municipality.documents import seal
from municipality.documents.rendering import RendererMissing, RenderingRefused
from municipality.jobs.models import Job
from municipality.jobs.services import run
from tests import desk_acts
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db
NO_PAPER, DRAWN_UP, LOOK_AGAIN, FETCH = (
    "no paper of this decision to download",
    "being prepared and sealed",
    "Look again",
    "Download the decision",
)


@pytest.fixture(autouse=True)
def sealed(settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path
    settings.SIGNER_KEY_FILE = str(tmp_path / "seal.p12")
    seal.make_seal(tmp_path / "seal.p12", settings.SIGNER_PASSPHRASE)


@pytest.fixture
def refused(make_shop: Any, owner: Any) -> Case:
    RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2"])
    return desk_acts.refuse(OfficerFactory(), StaffFactory(supervisor=True))


def said(case: Case, owner: Any) -> set[str]:
    """Which of the four sentences stand on the applicant's page."""
    page = signed_in(owner).get(f"/en/cases/{case.public_id}/").content.decode()
    return {words for words in (NO_PAPER, DRAWN_UP, LOOK_AGAIN, FETCH) if words in page}


def paper() -> Job:
    return Job.objects.get(kind="licensing.refusal_document")


def test_a_refusal_whose_paper_can_never_be_rendered_promises_none(refused: Case, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(refused, owner) == {DRAWN_UP, LOOK_AGAIN}

    def refuse(**_: Any) -> None:
        raise RenderingRefused("a sign that no font has")

    monkeypatch.setattr(services, "write_refusal", refuse)
    assert run(paper().pk) and paper().state == "dead"
    assert said(refused, owner) == {NO_PAPER}


def test_a_refusal_from_before_such_decisions_became_papers_promises_none(refused: Case, owner: Any) -> None:
    Job.objects.filter(kind="licensing.refusal_document").delete()
    assert said(refused, owner) == {NO_PAPER}


def test_a_paper_that_waits_for_its_renderer_is_still_promised(refused: Case, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_: Any) -> None:
        raise RendererMissing("away")

    with monkeypatch.context() as patch:
        patch.setattr(services, "write_refusal", away)
        assert run(paper().pk) and paper().state == "on_hold"
    assert said(refused, owner) == {DRAWN_UP, LOOK_AGAIN}
    Job.objects.filter(pk=paper().pk).update(lease_until=None)
    assert run(paper().pk) and paper().state == "done"
    assert said(refused, owner) == {FETCH}
