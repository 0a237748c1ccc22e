"""The environment of a portal that may start in production. The values are made up and open nothing."""

from __future__ import annotations

from pathlib import Path

VALID = {
    "SECRET_KEY": "vN3kX8qLz0TtR5yWc1HjUe7BgPd4SaFm9OiQx2ZbVnKlJhGf6D",
    "CIVIL_ID_KEY": "p8Rk2Lw9Zx4Vb7Nm1Qc6Td3Yf5Hg0JsA",
    "KNET_TRANPORTAL_ID": "104701",
    "KNET_PASSWORD": "q7Zr9Lp2",
    "KNET_RESOURCE_KEY": "8FJ2K9QW4ZT7M1XC",
    "SIGNER_PASSPHRASE": "xY7-kLm2-pQr9-tUv4",
    "DATABASE_URL": "postgres://portal:pw-9fKq2@database.internal/portal",
    "REDIS_URL": "redis://broker.internal:6379/0",
    "CACHE_URL": "redis://cache.internal:6379/0",
    "ALLOWED_HOSTS": "portal.example.test",
    "PORTAL_URL": "https://portal.example.test",
    "KNET_PAYMENT_URL": "https://bank.example.test/kpg/PaymentHTTP.htm",
    "KNET_TRANPIPE_URL": "https://bank.example.test/kpg/tranPipe.htm",
    "MOBILE_ID_URL": "https://mobile-id.example.test",
    "MOBILE_ID_SERVICE_ID": "portal",
    "SMS_URL": "https://sms.example.test",
    "EMAIL_HOST": "mail.example.test",
}
SECRET_NAMES = (
    "SECRET_KEY",
    "CIVIL_ID_KEY",
    "KNET_TRANPORTAL_ID",
    "KNET_PASSWORD",
    "KNET_RESOURCE_KEY",
    "SIGNER_PASSPHRASE",
    "DATABASE_URL",
    "REDIS_URL",
    "CACHE_URL",
)


def as_files(environment: dict[str, str], folder: Path) -> dict[str, str]:
    """The same environment with every secret in a file, as a container gets them."""
    result = {}
    for name, value in environment.items():
        if name in SECRET_NAMES:
            path = folder / name.lower()
            path.write_text(value + "\n", encoding="utf8")
            result[f"{name}_FILE"] = str(path)
        else:
            result[name] = value
    return result
