"""`manage.py load_rulebook --maker LOGIN`: load activities, and first editions as drafts."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from municipality.accounts.models import User
from municipality.rulebook.seeds import draft_rules, load_activities


class Command(BaseCommand):
    help = "Write activities and unpublished first editions of fees, limits and conditions, made by a member of staff."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--maker", required=True, metavar="LOGIN", help="who answers for the drafts; cannot publish them")

    def handle(self, *args: Any, **options: Any) -> None:
        maker = User.objects.filter(login=options["maker"], is_staff=True, is_active=True).first()
        if maker is None:
            raise CommandError(f"There is no active member of staff with the login {options['maker']!r}.")
        activities = load_activities()
        drafts = draft_rules(maker)
        self.stdout.write(f"{activities} activities; {len(drafts)} new drafts: {', '.join(map(str, drafts)) or 'none'}.")
        if drafts:
            self.stdout.write("A second person reads, corrects and publishes each of them.")
