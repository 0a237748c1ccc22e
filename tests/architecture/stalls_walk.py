"""The steps that `test_adding_a_service` runs in a process of its own, where the app `stalls` is installed."""

from __future__ import annotations

import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse


def build() -> None:
    """Migrations of the new app, all migrations, places and the rules."""
    from municipality.places.seeds import load_places
    from tests.factories.rulebook import publish_rulebook

    call_command("makemigrations", "stalls", verbosity=0)
    call_command("migrate", verbosity=0)
    call_command("makemigrations", "stalls", check=True, dry_run=True, verbosity=0)
    load_places()
    publish_rulebook()


def home() -> None:
    """The service stands on the home page, in both languages."""
    for language, name in {"en": "Market stall permit", "ar": "تصريح بسطة في سوق"}.items():
        page = Client().get(f"/{language}/").content.decode()
        assert name in page and f"/{language}/stalls/" in page, f"the home page does not show the service in {language}"


def message() -> None:
    """The message is complete in both languages."""
    from municipality.notifications.registry import MESSAGE_KINDS, check

    check(MESSAGE_KINDS["stalls.permit_issued"])


def walk() -> None:
    """A person asks, an officer decides, the permit is issued; nobody else sees it."""
    from django.apps import apps
    from django.db import IntegrityError, transaction

    from municipality.cases.models import Case
    from municipality.jobs.models import Job, JobState
    from municipality.jobs.services import retry, run
    from municipality.kernel import clock
    from municipality.notifications.models import Message
    from municipality.places.models import Branch
    from municipality.review import queries as review
    from municipality.review.services import desk, queue
    from municipality.review.services.staff import give_skill
    from script.support.system import has_pango
    from tests.browsers import signed_in
    from tests.factories.accounts import PersonFactory, StaffFactory

    permits = apps.get_model("stalls", "Permit").objects
    branch = Branch.objects.get(pk="HA")
    salim, noura = PersonFactory(), PersonFactory(noura=True)
    client, stranger, asked = signed_in(salim), signed_in(noura), {"branch": branch.pk, "stall": 7}
    page = client.get("/en/stalls/").content.decode()
    assert branch.name_en in page and branch.name_ar not in page
    assert client.post("/en/stalls/", {"branch": branch.pk}).status_code == 400
    answer = client.post("/en/stalls/", asked)
    case = Case.objects.get()
    address = f"/en/cases/{case.public_id}/"
    assert answer["Location"] == address and case.state == "in_review" and case.due_on > clock.today()
    assert "With an officer of the branch" in client.get(address).content.decode()
    refused = stranger.post("/en/stalls/", asked)
    assert refused.status_code == 400 and "This stall is taken" in refused.content.decode()

    officer = StaffFactory(groups=["officer"], branch=branch)
    give_skill(officer=officer, code="stalls", given_by=StaffFactory(groups=["supervisor"], branch=branch))
    assignment = queue.next_case(officer=officer)
    assert assignment is not None and assignment.place.case == case, "the queue hands out no case"
    assert "تصريح بسطة في سوق" in signed_in(officer).get(reverse("admin:desk_case", args=[case.public_id])).content.decode()
    for line in review.checklist(case):
        desk.check_all(assignment=assignment, answers={line.check.code: "yes"})
    desk.accept(assignment=assignment)
    assert "Approved" in client.get(address).content.decode()

    job = Job.objects.filter(kind="stalls.issue_permit").first()
    assert job is not None, "no job is enqueued"
    run(job.pk)  # the seal is away
    job.refresh_from_db()
    case.refresh_from_db()
    assert (job.state, case.state, case.is_open) == (JobState.ON_HOLD, "approved", True), job.last_error
    if has_pango():
        from municipality.documents.seal import make_seal

        make_seal(Path(settings.SIGNER_KEY_FILE), settings.SIGNER_PASSPHRASE)
        retry(job.pk)
        run(job.pk)
        job.refresh_from_db()
        case.refresh_from_db()
        assert (job.state, case.state, case.is_open) == (JobState.DONE, "issued", False), job.last_error
        document = permits.get().document
        file = f"/documents/{document.number}.pdf"
        assert file in client.get(address).content.decode() and client.get(file).content.startswith(b"%PDF")
        assert stranger.get(file).status_code == 404
        assert "Market stall permit" in Client().get(f"/verify/{document.code}", headers={"Accept-Language": "en"}).content.decode()
        told = Message.objects.get(person=salim, kind="stalls.permit_issued")
        assert document.number in told.title_en and document.number in told.title_ar and told.title_ar != told.title_en
        assert stranger.post("/en/stalls/", asked).status_code == 400
    assert stranger.get(address).status_code == 404
    try:
        with transaction.atomic():
            permits.update(stall=8)
    except IntegrityError:
        pass
    else:
        raise AssertionError("the database lets a permit be changed")
    call_command("invariants")


if __name__ == "__main__":
    django.setup()
    for step in sys.argv[1:]:
        {"build": build, "home": home, "message": message, "walk": walk}[step]()
