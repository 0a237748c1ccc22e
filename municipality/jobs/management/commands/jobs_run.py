"""`manage.py jobs_run`: run due jobs in this process, without a worker."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand
from django.db import IntegrityError

from municipality.audit.services import sequence
from municipality.jobs import services
from municipality.jobs.models import Job, JobState


class Command(BaseCommand):
    help = "Carries out the jobs that are due, in this process: once over, or until none is due."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--until-empty", action="store_true", help="go on while jobs that were carried out enqueue others")
        parser.add_argument("--rounds", type=int, default=100, help="with --until-empty: at most this many rounds (default 100)")

    def handle(self, *args: Any, until_empty: bool, rounds: int, **options: Any) -> None:
        done = 0
        for _ in range(rounds if until_empty else 1):
            ran = sum(services.run(job_id) for job_id, _queue in services.due())
            done += ran
            if not ran:
                break
        with suppress(IntegrityError):  # a worker numbered the same acts; its numbers stand
            sequence()
        waiting = Job.objects.exclude(state__in=[JobState.DONE, JobState.DEAD]).count()
        dead = Job.objects.filter(state=JobState.DEAD).count()
        self.stdout.write(f"{done} carried out, {waiting} waiting, {dead} dead")
