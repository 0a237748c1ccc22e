"""The protocol of pieces, as a client of tus 1.0.0 speaks it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from municipality.accounts.models import User
from municipality.uploads import parts
from municipality.uploads.models import Upload
from municipality.uploads.states import UploadState
from tests.browsers import signed_in
from tests.municipality.uploads import seeds
from tests.municipality.uploads.conftest import SUBJECT, Draft
from tests.municipality.uploads.tus_client import PIECES, create, offset, patch

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _subject(draft: Draft) -> None:
    """All of it is about the test's own draft."""


def test_a_file_arrives_in_pieces_and_is_looked_at(client: Client, jpeg: bytes, outbox: Callable[..., int]) -> None:
    made = create(client, len(jpeg), fingerprint="abc")
    assert made.status_code == 201
    address = made["Location"]
    assert offset(client, address)["Upload-Offset"] == "0"
    for start in range(0, len(jpeg), 4000):
        piece = jpeg[start : start + 4000]
        checksum = base64.b64encode(hashlib.sha256(piece).digest()).decode()
        answer = patch(client, address, start, piece, Upload_Checksum=f"sha256 {checksum}")
        assert (answer.status_code, answer["Upload-Offset"]) == (204, str(start + len(piece)))
    outbox("uploads.inspect")
    upload = Upload.objects.get()
    assert (upload.state, upload.name, upload.fingerprint) == (UploadState.READY, "عقد.jpg", "abc")
    assert upload.sha256 == hashlib.sha256(jpeg).hexdigest()


def test_after_a_cut_the_offset_is_asked_and_the_rest_sent(client: Client, jpeg: bytes) -> None:
    address = create(client, len(jpeg))["Location"]
    patch(client, address, 0, jpeg[:3000])
    again = patch(client, address, 0, jpeg[:3000])  # the answer was lost, the piece comes again
    assert (again.status_code, again["Upload-Offset"]) == (409, "3000")
    known = offset(client, address)
    assert (known["Upload-Offset"], known["Upload-Length"]) == ("3000", str(len(jpeg)))
    assert "Upload-Expires" in known and "no-store" in known["Cache-Control"]
    assert patch(client, address, 3000, jpeg[3000:]).status_code == 204
    assert Upload.objects.get().state == UploadState.CHECKING


def test_a_piece_that_changed_on_the_way_is_not_kept(client: Client, jpeg: bytes) -> None:
    address = create(client, len(jpeg))["Location"]
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    assert patch(client, address, 0, jpeg[:100], Upload_Checksum=f"sha256 {wrong}").status_code == 460
    assert patch(client, address, 0, jpeg[:100], Upload_Checksum=f"md5 {wrong}").status_code == 400
    assert offset(client, address)["Upload-Offset"] == "0"
    assert patch(client, address, 0, jpeg[:100]).status_code == 204  # without a checksum nobody can tell


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Length": "10"}, 412),
        ({"Tus-Resumable": "0.2.2", "Upload-Length": "10"}, 412),
        ({"Tus-Resumable": "1.0.0"}, 400),
        ({"Tus-Resumable": "1.0.0", "Upload-Length": "-1"}, 400),
        ({"Tus-Resumable": "1.0.0", "Upload-Length": "١٠"}, 400),
        ({"Tus-Resumable": "1.0.0", "Upload-Length": "9" * 15}, 413),
        ({"Tus-Resumable": "1.0.0", "Upload-Length": "9" * 40}, 400),
        ({"Tus-Resumable": "1.0.0", "Upload-Length": "0"}, 400),
        ({"Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Metadata": "filename ***,replaces eHh4"}, 201),
    ],
)
def test_a_beginning_is_taken_only_in_the_protocols_words(client: Client, headers: dict[str, str], status: int) -> None:
    assert client.post(f"/en/uploads/{SUBJECT}/lease/files/", headers=headers).status_code == status


def test_pieces_are_taken_only_in_the_protocols_words(client: Client) -> None:
    address = create(client, 2_000_000)["Location"]
    assert client.patch(address, b"x", content_type=PIECES, headers={"Upload-Offset": "0"}).status_code == 412
    assert (
        client.patch(address, b"x", content_type="text/plain", headers={"Tus-Resumable": "1.0.0", "Upload-Offset": "0"}).status_code == 415
    )
    assert client.patch(address, b"x", content_type=PIECES, headers={"Tus-Resumable": "1.0.0"}).status_code == 400
    assert patch(client, address, 0, b"x" * (512 * 1024 + 1)).status_code == 413
    assert patch(client, address, 5, b"x").status_code == 409
    small = create(client, 10)["Location"]
    assert patch(client, small, 0, b"x" * 11).status_code == 413
    assert offset(client, small)["Upload-Offset"] == "0"


