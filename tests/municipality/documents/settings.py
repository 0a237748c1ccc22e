"""The least that documents need: templates, and a seal in a folder of its own. No database, no other app."""

from __future__ import annotations

import tempfile
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parents[3]
DEMO = True
SECRET_KEY = "tests only"
INSTALLED_APPS: list[str] = []
USE_TZ = True
TIME_ZONE = "Asia/Kuwait"
LANGUAGE_CODE = "ar"
LANGUAGES = [("ar", "العربية"), ("en", "English")]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates", Path(__file__).parent / "templates"],
        "OPTIONS": {"builtins": ["django.templatetags.i18n", "django.templatetags.static"]},
    }
]
SIGNER = "municipality.documents.signing.FileKeySigner"
SIGNER_KEY_FILE = str(Path(tempfile.mkdtemp(prefix="seal-")) / "seal.p12")
SIGNER_PASSPHRASE = "tests only"
