"""The demo's seal: made once, never overwritten, marked, useless to others."""

from __future__ import annotations

import stat
import threading
from io import StringIO
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
from django.core.management import CommandError, call_command
from django.test import override_settings

from municipality.documents.management.commands.make_seal import Command
from municipality.documents.seal import MARK, make_seal, root_pem
from municipality.documents.signing import FileKeySigner, SignerMissing, signer


def test_a_seal_is_made_once_with_closed_permissions(tmp_path: Path) -> None:
    key_file = tmp_path / "deep" / "seal.p12"
    assert make_seal(key_file, "secret") is True
    first = key_file.read_bytes(), root_pem(key_file)
    assert make_seal(key_file, "secret") is False
    assert (key_file.read_bytes(), root_pem(key_file)) == first
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert {path.name for path in key_file.parent.iterdir()} == {"seal.p12", "root.pem"}


def test_the_certificates_say_that_they_have_no_legal_force(tmp_path: Path) -> None:
    key_file = tmp_path / "seal.p12"
    make_seal(key_file, "secret")
    root = x509.load_pem_x509_certificate(root_pem(key_file))
    seal = load_pkcs12(key_file.read_bytes(), b"secret").cert
    assert seal is not None
    seal.certificate.verify_directly_issued_by(root)
    for certificate in (root, seal.certificate):
        assert MARK in certificate.subject.rfc4514_string()
    assert MARK in FileKeySigner(key_file, "secret").certificate_subject


def test_the_roots_key_is_kept_nowhere(tmp_path: Path) -> None:
    key_file = tmp_path / "seal.p12"
    make_seal(key_file, "secret")
    bundle = load_pkcs12(key_file.read_bytes(), b"secret")
    assert bundle.key is not None and bundle.cert is not None
    root = x509.load_pem_x509_certificate(root_pem(key_file))
    assert bundle.key.public_key() == bundle.cert.certificate.public_key() != root.public_key()
    assert b"PRIVATE KEY" not in root_pem(key_file)


def test_a_lost_root_is_written_again_from_the_key_file(tmp_path: Path) -> None:
    key_file = tmp_path / "seal.p12"
    make_seal(key_file, "secret")
    before = root_pem(key_file)
    (tmp_path / "root.pem").unlink()
    make_seal(key_file, "secret")
    assert root_pem(key_file) == before


def test_a_key_that_does_not_open_is_never_overwritten(tmp_path: Path) -> None:
    key_file = tmp_path / "seal.p12"
    make_seal(key_file, "secret")
    before = key_file.read_bytes()
    with pytest.raises(SignerMissing):
        make_seal(key_file, "another")
    assert key_file.read_bytes() == before
    with pytest.raises(ValueError, match="passphrase"):
        make_seal(tmp_path / "other.p12", "")


def test_processes_that_start_together_agree_on_one_seal(tmp_path: Path) -> None:
    key_file = tmp_path / "seal.p12"
    made: list[bool] = []
    threads = [threading.Thread(target=lambda: made.append(make_seal(key_file, "secret"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False] * 5 + [True]


def test_the_command_makes_the_seal_and_finds_it_again(tmp_path: Path) -> None:
    with override_settings(SIGNER_KEY_FILE=str(tmp_path / "seal.p12"), SIGNER_PASSPHRASE="secret", DEMO=True):
        first, second = StringIO(), StringIO()
        call_command(Command(), stdout=first)
        call_command(Command(), stdout=second)
        assert first.getvalue().startswith("Made") and second.getvalue().startswith("Found")
        assert signer().name == "file"


def test_the_command_refuses_outside_the_demo(tmp_path: Path) -> None:
    production = override_settings(SIGNER_KEY_FILE=str(tmp_path / "seal.p12"), SIGNER_PASSPHRASE="secret", DEMO=False)
    with production, pytest.raises(CommandError, match="for the demo only"):
        call_command(Command())
    assert not (tmp_path / "seal.p12").exists()


def test_a_checker_without_a_root_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(SignerMissing):
        root_pem(tmp_path / "seal.p12")
