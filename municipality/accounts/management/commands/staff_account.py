"""`manage.py staff_account LOGIN`: open, change or close the account of a member of staff."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from municipality.accounts.models import User
from municipality.accounts.services import staff
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.places.models import Branch

OPERATOR = Actor("operator", "system:console")


class Command(BaseCommand):
    help = (
        "Open the account of a member of staff and print its password once (afterwards: staff_totp LOGIN), change its roles and "
        "branch, or close it, which ends its sessions. The audit log has an event of each."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("login", help="the sign-in name")
        parser.add_argument("--name-ar", default="", help="name in Arabic, for a new account")
        parser.add_argument("--name-en", default="", help="name in English, for a new account")
        parser.add_argument("--role", action="append", dest="roles", metavar="ROLE", help="a role; repeat it for several. Replaces all")
        parser.add_argument("--branch", metavar="CODE", help="code of the branch; an empty text for none")
        parser.add_argument("--close", action="store_true", help="the member of staff left")
        parser.add_argument("--reopen", action="store_true", help="the member of staff is back")

    @no_translations
    def handle(self, *args: Any, login: str, **options: Any) -> None:
        user = User.objects.filter(login=login).first()
        try:
            if user is None:
                self._open(login, options)
            elif not user.is_staff:
                raise CommandError(f"{login} is not a member of staff.")
            elif options["close"]:
                count = staff.close_account(user=user, actor=OPERATOR)
                self.stdout.write(f"{login} is closed; {count} sessions ended.")
            else:
                self._change(user, options)
        except Refused as refusal:
            roles = ", ".join(Group.objects.order_by("name").values_list("name", flat=True))
            branches = ", ".join(Branch.objects.order_by("pk").values_list("pk", flat=True))
            raise CommandError(f"{refusal.sentence} Roles: {roles}. Branches: {branches}.") from refusal

    def _open(self, login: str, options: dict[str, Any]) -> None:
        if options["close"] or options["reopen"] or not (options["name_ar"] and options["name_en"]):
            raise CommandError(f"Nobody has the sign-in name {login}. A new account needs --name-ar and --name-en.")
        _user, password = staff.open_account(
            login=login,
            name_ar=options["name_ar"],
            name_en=options["name_en"],
            branch=options["branch"] or "",
            roles=options["roles"] or [],
            actor=OPERATOR,
        )
        self.stdout.write(f"Password: {password}")
        self.stdout.write(f"It is not shown again. Next: staff_totp {login}")

    def _change(self, user: User, options: dict[str, Any]) -> None:
        if options["reopen"]:
            staff.reopen_account(user=user, actor=OPERATOR)
        if options["roles"] is not None or options["branch"] is not None:
            staff.change_account(user=user, branch=options["branch"], roles=options["roles"], actor=OPERATOR)
        roles = ", ".join(user.groups.order_by("name").values_list("name", flat=True)) or "no role"
        state = "open" if user.is_active else "closed"
        self.stdout.write(f"{user.login}: {roles}; branch {user.branch_id or 'none'}; {state}.")
