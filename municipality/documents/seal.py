"""The demo's seal: a root and an organisational certificate, both marked as without legal force.

The root's key is discarded after its one signature, so that no second seal of this root can be made.
"""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12, serialize_key_and_certificates
from cryptography.x509.oid import NameOID

from municipality.documents.signing import SignerMissing
from municipality.kernel import clock

MARK = "DEMO – no legal force"
ROOT_FILE = "root.pem"
# The demo has licences of past years, which must lie within the certificate's validity.
YEARS_BACK, ROOT_YEARS, SEAL_YEARS = 5, 25, 15


def make_seal(key_file: Path, passphrase: str) -> bool:
    """Create `key_file` (PKCS#12, mode 600) and `root.pem` beside it. Returns False where they exist.

    Of several processes that start together the first one creates them. Raises SignerMissing where the passphrase does not open an
    existing key file (it is never overwritten), ValueError for an empty passphrase.
    """
    if not passphrase:
        raise ValueError("the seal's key needs a passphrase")
    made = False
    if not key_file.exists():
        key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = _write_once(key_file, _new_seal(passphrase))
    root = _read_root(key_file, passphrase)
    _write_once(key_file.with_name(ROOT_FILE), root.public_bytes(Encoding.PEM))
    return made


def root_pem(key_file: Path) -> bytes:
    """The root certificate that checkers trust. Raises SignerMissing when no seal was made or installed."""
    try:
        return key_file.with_name(ROOT_FILE).read_bytes()
    except OSError as failure:
        raise SignerMissing(f"there is no {ROOT_FILE} beside {key_file}") from failure


def _new_seal(passphrase: str) -> bytes:
    start = clock.now() - dt.timedelta(days=366 * YEARS_BACK)
    root_key, seal_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name, seal_name = _name("Portal root"), _name("Portal organisational seal")
    root = (
        _certificate(root_name, root_name, root_key.public_key(), start, ROOT_YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    seal = (
        _certificate(seal_name, root_name, seal_key.public_key(), start, SEAL_YEARS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign_certificates=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(seal_key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    return serialize_key_and_certificates(b"seal", seal_key, seal, [root], BestAvailableEncryption(passphrase.encode()))


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "KW"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"Kuwait Municipality portal ({MARK})"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{common_name} ({MARK})"),
        ]
    )


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, start: dt.datetime, years: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=366 * years))
    )


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=not sign_certificates,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_once(path: Path, content: bytes) -> bool:
    """Create a file atomically. Returns False where it exists."""
    descriptor, name = tempfile.mkstemp(dir=path.parent)  # mode 600
    fresh = Path(name)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        return False
    finally:
        fresh.unlink()
    return True


def _read_root(key_file: Path, passphrase: str) -> x509.Certificate:
    try:
        bundle = load_pkcs12(key_file.read_bytes(), passphrase.encode())
    except (OSError, ValueError) as failure:
        raise SignerMissing(f"the seal's key file {key_file} does not open with the passphrase given") from failure
    for entry in bundle.additional_certs:
        if entry.certificate.issuer == entry.certificate.subject:
            return entry.certificate
    raise SignerMissing(f"the seal's key file {key_file} holds no root certificate")
