"""`manage.py make_seal`: create the demo's seal, unless it exists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from municipality.documents.seal import ROOT_FILE, make_seal
from municipality.documents.signing import FileKeySigner, SignerMissing


class Command(BaseCommand):
    help = "Makes the demo's root and seal certificate beside SIGNER_KEY_FILE, unless they are there."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("A seal without legal force is made for the demo only; install the municipality's own seal.")
        key_file = Path(settings.SIGNER_KEY_FILE)
        try:
            created = make_seal(key_file, settings.SIGNER_PASSPHRASE)
            subject = FileKeySigner(key_file, settings.SIGNER_PASSPHRASE).certificate_subject
        except (SignerMissing, ValueError, OSError) as failure:
            raise CommandError(str(failure)) from failure
        self.stdout.write(
            f"{'Made' if created else 'Found'} the seal {key_file} ({subject}); checkers trust {key_file.with_name(ROOT_FILE)}"
        )
