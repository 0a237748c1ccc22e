"""From a sheet to violations: two people, nothing twice, one record a batch, and the same ways for a fine from paper."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from licensing.health.states import RENEWAL
from municipality.audit.models import AuditEvent
from municipality.cases import queries as cases
from municipality.documents import store
from municipality.imports import services
from municipality.imports.models import ImportFile
from municipality.kernel import clock, guards
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from municipality.places.models import Area
from payments.models import Bill
from shops.models import Shop
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.due_jobs import run_due
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.full_disk import full_disk
from tests.violations.conftest import pay
from tests.violations.legacy_fines.sheets import CIVIL_ID, sheet
from violations import court_list, figures, invariants, queries
from violations.legacy_fines import writer
from violations.legacy_fines.kind import KIND
from violations.legacy_fines.problems import NotReadable
from violations.models import Charge, Judgment, PaperRow, SettlementOrder, Violation
from violations.services import blocks, documents, notices, objections, relief, terms

pytestmark = pytest.mark.django_db
JOBS = ("imports.check", "imports.take")
LINES = 4_000  # of a whole sheet: eight batches


@pytest.fixture
def clerk(rules: None) -> Any:
    return StaffFactory(groups=["violation_clerk"], login="clerk", branch_id="HA")


@pytest.fixture
def authority(rules: None) -> Any:
    return StaffFactory(groups=["violation_authority"], login="authority", branch_id="KU")


@pytest.fixture
def carry(clerk: Any, authority: Any, shop: Shop) -> Callable[..., ImportFile]:
    """Load, read, release and take a sheet."""

    def act(*rows: dict[str, Any], **more: Any) -> ImportFile:
        file = loaded(clerk, *rows, **more)
        services.release(file=file, released_by=authority)
        while services.apply_released(file_id=file.pk, seconds=0):
            pass
        return ImportFile.objects.get(pk=file.pk)

    return act


def loaded(clerk: Any, *rows: dict[str, Any], **more: Any) -> ImportFile:
    file = services.load("paper", content=sheet(*rows, **more), name="fines.csv", loaded_by=clerk)
    while services.check(file_id=file.pk, seconds=0):
        pass
    return ImportFile.objects.get(pk=file.pk)


def one(number: str = "PPR-HA-1001-2025") -> Violation:
    return Violation.objects.select_related("shop", "party", "paper").get(number=number)


# --- Coming in ------------------------------------------------------------------------------------------------------------------


def test_a_dry_run_changes_nothing_and_the_second_person_lets_the_good_lines_in(clerk: Any, authority: Any, shop: Shop, owner: Any) -> None:
    file = loaded(clerk, {}, {"paper_no": "1002/2025", "amount": "x"}, {"paper_no": "1003/2025", "state": "overdue"})
    assert Violation.objects.count() == 0 and file.checked_at is not None
    assert services.tally(file) == {"lines": 3, "add": 2, "change": 0, "same": 0, "wrong": 1}
    assert services.rows(file).get(outcome="wrong").problems == [["amount", "amount"]]
    with pytest.raises(NotPermitted, match="not_your_role"):
        services.release(file=file, released_by=clerk)
    services.release(file=file, released_by=authority)
    assert Violation.objects.count() == 0
    run_due(JOBS)  # by the jobs
    file.refresh_from_db()
    assert (file.added, file.done_at is not None) == (2, True)
    row = one()
    assert (row.state, row.shop, row.inspector, row.is_paper) == ("ordered", shop, None, True)
    order = SettlementOrder.objects.get(violation=row)
    assert (order.fils, order.ground, order.edition) == (100_000, "paper", "paper")
    assert one("PPR-HA-1003-2025").state == "overdue"
    assert Message.objects.filter(person=owner, kind="violations.carried_over").count() == 2
    assert list(invariants.findings()) == []
    acts = list(AuditEvent.objects.filter(subject=file.key).order_by("pk").values_list("action", flat=True))
    assert acts == ["paper.loaded", "paper.checked", "paper.released", "paper.taken"]


def test_each_cell_of_a_good_line_bears_the_name_of_its_column(clerk: Any, authority: Any, shop: Shop) -> None:
    """On a phone a line stands without the heading of its table."""
    file = loaded(clerk, {})
    page = signed_in(authority).get(f"/admin/office/paper/{file.public_id}/").content.decode()  # type: ignore[operator]
    assert all(f'<td role="cell" data-label="{name}">' in page for name in ("الرقم", "المبلغ", "المنطقة"))


@pytest.mark.parametrize("column", ["paper_no", "licence_no", "note"])
def test_a_sheet_with_nul_is_refused_before_anything_is_kept(column: str, clerk: Any, shop: Shop) -> None:
    with pytest.raises(NotReadable, match="nul"):
        services.load("paper", content=sheet({}, {column: "9\x009"}, encoding="utf-16"), name="fines.csv", loaded_by=clerk)
    assert not ImportFile.objects.exists()


def test_the_same_file_and_the_same_paper_do_nothing_twice(carry: Callable[..., ImportFile], clerk: Any, authority: Any) -> None:
    carry({})
    with pytest.raises(Refused, match="same_file"):
        loaded(clerk, {})
    again = loaded(clerk, {}, {"paper_no": "1002/2025"}, {"paper_no": "١٠٠٢-٢٠٢٥"})
    assert services.tally(again) == {"lines": 3, "add": 1, "change": 0, "same": 1, "wrong": 1}
    assert services.rows(again).get(outcome="wrong").problems == [["paper_no", "twice_in_file"]]
    other = loaded(clerk, {"amount": "50"})
    assert services.rows(other).get().problems == [["paper_no", "known_differs"]]
    services.release(file=again, released_by=authority)
    while services.apply_released(file_id=again.pk, seconds=0):
        pass
    assert Violation.objects.count() == 2
    assert not services.apply_released(file_id=again.pk, seconds=0), "a job that is done again finds nothing to do"
    assert Violation.objects.count() == 2
    assert list(invariants.findings()) == []


def test_two_released_files_with_one_paper_bring_it_once(clerk: Any, authority: Any, shop: Shop) -> None:
    first, second = loaded(clerk, {}), loaded(clerk, {}, {"paper_no": "7"})
    for file in (first, second):
        services.release(file=file, released_by=authority)
    for file in (first, second):
        services.apply_released(file_id=file.pk, seconds=0)
    assert Violation.objects.count() == 2
    assert ImportFile.objects.get(pk=second.pk).added == 1


def _gather_statistics() -> None:
    """As autovacuum does between two batches: a plan made for empty tables reads them whole for each row."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE violations_violation, violations_paperrow, violations_settlementorder")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_thousands_of_lines_are_kept_at_once_and_come_in_by_jobs(
    clerk: Any, authority: Any, shop: Shop, django_assert_max_num_queries: Any
) -> None:
    """The request keeps bytes and promises a job; each batch asks a known number of questions, however many lines it holds."""
    who = {"licence_no": "", "civil_id": CIVIL_ID, "area": shop.area.name_ar, "note": "سطر"}
    content = sheet(*({"paper_no": f"{number}/2024"} | who for number in range(LINES)))
    response = signed_in(clerk).post("/admin/office/paper/", {"file": SimpleUploadedFile("fines.csv", content)})
    assert response.status_code == 302
    file = ImportFile.objects.get()
    assert (file.lines, PaperRow.objects.count()) == (LINES, 0)
    with django_assert_max_num_queries(120):  # SQLite takes fewer rows a statement than PostgreSQL
        assert services.check(file_id=file.pk, seconds=0)
    while services.check(file_id=file.pk, seconds=0):
        pass
    services.release(file=file, released_by=authority)
    with django_assert_max_num_queries(120):
        assert services.apply_released(file_id=file.pk, seconds=0)
    _gather_statistics()
    while services.apply_released(file_id=file.pk, seconds=0):
        pass
    assert Violation.objects.filter(state="ordered", paper__isnull=False).count() == LINES
    assert AuditEvent.objects.filter(subject=file.key, action="paper.taken").count() == LINES // KIND.apply_batch


