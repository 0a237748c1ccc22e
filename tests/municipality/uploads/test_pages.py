"""Files without a script, and the bytes that are served (U6)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import pikepdf
import pytest
from allauth.usersessions.models import UserSession
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.translation import override
from PIL import Image

from municipality.accounts.models import User
from municipality.audit.models import AccessLogEntry
from municipality.documents import store
from municipality.uploads import checks, links, services
from municipality.uploads.models import Upload
from municipality.uploads.refusals import SENTENCES
from municipality.uploads.states import UploadState
from tests.architecture.pages import foreign_in
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory
from tests.municipality.uploads import seeds
from tests.municipality.uploads.conftest import SUBJECT, Draft, Send

pytestmark = pytest.mark.django_db
PAGE = f"/en/uploads/{SUBJECT}/lease/"


@pytest.fixture(autouse=True)
def _subject(draft: Draft) -> None:
    """All of it is about the test's own draft."""


def form(*contents: tuple[str, bytes], control: str = "files-lease") -> dict[str, Any]:
    return {control: [SimpleUploadedFile(name, content) for name, content in contents]}


def linked(upload: Upload, client: Client, user: User, **purpose: Any) -> str:
    """A link for the session of a browser."""
    return links.link(upload, user, client.session, **purpose)


# Sending.


def test_several_files_are_sent_by_an_ordinary_form(client: Client, outbox: Callable[..., int], jpeg: bytes) -> None:
    answer = client.post(PAGE, form(("one.jpg", jpeg), ("two.pdf", seeds.pdf()), ("three.gif", b"GIF89a")))
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert "being checked" in client.get(PAGE).content.decode()
    outbox("uploads.inspect")
    page = client.get(PAGE).content.decode()
    assert page.count("kp-tag--ok") == 2 and page.count("kp-upload__file is-bad") == 1
    assert "This kind of file is not accepted" in page and "2 pages" in page
    assert "being checked" not in page


def test_a_photo_of_the_camera_comes_by_its_own_control(client: Client, jpeg: bytes) -> None:
    address = f"/en/uploads/{SUBJECT}/photo_front/"
    assert 'capture="environment"' in client.get(address).content.decode()
    client.post(address, form(("IMG_1.jpg", jpeg), control="photo-photo_front"))
    assert Upload.objects.get().slot == "photo_front"


def test_a_form_inside_a_bigger_page_comes_back_to_it_and_never_to_another_host(client: Client, jpeg: bytes) -> None:
    assert client.post(f"{PAGE}?next=/en/my-shops/", form(("x.jpg", jpeg)))["Location"] == "/en/my-shops/"
    for elsewhere in ("https://other.example/", "//other.example/", "/\\other.example"):
        answer = client.post(f"{PAGE}?next={elsewhere}", form(("x.jpg", jpeg)))
        assert answer["Location"] == PAGE


@pytest.mark.parametrize(
    ("content", "sentence"), [(b"", "No file was chosen"), (b"\xff\xd8\xff" + b"x" * (10 * 1024 * 1024), "larger than 10 MB")]
)
def test_what_cannot_be_taken_is_said_on_the_page(client: Client, content: bytes, sentence: str) -> None:
    data = form(("x.jpg", content)) if content else {}
    assert sentence in client.post(PAGE, data, follow=True).content.decode()
    assert not Upload.objects.exists()


def test_a_form_that_is_too_large_is_not_read(client: Client, settings: Any) -> None:
    settings.UPLOADS_MAX_REQUEST = 1000
    answer = client.post(PAGE, form(("x.jpg", seeds.photo())), follow=True)
    assert "larger than" in answer.content.decode()
    assert not Upload.objects.exists()


def test_a_file_that_is_too_large_is_read_no_further(rf: Any, settings: Any) -> None:
    settings.UPLOADS_MAX_BYTES = 100_000
    content = b"x" * 1_000_000

    def read() -> int:
        with contextlib.closing(rf.post("/", form(("x.jpg", content)))) as request:
            return int(request.FILES["files-lease"].size)

    assert 100_000 < read() < 300_000
    settings.FILE_UPLOAD_HANDLERS = settings.FILE_UPLOAD_HANDLERS[1:]
    assert read() == len(content)


