"""The titles of the moves that every reviewed case has."""

from typing import Any

from django.utils.translation import gettext_lazy as _

MOVES: dict[str, Any] = {
    "answer": _("Corrections answered, back with the officer"),
    "take_back": _("The officer takes the proposal back"),
    "return": _("The supervisor sends the proposal back"),
    "reopen": _("Back in the queue at its own place"),
    "move_promise": _("The decision date has changed"),
    "move_promise_signing": _("The decision date has changed"),
    "countersign": _("Refused, signed by a second person"),
}
