"""Admin of zoning."""

from zoning.admin import labels  # noqa: F401  registers labels