def test_a_file_is_removed_and_replaced_by_buttons(client: Client, send: Send, jpeg: bytes, outbox: Callable[..., int]) -> None:
    first, second = send(jpeg), send(seeds.photo(seed=3))
    page = client.get(PAGE).content.decode()
    assert f'formaction="/en/uploads/file/{first.public_id}/remove/"' in page
    assert client.post(f"/en/uploads/file/{first.public_id}/remove/")["Location"] == PAGE
    address = f"/en/uploads/file/{second.public_id}/replace/"
    assert client.get(address).status_code == 200
    assert client.post(address, {})["Location"] == address
    client.post(address, form(("new.png", seeds.saved(seeds.drawing(), "PNG"))))
    outbox("uploads.inspect")
    assert sorted(Upload.objects.values_list("state", flat=True)) == ["ready", "removed", "removed"]


def test_where_files_are_locked_there_are_no_buttons_and_no_way_round_them(client: Client, send: Send, jpeg: bytes, draft: Draft) -> None:
    upload = send(jpeg)
    draft.locked.add("lease")
    page = client.get(PAGE).content.decode()
    assert "remove/" not in page and 'type="file"' not in page
    assert client.post(PAGE, form(("x.jpg", jpeg))).status_code == 403
    for act in ("remove", "replace"):
        assert client.post(f"/en/uploads/file/{upload.public_id}/{act}/", form(("x.jpg", jpeg))).status_code == 403
    upload.refresh_from_db()
    assert upload.state == UploadState.READY


def test_a_name_cannot_break_out_of_the_page(client: Client, send: Send, jpeg: bytes) -> None:
    send(jpeg, '"><script>alert(1).jpg')
    for address in (PAGE, f"{PAGE}list/"):
        page = client.get(address).content.decode()
        assert "<script>alert" not in page and "&lt;script&gt;alert(1).jpg" in page


def test_every_refusal_speaks_both_languages() -> None:
    for code, sentence in SENTENCES.items():
        with override("ar"):
            arabic = str(sentence)
        with override("en"):
            english = str(sentence)
        assert arabic != english, code
        assert not foreign_in(arabic, "ar") and not foreign_in(english, "en"), code


# Looking.


def test_what_is_served_is_what_was_reencoded(client: Client, owner: User, send: Send) -> None:
    upload = send(seeds.pdf(2), "عقد.pdf")
    assert upload.file is not None
    answer = client.get(linked(upload, client, owner))
    assert answer.content == store.read(upload.file)
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''%D8%B9%D9%82%D8%AF.pdf"
    second = client.get(linked(upload, client, owner, purpose="page", page=2))
    assert Image.open(BytesIO(second.content)).size == (1240, 1755)
    assert client.get(linked(upload, client, owner, purpose="page", page=3)).status_code == 404
    small = client.get(linked(upload, client, owner, purpose="preview"))
    assert max(Image.open(BytesIO(small.content)).size) == 320


def test_a_file_keeps_its_name_but_gets_the_ending_of_what_it_is(client: Client, owner: User, send: Send, jpeg: bytes) -> None:
    answer = client.get(linked(send(jpeg, "invoice.pdf.exe"), client, owner))
    assert answer["Content-Disposition"] == 'attachment; filename="invoice.pdf.jpg"'
    assert answer["Content-Type"] == "image/jpeg"


def all_answers(client: Client, owner: User, send: Send) -> list[Any]:
    found = []
    for content, name in ((seeds.photo(), "a.jpg"), (seeds.saved(seeds.drawing(mode="RGBA"), "PNG"), "a.png"), (seeds.pdf(), "a.pdf")):
        upload = send(content, name)
        found += [client.get(linked(upload, client, owner, purpose=purpose)) for purpose in links.PURPOSES]
    return found


def header_faults(answer: Any) -> list[str]:
    """What of U6 an answer with a file lacks."""
    policy, place = answer.get("Content-Security-Policy", ""), answer.get("Content-Disposition", "")
    return [
        name
        for name, holds in {
            "sandbox": "sandbox" in policy and "default-src 'none'" in policy,
            "disposition": place.startswith("attachment") or place == "inline",
            "nosniff": answer.get("X-Content-Type-Options") == "nosniff",
            "type": answer.get("Content-Type") in ("image/jpeg", "image/png", "application/pdf"),
            "no pdf to look at": not (place == "inline" and answer.get("Content-Type") == "application/pdf"),
            "no-store": "no-store" in answer.get("Cache-Control", ""),
            "resource policy": answer.get("Cross-Origin-Resource-Policy") in ("same-origin", "cross-origin"),
        }.items()
        if not holds
    ]


