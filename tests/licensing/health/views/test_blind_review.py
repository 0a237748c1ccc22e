"""Blind review: neither officer nor second signature reads a name before the decision, unless they say why; the applicant sees it."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from municipality.accounts.models import User
from municipality.audit.models import AccessLogEntry, AuditEvent
from municipality.cases.models import Case
from municipality.review.models import Assignment
from municipality.review.services import desk
from municipality.uploads.models import Upload
from tests import desk_acts
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.review import OfficerFactory
from tests.factories.uploads import UploadFactory
from tests.purposes import opened

pytestmark = pytest.mark.django_db
SIGN = "/admin/desk/sign/"
DECLARED = ("علي الصالح", "Ali Al-Saleh")  # the manager of tests.factories.licensing
REGISTERED = ("منى السالم", "Mona Al-Salem")


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path


class Reviewed:
    """A renewal in the hands of an officer, with a supervisor of the same branch; every name in it can be told apart."""

    def __init__(self, make_shop: Any, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
        self.owner = owner
        named = partial(UploadFactory, name=f"عقد {owner.name_ar} {owner.name_en}.jpg")
        monkeypatch.setattr("tests.factories.licensing.UploadFactory", named)
        shop = make_shop(manager_name_ar=REGISTERED[0], manager_name_en=REGISTERED[1])
        self.case = RenewalCaseFactory(shop=shop, applicant=owner, changed=("area_m2", "manager"))
        assert owner.name_en in Upload.objects.first().name
        self.officer = signed_in(OfficerFactory(branch_id=shop.branch_id))
        self.supervisor = signed_in(StaffFactory(supervisor=True, login="signer", branch_id=shop.branch_id))
        self.officer.post(reverse("admin:desk_next"))
        self.held = Assignment.objects.get(on_desk=True)
        self.page = reverse("admin:desk_case", args=[self.case.public_id])

    @property
    def names(self) -> set[str]:
        return {self.owner.name_ar, self.owner.name_en, *DECLARED, *REGISTERED}

    def read_by_the_reviewers(self) -> str:
        """Everything that officer and second signature are answered until the decision is saved: bodies and headers."""
        read = [*self._read_by_the_officer(), self._asked(self.supervisor, self.page)]
        desk.propose_refusal(assignment=desk_acts.checked(self.held), code="conditions_not_met")
        read += [self._asked(who, path) for who, path in ((self.officer, self.page), (self.supervisor, SIGN), (self.supervisor, self.page))]
        return "\n".join(read)

    def _read_by_the_officer(self) -> list[str]:
        read = [self._asked(self.officer, path) for path in ("/admin/", self.page)]
        acts: tuple[tuple[str, dict[str, str]], ...] = (
            ("corrections", {"ask": "manager.manager_unclear"}),
            ("corrections", {"ask": "manager.manager_unclear", "step": "words"}),
            ("refuse", {"code": "conditions_not_met"}),
            ("refuse", {"code": "conditions_not_met", "step": "words"}),
            ("refuse", {}),
            ("reveal", {}),
        )
        read += [self._asked(self.officer, f"{self.page}{verb}/", data) for verb, data in acts]
        files = set(re.findall(r'(?:src|href)="(/files/[^"]+)"', read[1]))
        assert len(files) >= 2
        return read + [str(self.officer.get(link).headers) for link in files]

    def _asked(self, who: Client, path: str, data: dict[str, str] | None = None) -> str:
        answer = opened(who, path) if data is None else who.post(path, data)
        assert answer.status_code in (200, 409), (path, answer.status_code)
        return f"{answer.headers} {answer.content.decode()}"


@pytest.fixture
def reviewed(make_shop: Any, owner: User, monkeypatch: pytest.MonkeyPatch) -> Reviewed:
    return Reviewed(make_shop, owner, monkeypatch)


def test_no_page_answer_or_file_name_that_a_reviewer_gets_names_anybody(reviewed: Reviewed) -> None:
    read = reviewed.read_by_the_reviewers()
    assert reviewed.case.reference in read and len(reviewed.names) == 6
    assert {name for name in reviewed.names if name in read} == set()


def test_names_that_were_not_taken_out_are_found(reviewed: Reviewed, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("page", "countersign"):
        monkeypatch.setattr(f"municipality.review.admin.{module}.hides_names", lambda *_: False)
    read = reviewed.read_by_the_reviewers()
    assert {name for name in reviewed.names if name in read} == {reviewed.owner.name_ar, DECLARED[0], REGISTERED[0]}


def test_a_changed_name_that_is_hidden_still_stands_among_what_changed(reviewed: Reviewed) -> None:
    html = reviewed.officer.get(reviewed.page).content.decode()
    assert html.count('class="is-changed"') == 2 and "قيمة أخرى محجوبة حتى القرار" in html


def looks(case: Case) -> list[tuple[str, str]]:
    return list(AccessLogEntry.objects.filter(subject=case.key).order_by("pk").values_list("viewer_role", "purpose"))


def test_an_officer_sees_the_names_once_for_a_reason_that_is_written_down(reviewed: Reviewed) -> None:
    for code in ("", "curious"):
        assert reviewed.officer.post(f"{reviewed.page}reveal/", {"code": code}).status_code == 409
    assert not AuditEvent.objects.filter(action="desk.names_seen").exists()
    assert ("officer", "names") not in looks(reviewed.case)
    html = reviewed.officer.post(f"{reviewed.page}reveal/", {"code": "document"}).content.decode()
    assert reviewed.owner.name_ar in html and DECLARED[0] in html
    event = AuditEvent.objects.get(action="desk.names_seen")
    assert (event.subject, event.actor_role, event.data) == (reviewed.case.key, "officer", {"reason": "document"})
    assert looks(reviewed.case)[-1] == ("officer", "names")
    assert reviewed.owner.name_ar not in reviewed.officer.get(reviewed.page).content.decode(), "only that one page shows them"
    shown = signed_in(reviewed.owner).get(f"/en/cases/{reviewed.case.public_id}/").content.decode()
    assert "look at the names of a request before its decision" in shown


def test_whoever_signs_sees_the_names_for_a_reason_too(reviewed: Reviewed) -> None:
    decision = desk.propose_refusal(assignment=desk_acts.checked(reviewed.held), code="conditions_not_met")
    asked = {"step": "reveal", "decision": str(decision.pk)}
    assert reviewed.supervisor.post(SIGN, asked).status_code == 409
    html = reviewed.supervisor.post(SIGN, {**asked, "code": "conflict"}).content.decode()
    assert DECLARED[0] in html and looks(reviewed.case)[-1] == ("supervisor", "names")
    assert AuditEvent.objects.get(action="desk.names_seen").data == {"reason": "conflict"}
    assert DECLARED[0] not in reviewed.supervisor.get(SIGN).content.decode()


def test_nobody_else_sees_the_names_by_asking(reviewed: Reviewed) -> None:
    colleague = signed_in(OfficerFactory(login="colleague", branch_id=reviewed.held.place.branch_id))
    for who in (colleague, reviewed.supervisor):
        assert who.post(f"{reviewed.page}reveal/", {"code": "document"}).status_code == 404
    assert not AuditEvent.objects.filter(action="desk.names_seen").exists()


def test_the_names_are_there_for_an_auditor_and_after_the_decision(reviewed: Reviewed) -> None:
    auditor = signed_in(StaffFactory(groups=["auditor"], branch_id=reviewed.held.place.branch_id))
    assert reviewed.owner.name_ar in opened(auditor, reviewed.page).content.decode()
    desk.accept(assignment=desk_acts.checked(reviewed.held))
    assert reviewed.owner.name_ar in opened(reviewed.supervisor, reviewed.page).content.decode()
