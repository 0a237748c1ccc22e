"""Periodic work of documents."""

from municipality.documents import store
from municipality.jobs.registry import every


@every("documents.sweep_files", seconds=3600)
def sweep_files() -> None:
    store.sweep()
