"""The status of inspectors begins and ends by a command of whoever operates the portal."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.kernel.errors import NotPermitted
from municipality.places.seeds import load_places
from tests.factories.accounts import StaffFactory
from violations import queries
from violations.models import JudicialWarrant, Team

pytestmark = pytest.mark.django_db

TEAM = ("--team", "KU-1", "--team-branch", "KU", "--team-ar", "فريق", "--team-en", "Team")
DAYS = ("--decision-day", "2026-01-04", "--first-day", "2026-01-05", "--last-day", "2028-01-04")
DECISION = ("--badge", "0042", "--decision", "ق 1/2026", *DAYS, "--scope", "SHP", "CLN-02")


@pytest.fixture
def inspector() -> User:
    load_places()
    user: Any = StaffFactory(login="salem", groups=["inspector"])
    return user  # type: ignore[no-any-return]


def test_an_inspector_is_in_office_from_the_first_day_to_the_last(inspector: User) -> None:
    call_command("judicial_warrant", "salem", *TEAM, *DECISION)
    warrant = queries.warrant_of(inspector, dt.date(2026, 1, 5))
    assert (warrant.team, warrant.scope) == (Team.objects.get(pk="KU-1"), ["SHP", "CLN-02"])
    assert queries.warrant_covers(warrant, "SHP-01") and not queries.warrant_covers(warrant, "CLN-01")
    call_command("judicial_warrant", "salem", "--end", "2026-06-30")
    with pytest.raises(NotPermitted, match="warrant_ended"):
        queries.warrant_of(inspector, dt.date(2026, 7, 1))
    actions = AuditEvent.objects.filter(subject=inspector.key).order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["warrant.entered", "warrant.ended"]


def test_the_status_ends_also_once_the_role_is_gone(inspector: User, capsys: Any) -> None:
    call_command("judicial_warrant", "salem", *TEAM, *DECISION)
    later = ("--first-day", "2028-01-05", "--last-day", "2029-01-04", "--decision-day", "2026-02-01")
    call_command("judicial_warrant", "salem", *TEAM, *DECISION, *later)
    inspector.groups.clear()
    call_command("judicial_warrant", "salem", "--end", "2026-06-30")
    with pytest.raises(NotPermitted, match="warrant_ended"):
        queries.warrant_of(inspector, dt.date(2026, 7, 1))
    assert "1 decisions that begin after that day stand." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("login", "arguments", "words"),
    [
        ("nobody", (*TEAM, *DECISION), "No member of staff with the role inspector"),
        ("salem", TEAM, "Missing: --badge"),
        ("salem", ("--team", "KU-9", *DECISION), "A new team needs"),
        ("salem", (*TEAM, *DECISION, "--last-day", "2025-01-01"), "last day is before the first"),
    ],
)
def test_what_cannot_be_entered_is_said(inspector: User, login: str, arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("judicial_warrant", login, *arguments)
    assert not JudicialWarrant.objects.exists() and not Team.objects.exists()