def test_no_civil_number_lies_open(clerk: Any, shop: Shop) -> None:
    file = loaded(clerk, {"civil_id": CIVIL_ID})
    assert CIVIL_ID.encode() not in store.read(file.content)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM violations_paperrow")
        assert CIVIL_ID not in repr(cursor.fetchall())


# --- Ways ------------------------------------------------------------------------------------------------------------------------


def test_it_is_found_shown_as_from_paper_and_paid_by_the_sum_of_the_paper(
    carry: Callable[..., ImportFile], owner: Any, client: Any
) -> None:
    carry({"amount": "73.250"})
    row = one()
    assert queries.by_number("PPR-HA-1001-2025", owner.last_four) == row
    assert queries.by_number("1001-2025", owner.last_four) == row, "by the number as it stands on the paper"
    assert queries.by_number("1001-2025", "0000") is None
    page = signed_in(owner).get(f"/en/violations/{row.public_id}/").content.decode()
    assert "Carried over from paper" in page and "The amount of the paper record" in page and "badge" not in page
    assert "مرحّلة من الورق" in signed_in(owner).get(f"/ar/violations/{row.public_id}/").content.decode()
    listed = signed_in(owner).get("/en/violations/mine/").content.decode()
    assert row.reference in listed and "00:00" not in listed, "paper knows no time"
    assert pay(row, owner).state == "paid"
    line = Bill.objects.get(pk=Charge.objects.get(violation=row).bill_id).lines.get()
    assert (line.fils, line.edition, line.revenue_account) == (73_250, "paper", "CLEAN-SETTLEMENTS")
    assert list(invariants.findings()) == []


