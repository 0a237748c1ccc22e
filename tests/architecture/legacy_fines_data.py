"""Fines from paper and lifted stops for the sample, and the attacks on what the database refuses of them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from municipality.accounts.models import User
from municipality.cases.services import place_block
from municipality.imports import services as imports
from municipality.imports.models import ImportFile
from municipality.kernel import clock
from municipality.places.models import Branch
from shops.models import Shop
from tests.architecture import state_changes, violation_data
from violations.models import PaperRow, StopLift, Violation

if TYPE_CHECKING:
    from tests.architecture.sample_data import Sample


def sheet(*rows: str) -> bytes:
    """A sheet of paper fines: number, licence, state and date of service of each, parted by semicolons."""
    columns = "paper_no;licence_no;state;served_on;ruling_no;ruled_on;date;amount;offence;branch"
    return "\r\n".join([columns, *(f"{row};2026-01-04;100.000;CLN-03;HA" for row in rows), ""]).encode()


def paper_file(shop: Shop, clerk: User, authority: User) -> ImportFile:
    """A sheet of two lines, one good and carried over, one with an error."""
    file = imports.load(
        "paper", content=sheet(f"77/2026;{shop.commercial_license_no};open;;;", "78/2026;0;?;;;"), name="fines.csv", loaded_by=clerk
    )
    imports.check(file_id=file.pk)
    imports.release(file=file, released_by=authority)
    imports.apply_released(file_id=file.pk)
    return ImportFile.objects.get(pk=file.pk)


def fresh_paper(sample: Sample, state: str) -> Violation:
    """A violation of a released line whose paper left it in a state, written down and not moved yet."""
    number, fines = 100 + ImportFile.objects.filter(kind="paper").count(), sample.fines
    ruling = "7/2026;2026-02-01" if state == "judged" else ";"
    served = "" if state == "open" else "2026-01-05"
    content = sheet(f"{number};{fines.shop.commercial_license_no};{state};{served};{ruling}")
    file = imports.load("paper", content=content, name="more.csv", loaded_by=fines.clerk)
    imports.check(file_id=file.pk)
    imports.release(file=file, released_by=fines.authority)
    line = imports.rows(file).get()
    like = violation_data.fresh(sample, save=False)
    like.inspector, like.visit, like.paper, like.number = None, None, line, line.number
    like.save()
    return like


def _stopped(sample: Sample) -> Violation:
    """One that stops a service, whose lifting somebody asked for."""
    row: Violation = state_changes.walk(violation_data.fresh(sample), "overdue", sample)
    words = {"sentence_ar": "مخالفة", "sentence_en": "A violation"}
    place_block(subject=sample.fines.shop.key, ground="unpaid_violation", source=row.key, stops="x", actor=state_changes.BY, **words)
    return row


def lifts(sample: Sample) -> None:
    """One that two units allowed, one refused, one that waits; and a file of paper that was put aside, with a line kept of another."""
    second = elsewhere(sample)
    for turn in range(3):
        row = state_changes.walk(violation_data.fresh(sample), "overdue", sample)
        asked = _lift(row, sample)
        if turn == 0:
            StopLift.objects.filter(pk=asked.pk).update(allowed_by=second, allowed_at=clock.now(), allowed_unit="KU")
        if turn == 1:
            StopLift.objects.filter(pk=asked.pk).update(refused_at=clock.now(), refused_because="لا يكفي السبب")
    file = imports.load("paper", content=sheet("900;0;?;;;"), name="aside.csv", loaded_by=sample.fines.clerk)
    imports.check(file_id=file.pk)
    imports.refuse(file=file, refused_by=sample.fines.authority)


def elsewhere(sample: Sample) -> User:
    """An authority of another unit than the clerk's."""
    known = User.objects.filter(login="authority.ku").first()
    if known is not None:
        return known
    user = violation_data.staff("violation_authority", "authority.ku")
    User.objects.filter(pk=user.pk).update(branch=Branch.objects.get(pk="KU"))
    return User.objects.get(pk=user.pk)


