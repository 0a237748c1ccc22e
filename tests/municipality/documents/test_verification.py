"""Whatever was changed, added or sealed by others is not accepted."""

from __future__ import annotations

import random
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner

from municipality.documents.seal import make_seal, root_pem
from municipality.documents.signing import FileKeySigner
from municipality.documents.verification import REASONS, check
from tests.municipality.documents.conftest import PASSPHRASE, render_licence
from tests.municipality.documents.samples import ISSUED


def hole(pdf: bytes) -> tuple[int, int]:
    """Where the signature's own hexadecimal text begins and ends: the only bytes the digest leaves out."""
    with pikepdf.open(BytesIO(pdf)) as opened:
        start, first, second, _ = (int(value) for value in opened.Root.AcroForm.Fields[0].V.ByteRange)
    return start + first, second


def flipped(pdf: bytes, position: int, bit: int) -> bytes:
    changed = bytearray(pdf)
    changed[position] ^= 1 << bit
    return bytes(changed)


def test_our_own_file_is_accepted(sealed: bytes, root: bytes) -> None:
    verdict = check(sealed, root_pem=root)
    assert verdict.accepted and verdict.reasons == ()
    assert verdict.intact and verdict.trusted and verdict.covers_whole_file
    assert verdict.signed_at == ISSUED
    assert "no legal force" in verdict.signer


@pytest.mark.slow
def test_no_flipped_bit_is_accepted(sealed: bytes, root: bytes) -> None:
    """500 bits outside the hole of the signature and 40 inside, each in its own copy of one sealed file."""
    start, end = hole(sealed)
    chosen = random.Random(2026)
    outside = chosen.sample([position for position in range(len(sealed)) if not start <= position < end], 500)
    inside = chosen.sample(range(start, end), 40)
    for position in [*outside, *inside]:
        verdict = check(flipped(sealed, position, chosen.randrange(8)), root_pem=root)
        assert not verdict.accepted and verdict.reasons, position
        assert set(verdict.reasons) <= set(REASONS)


def annotation(writer: Any) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    note = writer.add_object(
        generic.DictionaryObject(
            {
                generic.pdf_name("/Type"): generic.pdf_name("/Annot"),
                generic.pdf_name("/Subtype"): generic.pdf_name("/Text"),
                generic.pdf_name("/Contents"): generic.pdf_string("valid until 2099"),
                generic.pdf_name("/Rect"): generic.ArrayObject(generic.NumberObject(value) for value in (0, 0, 9, 9)),
            }
        )
    )
    page.setdefault(generic.pdf_name("/Annots"), generic.ArrayObject()).append(note)
    writer.update_container(page)


def title(writer: Any) -> None:
    writer.root["/Lang"] = generic.pdf_string("en")
    writer.update_root()


def content(writer: Any) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"0 0 100 100 re f"))
    writer.update_container(page)


def orphan(writer: Any) -> None:
    writer.add_object(generic.pdf_string("nobody refers to this"))


def script(writer: Any) -> None:
    act = {generic.pdf_name("/S"): generic.pdf_name("/JavaScript"), generic.pdf_name("/JS"): generic.pdf_string("app.alert(1)")}
    writer.root["/OpenAction"] = writer.add_object(generic.DictionaryObject(act))
    writer.update_root()


def rotation(writer: Any) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Rotate"] = generic.NumberObject(180)
    writer.update_container(page)


def cut(writer: Any) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    page["/MediaBox"] = generic.ArrayObject(generic.NumberObject(value) for value in (0, 0, 595, 400))
    writer.update_container(page)


def page_left_out(writer: Any) -> None:
    pages = writer.root["/Pages"]
    pages["/Kids"], pages["/Count"] = generic.ArrayObject(), generic.NumberObject(0)
    writer.update_container(pages)


def fields_left_out(writer: Any) -> None:
    """The form that names the signature, without its field."""
    writer.root["/AcroForm"] = writer.add_object(generic.DictionaryObject({generic.pdf_name("/Fields"): generic.ArrayObject()}))
    writer.update_root()


def permission(writer: Any) -> None:
    """The entry that forbids changes, gone."""
    writer.root["/Perms"] = generic.DictionaryObject()
    writer.update_root()


CHANGES = [annotation, title, content, orphan, script, rotation, cut, page_left_out, fields_left_out, permission]
PAIRS = [*((one,) for one in CHANGES), *zip(CHANGES, [*CHANGES[1:], CHANGES[0]], strict=True)]  # twenty updates


