"""Registers the admin modules of the features."""

from django.contrib import admin

from zoning.contests import admin as contests
from zoning.extract import admin as extract_admin  # noqa: F401  labels
from zoning.imports import admin as imports
from zoning.imports import home
from zoning.layers import admin as layers
from zoning.opinion import admin as opinion_admin  # noqa: F401

admin.site.add_pages([*imports.PAGES, *layers.PAGES, *contests.PAGES], home=home.home)  # type: ignore[attr-defined]
