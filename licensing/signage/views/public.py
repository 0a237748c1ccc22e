"""What boards cost, for everybody, before a request."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from licensing.signage.forms import MOST_BOARDS, BoardForm
from municipality.accounts.access import public
from municipality.kernel import clock
from municipality.rulebook import queries as rulebook


@public
@require_safe
def costs(request: HttpRequest) -> HttpResponse:
    """The fee and deposit of each board of the query, and their sum; a button of the form adds or removes a board."""
    today = clock.today()
    edition, limits = rulebook.editions(["fees.boards", "limits.boards"], today)
    query, count = _boards(request.GET)
    rules: dict[str, Any] = {"rates": edition.boards, "longest": limits.limits["longest_months"].value}
    forms = [BoardForm(query if f"{number}-medium" in query else None, prefix=str(number), **rules) for number in range(count)]
    fees = [form.fee for form in forms if form.is_valid() and form.fee is not None]
    context = {
        "forms": forms,
        "edition": edition,
        "fee_fils": sum(fee.fee_fils for fee in fees),
        "deposit_fils": sum(fee.deposit_fils for fee in fees),
        "fils": sum(fee.fils for fee in fees),
        "is_whole": len(fees) == count,
        "may_add": count < MOST_BOARDS,
        "crumbs": [(_("Services"), reverse("home") + "#services"), (_("What a board costs"), "")],
    }
    has_errors = any(form.errors for form in forms)
    return render(request, "licensing/boards/costs.html", context, status=400 if has_errors else 200)


def _boards(asked: QueryDict) -> tuple[QueryDict, int]:
    """The query after its button has added or removed a board, and how many boards it has; one at least."""
    text = asked.get("boards", "1")
    count = min(max(int(text), 1), MOST_BOARDS) if text.isascii() and text.isdigit() and len(text) < 4 else 1
    removed = asked.get("remove", "")
    if removed.isascii() and removed.isdigit() and int(removed[:4]) < count and count > 1:
        return _without(asked, int(removed[:4]), count), count - 1
    return asked, min(count + ("add" in asked), MOST_BOARDS)


def _without(asked: QueryDict, removed: int, count: int) -> QueryDict:
    kept = QueryDict(mutable=True)
    for place, number in enumerate(number for number in range(count) if number != removed):
        for name in BoardForm.base_fields:
            if (key := f"{number}-{name}") in asked:
                kept[f"{place}-{name}"] = asked.get(key, "")
    return kept
