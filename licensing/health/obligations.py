"""What the holder of a health licence has to do about it, and when: the renewal, or what stops it."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from licensing.health import renewability
from licensing.health.draft_pages import CONTINUE
from licensing.health.renewability import Renewability
from licensing.health.states import RENEWAL
from municipality.accounts.models import User
from municipality.cases.obligations import Duty, Obligation
from municipality.delegation import queries as delegation
from municipality.drafts import queries as drafts
from municipality.drafts.models import Draft
from municipality.kernel import clock
from municipality.ui.templatetags.portal import bilingual
from shops.models import Shop
from shops.register import queries as registered


def obligations(user: User) -> list[Obligation]:
    """One obligation for each licence of the listed shops that can be renewed, now or later."""
    shops = renewable_shops(user, registered.listed_shops(user)[: registered.MAX_LISTED])
    rows = renewability.of_shops(shops)
    saved = {draft.subject: draft for draft in drafts.open_drafts(user, RENEWAL, [shop.key for shop in shops])}
    found = (obligation_of(shop, rows[shop.pk], saved.get(shop.key)) for shop in shops)
    return [obligation for obligation in found if obligation is not None]


def renewable_shops(user: User, shops: Sequence[Shop]) -> list[Shop]:
    """Those of the listed shops whose licence the user may renew: a delegation may be for another service than this one."""
    if not delegation.grants(user):
        return list(shops)
    allowed = set(registered.visible_to(user, RENEWAL).filter(pk__in=[shop.pk for shop in shops]).values_list("pk", flat=True))
    return [shop for shop in shops if shop.pk in allowed]


def obligation_of(shop: Shop, row: Renewability, draft: Draft | None) -> Obligation | None:
    """The obligation about one licence.

    None where nothing depends on its holder: no licence, a request under way, a new licence issued, or a licence that is suspended
    or revoked.
    """
    if row.licence is None or row.open_case is not None or row.is_renewed or not row.is_renewable:
        return None
    url = reverse("licensing:renew", args=[shop.public_id])
    if not row.is_due:
        code, duty, task, action = "renew", Duty.LATER, _("Renew the health licence"), _("Conditions of renewal")
    elif draft is not None:
        code, duty, task, action = "continue", Duty.MUST, _("Finish the request for renewal"), _("Continue the request")
        url = reverse("licensing:change_page", args=[shop.public_id, CONTINUE])
    elif row.can_renew:
        code, duty, task, action = "renew", Duty.MUST, _("Renew the health licence"), _("Renew")
    else:
        code, duty, task, action = "unblock", Duty.MUST, _("Clear what stops the renewal"), _("See what stops it")
    is_over = row.licence.last_day < clock.today()
    return Obligation(
        code=code,
        key=f"renewal:{shop.public_id}",
        duty=duty,
        title=_("The health licence has ended") if is_over else _("The health licence ends"),
        task=task,
        action=action,
        url=url,
        subject=shop.key,
        about=bilingual(shop, "name"),
        reference=row.licence.document.number,
        until=row.licence.last_day,
        starts=row.window_opens if duty == Duty.LATER else None,
    )
