"""Staff who act with a person's one-time code, and what the person reads about who looked."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, connection, transaction

from licensing.health import services
from licensing.health.states import RENEWAL
from municipality.accounts.models import User, actor_for
from municipality.audit.models import AccessLogEntry, AuditEvent
from municipality.audit.services import log_access, log_accesses
from municipality.cases.models import Case, CaseEvent
from municipality.cases.roles import ensure_roles
from municipality.cases.services import advance
from municipality.delegation import queries as delegation
from municipality.delegation.models import Consent
from municipality.delegation.services import consents
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, TooMany
from municipality.notifications.models import Message
from municipality.places.models import Branch
from municipality.review.models import ConflictOfInterest
from municipality.review.services import queue
from payments.models import Bill
from shops.register import queries as shops
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import NOON
from tests.database_guards import without_guards
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.licensing import RenewalCaseFactory, RenewalDraftFactory
from tests.factories.review import OfficerFactory, SkillFactory
from tests.municipality.delegation.delegates import DELEGATE, OWNER, THIRD, Tray, ask, code_for, fee, main, renew_url
from tests.purposes import opened

pytestmark = pytest.mark.django_db


def test_an_employee_without_a_code_reaches_nothing(make_shop: Any, clerk: User) -> None:
    shop = make_shop()
    client = signed_in(clerk)
    ask(clerk)
    for path in ("/en/my-shops/", "/en/my-requests/", renew_url(shop)):
        assert client.get(path).status_code == 403
    assert client.post(renew_url(shop), {"declared": "on", "total": fee(shop)}).status_code == 403
    assert not Case.objects.exists()


def test_with_the_persons_code_the_same_forms_lead_to_the_same_queue_and_the_case_says_assisted(
    make_shop: Any, owner: User, clerk: User, tray: type[Tray]
) -> None:
    shop = make_shop()
    client = signed_in(clerk)
    client.post("/en/assist/", {"civil_id": OWNER, "purpose": RENEWAL, "desk": "counter"})
    consent = Consent.objects.get()
    code = code_for(consent, tray)
    assert tray.sent[-1][0] == owner.phone
    answer = client.post(f"/en/assist/{consent.public_id}/", {"code": code})
    assert answer["Location"].endswith("/my-shops/")
    assert "You act for" in main(client.get("/en/my-shops/"))
    client.post(renew_url(shop), {"declared": "on", "total": fee(shop)})
    case = Case.objects.get()
    event = CaseEvent.objects.get()
    assert (case.applicant, case.filed_by) == (owner, "assistant")
    assert (event.actor_key, event.actor_role, event.data["for"]) == (clerk.key, "assistant", owner.key)
    assert {act.data["for"] for act in AuditEvent.objects.filter(subject=case.key)} == {owner.key}
    told = Message.objects.get(person=owner, kind="delegation.assisted_act")
    assert case.reference in told.body_en
    seen = main(signed_in(owner).get(f"/en/cases/{case.public_id}/"))
    assert "Assisted" in seen and "An employee of" in seen and clerk.name_en not in seen
    assert AccessLogEntry.objects.filter(person_key=owner.key, viewer_key=clerk.key, purpose="assisted").count() >= 2
    page = main(client.get(f"/en/cases/{case.public_id}/"))
    assert "The person pays" in page and client.get(f"/en/pay/{Bill.objects.get().public_id}/").status_code == 403
    client.post("/en/assist/end/")
    assert client.get(f"/en/cases/{case.public_id}/").status_code == 403


def test_assisted_and_online_requests_stand_in_one_queue(make_shop: Any, owner: User, clerk: User, tray: type[Tray]) -> None:
    numbers = []
    for number in range(3):
        shop = make_shop()
        if number == 1:
            consent = ask(clerk)
            consents.enter_code(consent=consent, staff=clerk, typed=code_for(consent, tray))
            draft = RenewalDraftFactory(shop=shop, person=owner, changed=["area_m2"])
            case = services.send_to_officer(shop=shop, applicant=owner, draft=draft, version=draft.version, actor=actor_for(clerk, owner))
        else:
            case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"])
        numbers.append(case.place.pk)
    assert numbers == sorted(numbers)
    decider = OfficerFactory()
    assert desk_acts.assigned(decider).place.pk == numbers[0]


def test_whoever_filed_a_case_at_the_counter_is_never_handed_it(make_shop: Any, owner: User, clerk: User, tray: type[Tray]) -> None:
    consent = ask(clerk)
    consents.enter_code(consent=consent, staff=clerk, typed=code_for(consent, tray))
    shop = make_shop()
    draft = RenewalDraftFactory(shop=shop, person=owner, changed=["area_m2"])
    services.send_to_officer(shop=shop, applicant=owner, draft=draft, version=draft.version, actor=actor_for(clerk, owner))
    SkillFactory(officer=clerk)
    assert queue.next_case(officer=clerk) is None
    without_guards()
    ConflictOfInterest.objects.all().delete()
    assert queue.next_case(officer=clerk) is not None  # the red control


def test_the_code_of_another_person_opens_nothing(owner: User, delegate: User, clerk: User, tray: type[Tray]) -> None:
    mine = ask(clerk)
    code = code_for(mine, tray)
    hers = ask(clerk, DELEGATE)
    with pytest.raises(consents.WrongConsentCode):
        consents.enter_code(consent=hers, staff=clerk, typed=code)
    with pytest.raises(consents.ConsentCodeOver):  # asking again closed the first
        consents.enter_code(consent=mine, staff=clerk, typed=code)
    assert not delegation.open_consents().exists()
    assert AuditEvent.objects.filter(action="consent.wrong_code").count() == 1


def test_the_code_of_one_purpose_or_employee_serves_no_other(
    owner: User, clerk: User, tray: type[Tray], monkeypatch: pytest.MonkeyPatch
) -> None:
    consent = ask(clerk)
    code = code_for(consent, tray)
    colleague = StaffFactory(groups=["counter"], login="colleague", branch_id="HA")
    with pytest.raises(NotPermitted):
        consents.enter_code(consent=consent, staff=colleague, typed=code)
    consent.purpose = "another.service"
    assert consents._hash(consent, code) != Consent.objects.get().code_hash
    assert consents.enter_code(consent=Consent.objects.get(), staff=clerk, typed=code).is_open  # the red control: it was the right one


def test_a_consent_for_one_service_does_not_open_another(owner: User, clerk: User, tray: type[Tray], make_shop: Any) -> None:
    make_shop()
    consent = ask(clerk)
    consents.enter_code(consent=consent, staff=clerk, typed=code_for(consent, tray))
    assert shops.visible_to(clerk, RENEWAL).exists() and not shops.visible_to(clerk, "another.service").exists()


def test_the_next_consent_of_an_employee_ends_the_first_and_the_log_says_so(
    owner: User, delegate: User, clerk: User, tray: type[Tray]
) -> None:
    rows = []
    for number in (OWNER, DELEGATE):
        consent = ask(clerk, number)
        rows.append(consents.enter_code(consent=consent, staff=clerk, typed=code_for(consent, tray)))
    assert list(delegation.open_consents()) == [rows[1]]
    act = AuditEvent.objects.get(action="consent.closed")
    assert (act.subject, act.actor_key) == (rows[0].key, clerk.key)


def test_the_next_question_of_an_employee_closes_the_first_that_waits_and_the_log_says_so(owner: User, clerk: User) -> None:
    first, second = ask(clerk), ask(clerk)
    first.refresh_from_db()
    assert first.closed_at is not None and first.code_cipher == "" and consents.pending(clerk, second.public_id) is not None
    act = AuditEvent.objects.get(action="consent.closed")
    assert (act.subject, act.actor_key, act.actor_role) == (first.key, clerk.key, "assistant")


def test_a_code_serves_once_ten_minutes_and_five_tries(owner: User, clerk: User, tray: type[Tray]) -> None:
    consent = ask(clerk)
    code = code_for(consent, tray)
    with clock.at(NOON + dt.timedelta(minutes=10)), pytest.raises(consents.ConsentCodeOver):
        consents.enter_code(consent=consent, staff=clerk, typed=code)
    consents.enter_code(consent=consent, staff=clerk, typed=code)
    with pytest.raises(consents.ConsentCodeOver):
        consents.enter_code(consent=consent, staff=clerk, typed=code)
    second = ask(clerk)
    right = code_for(second, tray)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for _ in range(4):
        with pytest.raises(consents.WrongConsentCode):
            consents.enter_code(consent=second, staff=clerk, typed=wrong)
    with pytest.raises(consents.ConsentCodeOver):
        consents.enter_code(consent=second, staff=clerk, typed=wrong)
    with pytest.raises(consents.ConsentCodeOver):
        consents.enter_code(consent=second, staff=clerk, typed=right)


def test_an_unknown_number_is_answered_like_a_known_one(owner: User, clerk: User, tray: type[Tray]) -> None:
    client = signed_in(clerk)
    pages = []
    for number in (OWNER, THIRD):
        answer = client.post("/en/assist/", {"civil_id": number, "purpose": RENEWAL, "desk": "call"}, follow=True)
        row = Consent.objects.order_by("-pk")[0]
        pages.append(re.sub(r"csrfmiddlewaretoken.*?>", "", main(answer)).replace(row.public_id, ""))
    assert pages[0] == pages[1]
    nobody = Consent.objects.order_by("-pk")[0]
    with pytest.raises(consents.WrongConsentCode):
        consents.enter_code(consent=nobody, staff=clerk, typed="000000")


def test_asking_is_limited_for_a_number(owner: User, clerk: User) -> None:
    for _ in range(3):
        ask(clerk)
    with pytest.raises(TooMany):
        ask(clerk)


def test_only_staff_of_the_counter_ask(owner: User, rules: None) -> None:
    officer = StaffFactory(groups=["officer"], branch_id="HA")
    with pytest.raises(NotPermitted):
        ask(officer)
    assert signed_in(officer).get("/en/assist/").status_code == 403


def test_the_person_takes_the_consent_back_and_the_open_form_is_refused(make_shop: Any, owner: User, clerk: User, tray: type[Tray]) -> None:
    shop = make_shop()
    consent = ask(clerk)
    consents.enter_code(consent=consent, staff=clerk, typed=code_for(consent, tray))
    client = signed_in(clerk)
    assert client.get(renew_url(shop)).status_code == 200
    signed_in(owner).post(f"/en/delegations/consents/{consent.public_id}/withdraw/")
    assert client.post(renew_url(shop), {"declared": "on", "total": fee(shop)}).status_code == 403
    assert not Case.objects.exists()


def test_a_step_in_the_name_of_an_assistant_needs_an_open_consent(make_shop: Any, owner: User, clerk: User) -> None:
    case = services.submit_renewal(shop=make_shop(), applicant=owner)

    def forge() -> None:
        values = {"workflow": RENEWAL, "move": "withdraw", "from_state": "awaiting_payment", "to_state": "withdrawn"}
        with transaction.atomic():
            CaseEvent.objects.create(subject=case, at=NOON, actor_role="assistant", actor_key=clerk.key, data={"for": owner.key}, **values)

    with pytest.raises(IntegrityError, match="guard:no_consent"):
        forge()
    with pytest.raises(NotPermitted):
        advance(case, "withdraw", actor=actor_for(clerk, owner))
    without_guards()
    forge()
    assert CaseEvent.objects.filter(actor_role="assistant").exists()


@pytest.mark.parametrize(
    ("name", "attack"),
    [
        ("another_person", "UPDATE delegation_consent SET person_id = staff_id"),
        ("frozen", "UPDATE delegation_consent SET purpose = 'other'"),
        ("tries_taken_back", "UPDATE delegation_consent SET tries = tries - 1"),
        ("no_code", "UPDATE delegation_consent SET opened_at = code_until, open_until = '2030-01-01', code_cipher = ''"),
    ],
)
def test_the_database_refuses_to_bend_a_consent(name: str, attack: str, owner: User, clerk: User) -> None:
    row = ask(clerk)
    Consent.objects.filter(pk=row.pk).update(tries=2)

    def strike() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(attack)

    with pytest.raises(IntegrityError, match="guard:"):
        strike()
    without_guards()
    strike()


# --- Who looked ---------------------------------------------------------------------------------------------------------------


def test_a_person_reads_who_looked_when_why_and_from_which_office_and_no_name(make_shop: Any, owner: User) -> None:
    RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2"])
    user = OfficerFactory()
    assignment = desk_acts.assigned(user)
    desk_page = signed_in(user).get(f"/admin/desk/{assignment.place.case.public_id}/").content.decode()
    assert owner.email not in desk_page and owner.phone not in desk_page
    supervisor = StaffFactory(supervisor=True)
    ensure_roles()
    opened(signed_in(supervisor), f"/admin/accounts/user/{owner.pk}/change/", "purpose.complaint")
    page = main(signed_in(owner).get("/en/profile/looks/"))
    assert "study of a request" in page and "a complaint or a question of yours" in page
    assert "Supervisor" in page and "Officer" in page and user.branch.name_en in page
    case = assignment.place.case
    link = BeautifulSoup(page, "html.parser").find("a", href=f"/en/cases/{case.public_id}/")
    assert link is not None and link.get_text() == f"Request {case.reference}", "several requests are told apart"
    for name in (user.name_en, user.name_ar, supervisor.name_en, user.public_id):
        assert name not in page
    assert "Nobody has looked yet" in main(signed_in(PersonFactory(civil_id=THIRD)).get("/en/profile/looks/"))


def test_a_person_reads_the_office_of_the_time_also_when_the_employee_moved_since(owner: User, rules: None) -> None:
    user = StaffFactory(branch_id="HA")
    before, after = (Branch.objects.get(pk=code) for code in ("HA", "AH"))
    log_accesses(viewer=Actor("officer", user.key), seen=[(owner.key, "case:1"), (owner.key, "case:2")], purpose="review")
    User.objects.filter(pk=user.pk).update(branch=after)
    log_access(
        viewer=Actor("officer", StaffFactory(login="other", branch=None).key), person_key=owner.key, subject="case:3", purpose="review"
    )
    page = main(signed_in(owner).get("/en/profile/looks/"))
    assert page.count(before.name_en) == 2 and after.name_en not in page
    assert list(AccessLogEntry.objects.order_by("pk").values_list("viewer_branch", flat=True)) == ["HA", "HA", ""]
