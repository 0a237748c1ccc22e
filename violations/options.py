"""Texts of the options of a party: what each does, its effects on licence, objection and court, and why it is closed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from municipality.ui.texts import Text
from violations import rules
from violations.models import Violation


@dataclass(frozen=True)
class OptionText:
    """Texts of one option."""

    title: Text
    text: Text
    licence: Text
    objection: Text
    court: Text
    button: Text
    url: str = ""  # URL name


OPTION_TEXTS = {
    "correct": OptionText(
        _("Correct it"),
        _("Correct what was found and send a photo of it. If it is accepted, nothing is owed."),
        _("no effect"),
        _("stays open if the proof is refused"),
        _("no referral"),
        _("Send a photo"),
        "violations:correct",
    ),
    "settle": OptionText(
        _("Settle"),
        _("Accept the settlement order and pay its amount."),
        _("no stop of renewal"),
        _("ends with the payment"),
        _("no referral"),
        _("Settle and pay"),
        "violations:pay",
    ),
    "pay": OptionText(
        _("Pay what is due"),
        _("Pay the next instalment of a plan, or the amount that the court has set."),
        _("a stop ends within a minute"),
        _("is not open any more"),
        _("ends with the payment"),
        _("Pay now"),
        "violations:pay",
    ),
    "object": OptionText(
        _("Object"),
        _(
            "An official of another branch, chosen by lot, decides without seeing your name, the shop or the "
            "inspector. No answer within the legal time counts as a refusal, and you can then go to court."
        ),
        _("no stop while it is studied"),
        _("payment is paused and the amount stays, if it comes in time"),
        _("no referral while it is studied"),
        _("Object"),
        "violations:object",
    ),
    "more_time": OptionText(
        _("More time"),
        _("More days to settle at the same amount. Given at once, one time."),
        _("no effect"),
        _("its own period stays as it is"),
        _("the referral waits"),
        _("Take more time"),
        "violations:more_time",
    ),
    "instalments": OptionText(
        _("Instalments"),
        _("Equal instalments, the first one today. If one is missed, the plan ends and the rest is due."),
        _("no stop while parts are paid"),
        _("ends with the plan"),
        _("a referral only if the plan falls and the rest stays unpaid"),
        _("Choose instalments"),
        "violations:instalments",
    ),
    "not_mine": OptionText(
        _("It is not mine"),
        _("The shop or thing is not yours, or was not in your hands at the time. This is an objection with that ground."),
        _("no stop while it is studied"),
        _("payment is paused and the amount stays, if it comes in time"),
        _("no referral while it is studied"),
        _("State that it is not mine"),
        "violations:not_mine",
    ),
}
CLOSED = {
    "paid": _("It is paid and closed."),
    "annulled": _("It is annulled; nothing is owed."),
    "waived": _("Its sum is waived; nothing is owed."),
    "corrected": _("It was corrected and is closed."),
    "acquitted": _("The court found no violation."),
    "party_only": _("Only the party may do this, not a delegate."),
    "no_warning": _("There is nothing to put right here."),
    "minute_written": _("The time to put it right without an amount is over; the violation report is written."),
    "correction_over": _("The time to put it right is over."),
    "still_warned": _("Nothing is owed yet: this is a warning, with time to put it right."),
    "objection_runs": _("An objection is being studied; payment is paused."),
    "with_court": _("It is with the court."),
    "court_ruled": _("The court has ruled; only its amount is payable."),
    "not_settleable": _("The law does not allow this violation to be settled; the court decides."),
    "plan_runs": _("An instalment plan is active."),
    "settlement_over": _("The settlement period is over."),
    "at_bank": _("A payment is open at the bank; wait for its outcome. Please do not pay again."),
    "court_decides": _("The court has not ruled yet."),
    "no_ruling": _("There is no plan and no ruling; settling is the way to pay."),
    "objected_once": _("An objection has already been made; the next step is the court."),
    "objection_over": _("The time to object is over."),
    "extended_once": _("The period has already been extended once."),
    "clock_not_begun": _("The period has not begun yet, so there is nothing to extend."),
    "planned_once": _("There has already been an instalment plan."),
    "too_small": _("The amount is below what may be paid by instalments."),
}


@dataclass(frozen=True)
class Option:
    """One option on the page of a violation."""

    code: str
    texts: OptionText
    is_open: bool
    closed: str  # code of the reason; empty for an open one
    reason: Text
    until: dt.date | None
    url: str
    needs_sign_in: bool


def _url_name(option: rules.OptionStatus, status: rules.ViolationStatus) -> str:
    is_for_visitor = not status.is_party and not option.needs_sign_in
    return "violations:pay_for" if is_for_visitor else OPTION_TEXTS[option.code].url


def options_of(violation: Violation, status: rules.ViolationStatus) -> list[Option]:
    """All options of a violation in the order of `rules.OPTIONS`, each with its last day."""
    last_days = {
        "correct": violation.correct_until,
        "settle": violation.settle_until,
        "more_time": violation.settle_until,
        "instalments": violation.settle_until,
        "object": violation.object_until,
        "not_mine": violation.object_until,
    }
    return [
        Option(
            code=option.code,
            texts=OPTION_TEXTS[option.code],
            is_open=option.is_open,
            closed=option.closed,
            reason=CLOSED[option.closed] if option.closed else "",
            until=last_days.get(option.code),
            # Signing in leads back to the address of the option.
            url=reverse(_url_name(option, status), args=[violation.public_id]) if option.is_open else "",
            needs_sign_in=option.needs_sign_in,
        )
        for option in rules.option_statuses(status)
    ]
