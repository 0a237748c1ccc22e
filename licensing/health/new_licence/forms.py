"""Forms of a new licence: the question about a place, the request, sending, and the commercial licence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from licensing.health.change_forms import ActivityForm, AddressForm, AreaForm, TradeNameForm, in_arabic, in_latin
from municipality.accounts import civil_ids
from municipality.accounts.models import Organisation
from municipality.kernel import clock
from municipality.places import queries as places
from municipality.rulebook.models import Activity
from municipality.ui.forms import CivilIdField, DayField, DigitsField, FoldedField, LineField, WholeNumberField
from municipality.ui.templatetags.portal import bilingual
from shops.commercial_register.queries import number_of

_LOAD_AGAIN = _("The page was sent incomplete. Reload it and try again.")
USUAL, COMMERCIAL = "usual", "commercial"


class PlaceQuestionForm(forms.Form):
    """Which activity, and where: the plot by its number or by the PACI number."""

    activity = forms.ChoiceField(
        label=_("Activity"),
        error_messages={"required": _("Choose the activity."), "invalid_choice": _("Choose the activity from the list.")},
    )
    area = forms.TypedChoiceField(
        label=_("Area"),
        coerce=int,
        error_messages={"required": _("Choose the area."), "invalid_choice": _("Choose the area from the list.")},
    )
    block = FoldedField(label=_("Block"), max_length=10, error_messages={"required": _("Enter the block.")})
    plot = LineField(label=_("Plot"), max_length=20, required=False)
    paci_number = DigitsField(
        label=_("PACI number"),
        length=8,
        required=False,
        help_text=_(
            "8 digits, on the blue plate at the entrance. The plot is enough for this answer; the next page needs the PACI number."
        ),
    )
    floor = LineField(label=_("Floor"), max_length=20, required=False, help_text=_("0 is the ground floor."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = "name_ar" if get_language() == "ar" else "name_en"
        fields: dict[str, Any] = self.fields
        fields["activity"].choices = [("", _("Choose")), *Activity.objects.order_by(name).values_list("code", name)]
        fields["plot"].either, fields["paci_number"].either = _("(or the PACI number)"), _("(or the plot)")
        fields["area"].choices = [("", _("Choose")), *places.grouped_areas()]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not data["plot"] and not data["paci_number"]:
            self.add_error("plot", ValidationError(_("Enter the plot, or the PACI number below."), code="required"))
        return data


class RequestForm(TradeNameForm, ActivityForm, AreaForm, AddressForm):
    """All facts of a request, on one page. The civil number is saved encrypted; the page shows only its mask."""

    holder = forms.ChoiceField(
        label=_("Who is to hold the licence?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose who is to hold the licence.")},
    )
    manager_name_ar = forms.CharField(
        label=_("Manager in charge: name in Arabic"),
        help_text=_("As on the civil ID card."),
        max_length=120,
        error_messages={"required": _("Enter the manager’s name in Arabic, as on the civil ID card.")},
        widget=forms.TextInput({"dir": "rtl", "lang": "ar", "autocomplete": "off"}),
    )
    manager_name_en = forms.CharField(
        label=_("Manager in charge: name in English"),
        help_text=_("As on the civil ID card."),
        max_length=120,
        error_messages={"required": _("Enter the manager’s name in English, as on the civil ID card.")},
        widget=forms.TextInput({"dir": "ltr", "lang": "en", "autocomplete": "off"}),
    )
    civil_id = CivilIdField(label=_("Civil number of the manager"), help_text=_("12 digits. It is kept encrypted and never shown in full."))
    term = forms.ChoiceField(
        label=_("How long is the licence to be valid?"),
        help_text=_(
            "You do not need the commercial licence yet: it comes after the approval of the location. If you "
            "choose that the health licence ends with it, you pay the fee for each year or part of a year: for 2 "
            "years and 3 months, 3 times."
        ),
        widget=forms.RadioSelect,
        initial=USUAL,
        error_messages={"required": _("Choose how long the licence is to be valid.")},
    )
    field_order = (
        *("holder", "name_ar", "name_en", "activity", "area_m2"),
        *("area", "block", "street", "building", "plot", "floor", "unit", "paci_number"),
        *("manager_name_ar", "manager_name_en", "civil_id", "term"),
    )

    def __init__(self, *args: Any, organisations: Sequence[Organisation], years: Any, **kwargs: Any) -> None:
        super().__init__(*args, shop=None, correcting=True, **kwargs)  # type: ignore[arg-type]  # there is no shop to compare with
        fields: dict[str, Any] = self.fields
        fields["holder"].choices = [("me", _("I myself")), *((one.public_id, bilingual(one, "name")) for one in organisations)]
        if not organisations:
            fields["holder"].widget, fields["holder"].initial = forms.HiddenInput(), "me"
        fields["term"].choices = [(USUAL, years), (COMMERCIAL, _("Until the commercial licence ends"))]
        fields["name_ar"].label, fields["name_en"].label = _("Trade name in Arabic"), _("Trade name in English")
        fields["activity"].help_text = _("As it is to stand in the commercial licence.")
        if self.saved.get("civil_id_cipher"):
            fields["civil_id"].required = False
            fields["civil_id"].help_text = _("Saved: %(masked)s. Leave it empty to keep this number.") % {
                "masked": self.saved["civil_id_masked"]
            }

    def filled(self, saved: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in saved.items() if not name.startswith("civil_id")}

    def clean_manager_name_ar(self) -> str:
        return in_arabic(self.cleaned_data["manager_name_ar"])

    def clean_manager_name_en(self) -> str:
        return in_latin(self.cleaned_data["manager_name_en"])

    def answers(self) -> dict[str, Any]:
        """What a draft keeps of a valid form; the manager's civil number encrypted."""
        given = {name: value for name, value in self.cleaned_data.items() if name not in ("version", "civil_id")}
        kept = {name: value for name, value in self.saved.items() if name.startswith("civil_id_")}
        number = self.cleaned_data.get("civil_id")
        if number and kept.get("civil_id_digest") != civil_ids.digest(number):
            kept = dict(civil_ids.fields(number))
        return given | kept


