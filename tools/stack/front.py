"""The front door of the deployment, with its addresses and paths changed to those of a test."""

from __future__ import annotations

import contextlib
import datetime as dt
import getpass
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from script.support.environment import ROOT

PROGRAM = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "portal.example.test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("portal.example.test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    return paths


def rendered(folder: Path, *, plain: int, secure: int, portal: int) -> Path:
    """The shipped configuration with ports, paths and addresses of a test; everything else as shipped."""
    chain, key = certificate(folder)
    text = re.sub(r" /tmp/", f" {folder}/", (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf8"))
    for old, new in (
        (" /var/cache/nginx/", f" {folder}/"),
        ("/run/secrets/tls_certificate;", f"{chain};"),
        ("/run/secrets/tls_key;", f"{key};"),
        ("listen 8080", f"listen 127.0.0.1:{plain}"),
        ("listen 8443", f"listen 127.0.0.1:{secure}"),
        ("http://web:8000", f"http://127.0.0.1:{portal}"),
        ("resolver 127.0.0.11", "resolver 127.0.0.1"),
        ("access_log /dev/stdout", f"access_log {folder}/access.log"),
    ):
        if old not in text:
            raise ValueError(f"deploy/nginx.conf no longer holds {old!r}")
        text = text.replace(old, new)
    path = folder / "nginx.conf"
    path.write_text(
        f"user {getpass.getuser()};\ndaemon off;\n{text}" if getpass.getuser() == "root" else f"daemon off;\n{text}", encoding="utf8"
    )
    return path


@contextlib.contextmanager
def nginx(configuration: Path) -> Iterator[None]:
    """Runs until the end of the block."""
    with (configuration.parent / "nginx.log").open("wb") as log:
        running = subprocess.Popen(
            [str(PROGRAM), "-c", str(configuration), "-e", "stderr"], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            yield
        finally:
            running.terminate()
            running.wait(timeout=20)
