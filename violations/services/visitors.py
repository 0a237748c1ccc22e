"""Payment by a visitor: somebody who found a violation by its number and four digits pays for its party, without an account."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.limits import AttemptLimit
from municipality.kernel.errors import NotPermitted, Refused
from payments.models import Attempt, Bill
from payments.services import start_attempt, started_by_visitor
from payments.states import AttemptState
from violations import options, queries, rules
from violations.models import Violation
from violations.services import settlements
from violations.states import ViolationState

# A violation: so that nobody holds up the party by beginning payments and leaving them.
PAYMENTS = AttemptLimit("visitor_payment", 6, 3600)


def may_pay(bill: Bill) -> bool:
    """Whether visitors may pay bills of violations now."""
    return queries.visitors_may_pay()


def payment_option(violation: Violation) -> rules.OptionStatus:
    """The option by which the violation is paid in its state, as a visitor has it."""
    code = "pay" if violation.state in (ViolationState.JUDGED, ViolationState.INSTALMENTS) else "settle"
    status = queries.status_of(violation, is_party=False)
    return next(option for option in rules.option_statuses(status) if option.code == code)


@transaction.atomic
def start_payment(*, violation: Violation, fils: int, language: str, session_key: str) -> Attempt:
    """Begin a payment of `fils`, the amount that the page showed; the open payment of the same browser is returned again.

    One that has not left for the bank is returned for the same bill and amount only.

    Raises NotPermitted("sign_in_to_pay") where the rulebook does not permit it, Refused: the code of the reason for which paying is
    closed, no_party, amount_changed, too_often, or as `payments.services.start_attempt`.
    """
    if not queries.visitors_may_pay():
        raise NotPermitted("sign_in_to_pay", _("Only the party pays in the portal, signed in. Nothing was charged."))
    row = settlements.locked(violation)
    open_attempt = queries.open_attempt(row)
    is_own = open_attempt is not None and started_by_visitor(open_attempt, session_key)
    if open_attempt is not None and is_own and open_attempt.state != AttemptState.CREATED:
        return open_attempt
    option = payment_option(row)
    if not option.is_open and not (is_own and option.closed == "at_bank"):
        raise Refused(option.closed, options.CLOSED[option.closed])
    bill = settlements.bill_for_visitor(row)
    settlements.require_amount(bill, fils)
    if not is_own and not PAYMENTS.take(row.key):
        refusal = Refused(
            "too_often", _("Too many payments of this violation were begun within this hour. Please try again in an hour, or sign in.")
        )
        refusal.status = 429
        raise refusal
    return start_attempt(bills=[bill], payer=None, language=language, session_key=session_key)
