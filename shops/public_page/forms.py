"""Forms to correct a fact of a shop's page, and to reply to a finding."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock, digits
from municipality.places.models import Area
from municipality.rulebook.models import Activity
from municipality.ui.forms import DayField, LineField, LtrInput
from shops.models import PageFact, Shop
from shops.models.public_page import REPLY_LENGTH, WHY_LENGTH
from shops.public_page.facts import ADDRESS, read

_ARABIC, _LATIN = re.compile("[\u0621-\u064a]"), re.compile("[A-Za-z]")
_CONTACT = re.compile(r"https?://|www\.|@|\b\d{8}\b", re.IGNORECASE)


class SentencesField(forms.CharField):
    """A few sentences. Invisible characters do not count."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}), **options)

    def to_python(self, value: object) -> str:
        text = str(super().to_python(value) or "").strip()
        return text if re.search(r"\w", text) else ""


class CorrectionForm(forms.Form):
    """The right value, and why; each fact has its own fields, with the current values as initial ones."""

    fact = ""

    def __init__(self, data: Any = None, files: Any = None, *, shop: Shop) -> None:
        self.shop = shop
        super().__init__(data, files, initial=read(shop, self.fact))
        self.order_fields([name for name in self.fields if name != "why"])

    why = SentencesField(
        label=_("Why"),
        max_length=WHY_LENGTH,
        help_text=_("How you know: what hangs at the door, a paper, a date. An officer reads it; the page does not show it."),
        error_messages={"required": _("Write how you know it.")},
    )

    def proposed(self) -> dict[str, Any]:
        """The corrected values of a valid form."""
        return {name: value for name, value in self.cleaned_data.items() if name != "why"}


class TradeNameCorrectionForm(CorrectionForm):
    fact = PageFact.TRADE_NAME
    name_ar = LineField(
        label=_("Name in Arabic"),
        max_length=160,
        widget=forms.TextInput({"dir": "rtl", "lang": "ar"}),
        error_messages={"required": _("Enter the Arabic name as in the commercial licence.")},
    )
    name_en = LineField(label=_("Name in English"), max_length=160, required=False, widget=forms.TextInput({"dir": "ltr", "lang": "en"}))

    def clean_name_ar(self) -> str:
        text: str = self.cleaned_data["name_ar"]
        if not _ARABIC.search(text):
            raise ValidationError(_("Write this name in Arabic letters."), code="arabic")
        return text

    def clean_name_en(self) -> str:
        text: str = self.cleaned_data["name_en"]
        if text and (not _LATIN.search(text) or _ARABIC.search(text)):
            raise ValidationError(_("Write this name in Latin letters."), code="latin")
        return text


class ActivityCorrectionForm(CorrectionForm):
    fact = PageFact.ACTIVITY
    activity = forms.ChoiceField(
        label=_("Activity"),
        error_messages={"required": _("Choose the activity."), "invalid_choice": _("Choose the activity from the list.")},
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        name = "name_ar" if get_language() == "ar" else "name_en"
        fields: dict[str, Any] = self.fields
        fields["activity"].choices = Activity.objects.order_by(name).values_list("code", name)


class AddressCorrectionForm(CorrectionForm):
    fact = PageFact.ADDRESS
    area = forms.TypedChoiceField(
        label=_("Area"),
        coerce=int,
        error_messages={"required": _("Choose the area."), "invalid_choice": _("Choose the area from the list.")},
    )
    block = LineField(
        label=ADDRESS["block"], max_length=10, widget=LtrInput(inputmode="text"), error_messages={"required": _("Enter the block.")}
    )
    street = LineField(label=ADDRESS["street"], max_length=60, error_messages={"required": _("Enter the street.")})
    building = LineField(label=ADDRESS["building"], max_length=20, required=False, widget=LtrInput(inputmode="text"))
    plot = LineField(label=ADDRESS["plot"], max_length=20, required=False, widget=LtrInput(inputmode="text"))
    floor = LineField(label=ADDRESS["floor"], max_length=20, required=False)
    unit = LineField(label=ADDRESS["unit"], max_length=20, required=False)
    paci_number = LineField(
        label=ADDRESS["paci_number"],
        max_length=8,
        widget=LtrInput(),
        help_text=_("Eight digits, on the blue plate of the building."),
        error_messages={"required": _("Enter the PACI number.")},
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        name = "name_ar" if get_language() == "ar" else "name_en"
        fields: dict[str, Any] = self.fields
        fields["area"].choices = Area.objects.order_by(name).values_list("pk", name)

    def clean_paci_number(self) -> str:
        number: str = self.cleaned_data["paci_number"]
        if not re.fullmatch("[0-9]{8}", number):
            raise ValidationError(_("The PACI number has eight digits."), code="paci")
        return number

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not data["building"] and not data["plot"]:
            self.add_error("building", _("Enter the building or the plot."))
        return data


class ClosedCorrectionForm(CorrectionForm):
    fact = PageFact.CLOSED
    on = DayField(
        label=_("Last day"),
        help_text=_("The day on which it closed, or the first on which you found it closed for good."),
        error_messages={"required": _("Enter the day."), "invalid": _("Enter the day as on a calendar.")},
    )

    def clean_on(self) -> str:
        day = self.cleaned_data["on"]
        if day > clock.today():
            raise ValidationError(_("This day lies ahead."), code="ahead")
        if self.shop.opened_on is not None and day < self.shop.opened_on:
            raise ValidationError(_("The shop opened after this day."), code="before")
        return str(day.isoformat())


FORMS: dict[str, type[CorrectionForm]] = {
    form.fact: form for form in (TradeNameCorrectionForm, ActivityCorrectionForm, AddressCorrectionForm, ClosedCorrectionForm)
}


class ReplyForm(forms.Form):
    """The reply to publish."""

    text = SentencesField(
        label=_("Your reply"),
        max_length=REPLY_LENGTH,
        help_text=_("At most 600 characters. Name nobody, and write no link or phone number; not a word is changed."),
        error_messages={"required": _("Write the reply.")},
    )

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if _CONTACT.search(digits.clean(text)):
            raise ValidationError(
                _("A reply must not contain a link, an address or the number of a phone or person. Remove it and send the reply again."),
                code="contact",
            )
        return text
