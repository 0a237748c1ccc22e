"""Give an officer a second factor."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from municipality.accounts.models import User
from municipality.accounts.services import second_factor
from municipality.kernel.actors import Actor


class Command(BaseCommand):
    help = (
        "Give an officer a new second factor and print its secret once. The former one stops working and the officer's "
        "sessions end. Hand the secret over in person; the audit log has an event of it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("login", help="the officer's login name")

    def handle(self, *args: Any, login: str, **options: Any) -> None:
        user = User.objects.filter(login=login, is_staff=True).first()
        if user is None:
            raise CommandError(f"No officer has the login name {login}.")
        secret, address = second_factor.enrol(user=user, actor=Actor("operator", "system:console"))
        self.stdout.write(f"Secret:  {secret}")
        self.stdout.write(f"Address: {address}")
        self.stdout.write("Neither is shown again.")
