"""A PKCS#11 token of SoftHSM with a key made in it, for tests: pulled out, put back, its PIN changed."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import NameOID
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
from pkcs11.util.rsa import encode_rsa_public_key

from municipality.documents import signing
from municipality.kernel import clock

_PLACES = ("/usr/lib/softhsm", "/usr/lib/x86_64-linux-gnu/softhsm", "/usr/lib/aarch64-linux-gnu/softhsm", "/usr/local/lib/softhsm")
PIN, OFFICER_PIN, LABEL, KEY = "246813", "975311", "portal", "seal"


def module() -> str:
    """SoftHSM's library; the test is skipped where it is not installed."""
    found = next((path for place in _PLACES if (path := Path(place) / "libsofthsm2.so").exists()), None)
    if found is None or shutil.which("softhsm2-util") is None:
        pytest.skip("softhsm2 is not installed")
    return str(found)


@dataclass
class Token:
    """A token in a folder. Modules read the folder's path from SOFTHSM2_CONF when they are initialised."""

    folder: Path
    root: bytes = b""

    @property
    def configuration(self) -> Path:
        return self.folder / "softhsm2.conf"

    @property
    def pin_file(self) -> Path:
        return self.folder / "pin"

    @property
    def _tokens(self) -> Path:
        return self.folder / "tokens"

    def make(self, kind: str = "ec") -> None:
        """Initialise the token, generate a key of this kind in it and put in the certificate that a root of its own gives."""
        self._tokens.mkdir()
        self.configuration.write_text(f"directories.tokendir = {self._tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.pin_file.write_text(f"{PIN}\n")
        os.environ["SOFTHSM2_CONF"] = str(self.configuration)
        command = ["softhsm2-util", "--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", OFFICER_PIN]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        with pkcs11.lib(module()).get_token(token_label=LABEL).open(rw=True, user_pin=PIN) as session:
            if kind == "ec":
                curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
                parameters = session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
                public, _ = parameters.generate_keypair(store=True, label=KEY, id=b"1")
                encoded = encode_ec_public_key(public)
            else:
                public, _ = session.generate_keypair(pkcs11.KeyType.RSA, 2048, store=True, label=KEY, id=b"1")
                encoded = encode_rsa_public_key(public)
                encoded = _wrapped_rsa(encoded)
            certificate, root = _certified(encoded)
            session.create_object(
                {
                    pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
                    pkcs11.Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                    pkcs11.Attribute.TOKEN: True,
                    pkcs11.Attribute.LABEL: KEY,
                    pkcs11.Attribute.ID: b"1",
                    pkcs11.Attribute.SUBJECT: certificate.subject.public_bytes(),
                    pkcs11.Attribute.VALUE: certificate.public_bytes(Encoding.DER),
                }
            )
        self.root = root.public_bytes(Encoding.PEM)
        pkcs11.lib(module()).finalize()

    def pull_out(self) -> None:
        self._tokens.rename(self.folder / "pulled")

    def put_back(self) -> None:
        (self.folder / "pulled").rename(self._tokens)


def _wrapped_rsa(key: bytes) -> bytes:
    from asn1crypto.keys import PublicKeyInfo, RSAPublicKey

    return bytes(PublicKeyInfo.wrap(RSAPublicKey.load(key), "rsa").dump())


def _certified(public_key: bytes) -> tuple[x509.Certificate, x509.Certificate]:
    root_key = ec.generate_private_key(ec.SECP256R1())
    root_name, name = (
        x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "KW"), x509.NameAttribute(NameOID.COMMON_NAME, common)])
        for common in ("Test root", "Seal in a token")
    )
    start = clock.now() - dt.timedelta(days=3660)

    def certificate(subject: x509.Name, key: object, authority: bool) -> x509.Certificate:
        usage = dict.fromkeys(("key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False)
        signs = {"digital_signature": not authority, "content_commitment": not authority, "key_cert_sign": authority, "crl_sign": authority}
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(root_name)
            .public_key(key)  # type: ignore[arg-type]
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + dt.timedelta(days=7300))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
            .add_extension(x509.KeyUsage(**signs, **usage), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)  # type: ignore[arg-type]
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
            .sign(root_key, hashes.SHA256())
        )

    return certificate(name, load_der_public_key(public_key), False), certificate(root_name, root_key.public_key(), True)


@pytest.fixture(name="card")
def token_in_its_slot(tmp_path: Path, settings: Any) -> Iterator[Token]:
    """A token in its slot, and the portal set to it."""
    before = os.environ.get("SOFTHSM2_CONF")
    library = module()
    token = Token(tmp_path)
    token.make()
    settings.SIGNER = signing.TOKEN
    settings.SIGNER_PKCS11_MODULE, settings.SIGNER_PKCS11_TOKEN, settings.SIGNER_PKCS11_KEY = library, LABEL, KEY
    settings.SIGNER_PKCS11_PIN_FILE = str(token.pin_file)
    yield token
    loaded = pkcs11.lib(library)
    if loaded.initialized:
        loaded.finalize()
    os.environ.pop("SOFTHSM2_CONF") if before is None else os.environ.update(SOFTHSM2_CONF=before)
