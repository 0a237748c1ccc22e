"""What waits for the second signature of a supervisor stands on their first page."""

from __future__ import annotations

from uuid import uuid4

import pytest

from municipality.accounts.models import User
from municipality.fieldwork.services import SentVisit
from municipality.kernel import clock
from reports.models import Closure, Report, SolvedAnswer
from reports.triage import queries, services
from reports.triage.services.results import FoundResult
from reports.triage.services.rows import is_of_branch
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db


def propose(row: Report) -> None:
    """A result without a photo, which another person signs."""
    found = FoundResult(SentVisit(str(uuid4()), clock.now()), "fixed", "", None, None, asks_signature=True)
    services.close(report=row, inspector=row.inspector, found=found)


def test_the_first_page_counts_what_waits_for_this_second_signature(row: Report, supervisor: User) -> None:
    link, client = "/admin/eye/branch/?state=countersign", signed_in(supervisor)
    assert "نتيجة بلاغ واحد تنتظر التوقيع" not in client.get("/admin/").content.decode()
    propose(row)
    page = client.get("/admin/").content.decode()
    offer = page.partition('class="kp-next"')[2].partition("</section>")[0]
    assert "نتيجة بلاغ واحد تنتظر التوقيع" in offer and link in offer and page.count(link) == 3, "the button, the tile, the menu"
    assert row.number in client.get(link).content.decode()
    assert "تنتظر التوقيع" not in signed_in(StaffFactory(groups=["auditor"], login="auditor")).get("/admin/").content.decode()


def test_what_another_supervisor_has_to_sign_is_not_counted(row: Report, supervisor: User) -> None:
    propose(row)
    services.countersign(report=row, supervisor=supervisor)
    SolvedAnswer.objects.create(closure=Closure.objects.get(), is_solved=False, at=clock.now())
    services.reopen(row)
    services.assign(row)
    row.refresh_from_db()
    StaffFactory(groups=["supervisor"], login="other", branch=supervisor.branch)
    propose(row)
    assert [found.may_be_unsolved for found in queries.to_sign(supervisor)] == [True]
    assert "نتيجة بلاغ واحد" not in signed_in(supervisor).get("/admin/").content.decode()
    assert not queries.to_sign(row.inspector).exists(), "who wrote it never signs it"


def test_the_page_offers_the_signature_to_nobody_who_wrote_the_result_or_is_of_another_branch(row: Report, supervisor: User) -> None:
    page = f"/admin/eye/{row.public_id}/"
    elsewhere = StaffFactory(groups=["supervisor"], login="elsewhere", branch_id="JA")
    assert row.inspector is not None
    row.inspector.groups.add(*supervisor.groups.all())
    propose(row)

    def offered(user: User) -> bool:
        return 'value="countersign"' in signed_in(user).get(page).content.decode()

    assert offered(supervisor) and not offered(row.inspector), "before, it was offered to its writer, who was refused"
    assert is_of_branch(row, supervisor) and not is_of_branch(row, elsewhere)
