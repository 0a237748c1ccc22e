"""Goal Z7: each role's pages show of people and shops what the approved list says, and nothing more."""

from __future__ import annotations

import os

import pytest

from municipality.accounts.admin import UserAdmin
from tests.architecture import shown_fields
from tests.architecture.sample_data import Sample, built_sample, one_sample  # noqa: F401

pytestmark = pytest.mark.django_db
PEOPLE = ("nobody", "owner", "delegate", "former_delegate", "stranger", "newcomer")
REVIEWERS = ("officer", "supervisor", "clerk", "authority", "court", "inspector")
OTHERS = ("auditor", "counter", "cashier", "checker", "operator", "maker", "publisher", "registrar", "keeper", "plotter", "planner")
ROLES = (*PEOPLE, *REVIEWERS, *OTHERS)
CONTACT = {"person.email", "person.phone", "person.civil_id", "manager.civil_id"}
NAMES = {"person.name_ar", "person.name_en"}


def test_each_role_is_shown_exactly_what_is_approved(sample: Sample) -> None:
    """WRITE_SHOWN_FIELDS=1 writes the file anew; what changed in it is then for a reviewer to read."""
    marks = shown_fields.mark(sample)
    found = {role: shown_fields.shown(sample, marks, role) for role in ROLES}
    if os.environ.get("WRITE_SHOWN_FIELDS"):
        shown_fields.LIST.write_text(shown_fields.written(found), encoding="utf8")
    approved = shown_fields.approved()
    more = {role: {one: found[role][one] for one in sorted(found[role].keys() - approved[role])} for role in ROLES}
    more = {role: lines for role, lines in more.items() if lines}
    less = {role: sorted(approved[role] - found[role].keys()) for role in ROLES if approved[role] - found[role].keys()}
    assert (more, less) == ({}, {}), "shown but not approved, and approved but shown nowhere"


def test_the_list_has_every_role_and_only_fields_that_exist() -> None:
    approved = shown_fields.approved()
    fields = {f"{name}.{field.name}" for name in shown_fields.WATCHED for field in shown_fields.columns(name)} | CONTACT
    assert set(approved) == set(ROLES)
    assert {one.removeprefix("own ") for lines in approved.values() for one in lines} <= fields


def test_no_staff_are_shown_a_way_to_a_person() -> None:
    approved = shown_fields.approved()
    assert {role: approved[role] & CONTACT for role in (*REVIEWERS, *OTHERS) if approved[role] & CONTACT} == {}
    assert {"own person.email", "own person.phone"} <= approved["owner"], "the control: the mark is found where it is shown"
    assert {role: approved[role] & CONTACT for role in PEOPLE if approved[role] & CONTACT} == {}


def test_before_a_decision_reviewers_read_no_name(sample: Sample) -> None:
    marks = shown_fields.mark(sample)
    before = {"/admin/", "/admin/desk/board/", "/admin/desk/people/", "/admin/desk/absence/", "/admin/cases/case/"}
    for role in ("officer", "supervisor"):
        rows = [row for row in shown_fields.pages(role) if row.path in before]
        assert rows, role
        assert not shown_fields.shown(sample, marks, role, rows).keys() & NAMES, role
    named = {}
    for role in ("officer", "supervisor", "auditor"):
        desk = [row for row in shown_fields.pages(role) if row.path == "/admin/desk/{s.studied.public_id}/"]
        named[role] = bool(shown_fields.shown(sample, marks, role, desk).keys() & NAMES)
    assert named == {"officer": False, "supervisor": False, "auditor": True}, "the control: the page names the applicant to an auditor"


def test_a_new_field_on_a_page_is_noticed(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """The red control."""
    marks = shown_fields.mark(sample)
    rows = [row for row in shown_fields.pages("auditor") if row.path.startswith("/admin/accounts/user/")]
    approved = shown_fields.approved()["auditor"]
    assert shown_fields.shown(sample, marks, "auditor", rows).keys() <= approved
    monkeypatch.setattr(UserAdmin, "fields", (*UserAdmin.fields, "phone"))
    monkeypatch.setattr(UserAdmin, "list_display", (*UserAdmin.list_display, "email"))
    assert shown_fields.shown(sample, marks, "auditor", rows).keys() - approved == {"person.email", "person.phone"}
