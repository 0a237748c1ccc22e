"""What services register so that the refusals of their requests can be appealed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from municipality.cases.models import Case
from municipality.documents.models import Document
from municipality.kernel.registry import Registry


def _no_letter(first: Case) -> Document | None:
    return None


def _nothing(first: Case) -> None:
    return None


@dataclass(frozen=True)
class Appealable:
    """What an allowed appeal asks of the service of the refused request; what follows the approval is in its `Reviewable`.

    The workflow of the service has the move `allow_appeal`. Each callable takes the refused case, which is locked, in the transaction
    of the decision.
    """

    # Whether the request can still go on: nothing has come since the refusal that it would be beside. Locks the shop, if it has one.
    goes_on: Callable[[Case], bool]
    # The sealed letter of the refusal, which an allowed appeal revokes.
    letter: Callable[[Case], Document | None] = _no_letter
    # Tells others that the request goes on.
    went_on: Callable[[Case], None] = _nothing


# By the service of the request.
APPEALABLES: Registry[Appealable] = Registry()
