"""The form of a violation report, submitted by hand or by the offline queue of the browser."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from municipality.fieldwork.forms import VisitForm
from municipality.fieldwork.models import Evidence
from municipality.kernel import clock
from municipality.places.models import Area
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Offence
from municipality.ui.forms import CivilIdField, DecimalNumberField, FoldedField, WholeNumberField
from municipality.ui.texts import Text
from shops.models import Shop
from shops.register import queries as shops
from violations import queries, rules, units
from violations.models import JudicialWarrant, Signed
from violations.services import assessments, evidence
from violations.services.assessments import Findings

PHOTOS = 8
ADDRESS = re.compile(r"/shops/(?P<public_id>[0-9A-Za-z]{26})(?:/|$)")  # of the page of a shop


class ViolationReportForm(VisitForm):
    """Facts only: amounts are computed. `confirmed` says that they were checked (`assessments.confirmation`)."""

    confirmed = forms.CharField(widget=forms.HiddenInput, required=False, max_length=1000)
    origin = forms.CharField(widget=forms.HiddenInput, required=False, max_length=60)
    photos_of = forms.CharField(widget=forms.HiddenInput, required=False, max_length=26)  # of an annulled report
    keep_photos = forms.BooleanField(label=_("Take over the photos of the annulled report"), required=False, initial=True)
    shop_no = FoldedField(
        label=_("Commercial licence number of the shop"),
        required=False,
        help_text=_("As on the licence in the shop, for example 123456/2020."),
    )
    civil_id = CivilIdField(label=_("Civil number of the party"), required=False)
    party_name_ar = forms.CharField(label=_("Name of the party"), required=False, max_length=160)
    offence = forms.ChoiceField(
        label=_("Violation"), widget=forms.RadioSelect, error_messages={"required": _("Please choose the violation from the list.")}
    )
    quantity = DecimalNumberField(
        label=_("Measure or number"),
        required=False,
        max_digits=8,
        decimal_places=2,
        min_value=Decimal("0.01"),
        help_text=_("Square metres, or a count of pieces or workers, where the violation asks for it."),
        error_messages={
            "invalid": _("Please give a number such as 3.5."),
            "min_value": _("Please give a measure or number above zero."),
            "max_decimal_places": _("Please give at most two decimals."),
            "max_digits": _("This is larger than anything that can be measured. Please check it."),
            "max_whole_digits": _("This is larger than anything that can be measured. Please check it."),
        },
    )
    months = WholeNumberField(
        label=_("Months of occupancy"),
        required=False,
        min_value=1,
        max_value=rules.MAX_MONTHS,
        help_text=_("Only where land is occupied."),
    )
    area = forms.ModelChoiceField(label=_("Area"), queryset=Area.objects.none(), required=False, widget=forms.RadioSelect, empty_label=None)
    block = FoldedField(label=_("Block"), required=False, max_length=10)
    street = FoldedField(label=_("Street"), required=False, max_length=60, widget=forms.TextInput)
    place_note = forms.CharField(label=_("Where exactly"), required=False, max_length=160)
    note_ar = forms.CharField(
        label=_("What was seen"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Facts, without names."),
    )
    signed = forms.ChoiceField(
        label=_("The party"),
        choices=[
            (Signed.LATER, _("is here, and gets the printed notice after issuing")),
            (Signed.ABSENT, _("was not there")),
            (Signed.REFUSED, _("refused to sign")),
            (Signed.SIGNED, _("signed a report on paper before me already")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Please say what the party did.")},
    )

    def __init__(self, *args: Any, warrant: JudicialWarrant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.warrant = warrant
        catalogue = rulebook.edition(queries.OFFENCES, clock.today()).offences
        in_scope = [offence for code, offence in sorted(catalogue.items()) if queries.warrant_covers(warrant, code)]
        self.offence_names = {offence.code: offence.name_ar for offence in in_scope}
        self.offences = {offence.code: offence for offence in in_scope}
        self.fields["offence"].choices = list(self.offence_names.items())  # type: ignore[attr-defined]
        self.fields["area"].queryset = Area.objects.filter(governorate__branch=warrant.team.branch_id).order_by("name_ar")  # type: ignore[attr-defined]

    @property
    def photos(self) -> list[Evidence]:
        """The photos that may be taken over: all before the form is sent, then those that fit what was typed."""
        inspector = self.warrant.user
        if not self.is_bound:
            return evidence.photos_of(evidence.annulled_report(self.initial.get("photos_of", ""), inspector))
        if not self.is_valid():
            return evidence.photos_of(evidence.annulled_report(self.data.get("photos_of", "")[:26], inspector))
        return evidence.kept(self.cleaned_data["photos_of"], inspector, self.findings())

    @property
    def kept_photos(self) -> list[Evidence]:
        """Those of `photos` that a sent form takes over."""
        return self.photos if self.is_valid() and self.cleaned_data["keep_photos"] else []

    @property
    def shop(self) -> Shop | None:
        """The shop that the number names, also where the rest of the form is not valid."""
        bound = self.cleaned_data.get("shop") if self.is_bound and hasattr(self, "cleaned_data") else None
        return bound or (None if self.is_bound else self.initial.get("shop"))

    def offence_groups(self, usual: Sequence[str]) -> list[tuple[Text, list[tuple[forms.boundfield.BoundWidget, Offence, Any]]]]:
        """The offences as radio buttons, with what is settled at the shop: that of an annulled report, the usual ones, all others."""
        amounts = assessments.outlook(self.offences.values(), self.shop) if self.shop is not None else {}
        widgets = {str(widget.data["value"]): widget for widget in self["offence"]}
        copied = [code for code in widgets if self.initial.get("in_place_of") and code == self.initial.get("offence")]
        first = [code for code in usual if code in widgets and code not in copied]
        rest = [code for code in widgets if code not in (*copied, *first)]
        groups = [
            (_("Copied from the annulled report"), copied),
            (_("You write these most often"), first),
            (_("All others") if first else _("All"), rest),
        ]
        return [(title, [(widgets[code], self.offences[code], amounts.get(code)) for code in codes]) for title, codes in groups if codes]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        number = data.get("shop_no", "")
        data["shop"] = None
        if number:
            related = ("activity", "area__governorate__branch", "branch", "owner", "organisation")
            scanned = ADDRESS.search(number)  # the code at the entrance, read without a line
            if scanned is not None:
                data["shop"] = shops.public_shop(scanned["public_id"], *related)
            else:
                data["shop"] = shops.by_licence([number], *related).get(number)
            if data["shop"] is None:
                self.add_error(
                    "shop_no", _("No shop of the register has this commercial licence number. Please compare it with the licence.")
                )
        elif not data.get("civil_id") and not data.get("party_name_ar") and not data.get("place_note") and "civil_id" not in self.errors:
            self.add_error("shop_no", _("Please say against whom: a shop, a civil number, a name, or at least where exactly it is."))
        if data["shop"] is None and data.get("area") is None and "area" not in self.errors and not number:
            self.add_error("area", _("Please choose the area."))
        self._require_measure(data)
        return data

    def _require_measure(self, data: dict[str, Any]) -> None:
        """What the offence is counted or measured by: never taken for one of them where nothing was typed."""
        offence = self.offences.get(data.get("offence", ""))
        if offence is None or offence.unit == rules.EACH:
            return
        if data.get("quantity") is None and "quantity" not in self.errors:
            self.add_error("quantity", units.missing()[offence.unit])
        if offence.unit == rules.M2_MONTH and not data.get("months") and "months" not in self.errors:
            self.add_error("months", units.missing()[units.MONTHS])

    def findings(self) -> Findings:
        """The facts for `violation_reports.record`. Only for a valid form."""
        data, sent = self.cleaned_data, self.sent()
        shop = data["shop"]
        quantity = data.get("quantity")
        return Findings(
            client_key=sent.key,
            offence=data["offence"],
            seen_at=sent.started_at,
            area=data.get("area") or shop.area,
            shop=shop,
            civil_id=data.get("civil_id", ""),
            party_name_ar=data.get("party_name_ar", ""),
            quantity_hundredths=int(quantity * 100) if quantity is not None else rules.HUNDRED,
            months=data.get("months") or 0,
            block=data.get("block", "") or (shop.block if shop else ""),
            street=data.get("street", "") or (shop.street if shop else ""),
            place_note=data.get("place_note", ""),
            latitude=sent.latitude,
            longitude=sent.longitude,
            accuracy_m=sent.accuracy_m,
            signed=data["signed"],
            note_ar=data.get("note_ar", ""),
            origin=data.get("origin", ""),
        )
