"""Periodic work of drafts."""

from municipality.drafts import services
from municipality.jobs.registry import every


@every("drafts.tend", seconds=3600)
def tend() -> None:
    services.remind()
    services.expire()


every("drafts.drop_files", seconds=3600)(services.drop_files)
