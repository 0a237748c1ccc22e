"""The block of violations on the public page of a shop, with replies of its holder."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from municipality.accounts.requests import Visitor
from municipality.cases.panels import Fact, PageBlock, Record
from municipality.delegation.authorization import is_authorized
from municipality.kernel import clock
from municipality.ui.templatetags.portal import bilingual, day, moment, term
from shops.models import Reply, Shop
from shops.public_page import queries
from shops.public_page.states import REPLY
from shops.register import queries as registered
from violations import publication
from violations.publication import CONTESTED, STAGES, Finding, PublicFindings
from violations.queries import warrants_on

MAX_RECORDS = 50


def block(user: Visitor, shops: Sequence[Shop]) -> dict[str, list[PageBlock]]:
    """Final and contested violations of each shop with replies; a fixed number of queries."""
    by_shop = publication.of_shops([shop.pk for shop in shops])
    records = {pk: public.findings[:MAX_RECORDS] for pk, public in by_shop.items()}
    replies = queries.replies_to([finding.violation.key for rows in records.values() for finding in rows])
    own_shops: set[int] = set()
    if any(records.values()) and user.is_authenticated and not user.is_staff:
        own_shops = set(registered.visible_to(user, REPLY).filter(pk__in=list(records)).values_list("pk", flat=True))
        entries = {finding.answered_at for rows in records.values() for finding in rows if finding.answered_at.merged_into_id}
        own_shops |= {entry.pk for entry in entries if is_authorized(user, entry, REPLY)}
    is_inspector = user.is_authenticated and user.is_staff and warrants_on(clock.today()).filter(user=user.pk).exists()
    return {
        shop.key: [
            _block(
                shop,
                by_shop.get(shop.pk, PublicFindings()),
                records.get(shop.pk, ()),
                replies,
                own_shops,
                is_inspector=is_inspector,
            )
        ]
        for shop in shops
    }


def _block(
    shop: Shop,
    public: PublicFindings,
    records: Sequence[Finding],
    replies: dict[str, Reply],
    own_shops: set[int],
    *,
    is_inspector: bool,
) -> PageBlock:
    contested = len(public.findings) - public.final
    counted = ngettext("%(count)d final violation", "%(count)d final violations", public.final) % {"count": public.final}
    open_ones = ngettext("%(count)d contested, which does not count", "%(count)d contested, which do not count", contested)
    text = " · ".join(filter(None, [counted, open_ones % {"count": contested} if contested else ""])) if public.findings else ""
    return PageBlock(
        "violations",
        _("Violations"),
        order=30,
        text=text,
        records=[
            _record(finding, replies.get(finding.violation.key), is_theirs=finding.answered_at.pk in own_shops) for finding in records
        ],
        empty=_("No final violation is on record."),
        note=_("Only a violation that nobody can contest any more counts."),
        actions=[
            *([(_("Open in the field"), reverse("admin:field_shop", args=[shop.public_id]))] if is_inspector else []),
            (_("Look a violation up by its number"), reverse("violations:start")),
        ],
        history=[Fact(_("A violation was annulled and taken off this page"), on) for on in public.annulled],
    )


def _record(finding: Finding, reply: Reply | None, *, is_theirs: bool) -> Record:
    row = finding.violation
    facts = row.offence_facts
    lines = [
        format_html("{} {}", _("Seen on"), day(clock.day_of(row.seen_at))),
        bilingual(facts, "article"),
    ]
    if finding.status != CONTESTED and row.last_event is not None:
        lines.append(format_html("{} · {}", finding.outcome_text, day(clock.day_of(row.last_event.at))))
    is_former = finding.answered_at.merged_into_id is not None
    replier = _("Reply of the holder of the former entry") if is_former else _("Reply of the holder")
    replies = [Fact(replier, term(reply.text), moment(reply.published_at))] if reply is not None else []
    may_reply = is_theirs and reply is None
    as_holder = _("Reply as the holder of the former entry") if is_former else _("Reply as its holder")
    return Record(
        bilingual(facts, "name"),
        state="wait" if finding.status == CONTESTED else "bad",
        label=STAGES[finding.stage] if finding.status == CONTESTED else _("Final"),
        lines=lines,
        replies=replies,
        action=(as_holder, reverse("shops:reply", args=[row.public_id])) if may_reply else None,
        anchor=f"finding-{row.public_id}",
    )
