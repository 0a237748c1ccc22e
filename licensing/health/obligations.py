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
from licensing.health.rules import OFFICER_CONDITIONS, RenewalCondition
from licensing.health.states import RENEWAL, TRANSFER
from licensing.shop_cases import OpenCase
from municipality.accounts.models import User
from municipality.cases import block_causes
from municipality.cases.block_causes import Obstacle
from municipality.cases.obligations import Duty, Obligation
from municipality.cases.queries import is_owner
from municipality.delegation import queries as delegation
from municipality.drafts import queries as drafts
from municipality.kernel import clock
from municipality.ui.addresses import addresses
from municipality.ui.templatetags.portal import bilingual, kwd, ref
from municipality.ui.texts import Text
from shops.models import Shop
from shops.register import queries as registered


def obligations(user: User) -> list[Obligation]:
    """One obligation for each licence of the listed shops that can be renewed, now or later."""
    listed = registered.listed_shops(user)[: registered.MAX_LISTED]
    shops = renewable_shops(user, listed)
    rows = renewability.of_shops(shops, is_shown=True)
    saved = drafts.begun_subjects(user, RENEWAL, [shop.key for shop in shops])
    renew = addresses("licensing:renew")
    found = [(shop, obligation_of(shop, rows[shop.pk], renew(shop.public_id), has_draft=shop.key in saved)) for shop in shops]
    reasons = reasons_of(user, [(shop, rows[shop.pk]) for shop, one in found if one is not None and one.duty == Duty.MUST], shops)
    found = [(shop, _with_request(one, rows[shop.pk].open_case, user)) for shop, one in found]
    return [
        replace(one, about=format_html("{}: {}", one.about, reasons[shop.pk])) if shop.pk in reasons else one
        for shop, one in found
        if one is not None
    ]


def _with_request(one: Obligation | None, case: OpenCase | None, user: User) -> Obligation | None:
    """The obligation with the address of the request under way, for whom it is of."""
    if one is None or case is None or case.service != RENEWAL or not is_owner(user, case.applicant_id, case.organisation_id):
        return one
    return replace(one, url=reverse("cases:case", args=[case.public_id]))


def reasons_of(user: User, pairs: Sequence[tuple[Shop, Renewability]], listed: Sequence[Shop] = ()) -> dict[int, Text]:
    """What stops each renewal, with the amount of a block, or what sends it to an officer; by the primary key of the shop.

    `listed` are all shops of the page, where it reads more of them than those of the pairs.
    """
    blocks = [block for _shop, row in pairs for block in row.blocks]
    causes = block_causes.titles(user, blocks, listed or [shop for shop, _row in pairs]) if blocks else {}
    found: dict[int, Text] = {}
    for shop, row in pairs:
        unmet = _unmet(row)
        is_blocked = bool(row.blocks) and (not row.is_due or unmet[0].code == "no_block")
        cause = next((causes[block.pk] for block in row.blocks if block.pk in causes), None)
        if is_blocked:
            found[shop.pk] = _text_of(cause) if cause is not None else _("This shop is blocked")
        elif unmet:
            found[shop.pk] = obstacle(unmet[0], Subject(shop, row.licence)).title
    return found


def _text_of(cause: Obstacle) -> Text:
    """What a block is about, with the number of its violation and the amount."""
    title = format_html("{} {}", cause.title, ref(cause.reference)) if cause.reference else cause.title
    return format_html("{} ({})", title, kwd(cause.fils)) if cause.fils else title


def _unmet(row: Renewability) -> list[RenewalCondition]:
    """What stops a renewal, or sends it to an officer."""
    return [c for c in row.conditions if not c.is_met and (row.can_renew or c.code not in OFFICER_CONDITIONS)]


def renewable_shops(user: User, shops: Sequence[Shop]) -> list[Shop]:
    """Those of the listed shops whose licence the user may renew: a delegation may be for another service than this one."""
    if not delegation.grants(user):
        return list(shops)
    allowed = set(registered.visible_to(user, RENEWAL).filter(pk__in=[shop.pk for shop in shops]).values_list("pk", flat=True))
    return [shop for shop in shops if shop.pk in allowed]


def obligation_of(shop: Shop, row: Renewability, url: str, *, has_draft: bool) -> Obligation | None:
    """The obligation about one licence. `url` is the page of its renewal; `has_draft`: a request for it is being filled in.

    None where nothing depends on its holder: no licence, a new licence issued, or a licence that is suspended or revoked. While a request
    is under way, its last day stays. A block is to be cleared before the renewal opens too.
    """
    if row.licence is None or row.is_renewed or not row.is_renewable:
        return None
    action: Text
    if row.open_case is not None and row.open_case.service == RENEWAL:
        code, duty, task, action = "renew", Duty.LATER, _("Renew the health licence"), row.open_case.action
    elif row.open_case is not None and row.open_case.service == TRANSFER and not row.blocks:  # whoever takes it over renews it
        code, duty, task, action = "renew", Duty.LATER, _("Renew the health licence"), _("See the state of the transfer")
        url = reverse("licensing:transfer", args=[shop.public_id])
    elif not row.is_due and not row.blocks:
        code, duty, task, action = "renew", Duty.LATER, _("Renew the health licence"), _("Conditions of renewal")
    elif has_draft and row.can_renew:
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
        starts=row.window_opens if duty == Duty.LATER and (row.open_case is None or row.open_case.service != RENEWAL) else None,
    )
