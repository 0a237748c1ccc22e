"""Acts on a licence between two renewals: a move with an officer, an issued duplicate, a transfer that waits; and a suspended shop."""

from __future__ import annotations

import datetime as dt

from licensing.health import draft_pages
from licensing.health.queries import offer
from licensing.health.services import send_to_officer, submit, take_payment
from licensing.health.states import CHANGE, DUPLICATE, TRANSFER
from licensing.health.transfers import services as transfers
from licensing.measures import services as measures
from licensing.models import HealthLicence
from municipality.accounts import civil_ids
from municipality.accounts.models import User
from municipality.drafts import services as drafts
from municipality.kernel import clock
from municipality.places.models import Area
from sandbox.demo.licensing.past_cases import run_licensing_jobs
from sandbox.demo.licensing.queue import attach
from sandbox.demo.loading import Loading
from sandbox.demo.payments import Payment, pay
from sandbox.demo.platform.messages import mark_sent
from sandbox.demo.seeds import seeded
from sandbox.demo.shops import scenarios
from shops.models import Shop

MOST = 4


def run(loading: Loading) -> str:
    rng = seeded("licence acts step")
    at = loading.anchor - dt.timedelta(hours=1)
    with clock.at(at):
        found = _shops(loading)
        if len(found) < MOST:
            return "no licence that lasts"
        (moving, holder), (losing, other), (leaving, giver), (dirty, _held) = found
        _move(moving, holder)
        taker = User.objects.filter(is_staff=False, shops=None, civil_id_digest__gt="").order_by("-pk")[0]
        transfers.ask(shop=leaving, person=giver, number=civil_ids.decrypt(taker.civil_id_cipher))
        _suspend(dirty)
        case, bill = submit(shop=losing, applicant=other, service=DUPLICATE)
    pay([Payment(bill, at + dt.timedelta(minutes=2), at + dt.timedelta(minutes=4))], rng)
    with clock.at(at + dt.timedelta(minutes=4)):
        take_payment(case=case)
    run_licensing_jobs(loading)
    mark_sent(loading)
    return f"a move of {moving.commercial_license_no} with an officer, a duplicate for {losing.commercial_license_no}, two more"


def _shops(loading: Loading) -> list[tuple[Shop, User]]:
    """Shops of persons without a scenario whose licences last, with their owners."""
    last = HealthLicence.objects.filter(is_current=True, last_day__gt=loading.today + dt.timedelta(days=120)).values("shop")
    told = {place.commercial_license_no for place in scenarios.placed()}
    rows = Shop.objects.filter(owner__isnull=False, pk__in=last).exclude(commercial_license_no__in=told).select_related("owner", "branch")
    found: list[tuple[Shop, User]] = []
    for shop in rows.order_by("pk").iterator():
        if shop.owner is not None and offer(shop, TRANSFER).may_be_studied and offer(shop, DUPLICATE).may_renew:
            found.append((shop, shop.owner))
        if len(found) == MOST:
            break
    return found


def _suspend(shop: Shop) -> None:
    inspector, supervisor = (
        User.objects.filter(groups__name=role, branch=shop.branch_id).order_by("pk")[0] for role in ("inspector", "supervisor")
    )
    row = measures.propose(shop=shop, officer=inspector, kind="suspension", code="inspection_failed", text="مصرف الأرضية مكشوف", days=30)
    measures.sign(measure=row, supervisor=supervisor)


def _move(shop: Shop, owner: User) -> None:
    area = Area.objects.filter(governorate=shop.area.governorate).exclude(pk=shop.area_id).order_by("pk")[0]
    address = {"area": area.pk, "block": "3", "street": "15", "building": "8", "plot": "", "floor": "", "unit": "4"}
    draft = drafts.begin(person=owner, service=CHANGE, subject=shop.key)
    draft = drafts.answer(draft=draft, page=draft_pages.WHAT, answers={"changed": ["address"]}, version=draft.version)
    draft = drafts.answer(draft=draft, page="address", answers={**address, "paci_number": "18273645"}, version=draft.version)
    for slot, least in draft_pages.required_slots(draft).items():
        if least:
            attach(owner, draft.key, slot)
    send_to_officer(shop=shop, applicant=owner, draft=draft, version=draft.version)
