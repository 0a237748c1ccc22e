"""`manage.py demo`: load the data of the demo, and print its people."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from municipality.kernel import civil_id
from sandbox.demo import loading, payments
from sandbox.demo.models import Anchor
from sandbox.demo.platform import people, staff
from sandbox.demo.platform.accounts import PEOPLE_FILE
from sandbox.demo.registry import STEPS
from sandbox.demo.shops import commercial_register as commercial
from sandbox.demo.shops import scenarios

ROW_FORMAT = "{:<22} {:<20} {:<13} {}"


class Command(BaseCommand):
    help = "Load the demo's data once, or print its people. Works with PORTAL_DEMO=1 only."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--small", action="store_true", help="300 shops instead of 3,000")
        parser.add_argument("--people", action="store_true", help="print who can sign in and what their shops show; load nothing")
        parser.add_argument(
            "--anchor", metavar="INSTANT", help="count every date from this instant (ISO 8601) instead of now; first load only"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        require_demo()
        if options["people"]:
            self._people()
            return
        done = loading.load(
            STEPS,
            scale=loading.SMALL if options["small"] else loading.FULL,
            echo=lambda line: self.stdout.write(f"  {line}"),
            at=_instant(options["anchor"]),
        )
        path = settings.VAR_DIR / PEOPLE_FILE
        if not path.exists():
            people.write_for_simulator(path, people.identities())
        licences = settings.VAR_DIR / commercial.FILE
        if not licences.exists():
            commercial.write_for_simulator(licences)
        paid = settings.VAR_DIR / payments.FILE
        if not paid.exists():
            payments.write_for_simulator(paid)
        anchor = Anchor.objects.get(key=loading.ANCHOR).at
        self.stdout.write(
            f"Demo data loaded; its dates count from {anchor:%Y-%m-%d}." if done else f"Demo data of {anchor:%Y-%m-%d} is in place."
        )

    def _people(self) -> None:
        self.stdout.write("People (sign in with Kuwait Mobile ID; the simulator knows them)")
        shown_scenarios = {placed.owner_en: placed.scenario.shows[1] for placed in scenarios.placed()}
        for identity in people.identities():
            person = identity.person
            shows = shown_scenarios.get(
                person.name_en,
                "many shops and past requests" if person.role == "owner" else "signs for a company with many shops",
            )
            if person.scenario == scenarios.EVERYTHING:
                shows = "one shop of each of these"
            self.stdout.write(ROW_FORMAT.format(person.name_en, person.name_ar, civil_id.mask(identity.civil_id), shows))
        self.stdout.write("\nStaff (login, password, present code of the second factor, secret of the authenticator app)")
        for member in staff.STAFF:
            secrets = f"{staff.password(member)}  {staff.present_code(member)}  {staff.second_factor(member)}"
            self.stdout.write(ROW_FORMAT.format(member.name_en, member.name_ar, member.login, secrets))


def require_demo() -> None:
    """Raises CommandError under any settings but those of the demo, or of tests that ask for it by TESTING_DEMO."""
    if not (settings.DEMO or getattr(settings, "TESTING_DEMO", False)):
        raise CommandError("Demo data is made up and is loaded only by the demo settings (PORTAL_DEMO=1).")


def _instant(text: str | None) -> dt.datetime | None:
    if text is None:
        return None
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--anchor: {error}") from error
    if instant.tzinfo is None:
        raise CommandError("--anchor needs a time zone, such as 2026-11-24T09:00+03:00.")
    return instant
