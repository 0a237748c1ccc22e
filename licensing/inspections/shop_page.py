"""The inspections of a shop on its public page: the day, and that it was passed or what was found; nobody is named.

Photos of the inside of a shop may show people and papers: only who holds the shop, or acts for them, sees them there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from licensing.inspections import queries
from licensing.inspections.labels import STATES, photos_of
from licensing.models import Inspection, InspectionAnswer
from municipality.accounts.requests import Visitor
from municipality.cases.panels import PageBlock, Record
from municipality.kernel import clock
from municipality.ui.templatetags.portal import bilingual, day, ltr
from municipality.ui.texts import Text
from shops.models import Shop

SHOWN = 3


def block(user: Visitor, listed: Sequence[Shop]) -> dict[str, list[PageBlock]]:
    """The newest results of each shop, in two queries; nothing for a shop that was never inspected."""
    found = queries.public_results(listed, most=SHOWN)
    shown = [row.pk for rows in found.values() for row, _answers in rows]
    own: set[int] = set()
    if shown and user.is_authenticated and not user.is_staff:
        own = set(queries.visible_to(user).filter(pk__in=shown).values_list("pk", flat=True))
    return {shop.key: [_block(found[shop.pk], own)] for shop in listed if shop.pk in found}


def _block(rows: Sequence[tuple[Inspection, list[InspectionAnswer]]], own: Collection[int]) -> PageBlock:
    note = _("What inspectors found on the day of their visit. What was put right since then shows at the next one.")
    records = [_record(row, answers, is_own=row.pk in own) for row, answers in rows]
    return PageBlock("inspections", _("Inspections"), order=25, records=records, note=note)


def _record(row: Inspection, answers: Sequence[InspectionAnswer], *, is_own: bool) -> Record:
    state, label = STATES[row.state]
    short = [answer for answer in answers if answer.rule.is_must]
    lines: list[Text] = [format_html("{}: {}", _("Not met"), bilingual(answer.rule, "question")) for answer in short]
    if not row.passed and not short:
        lines = [_("Nobody was there at two appointments.")]
    if is_own and (photos := [url for urls in photos_of(queries.result_of(row)).values() for url in urls]):
        links = format_html_join(" ", '<a href="{}">{} {}</a>', ((url, _("Photo"), ltr(number)) for number, url in enumerate(photos, 1)))
        lines.append(format_html("{}: {}", _("Photos of the visit, shown to you only"), links))
    source = (_("Your page of this inspection"), reverse("licensing:inspection", args=[row.public_id])) if is_own else None
    assert row.ended_at is not None  # noqa: S101 - it has a result
    return Record(day(clock.day_of(row.ended_at)), state, label, lines=lines, source=source, anchor=f"inspection-{row.public_id}")
