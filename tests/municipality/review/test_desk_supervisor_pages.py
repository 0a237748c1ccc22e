"""The pages of the second person and of the supervisor, and what all pages of the desk cost."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.test import Client

from municipality.audit.models import AccessLogEntry, AuditEvent
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.review import queries
from municipality.review.admin import PAGES
from municipality.review.models import Absence, Assignment, ConflictOfInterest, CorrectionRound, Decision, Override, QueueEntry, Skill
from municipality.review.services import case_clock, staff
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from tests.factories.shops import ShopFactory
from tests.municipality.review import permits
from tests.municipality.review.desk_in_a_browser import (
    BOARD,
    CONFLICTS,
    EVERY_YES,
    NEXT,
    NOTES,
    ONE_ASKED,
    OWN,
    PEOPLE,
    SIGN,
    assigned,
    case_url,
    kept,
    send,
    text_of,
)
from tests.municipality.review.permits import Office

ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")

# --- The second person -----------------------------------------------------------------------------------------------------------


def proposed(office: Office) -> tuple[Client, Case, Decision]:
    client, case = assigned(office)
    desk_acts.checked(Assignment.objects.get(place__case=case))
    assert send(client, case_url(case, "refuse"), {"code": "layout_changed", **NOTES}).status_code == 302
    return client, case, Decision.objects.get(case=case)


def test_a_supervisor_signs_the_very_words_and_the_applicant_gets_them(office: Office) -> None:
    _client, case, decision = proposed(office)
    supervisor = signed_in(office.supervisor)
    assert f">{1}<" in text_of(supervisor.get("/admin/"))
    page = supervisor.get(SIGN)
    assert "Second floor" in text_of(page) and decision.text_ar in text_of(page)
    assert AccessLogEntry.objects.order_by("-pk")[0].viewer_role == "supervisor"
    done = supervisor.post(SIGN, {"decision": decision.pk, "digest": page.context_data["decision"].digest, "step": "sign", **EVERY_YES})
    assert done.status_code == 302
    kept(case, "review.refused", page.context_data["preview"])
    decision.refresh_from_db()
    assert decision.signed_by == office.supervisor and Case.objects.get(pk=case.pk).state == "refused"


def test_a_signature_for_other_words_is_none(office: Office) -> None:
    client, case, _decision = proposed(office)
    supervisor = signed_in(office.supervisor)
    old = supervisor.get(SIGN).context_data["decision"]
    # The officer changes the proposal while the supervisor reads.
    assert client.post(case_url(case, "take-back")).status_code == 302
    assert send(client, case_url(case, "refuse"), {"code": "conditions_not_met"}).status_code == 302
    new = Decision.objects.get(case=case, voided_at=None)
    for number, digest in ((old.pk, old.digest), (new.pk, old.digest), (new.pk, ""), ("x", new.digest)):
        response = supervisor.post(SIGN, {"decision": number, "digest": digest, "step": "sign", **EVERY_YES})
        assert response.status_code == 409 and response.context_data["error"]
    assert not Decision.objects.filter(signed_at__isnull=False).exists()
    assert supervisor.post(SIGN, {"decision": new.pk, "digest": new.digest, "step": "sign", **EVERY_YES}).status_code == 302


def test_a_proposal_sent_back_lies_among_the_answered_ones(office: Office) -> None:
    client, case, decision = proposed(office)
    supervisor = signed_in(office.supervisor)
    wrong = supervisor.post(
        SIGN, {"decision": decision.pk, "digest": decision.digest, "step": "back", "code": "layout_changed", **EVERY_YES}
    )
    assert wrong.status_code == 409
    supervisor.post(SIGN, {"decision": decision.pk, "digest": decision.digest, "step": "back", "code": "could_be_corrected", **EVERY_YES})
    assert queries.desk_of(office.officer).answered == 1
    assert client.post(NEXT)["Location"] == case_url(case)


def test_nobody_signs_their_own_and_an_officer_signs_nothing(office: Office) -> None:
    client, _case, decision = proposed(office)
    assert client.get(SIGN).status_code == 403
    assert client.post(SIGN, {"decision": decision.pk, "digest": decision.digest, "step": "sign", **EVERY_YES}).status_code == 403
    both = office.officer
    both.groups.add(office.supervisor.groups.get())
    assert client.get(SIGN).context_data.get("decision") is None
    assert client.post(SIGN, {"decision": decision.pk, "digest": decision.digest, "step": "sign", **EVERY_YES}).status_code == 409


def test_a_second_round_for_old_things_needs_a_reason_and_a_signature(office: Office) -> None:
    client, case = assigned(office)
    assert send(client, case_url(case, "corrections"), ONE_ASKED).status_code == 302
    permits.answer(QueueEntry.objects.get(case=case), lease="sha-2")
    client.post(NEXT)
    old = {"ask": ["manager.manager_unclear"]}
    refused = client.post(case_url(case, "corrections"), old)
    assert refused.status_code == 409 and 'value="manager.manager_unclear" checked' in text_of(refused)
    assert send(client, case_url(case, "corrections"), {**old, "second_code": "seen_late"}).status_code == 302
    decision = Decision.objects.get(case=case, outcome="second_round")
    supervisor = signed_in(office.supervisor)
    assert supervisor.get(SIGN).context_data["decision"].pk == decision.pk
    supervisor.post(SIGN, {"decision": decision.pk, "digest": decision.digest, "step": "sign", **EVERY_YES})
    assert CorrectionRound.objects.get(case=case, number=2).countersigned_by == office.supervisor


# --- The supervisor's pages ------------------------------------------------------------------------------------------------------


def test_each_page_opens_for_its_role_only(office: Office) -> None:
    auditor = StaffFactory(groups=["auditor"], branch_id="HA")
    answers = {
        SIGN: (403, 200, 403),
        BOARD: (403, 200, 403),
        PEOPLE: (403, 200, 403),
        CONFLICTS: (403, 200, 200),
        OWN: (200, 200, 403),
        NEXT: (405, 405, 405),
        "/admin/desk/decided/": (200, 403, 403),
        "/admin/desk/figures/": (403, 200, 200),
        "/admin/desk/figures/cases/": (403, 200, 200),
        "/admin/desk/figures/export/": (403, 200, 200),
        "/admin/": (200, 200, 200),
    }
    for url, wanted in answers.items():
        got = tuple(signed_in(user).get(url).status_code for user in (office.officer, office.supervisor, auditor))
        assert got == wanted, url
    assert {f"/admin/{page.pattern}" for page in PAGES if "<" not in str(page.pattern)} <= set(answers)
    assert signed_in(auditor).post(CONFLICTS, {"conflict": "1"}).status_code == 403
    assert signed_in(office.supervisor).post(NEXT).status_code == 403


def test_a_case_is_taken_before_its_turn_by_two_people(office: Office) -> None:
    permits.sent(office.applicant)
    late = permits.sent(office.applicant)
    first, second = signed_in(office.supervisor), signed_in(office.second)
    unknown = first.post(BOARD, {"step": "ask", "reference": "PT-1", "code": "court_order"})
    assert unknown.status_code == 409 and 'value="PT-1"' in text_of(unknown)
    assert first.post(BOARD, {"step": "ask", "reference": late.case.reference, "code": "court_order"}).status_code == 302
    override = Override.objects.get()
    assert first.post(BOARD, {"step": "allow", "override": override.pk}).status_code == 409
    assert 'value="allow"' not in text_of(first.get(BOARD)) and 'value="allow"' in text_of(second.get(BOARD))
    assert second.post(BOARD, {"step": "allow", "override": override.pk}).status_code == 302
    assert desk_acts.assigned(office.officer).place_id == late.pk


def test_fields_of_work_are_given_and_taken_by_a_supervisor_never_by_oneself(office: Office) -> None:
    client = signed_in(office.supervisor)
    held = Skill.objects.get(officer=office.officer, ended_at=None)
    assert client.post(PEOPLE, {"act": "end", "skill": held.pk}).status_code == 302
    assert queries.skills_of(office.officer) == []
    assert client.post(PEOPLE, {"act": "give", "officer": office.officer.pk, "skill": permits.SKILL}).status_code == 302
    assert queries.skills_of(office.officer) == [permits.SKILL]
    own = client.post(PEOPLE, {"act": "give", "officer": office.supervisor.pk, "skill": permits.SKILL})
    assert own.status_code == 403 and own.context_data["error"]
    far = permits.officer("far", StaffFactory(supervisor=True, login="far_supervisor", branch_id="AH"), "AH")
    assert client.post(PEOPLE, {"act": "give", "officer": far.pk, "skill": permits.SKILL}).status_code == 409
    assert client.post(PEOPLE, {"act": "end", "skill": Skill.objects.get(officer=far).pk}).status_code == 409


def test_each_is_offered_the_fields_of_work_that_their_roles_use(office: Office) -> None:
    branch = office.supervisor.branch_id
    officer = StaffFactory(groups=["officer"], login="newcomer", branch_id=branch)
    planner = StaffFactory(groups=["officer", "planner"], login="planner", branch_id=branch)
    StaffFactory(groups=["inspector", "planner"], login="walks", branch_id=branch)
    page = BeautifulSoup(text_of(signed_in(office.supervisor).get(PEOPLE)), "html.parser")
    offered = {
        int(str(form.select_one("[name=officer]")["value"])): {str(option["value"]) for option in form.select("[name=skill] option")}  # type: ignore[index]
        for form in page.select("form:has(option):has([value=give])")
    }
    assert {officer.pk, planner.pk} <= offered.keys() <= {officer.pk, planner.pk, office.officer.pk, office.colleague.pk}
    assert "zoning" not in offered[officer.pk] and offered[planner.pk] == offered[officer.pk] | {"zoning"}


def test_absences_are_entered_and_cancelled_by_the_officer_or_a_supervisor(office: Office, frozen_clock: Clock) -> None:
    client, case = assigned(office)
    today = clock.today().isoformat()
    wrong = client.post(OWN, {"act": "absence", "kind": "leave", "first_day": "x", "last_day": today})
    assert wrong.status_code == 200 and not Absence.objects.exists() and f'value="{today}"' in text_of(wrong)
    assert client.post(OWN, {"act": "absence", "kind": "leave", "first_day": today, "last_day": today}).status_code == 302
    assert client.get(case_url(case)).status_code == 404  # back at its place
    for page in (text_of(client.get(OWN)), text_of(signed_in(office.supervisor).get(PEOPLE))):
        assert "الغياب الحالي والقادم" in page and "أول يوم" in page, "one that has begun is no coming one"
    assert "message" in text_of(client.post(NEXT, follow=True))
    supervisor = signed_in(office.supervisor)
    assert supervisor.post(PEOPLE, {"act": "cancel", "absence": Absence.objects.get().pk}).status_code == 302
    assert Absence.objects.get().cancelled_at
    entered = {"act": "absence", "officer": office.colleague.pk, "kind": "sick", "first_day": today, "last_day": today}
    assert supervisor.post(PEOPLE, entered).status_code == 302
    assert queries.is_absent(office.colleague)


def test_an_absent_inspector_is_entered_by_themselves_or_the_supervisor(office: Office) -> None:
    branch, day = office.supervisor.branch_id, clock.today().isoformat()
    inspectors = [StaffFactory(groups=["inspector"], login=login, branch_id=branch) for login in ("walks", "drives")]
    absence = {"act": "absence", "kind": "leave", "first_day": day, "last_day": day}
    client, supervisor = signed_in(inspectors[0]), signed_in(office.supervisor)
    assert OWN in text_of(client.get("/admin/")), "the menu leads to it"
    assert client.post(OWN, absence).status_code == 302
    assert AuditEvent.objects.get(action="staff.absence_entered").actor_role == "inspector"
    page = text_of(supervisor.get(PEOPLE))
    assert page.count(f'<option value="{inspectors[1].pk}"') == 1
    assert queries.is_absent(inspectors[0]) and not queries.is_absent(inspectors[1])
    assert supervisor.post(PEOPLE, absence | {"officer": inspectors[1].pk}).status_code == 302
    assert all(map(queries.is_absent, inspectors))
    assert supervisor.post(PEOPLE, {"act": "give", "officer": inspectors[1].pk, "skill": permits.SKILL}).status_code == 409


@pytest.mark.parametrize("role", ["inspector", "violation_clerk", "court_clerk"])
def test_staff_declare_a_shop_of_their_own_people_by_its_number(office: Office, role: str) -> None:
    shop, user = ShopFactory(owner=office.applicant), StaffFactory(groups=[role], login="declares", branch_id=office.supervisor.branch_id)
    client, typed = signed_in(user), {"act": "conflict", "kind": "relative"}
    for number, status in (("", 200), ("000000", 409)):
        assert client.post(OWN, typed | {"number": number}).status_code == status
    assert client.post(OWN, typed | {"number": shop.commercial_license_no, "kind": "decided"}).status_code == 200, "nobody declares that"
    assert not ConflictOfInterest.objects.exists()
    assert client.post(OWN, typed | {"number": shop.commercial_license_no.translate(ARABIC)}).status_code == 302
    row = ConflictOfInterest.objects.get()
    assert (row.officer, row.party_key, row.kind) == (user, shop.key, "relative")
    assert AuditEvent.objects.get(action="staff.tie_declared").actor_role == role
    page = text_of(client.get(OWN))
    assert shop.name_ar in page and ('value="absence"' in page) == (role == "inspector")


def test_an_inspector_without_a_branch_enters_an_absence_and_a_clerk_none(office: Office) -> None:
    day = clock.today().isoformat()
    typed = {"act": "absence", "kind": "leave", "first_day": day, "last_day": day}
    for role, status, count in (("inspector", 302, 1), ("court_clerk", 403, 1)):
        client = signed_in(StaffFactory(groups=[role], login=role, branch_id=None))
        assert (client.post(OWN, typed).status_code, Absence.objects.count()) == (status, count)
    absence = Absence.objects.get()
    client = signed_in(absence.officer)
    assert client.post(OWN, {"act": "cancel", "absence": absence.pk}).status_code == 302
    assert Absence.objects.get().cancelled_at is not None


def test_the_conflict_of_whoever_has_no_branch_is_ended_by_any_supervisor(office: Office) -> None:
    for login, branch, is_ended in (("elsewhere", "JA", False), ("nowhere", None, True)):
        clerk = StaffFactory(groups=["court_clerk"], login=login, branch_id=branch)
        conflict = staff.declare_conflict(officer=clerk, party_key=office.applicant.key, kind="relative", declared_by=clerk)
        assert (office.applicant.key in text_of(signed_in(office.supervisor).get(CONFLICTS))) == is_ended
        signed_in(office.supervisor).post(CONFLICTS, {"conflict": conflict.pk})
        conflict.refresh_from_db()
        assert (conflict.ended_at is not None) == is_ended


def test_a_tie_is_listed_for_the_auditor_and_ended_by_another(office: Office) -> None:
    conflict = staff.declare_conflict(officer=office.officer, party_key=office.applicant.key, kind="relative", declared_by=office.officer)
    assert office.applicant.key in text_of(signed_in(StaffFactory(groups=["auditor"], branch_id="HA")).get(CONFLICTS))
    assert office.applicant.key in text_of(signed_in(office.officer).get(OWN))
    assert signed_in(office.supervisor).post(CONFLICTS, {"conflict": conflict.pk}).status_code == 302
    conflict.refresh_from_db()
    assert conflict.ended_by == office.supervisor


def test_the_clock_of_my_cases_says_late_with_a_word(office: Office, frozen_clock: Clock) -> None:
    client, _case = assigned(office)
    assert "kp-tag--bad" not in text_of(client.get("/admin/"))
    frozen_clock.move(days=21)
    html = text_of(signed_in(office.officer).get("/admin/"))
    assert "kp-tag--bad" in html and "التأخر: " in html


def test_a_supervisor_reads_the_late_requests_of_the_branch_on_the_first_page(office: Office, frozen_clock: Clock) -> None:
    first, second = permits.sent(office.applicant), permits.sent(permits.applicant(2))
    assert "لا طلب متأخراً في الفرع" in text_of(signed_in(office.supervisor).get("/admin/"))
    frozen_clock.move(days=21)
    client = signed_in(office.supervisor)
    page = f"/admin/desk/{first.case.public_id}/"
    html = text_of(client.get("/admin/"))
    assert first.case.reference in html and second.case.reference in html and page not in html, "nobody opens a case that waits"
    assert client.get(page).status_code == 404
    case_clock.escalate(clock_id=first.case.clock.pk)
    assert page in text_of(client.get("/admin/")) and client.get(page).status_code == 200
    colleague = StaffFactory(supervisor=True, login="elsewhere", branch_id="JA")
    assert first.case.reference not in text_of(signed_in(colleague).get("/admin/"))
