"""Periodic work of documents."""

from django.conf import settings

from municipality.documents import signing, store
from municipality.jobs.registry import every


@every("documents.sweep_files", seconds=3600)
def sweep_files() -> None:
    store.sweep()


@every("documents.look_at_seal", seconds=60, queue="documents")
def look_at_seal() -> None:
    """Where the seal's key is in a token: note for staff and for `/readyz` whether it is there, also while nothing is to be sealed."""
    if settings.SIGNER == signing.TOKEN:
        try:
            signing.signer().look()  # type: ignore[attr-defined]  # of this kind of signer
        except signing.SignerMissing:
            return  # noted by the signer itself
