"""The record as auditors read it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from municipality.accounts.models import User
from municipality.audit.models import AuditEvent, Link
from municipality.audit.queries import verify
from municipality.audit.registry import SUBJECTS
from municipality.audit.services import log_access, record, sequence
from municipality.cases.roles import ensure_roles
from municipality.jobs.tasks import verify_audit_log
from municipality.kernel import clock, guards
from municipality.kernel.actors import Actor
from municipality.places.models import Branch
from tests.browsers import signed_in
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.payments import BillFactory

pytestmark = pytest.mark.django_db
OFFICER = Actor("officer", "staff:1")


@pytest.fixture
def auditor() -> Client:
    ensure_roles()
    return signed_in(StaffFactory(groups=["auditor"]))


def act(action: str = "testing.acted", subject: str = "case:1", at: dt.datetime | None = None) -> AuditEvent:
    with clock.at(at or clock.now()), transaction.atomic():
        return record(action, subject=subject, actor=OFFICER, data={"fils": 10_000})


def listed(client: Client, **query: str) -> str:
    answer = client.get(reverse("admin:audit_auditevent_changelist"), query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_acts_show_their_number_and_hash(auditor: Client) -> None:
    first = act()
    sequence()
    page = listed(auditor)
    assert Link.objects.get(act=first).hash[:12] in page
    shown = auditor.get(reverse("admin:audit_auditevent_change", args=[first.pk])).content.decode()
    assert Link.objects.get(act=first).hash in shown


def test_a_changed_row_says_so_on_its_page(auditor: Client) -> None:
    first = act()
    sequence()
    address = reverse("admin:audit_auditevent_change", args=[first.pk])
    whole = auditor.get(address, headers={"accept-language": "en"}).content.decode()
    guards.remove(connection)
    AuditEvent.objects.filter(pk=first.pk).update(actor_key="staff:2")
    changed = auditor.get(address, headers={"accept-language": "en"}).content.decode()
    from municipality.audit.admin import AuditEventAdmin

    page = AuditEventAdmin(AuditEvent, admin_site=None)  # type: ignore[arg-type]
    assert str(page.fits(AuditEvent.objects.select_related("link").get(pk=first.pk))) in changed
    assert str(page.fits(AuditEvent.objects.select_related("link").get(pk=first.pk))) not in whole


def test_acts_are_found_by_their_whole_subject_only(auditor: Client) -> None:
    act("testing.one", "case:1")
    act("testing.two", "case:11")
    page = listed(auditor, q="case:1")
    assert "testing.one</bdi>" in page
    assert '<bdi dir="ltr">testing.two' not in page
    assert '<bdi dir="ltr">testing.one' not in listed(auditor, q="staff:1")


def test_acts_are_filtered_by_action_and_by_kuwait_day(auditor: Client) -> None:
    midnight = dt.datetime.combine(clock.today(), dt.time(), clock.KUWAIT)
    act("testing.today", at=midnight)
    act("testing.yesterday", at=midnight - dt.timedelta(seconds=1))
    act("testing.older", at=midnight - dt.timedelta(days=8))
    found = {
        day: {name for name in ("today", "yesterday", "older") if f'<bdi dir="ltr">testing.{name}' in listed(auditor, day=day)}
        for day in ("0", "1", "7", "30", "99")
    }
    assert found["0"] == {"today"}
    assert found["1"] == {"yesterday"}
    assert found["7"] == {"today", "yesterday"}
    assert found["30"] == found["99"] == {"today", "yesterday", "older"}
    assert '<bdi dir="ltr">testing.older' not in listed(auditor, action="testing.today")


def test_the_list_takes_the_same_queries_for_many_acts(auditor: Client) -> None:
    act()
    with CaptureQueriesContext(connection) as few:
        listed(auditor)
    for number in range(40):
        act(subject=f"case:{number}")
    sequence()
    with CaptureQueriesContext(connection) as many:
        listed(auditor)
    assert len(many) == len(few) <= 16


def test_looks_are_listed_for_auditors_only(auditor: Client) -> None:
    log_access(viewer=OFFICER, person_key="person:7", subject="case:7", purpose="audit")
    page = auditor.get(reverse("admin:audit_accesslogentry_changelist"), {"q": "person:7"}).content.decode()
    assert "person:7" in page and page.count("الاسم الكامل لمن") == 1, "the help stands under the field, not cut inside it too"
    assert 'aria-label="التاريخ"' in page and ">اليوم</a>" in page, "the filter is not called as its choice Today"
    officer = signed_in(StaffFactory(groups=["officer"]))
    for name in ("audit_accesslogentry_changelist", "audit_auditevent_changelist"):
        assert officer.get(reverse(f"admin:{name}")).status_code == 403


def test_an_access_names_the_branch_of_the_time_and_is_found_by_it(auditor: Client, rules: None) -> None:
    viewers = {code: StaffFactory(login=f"of-{code}", branch_id=code) for code in ("HA", "JA")}
    for code, viewer in viewers.items():
        log_access(viewer=Actor("officer", viewer.key), person_key=f"person:{code}", subject="case:7", purpose="audit")
    User.objects.filter(pk=viewers["HA"].pk).update(branch="FA")
    log_access(viewer=OFFICER, person_key="person:none", subject="case:7", purpose="audit")

    def listed(**terms: str) -> str:
        page = auditor.get(reverse("admin:audit_accesslogentry_changelist"), terms).content.decode()
        return page.partition('id="result_list"')[2].partition("</table>")[0]

    names = dict(Branch.objects.values_list("pk", "name_ar"))
    page = listed()
    assert names["HA"] in page and names["JA"] in page and names["FA"] not in page and "person:none" in page
    assert "person:HA" in listed(branch="HA") and "person:JA" not in listed(branch="HA") and "person:none" not in listed(branch="HA")
    with CaptureQueriesContext(connection) as few:
        listed()
    for _number in range(9):
        log_access(viewer=Actor("officer", viewers["JA"].key), person_key="person:JA", subject="case:7", purpose="audit")
    with CaptureQueriesContext(connection) as many:
        listed()
    assert len(many) == len(few)


def test_accesses_are_found_by_a_persons_name_and_a_name_that_nobody_has_is_said(auditor: Client) -> None:
    person, other = PersonFactory(), PersonFactory(noura=True)
    for one in (person, other):
        log_access(viewer=OFFICER, person_key=one.key, subject="case:7", purpose="file")
    address = reverse("admin:audit_accesslogentry_changelist")
    for term in (person.name_ar, person.name_en.upper(), f"  {person.name_ar.replace(' ', '  ')} ", person.key):
        page = auditor.get(address, {"q": term}).content.decode()
        assert person.key in page and other.key not in page
    assert "الاطلاع على ملف مرفق بطلب" in page, "the purpose in words"
    assert "فالقائمة فارغة" in auditor.get(address, {"q": person.name_ar[:4]}).content.decode()


@pytest.mark.parametrize("name", ["auditevent", "accesslogentry"])
def test_nobody_writes_the_record_by_hand(name: str) -> None:
    client = signed_in(StaffFactory(groups=["auditor"], login="root", is_superuser=True))
    row = act()
    assert client.get(reverse(f"admin:audit_{name}_add")).status_code == 403
    assert client.post(reverse("admin:audit_auditevent_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    assert AuditEvent.objects.filter(pk=row.pk).exists()


def test_staff_are_named_with_their_login_and_people_stay_keys(auditor: Client) -> None:
    decider = StaffFactory(groups=["supervisor"], login="decider-1")
    for actor in (Actor("supervisor", decider.key), Actor("applicant", "person:abc")):
        with transaction.atomic():
            record("testing.acted", subject="case:1", actor=actor)
    log_access(viewer=Actor("officer", decider.key), person_key="person:7", subject="case:7", purpose="audit")
    page = listed(auditor)
    assert decider.name_ar in page and "decider-1" in page and decider.key not in page
    assert "person:abc" in page
    assert "decider-1" in auditor.get(reverse("admin:audit_accesslogentry_changelist")).content.decode()


def test_the_log_is_searched_by_public_numbers(auditor: Client, rules: None) -> None:
    bill = BillFactory()
    act("testing.billed", bill.key)
    act("testing.other", "bill:other")
    for typed in (bill.reference, f" {bill.reference.lower()} ", bill.key):
        page = listed(auditor, q=typed)
        assert '<bdi dir="ltr">testing.billed' in page and '<bdi dir="ltr">testing.other' not in page, typed
    assert '<bdi dir="ltr">testing.billed' not in listed(auditor, q="HL-2026-999999-X")
    assert {"cases", "documents", "payments", "violations", "shops"} <= set(SUBJECTS)


def test_the_log_says_when_the_whole_chain_was_verified_and_with_what_result(auditor: Client) -> None:
    auditor.cookies["staff_language"] = "en"
    address = reverse("admin:audit_auditevent_changelist")
    assert "The whole chain was not verified yet" in auditor.get(address).content.decode()
    first = act()
    sequence()
    verify_audit_log()
    page = auditor.get(address).content.decode()
    result = AuditEvent.objects.get(action="audit.verified")
    assert "no fault." in page and reverse("admin:audit_auditevent_change", args=[result.pk]) in page
    assert "no fault." in auditor.get(reverse("admin:audit_auditevent_change", args=[first.pk])).content.decode()
    later = act()
    sequence()
    line = reverse("admin:audit_auditevent_change", args=[later.pk])
    assert "which are newer, were verified just now: no fault." in auditor.get(line).content.decode()
    guards.remove(connection)
    AuditEvent.objects.filter(pk=first.pk).update(actor_key="staff:2")
    verify()
    assert "1 faults." in auditor.get(address).content.decode()
    newest = act()
    sequence()
    AuditEvent.objects.filter(pk=newest.pk).update(actor_key="staff:2")
    line = reverse("admin:audit_auditevent_change", args=[newest.pk])
    assert "were verified just now: 1 faults." in auditor.get(line).content.decode()


def test_an_auditor_has_the_newest_lines_verified_and_it_is_recorded(auditor: Client) -> None:
    auditor.cookies["staff_language"] = "en"
    address, verify_now = reverse("admin:audit_auditevent_changelist"), reverse("admin:audit_auditevent_verify")
    act()
    sequence()
    verify_audit_log()
    sequence()
    newer = act()
    sequence()
    assert "Check the lines not checked yet" in auditor.get(address).content.decode()
    assert "Lines 2 to 3 were verified" in text_of(auditor.post(verify_now, follow=True))
    event = AuditEvent.objects.get(action="audit.verified_newest")
    assert (event.data["from"], event.data["to"], event.data["faults"], event.actor_role) == (2, 3, 0, "auditor")
    guards.remove(connection)
    sequence()
    AuditEvent.objects.filter(pk=newer.pk).update(actor_key="staff:2")
    assert "Lines 2 to 4 were verified" in text_of(auditor.post(verify_now, follow=True)), "all since the whole verification"
    assert auditor.get(verify_now).status_code == 405
    operator = signed_in(StaffFactory(groups=["operator"], login="operator"))
    assert operator.post(verify_now).status_code == 403


def test_a_changed_line_is_found_by_hand(auditor: Client) -> None:
    auditor.cookies["staff_language"] = "en"
    changed = act()
    sequence()
    guards.remove(connection)
    AuditEvent.objects.filter(pk=changed.pk).update(actor_key="staff:2")
    page = text_of(auditor.post(reverse("admin:audit_auditevent_verify"), follow=True))
    assert "Lines 1 to 1 were verified" in page and "1 faults." in page
    sequence()
    again = text_of(auditor.post(reverse("admin:audit_auditevent_verify"), follow=True))
    assert "1 faults." in again, "what was found stays until the whole is verified"


def text_of(response: Any) -> str:
    return " ".join(strip_tags(response.content.decode()).split())
