"""The block with the shops of a plot, on the page of the plot."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from municipality.accounts.requests import Visitor
from municipality.cases.panels import PageBlock, Record
from municipality.ui.templatetags.portal import bilingual
from shops.models import Shop
from shops.register.addresses import address_of
from shops.register.queries import open_shops
from zoning.models import Plot

MOST = 30  # shops of a plot that are listed; a mall has hundreds


def shops_of(user: Visitor, plots: Sequence[Plot]) -> dict[str, list[PageBlock]]:
    """The open shops at the PACI addresses of each plot. `plots` come with their addresses; one query."""
    plot_of = {address.paci_number: plot for plot in plots for address in plot.addresses.all()}
    found: dict[str, list[Shop]] = {plot.public_id: [] for plot in plots}
    names = ("public_id", "name_ar", "name_en", "paci_number", "activity__name_ar", "activity__name_en")
    shops = open_shops().filter(paci_number__in=list(plot_of)).select_related("activity").only(*names).order_by("name_ar", "pk")
    for shop in shops if plot_of else ():
        found[plot_of[shop.paci_number].public_id].append(shop)
    return {key: [_block(rows)] for key, rows in found.items()}


def _block(shops: Sequence[Shop]) -> PageBlock:
    records = [
        Record(format_html('<a href="{}">{}</a>', address_of(shop), bilingual(shop, "name")), lines=[bilingual(shop.activity, "name")])
        for shop in shops[:MOST]
    ]
    more = len(shops) - MOST
    note = ngettext("There is %(count)s more shop.", "There are %(count)s more shops.", more) % {"count": more} if more > 0 else ""
    empty = _("No shop of the register stands at an address of this plot.")
    actions = [(_("Search all shops"), reverse("shops:search"))] if more > 0 else []
    return PageBlock("shops", _("Shops on this plot"), records=records, empty=empty, note=note, actions=actions)
