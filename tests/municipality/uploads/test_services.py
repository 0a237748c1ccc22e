"""Sending, judging, replacing, removing, handing on; limits; who may."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from municipality.accounts.models import User, actor_of
from municipality.audit.models import AuditEvent
from municipality.kernel.errors import TransitionRefused
from municipality.uploads import parts, queries, refusals, registry, services
from municipality.uploads.invariants import findings
from municipality.uploads.models import DailyUploads, Upload
from municipality.uploads.refusals import FileRefused
from municipality.uploads.states import UploadState
from tests.municipality.uploads import seeds
from tests.municipality.uploads.conftest import SUBJECT, Draft, Send

pytestmark = pytest.mark.django_db


def test_a_photo_is_received_checked_and_kept_reencoded(send: Send, jpeg: bytes, tmp_path: Path) -> None:
    upload = send(jpeg, "../../عقد\u202egpj.exe.jpg")
    assert upload.state == UploadState.READY
    assert (upload.media_type, upload.pages, upload.width, upload.height) == ("image/jpeg", 1, 640, 480)
    assert upload.name == "عقدgpj.exe.jpg"
    assert upload.file is not None and upload.preview is not None and upload.file.sha256 != upload.sha256
    assert not list((tmp_path / "uploads" / "parts").iterdir()) and not list((tmp_path / "uploads" / "work").iterdir())
    assert [act.action for act in AuditEvent.objects.filter(subject=upload.key).order_by("pk")] == ["upload.received", "upload.accepted"]
    assert list(findings()) == []


def test_a_pdf_becomes_pictures_of_its_pages(send: Send) -> None:
    upload = send(seeds.pdf(3), "lease.pdf")
    assert (upload.state, upload.media_type, upload.pages) == (UploadState.READY, "application/pdf", 3)
    assert (upload.width, upload.height) == (1240, 1755)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"GIF89a" + b"\0" * 100, "type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "type"),
        (b"PK\x03\x04" + b"\0" * 100, "type"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100, "heic"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 100, "broken"),
        (b"%PDF-1.7\nnothing", "broken"),
    ],
)
def test_what_is_no_picture_and_no_document_is_refused_with_its_reason(send: Send, content: bytes, code: str) -> None:
    upload = send(content, "photo.jpg")
    assert (upload.state, upload.reason) == (UploadState.REFUSED, code)
    assert upload.file is None


def test_a_document_with_too_many_pages_or_a_password_is_refused(send: Send) -> None:
    assert send(seeds.pdf(21), "long.pdf").reason == "pages"
    locked = seeds.bound(seeds.paper(), encryption=__import__("pikepdf").Encryption(owner="o", user="u"))
    assert send(locked, "locked.pdf").reason == "encrypted"
    open_to_all = seeds.bound(seeds.paper(), encryption=__import__("pikepdf").Encryption(owner="o", user=""))
    assert send(open_to_all, "open.pdf").state == UploadState.READY


def test_a_moving_picture_is_refused(send: Send) -> None:
    frames = [seeds.drawing((40, 40), seed=n) for n in range(3)]
    for kind in ("WEBP", "PNG"):
        film = seeds.saved(frames[0], kind, save_all=True, append_images=frames[1:])
        assert send(film, "film").reason == "frames"


def test_a_replacement_takes_the_place_only_once_it_is_accepted(send: Send, jpeg: bytes, draft: Draft) -> None:
    first = send(jpeg, slot="drawing")
    with pytest.raises(FileRefused, match="slot_full"):
        send(jpeg, slot="drawing")
    broken = send(b"\xff\xd8\xff\xe0", slot="drawing", replaces=first)
    first.refresh_from_db()
    assert (broken.state, first.state) == (UploadState.REFUSED, UploadState.READY)
    second = send(seeds.photo(seed=5), slot="drawing", replaces=first)
    first.refresh_from_db()
    assert (second.state, first.state) == (UploadState.READY, UploadState.REMOVED)


def test_files_of_another_slot_or_subject_are_not_replaced(send: Send, jpeg: bytes) -> None:
    elsewhere = send(jpeg, slot="lease")
    send(seeds.photo(seed=5), slot="drawing", replaces=elsewhere)
    elsewhere.refresh_from_db()
    assert elsewhere.state == UploadState.READY


def test_a_file_that_was_taken_back_while_it_was_checked_stays_away(send: Send, jpeg: bytes, owner: User, outbox: Any) -> None:
    upload = send(jpeg, looked_at=False)
    services.remove(upload, user=owner)
    outbox("uploads.inspect")
    upload.refresh_from_db()
    assert (upload.state, upload.file) == (UploadState.REMOVED, None)
    with pytest.raises(TransitionRefused):
        services.remove(upload, user=owner)


def test_nobody_writes_where_the_subject_does_not_let_them(send: Send, jpeg: bytes, draft: Draft, stranger: User, owner: User) -> None:
    def begin(user: User, subject: str = SUBJECT, slot: str = "lease") -> Upload:
        return services.begin(owner=user, subject=subject, slot=slot, name="x", size=10)

    for user, subject, slot in [
        (stranger, SUBJECT, "lease"),
        (owner, SUBJECT, "no_such_slot"),
        (owner, "testdraft:2", "lease"),
        (owner, "unknown:1", "lease"),
        (owner, "no subject", "lease"),
        (owner, "case:1", "lease"),
    ]:
        with pytest.raises(FileRefused, match="locked"):
            begin(user, subject, slot)
    draft.locked.add("lease")
    with pytest.raises(FileRefused, match="locked"):
        begin(owner)
    assert begin(owner, slot="drawing").state == UploadState.RECEIVING
    with pytest.raises(FileRefused, match="locked"):
        services.remove(Upload.objects.get(), user=stranger)


def test_a_submitted_draft_hands_its_files_to_the_case(send: Send, jpeg: bytes, owner: User) -> None:
    ready, refused = send(jpeg), send(b"GIF89a")
    half = services.begin(owner=owner, subject=SUBJECT, slot="lease", name="half.jpg", size=100)
    waiting = send(seeds.photo(seed=9), looked_at=False)
    with pytest.raises(FileRefused, match="files_waiting"):
        services.attach(SUBJECT, "case:9", actor=actor_of(owner))
    assert len(services.attach(SUBJECT, "case:9", actor=actor_of(owner), with_waiting=True)) == 2
    assert list(queries.of("case:9")) == [ready, waiting]
    assert list(queries.of(SUBJECT)) == []
    for left in (refused, half):
        left.refresh_from_db()
        assert (left.state, left.last_event.reason) == (UploadState.REMOVED, "not_submitted")  # type: ignore[union-attr]
    ready.refresh_from_db()
    with pytest.raises(FileRefused, match="locked"):
        services.remove(ready, user=owner)


# Limits (U7).


def test_the_fifty_first_file_of_a_day_is_refused_and_tomorrow_is_another_day(
    draft: Draft, owner: User, frozen_clock: Any, settings: Any
) -> None:
    settings.UPLOADS_DAILY_FILES = 50

    def begin() -> Upload:
        upload = services.begin(owner=owner, subject=SUBJECT, slot="lease", name="x.jpg", size=10)
        services.remove(upload, user=owner)
        return upload

    for _ in range(50):
        begin()
    with pytest.raises(FileRefused, match="day_is_full") as refusal:
        begin()
    assert refusal.value.status == 429
    frozen_clock.move(hours=11, minutes=59)
    with pytest.raises(FileRefused):
        begin()
    frozen_clock.move(minutes=2)
    assert begin()


def test_more_than_a_hundred_megabytes_a_day_are_refused_whatever_comes_first(draft: Draft, owner: User) -> None:
    mb = 1024 * 1024
    for _ in range(10):
        services.begin(owner=owner, subject=SUBJECT, slot="lease", name="x.jpg", size=10 * mb)
    with pytest.raises(FileRefused, match="day_is_full"):
        services.begin(owner=owner, subject=SUBJECT, slot="lease", name="x.jpg", size=1)
    assert DailyUploads.objects.get().bytes == 100 * mb
    assert Upload.objects.count() == 10


def test_without_the_counter_the_day_has_no_end(draft: Draft, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "_count_daily_use", lambda owner, size: None)
    for _ in range(60):
        upload = services.begin(owner=owner, subject=SUBJECT, slot="lease", name="x.jpg", size=10)
        services.remove(upload, user=owner)
    assert Upload.objects.count() == 60


def test_a_refused_beginning_does_not_count(draft: Draft, owner: User) -> None:
    services.begin(owner=owner, subject=SUBJECT, slot="drawing", name="x.jpg", size=10)
    for size in (10, 0, 11 * 1024 * 1024):
        with pytest.raises(FileRefused):
            services.begin(owner=owner, subject=SUBJECT, slot="drawing", name="x.jpg", size=size)
    assert DailyUploads.objects.get().files == 1


# Pieces.


def test_pieces_must_follow_each_other_and_never_exceed_what_was_announced(draft: Draft, owner: User, jpeg: bytes) -> None:
    upload = services.begin(owner=owner, subject=SUBJECT, slot="lease", name="x.jpg", size=len(jpeg))
    assert services.append(upload, offset=0, content=jpeg[:1000]) == 1000
    for offset in (0, 999, 1001):
        with pytest.raises(services.OffsetDiffers) as differs:
            services.append(upload, offset=offset, content=b"x")
        assert differs.value.offset == 1000
    with pytest.raises(ValueError, match="announced"):
        services.append(upload, offset=1000, content=jpeg)
    assert parts.path(upload.public_id).read_bytes() == jpeg[:1000]
    assert parts.path(upload.public_id).stat().st_mode & 0o077 == 0


def test_what_a_killed_request_left_behind_the_offset_is_overwritten(draft: Draft, owner: User, jpeg: bytes) -> None:
    upload = services.begin(owner=owner, subject=SUBJECT, slot="lease", name="x.jpg", size=len(jpeg))
    services.append(upload, offset=0, content=jpeg[:1000])
    with parts.path(upload.public_id).open("ab") as part:
        part.write(b"torn" * 5000)
    services.append(upload, offset=1000, content=jpeg[1000:])
    assert parts.path(upload.public_id).read_bytes() == jpeg
    assert upload.state == UploadState.CHECKING


def test_two_writers_of_one_file_do_not_mix(draft: Draft, owner: User) -> None:
    upload = services.begin(owner=owner, subject=SUBJECT, slot="lease", name="x.jpg", size=100)
    with parts.writing(upload.public_id), pytest.raises(parts.PartBusy):
        services.append(upload, offset=0, content=b"x" * 100)
    assert services.append(upload, offset=0, content=b"x" * 50) == 50


# Time.


def test_an_unfinished_file_goes_after_a_day(draft: Draft, owner: User, frozen_clock: Any, django_capture_on_commit_callbacks: Any) -> None:
    upload = services.begin(owner=owner, subject=SUBJECT, slot="lease", name="x.jpg", size=100)
    services.append(upload, offset=0, content=b"x" * 50)
    frozen_clock.move(hours=23)
    assert services.expire_unfinished() == 0
    frozen_clock.move(hours=2)
    with django_capture_on_commit_callbacks(execute=True):
        assert services.expire_unfinished() == 1
    upload.refresh_from_db()
    assert upload.state == UploadState.REMOVED
    assert not parts.path(upload.public_id).exists()


def test_the_sweep_takes_what_nobody_needs_and_leaves_the_rest(draft: Draft, owner: User) -> None:
    wanted = services.begin(owner=owner, subject=SUBJECT, slot="lease", name="x.jpg", size=100)
    services.append(wanted, offset=0, content=b"x")
    lost = parts.folder("parts") / "gone.part"
    lost.write_bytes(b"x")
    room = parts.folder("work") / "look-1"
    room.mkdir()
    old = lost.stat().st_mtime - 2 * 24 * 3600
    for path in (lost, room, parts.path(wanted.public_id)):
        os.utime(path, (old, old))
    assert services.sweep() == 2
    assert parts.path(wanted.public_id).exists() and not lost.exists() and not room.exists()


def test_a_part_that_is_lost_is_told_and_found_by_the_invariants(send: Send, jpeg: bytes, outbox: Any) -> None:
    upload = send(jpeg, looked_at=False)
    parts.drop(upload.public_id)
    assert "nothing of it is there" in next(findings())
    outbox("uploads.inspect")
    assert Upload.objects.get().reason == "lost"
    assert list(findings()) == []


def test_a_prefix_is_registered_once(draft: Draft) -> None:
    with pytest.raises(ValueError, match="already"):
        registry.PREFIXES.register("testdraft", registry.Prefix(lambda u, s: True, lambda u, s: True, lambda s: {}))


def test_a_file_that_reads_as_whole_by_its_form_is_received_in_chunks(draft: Draft, owner: User, settings: Any) -> None:
    content = SimpleUploadedFile("big.jpg", seeds.photo((2400, 1800)))
    content.DEFAULT_CHUNK_SIZE = 4096
    upload = services.receive(owner=owner, subject=SUBJECT, slot="lease", name="big.jpg", content=content)
    assert (upload.received, upload.state) == (content.size, UploadState.CHECKING)


@pytest.mark.parametrize(("fingerprint", "begun"), [("f" * 64, 1), ("", 2)], ids=["found again", "red control: nothing to know it by"])
def test_a_beginning_whose_answer_was_lost_takes_no_second_place(draft: Draft, owner: User, fingerprint: str, begun: int) -> None:
    for _ in range(2):
        services.begin(owner=owner, subject=SUBJECT, slot="lease", name="a.jpg", size=10, fingerprint=fingerprint)
    assert Upload.objects.count() == begun == DailyUploads.objects.get().files


def test_another_file_or_one_that_has_arrived_is_begun_anew(draft: Draft, owner: User, jpeg: bytes) -> None:
    first = services.begin(owner=owner, subject=SUBJECT, slot="lease", name="a.jpg", size=len(jpeg), fingerprint="f" * 64)
    services.append(first, offset=0, content=jpeg)
    for print_of, size in (("f" * 64, len(jpeg)), ("e" * 64, len(jpeg)), ("f" * 64, 5)):
        services.begin(owner=owner, subject=SUBJECT, slot="lease", name="a.jpg", size=size, fingerprint=print_of)
    assert Upload.objects.count() == 4


def test_the_invariants_find_what_a_sweep_should_have_taken(draft: Draft, owner: User) -> None:
    upload = services.begin(owner=owner, subject=SUBJECT, slot="lease", name="a.jpg", size=10)
    for name in (upload.public_id, "nobody"):
        path = parts.folder("parts") / f"{name}.part"
        path.write_bytes(b"1")
        old = path.stat().st_mtime - 3 * 24 * 3600
        os.utime(path, (old, old))
    assert [told for told in findings() if "lies among the parts" in told] == [
        "nobody.part lies among the parts since more than two days, and no file needs it"
    ]
    services.sweep()
    assert not [told for told in findings() if "lies among the parts" in told]


def test_the_invariants_find_a_file_that_arrived_and_was_never_finished(draft: Draft, owner: User) -> None:
    upload = services.begin(owner=owner, subject=SUBJECT, slot="lease", name="a.jpg", size=10)
    Upload.objects.filter(pk=upload.pk).update(received=10)
    assert not [told for told in findings() if "never finished" in told], "its end may be on its way"
    Upload.objects.filter(pk=upload.pk).update(touched_at=upload.touched_at - dt.timedelta(minutes=11))
    assert [told for told in findings() if "never finished" in told]


def test_the_most_files_of_a_slot_agree_with_their_number() -> None:
    with translation.override("ar"):
        assert str(refusals.slot_full(2).sentence).startswith("الحد الأقصى هنا ملفان.")
        assert str(refusals.slot_full(6).sentence).startswith("الحد الأقصى هنا 6 ملفات.")
