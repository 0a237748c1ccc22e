"""The municipality's electronic seal on a PDF: PAdES baseline B-B (ETSI EN 319 142-1), certified, no changes allowed.

`Signer` is the interface; the setting SIGNER names the implementation: `FileKeySigner` (a key in an encrypted PKCS#12 file) or
`pkcs11.TokenSigner` (a key in a PKCS#11 token).
"""

from __future__ import annotations

import datetime as dt
import os
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol, cast

from cryptography.x509 import load_der_x509_certificate
from django.conf import settings
from django.utils.module_loading import import_string

from municipality.jobs.errors import OnHold

FIELD = "Seal"
FILE_KEY, TOKEN = "municipality.documents.signing.FileKeySigner", "municipality.documents.pkcs11.TokenSigner"
TOKEN_SETTINGS = ("SIGNER_PKCS11_MODULE", "SIGNER_PKCS11_TOKEN", "SIGNER_PKCS11_KEY", "SIGNER_PKCS11_PIN_FILE")


class SignerMissing(OnHold):
    """The key is missing or cannot be opened. Jobs are put on hold; nothing is issued unsigned."""

    def __init__(self, why: str = "") -> None:
        super().__init__("signer", why)


class Signer(Protocol):
    """Seals PDF files; `certificate_subject` names the seal's owner."""

    name: str

    @property
    def certificate_subject(self) -> str: ...

    def sign(self, pdf: bytes, *, reason: str, at: dt.datetime) -> bytes:
        """The sealed file; `at` is the claimed time (aware). Raises SignerMissing."""
        ...


class FileKeySigner:
    """Seals with the key in a PKCS#12 file, read once. Raises SignerMissing where it cannot be opened."""

    name = "file"

    def __init__(self, path: str | Path | None = None, passphrase: str | None = None) -> None:
        from pyhanko.sign.signers import SimpleSigner

        file = Path(path if path is not None else settings.SIGNER_KEY_FILE)
        secret = settings.SIGNER_PASSPHRASE if passphrase is None else passphrase
        try:
            content = file.read_bytes()
        except OSError as failure:
            raise SignerMissing(f"the seal's key file {file} cannot be read") from failure
        try:
            self._key = SimpleSigner.load_pkcs12_data(content, other_certs=(), passphrase=secret.encode() or None)
        except (ValueError, TypeError) as failure:
            raise SignerMissing(f"the seal's key file {file} does not open with the passphrase given") from failure
        if self._key is None or self._key.signing_cert is None:
            raise SignerMissing(f"the seal's key file {file} holds no certificate")
        prepare(self._key)

    @property
    def certificate_subject(self) -> str:
        return subject_of(self._key.signing_cert)

    def sign(self, pdf: bytes, *, reason: str, at: dt.datetime) -> bytes:
        """See Signer. Raises ValueError when `at` has no time zone or the file is already certified."""
        return seal(self._key, pdf, reason=reason, at=at)


def prepare(key: Any) -> None:
    """Set the options of every seal on a pyHanko signer whose certificate is loaded."""
    key.embed_roots = False  # checkers bring their own root
    key.signed_attr_prov_spec = _attributes(key.signing_cert)


def seal(key: Any, pdf: bytes, *, reason: str, at: dt.datetime) -> bytes:
    """`pdf` with a certifying signature by a prepared pyHanko signer. Raises ValueError, and what the key raises."""
    if at.tzinfo is None:
        raise ValueError("the moment of signing needs its time zone")
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.general import SigningError

    # Space for the signature, in hexadecimal digits. The library would determine it by signing twice.
    space = 2 * (sum(len(certificate.dump()) for certificate in (key.signing_cert, *key.cert_registry)) + 4096)
    try:
        sealed = _pdf_signer(key, reason, at).sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), bytes_reserved=space)
    except SigningError as failure:
        raise ValueError(str(failure)) from failure
    return cast(bytes, sealed.getvalue())


def subject_of(certificate: Any) -> str:
    """The subject of an ASN.1 certificate as RFC 4514 writes it: `CN=…,O=…,C=KW`."""
    return load_der_x509_certificate(certificate.dump()).subject.rfc4514_string()


def _attributes(certificate: Any) -> Any:
    """The signed attribute that names the signing certificate (RFC 5035), encoded once: that takes ten milliseconds."""
    from asn1crypto.tsp import SigningCertificateV2
    from pyhanko.sign.attributes import SignedAttributeProviderSpec, SigningCertificateV2Provider
    from pyhanko.sign.general import as_signing_certificate_v2

    encoded = as_signing_certificate_v2(certificate).dump()

    class Prepared(SigningCertificateV2Provider):  # type: ignore[misc]
        async def build_attr_value(self, dry_run: bool = False) -> Any:
            return SigningCertificateV2.load(encoded)

    class Attributes(SignedAttributeProviderSpec):  # type: ignore[misc]
        def signed_attr_providers(self, data_digest: bytes, digest_algorithm: str) -> Any:
            return [Prepared(certificate)]

    return Attributes()


def _pdf_signer(key: Any, reason: str, at: dt.datetime) -> Any:
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
    from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
    from pyhanko.sign.signers.constants import ESIC_EXTENSION_1

    class DatedPdfSigner(PdfSigner):  # type: ignore[misc]
        """Uses the portal's clock instead of the machine's."""

        def init_signing_session(self, pdf_out: Any, existing_fields_only: bool = False) -> Any:
            session = super().init_signing_session(pdf_out, existing_fields_only)
            session.system_time = at
            return session

        def register_extensions(self, pdf_out: Any, *, md_algorithm: str) -> None:
            # For elliptic curves the library would write PDF 2.0, which PDF/A-3 (PDF 1.7) does not allow.
            pdf_out.register_extension(ESIC_EXTENSION_1)

    metadata = PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        reason=reason,
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    return DatedPdfSigner(metadata, signer=key)


def signer() -> Signer:
    """The signer that the settings name, cached for each process. Raises SignerMissing."""
    names = ("SIGNER_KEY_FILE", "SIGNER_PASSPHRASE", *TOKEN_SETTINGS)
    return _signer(settings.SIGNER, tuple(str(getattr(settings, name)) for name in names), os.getpid())


@cache
def _signer(dotted_path: str, values: tuple[str, ...], process: int) -> Signer:
    # The arguments are only the cache key. An exception is not cached.
    return cast(Signer, import_string(dotted_path)())


def sign_pdf(pdf: bytes, *, reason: str, at: dt.datetime) -> bytes:
    """Seal `pdf` with the configured signer. Raises SignerMissing."""
    return signer().sign(pdf, reason=reason, at=at)
