"""What holds of every import: two people, nothing twice, batches that go on where a worker died."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction

from municipality.audit.models import AuditEvent
from municipality.documents import store
from municipality.imports import invariants, registry, services
from municipality.imports.models import ImportFile
from municipality.imports.sheets import NotReadable
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from tests.due_jobs import run_due
from tests.factories.accounts import StaffFactory
from tests.municipality.imports.conftest import Example

pytestmark = pytest.mark.django_db
JOBS = ("imports.check", "imports.take")


def test_by_the_jobs_from_upload_to_end(example: Example) -> None:
    file = example.load(example.sheet(1, 2, 3))
    assert list(services.waiting(example.kind)) == []
    run_due(JOBS)
    assert list(services.waiting(example.kind)) == [file] and example.made() == 0
    services.release(file=file, released_by=example.keeper)
    assert example.made() == 0
    run_due(JOBS)
    file.refresh_from_db()
    assert (file.to_add, file.added, file.done_at is not None, example.made()) == (3, 3, True, 3)
    acts = AuditEvent.objects.filter(subject=file.key).order_by("pk").values_list("action", flat=True)
    assert list(acts) == [f"{example.kind}.{step}" for step in ("loaded", "checked", "released", "taken")]
    assert list(invariants.findings()) == []


# --- Two people -----------------------------------------------------------------------------------------------------------------


def test_whoever_loaded_a_file_does_not_release_it_even_with_both_roles(example: Example) -> None:
    kind = registry.IMPORT_KINDS[example.kind]
    example.clerk = StaffFactory(groups=[kind.uploader, kind.releaser], login="both", branch=example.clerk.branch)
    file = example.read(example.sheet(1))
    with pytest.raises(NotPermitted, match="same_person"):
        services.release(file=file, released_by=example.clerk)
    with pytest.raises(IntegrityError, match="imports_file_two_people"), transaction.atomic():
        ImportFile.objects.filter(pk=file.pk).update(released_by=example.clerk, released_at=clock.now())


def test_other_roles_load_and_release_nothing(example: Example) -> None:
    with pytest.raises(NotPermitted, match="not_your_role"):
        services.load(example.kind, content=example.sheet(1), name="x.csv", loaded_by=example.keeper)
    file = example.read(example.sheet(1))
    for act in (lambda: services.release(file=file, released_by=example.clerk), lambda: services.resume(file=file, by=example.clerk)):
        with pytest.raises(NotPermitted, match="not_your_role"):
            act()
    with pytest.raises(NotPermitted, match="not_your_role"):
        services.refuse(file=file, refused_by=StaffFactory(groups=["officer"], login="other"))


def test_a_file_is_not_released_before_it_is_read_nor_without_a_good_line(example: Example) -> None:
    with pytest.raises(Refused, match="not_checked"):
        services.release(file=example.load(example.sheet(1)), released_by=example.keeper)
    with pytest.raises(Refused, match="nothing_good"):
        services.release(file=example.read(example.wrong), released_by=example.keeper)


def test_a_file_put_aside_is_forgotten_and_may_come_again(example: Example) -> None:
    content = example.sheet(1)
    file = example.read(content)
    with pytest.raises(Refused, match="same_file"):
        example.load(content)
    services.refuse(file=file, refused_by=example.clerk)
    assert not services.rows(file).exists()
    with pytest.raises(Refused, match="done"):
        services.release(file=file, released_by=example.keeper)
    with pytest.raises(Refused, match="done"):
        services.refuse(file=file, refused_by=example.keeper)
    assert example.read(content).to_add == 1


# --- Reading ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("content", "code"), [(b"", "empty"), (b"PK\x03\x04", "workbook"), (b"a;b\r\n1;2\r\n", "no_columns")])
def test_a_file_that_is_no_sheet_is_refused_whole(content: bytes, code: str, example: Example) -> None:
    if not example.is_sheet:
        content, code = b"no map", "not_a_map"
    with pytest.raises(NotReadable, match=code) as refusal:
        example.load(content)
    assert refusal.value.sentence and not ImportFile.objects.exists() and not Job.objects.filter(kind="imports.check").exists()


def test_the_bytes_are_read_as_they_were_sent(example: Example) -> None:
    """Where they are kept encrypted too: UTF-16 whose letters would be a PDF in UTF-8 is read again as UTF-16."""
    if not example.is_sheet:
        content = example.sheet(1)
        file = example.read(content)
        assert services._content(file) == store.read(file.content) == content
        return
    text = example.sheet(1).decode("utf-8-sig")
    content = f"%PDF;{text.replace(chr(10), chr(10) + ';', 1)}".encode("utf-16")
    file = example.read(content)
    assert services._content(file) == content and (file.encoding, file.to_add) == ("utf-16", 1)
    assert (store.read(file.content) == content) is not registry.IMPORT_KINDS[example.kind].is_secret


def test_the_second_line_of_one_number_is_wrong_in_whichever_batch(example: Example) -> None:
    for turn, size in enumerate((1, 4000)):
        file = example.read(example.sheet(1, 1, *range(2, 3 + turn)), size=size)
        row = services.rows(file).get(outcome="wrong")
        assert (row.line, row.problems) == (example.first + 1, [[registry.IMPORT_KINDS[example.kind].key, "twice_in_file"]])


# --- Stopped, killed, repeated ----------------------------------------------------------------------------------------------------


def test_batches_go_on_where_a_worker_died(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(act: Callable[..., bool]) -> None:
        """A batch whose worker ends after its rows are written and before it commits."""
        with monkeypatch.context() as dying:
            dying.setattr(services, "failpoint", lambda _name: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                act(file_id=file.pk, size=3)

    file = example.load(example.sheet(*range(1, 8)))
    assert services.check(file_id=file.pk, size=3, seconds=0)
    dies(services.check)
    assert services.rows(file).count() == 3
    while services.check(file_id=file.pk, size=3, seconds=0):
        pass
    file.refresh_from_db()
    assert (file.read, file.to_add, services.rows(file).count()) == (7, 7, 7)
    services.release(file=file, released_by=example.keeper)
    assert services.apply_released(file_id=file.pk, size=3, seconds=0)
    dies(services.apply_released)
    assert example.made() == 3
    while services.apply_released(file_id=file.pk, size=3, seconds=0):
        pass
    assert example.made() == 7
    taken = AuditEvent.objects.filter(subject=file.key, action=f"{example.kind}.taken").order_by("pk")
    assert [(act.data["first_line"], act.data["last_line"], act.data["added"]) for act in taken] == [
        (example.first + start, example.first + end, count) for start, end, count in ((0, 2, 3), (3, 5, 3), (6, 6, 1))
    ]
    assert services.apply_released(file_id=file.pk) is False and services.check(file_id=file.pk) is False, (
        "done again, there is nothing to do"
    )
    assert example.made() == 7 and taken.count() == 3
    assert list(invariants.findings()) == []


def test_a_taking_stops_between_batches_and_goes_on_behind_the_last_line(example: Example) -> None:
    file = example.released(example.sheet(*range(5)))
    services.apply_released(file_id=file.pk, size=2, seconds=0)
    if not registry.IMPORT_KINDS[example.kind].stops:
        with pytest.raises(Refused, match="not_running"):
            services.stop(file=file, stopped_by=example.clerk)
        return
    services.stop(file=file, stopped_by=example.clerk)
    run_due(JOBS)
    assert example.made() == 2
    with pytest.raises(Refused, match="not_running"):
        services.stop(file=file, stopped_by=example.clerk)
    services.resume(file=file, by=example.keeper)
    run_due(JOBS)
    file.refresh_from_db()
    assert (file.added, example.made(), file.done_at is not None) == (5, 5, True)
    assert AuditEvent.objects.filter(subject=file.key, action=f"{example.kind}.taken").count() == 2
    with pytest.raises(Refused, match="not_stopped"):
        services.resume(file=file, by=example.keeper)


def test_a_release_that_stands_still_is_found_and_one_that_was_stopped_is_not(example: Example) -> None:
    file = example.released(example.sheet(1, 2))
    ImportFile.objects.filter(pk=file.pk).update(stopped_at=clock.now())
    assert list(invariants.findings()) == []
    ImportFile.objects.filter(pk=file.pk).update(stopped_at=None)
    with clock.at(clock.now() + invariants._GRACE * 2):
        assert [text for text in invariants.findings() if "did not come in whole" in text]
    ImportFile.objects.filter(pk=file.pk).update(read=1)
    assert [text for text in invariants.findings() if "did not count" in text]
