"""Accounts of staff begin, change and end by a command of whoever operates the portal."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.test import Client

from municipality.accounts.models import SuperuserAlarm, User
from municipality.audit.models import AuditEvent
from municipality.places.seeds import load_places
from tests.factories.accounts import StaffFactory
from tests.municipality.accounts.signing_in import CODE, DOOR, code_now

pytestmark = pytest.mark.django_db

NAMES = ("--name-ar", "هدى", "--name-en", "Huda")


@pytest.fixture
def branches() -> None:
    load_places()


def opened(capsys: Any, *arguments: str) -> tuple[User, str]:
    """A new account and its password, as printed."""
    call_command("staff_account", "huda", *NAMES, *arguments)
    return User.objects.get(login="huda"), capsys.readouterr().out.split()[1]


def enter(client: Client, password: str, capsys: Any) -> None:
    """Sign in through the staff door, with a second factor that was just made."""
    call_command("staff_totp", "huda")
    secret = capsys.readouterr().out.split()[1]
    client.post(DOOR, {"login": "huda", "password": password})
    client.post(CODE, {"code": code_now(secret)})


def actions(user: User) -> list[str]:
    return list(AuditEvent.objects.filter(subject=user.key).order_by("pk").values_list("action", flat=True))


def test_a_new_account_signs_in_with_its_roles_and_its_branch(capsys: Any, client: Client, branches: None) -> None:
    user, password = opened(capsys, "--role", "auditor", "--role", "operator", "--branch", "KU")
    assert set(user.groups.values_list("name", flat=True)) == {"auditor", "operator"} and user.branch_id == "KU"
    enter(client, password, capsys)
    assert client.session["_auth_user_id"] == str(user.pk)
    assert actions(user)[:2] == ["accounts.staff_opened", "accounts.second_factor_enrolled"]
    assert password not in repr(list(AuditEvent.objects.values()))


def test_roles_are_replaced_and_what_is_not_named_stays(capsys: Any, branches: None) -> None:
    user, _password = opened(capsys, "--role", "auditor", "--branch", "KU")
    call_command("staff_account", "huda", "--role", "officer")
    user.refresh_from_db()
    assert list(user.groups.values_list("name", flat=True)) == ["officer"] and user.branch_id == "KU"
    event = AuditEvent.objects.get(action="accounts.staff_changed")
    assert event.data == {"roles": ["officer"], "branch": "KU"}


def test_a_closed_account_has_no_session_and_opens_none_until_it_is_opened_again(capsys: Any, client: Client) -> None:
    user, password = opened(capsys)
    enter(client, password, capsys)
    assert UserSession.objects.filter(user=user).exists()
    call_command("staff_account", "huda", "--close")
    assert not UserSession.objects.filter(user=user).exists()
    assert client.get("/admin/").status_code == 302 and authenticate(username="huda", password=password) is None
    call_command("staff_account", "huda", "--reopen")
    assert authenticate(username="huda", password=password) == user
    assert actions(user)[-2:] == ["accounts.staff_closed", "accounts.staff_reopened"]


def test_an_account_is_not_opened_again_with_the_staff_number_of_a_colleague(capsys: Any) -> None:
    user, _password = opened(capsys)
    User.objects.filter(pk=user.pk).update(staff_number="601")
    call_command("staff_account", "huda", "--close")
    StaffFactory(login="salem", staff_number="601")
    with pytest.raises(CommandError, match="staff number"):
        call_command("staff_account", "huda", "--reopen")
    user.refresh_from_db()
    assert not user.is_active


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "needs --name-ar and --name-en"),
        (("--close",), "Nobody has the sign-in name"),
        ((*NAMES, "--role", "king"), "There is no role king. Roles: auditor, "),
        ((*NAMES, "--branch", "XX"), "There is no branch with the code XX. "),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("staff_account", "huda", *arguments)
    assert not User.objects.filter(login="huda").exists()


def test_djangos_own_command_makes_a_superuser_with_an_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a-long-Password-9")
    call_command("createsuperuser", "--noinput", "--login", "boss", "--name_ar", "رئيس", "--name_en", "Boss")
    boss = User.objects.get(login="boss")
    assert boss.is_staff and boss.is_superuser and SuperuserAlarm.objects.get().user == boss
