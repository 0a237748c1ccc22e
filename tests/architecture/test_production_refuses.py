"""Production settings refuse to start with anything of the demo, and start with what a real portal has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.keys import moci_key
from script.support.processes import clean_environment
from tests.architecture.production import VALID, as_files

ROOT = Path(__file__).resolve().parent.parent.parent
DEMO_KEY = "demo-only-" + "k7Qw" * 12


def start(environment: dict[str, str], *more: str) -> subprocess.CompletedProcess[str]:
    """Load the production settings in a process of their own."""
    command = [sys.executable, *(more or ("-c", "from django.conf import settings; print(settings.DATABASES['default']['ENGINE'])"))]
    surroundings = clean_environment(os.environ) | {"DJANGO_SETTINGS_MODULE": "municipality.settings.production"} | environment
    return subprocess.run(command, env=surroundings, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SECRET_KEY", "", "SECRET_KEY is missing"),
        ("SECRET_KEY", DEMO_KEY, "SECRET_KEY is a key of the demo"),
        ("SECRET_KEY", "django-insecure-" + "x7Qw" * 12, "SECRET_KEY is a placeholder"),
        ("SECRET_KEY", "kX9-short", "SECRET_KEY is too short"),
        ("SECRET_KEY", "ab" * 40, "SECRET_KEY is too short or too regular"),
        ("CIVIL_ID_KEY", "", "CIVIL_ID_KEY is missing"),
        ("CIVIL_ID_KEY", DEMO_KEY, "CIVIL_ID_KEY is a key of the demo"),
        ("KNET_RESOURCE_KEY", "demo7h2kQ0pLmZ4x", "KNET_RESOURCE_KEY is a key of the demo"),
        ("KNET_RESOURCE_KEY", "short", "KNET_RESOURCE_KEY is too short"),
        ("KNET_RESOURCE_KEY", "7h2kQ0pLmZ4xW9rT1", "KNET_RESOURCE_KEY is not 16 ASCII characters long"),
        ("KNET_RESOURCE_KEY", "7h2kQ0pLmZ4xW9rTé"[1:], "KNET_RESOURCE_KEY is not 16 ASCII characters long"),
        ("KNET_PASSWORD", "demo8f7a6s5d", "KNET_PASSWORD is a key of the demo"),
        ("KNET_PASSWORD", "", "KNET_PASSWORD is missing"),
        ("KNET_TRANPORTAL_ID", "999901", "KNET_TRANPORTAL_ID is a key of the demo"),
        ("SIGNER_PASSPHRASE", "demo-only-abcdefghijkl", "SIGNER_PASSPHRASE is a key of the demo"),
        ("SIGNER_PASSPHRASE", "", "SIGNER_PASSPHRASE is missing"),
        ("DATABASE_URL", "", "DATABASE_URL is missing"),
        ("DATABASE_URL", "sqlite:///portal.sqlite3", "DATABASE_URL is not PostgreSQL"),
        ("REDIS_URL", "", "REDIS_URL is missing"),
        ("REDIS_URL", "memory://", "REDIS_URL is not a Redis address"),
        ("CACHE_URL", "", "CACHE_URL is missing"),
        ("CACHE_URL", "redis://broker.internal:6379/3", "REDIS_URL and CACHE_URL name the same Redis"),
        ("DEBUG", "1", "DEBUG is on"),
        ("PORTAL_DEMO", "1", "PORTAL_DEMO is set"),
        ("STAFF_CODES_COUNT_AS_KEYS", "1", "STAFF_CODES_COUNT_AS_KEYS is on"),
        ("PROOF_SECONDS", "900", "PROOF_SECONDS is not between"),
        ("ALLOWED_HOSTS", "", "ALLOWED_HOSTS is empty"),
        ("ALLOWED_HOSTS", "*", "ALLOWED_HOSTS is *"),
        ("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend", "EMAIL_BACKEND delivers to nobody"),
        ("EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend", "EMAIL_BACKEND delivers to nobody"),
        ("PORTAL_URL", "http://portal.example.test", "PORTAL_URL is missing or not https"),
        ("PORTAL_URL", "https://portal.example.test/ar/", "PORTAL_URL is not https://HOST alone"),
        ("PORTAL_URL", "https://www.example.test", "PORTAL_URL names www.example.test, which ALLOWED_HOSTS does not"),
        ("KNET_PAYMENT_URL", "http://127.0.0.1:8001/kpg/PaymentHTTP.htm", "KNET_PAYMENT_URL is missing or not https"),
        ("MOBILE_ID_URL", "", "MOBILE_ID_URL is missing or not https"),
        ("SMS_URL", "http://127.0.0.1:8003", "SMS_URL is missing or not https"),
    ],
)
def test_production_refuses_with_a_sentence(name: str, value: str, sentence: str) -> None:
    answer = start(VALID | {name: value})
    assert answer.returncode == 1
    assert answer.stderr.strip().splitlines() == [
        line for line in answer.stderr.strip().splitlines() if line.startswith("The portal does not start: ")
    ]
    assert sentence in answer.stderr


def test_check_deploy_names_a_key_with_which_no_payment_could_begin() -> None:
    answer = start(VALID | {"KNET_RESOURCE_KEY": "7h2kQ0pLmZ4xW9rT1"}, "manage.py", "check", "--deploy")
    assert answer.returncode == 1 and "KNET_RESOURCE_KEY is not 16 ASCII characters long" in answer.stderr


def test_production_starts_with_what_a_real_portal_has() -> None:
    answer = start(VALID)
    assert answer.stdout.strip() == "django.db.backends.postgresql", answer.stderr


@pytest.mark.parametrize("hosts", ["portal.example.test", ".example.test", "files.example.test,Portal.example.test"])
def test_a_slash_after_the_address_of_the_portal_is_left_out(hosts: str) -> None:
    """`//verify/CODE` opens nothing, and is printed on every document."""
    line = "from django.conf import settings; print(settings.PORTAL_URL)"
    answer = start(VALID | {"PORTAL_URL": "https://portal.example.test/", "ALLOWED_HOSTS": hosts}, "-c", line)
    assert answer.stdout.strip() == "https://portal.example.test", answer.stderr


TOKEN = {
    "SIGNER": "municipality.documents.pkcs11.TokenSigner",
    "SIGNER_PKCS11_MODULE": "/usr/lib/vendor/pkcs11.so",
    "SIGNER_PKCS11_TOKEN": "portal",
    "SIGNER_PKCS11_KEY": "seal",
    "SIGNER_PKCS11_PIN_FILE": "/run/secrets/seal_pin",
}


def test_with_the_seal_in_a_token_no_passphrase_is_asked_for() -> None:
    answer = start(VALID | TOKEN | {"SIGNER_PASSPHRASE": ""})
    assert answer.stdout.strip() == "django.db.backends.postgresql", answer.stderr


@pytest.mark.parametrize("name", [name for name in TOKEN if name != "SIGNER"])
def test_a_token_that_cannot_be_found_or_opened_is_refused(name: str) -> None:
    answer = start(VALID | TOKEN | {name: ""})
    assert answer.returncode == 1 and f"{name} is missing" in answer.stderr


OPENID = {
    "OPENID_ISSUER": "https://identity.example.test",
    "OPENID_CLIENT_ID": "portal",
    "OPENID_CLIENT_SECRET": "k7Qw9xZ2",
    "OPENID_ASSURANCES": "high",
}


def test_either_way_in_is_enough() -> None:
    answer = start(VALID | OPENID | {"MOBILE_ID_URL": ""})
    assert answer.stdout.strip() == "django.db.backends.postgresql", answer.stderr


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("OPENID_ISSUER", "http://identity.example.test", "OPENID_ISSUER is not https"),
        ("OPENID_CLIENT_ID", "", "OPENID_CLIENT_ID is missing"),
        ("OPENID_CLIENT_SECRET", "", "OPENID_CLIENT_SECRET is missing"),
        ("OPENID_ASSURANCES", "", "OPENID_ASSURANCES is empty"),
        ("MOBILE_ID_URL", "http://mobile-id.example.test", "MOBILE_ID_URL is missing or not https"),
    ],
)
def test_a_provider_that_proves_too_little_is_refused(name: str, value: str, sentence: str) -> None:
    answer = start(VALID | OPENID | {name: value})
    assert answer.returncode == 1 and sentence in answer.stderr


def test_the_providers_secret_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("k7Qw9xZ2\n", encoding="utf8")
    told = VALID | {name: value for name, value in OPENID.items() if name != "OPENID_CLIENT_SECRET"}
    asked = ("-c", "from django.conf import settings; print(settings.OPENID_CLIENT_SECRET)")
    assert start(told | {"OPENID_CLIENT_SECRET_FILE": str(tmp_path / "secret")}, *asked).stdout.strip() == "k7Qw9xZ2"


MOCI = {"MOCI_URL": "https://register.example.test/api/v1", "MOCI_KEY": "r4Tq8Zx1Lm6V"}


def test_the_commercial_register_may_be_connected_or_not_at_all() -> None:
    asked = ("-c", "from shops.commercial_register.port import is_connected; print(is_connected())")
    assert start(VALID | MOCI, *asked).stdout.strip() == "True"
    assert start(VALID | {"MOCI_URL": "", "MOCI_KEY": ""}, *asked).stdout.strip() == "False"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("MOCI_URL", "http://register.example.test/api/v1", "MOCI_URL is not https"),
        ("MOCI_URL", "http://127.0.0.1:8005/api/v1", "MOCI_URL is not https"),  # the simulator's
        ("MOCI_KEY", "", "MOCI_KEY is missing"),
        ("MOCI_KEY", DEMO_KEY, "MOCI_KEY is a key of the demo"),
        ("MOCI_KEY", moci_key({"SECRET_KEY": DEMO_KEY}), "MOCI_KEY is a key of the demo"),
        ("MOCI_KEY", "changeme-please", "MOCI_KEY is a key of the demo or a placeholder"),
        ("MOCI_WINDOW", "1-5", "MOCI_WINDOW is not two times"),
    ],
)
def test_a_commercial_register_of_the_demo_or_without_tls_is_refused(name: str, value: str, sentence: str) -> None:
    answer = start(VALID | MOCI | {name: value})
    assert answer.returncode == 1
    assert answer.stderr.strip().startswith("The portal does not start: ") and sentence in answer.stderr


def test_the_registers_key_in_a_file_is_looked_at_like_any_other(tmp_path: Path) -> None:
    told = VALID | {"MOCI_URL": MOCI["MOCI_URL"], "MOCI_KEY_FILE": str(tmp_path / "key")}
    asked = ("-c", "from django.conf import settings; print(settings.MOCI_KEY)")
    (tmp_path / "key").write_text(MOCI["MOCI_KEY"] + "\n", encoding="utf8")
    assert start(told, *asked).stdout.strip() == MOCI["MOCI_KEY"]
    (tmp_path / "key").write_text(DEMO_KEY + "\n", encoding="utf8")
    assert "MOCI_KEY is a key of the demo" in start(told).stderr


def test_production_reads_its_secrets_from_files(tmp_path: Path) -> None:
    answer = start(as_files(VALID, tmp_path))
    assert answer.stdout.strip() == "django.db.backends.postgresql", answer.stderr


def test_a_secret_file_of_the_demo_is_refused_too(tmp_path: Path) -> None:
    answer = start(as_files(VALID | {"SECRET_KEY": DEMO_KEY}, tmp_path))
    assert "SECRET_KEY is a key of the demo" in answer.stderr


def test_the_demo_settings_refuse_without_portal_demo() -> None:
    answer = start(VALID | {"DJANGO_SETTINGS_MODULE": "sandbox.settings"})
    assert answer.returncode == 1
    assert "PORTAL_DEMO=1" in answer.stderr


def test_check_deploy_finds_nothing_in_a_valid_production() -> None:
    answer = start(VALID, "-W", "ignore", "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert answer.returncode == 0, answer.stderr
