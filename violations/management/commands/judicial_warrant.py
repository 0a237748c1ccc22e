"""`manage.py judicial_warrant LOGIN`: enter or end the status of an inspector as judicial officer."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError, transaction

from municipality.accounts.models import User
from municipality.kernel.actors import Actor
from municipality.places.models import Branch
from violations.models import JudicialWarrant, Team
from violations.services import warrants

OPERATOR = Actor("operator", "system:console")
NEEDED = ("team", "badge", "decision", "decision_day", "first_day", "last_day", "scope")


class Command(BaseCommand):
    help = (
        "Enter the decision that makes an inspector (role inspector) a judicial officer, or --end it on a day. A team that does not exist "
        "is made where its branch and names are given. The audit log has an event of each."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("login", help="the inspector's sign-in name")
        parser.add_argument("--team", metavar="CODE")
        parser.add_argument("--team-branch", metavar="CODE", help="for a new team: the code of its branch")
        parser.add_argument("--team-ar", default="", help="for a new team: its name in Arabic")
        parser.add_argument("--team-en", default="", help="for a new team: its name in English")
        parser.add_argument("--womens", action="store_true", help="for a new team: one that inspects premises for women")
        parser.add_argument("--badge", metavar="NUMBER")
        parser.add_argument("--decision", metavar="NUMBER")
        parser.add_argument("--decision-day", type=dt.date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--first-day", type=dt.date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--last-day", type=dt.date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--scope", nargs="+", metavar="CODE", help="the offences of the decision, or how their codes begin: SHP CLN-02")
        parser.add_argument("--end", type=dt.date.fromisoformat, metavar="YYYY-MM-DD", help="the last day of the present decision")

    def handle(self, *args: Any, login: str, **options: Any) -> None:
        users = User.objects.filter(login=login, is_staff=True)
        user = (users if options["end"] else users.filter(groups__name="inspector")).first()  # the role may be gone already
        if user is None:
            raise CommandError(f"No member of staff with the role inspector has the sign-in name {login}.")
        if options["end"]:
            count = warrants.end(user=user, last_day=options["end"], actor=OPERATOR)
            self.stdout.write(f"{count} decisions end on {options['end']}.")
            if later := JudicialWarrant.objects.filter(user=user, first_day__gt=options["end"]).count():
                self.stderr.write(f"{later} decisions that begin after that day stand.")
            return
        if missing := [f"--{name.replace('_', '-')}" for name in NEEDED if not options[name]]:
            raise CommandError(f"Missing: {', '.join(missing)}.")
        try:
            with transaction.atomic():
                warrant = warrants.enter(
                    user=user,
                    team=self._team(options),
                    badge_no=options["badge"],
                    decision_no=options["decision"],
                    decision_on=options["decision_day"],
                    scope=options["scope"],
                    first_day=options["first_day"],
                    last_day=options["last_day"],
                    actor=OPERATOR,
                )
        except IntegrityError as error:
            raise CommandError("The badge has a decision from that day on, or the last day is before the first.") from error
        self.stdout.write(f"{login} is a judicial officer of {warrant.team_id} from {warrant.first_day} to {warrant.last_day}.")

    def _team(self, options: dict[str, Any]) -> Team:
        team = Team.objects.filter(pk=options["team"]).first()
        if team is not None:
            return team
        branch = Branch.objects.filter(pk=options["team_branch"] or "").first()
        if branch is None or not (options["team_ar"] and options["team_en"]):
            teams = ", ".join(Team.objects.order_by("pk").values_list("pk", flat=True)) or "none"
            raise CommandError(f"A new team needs --team-branch, --team-ar and --team-en. Teams: {teams}.")
        return Team.objects.create(
            code=options["team"], branch=branch, name_ar=options["team_ar"], name_en=options["team_en"], is_womens=options["womens"]
        )
