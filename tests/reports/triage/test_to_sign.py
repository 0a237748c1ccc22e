"""What waits for the second signature of a supervisor stands on their first page."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest

from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.fieldwork.services import SentVisit
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted
from municipality.review.models import ConflictOfInterest
from reports.models import Closure, Report, SolvedAnswer
from reports.triage import queries, services
from reports.triage.services import signers
from reports.triage.services.results import FoundResult
from reports.triage.services.rows import is_of_branch
from shops.models import Shop
from tests.browsers import signed_in
from tests.database_guards import assert_refused
from tests.factories import inspections
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


@pytest.fixture
def elsewhere() -> User:
    return StaffFactory(groups=["supervisor"], login="elsewhere", branch_id="JA")


def tie(user: User, shop: Shop) -> ConflictOfInterest:
    now = clock.now()
    return ConflictOfInterest.objects.create(officer=user, party_key=shop.key, kind="relative", declared_by=user, declared_at=now)


def drawn(row: Report) -> str | None:
    services.draw_signing_branches()
    return row.closures.get().signing_branch_id


def test_where_every_supervisor_is_tied_another_branch_signs(
    row: Report, supervisor: User, make_shop: Callable[..., Shop], elsewhere: User
) -> None:
    shop = make_shop(activity_id="BARB")
    Report.objects.filter(pk=row.pk).update(shop=shop)
    propose(row)
    assert drawn(row) is None, "the supervisor of its branch may sign"
    tied_too = StaffFactory(groups=["supervisor"], login="tied-too", branch_id="FA")
    for user in (supervisor, tied_too):
        tie(user, shop)
    inspector = inspections.inspector("inspects-there", "JA", scope=["SHP"])
    page, listed = f"/admin/eye/{row.public_id}/", "/admin/eye/branch/?state=countersign"
    assert signed_in(elsewhere).get(page).status_code == 403
    assert drawn(row) == "JA" and services.draw_signing_branches() == 0, "once"
    data = AuditEvent.objects.get(action="report.signing_branch_drawn").data
    assert data == {"branch": "JA", "before": "HA", "among": ["JA"]}
    for user in (inspector, supervisor, tied_too):
        assert signed_in(user).get(page).status_code == 403 and row.number not in signed_in(user).get(listed).content.decode()
    client = signed_in(elsewhere)
    assert row.number in client.get(listed).content.decode() and "نتيجة بلاغ واحد تنتظر التوقيع" in client.get("/admin/").content.decode()
    shown = client.get(page).content.decode()
    assert 'value="countersign"' in shown and "فاختير بالقرعة فرع" in shown
    signed = client.post(page, {"step": "countersign"})
    assert signed.status_code == 302 and signed["Location"].endswith("/admin/eye/branch/")
    row.refresh_from_db()
    assert row.state == "closed" and row.closures.get().signed_by == elsewhere
    assert client.get(page).status_code == 403, "it is read there while it waits"


def test_where_there_is_no_supervisor_another_branch_signs_and_its_own_no_more(row: Report, elsewhere: User) -> None:
    propose(row)
    elsewhere.is_active = False
    elsewhere.save()
    assert drawn(row) is None, "nobody anywhere"
    User.objects.filter(pk=elsewhere.pk).update(is_active=True)
    assert drawn(row) == "JA"
    late = StaffFactory(groups=["supervisor"], login="late", branch_id="HA")
    page = signed_in(late).get(f"/admin/eye/{row.public_id}/").content.decode()
    assert "فاختير بالقرعة فرع" in page and 'value="countersign"' not in page and not queries.to_sign(late).exists()
    with pytest.raises(NotPermitted, match="not_supervisor"):
        services.countersign(report=row, supervisor=late)
    services.send_back(report=row, supervisor=User.objects.get(pk=elsewhere.pk), code=next(iter(services.rows.reasons())))
    row.refresh_from_db()
    assert row.state == "assigned" and is_of_branch(row, late), "its own branch again"


def test_the_lot_is_among_the_branches_where_somebody_may_sign_and_is_drawn_again_where_nobody_is_left(
    row: Report, elsewhere: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    StaffFactory(groups=["supervisor"], login="third", branch_id="FA")
    propose(row)
    assert signers.draw_signing_branch(row.pk, lot=lambda among: among[0] if among == ["FA", "JA"] else "")
    assert row.closures.get().signing_branch_id == "FA"
    User.objects.filter(login="third").update(is_active=False)
    assert drawn(row) == "JA"


def test_the_database_refuses_another_branch_that_was_not_needed(row: Report, supervisor: User, elsewhere: User) -> None:
    propose(row)
    made = row.closures.get()
    again = Closure.objects.filter(pk=made.pk)
    assert_refused(lambda: again.update(signing_branch="JA"), "guard:not_another_branch")
    assert_refused(lambda: again.update(signed_by=elsewhere, signed_at=clock.now()), "guard:other_branch")
    User.objects.filter(pk=supervisor.pk).update(is_active=False)
    assert_refused(lambda: again.update(signing_branch="HA"), "guard:not_another_branch")
    again.update(signing_branch="JA")
    assert_refused(lambda: again.update(signing_branch=None), "guard:not_another_branch")
    again.update(signed_by=elsewhere, signed_at=clock.now())
