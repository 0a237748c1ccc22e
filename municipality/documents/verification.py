"""Checks whether a file was sealed by the municipality, without the database.

Stricter than a general reader: exactly one signature, a PAdES certification that allows no change, over the whole file, by a
certificate of our own root. The state of the document is on the check page.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from django.utils.translation import gettext_lazy as _

from municipality.documents.signing import subject_of

# Reasons why a file is not accepted, by code.
REASONS = {
    "not_pdf": _("This is not a readable PDF file."),
    "unsigned": _("The file carries no electronic seal."),
    "several_signatures": _("The file carries more signatures than our seal alone."),
    "other_kind": _("The signature is not of the kind that the municipality uses."),
    "changed": _("The content was changed after it was sealed."),
    "added_to": _("Something was added to the file after it was sealed."),
    "changes_allowed": _("The seal does not forbid later changes."),
    "other_signer": _("The seal was not made by the municipality."),
}


@dataclass(frozen=True)
class Verdict:
    """`reasons` are keys of REASONS, empty exactly when the file is accepted; `signed_at` is the signer's claim (aware)."""

    intact: bool
    trusted: bool
    covers_whole_file: bool
    signer: str
    signed_at: dt.datetime | None
    reasons: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        return self.intact and self.trusted and self.covers_whole_file and not self.reasons


def check(pdf: bytes, *, root_pem: bytes) -> Verdict:
    """Check a file against the root certificate (PEM). Never raises for a bad file, never uses the network."""
    try:
        return _check(pdf, root_pem)
    except Exception:  # noqa: BLE001  a hostile file may break the parser anywhere
        return _refusal("not_pdf")


def _refusal(*reasons: str) -> Verdict:
    return Verdict(intact=False, trusted=False, covers_whole_file=False, signer="", signed_at=None, reasons=reasons)


def _check(pdf: bytes, root_pem: bytes) -> Verdict:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.fields import MDPPerm
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.errors import SignatureValidationError
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    reader = PdfFileReader(BytesIO(pdf))
    signatures = reader.embedded_signatures
    if not signatures:
        return _refusal("unsigned")
    if len(signatures) != 1:
        return _refusal("several_signatures")
    signature = signatures[0]
    if signature.sig_object.get("/SubFilter") != "/ETSI.CAdES.detached" or signature.sig_object_type != "/Sig":
        return _refusal("other_kind")
    context = ValidationContext(trust_roots=[_certificate(root_pem)], allow_fetching=False)
    try:
        status = validate_pdf_signature(signature, signer_validation_context=context)
    except SignatureValidationError:
        return _refusal("changed")

    covers_file = status.coverage == SignatureCoverageLevel.ENTIRE_FILE and _excluded_range_is_exact(pdf, signature)
    intact = bool(status.intact and status.valid and _envelope_is_exact(signature))
    trusted = bool(status.trusted)
    problems = {
        "changed": not intact,
        "added_to": not covers_file or reader.xrefs.total_revisions - 1 != signature.signed_revision,
        "changes_allowed": signature.docmdp_level != MDPPerm.NO_CHANGES,
        "other_signer": intact and not trusted,
    }
    return Verdict(
        intact=intact,
        trusted=trusted,
        covers_whole_file=covers_file,
        signer=subject_of(signature.signer_cert),
        signed_at=signature.self_reported_timestamp,
        reasons=tuple(code for code, is_problem in problems.items() if is_problem),
    )


def _excluded_range_is_exact(pdf: bytes, signature: Any) -> bool:
    """Whether the range that the digest leaves out holds only the signature in hexadecimal and zeros."""
    start, first, second, _length = (int(value) for value in signature.byte_range)
    excluded = pdf[start + first : second]
    content = bytes(signature.pkcs7_content)
    return excluded == b"<" + content.hex().upper().encode() + b">" and not any(content[_der_length(content) :])


def _envelope_is_exact(signature: Any) -> bool:
    """Whether the unsigned parts of the envelope are exactly as our signer writes them (CMS, RFC 5652).

    Otherwise they could be changed unnoticed: lengths, versions, algorithm names, unused certificates.
    """
    from asn1crypto import cms

    padded = bytes(signature.pkcs7_content)
    content = padded[: _der_length(padded)]
    envelope = cms.ContentInfo.load(content, strict=True)
    signed = envelope["content"]
    (info,) = signed["signer_infos"]
    own = signature.signer_cert
    (algorithm,) = signed["digest_algorithms"]
    return (
        envelope.dump(force=True) == content
        and envelope["content_type"].native == "signed_data"
        and signed["version"].native == "v1"
        and algorithm.native == info["digest_algorithm"].native == {"algorithm": "sha256", "parameters": None}
        and signed["encap_content_info"].native == {"content_type": "data", "content": None}
        and [bytes(c.chosen.dump()) for c in signed["certificates"]] == [own.dump()]
        and not signed["crls"].native
        and info["version"].native == "v1"
        and info["sid"].chosen.native == cms.IssuerAndSerialNumber({"issuer": own.issuer, "serial_number": own.serial_number}).native
        and info["signature_algorithm"].native in ({"algorithm": name, "parameters": None} for name in ("sha256_ecdsa", "sha256_rsa"))
        and not info["unsigned_attrs"].native
    )


def _der_length(content: bytes) -> int:
    """Length of the outermost DER element, header included. Raises IndexError for a truncated one."""
    if content[1] < 0x80:
        return 2 + content[1]
    octets = content[1] & 0x7F
    return 2 + octets + int.from_bytes(content[2 : 2 + octets], "big")


def _certificate(pem: bytes) -> Any:
    from asn1crypto import pem as pem_codec
    from asn1crypto import x509

    return x509.Certificate.load(pem_codec.unarmor(pem)[2])
