"""Zoning in the admin: opinions."""

from zoning.opinion import admin  # noqa: F401
