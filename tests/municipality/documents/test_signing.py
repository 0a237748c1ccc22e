"""The seal on the file, judged by poppler too, and what happens without a key."""

from __future__ import annotations

import datetime as dt
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from django.test import override_settings
from pyhanko.pdf_utils.reader import PdfFileReader

from municipality.documents.signing import FileKeySigner, SignerMissing, sign_pdf, signer
from tests import poppler
from tests.municipality.documents.conftest import PASSPHRASE
from tests.municipality.documents.samples import ISSUED


class PretendSigner:
    """A signer by setting, as a hardware module's would be."""

    name = "pretend"
    certificate_subject = "CN=pretend"

    def sign(self, pdf: bytes, *, reason: str, at: dt.datetime) -> bytes:
        return pdf + reason.encode()


def test_the_signature_is_pades_and_allows_no_change(sealed: bytes, tmp_path: Path) -> None:
    with pikepdf.open(poppler.written(sealed, tmp_path)) as pdf:
        field = pdf.Root.AcroForm.Fields[0]
        assert (field.T, field.V.SubFilter) == ("Seal", "/ETSI.CAdES.detached")
        assert field.V.Reference[0].TransformParams.P == 1
        assert pdf.Root.Perms.DocMDP == field.V
        assert str(field.V.Reason) == "Issue of a licence"


def test_the_prepared_attribute_names_the_certificate_as_the_library_would(key_file: Path, unsigned: bytes) -> None:
    def named(signer: FileKeySigner) -> bytes:
        sealed = PdfFileReader(BytesIO(signer.sign(unsigned, reason="x", at=ISSUED))).embedded_signatures[0]
        attributes = {attribute["type"].native: attribute for attribute in sealed.signer_info["signed_attrs"]}
        assert set(attributes) == {"content_type", "message_digest", "signing_certificate_v2"}
        return bytes(attributes["signing_certificate_v2"].dump())

    ours, librarys = FileKeySigner(key_file, PASSPHRASE), FileKeySigner(key_file, PASSPHRASE)
    librarys._key.signed_attr_prov_spec = None
    assert named(ours) == named(librarys)


def test_poppler_agrees_that_the_signature_is_valid(sealed: bytes, tmp_path: Path) -> None:
    said = poppler.run("pdfsig", "-nocert", poppler.written(sealed, tmp_path)).decode()
    assert "Signature is Valid" in said and "Total document signed" in said and "ETSI.CAdES.detached" in said


def test_poppler_trusts_the_seal_once_it_knows_the_root(sealed: bytes, root: bytes, tmp_path: Path) -> None:
    database = tmp_path / "nss"
    database.mkdir()
    (tmp_path / "root.pem").write_bytes(root)
    poppler.run("certutil", "-N", "-d", f"sql:{database}", "--empty-password")
    path = poppler.written(sealed, tmp_path)
    before = poppler.run("pdfsig", "-nssdir", f"sql:{database}", path).decode()
    poppler.run("certutil", "-A", "-d", f"sql:{database}", "-n", "root", "-t", "CT,CT,CT", "-i", str(tmp_path / "root.pem"))
    after = poppler.run("pdfsig", "-nssdir", f"sql:{database}", path).decode()
    assert "Certificate is Trusted" not in before
    assert "Certificate is Trusted" in after


def test_poppler_sees_a_changed_byte(sealed: bytes, tmp_path: Path) -> None:
    changed = bytearray(sealed)
    changed[len(sealed) // 3] ^= 1
    said = poppler.run("pdfsig", "-nocert", poppler.written(bytes(changed), tmp_path)).decode()
    assert "Signature is Valid" not in said


def test_the_moment_is_the_portals_not_the_machines(sealed: bytes, tmp_path: Path) -> None:
    with pikepdf.open(poppler.written(sealed, tmp_path)) as pdf:
        assert str(pdf.Root.AcroForm.Fields[0].V.M).startswith(ISSUED.strftime("D:%Y%m%d%H%M%S"))


def test_a_moment_without_time_zone_is_refused(unsigned: bytes) -> None:
    with pytest.raises(ValueError, match="time zone"):
        sign_pdf(unsigned, reason="x", at=dt.datetime(2026, 1, 1))


def test_a_sealed_file_is_not_sealed_again(sealed: bytes) -> None:
    with pytest.raises(ValueError, match="filled already"):
        sign_pdf(sealed, reason="again", at=ISSUED)


def test_without_a_key_file_the_signer_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SignerMissing, match="cannot be read"):
        FileKeySigner(tmp_path / "none.p12", "x")
    broken = tmp_path / "broken.p12"
    broken.write_bytes(b"not a key")
    with pytest.raises(SignerMissing, match="does not open"):
        FileKeySigner(broken, "x")


def test_a_wrong_passphrase_means_no_signer(key_file: Path) -> None:
    for wrong in ("", "wrong"):
        with pytest.raises(SignerMissing, match="does not open"):
            FileKeySigner(key_file, wrong)


def test_a_signer_appears_as_soon_as_its_key_does(tmp_path: Path) -> None:
    from municipality.documents.seal import make_seal

    with override_settings(SIGNER_KEY_FILE=str(tmp_path / "late.p12"), SIGNER_PASSPHRASE=PASSPHRASE):
        with pytest.raises(SignerMissing):
            signer()
        make_seal(tmp_path / "late.p12", PASSPHRASE)
        assert signer() is signer()


def test_another_signer_takes_its_place_by_setting() -> None:
    with override_settings(SIGNER=f"{__name__}.PretendSigner"):
        assert signer().name == "pretend"
        assert sign_pdf(b"x", reason="y", at=ISSUED) == b"xy"
