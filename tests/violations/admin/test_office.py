"""The office's pages: minutes to read, two people for what takes a sum away, the court."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from municipality.audit.models import AccessLogEntry
from municipality.kernel import clock
from municipality.notifications.models import Delivery
from municipality.uploads import registry
from tests import staff_links
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from tests.factories.violations import ObjectionFactory
from tests.violations.photographs import photographed
from violations import reach
from violations.models import Annulment, Judgment, ReferralBatch, Relief, Violation
from violations.services import court, objections, terms

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def plain_static(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


@pytest.fixture
def clerk(rules: None) -> Any:
    return StaffFactory(groups=["violation_clerk", "court_clerk"], login="clerk", branch_id="HA")


@pytest.fixture
def authority(rules: None) -> Any:
    return StaffFactory(groups=["violation_authority", "court_clerk"], login="authority", branch_id="HA")


def url(row: Violation) -> str:
    return f"/admin/office/{row.public_id}/"


def test_the_list_of_a_branch_is_its_own(served: Violation, clerk: Any) -> None:
    elsewhere = StaffFactory(groups=["violation_clerk"], login="ja", branch_id="JA")
    assert served.number in signed_in(clerk).get("/admin/violations/violation/").content.decode()  # type: ignore[operator]
    assert served.number not in signed_in(elsewhere).get("/admin/violations/violation/").content.decode()  # type: ignore[operator]
    assert signed_in(elsewhere).get(url(served)).status_code == 404
    assert signed_in(StaffFactory(groups=["officer"])).get(url(served)).status_code == 403


def test_opening_a_report_is_written_down_for_its_person(served: Violation, clerk: Any, owner: Any) -> None:
    client = signed_in(clerk)
    assert client.get(f"/admin/violations/violation/{served.pk}/change/").status_code == 200
    assert client.get(url(served)).status_code == 200
    assert AccessLogEntry.objects.filter(person_key=owner.key, purpose="violation").count() == 2


def test_two_people_annul_by_their_buttons(served: Violation, clerk: Any, authority: Any) -> None:
    assert signed_in(clerk).post(url(served), {"step": "ask_annulment", "code": "written_twice"}).status_code == 302
    asked = Annulment.objects.get()
    own = signed_in(clerk).post(url(served), {"step": "allow", "kind": "annulment", "asked": asked.public_id})
    assert own.status_code == 409
    done = signed_in(authority).post(url(served), {"step": "allow", "kind": "annulment", "asked": asked.public_id})
    assert done.status_code == 302
    assert Violation.objects.get().state == "annulled"


def test_an_authority_of_another_branch_opens_what_is_put_before_them_and_nothing_else(
    served: Violation, clerk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    farwaniya, ahmadi = (StaffFactory(groups=["violation_authority"], login=code, branch_id=code) for code in ("FA", "AH"))
    central = StaffFactory(groups=["violation_authority"], login="central")

    def sees(user: Any) -> bool:
        client = signed_in(user)
        status = client.get(url(served)).status_code
        listed = served.number in client.get("/admin/violations/violation/").content.decode()  # type: ignore[operator]
        assert (status, listed) in ((200, True), (404, False))
        return status == 200

    assert (sees(farwaniya), sees(ahmadi), sees(central)) == (False, False, True)
    assert signed_in(clerk).post(url(served), {"step": "ask_annulment", "code": "written_twice"}).status_code == 302
    assert (sees(farwaniya), sees(ahmadi)) == (True, True)
    asked = Annulment.objects.get()
    signed_in(farwaniya).post(url(served), {"step": "allow", "kind": "annulment", "asked": asked.public_id})
    assert (sees(farwaniya), sees(ahmadi)) == (True, False)
    figures = signed_in(farwaniya).get("/admin/office/figures/?by=offence").content.decode()
    assert served.rule.name_ar not in figures.split("<table")[-1]
    # Red control: counted among those who see everywhere, they open it with nothing put before them.
    monkeypatch.setattr(reach, "ALL_BRANCHES", (*reach.ALL_BRANCHES, reach.AUTHORITY))
    assert sees(ahmadi)


def test_who_decides_a_proposal_sees_the_evidence_and_who_proposed_reads_why_not(
    write: Callable[..., Violation], clerk: Any, authority: Any, inspector: Any
) -> None:
    row = write("CLN-03", note_ar="أكياس قمامة على الرصيف")
    photo = photographed(row, inspector)
    elsewhere = StaffFactory(groups=["violation_authority"], login="ja", branch_id="JA")
    assert not registry.may_read(elsewhere, photo.subject, photo.slot), "nothing is put before them"
    signed_in(clerk).post(url(row), {"step": "ask_annulment", "code": "written_twice", "note_ar": "حُرر محضر آخر في اليوم نفسه"})
    assert registry.may_read(elsewhere, photo.subject, photo.slot)
    client = signed_in(elsewhere)
    page = client.get(url(row)).content.decode()
    assert "أكياس قمامة على الرصيف" in page and "حُرر محضر آخر في اليوم نفسه" in page
    preview = re.search(r'<img class="kp-desk-sheet" src="([^"]+)"', page)
    assert preview is not None and client.get(preview[1]).status_code == 200
    asked = {"kind": "annulment", "asked": Annulment.objects.get().public_id}
    assert client.post(url(row), {"step": "refuse", "because": " ", **asked}).status_code == 409
    refused = client.post(url(row), {"step": "refuse", "because": "الصورتان لموضعين مختلفين", **asked}, follow=True)
    assert refused.redirect_chain == [("/admin/", 302)] and refused.status_code == 200, "the report is out of their sight again"
    assert not registry.may_read(elsewhere, photo.subject, photo.slot), "decided, and of another branch"
    proposer = signed_in(clerk)
    assert "الصورتان لموضعين مختلفين" in proposer.get(url(row)).content.decode()
    assert "الصورتان لموضعين مختلفين" in proposer.get("/admin/").content.decode()


@pytest.mark.parametrize("percent", ["", "x", "100", "-1", "٥٠"])
def test_a_percentage_is_a_number_below_a_hundred(served: Violation, clerk: Any, percent: str) -> None:
    answer = signed_in(clerk).post(url(served), {"step": "ask_relief", "code": "hardship", "percent": percent})
    assert answer.status_code == (302 if percent == "٥٠" else 409)
    assert Relief.objects.exists() is (percent == "٥٠")


def test_no_page_of_the_office_takes_an_amount_but_the_ruling_of_the_court(served: Violation, clerk: Any) -> None:
    assert 'name="amount"' not in signed_in(clerk).get(url(served)).content.decode()


def test_the_court_is_turned_to_in_order_and_its_ruling_needs_two(
    served: Violation, clerk: Any, authority: Any, frozen_clock: Clock
) -> None:
    frozen_clock.move(days=31)
    terms.lapse_due()
    client = signed_in(clerk)
    assert served.number in client.get("/admin/office/referrals/").content.decode()  # type: ignore[operator]
    shown = court.digest_of([served])
    assert client.post("/admin/office/referrals/", {"shown": court.digest_of([])}).status_code == 409, (
        "another list than the one that was shown"
    )
    assert client.post("/admin/office/referrals/", {"shown": shown}).status_code == 302
    batch = ReferralBatch.objects.get()
    assert served.number in client.get(f"/admin/office/referrals/{batch.public_id}/").content.decode()  # type: ignore[operator]
    file = client.get(f"/admin/office/referrals/{batch.public_id}/file.csv")
    head, line = file.content.decode("utf-8-sig").splitlines()[:2]
    assert "مبلغ الصلح (د.ك)" in head and served.number in line  # type: ignore[operator]
    assert served.shop is not None and f",{served.shop.name_ar},{served.shop.commercial_license_no}" in line
    assert client.post("/admin/office/referrals/", {"shown": shown}).status_code == 409
    wrong = {"step": "judgment", "ruling_no": "ج 1", "ruled_on": "soon", "amount": "250"}
    assert client.post(url(served), wrong).status_code == 409
    right = {"step": "judgment", "ruling_no": "ج 1", "ruled_on": clock.today().isoformat(), "amount": "250.000"}
    assert client.post(url(served), right).status_code == 302
    assert Judgment.objects.get().fils == 250_000
    own, second = client.get(url(served)).content.decode(), signed_in(authority)
    assert 'value="confirm"' not in own and 'value="drop"' in own
    other = signed_in(StaffFactory(groups=["court_clerk"], login="court2"))
    assert served.number in other.get("/admin/").content.decode(), "it waits on the first page of the second clerk"  # type: ignore[operator]
    assert ">ج 1<" in own and ">ج 1<" not in other.get(url(served)).content.decode(), "they read the judgment anew"
    today, other_day = clock.today().isoformat(), (clock.today() - dt.timedelta(days=1)).isoformat()
    assert second.post(url(served), {"step": "confirm", "ruling_no": "ج 1", "ruled_on": today, "amount": "25.000"}).status_code == 409
    for day, status in ((other_day, 409), ("", 409), (today, 302)):
        typed = {"step": "confirm", "ruling_no": "ج 1", "ruled_on": day, "amount": "250.000"}
        assert second.post(url(served), typed).status_code == status
    assert Violation.objects.get().state == "judged"


def test_the_first_page_of_each_role_leads_to_its_work(clerk: Any, inspector: Any) -> None:
    assert "/admin/violations/violation/" in signed_in(clerk).get("/admin/").content.decode()
    assert "/admin/field/" in signed_in(inspector).get("/admin/").content.decode()
    assert staff_links.refused(signed_in(clerk)) == {} == staff_links.refused(signed_in(inspector))


def test_a_page_of_facts_links_only_to_what_its_reader_may_open(authority: Any, inspector: Any) -> None:
    page = f"/admin/violations/judicialwarrant/{inspector.inspector_spells.get().pk}/change/"
    assert staff_links.refused(signed_in(authority), page) == {}
    assert f"/admin/accounts/user/{inspector.pk}/change/" in staff_links.links(signed_in(StaffFactory(groups=["auditor"], login="a")), page)


def test_a_report_names_the_editions_of_its_rules(served: Violation, clerk: Any) -> None:
    text = signed_in(clerk).get(f"/admin/violations/violation/{served.pk}/change/").content.decode()
    assert served.edition.split()[0] not in text and "جدول المخالفات" in text


def test_a_clerk_finds_what_was_not_served_and_records_its_service(write: Callable[..., Violation], clerk: Any) -> None:
    row, client = write("CLN-03"), signed_in(clerk)
    Delivery.objects.filter(message__subject_key=row.key).update(state="failed")
    assert row.number in client.get("/admin/office/unserved/").content.decode()  # type: ignore[operator]
    page = client.get(url(row)).content.decode()
    assert f"/uploads/notice:{row.public_id}/proof/" in page
    assert client.get(f"/ar/uploads/notice:{row.public_id}/proof/").status_code == 200
    empty = client.post(url(row), {"step": "look", "served_on": "x", "how": "handed", "receipt": "R-7"})
    assert empty.status_code == 409 and 'value="R-7"' in empty.content.decode()
    typed = {"served_on": clock.today().isoformat(), "how": "handed", "receipt": "R-7"}
    look = client.post(url(row), typed | {"step": "look"}).content.decode()
    row.refresh_from_db()
    assert row.settle_until is None and 'value="serve"' in look and f'value="{clock.today().isoformat()}"' in look, (
        "nothing is recorded yet"
    )
    again = client.post(url(row), typed | {"step": "edit"}).content.decode()
    assert 'value="look"' in again and 'value="R-7"' in again
    client.post(url(row), typed | {"step": "serve"})
    row.refresh_from_db()
    assert row.settle_until is not None and row.number not in client.get("/admin/office/unserved/").content.decode()  # type: ignore[operator]
    served = client.get(url(row)).content.decode()
    assert 'value="look"' not in served and "R-7" in served, "the page says to whom it was handed"
    elsewhere = StaffFactory(groups=["violation_clerk"], login="ja", branch_id="JA")
    assert signed_in(elsewhere).get(f"/ar/uploads/notice:{row.public_id}/proof/").status_code == 404


@pytest.mark.parametrize(("path", "groups"), [("unserved", "supervisor"), ("undefended", "violation_clerk"), ("undefended", "officer")])
def test_lists_are_closed_to_other_roles(rules: None, path: str, groups: str) -> None:
    assert signed_in(StaffFactory(groups=[groups], branch_id="HA")).get(f"/admin/office/{path}/").status_code == 403


def test_a_supervisor_reads_what_nobody_defended(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    objection = ObjectionFactory(violation=served, person=owner)
    frozen_clock.move(days=6)
    objections.close_defence(objection_id=objection.pk)
    here = signed_in(StaffFactory(groups=["supervisor"], login="here", branch_id="HA"))
    there = signed_in(StaffFactory(groups=["supervisor"], login="there", branch_id="JA"))
    assert served.number in here.get("/admin/office/undefended/").content.decode()  # type: ignore[operator]
    assert served.number not in there.get("/admin/office/undefended/").content.decode()  # type: ignore[operator]
