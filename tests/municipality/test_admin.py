"""The staff's admin as a whole: facts, and no way round the services."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, Group
from django.db import connection, models
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse

from municipality.accounts.models import User
from municipality.audit.models import AccessLogEntry
from municipality.cases.admin import CaseAdmin
from municipality.cases.models import Case, CaseEvent
from municipality.cases.roles import READS, WRITES, ensure_roles
from municipality.kernel import clock, guards
from municipality.places.models import Branch
from municipality.rulebook.models import RuleSet
from municipality.rulebook.queries import words_of_reason
from municipality.ui import admin_base
from municipality.ui.admin_base import ReadOnlyAdmin
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory
from tests.purposes import opened

pytestmark = pytest.mark.django_db
REGISTERED = sorted(admin.site._registry.items(), key=lambda pair: pair[0]._meta.label)
# Drafts of the rulebook are written by their maker; the rulebook's own tests say until when.
WRITTEN_BY_A_FORM = {RuleSet}


class Everything(AnonymousUser):
    """Somebody to whom no permission is refused."""

    is_staff = is_superuser = is_active = True
    key = "staff:everything"

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return True

    def has_module_perms(self, module: str) -> bool:
        return True

    @property
    def is_authenticated(self) -> bool:  # type: ignore[override]
        return True


def asked_by_somebody_with_every_permission() -> Any:
    request = RequestFactory().get("/admin/")
    request.user = Everything()
    request._roles_held = frozenset(READS)  # type: ignore[attr-defined]
    return request


def writable_fields(model: Any, page: Any, obj: Any) -> list[str]:
    """Fields of a page's form that are not read-only."""
    request = asked_by_somebody_with_every_permission()
    if not page.has_change_permission(request, obj):
        return []
    shown = admin.utils.flatten(page.get_fields(request, obj))
    return [name for name in shown if name not in page.get_readonly_fields(request, obj)]


# Rows of a draft that its own maker takes out again; nothing else leaves a table by the admin.
DELETED_IN_A_DRAFT = {
    "FeeInline",
    "LimitRuleInline",
    "ConditionRuleInline",
    "ReasonRuleInline",
    "CheckRuleInline",
    "OffenceRuleInline",
    "HolidayRuleInline",
    "HoursInline",
}
BULK_ACTIONS = {"notifications.Delivery": {"try_again"}}  # the allow-list: page → actions on several rows at once
TELLING = (models.DateField, models.DateTimeField, models.ForeignKey, models.JSONField)
NAMES = {
    "state",
    "status",
    "fils",
    "total_fils",
    "amount",
    "is_open",
    "is_superuser",
    "is_staff",
    "is_active",
    "groups",
    "user_permissions",
}


def findings(model: Any, page: Any) -> list[str]:
    """What somebody with every permission could do on a page of the admin that only a service may do."""
    request = asked_by_somebody_with_every_permission()
    label, row = model._meta.label, model()
    found = []
    if page.has_delete_permission(request) or page.has_delete_permission(request, row):
        found.append(f"{label} can be deleted")
    if set(page.get_actions(request)) - BULK_ACTIONS.get(label, set()):
        found.append(f"{label} has bulk actions")
    if page.list_editable:
        found.append(f"{label} is edited in its list")
    inlines = [one for one in page.get_inline_instances(request, row) if type(one).__name__ not in DELETED_IN_A_DRAFT]
    verbs = ("add", "change", "delete")
    written = [one for one in inlines if any(getattr(one, f"has_{verb}_permission")(request, row) for verb in verbs)]
    found += [f"{label}: rows of {type(one).__name__} are written" for one in written]
    if model in WRITTEN_BY_A_FORM:
        return found
    names = writable_fields(model, page, row)
    found += [f"{label}.{n} can be edited" for n in names if n in NAMES or isinstance(model._meta.get_field(n), TELLING)]
    return found


@pytest.mark.parametrize(("model", "page"), REGISTERED, ids=lambda value: getattr(getattr(value, "_meta", None), "label", ""))
def test_nothing_is_deleted_changed_in_bulk_or_decided_by_a_form(model: Any, page: Any) -> None:
    assert findings(model, page) == []


