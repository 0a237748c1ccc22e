"""Answering a round of corrections: only what is asked for can be changed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from licensing.health import changes, queries, services
from licensing.health.change_forms import FACT_FORMS, PageForm
from licensing.health.review import items
from licensing.health.states import ACTS, RenewalState
from licensing.models import Renewal
from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases.models import Case
from municipality.cases.opening import case_or_404
from municipality.drafts import unsaved
from municipality.drafts.unsaved import embeds_buttons, keeps_typed
from municipality.kernel.errors import Refused
from municipality.review import queries as review
from municipality.review.models import CorrectionItem, CorrectionRound
from municipality.ui.language import ERRORS_FIELD, is_switch, without_errors
from municipality.ui.templatetags.portal import ref
from municipality.uploads.fields import Field, field_of
from shops.models import Shop


class Part:
    """One target of a round: its reasons, and the form or the slot that answers it."""

    def __init__(self, target: str, items: list[CorrectionItem], form: PageForm | None, field: Field | None) -> None:
        self.target, self.items, self.form, self.field = target, items, form, field
        known = changes.FACTS.get(target) or changes.SLOTS.get(target)
        self.label = known.label if known else target
        self.missing = False

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """Text and note of each reason, in the active language."""
        language = "ar" if get_language() == "ar" else "en"
        return [(getattr(item, f"text_{language}"), getattr(item, f"note_{language}")) for item in self.items]


@keeps_typed
@embeds_buttons
@access("on_behalf")
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The targets of the open round with forms to answer them; a POST sends all answers."""
    user = request.user
    case, _allowed = case_or_404(user, public_id, service=ACTS)
    correction_round = review.open_round(case)
    renewal = queries.renewal_of(case)
    if case.state != RenewalState.CORRECTIONS or correction_round is None or renewal is None:
        return redirect("cases:case", public_id=case.public_id)
    submitted = request.method == "POST" and not is_switch(request)
    typed = unsaved.read(request) if request.method in ("GET", "HEAD") else None
    data = request.POST if request.method == "POST" else typed
    parts = _parts(request, case, renewal, correction_round, data)
    if not submitted and (typed is not None or ERRORS_FIELD not in request.POST):
        for part in parts:
            if part.form is not None and data is not None:
                without_errors(part.form)
    refusal: Refused | None = None
    if submitted and _is_complete(case, correction_round, parts):
        answers = {part.target: part.form.answers() for part in parts if part.form is not None}
        try:
            services.answer_corrections(case=case, applicant=user, answers=answers)
        except Refused as refused:
            refusal = refused
        else:
            unsaved.delete(request)
            messages.info(request, _("The corrections are sent. The request kept its place."))
            return redirect("cases:case", public_id=case.public_id)
    targets = {part.target for part in parts}
    context = {
        "case": case,
        "round": correction_round,
        "parts": parts,
        "locked": [item for item in items(case) if item.name not in targets],
        "restored": typed is not None and not unsaved.is_from_button(typed),
        "refusal": refusal,
        "errors": sum(bool(part.missing or (part.form is not None and part.form.errors)) for part in parts) if submitted else 0,
        "crumbs": [
            (_("My requests"), reverse("cases:mine")),
            (ref(case.reference), reverse("cases:case", args=[case.public_id])),
            (_("Corrections"), ""),
        ],
    }
    return render(request, "licensing/corrections.html", context, status=409 if refusal else 200)


def _parts(request: AuthenticatedHttpRequest, case: Case, renewal: Renewal, correction_round: CorrectionRound, data: Any) -> list[Part]:
    shop = Shop.objects.select_related("area", "activity").get(pk=renewal.licence.shop_id)
    rows = {row.name: row for row in queries.declared_changes(renewal)}
    by_target: dict[str, list[CorrectionItem]] = {}
    for item in correction_round.items.order_by("pk"):
        by_target.setdefault(item.target, []).append(item)
    url = reverse("licensing:corrections", args=[case.public_id])
    parts = []
    for target, target_items in by_target.items():
        form, field = None, None
        if target in FACT_FORMS:
            row = rows.get(target)
            saved = {**row.after, **row.secret} if row else changes.FACTS[target].read(shop)
            form = FACT_FORMS[target](data=data, shop=shop, saved=saved, correcting=True, prefix=target)
        elif target in changes.SLOTS:
            field = field_of(request, case.key, target, next_path=url)
        parts.append(Part(target, target_items, form, field))
    return parts


def _is_complete(case: Case, correction_round: CorrectionRound, parts: list[Part]) -> bool:
    invalid = [part for part in parts if part.form is not None and not part.form.is_valid()]  # a list: validates every form
    answered = [part.target for part in parts if part.form is not None]
    missing = queries.missing_answers(case, correction_round, answered)
    for part in parts:
        part.missing = part.target in missing
    return not invalid and not missing
