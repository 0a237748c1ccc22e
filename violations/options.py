"""The options of a violation as its page shows them: open ones as cards of equal size, the others folded with the reason."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from municipality.ui.templatetags.portal import day
from municipality.ui.texts import Text
from violations import queries, rules
from violations.models import Violation


@dataclass(frozen=True)
class OptionText:
    """Title, button and URL name of one option; what it gives and takes is in templates/violations/_way.html."""

    title: Text
    button: Text
    url: str


OPTION_TEXTS = {
    "correct": OptionText(_("Correct it"), _("Send a photo"), "violations:correct"),
    "settle": OptionText(_("Settle and pay"), _("Settle and pay"), "violations:pay"),
    "pay": OptionText(_("Pay what is due"), _("Pay now"), "violations:pay"),
    "object": OptionText(_("Object"), _("Object"), "violations:object"),
    "more_time": OptionText(_("More time"), _("Take more time"), "violations:more_time"),
    "instalments": OptionText(_("Instalments"), _("Choose instalments"), "violations:instalments"),
    "not_mine": OptionText(_("It is not mine"), _("State that it is not mine"), "violations:not_mine"),
}
CLOSED = {
    "paid": _("It is paid and closed."),
    "annulled": _("It is annulled; nothing is owed."),
    "waived": _("Its sum is waived; nothing is owed."),
    "corrected": _("It was corrected and is closed."),
    "acquitted": _("The court found no violation."),
    "party_only": _("Only the party may do this, not a delegate."),
    "no_warning": _("No warning came before it, so there is no time to put it right without paying."),
    "report_written": _("The time to put it right without paying is over; the violation report is written."),
    "correction_over": _("The time to put it right is over."),
    "still_warned": _("Nothing is owed yet: this is a warning."),
    "objection_runs": _("An objection is being studied. Nothing can be paid until it is decided."),
    "with_court": _("It is with the court."),
    "ruled": _("The court has ruled, so there is no objection with the Municipality. An appeal is filed with the court, not here."),
    "court_ruled": _("The court has ruled; only its amount is payable."),
    "not_settleable": _("This violation cannot be settled; the court decides."),
    "plan_runs": _("An instalment plan is active."),
    "settlement_over": _("The settlement period is over."),
    "at_bank": _("A payment is open at the bank; wait for its outcome. Please do not pay again."),
    "court_decides": _("The court has not ruled yet."),
    "no_ruling": _("There is no plan and no judgment; settling is the way to pay."),
    "objected_once": _("An objection has already been made, and only one is possible."),
    "objection_over": _("The time to object is over."),
    "extended_once": _("The period has already been extended once."),
    "clock_not_begun": _("The period has not begun yet, so there is nothing to extend."),
    "planned_once": _("There has already been an instalment plan."),
    "too_small": _("The amount is below what may be paid by instalments."),
}


# Closed options whose last day still says something; of the others it could be read as a right that is lost on that day.
OVER = ("correction_over", "report_written", "settlement_over", "objection_over")
WITH_LAST_DAY = (*OVER, "at_bank")


def stop_ends(status: rules.ViolationStatus) -> Text:
    """What ends the stop of services by an unpaid violation: only what is possible now."""
    if status.state == rules.JUDGED:
        return _("The stop ends within a minute of paying the amount that the court set.")
    may_object = any(option.code == "object" and option.is_open for option in rules.option_statuses(status))
    if may_object:
        return _("An objection ends the stop while it is studied. Without one, it ends once the amount that the court sets is paid.")
    return _("The stop ends once the amount that the court sets is paid, or if the court finds no violation.")


# What a clearance certificate waits for, by the state of a violation for which something is or may become payable.
WAITS = {
    "ordered": _("waits for the settlement"),
    "unsettleable": _("waits for the court"),
    "objected": _("waits for the decision on the objection"),
    "instalments": _("waits for the last instalment"),
    "overdue": _("waits for the court"),
    "referred": _("waits for the court"),
    "judged": _("waits for payment of the amount that the court set"),
}
WAITS_OF_BOTH = _("waits for an objection or the court")


def waits(row: Violation) -> Text:
    """What the clearance certificate waits for because of a violation; where it can be objected to today, not for the court alone."""
    if row.state in (rules.OVERDUE, rules.UNSETTLEABLE) and queries.has_objection_left(row):
        return WAITS_OF_BOTH
    return WAITS[row.state]


@dataclass(frozen=True)
class Option:
    """One option on the page of a violation."""

    code: str
    title: Text
    button: Text
    is_open: bool
    closed: str  # code of the reason; empty for an open one
    reason: Text
    until: dt.date | None
    url: str
    needs_sign_in: bool

    @property
    def is_over(self) -> bool:
        """Whether it was open until its last day, which has passed."""
        return self.closed in OVER and self.until is not None


def _reason(violation: Violation, closed: str) -> Text:
    """Why an option is closed; after a judgment with its day. Empty for an open one."""
    if closed == "ruled" and (judgment := getattr(violation, "judgment", None)) is not None:
        ruled = _("The court ruled on {}, so there is no objection with the Municipality. An appeal is filed with the court, not here.")
        return format_html(str(ruled), day(judgment.ruling.ruled_on))
    return CLOSED[closed] if closed else ""


def _url_name(option: rules.OptionStatus, status: rules.ViolationStatus) -> str:
    is_for_visitor = not status.is_party and not option.needs_sign_in
    return "violations:pay_for" if is_for_visitor else OPTION_TEXTS[option.code].url


def options_of(violation: Violation, status: rules.ViolationStatus) -> list[Option]:
    """All options of a violation in the order of `rules.OPTIONS`, each with its last day where that says something."""
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
            title=OPTION_TEXTS[option.code].title,
            button=OPTION_TEXTS[option.code].button,
            is_open=option.is_open,
            closed=option.closed,
            reason=_reason(violation, option.closed),
            until=last_days.get(option.code) if option.is_open or option.closed in WITH_LAST_DAY else None,
            # Signing in leads back to the address of the option.
            url=reverse(_url_name(option, status), args=[violation.public_id]) if option.is_open else "",
            needs_sign_in=option.needs_sign_in,
        )
        for option in rules.option_statuses(status)
    ]


@dataclass(frozen=True)
class Ways:
    """Options as the page shows them. `cards`: each with a second option in the same card, or None; `ended`: why nothing is left to do."""

    cards: list[tuple[Option, Option | None]]
    folded: list[Option]
    ended: Text


def ways_of(violation: Violation, status: rules.ViolationStatus) -> Ways:
    """The options in the order of the page: correct, pay, object, more time with instalments; then what is folded."""
    by_code = {option.code: option for option in options_of(violation, status)}
    reasons = {option.closed for option in by_code.values()}
    if len(reasons) == 1 and (reason := reasons.pop()):
        return Ways([], [], CLOSED[reason])
    settle, pay = by_code.pop("settle"), by_code.pop("pay")
    # One of the two is what a state makes payable; the other says nothing new.
    by_code["settle"] = pay if pay.is_open or (not settle.is_open and status.state in (rules.JUDGED, rules.INSTALMENTS)) else settle
    more_time, instalments = by_code["more_time"], by_code["instalments"]
    not_mine = by_code["not_mine"]
    second = {"object": not_mine if not_mine.is_open else None}
    cards = [(by_code[code], second.get(code)) for code in ("correct", "settle", "object") if by_code[code].is_open]
    if more_time.is_open:
        cards.append((more_time, instalments if instalments.is_open else None))
    elif instalments.is_open:
        cards.append((instalments, None))
    folded = [by_code[code] for code in ("settle", "object", "more_time", "instalments", "correct") if not by_code[code].is_open]
    if not_mine.closed != by_code["object"].closed:  # otherwise it says nothing new
        folded.insert(0, not_mine)
    return Ways(cards, folded, "")
