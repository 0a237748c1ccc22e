"""What others tell inspections: who may inspect, and what follows from a result."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from municipality.kernel.registry import Registry

if TYPE_CHECKING:
    from licensing.models import Inspection
    from municipality.accounts.models import User

# By the service of the case that an inspection is part of; called in the transaction of its result, which `inspection.passed` tells.
INSPECTED: Registry[Callable[[Inspection], None]] = Registry()

# Each returns the users who may inspect on a day, with `is_womens` those who may enter premises for women; their branch is
# `User.branch`. The service above that keeps the warrants of inspectors registers one.
INSPECTORS: Registry[Callable[[bool, dt.date], QuerySet[User]]] = Registry()
