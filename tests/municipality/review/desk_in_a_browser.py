"""The desk as a member of staff presses it: addresses, a case on the desk, a form that is shown before it is sent."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from municipality.cases.models import Case
from municipality.notifications.models import Message
from municipality.review.models import Assignment
from municipality.review.models.desk import ANSWERS
from tests.browsers import signed_in
from tests.municipality.review import permits
from tests.municipality.review.permits import Office

NEXT, BOARD, SIGN = "/admin/desk/next/", "/admin/desk/board/", "/admin/desk/sign/"
PEOPLE, CONFLICTS, OWN = "/admin/desk/people/", "/admin/desk/conflicts/", "/admin/desk/absence/"
NOTES = {"note_ar": "الطابق الثاني", "note_en": "Second floor"}
EVERY_YES = {f"answer.{code}": "yes" for code in ANSWERS}
ONE_ASKED = {
    "ask": ["lease.file_unreadable"],
    "note_ar.lease.file_unreadable": "الصفحة الثانية",
    "note_en.lease.file_unreadable": "Page two",
}


def case_url(case: Case, verb: str = "") -> str:
    return reverse("admin:desk_act", args=[case.public_id, verb]) if verb else reverse("admin:desk_case", args=[case.public_id])


def assigned(office: Office) -> tuple[Client, Case]:
    """An officer in a browser with one case on the desk."""
    permits.sent(office.applicant)
    client = signed_in(office.officer)
    response = client.post(NEXT)
    case = Assignment.objects.get(officer=office.officer, ended_at=None).place.case
    assert (response.status_code, response["Location"]) == (302, case_url(case))
    return client, case


def text_of(response: Any) -> str:
    return str(response.content.decode())


def send(client: Client, url: str, data: dict[str, Any]) -> Any:
    """Ask for the preview, then send exactly what it shows."""
    preview = client.post(url, data)
    assert preview.status_code == 200, text_of(preview)[:2000]
    return client.post(url, {**data, "step": "send", "seen": preview.context_data["seal"]})


def kept(case: Case, kind: str, preview: Any) -> None:
    """Just the words of the preview were kept as the message."""
    message = Message.objects.get(kind=kind, person=case.applicant)
    assert (message.title_ar, message.title_en) == (preview.ar.title, preview.en.title)
    assert (message.body_ar, message.body_en) == (preview.ar.body, preview.en.body)
