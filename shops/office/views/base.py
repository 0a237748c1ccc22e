"""Common parts of the pages of the register."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.response import TemplateResponse

from municipality.ui.admin_base import in_group, staff_page
from shops.register.roles import CLERK, KEEPER

READERS = (CLERK, KEEPER)


def page(request: HttpRequest, template: str, title: Any, error: str, **context: Any) -> TemplateResponse:
    """A page of the register; status 409 with an error."""
    roles = {"is_clerk": in_group(request, CLERK), "is_keeper": in_group(request, KEEPER)}
    return staff_page(request, template, 409 if error else 200, **{**roles, "title": title, "error": error, **context})
