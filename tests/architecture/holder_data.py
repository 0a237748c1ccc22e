"""Transfers and measures of the sample, their pages, and attacks on their guards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from licensing.health import services as health
from licensing.health.transfers import services as transfers
from licensing.measures import effects
from licensing.measures import services as measures
from licensing.models import HealthLicence, LicenceTransfer, Measure
from municipality.accounts import civil_ids
from municipality.cases.models import Case
from municipality.documents import services as documents
from municipality.kernel import clock
from municipality.kernel.actors import system
from tests.factories.accounts import OrganisationFactory

if TYPE_CHECKING:
    from tests.architecture.access_matrix import Row
    from tests.architecture.page_responses import Visit
    from tests.architecture.sample_data import Sample

BY = system("tests")
WORDS: dict[str, Any] = {"kind": "closure", "code": "danger", "text": "رائحة غاز", "days": 10}


@dataclass
class HolderRows:
    """Transfers of the owner's shops to the stranger: one that waits, one that ended with its request; measures in each state."""

    asked: LicenceTransfer
    ended: LicenceTransfer
    proposed: Measure
    running: Measure
    lifted: Measure


def fill(sample: Sample) -> HolderRows:
    from tests.architecture.sample_data import shop_of

    owner, stranger = sample.owner.person, sample.stranger.person
    number = civil_ids.decrypt(stranger.civil_id_cipher)
    first, second, *others = (shop_of(owner, 880 + number) for number in range(5))
    ended = transfers.ask(shop=second, person=owner, number=number)
    case = transfers.agree(transfer=ended, user=stranger)
    health.withdraw_renewal(case=case, person=stranger)
    transfers.end_due()
    rows = [measures.propose(shop=shop, officer=sample.fines.inspector, **WORDS) for shop in others]
    for row in rows[1:]:
        measures.sign(measure=row, supervisor=sample.supervisor)
    measures.ask_lift(measure=rows[2], officer=sample.fines.inspector, text="أُصلح")
    measures.lift(measure=rows[2], supervisor=sample.supervisor)
    asked = transfers.ask(shop=first, person=owner, number=number)
    return HolderRows(asked, LicenceTransfer.objects.get(pk=ended.pk), *(Measure.objects.get(pk=row.pk) for row in rows))


def _answered(sample: Sample, **other: Any) -> None:
    """An answer to the transfer that waits, by hand."""
    given = {"outcome": "agreed", "signer": sample.stranger.person, "answered_at": clock.now(), "case": None} | other
    given["case"] = given["case"] or _case(sample, sample.holders.asked.shop.key)
    LicenceTransfer.objects.filter(pk=sample.holders.asked.pk).update(**given)


def _case(sample: Sample, subject: str) -> Case:
    from tests.architecture import licensing_data

    case = licensing_data.fresh_act(sample, "licensing.transfer")
    like = Case.objects.get(pk=case.pk)
    like.pk = like.last_event = None
    like.public_id, like.reference, like.subject, like.applicant = "h" * 26, "HL-2026-899998-X", subject, sample.stranger.person
    like._state.adding = True
    like.save()
    return like


def _issued_without_agreement(sample: Sample) -> None:
    from tests.architecture import licensing_data

    row = licensing_data._act(sample, "transfer", accepted_facts={})
    row.new_licence = HealthLicence.objects.get(shop=sample.holders.asked.shop)
    row.save(update_fields=["new_licence"])


def _born_answered(sample: Sample) -> None:
    row = LicenceTransfer.objects.get(pk=sample.holders.ended.pk)
    row.pk, row.public_id, row.case, row.outcome = None, "n" * 26, None, "declined"
    row._state.adding = True
    row.save(force_insert=True)


def _born_in_force(sample: Sample) -> None:
    row = Measure.objects.get(pk=sample.holders.running.pk)
    row.pk, row.public_id, row.kind = None, "n" * 26, "suspension"
    row._state.adding = True
    row.save(force_insert=True)


def _document(measure: Measure) -> Any:
    return HealthLicence.objects.get(shop=measure.shop_id, is_current=True).document


