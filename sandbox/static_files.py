"""The storage of the demo's static files."""

from __future__ import annotations

from typing import Any

from whitenoise.storage import Compressor

from municipality.ui.storage import StaticFilesStorage as PortalStorage


class StaticFilesStorage(PortalStorage):
    """The portal's, compressed by gzip alone: Brotli takes most of the time of this step and saves nothing on one machine."""

    def create_compressor(self, **options: Any) -> Compressor:
        return Compressor(use_brotli=False, **options)
