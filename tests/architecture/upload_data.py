"""Files in every state for the sample: about a subject that only tests know, `testfiles:<public id of whoever may see and change it>`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.sessions.backends.db import SessionStore
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import gettext_lazy as _

from municipality.documents import store
from municipality.kernel import clock
from municipality.uploads import links, registry, services
from municipality.uploads.inspection import Reencoded
from municipality.uploads.models import Upload
from municipality.uploads.registry import Slot
from municipality.uploads.states import UploadState
from tests.municipality.uploads import seeds

if TYPE_CHECKING:
    from tests.architecture.sample_data import Sample

PREFIX = "testfiles"
SLOTS = {"lease": Slot("lease", _("A file"), _("Send files"), most=12, photo=True), "empty": Slot("empty", _("A file"))}


def _may(user: Any, subject: str) -> bool:
    return bool(user.public_id == subject.partition(":")[2])


if PREFIX not in registry.PREFIXES:
    registry.PREFIXES.register(PREFIX, registry.Prefix(_may, _may, lambda subject: SLOTS))


@dataclass
class Files:
    """The owner's subject, a file of it in each state, and one that was submitted with a case."""

    subject: str
    ready: Upload
    checking: Upload
    receiving: Upload
    refused: Upload
    removed: Upload
    submitted: Upload
    sample: Sample

    @property
    def token(self) -> str:
        """Of a link to the ready file, for the owner's session."""
        session = SessionStore(session_key=self.sample.sessions["owner"])
        return links.link(self.ready, self.sample.owner.person, session).rsplit("/", 1)[1]


def fresh(sample: Sample) -> Upload:
    """A file of which nothing has arrived."""
    return Upload.objects.create(
        owner=sample.owner.person,
        subject=f"{PREFIX}:{sample.owner.person.public_id}",
        slot="lease",
        name="lease.pdf",
        size=1000,
        touched_at=clock.now(),
        created_at=clock.now(),
    )


def grounds(target: str) -> dict[str, Any]:
    """What must be there before a file is ready."""
    if target != UploadState.READY:
        return {}
    kept = store.put(seeds.photo(), "image/jpeg")
    return {"file": kept, "preview": kept, "media_type": "image/jpeg", "pages": 1, "width": 640, "height": 480}


def fill(sample: Sample) -> Files:
    subject, person = f"{PREFIX}:{sample.owner.person.public_id}", sample.owner.person

    def arrived(name: str, seed: int) -> Upload:
        content = seeds.photo(seed=seed)
        return services.receive(owner=person, subject=subject, slot="lease", name=name, content=SimpleUploadedFile("x", content))

    def accepted(name: str, seed: int) -> Upload:
        upload, content = arrived(name, seed), seeds.photo(seed=seed)
        services.accept(upload, Reencoded(content, content, "image/jpeg", 1, 640, 480))
        return upload

    ready, submitted = accepted("عقد الإيجار.jpg", 1), accepted("plan.jpg", 2)
    refused, removed = arrived("locked.pdf", 3), accepted("old.jpg", 4)
    services.refuse(refused, "encrypted")
    services.remove(removed, user=person)
    Upload.objects.filter(pk=submitted.pk).update(subject=sample.owner.waiting.key)
    receiving = services.begin(owner=person, subject=subject, slot="lease", name="half.jpg", size=1000)
    services.append(receiving, offset=0, content=b"\xff\xd8\xff" + b"x" * 397)
    checking = arrived("new.png", 5)
    return Files(subject, ready, checking, receiving, refused, removed, submitted, sample)
