"""The block of reports on a shop's public page: numbers, the newest ones, and the link to report a problem there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.cases.panels import PageBlock, Record
from municipality.ui.templatetags.portal import bilingual, counted, day
from reports.models import Report, Standing
from reports.public_page import queries as shown
from reports.public_page.standings import standing_of
from shops.models import Shop

TEXT = _("No problem was reported here. A problem can be reported with a photo; the shop does not see who reported it.")
NEWEST = 5
STATES = {Standing.OPEN: "wait", Standing.OVERDUE: "bad", Standing.CLOSED: "ok"}


def block(user: User, shops: Sequence[Shop]) -> dict[str, list[PageBlock]]:
    """The numbers and the newest reports at each shop, and the link to report a problem there; one query."""
    page = reverse("reports:new")
    label = _("Report a problem here")
    at_shops = shown.at_shops([shop.pk for shop in shops], NEWEST)
    blocks = {}
    for shop in shops:
        counts, newest = at_shops.get(shop.pk, ({}, []))
        blocks[shop.key] = [
            PageBlock(
                "reports",
                _("Reports"),
                order=40,
                text=_text(counts),
                records=[_record(report) for report in newest],
                empty=TEXT,
                actions=[(label, f"{page}?{urlencode({'shop': shop.public_id})}")],
            )
        ]
    return blocks


def _text(counts: Mapping[str, int]) -> str:
    """`7 reports · open: 2 · overdue: 1`; empty without any."""
    if not counts:
        return ""
    said = gettext("open: %(open)d · overdue: %(overdue)d · closed: %(closed)d")
    return f"{counted(sum(counts.values()), 'report')} · " + said % {code: counts.get(code, 0) for code in Standing.values}


def _record(report: Report) -> Record:
    standing = Standing(standing_of(report))
    page = (gettext("What came of it"), reverse("reports:report", args=[report.public_id]))
    return Record(
        bilingual(report.category_facts, "name"),
        state=STATES[standing],
        label=standing.label,
        lines=[format_html("{} {}", gettext("Received on"), day(report.received_at))],
        source=page,
    )
