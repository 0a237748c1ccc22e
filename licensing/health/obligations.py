"""What the holder of a health licence has to do about it, and when: the renewal, or what stops it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from licensing.health import renewability, rules
from licensing.health.condition_messages import Subject, obstacle, study_title
from licensing.health.draft_pages import CONTINUE
from licensing.health.renewability import Renewability
from licensing.health.rules import OFFICER_CONDITIONS, Condition
from licensing.health.states import RENEWAL
from municipality.accounts.models import User
from municipality.cases import block_causes
from municipality.cases import queries as cases
from municipality.cases.obligations import Duty, Obligation
from municipality.delegation import queries as delegation
from municipality.drafts import queries as drafts
from municipality.drafts.models import Draft
from municipality.kernel import clock
from municipality.ui.templatetags.portal import bilingual, kwd
from municipality.ui.texts import Text
from shops.models import Shop
from shops.register import queries as registered


def obligations(user: User) -> list[Obligation]:
    """One obligation for each licence of the listed shops that can be renewed, now or later."""
    shops = renewable_shops(user, registered.listed_shops(user)[: registered.MAX_LISTED])
    rows = renewability.of_shops(shops)
    saved = {draft.subject: draft for draft in drafts.open_drafts(user, RENEWAL, [shop.key for shop in shops])}
    found = [(shop, obligation_of(shop, rows[shop.pk], saved.get(shop.key))) for shop in shops]
    reasons = reasons_of(user, [(shop, rows[shop.pk]) for shop, one in found if one is not None and one.duty == Duty.MUST])
    return [
        replace(one, about=format_html("{}: {}", one.about, reasons[shop.pk])) if shop.pk in reasons else one
        for shop, one in found
        if one is not None
    ]


def reasons_of(user: User, pairs: Sequence[tuple[Shop, Renewability]]) -> dict[int, Text]:
    """What stops each renewal, with the amount of a block, or what sends it to an officer; by the primary key of the shop."""
    stopped = [shop.key for shop, row in pairs if not row.can_renew]
    blocks = cases.blocks_by_subject(stopped, RENEWAL) if stopped else {}
    causes = block_causes.explain(user, [block for rows in blocks.values() for block in rows], "") if blocks else {}
    found: dict[int, Text] = {}
    for shop, row in pairs:
        unmet = _unmet(row)
        cause = next((causes[block.pk] for block in blocks.get(shop.key, []) if block.pk in causes), None)
        if unmet and unmet[0].code == "no_block" and cause is not None:
            found[shop.pk] = format_html("{} ({})", cause.title, kwd(cause.fils)) if cause.fils else cause.title
        elif unmet:
            found[shop.pk] = reason_of(shop, row)
    return found


def _unmet(row: Renewability) -> list[Condition]:
    """What stops a renewal, or sends it to an officer."""
    return [c for c in row.conditions if not c.is_met and (row.can_renew or c.code not in OFFICER_CONDITIONS)]


def reason_of(shop: Shop, row: Renewability) -> Text:
    """The first condition that is not met, without the cause of a block; empty if all are met."""
    unmet = _unmet(row)
    if not unmet:
        return ""
    return _("This shop is blocked") if unmet[0].code == "no_block" else obstacle(unmet[0], Subject(shop, row.licence)).title


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
    action: Text
    if not row.is_due:
        code, duty, task, action = "renew", Duty.LATER, _("Renew the health licence"), _("Conditions of renewal")
    elif draft is not None:
        code, duty, task, action = "continue", Duty.MUST, _("Finish the request for renewal"), _("Continue the request")
        url = reverse("licensing:change_page", args=[shop.public_id, CONTINUE])
    elif row.can_renew:
        flags = rules.flags(row.conditions)
        code, duty, task = "renew", Duty.MUST, _("Renew the health licence")
        action = study_title(flags) if flags else _("Renew")
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
