"""Teams of inspectors, and the staff of the office."""

from __future__ import annotations

import datetime as dt

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.places.models import Branch
from municipality.review.services import staff
from sandbox.demo.loading import Loading
from violations.models import JudicialWarrant, Team
from violations.services.objections import SKILL

SCOPE = ["CLN", "SHP", "ADV", "BLD", "STL", "VND"]


def teams(loading: Loading) -> dict[tuple[str, bool], list[JudicialWarrant]]:
    """(branch, is women's team) → inspectors."""
    inspectors: dict[tuple[str, bool], list[JudicialWarrant]] = {}
    for branch in Branch.objects.order_by("pk"):
        users = User.objects.filter(groups__name="inspector", branch=branch).order_by("login")
        for user in users:
            womens = user.login.startswith("inspector2.")
            team, _made = Team.objects.get_or_create(
                code=f"{branch.pk}-{'2' if womens else '1'}",
                defaults={
                    "branch": branch,
                    "name_ar": f"{'الفريق النسائي' if womens else 'فريق التفتيش'}، {branch.name_ar}",
                    "name_en": f"{'Women’s team' if womens else 'Inspection team'}, {branch.name_en}",
                    "is_womens": womens,
                },
            )
            warrant = JudicialWarrant.objects.create(
                user=user,
                team=team,
                badge_no=f"{user.staff_number.zfill(4)}",
                decision_no=f"ق {100 + int(user.staff_number)}/{loading.today.year - 2}",
                decision_on=loading.day(-700),
                scope=SCOPE,
                first_day=loading.day(-700),
                last_day=loading.day(400),
            )
            inspectors.setdefault((branch.pk, womens), []).append(warrant)
    with clock.at(loading.anchor - dt.timedelta(days=400)):
        supervisors = {user.branch_id: user for user in User.objects.filter(groups__name="supervisor").order_by("pk")}
        for officer in User.objects.filter(groups__name="officer", login__startswith="officer2.").order_by("login"):
            staff.give_skill(officer=officer, code=SKILL, given_by=supervisors[officer.branch_id])
    return inspectors


def office_staff() -> dict[str, User]:
    """The clerk, the authorities of two branches, and the two court clerks."""
    clerk = User.objects.get(groups__name="violation_clerk")
    authorities = {user.branch_id: user for user in User.objects.filter(groups__name="violation_authority").order_by("pk")}
    court, court_second = User.objects.filter(groups__name="court_clerk").order_by("login")
    return {
        "violation_clerk": clerk,
        "violation_authority": authorities[clerk.branch_id],
        "elsewhere": authorities["KU"],
        "court": court,
        "court_second": court_second,
    }
