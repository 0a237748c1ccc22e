"""Who must act in a request for a licence, where its state does not tell it alone."""

from __future__ import annotations

from municipality.cases.models import Case
from municipality.cases.timeline import role_of_state
from payments.models import Attempt
from payments.states import AttemptState

# The bank is asked, or the amount is reviewed: the applicant must not pay again.
CHECKED = (AttemptState.CONFIRMING, AttemptState.MISMATCH)


def must_act(case: Case) -> str:
    """The role of the actor, a key of `ACTORS`.

    "" during an inspection, whose day the applicant chooses and whose outcome they may have to put right, and while a payment is
    checked with the bank.
    """
    if case.state == "inspection" or (case.state == "awaiting_payment" and _is_checked(case)):
        return ""
    return role_of_state(case)


def _is_checked(case: Case) -> bool:
    return Attempt.objects.filter(allocations__bill__subject=case.key, allocations__is_open=True, state__in=CHECKED).exists()
