"""The officer's lane as tests walk it: a request filled in through the services, officers, and what they do."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from licensing.health import draft_pages, services
from licensing.health.states import RENEWAL
from municipality.accounts import civil_ids
from municipality.cases.models import Case
from municipality.drafts import services as drafts
from municipality.drafts.models import Draft
from municipality.kernel import clock
from municipality.places.models import Area
from municipality.review import queries as review
from municipality.review.models import Assignment, Skill
from municipality.review.services import desk, queue
from municipality.uploads import parts
from municipality.uploads import services as uploads
from municipality.uploads.inspection import Drawn
from municipality.uploads.models import Upload
from shops.models import Shop
from tests.factories.accounts import StaffFactory

MANAGER = "290010100038"


def answers_for(shop: Shop, name: str) -> dict[str, Any]:
    """Some other value for each fact."""
    elsewhere = Area.objects.filter(governorate="KU").order_by("pk")[0]
    return {
        "trade_name": {"name_ar": "صالون النخيل", "name_en": "Al Nakheel Salon"},
        "activity": {"activity": "SPA" if shop.activity_id != "SPA" else "BARB"},
        "area_m2": {"area_m2": 85},
        "manager": {"name_ar": "علي الصالح", "name_en": "Ali Al-Saleh", **civil_ids.fields(MANAGER)},
        "address": {
            "area": elsewhere.pk,
            "block": "7",
            "street": "20",
            "building": "11",
            "plot": "",
            "floor": "",
            "unit": "3",
            "paci_number": "20220222",
        },
    }[name]


def fill_in(shop: Shop, person: Any, *names: str) -> Draft:
    """A request in which these facts changed, with every file that is asked for."""
    draft = drafts.begin(person=person, service=RENEWAL, subject=shop.key)
    draft = drafts.answer(draft=draft, page=draft_pages.WHAT, answers={"changed": list(names)}, version=draft.version)
    for name in names:
        draft = drafts.answer(draft=draft, page=name, answers=answers_for(shop, name), version=draft.version)
    for slot in draft_pages.needed(draft):
        attach(person, draft.key, slot)
    return draft


def attach(person: Any, subject: str, slot: str, content: bytes = b"\xff\xd8\xff\xe0 a picture", *, judged: bool = True) -> Upload:
    """A file of a slot; `judged`: it was looked at and accepted."""
    upload = uploads.receive(owner=person, subject=subject, slot=slot, name="page.jpg", content=SimpleUploadedFile("page.jpg", content))
    if judged:
        upload.refresh_from_db()
        uploads.accept(upload, Drawn(content, content, "image/jpeg", 1, 640, 480))
        parts.drop(upload.public_id)
    return upload


def send(shop: Shop, person: Any, *names: str) -> Case:
    """A request that is with the Municipality."""
    draft = fill_in(shop, person, *names)
    return services.send_to_officer(shop=shop, applicant=person, draft=draft, version=draft.version)


def officer(login: str = "officer", branch: str = "HA") -> Any:
    """Somebody of a branch who decides health licences."""
    user = StaffFactory(groups=["officer"], login=login, branch_id=branch)
    giver = StaffFactory(groups=["supervisor"], login=f"giver-{login}", branch_id=branch)
    Skill.objects.create(officer=user, code="health", given_by=giver, given_at=clock.now())
    return user


def supervisor(login: str = "supervisor", branch: str = "HA") -> Any:
    return StaffFactory(groups=["supervisor"], login=login, branch_id=branch)


def drawn(user: Any) -> Assignment:
    """The next case of an officer."""
    found = queue.next_case(officer=user)
    assert found is not None
    return found


def accept(user: Any) -> Case:
    """Draw the next case, answer its checklist with yes, approve it."""
    assignment = drawn(user)
    case = assignment.place.case
    for line in review.checklist(case):
        desk.check(assignment=assignment, code=line.check.code, answer="yes")
    desk.accept(assignment=assignment)
    return Case.objects.get(pk=case.pk)


def refuse(user: Any, signer: Any, code: str = "conditions_not_met", **note: str) -> Case:
    """Draw the next case, propose to refuse it, sign."""
    decision = desk.propose_refusal(assignment=drawn(user), code=code, **note)
    desk.sign(decision=decision, supervisor=signer)
    return Case.objects.get(pk=decision.case_id)