def test_words_without_a_code_carry_their_own_article(carry: Callable[..., ImportFile], owner: Any) -> None:
    carry({"offence": "", "offence_text": "فرش بضاعة على الرصيف", "article": "المادة 12 من القرار القديم"})
    row = one()
    assert (row.offence, row.offence_facts["name_ar"]) == ("PPR-00", "فرش بضاعة على الرصيف")
    page = signed_in(owner).post(f"/en/violations/{row.public_id}/open/", follow=True)
    assert "المادة 12" in page.content.decode()
    bill = pay(row, owner).charges.get().bill
    assert bill.lines.get().revenue_account == "PAPER-SETTLEMENTS"


def test_without_proved_service_periods_begin_when_it_is_opened(carry: Callable[..., ImportFile], owner: Any, frozen_clock: Clock) -> None:
    carry({"served_on": ""})
    row = one()
    assert (row.settle_until, row.block_from) == (None, None)
    frozen_clock.move(days=60)
    assert terms.lapse_due() == blocks.place_due() == 0
    assert notices.record_opening(violation=row, person=owner)
    assert one().settle_until == clock.today() + dt.timedelta(days=14)


def test_it_stops_what_the_rulebook_says_but_nothing_before_the_grace(
    carry: Callable[..., ImportFile], owner: Any, shop: Shop, frozen_clock: Clock
) -> None:
    carry({"state": "overdue", "served_on": "2026-08-05"})
    row = one()
    assert row.object_until is not None and row.object_until < clock.today()
    assert court_list.list_day(row) == clock.today(), "on the list for the court since it was taken in, not since the paper"
    assert blocks.place_due() == 0, "the party learns of it today"
    frozen_clock.move(days=30)
    assert blocks.place_due() == 0
    frozen_clock.move(days=1)
    assert blocks.place_due() == 1
    assert cases.active_blocks(shop.key, RENEWAL)


def test_a_ruling_of_the_court_is_payable_and_nothing_else(
    carry: Callable[..., ImportFile], clerk: Any, authority: Any, owner: Any
) -> None:
    carry({"state": "judged", "ruling_no": "55/2025", "ruled_on": "2026-10-01", "served_on": "2026-08-05", "amount": "250"})
    row = one()
    ruling = Judgment.objects.get(violation=row)
    assert (row.state, ruling.fils, ruling.entered_by, ruling.confirmed_by) == ("judged", 250_000, clerk, authority)
    assert pay(row, owner).state == "paid"
    assert list(invariants.findings()) == []


def test_it_counts_against_a_clearance(carry: Callable[..., ImportFile], owner: Any) -> None:
    carry({"state": "referred", "served_on": "2026-08-05"})
    with pytest.raises(Refused, match="owes"):
        documents.clearance(person=owner)


def test_somebody_without_an_account_finds_it_at_first_sign_in(carry: Callable[..., ImportFile]) -> None:
    area = Area.objects.filter(governorate="HA").order_by("pk")[0]
    file = carry({"licence_no": "", "civil_id": CIVIL_ID, "area": area.name_ar})
    assert file.added == 1
    noura = PersonFactory(civil_id=CIVIL_ID)
    assert list(queries.visible_to(noura)) == [one()]
    assert queries.people_of(one()) == [noura]
    assert pay(one(), noura).state == "paid"


