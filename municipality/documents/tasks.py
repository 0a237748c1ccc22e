"""Periodic work of documents."""

from django.conf import settings

from municipality.documents import signing, store
from municipality.jobs.registry import every


@every("documents.sweep_files", seconds=3600)
def sweep_files() -> None:
    store.sweep()


@every("documents.look_at_seal", seconds=60, queue="documents")
def look_at_seal() -> None:
    """Check the token with the seal's key and save its state for staff and `/readyz`."""
    if settings.SIGNER == signing.TOKEN:
        try:
            signing.signer().check()  # type: ignore[attr-defined]  # of this kind of signer
        except signing.SignerMissing:
            return  # the signer has saved the state
