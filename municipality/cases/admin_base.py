"""The base of admin pages, for the apps above: see `municipality.ui.admin_base`."""

from municipality.ui.admin_base import ReadOnlyAdmin, ReadOnlyInline, code, in_group, moment, require_role, structure

__all__ = ["ReadOnlyAdmin", "ReadOnlyInline", "code", "in_group", "moment", "require_role", "structure"]
