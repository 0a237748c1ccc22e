"""Documents read bundled files only. The control shows that WeasyPrint by itself reads the disk and the network."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest

from municipality.documents import assets, rendering
from municipality.documents.assets import ASSETS, ForbiddenAddress, asset, asset_fetcher

weasyprint = pytest.importorskip("weasyprint")


class Listener:
    """Counts connections on a loopback port and answers each with an empty reply."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port, self.count = self.socket.getsockname()[1], 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.count += 1
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.socket.close()


def hostile_page(listener: Listener, secret: Path) -> str:
    return (
        f'<html lang="ar"><head><title>x</title><link rel="stylesheet" href="http://127.0.0.1:{listener.port}/a.css">'
        f'<link rel="attachment" href="{secret.as_uri()}"></head><body><img src="http://127.0.0.1:{listener.port}/b.png">x</body></html>'
    )


def attachments(pdf: bytes, folder: Path) -> list[bytes]:
    path = folder / "out.pdf"
    path.write_bytes(pdf)
    with pikepdf.open(path) as opened:
        return [spec.get_file().read_bytes() for spec in opened.attachments.values()]


def test_the_librarys_own_fetcher_reads_a_local_file_and_the_network(listener: Listener, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("key material")
    pdf = weasyprint.HTML(string=hostile_page(listener, secret)).write_pdf(pdf_variant="pdf/a-3a")
    assert attachments(pdf, tmp_path) == [b"key material"]
    assert listener.count >= 2


def test_the_same_page_is_refused_and_nothing_is_read(listener: Listener, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("key material")
    with pytest.raises(rendering.RenderingRefused), rendering._lock:
        rendering._write_pdf(weasyprint, hostile_page(listener, secret), None, "x", rendering.clock.now())
    assert listener.count == 0


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "http://127.0.0.1/",
        "https://example.org/",
        "ftp://example.org/",
        "data:text/plain,x",
        "asset:../settings/base.py",
        "asset:%2e%2e/base.py",
        "asset:document.css?x",
        "ASSET:document.css",
        "mark.svg",
        "",
    ],
)
def test_every_address_outside_the_table_is_refused(address: str) -> None:
    with pytest.raises(ForbiddenAddress):
        asset_fetcher()(address)
    with pytest.raises(ForbiddenAddress):
        asset_fetcher().open(address)


def test_every_address_of_the_table_has_a_file() -> None:
    for address in ASSETS:
        content, _ = asset(address)
        assert len(content) > 300
        assert asset_fetcher()(address).read() == content


def test_the_style_sheet_names_only_addresses_of_the_table() -> None:
    import re

    css = asset(rendering.STYLESHEET)[0].decode()
    assert set(re.findall(r'url\("([^"]+)"\)', css)) <= set(assets.ASSETS)
    assert "@import" not in css


@pytest.mark.django_db
def test_a_document_shows_a_jpeg_of_the_store_by_its_hash_and_no_other_file_of_it(store: Path) -> None:
    from PIL import Image

    from municipality.documents import store as files

    out = BytesIO()
    Image.new("RGB", (30, 20), "#7a1f2b").save(out, "JPEG")
    picture, other = files.put(out.getvalue(), "image/jpeg"), files.put(b"%PDF-1.7 secret", "application/pdf")
    assert asset_fetcher().fetch(f"stored:{picture.sha256}").read() == out.getvalue()
    for address in (other.sha256, f"../{picture.path}", "", f"{picture.sha256}/../{other.sha256}"):
        with pytest.raises(ForbiddenAddress):
            asset_fetcher().fetch(f"stored:{address}")
    with pytest.raises(files.Damaged):
        asset_fetcher().fetch(f"stored:{'0' * 64}")
