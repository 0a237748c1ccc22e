"""Queries on extracts."""

from __future__ import annotations

from uuid import UUID

from zoning.models import PlotExtract


def by_uuid(uuid: UUID) -> PlotExtract | None:
    """An extract with its plot and document, or None."""
    return PlotExtract.objects.select_related("plot__area", "document__file").filter(uuid=uuid).first()