class SendForm(forms.Form):
    """Sending; the hidden fields say what the page showed, so that nothing else is sent."""

    version = WholeNumberField(widget=forms.HiddenInput, min_value=0, error_messages={"required": _LOAD_AGAIN, "invalid": _LOAD_AGAIN})
    total = WholeNumberField(widget=forms.HiddenInput, min_value=0, error_messages={"required": _LOAD_AGAIN, "invalid": _LOAD_AGAIN})
    zoning = forms.CharField(widget=forms.HiddenInput, max_length=16, error_messages={"required": _LOAD_AGAIN, "max_length": _LOAD_AGAIN})
    declared = forms.BooleanField(
        label=_("I declare that the facts above are true, and that all files sent belong to this place."),
        error_messages={"required": _("Tick the box to make the declaration. The request cannot be sent without it.")},
    )


class CommercialForm(forms.Form):
    """The commercial licence; its end is asked for only where no register knows the licence."""

    number = LineField(
        label=_("Number of the commercial licence"),
        max_length=20,
        error_messages={"required": _("Enter the number of the commercial licence.")},
        widget=forms.TextInput({"dir": "ltr", "autocomplete": "off"}),
    )
    ends_on = DayField(
        label=_("Last day of the commercial licence"),
        required=False,
        help_text=_("Only where the register of the Ministry of Commerce and Industry does not know the licence yet."),
    )

    def clean_number(self) -> str:
        if not (number := number_of(self.cleaned_data["number"])):
            raise ValidationError(
                _("Enter the number as it stands on the commercial licence: Latin letters, digits and signs."), code="number"
            )
        return number

    def clean_ends_on(self) -> Any:
        day = self.cleaned_data["ends_on"]
        if day is not None and day < clock.today():
            raise ValidationError(_("This commercial licence has ended. Renew it first."), code="ended")
        return day