@pytest.mark.parametrize("origin", ["", "http://files.example.test"])
def test_every_file_that_is_served_carries_its_headers(client: Client, owner: User, send: Send, settings: Any, origin: str) -> None:
    settings.UPLOADS_ORIGIN = origin
    settings.ALLOWED_HOSTS = ["testserver", "files.example.test"]
    _list_session(client, owner)
    found = []
    for content, name in ((seeds.photo(), "a.jpg"), (seeds.saved(seeds.drawing(mode="RGBA"), "PNG"), "a.png"), (seeds.pdf(), "a.pdf")):
        upload = send(content, name)
        for purpose in links.PURPOSES:
            parts = urlsplit(linked(upload, client, owner, purpose=purpose))
            found.append(Client(headers={"host": parts.netloc}).get(parts.path) if origin else client.get(parts.path))
    assert [answer.status_code for answer in found] == [200] * 9
    assert [header_faults(answer) for answer in found] == [[]] * 9
    del found[0]["Cache-Control"], found[1]["Content-Security-Policy"]
    assert header_faults(found[0]) == ["no-store"] and header_faults(found[1]) == ["sandbox"]


def test_a_link_dies_after_five_minutes(client: Client, owner: User, send: Send, jpeg: bytes, frozen_clock: Any) -> None:
    upload = send(jpeg)
    address = linked(upload, client, owner)
    assert client.get(address).status_code == 200
    frozen_clock.move(minutes=4, seconds=59)
    assert client.get(address).status_code == 200
    frozen_clock.move(seconds=2)
    assert client.get(address).status_code == 404
    assert client.get(linked(upload, client, owner)).status_code == 200


def test_a_link_serves_only_the_session_it_was_made_for(client: Client, owner: User, stranger: User, send: Send, jpeg: bytes) -> None:
    address = linked(send(jpeg), client, owner)
    assert Client().get(address).status_code == 404
    assert signed_in(stranger).get(address).status_code == 404
    assert signed_in(owner).get(address).status_code == 404  # another device of the same person
    client.logout()
    assert client.get(address).status_code == 404


def test_a_changed_link_is_no_link(client: Client, owner: User, send: Send, jpeg: bytes) -> None:
    address = linked(send(jpeg), client, owner, purpose="preview")
    head, token = address.rsplit("/", 1)
    for number in range(0, len(token), 7):
        other = "A" if token[number] != "A" else "B"
        assert client.get(f"{head}/{token[:number]}{other}{token[number + 1 :]}").status_code == 404
    assert client.get(f"{head}/x").status_code == 404
    assert client.get(address).status_code == 200


def test_whoever_lost_the_right_to_see_loses_the_link_too(client: Client, owner: User, send: Send, jpeg: bytes, draft: Draft) -> None:
    upload = send(jpeg)
    address = linked(upload, client, owner)
    draft.readers.clear()
    assert client.get(address).status_code == 404
    assert client.get(f"/en/uploads/file/{upload.public_id}/save/").status_code == 404
    assert client.get(PAGE).status_code == 404


def test_what_is_not_accepted_is_never_served(client: Client, owner: User, send: Send, jpeg: bytes) -> None:
    refused, gone = send(b"GIF89a"), send(seeds.photo(seed=2))
    waiting = send(jpeg, looked_at=False)
    address = linked(gone, client, owner)
    services.remove(gone, user=owner)
    for upload in (waiting, refused, gone):
        assert client.get(linked(upload, client, owner)).status_code == 404
        assert client.get(f"/en/uploads/file/{upload.public_id}/look/").status_code == 404
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "image"}, 200),
        ({"Sec-Fetch-Site": "none", "Sec-Fetch-Dest": "document"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"}, 404),
        ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "document"}, 404),
        *[({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": dest}, 404) for dest in ("script", "style", "iframe", "object", "embed")],
        ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "serviceworker"}, 404),
    ],
)
def test_a_file_is_given_only_where_it_can_do_nothing(
    client: Client, owner: User, send: Send, jpeg: bytes, headers: dict[str, str], status: int
) -> None:
    assert client.get(linked(send(jpeg), client, owner), headers=headers).status_code == status


