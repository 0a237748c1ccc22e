"""Load a CSV of legacy fines on the command line, with the checks and the two people of the pages."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from municipality.accounts.models import User
from municipality.imports import services as imports
from municipality.imports.models import ImportFile
from municipality.kernel.errors import Refused
from violations.legacy_fines.problems import LINE, NotReadable


class Command(BaseCommand):
    help = "Read a CSV of open paper fines (docs/paper-fines.md) and show its errors; with --release ID a second person lets it in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="?")
        parser.add_argument("--release", metavar="ID", help="the file to release, as its dry run printed it")
        parser.add_argument("--as", dest="login", required=True, help="login of the member of staff who does this")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(login=options["login"], is_staff=True, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active member of staff with the login {options['login']}.")
        if bool(options["release"]) == bool(options["file"]):
            raise CommandError("Give either a file to read or --release ID.")
        try:
            if options["release"]:
                self._release(options["release"], user)
            else:
                self._read(options["file"], user)
        except NotReadable as error:
            raise CommandError(error.sentence) from error
        except Refused as refusal:
            raise CommandError(str(refusal.sentence) or refusal.code) from refusal
        except OSError as error:
            raise CommandError(str(error)) from error

    def _read(self, path: Path, user: User) -> None:
        file = imports.load("paper", content=path.read_bytes(), name=path.name, loaded_by=user)
        while imports.check(file_id=file.pk, seconds=0):
            file.refresh_from_db()
            self.stdout.write(f"{file.read} of {file.lines} lines read")
        for line in imports.rows(file).filter(outcome="wrong").order_by("line").iterator():
            for column, code in line.problems:
                self.stdout.write(f"line {line.line}, {column or 'whole line'}: {LINE[code]}")
        file.refresh_from_db()
        counts = imports.tally(file)
        self.stdout.write(f"{counts['add']} good and new, {counts['same']} known, {counts['wrong']} with errors.")
        self.stdout.write(f"Nothing has come in yet. A second person releases it: load_paper_fines --release {file.public_id} --as LOGIN")

    def _release(self, public_id: str, user: User) -> None:
        file = ImportFile.objects.filter(kind="paper", public_id=public_id).first()
        if file is None:
            raise CommandError(f"There is no file {public_id}.")
        imports.release(file=file, released_by=user)
        while imports.apply_released(file_id=file.pk, seconds=0):
            file.refresh_from_db()
            self.stdout.write(f"{file.added} carried over, up to line {file.taken_line}")
        file.refresh_from_db()
        self.stdout.write(f"{file.added} carried over.")
