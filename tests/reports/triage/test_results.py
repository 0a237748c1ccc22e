"""A report is closed with a photo from the spot, or with the signature of another person; the reporter opens it again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.fieldwork.services import SentVisit
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused, TransitionRefused
from municipality.review.models import ConflictOfInterest
from municipality.uploads.refusals import FileRefused
from reports.models import Closure, Report, SolvedAnswer
from reports.places import metres_between
from reports.triage import draws, services
from reports.triage.distances import route
from reports.triage.services.joins import ReportPart
from reports.triage.services.results import FoundResult
from shops.models import Shop
from tests.browsers import signed_in
from tests.database_guards import assert_refused
from tests.factories import report_photos, report_steps
from tests.factories.accounts import StaffFactory
from tests.factories.inspections import inspector

pytestmark = pytest.mark.django_db
HERE = (29.3328, 48.0283)  # of the reports of the factory


def found(metres: float = 10, minutes: float = 5, accuracy: int = 5, **facts: Any) -> FoundResult:
    """A result with a photo taken so many minutes ago, so many metres north of the report, by a device of that accuracy in metres."""
    now = clock.now()
    sent = SentVisit(str(uuid4()), now, HERE[0] + metres / 111_195, HERE[1], accuracy)
    given: dict[str, Any] = {"code": "fixed", "photo": SimpleUploadedFile("after.jpg", b"\xff\xd8\xff" + uuid4().bytes)}
    return FoundResult(sent, **(given | {"captured_at": now - dt.timedelta(minutes=minutes)} | facts))


@pytest.fixture
def late(row: Report, frozen_clock: Any) -> Report:
    """The report, four hours after it came."""
    frozen_clock.move(hours=4)
    return row


@pytest.fixture
def shop(make_shop: Callable[..., Any]) -> Shop:
    made: Shop = make_shop(activity_id="BARB")
    return made


def state(row: Report) -> str:
    return Report.objects.get(pk=row.pk).state


def test_closed_with_a_photo_from_the_spot_and_once(late: Report, told: list[Any]) -> None:
    one = found()
    made, is_new = services.close(report=late, inspector=late.inspector, found=one)
    again, is_new_again = services.close(report=late, inspector=late.inspector, found=one)
    assert (made.distance_m, made.age_minutes, made.is_on_the_spot) == (10, 5, True)
    assert again == made and is_new and not is_new_again and state(late) == "closed" and Closure.objects.count() == 1
    assert told == [(late.pk, "closed")] and AuditEvent.objects.filter(action="report.closed").count() == 1


@pytest.mark.parametrize(
    "facts",
    [
        {"metres": 200},
        {"metres": 76},
        {"accuracy": 76},
        {"minutes": 31},
        {"minutes": 300},  # before the report came
        {"photo": None, "captured_at": None},
    ],
)
def test_without_proof_it_is_refused_or_waits_for_another_person(
    late: Report, supervisor: User, facts: dict[str, Any], told: list[Any]
) -> None:
    with pytest.raises(Refused, match="no_proof"):
        services.close(report=late, inspector=late.inspector, found=found(**facts))
    assert state(late) == "assigned" and not Closure.objects.exists()
    made, _new = services.close(report=late, inspector=late.inspector, found=found(**facts, asks_signature=True))
    assert state(late) == "countersign" and not made.is_on_the_spot and not told
    with pytest.raises(NotPermitted, match="not_supervisor"):
        services.countersign(report=late, supervisor=late.inspector)
    services.countersign(report=late, supervisor=supervisor)
    made.refresh_from_db()
    assert made.signed_by == supervisor and state(late) == "closed" and told == [(late.pk, "closed")]


@pytest.mark.parametrize(("hours", "state_after"), [(0.25, "closed"), (1, "countersign"), (143, "countersign")])
def test_a_result_that_was_kept_without_a_line_waits_for_a_signature(
    late: Report, frozen_clock: Any, hours: float, state_after: str
) -> None:
    kept = found(minutes=2, written_at=clock.now())
    frozen_clock.move(hours=hours)
    made, _new = services.close(report=late, inspector=late.inspector, found=kept)  # nobody is asked to sign, and it is not refused
    assert state(late) == state_after and made.is_on_the_spot == (state_after == "closed")
    assert made.age_minutes == 2 + hours * 60, "by the clock of the portal"


@pytest.mark.parametrize(
    ("content", "code"), [(b"words", "type"), (b"\0\0\0\x20ftypheic a phone", "heic"), (report_photos.of_size(7000, 7000), "pixels")]
)
@pytest.mark.parametrize("asks_signature", [False, True])
def test_what_nobody_could_see_proves_nothing(late: Report, content: bytes, code: str, asks_signature: bool) -> None:
    """Place and time are those of the device, so that anything could be sent as a photo."""
    sent = found(photo=SimpleUploadedFile("after.jpg", content), asks_signature=asks_signature)
    with pytest.raises(FileRefused, match=code):
        services.close(report=late, inspector=late.inspector, found=sent)
    assert state(late) == "assigned" and not Closure.objects.exists() and not late.photos.exists()


def test_a_photo_without_a_place_needs_a_signature(late: Report) -> None:
    for place in (SentVisit(str(uuid4()), clock.now()),):
        with pytest.raises(Refused, match="no_proof"):
            services.close(report=late, inspector=late.inspector, found=FoundResult(place, "fixed", "", found().photo, clock.now()))


@pytest.mark.parametrize(("moved", "code"), [({"hours": 1}, "from_the_future"), ({"days": -8}, "too_late")])
def test_the_clock_of_the_device_is_plausible(late: Report, moved: dict[str, int], code: str) -> None:
    sent = SentVisit(str(uuid4()), clock.now() + dt.timedelta(**moved), *HERE)
    with pytest.raises(Refused, match=code):
        services.close(report=late, inspector=late.inspector, found=FoundResult(sent, "fixed"))


def test_a_proposed_result_is_sent_back_and_the_next_one_counts(late: Report, supervisor: User) -> None:
    services.close(report=late, inspector=late.inspector, found=found(metres=200, asks_signature=True))
    services.send_back(report=late, supervisor=supervisor, code="proof_unclear")
    assert state(late) == "assigned"
    with pytest.raises(Refused, match="not_proposed"):
        services.countersign(report=late, supervisor=supervisor)
    services.close(report=late, inspector=late.inspector, found=found())
    assert state(late) == "closed"


def test_a_result_that_was_sent_back_is_written_again_with_the_same_photo(late: Report, supervisor: User) -> None:
    facts: dict[str, Any] = {"metres": 200, "asks_signature": True}
    for _time in range(2):
        photo = SimpleUploadedFile("after.jpg", b"\xff\xd8\xff the same photo")
        services.close(report=late, inspector=late.inspector, found=found(**facts, photo=photo))
        services.send_back(report=late, supervisor=supervisor, code="proof_unclear")
    assert Closure.objects.values("photo").distinct().count() == 1 and Closure.objects.count() == 2


def test_nobody_signs_their_own_result(late: Report, supervisor: User) -> None:
    services.close(report=late, inspector=late.inspector, found=found(metres=200, asks_signature=True))
    late.inspector.groups.set(supervisor.groups.all())  # promoted meanwhile
    with pytest.raises(NotPermitted, match="same_person"):
        services.countersign(report=late, supervisor=late.inspector)


def test_results_that_the_portal_writes_are_not_chosen(late: Report) -> None:
    for code in ("no_answer", "parts_done", "absent", ""):
        with pytest.raises(Refused, match="unknown_code"):
            services.close(report=late, inspector=late.inspector, found=found(code=code))


@pytest.mark.parametrize(("offence", "told_as"), [("CLN-03", "violation"), ("SHP-04", "warned")])
def test_a_measure_is_told_only_where_it_was_written_from_the_report(late: Report, shop: Shop, offence: str, told_as: str) -> None:
    def close(code: str) -> None:
        services.close(report=late, inspector=late.inspector, found=found(code=code))

    for code in ("warned", "violation"):
        with pytest.raises(Refused, match="no_measure"):
            close(code)
    report_steps.led_to(late, shop, offence)
    with pytest.raises(Refused, match="no_measure"):
        close({"warned": "violation", "violation": "warned"}[told_as])
    assert state(late) == "assigned" and not late.closures.exists()
    close(told_as)
    assert state(late) == "closed" and late.closures.get().code == told_as


def test_not_solved_draws_another_inspector_than_the_closer(late: Report, frozen_clock: Any) -> None:
    made, _new = services.close(report=late, inspector=late.inspector, found=found())
    SolvedAnswer.objects.create(closure=made, is_solved=False, at=clock.now())
    frozen_clock.move(days=1)
    services.reopen(late)
    with pytest.raises(TransitionRefused):
        services.reopen(late)
    services.assign(late)
    again = Report.objects.get(pk=late.pk)
    assert again.inspector != late.inspector and again.state == "assigned" and again.due_at == clock.now() + dt.timedelta(hours=48)
    services.recategorise(report=again, inspector=again.inspector, category="hazard", code="other_category")
    assert Report.objects.get(pk=late.pk).due_at == clock.now() + dt.timedelta(hours=12)
    with pytest.raises(Refused, match="no_proof"):  # the photo of before does not close it again
        services.close(report=again, inspector=again.inspector, found=found(minutes=60))
    parts = services.split(report=again, inspector=again.inspector, parts=[ReportPart(code, "x") for code in ("hazard", "waste")])
    assert [part.due_at - clock.now() for part in parts] == [dt.timedelta(hours=12), dt.timedelta(hours=48)]


def test_an_answer_takes_back_only_the_result_that_was_written_for_want_of_it(late: Report, frozen_clock: Any) -> None:
    made, _new = services.close(report=late, inspector=late.inspector, found=found())
    SolvedAnswer.objects.create(closure=made, is_solved=False, at=clock.now())
    services.reopen(late)
    services.assign(late)
    again = Report.objects.get(pk=late.pk)
    services.ask(report=again, inspector=again.inspector, text="أين؟")
    frozen_clock.move(days=6)
    services.end_unanswered()
    services.answer(again, "خلف المدرسة")
    made.refresh_from_db()
    assert state(late) == "assigned" and made.sent_back_at is None, "everybody still reads it"
    assert late.inspector not in draws.able(again, on=None), "who closed it does not get it again"
    assert_refused(lambda: Closure.objects.filter(pk=made.pk).update(sent_back_at=clock.now()), "guard:frozen")


def test_who_signed_what_solved_nothing_does_not_sign_the_next_result(late: Report, supervisor: User) -> None:
    unproved: dict[str, Any] = {"metres": 200, "asks_signature": True}
    made, _new = services.close(report=late, inspector=late.inspector, found=found(**unproved))
    services.countersign(report=late, supervisor=supervisor)
    SolvedAnswer.objects.create(closure=made, is_solved=False, at=clock.now())
    services.reopen(late)
    services.assign(late)
    again = Report.objects.get(pk=late.pk)
    services.close(report=again, inspector=again.inspector, found=found(**unproved))
    page = f"/admin/eye/{late.public_id}/"
    assert 'value="countersign"' in signed_in(supervisor).get(page).content.decode(), "nobody else could"
    other = StaffFactory(groups=["supervisor"], login="other-supervisor", branch=supervisor.branch)
    assert 'value="countersign"' not in signed_in(supervisor).get(page).content.decode()
    with pytest.raises(NotPermitted, match="signed_before"):
        services.countersign(report=again, supervisor=supervisor)
    services.countersign(report=again, supervisor=other)
    assert state(late) == "closed"


@pytest.mark.parametrize("why", ["signed before", "tied"])
def test_a_result_is_signed_again_where_no_other_supervisor_may(late: Report, supervisor: User, shop: Shop, why: str) -> None:
    """Or the report would wait for a signature for good. Control: while the other one may, the first one may not."""
    unproved: dict[str, Any] = {"metres": 200, "asks_signature": True}
    Report.objects.filter(pk=late.pk).update(shop=shop)
    other, signs = StaffFactory(groups=["supervisor"], login="other-supervisor", branch=supervisor.branch), [supervisor]
    for signer in [*signs, other] if why == "signed before" else signs:
        row = Report.objects.get(pk=late.pk)
        made, _new = services.close(report=row, inspector=row.inspector, found=found(**unproved))
        services.countersign(report=row, supervisor=signer)
        SolvedAnswer.objects.create(closure=made, is_solved=False, at=clock.now())
        assert services.rows.may_sign(row, signer) is (signer == other)
        services.reopen(row)
        inspector(f"after-{signer.login}", "HA", scope=["SHP", "CLN"])
        services.assign(row)
    if why == "tied":
        tie = {"party_key": shop.key, "kind": "relative", "declared_by": other, "declared_at": clock.now()}
        ConflictOfInterest.objects.create(officer=other, **tie)
    assert services.rows.may_sign(Report.objects.get(pk=late.pk), supervisor)


def test_the_route_goes_to_the_nearest_stop_each_time() -> None:
    stops = [((29.36, 48.0), "far"), ((29.33, 48.0), "near"), ((29.34, 48.0), "middle")]
    found_route = route((29.32, 48.0), stops)
    assert [name for _metres, name in found_route] == ["near", "middle", "far"]
    assert [metres for metres, _name in found_route] == [1112, 1112, 2224]
    assert round(metres_between((29.3328, 48.0283), (29.3338, 48.0283))) == 111
