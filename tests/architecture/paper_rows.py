"""Fines from paper and lifted stops for the world, and the attacks on what the database refuses of them."""

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
from tests.architecture import state_doors as doors
from tests.architecture import violation_rows as rows
from violations.models import PaperRow, StopLift, Violation

if TYPE_CHECKING:
    from tests.architecture.world import World


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
    imports.take(file_id=file.pk)
    return ImportFile.objects.get(pk=file.pk)


def fresh_paper(world: World, state: str) -> Violation:
    """A violation of a released line whose paper left it in a state, written down and not moved yet."""
    number, fines = 100 + ImportFile.objects.filter(kind="paper").count(), world.fines
    ruling = "7/2026;2026-02-01" if state == "judged" else ";"
    served = "" if state == "open" else "2026-01-05"
    content = sheet(f"{number};{fines.shop.commercial_license_no};{state};{served};{ruling}")
    file = imports.load("paper", content=content, name="more.csv", loaded_by=fines.clerk)
    imports.check(file_id=file.pk)
    imports.release(file=file, released_by=fines.authority)
    line = imports.rows(file).get()
    like = rows.fresh(world, save=False)
    like.inspector, like.visit, like.paper, like.number = None, None, line, line.number
    like.save()
    return like


def _stopped(world: World) -> Violation:
    """One that stops a service, whose lifting somebody asked for."""
    row: Violation = doors.walk(rows.fresh(world), "overdue", world)
    words = {"sentence_ar": "مخالفة", "sentence_en": "A violation"}
    place_block(subject=world.fines.shop.key, ground="unpaid_violation", source=row.key, stops="x", actor=doors.BY, **words)
    return row


def lifts(world: World) -> None:
    """One that two units allowed, one refused, one that waits; and a file of paper that was put aside, with a line kept of another."""
    second = elsewhere(world)
    for turn in range(3):
        row = doors.walk(rows.fresh(world), "overdue", world)
        asked = _lift(row, world)
        if turn == 0:
            StopLift.objects.filter(pk=asked.pk).update(allowed_by=second, allowed_at=clock.now(), allowed_unit="KU")
        if turn == 1:
            StopLift.objects.filter(pk=asked.pk).update(refused_at=clock.now())
    file = imports.load("paper", content=sheet("900;0;?;;;"), name="aside.csv", loaded_by=world.fines.clerk)
    imports.check(file_id=file.pk)
    imports.refuse(file=file, refused_by=world.fines.authority)


def elsewhere(world: World) -> User:
    """An authority of another unit than the clerk's."""
    known = User.objects.filter(login="authority.ku").first()
    if known is not None:
        return known
    user = rows.staff("violation_authority", "authority.ku")
    User.objects.filter(pk=user.pk).update(branch=Branch.objects.get(pk="KU"))
    return User.objects.get(pk=user.pk)


def _lift(row: Violation, world: World) -> StopLift:
    values = rows.proposal(world) | {"code": "public_need", "until": clock.today() + dt.timedelta(days=20), "asked_unit": "HA"}
    return StopLift.objects.create(violation=row, **values)


def _carried_without_release(world: World) -> None:
    """From a line of a file that nobody released."""
    file = imports.load(
        "paper", content=sheet(f"500;{world.fines.shop.commercial_license_no};open;;;"), name="x.csv", loaded_by=world.fines.clerk
    )
    imports.check(file_id=file.pk)
    line = imports.rows(file).get()
    like = rows.fresh(world, save=False)
    like.inspector, like.visit, like.paper, like.number = None, None, line, line.number
    like.save()


def _to_another_state_than_on_paper(world: World) -> None:
    doors.event(fresh_paper(world, "open"), "carry_overdue", "recorded", "overdue")


def _sum_of_nobody(world: World) -> None:
    row = fresh_paper(world, "open")
    order = rows.order(world.fines.guarded.ordered, world, version=9)  # type: ignore[attr-defined]
    order.pk, order.violation, order.ground, order.fils = None, row, "paper", 1
    order._state.adding = True
    order.save()


def _ruling_of_nobody(world: World) -> None:
    rows.judgment(fresh_paper(world, "judged"), world, 1)


def _stop_ends_unpaid(world: World) -> None:
    """The block of an unpaid sum whose lifting was asked for and not allowed."""
    row = doors.walk(rows.fresh(world), "overdue", world)
    _lift(row, world)
    words = {"sentence_ar": "مخالفة", "sentence_en": "A violation"}
    place_block(subject=world.fines.shop.key, ground="unpaid_violation", source=row.key, stops="x", actor=doors.BY, **words)
    doors.execute("UPDATE cases_block SET lifted_at = placed_at WHERE source = %s", [row.key])


def _lift_by_a_false_unit(world: World) -> None:
    row = doors.walk(rows.fresh(world), "overdue", world)
    StopLift.objects.create(violation=row, **rows.proposal(world) | {"until": clock.today(), "asked_unit": "KU"})


def _lift_signed_for_a_false_unit(world: World) -> None:
    asked = _lift(doors.walk(rows.fresh(world), "overdue", world), world)
    StopLift.objects.filter(pk=asked.pk).update(allowed_by=world.fines.authority, allowed_at=clock.now(), allowed_unit="KU")


def rooms(world: World) -> dict[str, str]:
    """A stop that two units lifted, one that stands, and a sheet that is being read."""
    lifted: Violation = doors.walk(rows.fresh(world), "overdue", world)
    allowed = _lift(lifted, world)
    StopLift.objects.filter(pk=allowed.pk).update(allowed_by=elsewhere(world), allowed_at=clock.now(), allowed_unit="KU")
    waiting = imports.load("paper", content=sheet("600;0;x;;;"), name="waiting.csv", loaded_by=world.fines.clerk)
    return {"violation_stopped": _stopped(world).public_id, "paper_reading": waiting.public_id}


BY_HAND = {
    "violations_by_paper": _carried_without_release,
    "violations_carried_as_on_paper": _to_another_state_than_on_paper,
    "violations_paper_sum": _sum_of_nobody,
    "violations_paper_ruling": _ruling_of_nobody,
    "violations_paperrow_in_dry_run": lambda world: PaperRow.objects.create(file=world.fines.paper, line=99, outcome="wrong") and None,
    "violations_paperrow_left_only": lambda world: (
        PaperRow.objects.filter(file=world.fines.paper, outcome="add").update(outcome="same") and None
    ),
    "violations_paperrow_stays": lambda world: (
        PaperRow.objects.filter(file=world.fines.paper, outcome="wrong")._raw_delete("default") and None
    ),
    "violations_stop_stays": _stop_ends_unpaid,
    "violations_stoplift_asked_unit": _lift_by_a_false_unit,
    "violations_stoplift_allowed_unit": _lift_signed_for_a_false_unit,
}
