"""Goal N4: whoever is disabled, loses a role or is signed out everywhere gets nothing more, on any device, nor by work under way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import translation

from municipality.accounts.models import User
from municipality.accounts.services import key_losses, second_factor
from municipality.kernel.actors import system
from municipality.places.models import Branch
from municipality.review.models import Assignment, QueueEntry
from municipality.review.services import queue
from tests import desk_acts, softkey
from tests.browsers import signed_in
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db
DEVICES = 20


def twenty(user: User) -> list[Client]:
    return [signed_in(user) for _ in range(DEVICES)]


def opened(clients: list[Client], address: str) -> int:
    """How many devices still get the page."""
    return sum(200 <= client.get(address).status_code < 300 for client in clients)


@pytest.fixture
def officer(make_shop: Any) -> User:
    return OfficerFactory()


def disable(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def dismiss(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_staff=False)


def change_password(user: User) -> None:
    user.set_password("another-long-password-9")
    user.save(update_fields=["password"])


def sign_out_everywhere(user: User) -> None:
    for session in Session.objects.all():
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()


@pytest.mark.parametrize("act", [disable, dismiss, change_password, sign_out_everywhere], ids=lambda act: act.__name__)
def test_no_device_of_a_member_of_staff_gets_another_page(act: Callable[[User], None], officer: User) -> None:
    clients = twenty(officer)
    assert opened(clients, "/admin/") == DEVICES, "the control: until then every device does"
    act(officer)
    assert opened(clients, "/admin/") == 0
    assert opened(clients, reverse("admin:desk_absence")) == 0


def test_a_role_that_is_taken_away_is_gone_with_the_next_request(officer: User) -> None:
    clients = twenty(officer)
    assert opened(clients, reverse("admin:desk_absence")) == DEVICES
    officer.groups.remove(Group.objects.get(name="officer"))
    assert opened(clients, reverse("admin:desk_absence")) == 0
    assert {client.post(reverse("admin:desk_next")).status_code for client in clients} == {403}


def test_a_case_on_the_desk_of_who_lost_the_role_is_closed_to_them_and_goes_back(officer: User, make_shop: Any, owner: Any) -> None:
    case = RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2"])
    held = desk_acts.assigned(officer)
    client, page = signed_in(officer), reverse("admin:desk_case", args=[case.public_id])
    assert client.get(page).status_code == 200 and queue.release_absent() == 0
    officer.groups.remove(Group.objects.get(name="officer"))
    assert client.get(page).status_code == 404
    answer = client.post(reverse("admin:desk_act", args=[case.public_id, "corrections"]), {"ask": "area_m2.area_differs", "step": "send"})
    assert answer.status_code == 404 and QueueEntry.objects.get(case=case).state == "held"
    assert queue.release_absent() == 1
    assert Assignment.objects.get(pk=held.pk).end_code == "left_office" and QueueEntry.objects.get(case=case).state == "waiting"


def test_what_a_disabled_officer_held_goes_back_and_nothing_more_is_done_in_their_name(officer: User, make_shop: Any, owner: Any) -> None:
    case = RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2"])
    held = desk_acts.assigned(officer)
    client = signed_in(officer)
    address = reverse("admin:desk_act", args=[case.public_id, "corrections"])
    disable(officer)
    assert client.post(address, {"ask": "area_m2.area_differs", "step": "send"}).status_code == 302
    case.refresh_from_db()
    assert case.state == "in_review" and QueueEntry.objects.get(case=case).state == "held"
    assert queue.release_absent() == 1
    assert Assignment.objects.get(pk=held.pk).end_code == "left_office"
    assert QueueEntry.objects.get(case=case).state == "waiting"


def test_an_officer_who_moves_to_another_branch_opens_the_cases_of_the_old_one_no_more(officer: User, make_shop: Any, owner: Any) -> None:
    case = RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2"])
    desk_acts.assigned(officer)
    client = signed_in(officer)
    address = reverse("admin:desk_case", args=[case.public_id])
    assert client.get(address).status_code == 200
    User.objects.filter(pk=officer.pk).update(branch=Branch.objects.get(pk="JA"))
    queue.release_absent()
    assert client.get(address).status_code == 404


def test_no_device_of_a_disabled_person_gets_another_page(rules: None, owner: User) -> None:
    clients = twenty(owner)
    assert opened(clients, "/en/my-shops/") == DEVICES
    disable(owner)
    assert opened(clients, "/en/my-shops/") == 0


def on_the_list(user: User) -> list[Client]:
    """Twenty devices as the sign-in leaves them: each on the list of the account's sessions."""
    clients = twenty(user)
    UserSession.objects.bulk_create(UserSession(user=user, ip="127.0.0.1", session_key=str(one.session.session_key)) for one in clients)
    return clients


def new_code_app(user: User) -> None:
    second_factor.enrol(user=user, actor=system("tests"))


def way_back_to_a_lost_passkey(user: User) -> None:
    operator = OfficerFactory(login="an-operator")
    operator.groups.add(Group.objects.get(name="operator"))
    key_losses.allow_recovery(key_losses.report_loss(user), opener=operator)


@pytest.mark.parametrize("change", [new_code_app, way_back_to_a_lost_passkey], ids=lambda change: change.__name__)
def test_a_change_of_factor_ends_every_device(change: Callable[[User], None], officer: User) -> None:
    clients = on_the_list(officer)
    assert opened(clients, "/admin/") == DEVICES
    change(officer)
    assert opened(clients, "/admin/") == 0


def test_a_removed_passkey_ends_every_other_device(officer: User) -> None:
    clients = on_the_list(officer)
    lost, _other = softkey.kept_by(officer, "lost"), softkey.kept_by(officer, "other")
    with translation.override("ar"):
        assert clients[0].post(reverse("accounts:passkey_remove", args=[lost.pk])).status_code == 302
    assert opened(clients, "/admin/") == 1


@pytest.mark.parametrize("change", [new_code_app, way_back_to_a_lost_passkey], ids=lambda change: change.__name__)
def test_without_ending_the_sessions_every_device_stays(change: Callable[[User], None], officer: User, monkeypatch: Any) -> None:
    """The red control."""
    for module in (second_factor, key_losses):
        monkeypatch.setattr(module, "end_all_of", lambda user: 0)
    clients = on_the_list(officer)
    change(officer)
    assert opened(clients, "/admin/") == DEVICES
