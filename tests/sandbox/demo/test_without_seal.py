"""A machine without the seal: the load goes through, the newest licences wait and come later."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from licensing.health.states import RENEWAL, RenewalState
from municipality.cases.models import Case
from municipality.documents.models import Document
from municipality.jobs.models import Job, JobState
from municipality.jobs.services import run
from municipality.kernel import clock
from tests.sandbox.demo.conftest import load


@pytest.mark.django_db
def test_without_the_seal_the_newest_licences_wait_and_are_issued_once_it_is_there(settings: Any, tmp_path: Path) -> None:
    settings.DEMO, settings.VAR_DIR = True, tmp_path
    settings.SIGNER_KEY_FILE = str(tmp_path / "seal" / "seal.p12")
    assert "4 of them wait" in load()
    waiting = Job.objects.filter(kind="licensing.issue_renewal", state=JobState.ON_HOLD)
    acts = Case.objects.filter(state=RenewalState.APPROVED).exclude(service=RENEWAL).count()
    assert waiting.count() == Case.objects.filter(state=RenewalState.APPROVED).count() == 5 + acts > 4
    assert not Document.objects.filter(kind="health_licence", state="active").exists()
    call_command("make_seal", stdout=StringIO())
    for job in waiting.filter(due_at__lte=clock.now()):
        assert run(job.pk)
    assert Document.objects.filter(kind="health_licence", state="active").count() == 5 + acts
    assert not Case.objects.filter(state=RenewalState.APPROVED).exists()
