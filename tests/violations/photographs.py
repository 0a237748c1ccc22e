"""Photos of a violation, as its inspector takes them."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from municipality.kernel import clock
from municipality.uploads.models import Upload
from tests.due_jobs import run_due
from tests.violations import field_entries
from violations.models import EvidenceKind, Violation
from violations.services import evidence


def picture(colour: str = "white") -> SimpleUploadedFile:
    content = BytesIO()
    Image.new("RGB", (640, 480), colour).save(content, "JPEG")
    return field_entries.picture(content.getvalue())


def photographed(row: Violation, inspector: Any) -> Upload:
    evidence.take(violation=row, sender=inspector, slot="photos", kind=EvidenceKind.OFFENCE, files=[picture()], captured_at=clock.now())
    run_due(("uploads.inspect",))
    return Upload.objects.get(subject=row.key, slot="photos")