BY_HAND: dict[str, Callable[[Sample], Any]] = {
    "licensing_licencetransfer_asked": _born_answered,
    "licensing_licencetransfer_in_time": lambda sample: _answered(
        sample, answered_at=sample.holders.asked.expires_at + dt.timedelta(hours=1)
    ),
    "licensing_licencetransfer_named": lambda sample: LicenceTransfer.objects.filter(pk=sample.holders.asked.pk).update(
        outcome="declined", signer=sample.owner.person, answered_at=clock.now()
    ),
    "licensing_licencetransfer_signs": lambda sample: _answered(
        sample, organisation=OrganisationFactory(commercial_register_no="999999", public_id="o" * 26)
    ),
    "licensing_licencetransfer_case": lambda sample: _answered(sample, case=_case(sample, "shop:other")),
    "licensing_renewal_transfer_agreed": _issued_without_agreement,
    "licensing_measure_proposed": _born_in_force,
    "documents_documentevent_measure_signed": lambda sample: documents.suspend(
        _document(sample.holders.proposed), reason=effects.MEASURE, actor=BY
    ),
    "documents_documentevent_measure_runs": lambda sample: documents.resume(
        _document(sample.holders.running), reason="paid_again", actor=BY
    ),
}


def rows() -> list[Row]:
    """The addresses of transfers and measures in the matrix of access."""
    from tests.architecture.access_matrix import HIDDEN_FORM, own, staff
    from tests.architecture.office_matrix import NO_FORM, OFFICE

    form = "200 200 400 405 405 405"
    offer = "/{lang}/health-licence/transfers/{s.holders."
    closed = dict.fromkeys(OFFICE, NO_FORM)
    hidden = dict.fromkeys(("inspector", "supervisor"), HIDDEN_FORM)
    return [
        own("/{lang}/health-licence/{s.owner.shop.public_id}/transfer/", form, HIDDEN_FORM),
        own(f"{offer}asked.public_id}}/", HIDDEN_FORM, form, why="the named person answers"),
        own(f"{offer}ended.public_id}}/", HIDDEN_FORM, "302 302 302 405 405 405", why="answered: to the request"),
        own("/{lang}/health-licence/transfers/nothing/", HIDDEN_FORM, HIDDEN_FORM),
        staff("/admin/measures/", NO_FORM, NO_FORM, **closed | {"inspector": form, "supervisor": form}),
        *(
            staff(
                f"/admin/measures/{{s.holders.{name}.public_id}}/",
                NO_FORM,
                NO_FORM,
                **closed | dict.fromkeys(("inspector", "supervisor"), "200 200 200 405 405 405"),
            )
            for name in ("proposed", "running", "lifted")
        ),
        staff("/admin/measures/nothing/", NO_FORM, NO_FORM, **closed | hidden),
    ]


def visits() -> list[Visit]:
    """The pages of transfers and measures in each state."""
    from tests.architecture.page_responses import Visit

    offer, held = "/{lang}/health-licence/transfers/{s.holders.", "/{lang}/health-licence/{s.holders."
    measure, form = "/admin/measures/{s.holders.", {"shop_no": "0", "kind": "closure", "code": "danger", "days": "x"}
    return [
        Visit(f"{held}asked.shop.public_id}}/transfer/", "owner", note="waits"),
        Visit(f"{held}ended.shop.public_id}}/transfer/", "owner", note="the last one ended"),
        Visit(f"{held}ended.shop.public_id}}/transfer/", "owner", post={}, status=400, note="no number"),
        Visit(f"{held}running.shop.public_id}}/transfer/", "owner", note="closed by a measure"),
        Visit(f"{held}running.shop.public_id}}/renew/", "owner", note="stopped by a measure"),
        Visit(f"{held}asked.shop.public_id}}/", "owner", note="a transfer waits"),
        Visit(f"{offer}asked.public_id}}/", "stranger"),
        Visit(f"{offer}asked.public_id}}/", "stranger", post={}, status=400, note="no answer"),
        Visit(f"{offer}asked.public_id}}/", "owner", status=404, note="not named"),
        Visit("/{lang}/", "stranger", note="a transfer waits for an answer"),
        Visit("/admin/measures/", "supervisor"),
        Visit("/admin/measures/", "inspector", post=form, status=400, note="wrong facts"),
        *(Visit(f"{measure}{name}.public_id}}/", "supervisor", note=name) for name in ("proposed", "running", "lifted")),
        Visit(f"{measure}running.public_id}}/", "inspector", post={"ask_lift": "1"}, status=400, note="without a reason"),
    ]
