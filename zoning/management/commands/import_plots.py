"""Load a file of plots on the command line, with the checks of the pages; a second person releases it there."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from municipality.accounts.models import User
from municipality.imports import services as imports
from municipality.imports.sheets import NotReadable
from municipality.kernel.errors import Refused
from zoning.imports.columns import MAX_BYTES
from zoning.imports.problems import LINE

MOST_PRINTED = 100  # rows with errors; the page has all of them


class Command(BaseCommand):
    help = "Read a file of plots (docs/zoning.md) without effect, and show what it would change. A second person releases it on its page."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--by", dest="login", required=True, help="login of the clerk of plots who loads it")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(login=options["login"], is_staff=True, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active member of staff with the login {options['login']}.")
        try:
            with options["file"].open("rb") as source:
                content = source.read(MAX_BYTES + 1)
            file = imports.load("plots", content=content, name=options["file"].name, loaded_by=user)
        except NotReadable as error:
            raise CommandError(error.sentence) from error
        except Refused as refusal:
            raise CommandError(str(refusal.sentence) or refusal.code) from refusal
        except OSError as error:
            raise CommandError(str(error)) from error
        while imports.check(file_id=file.pk, seconds=0):
            file.refresh_from_db()
            self.stdout.write(f"{file.read} of {file.lines} plots read")
        file.refresh_from_db()
        for line in imports.rows(file).filter(outcome="wrong").order_by("line")[:MOST_PRINTED]:
            for column, code in line.problems:
                self.stdout.write(f"row {line.line} {line.number}, {column or 'shape'}: {LINE[code]}")
        counts = imports.tally(file)
        self.stdout.write(f"{counts['add']} new, {counts['change']} changed, {counts['same']} the same, {counts['wrong']} with errors.")
        self.stdout.write(f"{counts['overlap']} overlaps, {counts['gap']} gaps, {counts['repaired']} shapes repaired.")
        address = f"{settings.PORTAL_URL.rstrip('/')}{reverse('admin:plot_file', args=[file.public_id])}"
        self.stdout.write(f"Nothing has come in yet. A second person releases it at {address}")
