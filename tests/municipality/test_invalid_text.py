"""NUL and half a pair of surrogates in addresses, queries, cookies and forms: a page with a sentence, whatever the database."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from tests.browsers import signed_in
from tests.factories.accounts import PersonFactory

pytestmark = pytest.mark.django_db
ADDRESSES = [
    "/verify/%00",
    "/pay/r/a%00",
    "/en/shops/?q=%00",
    "/en/shops/?area=1%00",
    "/en/track/?reference=a%00b",
    "/en/no-such-page/?x=%00",
    "/en/%00/",
    "/admin/login/?next=%00",
    "/en/?%00=1",
]
SURROGATE = {"QUERY_STRING": "q=%2B2AA-", "CONTENT_TYPE": "text/plain; charset=utf-7"}  # +2AA- is U+D800 in UTF-7


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


def without_the_middleware(settings: Any) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.endswith("TextMiddleware")]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_with_nul_is_a_page_with_a_sentence(visitor: Client, address: str) -> None:
    answer = visitor.get(address)
    said = answer.content.decode()
    assert answer.status_code == 400 and "\x00" not in said and "%00" not in said
    assert "character that cannot be used" in said or "رمز غير مقبول" in said


@pytest.mark.parametrize(("language", "words"), [("en", "character that cannot be used"), ("ar", "رمز غير مقبول")])
def test_the_page_speaks_the_language_of_the_address(visitor: Client, language: str, words: str) -> None:
    assert words in visitor.get(f"/{language}/shops/?q=%00").content.decode()


def test_a_charset_that_brings_half_a_sign_is_refused(visitor: Client) -> None:
    assert visitor.get("/en/shops/", **SURROGATE).status_code == 400


@pytest.mark.parametrize("path", ["/api/v1/verify/%00/", "/api/v1/shops?q=%00", "/api/v1/shops?area=%00"])
def test_a_program_gets_a_problem(visitor: Client, path: str) -> None:
    answer = visitor.get(path, headers={"accept-language": "en"})
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert "cannot be used" in answer.json()["detail"]


@pytest.mark.parametrize("fields", [{"reference": "a\x00b"}, {"x\x00": "a"}], ids=["value", "name"])
def test_fields_of_both_kinds_of_form_are_refused(visitor: Client, fields: dict[str, str]) -> None:
    assert visitor.post("/en/track/", urlencode(fields), content_type="application/x-www-form-urlencoded").status_code == 400
    assert visitor.post("/en/track/", fields).status_code == 400  # multipart


@pytest.mark.parametrize("sign", [b"\\ud800", b"\\u0000"])
def test_a_form_in_a_charset_with_escapes_is_refused(visitor: Client, sign: bytes) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="reference"\r\n\r\n' + sign + b"\r\n--x--\r\n"
    answer = visitor.post("/en/track/", body, content_type="multipart/form-data; boundary=x; charset=raw_unicode_escape")
    assert answer.status_code == 400


def test_names_of_files_are_made_text_by_django_and_their_fields_are_refused(visitor: Client) -> None:
    assert visitor.post("/en/track/", {"f\x00": SimpleUploadedFile("a.txt", b"x")}).status_code == 400
    assert visitor.post("/en/track/", {"f": SimpleUploadedFile("a\x00.txt", b"x")}).status_code < 500


@pytest.mark.parametrize("value", ['"aaaaaaaaaaaa\\000"', '"\\000"'])
@pytest.mark.parametrize("name", ["sessionid", "django_language", "csrftoken"])
def test_an_escape_in_a_cookie_is_refused(visitor: Client, name: str, value: str) -> None:
    assert visitor.get("/en/my-requests/", HTTP_COOKIE=f"{name}={value}").status_code == 400


def test_what_a_machine_posts_is_left_to_the_view_that_reads_it(visitor: Client) -> None:
    for path in ("/pay/knet/response", "/pay/knet/response?trandata=%00&x=%00"):
        answer = visitor.post(path, b"a\x00b&trackid=%00", content_type="application/x-www-form-urlencoded")
        assert answer.status_code == 200 and answer.content.startswith(b"REDIRECT=")
    assert visitor.get("/pay/knet/response?trandata=%00").status_code == 303
    assert visitor.post("/pay/tasdeed/response", b"\x00", content_type="application/json").status_code == 200


def test_a_piece_of_a_file_is_not_read_by_the_middleware() -> None:
    """Its bytes are not text; the view answers, here that there is no such file."""
    answer = signed_in(PersonFactory()).patch("/en/uploads/file/none/", b"\x00" * 100, content_type="application/offset+octet-stream")
    assert answer.status_code == 404


def test_the_description_of_a_file_holds_no_nul() -> None:
    from municipality.uploads.views.resumable import metadata

    packed = base64.b64encode(b"a\x00b").decode()
    assert metadata(f"filename {packed},fingerprint {packed}") == {"filename": "a\ufffdb", "fingerprint": "a\ufffdb"}


def test_without_the_middleware_half_a_sign_is_an_error_everywhere(visitor: Client, settings: Any) -> None:
    """The red control on both databases."""
    without_the_middleware(settings)
    assert visitor.get("/en/shops/", **SURROGATE).status_code == 500


def test_without_the_middleware_nul_is_an_error_on_postgresql(visitor: Client, settings: Any) -> None:
    """The red control: SQLite takes NUL, so that the harm shows on PostgreSQL only."""
    without_the_middleware(settings)
    found = {visitor.get(address).status_code for address in ("/pay/r/a%00", "/verify/%00")}
    found.add(visitor.get("/en/my-requests/", HTTP_COOKIE='sessionid="aaaaaaaaaaaa\\000"').status_code)
    assert (500 in found) == (connection.vendor == "postgresql")
