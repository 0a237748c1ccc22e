"""Drafts of the rules and withdrawals that wait, for the first page of staff."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel import clock
from municipality.rulebook.inlines import MAKER, PUBLISHER
from municipality.rulebook.models import PUBLISHED, RuleSet
from municipality.ui.admin_base import in_group
from municipality.ui.code_labels import label_of
from municipality.ui.staff_home import ROWS, HomePart, Next, Row, Work
from municipality.ui.templatetags.portal import bilingual


def _drafts(request: AuthenticatedHttpRequest) -> list[RuleSet]:
    """The drafts that this person may go on with or publish, the oldest first."""
    rows = RuleSet.objects.filter(published_at__isnull=True).select_related("made_by").order_by("made_at", "pk")
    if in_group(request, MAKER):
        return list(rows.filter(made_by=request.user)[: ROWS + 1])
    rows = rows.filter(sent_back_at__isnull=True)
    return list(rows.exclude(made_by=request.user)[: ROWS + 1]) if in_group(request, PUBLISHER) else []


def home(request: AuthenticatedHttpRequest) -> HomePart:
    """Drafts of the rules, for their makers and publishers."""
    is_maker = in_group(request, MAKER)
    if not is_maker and not in_group(request, PUBLISHER):
        return HomePart()
    drafts, page = _drafts(request), reverse("admin:rulebook_ruleset_changelist")
    proposed = [
        Row(
            label_of(row.subject),
            reverse("admin:rulebook_ruleset_withdraw", args=[row.pk]),
            _("Edition %(number)s") % {"number": row.version},
            row.withdrawal_words,
            ("wait", _("waits for a second person")),
        )
        for row in _proposed_withdrawals(request)
    ]
    rows = [
        Row(
            label_of(row.subject),
            _draft_url(row, is_maker),
            _("Edition %(number)s") % {"number": row.version},
            row.sent_back_words or bilingual(row, "instrument"),
            _draft_state(row),
        )
        for row in drafts[:ROWS]
    ]
    if proposed:
        until = _("It takes effect only before the first day of the edition.")
        offer = Next(_("Rules"), proposed[0].title, until, _("Check the withdrawal"), proposed[0].url)
    elif not drafts:
        offer = Next(_("Rules"), _("No draft waits for you."), "", _("Editions of the rules"), page, waits=False)
    else:
        one = next((draft for draft in drafts if draft.sent_back_at is not None), drafts[0])
        waits = not is_maker or one.sent_back_at is not None
        button = _("Check and publish") if not is_maker else _("Go on with the draft") if waits else _("Open the draft")
        text = one.sent_back_words or _draft_state(one)[1]
        offer = Next(_("Rules"), label_of(one.subject), text, button, _draft_url(one, is_maker), waits=waits)
    title = _("My drafts") if is_maker else _("Drafts to publish")
    work = [Work(_("Withdrawals to confirm"), proposed, more=page), Work(title, rows, more=page, empty=_("No draft waits for you."))]
    return HomePart(offer, work)


def _proposed_withdrawals(request: AuthenticatedHttpRequest) -> list[RuleSet]:
    """Editions to come that somebody else proposed to withdraw, for their publishers, the first day first."""
    if not in_group(request, PUBLISHER):
        return []
    rows = RuleSet.objects.filter(PUBLISHED, withdrawal_at__isnull=False, first_day__gt=clock.today())
    return list(rows.exclude(withdrawal_by=request.user).order_by("first_day", "pk")[:ROWS])


def _draft_state(draft: RuleSet) -> tuple[str, Any]:
    if draft.sent_back_at is not None:
        return "bad", _("sent back by the publisher")
    return "wait", _("waits for the publisher")


def _draft_url(draft: RuleSet, is_maker: bool) -> str:
    return reverse("admin:rulebook_ruleset_change" if is_maker else "admin:rulebook_ruleset_publish", args=[draft.pk])
