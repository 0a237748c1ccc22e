"""The inspections of a shop on its public page: the day, and that it was passed or what was found; nobody is named."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from licensing.inspections import queries
from licensing.inspections.labels import STATES
from licensing.models import Inspection, InspectionAnswer
from municipality.accounts.requests import Visitor
from municipality.cases.panels import PageBlock, Record
from municipality.kernel import clock
from municipality.ui.templatetags.portal import bilingual, day
from municipality.ui.texts import Text
from shops.models import Shop

SHOWN = 3


def block(user: Visitor, listed: Sequence[Shop]) -> dict[str, list[PageBlock]]:
    """The newest results of each shop, in two queries; nothing for a shop that was never inspected."""
    found = queries.public_results(listed, most=SHOWN)
    return {shop.key: [_block(found[shop.pk])] for shop in listed if shop.pk in found}


def _block(rows: Sequence[tuple[Inspection, list[InspectionAnswer]]]) -> PageBlock:
    note = _("What inspectors found on the day of their visit. What was put right since then shows at the next one.")
    return PageBlock("inspections", _("Inspections"), order=25, records=[_record(*row) for row in rows], note=note)


def _record(row: Inspection, answers: Sequence[InspectionAnswer]) -> Record:
    state, label = STATES[row.state]
    short = [answer for answer in answers if answer.rule.is_must]
    lines: list[Text] = [format_html("{}: {}", _("Not met"), bilingual(answer.rule, "question")) for answer in short]
    if not row.passed and not short:
        lines = [_("Nobody was there at two appointments.")]
    assert row.ended_at is not None  # noqa: S101 - it has a result
    return Record(day(clock.day_of(row.ended_at)), state, label, lines=lines, anchor=f"inspection-{row.public_id}")
