"""`manage.py look_at_seal`: check the token with the key of the seal; `--try-again` after its PIN was refused."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from municipality.documents import pkcs11, signing


class Command(BaseCommand):
    help = "Opens the seal's token with the PIN on file and says whose certificate is in it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--try-again", action="store_true", help="send a PIN once more that the token refused")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.SIGNER != signing.TOKEN:
            raise CommandError(f"The seal is not kept in a token: SIGNER is {settings.SIGNER}.")
        if options["try_again"]:
            pkcs11.try_again()
        try:
            subject = signing.signer().certificate_subject
        except signing.SignerMissing as missing:
            raise CommandError(str(missing)) from missing
        self.stdout.write(f"The token seals as {subject}.")