def test_it_is_objected_to_and_any_inspector_of_its_branch_defends_it(
    carry: Callable[..., ImportFile], owner: Any, make_inspector: Callable[..., Any], shop: Shop
) -> None:
    carry({})
    here, elsewhere = make_inspector(), make_inspector("other", "JA")
    objection = objections.file(violation=one(), person=owner, ground="facts_wrong", words="لم يكن المحل مفتوحاً.")
    assert objection.case.branch_id != "HA"
    with pytest.raises(NotPermitted, match="not_writer"):
        objections.defend(objection=objection, inspector=elsewhere, words="نص")
    assert one().number in signed_in(here).get("/admin/field/").content.decode()  # type: ignore[operator]
    objections.defend(objection=objection, inspector=here, words="الأصل محفوظ في الفرع.")


def test_it_is_annulled_by_two_as_any_report(carry: Callable[..., ImportFile], clerk: Any, authority: Any) -> None:
    carry({})
    asked = relief.ask_annulment(violation=one(), code="form_defect", note_ar="", asked_by=clerk)
    relief.allow_annulment(annulment=asked, allowed_by=authority)
    assert one().state == "annulled"
    assert list(invariants.findings()) == []


# --- What the database refuses -----------------------------------------------------------------------------------------------------


def raw(sql: str, values: list[Any]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


@pytest.mark.guards
def test_one_person_and_an_unreleased_file_bring_nothing_in_by_any_door(clerk: Any, authority: Any, shop: Shop) -> None:
    file = loaded(clerk, {})
    line = services.rows(file).get()
    now = clock.now()
    with pytest.raises(IntegrityError, match=r"imports_file_two_people|CHECK"):
        raw("UPDATE imports_importfile SET released_by_id = %s, released_at = %s WHERE id = %s", [clerk.pk, now, file.pk])
    with pytest.raises(IntegrityError, match="frozen"):
        raw("UPDATE violations_paperrow SET fils = 1 WHERE id = %s", [line.pk])
    with pytest.raises(IntegrityError, match="row_stays"):
        raw("DELETE FROM violations_paperrow WHERE id = %s", [line.pk])
    with pytest.raises(IntegrityError, match="after_dry_run"), transaction.atomic():
        PaperRow.objects.create(file=file, line=99, outcome="wrong")
    with pytest.raises(IntegrityError, match="not_released"), transaction.atomic():
        writer._create([line], file)
    services.release(file=file, released_by=authority)
    with pytest.raises(IntegrityError, match="frozen"):
        raw("UPDATE imports_importfile SET released_by_id = %s WHERE id = %s", [StaffFactory(login="third").pk, file.pk])
    connection.check_constraints()
    guards.remove(connection)
    raw("UPDATE violations_paperrow SET fils = 1 WHERE id = %s", [line.pk])
    assert PaperRow.objects.get().fils == 1, "without its guard the sum that was released changes"


@pytest.mark.guards
def test_no_sum_but_that_of_the_paper_and_no_paper_twice(carry: Callable[..., ImportFile], clerk: Any, authority: Any) -> None:
    carry({"served_on": ""})
    row = one()
    order = SettlementOrder.objects.get(violation=row)
    for ground, fils in (("paper", 1_000), ("violation_report", 100_000)):
        order.pk, order.version, order.ground, order.fils = None, 2, ground, fils
        with pytest.raises(IntegrityError, match="another_sum_than_on_paper"), transaction.atomic():
            order.save(force_insert=True)
    again = loaded(clerk, {"served_on": ""}, {"paper_no": "2"})
    services.release(file=again, released_by=authority)
    twin = PaperRow(file=again, line=50, number=row.number, branch_id="HA", paper_no="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        Violation.objects.bulk_create(
            [Violation(**{f.attname: getattr(row, f.attname) for f in Violation._meta.concrete_fields if f.name != "id"})]
        )
    assert twin.number == row.number and Violation.objects.filter(number=row.number).count() == 1


# --- Pages and the command ---------------------------------------------------------------------------------------------------------


def test_by_the_pages_of_the_office(clerk: Any, authority: Any, shop: Shop) -> None:
    loading = signed_in(clerk)
    bad = loading.post("/admin/office/paper/", {"file": SimpleUploadedFile("x.xlsx", b"PK\x03\x04")})
    assert (bad.status_code, "CSV UTF-8" in bad.content.decode()) == (409, True)
    assert loading.post("/admin/office/paper/", {}).status_code == 409
    content = sheet({}, {"paper_no": "2", "amount": "=1+1"})
    url = loading.post("/admin/office/paper/", {"file": SimpleUploadedFile("fines.csv", content)})["Location"]
    run_due(JOBS)
    page = loading.get(url).content.decode()
    assert "المبلغ" in page and "صيغة" in page
    assert loading.post(url, {"step": "release"}).status_code == 409
    errors = loading.get(f"{url}problems.csv").content.decode("utf-8-sig")
    assert "spreadsheet" in errors and "صيغة" in errors and errors.splitlines()[1].startswith("3;amount;")
    second = signed_in(authority)
    signed_for = second.get(url).content.decode().split('id="lines"')[1].split("</table>")[0]
    assert "1001-2025" in signed_for and shop.name_ar in signed_for and signed_for.count("<tr") == 2
    assert "1001/2025" not in second.get(f"{url}?good_after=2").content.decode(), "the second page has no further line"
    assert second.post(url, {"step": "release"}).status_code == 302
    run_due(JOBS)
    assert "1 / 1" in second.get(url).content.decode()
    assert one().state == "ordered"
    for term in ("1001/2025", "ppr-ha-1001-2025"):
        assert "PPR-HA-1001-2025" in second.get(f"/admin/violations/violation/?q={term}").content.decode()
    again = loading.post("/admin/office/paper/", {"file": SimpleUploadedFile("fines.csv", content)})
    assert again.status_code == 409


def test_a_sheet_for_which_there_is_no_room_is_a_page_and_keeps_nothing(clerk: Any, shop: Shop, settings: Any, tmp_path: Any) -> None:
    content = sheet(*({"paper_no": f"{number}/2025"} for number in range(300)))
    with full_disk(tmp_path / "small") as folder:
        settings.VAR_DIR = folder
        answer = signed_in(clerk).post("/admin/office/paper/", {"file": SimpleUploadedFile("fines.csv", content)})
        assert not [path for path in (folder / "documents").rglob("*") if path.is_file()]
    assert answer.status_code == 507 and "لا يتسع المكان" in answer.content.decode()
    assert not ImportFile.objects.exists()


def test_a_branch_does_not_see_the_files_of_another(clerk: Any, shop: Shop) -> None:
    file = loaded(clerk, {})
    other = signed_in(StaffFactory(groups=["violation_clerk"], login="ja", branch_id="JA"))
    assert other.get(f"/admin/office/paper/{file.public_id}/").status_code == 404
    assert signed_in(StaffFactory(groups=["officer"], login="off")).get("/admin/office/paper/").status_code == 403


def test_the_command_reads_and_a_second_login_releases(clerk: Any, authority: Any, shop: Shop, tmp_path: Any) -> None:
    path = tmp_path / "fines.csv"
    path.write_bytes(sheet({}, {"paper_no": "2", "state": "x"}, encoding="cp1256"))
    said = io.StringIO()
    call_command("load_paper_fines", path, login="clerk", stdout=said)
    assert "line 3, state" in said.getvalue() and "1 good and new, 0 known, 1 with errors." in said.getvalue()
    file = ImportFile.objects.get()
    for login in ("clerk", "nobody"):
        with pytest.raises(CommandError):
            call_command("load_paper_fines", release=file.public_id, login=login)
    call_command("load_paper_fines", release=file.public_id, login="authority", stdout=said)
    assert "1 carried over." in said.getvalue()
    with pytest.raises(CommandError):
        call_command("load_paper_fines", path, login="clerk")


def test_a_fine_from_paper_stands_in_no_figure_of_minutes(clerk: Any, authority: Any, shop: Shop, owner: Any) -> None:
    """It was neither warned of nor served by a team of the portal: paid, it would count as a settlement of nothing that was ordered."""
    services.release(file=loaded(clerk, {}), released_by=authority)
    run_due(JOBS)
    row = one()
    pay(row, owner)
    assert one().state == "paid"
    total, lines = figures.lines(Violation.objects.all(), "team")
    assert lines == [] and set(total.counts.values()) == {0}
    assert not any(figures.with_figure(Violation.objects.all(), name).exists() for name in figures.FIGURES)