def test_an_officers_look_is_written_down(client: Client, owner: User, send: Send, jpeg: bytes, draft: Draft) -> None:
    upload = send(jpeg)
    officer = StaffFactory(groups=["officer"])
    draft.readers.add(officer.pk)
    desk = signed_in(officer)
    desk.get(linked(upload, desk, officer, purpose="preview"))
    assert AccessLogEntry.objects.count() == 0
    desk.get(linked(upload, desk, officer, purpose="page"))
    client.get(linked(upload, client, owner))
    assert [(row.viewer_key, row.person_key, row.subject) for row in AccessLogEntry.objects.all()] == [(officer.key, owner.key, SUBJECT)]


def test_the_page_to_look_at_shows_every_page_as_a_picture(client: Client, send: Send) -> None:
    upload = send(seeds.pdf(3), "lease.pdf")
    page = client.get(f"/ar/uploads/file/{upload.public_id}/look/").content.decode()
    pictures = re.findall(r'<img src="([^"]+)"', page)
    assert len(pictures) == 3 and {client.get(picture)["Content-Type"] for picture in pictures} == {"image/jpeg"}
    saved = client.get(f"/ar/uploads/file/{upload.public_id}/save/", follow=True)
    with pikepdf.open(BytesIO(b"".join(saved) if saved.streaming else saved.content)) as document:
        assert len(document.pages) == 3


# A host of its own.


def _list_session(client: Client, user: User) -> None:
    UserSession.objects.create(user=user, session_key=client.session.session_key, ip="127.0.0.1", user_agent="x")


@pytest.fixture
def file_host(settings: Any) -> Client:
    """A browser at the host for files, without a cookie."""
    settings.UPLOADS_ORIGIN = "https://files.example.test"
    settings.ALLOWED_HOSTS = ["testserver", "files.example.test"]
    return Client(headers={"host": "files.example.test"})


def test_with_a_host_of_its_own_files_come_from_there_and_from_nowhere_else(
    client: Client, owner: User, send: Send, jpeg: bytes, file_host: Client
) -> None:
    _list_session(client, owner)
    address = linked(send(jpeg), client, owner)
    assert address.startswith("https://files.example.test/files/")
    path = urlsplit(address).path
    answer = file_host.get(path, headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"})
    assert answer.status_code == 200 and not answer.cookies
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert client.get(path).status_code == 404  # the portal's own host
    assert file_host.get(path, headers={"Sec-Fetch-Dest": "script"}).status_code == 404


@pytest.mark.parametrize(
    "path", ["/", "/ar/", "/en/my-shops/", "/healthz", "/admin/", "/static/css/portal.css", "/api/v1/services/", "/files/"]
)
def test_the_host_for_files_serves_nothing_else(file_host: Client, owner: User, path: str, draft: Draft) -> None:
    file_host.cookies = signed_in(owner).cookies
    answer = file_host.get(path)
    assert (answer.status_code, bool(answer.cookies)) == (404, False), path


def test_signing_out_ends_links_at_the_host_for_files(client: Client, owner: User, send: Send, jpeg: bytes, file_host: Client) -> None:
    upload = send(jpeg)
    path = urlsplit(linked(upload, client, owner)).path
    assert file_host.get(path).status_code == 404  # a session that is on no list is no session
    _list_session(client, owner)
    assert file_host.get(path).status_code == 200
    client.logout()
    assert file_host.get(path).status_code == 404


@pytest.mark.parametrize(
    ("origin", "found"),
    [
        ("", []),
        ("https://files.example.test", []),
        ("files.example.test", ["uploads.E001"]),
        ("https://files.example.test/x", ["uploads.E001"]),
        ("https://portal.example.test", ["uploads.E002"]),
        ("https://unknown.example.test", ["uploads.E003"]),
    ],
)
def test_an_origin_that_would_protect_nothing_is_found_at_the_start(settings: Any, origin: str, found: list[str]) -> None:
    settings.UPLOADS_ORIGIN, settings.ALLOWED_HOSTS = origin, ["files.example.test"]
    assert [problem.id for problem in checks.file_origin(None)] == found
