"""What violations say of a shop to everybody, and to its holder who may answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from municipality.accounts.requests import Visitor
from municipality.cases.panels import Block, Fact, Record
from municipality.kernel import clock
from municipality.ui.templatetags.portal import bilingual, day, moment, term
from shops.models import Reply
from shops.public_page import queries
from shops.public_page.states import REPLY
from shops.register import queries as registered
from violations import publication
from violations.publication import CONTESTED, STAGES, Finding, PublicFindings

SHOWN = 50


def block(user: Visitor, shops: Sequence[Any]) -> dict[str, list[Any]]:
    """Final and contested violations of each shop with the replies to them; as many queries for many as for one."""
    found = publication.of_shops([shop.pk for shop in shops])
    shown = {pk: one.findings[:SHOWN] for pk, one in found.items()}
    replies = queries.replies_to([finding.violation.key for rows in shown.values() for finding in rows])
    theirs: set[int] = set()
    if any(shown.values()) and user.is_authenticated and not user.is_staff:
        theirs = set(registered.visible_to(user, REPLY).filter(pk__in=list(shown)).values_list("pk", flat=True))
    return {
        shop.key: [_block(found.get(shop.pk, PublicFindings()), shown.get(shop.pk, ()), replies, is_theirs=shop.pk in theirs)]
        for shop in shops
    }


def _block(found: PublicFindings, shown: Sequence[Finding], replies: dict[str, Reply], *, is_theirs: bool) -> Block:
    contested = len(found.findings) - found.final
    counted = ngettext("%(count)d final violation", "%(count)d final violations", found.final) % {"count": found.final}
    open_ones = ngettext("%(count)d contested, which does not count", "%(count)d contested, which do not count", contested)
    text = " · ".join(filter(None, [counted, open_ones % {"count": contested} if contested else ""])) if found.findings else ""
    return Block(
        "violations",
        _("Inspections and violations"),
        order=30,
        text=text,
        records=[_record(finding, replies.get(finding.violation.key), is_theirs=is_theirs) for finding in shown],
        empty=_("No final violation is on record."),
        note=_(
            "Only a violation that nobody can contest any more counts."
            " Visits on which nothing was found are not recorded in the portal yet."
        ),
        actions=[(_("Look a violation up by its number"), reverse("violations:start"))],
        history=[Fact(_("A violation was annulled and taken off this page"), on) for on in found.annulled],
    )


def _record(finding: Finding, reply: Reply | None, *, is_theirs: bool) -> Record:
    row = finding.violation
    facts = row.offence_facts
    lines = [
        format_html("{} {}", _("Seen on"), day(clock.day_of(row.seen_at))),
        bilingual(facts, "article"),
    ]
    if finding.standing != CONTESTED and row.last_event is not None:
        lines.append(format_html("{} · {}", finding.became, day(clock.day_of(row.last_event.at))))
    replies = [Fact(_("Reply of the holder"), term(reply.text), moment(reply.published_at))] if reply is not None else []
    may = is_theirs and reply is None
    return Record(
        bilingual(facts, "name"),
        state="wait" if finding.standing == CONTESTED else "bad",
        label=STAGES[finding.stage] if finding.standing == CONTESTED else _("Final"),
        lines=lines,
        replies=replies,
        action=(_("Reply as its holder"), reverse("shops:reply", args=[row.public_id])) if may else None,
        anchor=f"finding-{row.public_id}",
    )