def _lift(row: Violation, sample: Sample) -> StopLift:
    values = violation_data.proposal(sample) | {"code": "public_need", "until": clock.today() + dt.timedelta(days=20), "asked_unit": "HA"}
    return StopLift.objects.create(violation=row, **values)


def _carried_without_release(sample: Sample) -> None:
    """From a line of a file that nobody released."""
    file = imports.load(
        "paper", content=sheet(f"500;{sample.fines.shop.commercial_license_no};open;;;"), name="x.csv", loaded_by=sample.fines.clerk
    )
    imports.check(file_id=file.pk)
    line = imports.rows(file).get()
    like = violation_data.fresh(sample, save=False)
    like.inspector, like.visit, like.paper, like.number = None, None, line, line.number
    like.save()


def _to_another_state_than_on_paper(sample: Sample) -> None:
    state_changes.event(fresh_paper(sample, "open"), "carry_overdue", "recorded", "overdue")


def _sum_of_nobody(sample: Sample) -> None:
    row = fresh_paper(sample, "open")
    order = violation_data.order(sample.fines.guarded.ordered, sample, version=9)  # type: ignore[attr-defined]
    order.pk, order.violation, order.ground, order.fils = None, row, "paper", 1
    order._state.adding = True
    order.save()


def _ruling_of_nobody(sample: Sample) -> None:
    violation_data.judgment(fresh_paper(sample, "judged"), sample, 1)


def _stop_ends_unpaid(sample: Sample) -> None:
    """The block of an unpaid sum whose lifting was asked for and not allowed."""
    row = state_changes.walk(violation_data.fresh(sample), "overdue", sample)
    _lift(row, sample)
    words = {"sentence_ar": "مخالفة", "sentence_en": "A violation"}
    place_block(subject=sample.fines.shop.key, ground="unpaid_violation", source=row.key, stops="x", actor=state_changes.BY, **words)
    state_changes.execute("UPDATE cases_block SET lifted_at = placed_at WHERE source = %s", [row.key])


def _lift_by_a_false_unit(sample: Sample) -> None:
    row = state_changes.walk(violation_data.fresh(sample), "overdue", sample)
    StopLift.objects.create(violation=row, **violation_data.proposal(sample) | {"until": clock.today(), "asked_unit": "KU"})


def _lift_signed_for_a_false_unit(sample: Sample) -> None:
    asked = _lift(state_changes.walk(violation_data.fresh(sample), "overdue", sample), sample)
    StopLift.objects.filter(pk=asked.pk).update(allowed_by=sample.fines.authority, allowed_at=clock.now(), allowed_unit="KU")


def in_every_state(sample: Sample) -> dict[str, str]:
    """A stop that two units lifted, one that stands, and a sheet that is being read."""
    lifted: Violation = state_changes.walk(violation_data.fresh(sample), "overdue", sample)
    allowed = _lift(lifted, sample)
    StopLift.objects.filter(pk=allowed.pk).update(allowed_by=elsewhere(sample), allowed_at=clock.now(), allowed_unit="KU")
    waiting = imports.load("paper", content=sheet("600;0;x;;;"), name="waiting.csv", loaded_by=sample.fines.clerk)
    return {"violation_stopped": _stopped(sample).public_id, "paper_reading": waiting.public_id}


BY_HAND = {
    "violations_by_paper": _carried_without_release,
    "violations_carried_as_on_paper": _to_another_state_than_on_paper,
    "violations_paper_sum": _sum_of_nobody,
    "violations_paper_ruling": _ruling_of_nobody,
    "violations_paperrow_in_dry_run": lambda sample: PaperRow.objects.create(file=sample.fines.paper, line=99, outcome="wrong") and None,
    "violations_paperrow_left_only": lambda sample: (
        PaperRow.objects.filter(file=sample.fines.paper, outcome="add").update(outcome="same") and None
    ),
    "violations_paperrow_stays": lambda sample: (
        PaperRow.objects.filter(file=sample.fines.paper, outcome="wrong")._raw_delete("default") and None
    ),
    "violations_stop_stays": _stop_ends_unpaid,
    "violations_stoplift_asked_unit": _lift_by_a_false_unit,
    "violations_stoplift_allowed_unit": _lift_signed_for_a_false_unit,
}
