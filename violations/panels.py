"""Panels of violations: a line under "My shops", and the detail of the case of an objection."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.panels import CaseDetail, Fact, FileLine, NextStep, PanelLine, Round
from municipality.cases.queries import is_owner
from municipality.delegation import queries as delegation
from municipality.kernel import clock
from municipality.review import queries as review
from municipality.review.panels import answer_days, queue_facts
from municipality.rulebook import queries as rulebook
from municipality.ui.plurals import counted
from municipality.ui.templatetags.portal import bilingual, day, kwd, moment, ref, term
from municipality.ui.texts import Text
from municipality.uploads import queries as uploads
from shops.models import Shop
from shops.register import queries as registered
from violations import files as files_of_violations
from violations import queries, rules
from violations.models import Objection, SettlementOrder
from violations.services.periods import limits_of
from violations.shop_violations import ListedViolation, open_violations
from violations.states import OBJECTION, SERVICE, ObjectionState, ViolationState

V = ViolationState
O = ObjectionState  # noqa: E741 - as the states above


def my_shops(user: User, shops: Sequence[Shop]) -> dict[str, list[PanelLine]]:
    """A line for each shop with open violations or warnings, with the next day that still matters to the party."""
    if delegation.grants(user):  # the list has shops that are delegated for another service
        allowed = set(registered.visible_to(user, SERVICE).filter(pk__in=[shop.pk for shop in shops]).values_list("pk", flat=True))
        shops = [shop for shop in shops if shop.pk in allowed]
    rows = open_violations(shops)
    steps: dict[int | None, list[_Step]] = {}
    for row in rows:
        steps.setdefault(row.shop, []).append(_step(row))
    mine = reverse("violations:mine")
    return {shop.key: [_line(steps[shop.pk], f"{mine}?shop={shop.public_id}")] for shop in shops if shop.pk in steps}


class _Step(NamedTuple):
    """What the party can do about a violation now, and until when if that has a day."""

    is_warning: bool
    is_due: bool
    until: dt.date | None


def _step(row: ListedViolation) -> _Step:
    """Nothing can be done under objection, with the court, or after the last day; a notice that was not opened has no day yet."""
    state, until = row.state, None
    if state == V.WARNED:
        until = row.correct_until
    elif state == V.ORDERED:
        until = row.settle_until
    elif state == V.INSTALMENTS:
        until = row.part_until
    elif state in (V.OVERDUE, V.UNSETTLEABLE) and row.objected is None:
        until = row.object_until
    until = until if until is not None and until >= clock.today() else None
    has_no_day = state == V.JUDGED or (state in (V.ORDERED, V.UNSETTLEABLE) and row.served is None)
    return _Step(state == V.WARNED, until is not None or has_no_day, until)


def _line(steps: list[_Step], url: str) -> PanelLine:
    days = [step.until for step in steps if step.until is not None]
    warnings = sum(step.is_warning for step in steps)
    others = len(steps) - warnings
    labels = [ngettext("%(count)d open violation", "%(count)d open violations", others) % {"count": others}] if others else []
    labels += [ngettext("%(count)d warning", "%(count)d warnings", warnings) % {"count": warnings}] if warnings else []
    return PanelLine(
        _("Violations"),
        state="warn",
        label=" · ".join(labels),
        deadline=min(days) if days else None,
        action=_("Look at it"),
        url=url,
        is_due=any(step.is_due for step in steps),
        order=1,
    )


def case_page(user: User, cases: Sequence[Case]) -> dict[str, list[CaseDetail]]:
    """Next step, files and facts of objections."""
    case_ids = [case.pk for case in cases if case.service == OBJECTION]
    if not case_ids:
        return {}
    rows = Objection.objects.filter(case__in=case_ids).select_related("case", "violation", "decision", "case__branch")
    orders = queries.orders_of([row.violation for row in rows])
    own = {row.pk for row in rows if is_owner(user, row.case.applicant_id, row.case.organisation_id)}
    return {row.case.key: [_detail(row, orders.get(row.violation_id), is_party=row.pk in own)] for row in rows}


def _settlement(row: Objection, order: SettlementOrder | None) -> Text:
    """What is payable if the objection does not succeed."""
    violation = row.violation
    if order is None or not row.keeps_price or violation.state == V.ANNULLED:
        return _("not open any more")
    if row.case.is_open:
        days = counted(limits_of(row.case)["kept_price_days"], "day")
        return format_html(gettext("{amount}, payable for {days} after a refusal"), amount=kwd(order.fils), days=days)
    if violation.state == V.ORDERED:
        return format_html(gettext("{amount}, payable until {day}"), amount=kwd(order.fils), day=day(violation.settle_until))
    return violation.get_state_display()


def _detail(row: Objection, order: SettlementOrder | None, *, is_party: bool) -> CaseDetail:
    case, violation = row.case, row.violation
    page = reverse("violations:page", args=[violation.public_id])
    files = []
    if row.decision is not None:
        files.append(FileLine(_("Decision"), row.decision.number, reverse("document", args=[row.decision.number]), _("sealed file")))
    withdrawal = (_("Withdraw the objection"), reverse("violations:withdraw", args=[violation.public_id]))
    actions = [withdrawal] if case.is_open and (is_party or rules.DELEGATES["withdraw"]) else []
    rounds = [
        Round(
            _("Asked for"),
            [bilingual(item, "text") for item in round_.items.all()],
            round_.answer_by,
            round_.answered_at,
            round_.closed_at is not None,
        )
        for round_ in review.rounds_of(case)
    ]
    return CaseDetail(
        by_officer=True,
        next_step=_next(row, page),
        files=files,
        files_expected=_("The decision appears here as a sealed file.") if case.is_open else "",
        sent=_sent(row),
        sent_files=[
            FileLine(files_of_violations.SLOTS[upload.slot].label, upload.name, reverse("uploads:look", args=[upload.public_id]))
            for upload in uploads.ready(violation.key, "objection")
        ],
        facts=[
            Fact(_("Violation"), ref(violation.reference)),
            Fact(
                _("Decided in"),
                bilingual(case.branch, "name"),
                _("chosen by lot among the branches that did not write the violation report"),
            ),
            *answer_days(case, row.answer_by),
            Fact(_("Settlement amount"), _settlement(row, order)),
        ],
        actions=actions,
        rounds=rounds,
        queue=queue_facts(case),
    )


def _sent(row: Objection) -> list[Fact]:
    """Ground and words of the objection, as sent."""
    ground = rulebook.edition(queries.REPLIES, clock.day_of(row.filed_at)).reasons.get(row.ground)
    lines = [Fact(_("Ground of the objection"), bilingual(ground, "text"))] if ground is not None else []
    return [*lines, Fact(_("Text of the objection"), term(row.words), moment(row.filed_at))]


def _next(row: Objection, page: str) -> NextStep:
    state = row.case.state
    if state == O.CORRECTIONS:
        url = reverse("violations:answer", args=[row.violation.public_id])
        return NextStep(_("Answer what was asked"), _("The objection keeps its place."), url, _("Answer"))
    if state == O.UPHELD:
        return NextStep(_("The violation is annulled"), _("Nothing is owed for it."), page, _("To the violation"), label=_("Decision"))
    if state in (O.REFUSED, O.LAPSED, O.WITHDRAWN):
        text = _("The page of the violation shows which options are open now.")
        return NextStep(_("The objection has ended"), text, page, _("To the violation"), label=_("Decision"))
    return NextStep(
        _("The request is with the Municipality"),
        _("You do not need to do anything now; payment is paused. We send you a message with the decision, or if something is missing."),
        label=_("Nothing for you to do"),
    )
