"""What the demo has loaded, and that every rule of the database stood while it was loaded."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from django.contrib.auth.hashers import check_password
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import Q
from django.test import override_settings

from licensing.health import queries as licensing
from licensing.health.services import submit_renewal
from licensing.health.states import RENEWAL, RenewalState
from licensing.models import HealthLicence, Renewal
from municipality.accounts import demo_sign_in
from municipality.accounts.models import Organisation, User
from municipality.audit.models import AuditEvent
from municipality.audit.queries import recent_accesses, unnumbered
from municipality.cases.catalogue import services as catalogue_services
from municipality.cases.models import Case, CaseEvent, Figure
from municipality.documents import store
from municipality.documents.models import Document
from municipality.documents.numbers import next_number
from municipality.documents.states import DocumentState
from municipality.documents.verification import check
from municipality.jobs.models import Job
from municipality.kernel import clock, guards
from municipality.notifications.models import Delivery, Message
from municipality.review.models import QueueEntryEvent
from payments.models import Bill, Receipt
from sandbox.demo.bulk import move, take_numbers
from sandbox.demo.models import Anchor
from sandbox.demo.platform import people, staff
from sandbox.demo.shops import scenarios
from shops.models import Shop
from shops.register.queries import visible_to
from tests import migrated
from tests.sandbox.demo.conftest import ANCHOR
from tests.sandbox.demo.snapshot import snapshot
from violations.models import Charge

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loaded")]


def _shop(scenario: str) -> Shop:
    place = next(p for p in scenarios.placed() if p.scenario.key == scenario)
    return Shop.objects.get(commercial_license_no=place.commercial_license_no)


def test_the_load_counts_what_it_promises() -> None:
    assert Shop.objects.count() == 300
    assert User.objects.people().count() == 40
    large = Organisation.objects.filter(signatories__isnull=False).distinct()
    assert large.count() == 3
    assert all(o.shops.count() >= 12 and o.signatories.count() == 2 for o in large)
    assert User.objects.filter(is_staff=True, branch__isnull=False).values("branch").distinct().count() == 6


def test_licences_stand_in_every_state() -> None:
    today = clock.day_of(ANCHOR)
    with clock.at(ANCHOR):
        states = {licence.document.live_state for licence in HealthLicence.objects.select_related("document")}
    assert states == {"valid", "not_yet", "expired", "suspended", "revoked", "superseded"}
    ending = HealthLicence.objects.filter(is_current=True, last_day__gt=today, last_day__lte=today.replace(year=today.year + 1))
    assert ending.filter(last_day__lte=today.fromordinal(today.toordinal() + 60)).count() > 10
    assert {state for state, _ in Document.objects.values_list("state", "kind")} == {
        DocumentState.ACTIVE, DocumentState.CARRIED_OVER, DocumentState.SUPERSEDED, DocumentState.SUSPENDED, DocumentState.REVOKED,
    }  # fmt: skip


def test_requests_ended_in_every_way_and_some_are_open() -> None:
    states = set(Case.objects.values_list("state", flat=True))
    assert {RenewalState.ISSUED, RenewalState.AWAITING_PAYMENT} <= states
    assert Case.objects.count() > 40
    with clock.at(ANCHOR):
        times = {entry.workflow: found for entry in catalogue_services() if entry.times and (found := entry.times()) is not None}
    assert times and {row.service: row.count for row in Figure.objects.all()} == {name: found.count for name, found in times.items()}


def test_every_invariant_holds_after_the_load() -> None:
    apps = ("audit", "documents", "cases", "jobs", "notifications")
    with clock.at(ANCHOR):
        for name in (*(f"municipality.{app}" for app in apps), "payments", "licensing", "violations"):
            assert list(import_module(f"{name}.invariants").findings()) == [], name
    assert not unnumbered().exists()


def test_the_guards_stood_while_loading_and_would_have_stopped_a_wrong_load() -> None:
    assert guards.installed(connection) == guards.expected(connection)
    carried = Document.objects.filter(state=DocumentState.CARRIED_OVER)
    # The very statement that the load uses, without the events that must come before it.
    with pytest.raises(DatabaseError, match="guard:state_without_event"), transaction.atomic():
        move(carried, DocumentState.REVOKED)
    with transaction.atomic():
        guards.remove(connection)
        assert move(carried, DocumentState.REVOKED) > 0
        transaction.set_rollback(True)


@pytest.mark.postgres
def test_the_planner_knows_of_the_rows_at_once() -> None:
    with connection.cursor() as cursor:
        for model in (Case, Document, Shop):
            cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [model._meta.db_table])
            assert cursor.fetchone()[0] == pytest.approx(model.objects.count(), rel=0.1)


def test_every_event_has_its_act() -> None:
    by_action = {
        a: AuditEvent.objects.filter(action=a).count()
        for a in ("document.carried_over", "document.superseded", "case.issue", "case.opened")
    }
    events = Document.EVENTS.objects
    assert by_action["document.carried_over"] == events.filter(move="carry_over").count()
    assert by_action["document.superseded"] == events.filter(move="supersede").count()
    assert by_action["case.issue"] == Case.EVENTS.objects.filter(move="issue").count()
    assert by_action["case.opened"] == Case.objects.count()


def test_numbers_go_on_where_the_load_stopped() -> None:
    last = Document.objects.filter(number__startswith="HLT-HA-2026").order_by("-number").first()
    assert last is not None
    with transaction.atomic():
        following = next_number("HLT-HA-2026")
        again, other = take_numbers(["HLT-HA-2026", "HLT-HA-2026"])
        assert [int(n.split("-")[3]) for n in (following, again, other)] == [int(last.number.split("-")[3]) + n for n in (1, 2, 3)]
        transaction.set_rollback(True)


def test_the_sealed_licences_are_really_sealed(loaded: Path) -> None:
    root = (loaded / "seal" / "root.pem").read_bytes()
    sealed = Document.objects.filter(kind="health_licence", file__isnull=False)
    # those of the scenario, the one renewed after an outage, and those of acts between renewals
    assert sealed.count() == 5 + Renewal.objects.exclude(act="renewal").filter(new_licence__isnull=False).count() > 4
    for document in sealed:
        content = store.read(document.file)
        assert check(content, root_pem=root).accepted
        broken = content[:2000] + bytes([content[2000] ^ 1]) + content[2001:]
        assert not check(broken, root_pem=root).accepted


def test_every_paid_bill_has_its_receipt_and_nothing_else_has() -> None:
    paid = Bill.objects.filter(state="paid")
    assert Receipt.objects.count() == paid.count()
    assert paid.filter(pk__in=Charge.objects.values("bill")).exists()
    paid_cases = Case.objects.filter(Q(state="issued") | Q(service="zoning.opinion", place__isnull=False)).distinct()
    assert paid.exclude(pk__in=Charge.objects.values("bill")).count() == paid_cases.count()


def test_messages_of_the_past_are_in_the_inbox_and_are_not_sent_now() -> None:
    assert Message.objects.count() > 8
    assert not Delivery.objects.filter(state="waiting").exists()
    past = Delivery.objects.filter(message__created_at__lte=ANCHOR, message__person__is_staff=False).select_related("message")
    assert past.count() > 8
    for delivery in past:  # the people of the demo have confirmed addresses
        assert (delivery.state, delivery.reason) == ("sent", "demo")
        assert delivery.message.created_at < delivery.sent_at <= delivery.message.created_at + dt.timedelta(seconds=9)
    assert not Job.objects.filter(state="queued", due_at__lte=ANCHOR).exists()


@pytest.mark.parametrize(
    ("scenario", "unmet"),
    [
        ("clean", set()),
        ("food", {"competent_authority"}),
        ("early", {"in_window"}),
        ("renewed", {"not_renewed_yet"}),
        ("open", {"no_open_case"}),
        ("blocked", {"no_block"}),
        ("commercial", {"commercial_license"}),
        ("changed", {"unchanged"}),
        ("ended", {"in_time"}),
        ("suspended", {"licence_in_force"}),
        ("revoked", {"licence_in_force"}),
    ],
)
def test_a_scenario_shop_shows_exactly_its_scenario(scenario: str, unmet: set[str]) -> None:
    with clock.at(ANCHOR):
        offer = licensing.offer(_shop(scenario))
    assert {condition.code for condition in offer.unmet} == unmet


def test_the_clean_shop_can_be_renewed_at_once_by_its_owner() -> None:
    shop = _shop("clean")
    with transaction.atomic(), clock.at(ANCHOR):
        case = submit_renewal(shop=shop, applicant=shop.owner, expected_fils=10_000)
        assert case.state == RenewalState.AWAITING_PAYMENT
        transaction.set_rollback(True)


def test_one_person_has_a_shop_for_every_scenario() -> None:
    everything = next(p for p in people.PEOPLE if p.scenario == scenarios.EVERYTHING)
    owned = visible_to(User.objects.get(name_en=everything.name_en))
    assert owned.count() == len(scenarios.SCENARIOS)


def test_every_name_is_there_in_both_languages() -> None:
    for rows in (Shop.objects, Organisation.objects, User.objects):
        assert rows.exists()
        for name_ar, name_en in rows.values_list("name_ar", "name_en"):
            assert any("\u0621" <= letter <= "\u064a" for letter in name_ar), name_ar
            assert not any("\u0600" <= letter <= "\u06ff" for letter in name_en) and name_en, name_en


def test_staff_can_sign_in_with_what_is_printed() -> None:
    out = StringIO()
    call_command("demo", people=True, stdout=out)
    for member in staff.STAFF:
        user = User.objects.get(login=member.login)
        assert check_password(staff.password(member), user.password)
        assert staff.password(member) in out.getvalue()
        secret = decrypt(Authenticator.objects.get(user=user, type="totp").data["secret"])
        assert totp.validate_totp_code(secret, staff.present_code(member))
        desk = ["officer"] if member.role == "planner" else []
        assert sorted(user.groups.values_list("name", flat=True)) == [*desk, member.role]
    # A second factor may hold the digits that civil numbers begin with, but has six digits only.
    assert not re.search(r"290\d{4}", "".join(line for line in out.getvalue().splitlines() if "Noura" in line))


def test_the_staff_door_of_the_demo_knows_the_passwords() -> None:
    assert demo_sign_in.password_of("officer.ha") == staff.password(next(m for m in staff.STAFF if m.login == "officer.ha"))
    assert demo_sign_in.password_of("nobody") == ""


def test_passwords_belong_to_the_installation() -> None:
    member = staff.STAFF[0]
    here = staff.password(member), staff.second_factor(member)
    with override_settings(SECRET_KEY="another"):
        assert staff.password(member) != here[0] and staff.second_factor(member) != here[1]


def test_a_second_run_does_nothing(loaded: Path, django_assert_max_num_queries: Any) -> None:
    (loaded / "demo-people.json").unlink()
    out = StringIO()
    with django_assert_max_num_queries(3):
        call_command("demo", small=True, stdout=out)
    assert "in place" in out.getvalue()
    assert (loaded / "demo-people.json").exists()
    assert Anchor.objects.get(key="anchor").at == ANCHOR


@pytest.mark.slow
def test_another_process_and_database_gets_the_same_demo(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "tests.sandbox.demo.settings",
        "PORTAL_VAR": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }

    def run(*arguments: str) -> str:
        done = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280)
        assert done.returncode == 0, done.stderr
        return done.stdout

    shutil.copy(migrated.file(), tmp_path / "demo.sqlite3")
    run("manage.py", "migrate", "--run-syncdb", "--verbosity=0")
    run("manage.py", "make_seal")
    run("manage.py", "demo", "--small", "--anchor", ANCHOR.isoformat())
    there = json.loads(run("-m", "tests.sandbox.demo.snapshot"))
    here = snapshot()
    for name, rows in here.items():
        assert rows, name
        assert there[name] == rows, name


def test_nothing_is_loaded_or_printed_outside_the_demo() -> None:
    with override_settings(DEMO=False, TESTING_DEMO=False):
        for options in ({}, {"people": True}):
            with pytest.raises(CommandError, match="PORTAL_DEMO=1"):
                call_command("demo", **options)
        with pytest.raises(CommandError, match="PORTAL_DEMO=1"):
            call_command("demo_fill", shops=301)


def test_filling_adds_shops_with_owners_and_licences() -> None:
    with transaction.atomic():
        call_command("demo_fill", shops=500, stdout=StringIO())
        assert Shop.objects.count() == 500
        assert HealthLicence.objects.filter(shop__pk__gt=Shop.objects.order_by("pk")[299].pk).count() > 150
        assert list(import_module("licensing.invariants").findings()) == []
        call_command("demo_fill", shops=400, stdout=StringIO())
        assert Shop.objects.count() == 500
        transaction.set_rollback(True)


def test_a_reply_stands_beside_a_violation_and_a_correction_waits() -> None:
    from django.test import Client

    from shops.models import Correction, Reply

    with clock.at(ANCHOR):
        reply, correction = Reply.objects.select_related("shop").get(), Correction.objects.select_related("case", "shop").get()
        assert reply.published_at is not None and correction.case.is_open and correction.shop != reply.shop
        for language in ("ar", "en"):
            page = Client().get(f"/{language}/shops/{reply.shop.public_id}/", follow=True)
            assert page.status_code == 200 and reply.text in page.content.decode()
        assert correction.proposed["name_ar"] not in Client().get(f"/ar/shops/{correction.shop.public_id}/", follow=True).content.decode()
    assert AuditEvent.objects.filter(subject=reply.case.key, action="reply.published").count() == 1


def test_loading_once_more_adds_no_reply_and_no_correction(loaded: Path) -> None:
    from shops.models import Correction, Reply

    before = Reply.objects.count(), Correction.objects.count(), AuditEvent.objects.count()
    call_command("demo", small=True, stdout=StringIO())
    assert (Reply.objects.count(), Correction.objects.count(), AuditEvent.objects.count()) == before


def test_an_officer_opened_each_request_before_deciding_it() -> None:
    decided = CaseEvent.objects.filter(workflow=RENEWAL, actor_role="officer", from_state="in_review").select_related("subject__applicant")
    assert decided.exists()
    for event in decided:
        case = event.subject
        draw = QueueEntryEvent.objects.get(subject__case=case, move="draw")
        looked = recent_accesses(case.applicant.key, case.key)
        assert draw.at < event.at and any(access.at < event.at for access in looked), case.reference


def test_of_two_removed_boards_one_deposit_is_returned_and_one_is_being_returned() -> None:
    from django.test import Client

    from licensing.models import BoardEnd
    from payments.models import RefundDue

    assert list(RefundDue.objects.filter(line__isnull=False).order_by("pk").values_list("state", flat=True)) == ["paid_out", "due"]
    ends = list(BoardEnd.objects.select_related("board"))
    assert len(ends) == 2 and all(end.photo_id for end in ends)
    for end in ends:
        assert Client().get(f"/en/boards/{end.board.public_id}/").status_code == 200


def test_boards_stand_in_every_state_and_their_pages_open() -> None:
    from django.test import Client

    from licensing.models import Board, BoardDrawing, BoardRequest

    states = set(BoardRequest.objects.values_list("case__state", flat=True))
    assert states == {"issued", "in_review", "corrections", "awaiting_payment", "refused"}
    today = clock.day_of(ANCHOR)
    licensed = Board.objects.filter(request__document__state=DocumentState.CARRIED_OVER)
    soon = [row for row in licensed if row.last_day is not None and today < row.last_day <= today + dt.timedelta(days=30)]
    assert soon and licensed.count() > len(soon)
    everything = User.objects.get(name_en="Rajiv Menhas")
    assert states == set(BoardRequest.objects.filter(case__applicant=everything).values_list("case__state", flat=True))
    drawn = BoardDrawing.objects.filter(board__request__case__state="in_review", board__line=1)
    assert drawn.count() == BoardRequest.objects.filter(case__state="in_review").count() > 0
    client = Client()
    with clock.at(ANCHOR):
        client.force_login(everything)
        for request in BoardRequest.objects.filter(case__applicant=everything).select_related("case", "shop"):
            for address in (f"cases/{request.case.public_id}", "my-shops", f"shops/{request.shop.public_id}"):
                assert client.get(f"/en/{address}/", follow=True).status_code == 200
        assert Client().get(f"/en/boards/{soon[0].public_id}/").status_code == 200


def test_premises_for_women_were_inspected_or_will_be() -> None:
    from licensing.models import Inspection

    rows = {row.state: row for row in Inspection.objects.order_by("pk")}
    assert set(rows) == {"appointed", "passed", "failed"}
    assert all(row.activity.is_womens and row.inspector.login.startswith("inspector2.") for row in rows.values())
    photos = rows["failed"].visits.get().visit.evidence.filter(upload__state="ready")
    assert photos.count() == rows["failed"].answers.filter(rule__needs_photo=True).count() > 0
