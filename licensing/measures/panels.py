"""Measures on the page of a shop, and behind a stopped renewal."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from licensing.inspections import queries as inspections
from licensing.measures import queries
from licensing.models import Measure
from municipality.accounts.models import User
from municipality.cases.block_causes import Obstacle, Way
from municipality.cases.models import Block as ServiceBlock
from municipality.cases.panels import PageBlock, Record
from municipality.ui.templatetags.portal import bilingual, day, term
from municipality.ui.texts import Text
from shops.models import Shop


def blocks(listed: Sequence[Shop]) -> dict[str, list[PageBlock]]:
    """The measures in force against each shop, in one query; nothing for the others."""
    found: dict[int, list[Measure]] = {}
    for row in queries.in_force([shop.pk for shop in listed]):
        found.setdefault(row.shop_id, []).append(row)
    return {
        shop.key: [PageBlock("measures", _("Measures of the Municipality"), order=12, records=[_record(row) for row in found[shop.pk]])]
        for shop in listed
        if shop.pk in found
    }


def _record(row: Measure) -> Record:
    lines = [queries.period(row), bilingual(row, "reason"), bilingual(row, "article")]
    return Record(row.get_kind_display(), "bad", _("In force"), lines=lines)


def causes(user: User, blocks: Sequence[ServiceBlock], origin: str) -> dict[int, Obstacle]:
    """The measure behind each block."""
    by_key = {block.source.partition(":")[2]: block for block in blocks}
    rows = list(Measure.objects.filter(public_id__in=by_key).select_related("shop__branch", "inspection"))
    seen = set(inspections.visible_to(user).filter(pk__in=[row.inspection_id for row in rows]).values_list("pk", flat=True))
    return {by_key[row.public_id].pk: _obstacle(row, is_seen=row.inspection_id in seen) for row in rows}


def _obstacle(row: Measure, *, is_seen: bool) -> Obstacle:
    """`is_seen`: the reader may open the failed inspection, on whose page another one is asked for."""
    lifted: Text = _("It ends with its last day, or once the branch has seen that what was found is put right.")
    until = queries.objection_until(row)
    if until is not None:
        text = _("You can object in writing at {branch} until {until}; the measure stays in force meanwhile.")
        lifted = format_html("{} {}", lifted, format_html(str(text), branch=bilingual(row.shop.branch, "name"), until=day(until)))
    page = (
        [Way(_("To the inspection"), reverse("licensing:inspection", args=[row.inspection.public_id]))]
        if row.inspection and is_seen
        else []
    )
    return Obstacle(
        row.get_kind_display(),
        queries.period(row),
        why=format_html("{} {}", bilingual(row, "reason"), term(row.text)),
        ground=bilingual(row, "article"),
        until=row.last_day,
        lifted=lifted,
        ways=page,
    )
