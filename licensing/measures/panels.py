"""Measures on the page of a shop, and behind a stopped renewal."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from licensing.measures import queries
from licensing.models import Measure
from municipality.accounts.models import User
from municipality.cases.block_causes import Obstacle
from municipality.cases.models import Block as ServiceBlock
from municipality.cases.panels import PageBlock, Record
from municipality.ui.templatetags.portal import bilingual, term
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
    rows = Measure.objects.filter(public_id__in=by_key)
    return {by_key[row.public_id].pk: _obstacle(row) for row in rows}


def _obstacle(row: Measure) -> Obstacle:
    return Obstacle(
        row.get_kind_display(),
        queries.period(row),
        why=format_html("{} {}", bilingual(row, "reason"), term(row.text)),
        ground=bilingual(row, "article"),
        until=row.last_day,
        lifted=_("It ends with its last day, or once the branch has seen that what was found is put right."),
    )