@pytest.mark.parametrize(
    ("model", "options", "harm"),
    [
        (Case, {}, "cases.Case can be deleted"),
        (Case, {}, "cases.Case has bulk actions"),
        (Case, {"list_display": ("id", "reference"), "list_editable": ("reference",)}, "cases.Case is edited in its list"),
        (Case, {"fields": ("state",)}, "cases.Case.state can be edited"),
        (Case, {"fields": ("opened_at",)}, "cases.Case.opened_at can be edited"),
        (Case, {"fields": ("applicant",)}, "cases.Case.applicant can be edited"),
        (User, {"fields": ("is_superuser",)}, "accounts.User.is_superuser can be edited"),
        (User, {"fields": ("groups",)}, "accounts.User.groups can be edited"),
    ],
)
def test_a_page_as_django_makes_it_would_be_found(model: Any, options: dict[str, Any], harm: str) -> None:
    """The red control."""
    page = type("Careless", (admin.ModelAdmin,), options)(model, admin.AdminSite())
    assert harm in findings(model, page)


def test_rows_that_an_inline_lets_write_would_be_found() -> None:
    inline = type("CarelessInline", (admin.TabularInline,), {"model": CaseEvent, "fk_name": "subject"})
    page = type("Careless", (ReadOnlyAdmin,), {"inlines": [inline]})(Case, admin.AdminSite())
    assert findings(Case, page) == ["cases.Case: rows of CarelessInline are written"]


def test_the_platforms_tables_are_registered_and_read_only() -> None:
    labels = {model._meta.label for model, _page in REGISTERED}
    assert {"audit.AuditEvent", "audit.AccessLogEntry", "jobs.Job", "rulebook.RuleSet", "cases.Case", "notifications.Delivery"} <= labels
    request = asked_by_somebody_with_every_permission()
    for model, page in REGISTERED:
        if model._meta.app_label in {"audit", "jobs", "cases", "notifications"}:
            assert not page.has_add_permission(request)
            assert not page.has_change_permission(request)


def test_each_role_reads_what_it_is_listed_for_and_no_more() -> None:
    ensure_roles()
    ensure_roles()
    for role, tables in READS.items():
        names = {
            f"{label}.{codename}"
            for label, codename in Group.objects.get(name=role).permissions.values_list("content_type__app_label", "codename")
        }
        wanted = {f"{table.split('.')[0]}.view_{table.split('.')[1]}" for table in tables} | set(WRITES.get(role, ()))
        assert names == wanted


def test_the_roles_stand_after_a_migration() -> None:
    for role, tables in READS.items():  # some roles work on pages of their own and read no table
        assert bool(Group.objects.get(name=role).permissions.count()) is bool(tables), role


def browser(*roles: str) -> tuple[User, Client]:
    ensure_roles()
    user = StaffFactory(groups=roles, login="-".join(roles) or "nobody")
    return user, signed_in(user)


@pytest.mark.parametrize("role", ["officer", "supervisor"])
def test_staff_see_no_case_that_is_not_assigned_to_them(case: Case, role: str) -> None:
    _user, client = browser(role)
    page = client.get(reverse("admin:cases_case_changelist"))
    assert page.status_code == 200
    assert case.reference not in page.content.decode()
    assert page.context["own_only"] is True
    assert '<p class="help">' in page.content.decode()
    answer = client.get(reverse("admin:cases_case_change", args=[case.pk]))
    assert answer.status_code == 302  # the admin's way to say that it is not there
    assert not AccessLogEntry.objects.exists()


