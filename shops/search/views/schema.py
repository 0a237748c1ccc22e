"""Completes the API schema with the current codes of its parameters."""

from __future__ import annotations

from typing import Any

from django.db import OperationalError

from municipality.places.models import Area, Governorate
from municipality.rulebook.models import Activity

LISTS = {
    "governorate": Governorate.objects.order_by("code").values_list("code", flat=True),
    "area": Area.objects.order_by("pk").values_list("pk", flat=True),
    "activity": Activity.objects.order_by("code").values_list("code", flat=True),
}


def codes(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the codes to the schema of each parameter of that name. Leaves it unchanged without a database, as in deployment checks."""
    try:
        known: dict[str, list[Any]] = {name: list(rows.all()) for name, rows in LISTS.items()}
    except OperationalError:
        return result
    for operations in result["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                values = known.get(parameter["name"])
                if parameter["in"] == "query" and values:
                    parameter["schema"] = {"type": "integer" if isinstance(values[0], int) else "string", "enum": values}
    return result
