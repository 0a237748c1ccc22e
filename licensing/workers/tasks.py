"""The periodic job of the certificates of workers."""

from licensing.workers import services
from municipality.jobs.registry import every

every("licensing.remind_workers", seconds=3600)(services.remind)
