"""The description of the interface, completed from the database: which codes its parameters take today."""

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
    """Name the codes that each parameter of that name takes, so that a client can choose and a tester can try.

    Where no database answers, as when a deployment is checked, the description goes without them.
    """
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
