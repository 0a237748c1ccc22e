"""Settings of uploads: limits, the malware scanner, and the host that serves them. See docs/decisions/0008-uploads.md."""

from __future__ import annotations

import environ

_env = environ.Env()
_MB = 1024 * 1024

UPLOADS_MAX_BYTES = _env.int("UPLOADS_MAX_BYTES", 10 * _MB)  # one file
UPLOADS_DAILY_FILES = _env.int("UPLOADS_DAILY_FILES", 50)  # one person, one day of Kuwait
UPLOADS_DAILY_BYTES = _env.int("UPLOADS_DAILY_BYTES", 100 * _MB)
UPLOADS_MAX_REQUEST = _env.int("UPLOADS_MAX_REQUEST", 60 * _MB)  # several files sent by one form
UPLOADS_MAX_PAGES = _env.int("UPLOADS_MAX_PAGES", 20)
UPLOADS_LINK_SECONDS = _env.int("UPLOADS_LINK_SECONDS", 300)
# Empty, or the origin of a separate host, preferably under another registrable domain: https://files.example.
UPLOADS_ORIGIN = _env.str("UPLOADS_ORIGIN", "")
# `municipality.uploads.malware.NoScanner` (default) or `municipality.uploads.malware.Clamd`.
UPLOADS_SCANNER = _env.str("UPLOADS_SCANNER", "") or "municipality.uploads.malware.NoScanner"
UPLOADS_CLAMD = _env.str("UPLOADS_CLAMD", "")  # tcp://HOST:3310 or unix:/run/clamd.sock

FILE_UPLOAD_HANDLERS = [
    "municipality.uploads.multipart.CappedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
FILE_UPLOAD_MAX_MEMORY_SIZE = 512 * 1024