def test_a_file_that_is_being_written_is_locked(client: Client) -> None:
    address = create(client, 10)["Location"]
    with parts.writing(Upload.objects.get().public_id):
        assert patch(client, address, 0, b"x").status_code == 423


@pytest.mark.parametrize(("language", "word"), [("ar", "ميغابايت"), ("en", "larger than")])
def test_a_refusal_is_a_sentence_in_the_persons_language(client: Client, language: str, word: str) -> None:
    answer = create(client, 11 * 1024 * 1024, language=language)
    assert answer.status_code == 413
    assert word in answer.content.decode()
    assert answer["Content-Type"].startswith("text/plain")


def test_a_full_day_says_when_it_goes_on(client: Client, settings: Any, frozen_clock: Any) -> None:
    settings.UPLOADS_DAILY_FILES = 1
    create(client, 10)
    answer = create(client, 10)
    assert (answer.status_code, answer["Retry-After"]) == (429, str(12 * 3600))
    assert create(client, 10, slot="drawing").status_code == 429


def test_a_file_can_be_taken_back_while_it_is_sent(client: Client) -> None:
    address = create(client, 10)["Location"]
    assert client.delete(address, headers={"Tus-Resumable": "1.0.0"}).status_code == 204
    assert offset(client, address).status_code == 404
    assert patch(client, address, 0, b"x").status_code == 404


def test_other_people_find_nothing(client: Client, stranger: User, draft: Draft, jpeg: bytes) -> None:
    address = create(client, len(jpeg))["Location"]
    other = signed_in(stranger)
    assert create(other, 10).status_code == 404
    assert offset(other, address).status_code == 404
    assert patch(other, address, 0, jpeg).status_code == 404
    assert other.delete(address, headers={"Tus-Resumable": "1.0.0"}).status_code == 404
    assert create(client, 10, slot="nowhere").status_code == 404
    assert create(client, 10, subject="testdraft:2").status_code == 404
    assert create(client, 10, subject="unknown:1").status_code == 404
    draft.readers.add(stranger.pk)
    assert create(other, 10).status_code == 403
    assert offset(other, address).status_code == 404  # seen is not sent to


def test_without_the_rule_of_the_subject_a_stranger_would_write(
    client: Client, stranger: User, jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = create(client, len(jpeg))["Location"]
    monkeypatch.setattr("municipality.uploads.registry.may_read", lambda user, subject, slot: True)
    monkeypatch.setattr("municipality.uploads.registry.may_write", lambda user, subject, slot: True)
    assert patch(signed_in(stranger), address, 0, jpeg).status_code == 204


def test_the_same_name_with_other_content_is_another_file(client: Client, jpeg: bytes) -> None:
    """The list gives the fingerprint back, by which the script tells them apart."""
    create(client, len(jpeg), fingerprint="f1")
    page = client.get(f"/en/uploads/{SUBJECT}/lease/list/").content.decode()
    assert 'data-fingerprint="f1"' in page and f'data-size="{len(jpeg)}"' in page


def test_a_token_is_asked_for(owner: User, jpeg: bytes) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = signed_in(owner).cookies
    assert create(browser, len(jpeg)).status_code == 403
    page = browser.get(f"/en/uploads/{SUBJECT}/lease/").content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "10", "X-CSRFToken": token}
    assert browser.post(f"/en/uploads/{SUBJECT}/lease/files/", headers=headers).status_code == 201


def test_twelve_files_at_once_are_kept_apart(client: Client, outbox: Callable[..., int]) -> None:
    files = [seeds.photo((80, 60), seed=n) for n in range(12)]
    addresses = [create(client, len(content))["Location"] for content in files]
    for start in range(0, max(map(len, files)), 700):
        for address, content in zip(addresses, files, strict=True):
            if content[start : start + 700]:
                assert patch(client, address, start, content[start : start + 700]).status_code == 204
    assert create(client, 10).status_code == 409
    assert {hashlib.sha256(content).hexdigest() for content in files} == set(Upload.objects.values_list("sha256", flat=True))
