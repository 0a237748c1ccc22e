"""The base of admin pages, for the apps above: see `municipality.ui.admin_base`."""

from municipality.ui.admin_base import ReadOnlyAdmin, ReadOnlyInline, code, demand, in_group, moment, structure

__all__ = ["ReadOnlyAdmin", "ReadOnlyInline", "code", "demand", "in_group", "moment", "structure"]
