"""One shop for the office: its facts, its events, and the form to propose an event."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.proof import reauthentication_required, steps
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel import digits
from municipality.kernel.errors import Refused
from municipality.places.models import Area
from municipality.ui.admin_base import in_group, require_role
from shops.imports.validation import number_of
from shops.models import EventProposal, Shop
from shops.models.office import OPEN, ByHand
from shops.office.services import changes
from shops.office.views.base import READERS, page
from shops.register import states, timeline
from shops.register.roles import KEEPER


class EventForm(forms.Form):
    """What happened, when, why, and by which letter or decision; with a new name or address."""

    kind = forms.ChoiceField(label=gettext_lazy("What happened"), choices=ByHand.choices)
    on = forms.CharField(
        label=gettext_lazy("Day"),
        help_text=gettext_lazy("Such as 2024-05-31."),
        max_length=10,
    )
    reference = forms.CharField(label=gettext_lazy("Number of the letter or decision"), max_length=60)
    note_ar = forms.CharField(label=gettext_lazy("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}))
    name_ar = forms.CharField(label=gettext_lazy("New name in Arabic"), max_length=160, required=False)
    name_en = forms.CharField(label=gettext_lazy("New name in English"), max_length=160, required=False)
    area = forms.ModelChoiceField(label=gettext_lazy("Area"), queryset=Area.objects.none(), required=False)
    block = forms.CharField(label=gettext_lazy("Block"), max_length=10, required=False)
    street = forms.CharField(label=gettext_lazy("Street"), max_length=60, required=False)
    building = forms.CharField(label=gettext_lazy("Building"), max_length=20, required=False)
    plot = forms.CharField(label=gettext_lazy("Plot"), max_length=20, required=False)
    floor = forms.CharField(label=gettext_lazy("Floor"), max_length=20, required=False)
    unit = forms.CharField(label=gettext_lazy("Unit"), max_length=20, required=False)
    paci_number = forms.RegexField(
        r"^\d{8}$", label=gettext_lazy("PACI number"), required=False,
        error_messages={"invalid": gettext_lazy("The PACI number of an address has eight digits.")},
    )  # fmt: skip

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        if data is not None:
            data = {name: digits.to_ascii(str(value)) for name, value in data.items()}
        super().__init__(data, **kwargs)
        areas: Any = self.fields["area"]
        name = "name_ar" if get_language() == "ar" else "name_en"
        areas.queryset = Area.objects.select_related("governorate__branch").order_by(name)
        areas.label_from_instance = lambda area: getattr(area, name)

    def clean_on(self) -> dt.date:
        try:
            return dt.date.fromisoformat(self.cleaned_data["on"])
        except ValueError:
            raise forms.ValidationError(_("This is not a date. Please write it as 2024-05-31.")) from None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        kind = data.get("kind")
        if kind == ByHand.RENAMED and not data.get("name_ar"):
            self.add_error("name_ar", _("This cell is empty. Please fill it in."))
        if kind == ByHand.MOVED:
            for name in ("area", "block", "street", "paci_number"):
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, _("This cell is empty. Please fill it in."))
            if data.get("building") and data.get("plot"):
                self.add_error("building", _("Please give the building or the plot, not both."))
            elif not data.get("building") and not data.get("plot") and not {"building", "plot"} & self.errors.keys():
                self.add_error("building", _("Enter the building or the plot."))
        return data

    def after(self) -> dict[str, Any]:
        """The columns that a valid form writes."""
        data = self.cleaned_data
        if data["kind"] == ByHand.RENAMED:
            return {"name_ar": data["name_ar"], "name_en": data["name_en"]}
        if data["kind"] == ByHand.MOVED:
            area = data["area"]
            texts = {name: data[name] for name in ("block", "street", "building", "plot", "floor", "unit", "paci_number")}
            return {"area_id": area.pk, "branch_id": area.governorate.branch.pk, **texts}
        return {}


@require_safe
def shops(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Look up a shop by its licence number; and the open proposals."""
    require_role(request, *READERS)
    typed, error = request.GET.get("number", "")[:40], ""
    if number := number_of(typed):
        shop = Shop.objects.filter(commercial_license_no=number[:20]).first()
        if shop is not None:
            return redirect("admin:register_shop", shop.public_id)
        error = _("No shop of the register has this commercial licence number. Please compare it with the licence.")
    rows = EventProposal.objects.select_related("shop", "asked_by").filter(OPEN)
    return page(request, "admin/shops/shops.html", _("Events of shops"), error, typed=typed, waiting=rows.order_by("pk")[:50])


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(when=steps("allow"))
def shop(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """One shop with its open proposal; a clerk proposes, a keeper allows or refuses."""
    require_role(request, *READERS)
    row = Shop.objects.select_related("activity", "area__governorate", "merged_into").filter(public_id=public_id).first()
    if row is None:
        raise Http404
    form, error = EventForm(initial={"kind": ByHand.SUSPENDED}), ""
    if request.method == "POST":
        try:
            if request.POST.get("step") == "propose":
                form = EventForm(request.POST)
                if form.is_valid():
                    values = {name: form.cleaned_data[name] for name in ("kind", "on", "note_ar", "reference")}
                    changes.propose(shop=row, asked_by=request.user, after=form.after(), **values)
                    messages.success(request, _("The proposal waits for a second person."))
                    return redirect("admin:register_shop", row.public_id)
                error = _("Please look at the marked fields.")
            else:
                messages.success(request, _decide(request, row))
                return redirect("admin:register_shop", row.public_id)
        except Refused as refusal:
            error = str(refusal.sentence)
            row.refresh_from_db()
    user = request.user
    waiting = EventProposal.objects.select_related("asked_by").filter(OPEN, shop=row).first()
    events = list(row.events.order_by("-on", "-pk")[:50])
    keeps, is_mine = in_group(request, KEEPER), waiting is not None and waiting.asked_by_id == user.pk
    return page(
        request,
        "admin/shops/shop.html",
        _("Events of shops"),
        error,
        shop=row,
        form=form,
        state=states.STATES[states.state_of(row)],
        waiting=waiting,
        news=_written(waiting),
        events=timeline.entries(events),
        may_allow=waiting is not None and keeps and not is_mine,
        may_refuse=waiting is not None and (keeps or is_mine),
    )


def _written(waiting: EventProposal | None) -> list[tuple[Any, Any]]:
    """Label and value of every column that a proposal writes."""
    if waiting is None:
        return []
    labels = EventForm.base_fields
    rows: list[tuple[Any, Any]] = []
    for name, value in waiting.after.items():
        if name == "area_id":
            area = Area.objects.get(pk=value)
            rows.append((labels["area"].label, area.name_ar if get_language() == "ar" else area.name_en))
        elif name in labels:
            rows.append((labels[name].label, value or "—"))
    return rows


def _decide(request: AuthenticatedHttpRequest, row: Shop) -> str:
    step = request.POST.get("step", "")
    act = EventProposal.objects.filter(shop=row, public_id=request.POST.get("proposal", "")).first()
    if act is None or step not in ("allow", "refuse"):
        raise Refused("unknown_step", _("The page was sent incomplete. Reload it and try again."))
    if step == "allow":
        changes.allow(proposal=act, allowed_by=request.user)
        return _("Done. The register and the search show it.")
    changes.refuse(proposal=act, refused_by=request.user)
    return _("The proposal is dropped.")