def test_each_opening_by_an_auditor_is_written_down_for_the_person(case: Case) -> None:
    auditor, client = browser("auditor")
    page = client.get(reverse("admin:cases_case_changelist")).content.decode()
    assert case.reference in page
    assert case.applicant.name_ar not in page
    assert not AccessLogEntry.objects.exists()
    for _ in range(2):
        shown = opened(client, reverse("admin:cases_case_change", args=[case.pk]))
        assert shown.status_code == 200
    assert case.applicant.name_ar in shown.content.decode()
    looks = list(AccessLogEntry.objects.values_list("viewer_key", "viewer_role", "person_key", "subject", "purpose"))
    assert looks == [(auditor.key, "auditor", case.applicant.key, case.key, "purpose.audit")] * 2


def test_an_auditor_reads_who_decided_and_why_in_words_and_reaches_the_log(case: Case, rules: None) -> None:
    decider = StaffFactory(groups=["supervisor"], login="decider-1")
    guards.remove(connection)  # which move it is does not matter here
    CaseEvent.objects.create(
        subject=case,
        workflow=case.service,
        move="refuse",
        from_state=case.state,
        to_state=case.state,
        at=clock.now(),
        actor_key=decider.key,
        actor_role="supervisor",
        reason="conditions_not_met",
    )
    _user, client = browser("auditor")
    page = opened(client, reverse("admin:cases_case_change", args=[case.pk])).content.decode()
    words = words_of_reason("conditions_not_met", case.editions)
    assert words is not None and words["label_ar"] in page and "conditions_not_met" not in page
    assert decider.name_ar in page and "decider-1" in page and decider.key not in page
    assert f"{reverse('admin:audit_auditevent_changelist')}?q={case.reference}" in page and "data-print" in page
    content = page.split('id="content"', 1)[1]
    assert content.index("<details>") < content.index("<pre") < content.index("</details>"), "the values are folded"


def test_whoever_has_no_role_sees_no_case(case: Case) -> None:
    _user, client = browser()
    assert client.get(reverse("admin:cases_case_changelist")).status_code == 403
    assert client.get(reverse("admin:cases_case_change", args=[case.pk])).status_code == 403
    assert not AccessLogEntry.objects.exists()


def test_a_posted_state_changes_nothing(case: Case) -> None:
    _user, client = browser("auditor")
    answer = client.post(reverse("admin:cases_case_change", args=[case.pk]), {"state": "ended", "is_open": ""})
    assert answer.status_code == 403
    case.refresh_from_db()
    assert (case.state, case.is_open) == ("begun", True)


def test_a_case_page_that_skips_the_look_would_leave_no_trace(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above: the trace comes from the page's own call and from nothing else."""
    monkeypatch.setattr("municipality.cases.admin.log_access", lambda **_: None)
    _user, client = browser("auditor")
    assert case.applicant.name_ar in opened(client, reverse("admin:cases_case_change", args=[case.pk])).content.decode()
    assert not AccessLogEntry.objects.exists()
    assert CaseAdmin in {type(page) for _model, page in REGISTERED}


@pytest.mark.parametrize("groups", [(), ("inspector",), ("officer",), ("court_clerk",), ("auditor",)])
def test_nobody_reads_on_their_own_home_that_they_may_do_nothing(rules: None, groups: tuple[str, ...]) -> None:
    """Django's list of models says so to whoever has no model to see; the control renders it."""
    ensure_roles()
    page = signed_in(StaffFactory(groups=list(groups), branch_id="HA")).get("/admin/").content.decode()
    denied = render_to_string("admin/app_list.html", {"app_list": []}).strip()
    assert "<p>" in denied and denied not in page
    assert ("لا مهمة لحسابك بعد" in page) is (not groups)


def test_a_field_that_names_no_row_shows_a_dash() -> None:
    """Without the link of Django; the control is the row that it names."""
    shown = admin_base._by_name(User._meta.get_field("branch"))  # type: ignore[arg-type]
    assert shown(User()) == "—"
    assert shown(User(branch=Branch(pk="HA"))) == Branch(pk="HA")


def test_a_list_is_titled_with_what_it_lists(rules: None) -> None:
    ensure_roles()
    client = signed_in(StaffFactory(groups=["auditor"], branch_id="HA"))
    page = client.get("/admin/cases/case/").content.decode()
    assert "<h1>الطلبات</h1>" in page