@pytest.mark.parametrize("changes", PAIRS, ids=lambda changes: "+".join(change.__name__ for change in changes))
def test_an_incremental_update_is_refused(changes: tuple[Callable[[Any], None], ...], sealed: bytes, root: bytes) -> None:
    writer = IncrementalPdfFileWriter(BytesIO(sealed))
    for change in changes:
        change(writer)
    target = BytesIO()
    writer.write(target)
    updated = target.getvalue()
    assert updated.startswith(sealed) and len(updated) > len(sealed)
    verdict = check(updated, root_pem=root)
    assert not verdict.accepted
    if fields_left_out in changes:
        assert verdict.reasons == ("unsigned",)
    else:
        assert "added_to" in verdict.reasons
        assert verdict.intact  # the sealed part itself is as it was: only the strictness about coverage refuses it


@pytest.mark.parametrize("tail", [b"\n", b" ", b"%%EOF\n", b"\x00" * 100, b"<script>alert(1)</script>", b"PK\x03\x04"])
def test_trailing_bytes_are_refused(tail: bytes, sealed: bytes, root: bytes) -> None:
    assert not check(sealed + tail, root_pem=root).accepted
    assert not check(tail + sealed, root_pem=root).accepted


def test_a_second_signature_is_refused(sealed: bytes, root: bytes, key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PdfSigner, "_enforce_certification_constraints", lambda self, reader: None)
    key = FileKeySigner(key_file, PASSPHRASE)._key
    metadata = PdfSignatureMetadata(field_name="Second", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
    twice = PdfSigner(metadata, signer=key).sign_pdf(IncrementalPdfFileWriter(BytesIO(sealed))).getvalue()
    assert check(twice, root_pem=root).reasons == ("several_signatures",)


def test_an_unsigned_file_is_refused(unsigned: bytes, root: bytes) -> None:
    assert check(unsigned, root_pem=root).reasons == ("unsigned",)


def test_a_file_saved_anew_is_refused(sealed: bytes, root: bytes) -> None:
    target = BytesIO()
    with pikepdf.open(BytesIO(sealed)) as opened:
        opened.save(target)
    assert not check(target.getvalue(), root_pem=root).accepted


def test_a_seal_of_another_root_is_refused_although_it_looks_the_same(unsigned: bytes, root: bytes, tmp_path: Path) -> None:
    other = tmp_path / "other.p12"
    make_seal(other, "x")
    forged = FileKeySigner(other, "x").sign(unsigned, reason="Issue of a licence", at=ISSUED)
    verdict = check(forged, root_pem=root)
    assert verdict.intact and verdict.covers_whole_file and not verdict.trusted
    assert verdict.reasons == ("other_signer",)
    assert check(forged, root_pem=root_pem(other)).accepted  # the control: under its own root it passes


def test_our_key_without_certification_is_refused(unsigned: bytes, root: bytes, key_file: Path) -> None:
    key: SimpleSigner = FileKeySigner(key_file, PASSPHRASE)._key
    for certify, reason in ((False, "changes_allowed"), (True, "changes_allowed")):
        metadata = PdfSignatureMetadata(
            field_name="Seal", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, certify=certify, docmdp_permissions=MDPPerm.ANNOTATE
        )
        loose = PdfSigner(metadata, signer=key).sign_pdf(IncrementalPdfFileWriter(BytesIO(unsigned))).getvalue()
        assert check(loose, root_pem=root).reasons == (reason,)
    metadata = PdfSignatureMetadata(
        field_name="Seal",
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    old = PdfSigner(metadata, signer=key).sign_pdf(IncrementalPdfFileWriter(BytesIO(unsigned))).getvalue()
    assert check(old, root_pem=root).reasons == ("other_kind",)


def test_a_seal_moved_to_another_document_is_refused(sealed: bytes, root: bytes, key_file: Path) -> None:
    other = FileKeySigner(key_file, PASSPHRASE).sign(render_licence(trade_name_ar="صالون آخر"), reason="Issue of a licence", at=ISSUED)
    (first, last), (other_first, other_last) = hole(sealed), hole(other)
    assert last - first == other_last - other_first
    moved = other[:other_first] + sealed[first:last] + other[other_last:]
    verdict = check(moved, root_pem=root)
    assert not verdict.accepted and "changed" in verdict.reasons


@pytest.mark.parametrize("junk", [b"", b"%PDF-1.7", b"x" * 10_000, b"%PDF-1.7\n%%EOF", b"\x00\xff" * 50])
def test_what_is_no_pdf_is_refused_without_an_error(junk: bytes, root: bytes) -> None:
    assert check(junk, root_pem=root).reasons == ("not_pdf",)


def test_a_cut_file_is_refused(sealed: bytes, root: bytes) -> None:
    for length in range(0, len(sealed), len(sealed) // 25):
        assert not check(sealed[:length], root_pem=root).accepted
