"""Files that somebody uploaded."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from factory.django import DjangoModelFactory

from municipality.uploads import parts, services
from municipality.uploads.inspection import Reencoded
from municipality.uploads.models import Upload


class UploadFactory(DjangoModelFactory[Upload]):
    """A file of a slot, received and, unless `judged=False`, looked at and accepted."""

    class Meta:
        model = Upload

    content, judged, name = b"\xff\xd8\xff\xe0 a picture", True, "page.jpg"

    @classmethod
    def _create(cls, model_class: type[Upload], *args: Any, content: bytes, judged: bool, name: str, **fields: Any) -> Upload:
        upload = services.receive(name=name, content=SimpleUploadedFile("page.jpg", content), **fields)
        if judged:
            upload.refresh_from_db()
            services.accept(upload, Reencoded(content, content, "image/jpeg", 1, 640, 480))
            parts.drop(upload.public_id)
        return upload
