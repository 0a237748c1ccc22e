"""The health certificates of workers in My shops and among what their employer has to do."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from licensing.workers import queries
from licensing.workers.queries import LABELS, WORKERS, Light
from municipality.accounts.models import User
from municipality.cases.obligations import Duty, Obligation
from municipality.cases.panels import PanelLine
from municipality.kernel import clock
from municipality.ui.plurals import counted
from municipality.ui.templatetags.portal import bilingual
from municipality.ui.texts import Text
from shops.models import Shop
from shops.register import queries as registered

TITLE, ACTION = _("Health certificates of workers"), _("Enter new certificates")


def my_shops(user: User, shops: Sequence[Shop]) -> dict[str, list[PanelLine]]:
    """One line for each shop with workers: the state of their certificates and the nearest last day."""
    allowed = queries.may_enter(user, shops)
    found = queries.lights([shop for shop in shops if shop.pk in allowed])
    return {shop.key: [_line(shop, found[shop.pk])] for shop in shops if shop.pk in found}


def _line(shop: Shop, light: Light) -> PanelLine:
    label: Text = format_html("{}: {}", LABELS[light.state], counted(light.ended or light.ending or light.count, "worker"))
    is_due = light.state != "ok" and not shop.is_closed
    action = ACTION if is_due else _("See the list")
    return PanelLine(
        TITLE, state=light.state, label=label, deadline=light.until, action=action, url=_address(shop), is_due=is_due, order=15
    )


def _address(shop: Shop) -> str:
    return reverse("licensing:workers", args=[shop.public_id])


def obligations(user: User) -> list[Obligation]:
    """The open shops in which certificates of workers have ended or end soon; two queries, one without any."""
    if user.is_staff:
        return []
    shops = registered.visible_to(user, WORKERS).exclude(closed_on__lte=clock.today())
    found = {key: light for key, light in queries.lights(shops).items() if light.due}
    rows = shops.filter(pk__in=list(found)[: registered.MAX_LISTED]) if found else []
    return [_obligation(shop, found[shop.pk]) for shop in rows]


def _obligation(shop: Shop, light: Light) -> Obligation:
    is_over = light.until < clock.today()
    whose = format_lazy("{}: {}", bilingual(shop, "name"), counted(light.due, "worker"))
    return Obligation(
        code="renew",
        key=f"workers:{shop.public_id}",
        duty=Duty.MUST,
        title=_("Health certificates of workers have ended") if is_over else _("Health certificates of workers end"),
        task=_("Renew the certificates of workers"),
        action=ACTION,
        url=_address(shop),
        subject=shop.key,
        about=format_lazy("{}. {}", whose, _("This does not stop the renewal of the licence.")),
        until=light.until,
        stops_nothing=True,
    )
