"""Forms of the pages of a renewal with changes and of a change between renewals. `answers` is what a form saves."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from licensing.health.changes import FACTS
from municipality.accounts import civil_ids
from municipality.kernel import clock, digits
from municipality.places import queries as places
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import Activity, Authority
from municipality.ui.forms import CivilIdField, DigitsField, FoldedField, LineField, LtrInput, WholeNumberField
from shops.models import Shop

_ARABIC = re.compile(r"[\u0621-\u064a]")
_LATIN = re.compile(r"[A-Za-z]")
_LOAD_AGAIN = _("The page was sent incomplete. Reload it and try again.")


class PageForm(forms.Form):
    """One page. `version` is the draft's version when the page was opened, `saved` the saved answers of the page.

    `known`: facts whose difference is read from the register, which are not asked about.
    """

    version = WholeNumberField(
        widget=forms.HiddenInput, min_value=0, required=False, error_messages={"invalid": _LOAD_AGAIN, "min_value": _LOAD_AGAIN}
    )

    def __init__(
        self,
        *args: Any,
        shop: Shop,
        saved: Mapping[str, Any] | None = None,
        flags: list[str] | None = None,
        correcting: bool = False,
        known: Collection[str] = (),
        is_change: bool = False,
        **kwargs: Any,
    ) -> None:
        self.shop, self.saved, self.flags, self.correcting, self.known = shop, dict(saved or {}), flags or [], correcting, known
        self.is_change = is_change
        kwargs["initial"] = {**self.filled(self.saved), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)

    def filled(self, saved: Mapping[str, Any]) -> dict[str, Any]:
        """The initial values of the fields from the saved answers."""
        return dict(saved)

    def answers(self) -> dict[str, Any]:
        """The answers of a valid form, as they are saved."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class _UnchangedRefused(PageForm):
    """The page of a fact; refuses the values of the register unless it answers a correction."""

    fact = ""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not self.correcting and self._values(data) == FACTS[self.fact].read(self.shop):
            raise ValidationError(
                _("The register already says this. Change it, or remove the tick on the page “What changed”."), code="unchanged"
            )
        return data

    def _values(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in data.items() if name != "version"}


WHAT_ELSE = _("Has anything else changed?")
WHAT_CHANGES = _("What is to change in the licence?")


NOTHING_TICKED = _("Select at least one thing that is to change.")


class WhatChanged(PageForm):
    changed = forms.MultipleChoiceField(
        label=_("What changed since the last licence?"),
        help_text=_("Select all that apply. We only ask about what you select."),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        choices=lambda: [(fact.name, fact.label) for fact in FACTS.values()],
        error_messages={
            "invalid_choice": _("Choose from the list."),
            "required": _("Select what changed. If nothing changed, the renewal goes on without an officer."),
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["changed"].required = not self.flags
        if self.is_change:
            self.fields["changed"].label = WHAT_CHANGES
            self.fields["changed"].error_messages["required"] = NOTHING_TICKED
        if self.known:  # a fact that was ticked before the register changed keeps its box
            field, ticked = self.fields["changed"], self.saved.get("changed", [])
            asked = [fact for fact in FACTS.values() if fact.name not in self.known or fact.name in ticked]
            field.choices = [(fact.name, fact.label) for fact in asked]  # type: ignore[attr-defined]
            field.label = WHAT_ELSE
            field.help_text = _("Select all that apply. If nothing else changed, continue without selecting.")

    def clean_changed(self) -> list[str]:
        return [name for name in FACTS if name in self.cleaned_data["changed"]]


class _NamesForm(_UnchangedRefused):
    """A page with a name in Arabic and one in English."""

    def clean_name_ar(self) -> str:
        return in_arabic(self.cleaned_data["name_ar"])

    def clean_name_en(self) -> str:
        return in_latin(self.cleaned_data["name_en"])


class TradeNameForm(_NamesForm):
    fact = "trade_name"
    name_ar = forms.CharField(
        label=_("Name in Arabic"),
        max_length=160,
        error_messages={"required": _("Enter the Arabic name as in the commercial licence.")},
        widget=forms.TextInput({"dir": "rtl", "lang": "ar"}),
    )
    name_en = forms.CharField(
        label=_("Name in English"),
        max_length=160,
        error_messages={"required": _("Enter the English name as in the commercial licence.")},
        widget=forms.TextInput({"dir": "ltr", "lang": "en"}),
    )


def in_arabic(text: str) -> str:
    """A name in Arabic letters, its spaces folded. Raises ValidationError."""
    if not _ARABIC.search(text) or _LATIN.search(text):
        raise ValidationError(_("Write this name in Arabic letters."), code="arabic")
    return " ".join(text.split())


def in_latin(text: str) -> str:
    """A name in Latin letters, its spaces folded. Raises ValidationError."""
    if not _LATIN.search(text) or _ARABIC.search(text):
        raise ValidationError(_("Write this name in Latin letters."), code="latin")
    return " ".join(text.split())


class ActivityForm(_UnchangedRefused):
    fact = "activity"
    activity = forms.ChoiceField(
        label=_("Activity"),
        help_text=_("As in the commercial licence. If it is not there, change the commercial licence first."),
        error_messages={"required": _("Choose the activity."), "invalid_choice": _("Choose the activity from the list.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = "name_ar" if get_language() == "ar" else "name_en"
        self.fields["activity"].choices = [("", _("Choose")), *Activity.objects.order_by(name).values_list("code", name)]  # type: ignore[attr-defined]

    def clean_activity(self) -> str:
        code = str(self.cleaned_data["activity"])
        authority = rulebook.competent_authority(code, clock.today())
        if authority == Authority.PAFN:
            raise ValidationError(
                _(
                    "This activity is licensed by the Public Authority for Food and Nutrition, not by the Municipality: you apply and pay "
                    "for its licence there."
                ),
                code="pafn",
            )
        if authority != Authority.MUNICIPALITY:
            raise ValidationError(_("This activity is licensed by another authority. Call 139 to find out which one."), code="elsewhere")
        return code


_METRES = re.compile(r"[0-9]{1,9}(\.[0-9]{1,3})?")
_THOUSANDS = re.compile(r"[,،](?=[0-9]{3}(?![0-9]))")


class SquareMetres(FoldedField):
    """Square metres as on the papers, in Arabic or Latin digits and with decimals; the value is rounded to whole ones, half up."""

    def to_python(self, value: Any) -> Any:
        text = _THOUSANDS.sub("", digits.clean_number(super().to_python(value))).replace(",", ".").replace("،", ".")
        if not text:
            return None
        metres = int(Decimal(text).quantize(Decimal(1), ROUND_HALF_UP)) if _METRES.fullmatch(text) else 0
        if not 1 <= metres <= 100_000:
            raise ValidationError(_("Enter the size in square metres, from 1 to 100000, such as 42 or 42.5."), code="area")
        return metres

    def validate(self, value: Any) -> None:
        if value is None:
            raise ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        return None


class AreaForm(_UnchangedRefused):
    fact = "area_m2"
    area_m2 = SquareMetres(
        label=_("Size in square metres"),
        help_text=_("The floor area as on the drawing, without the pavement."),
        widget=LtrInput(inputmode="decimal"),
        error_messages={"required": _("Enter the size in square metres.")},
    )


class ManagerForm(_NamesForm):
    """The civil number is saved encrypted; the page shows only its mask."""

    fact = "manager"
    name_ar = forms.CharField(
        label=_("Name in Arabic"),
        help_text=_("As on the civil ID card."),
        max_length=120,
        error_messages={"required": _("Enter the name in Arabic, as on the civil ID card.")},
        widget=forms.TextInput({"dir": "rtl", "lang": "ar", "autocomplete": "off"}),
    )
    name_en = forms.CharField(
        label=_("Name in English"),
        help_text=_("As on the civil ID card."),
        max_length=120,
        error_messages={"required": _("Enter the name in English, as on the civil ID card.")},
        widget=forms.TextInput({"dir": "ltr", "lang": "en", "autocomplete": "off"}),
    )
    civil_id = CivilIdField(label=_("Civil number of the manager"), help_text=_("12 digits. It is kept encrypted and never shown in full."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.saved.get("civil_id_cipher"):
            self.fields["civil_id"].required = False
            self.fields["civil_id"].help_text = _("Saved: %(masked)s. Leave it empty to keep this number.") % {
                "masked": self.saved["civil_id_masked"]
            }

    def filled(self, saved: Mapping[str, Any]) -> dict[str, Any]:
        return {name: saved[name] for name in ("name_ar", "name_en") if name in saved}

    def _values(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in self._with_civil_id(data).items() if name in ("name_ar", "name_en", "civil_id_masked")}

    def _with_civil_id(self, data: Mapping[str, Any]) -> dict[str, Any]:
        number = data.get("civil_id")
        columns = ("civil_id_digest", "civil_id_cipher", "civil_id_masked")
        saved: dict[str, Any] = {name: self.saved[name] for name in columns if name in self.saved}
        if number and saved.get("civil_id_digest") != civil_ids.digest(number):
            saved = dict(civil_ids.fields(number))
        return {"name_ar": data.get("name_ar", ""), "name_en": data.get("name_en", ""), **saved}

    def answers(self) -> dict[str, Any]:
        return self._with_civil_id(self.cleaned_data)


class AddressForm(_UnchangedRefused):
    fact = "address"
    area = forms.TypedChoiceField(
        label=_("Area"),
        coerce=int,
        error_messages={"required": _("Choose the area."), "invalid_choice": _("Choose the area from the list.")},
    )
    block = FoldedField(label=_("Block"), max_length=10, error_messages={"required": _("Enter the block.")})
    street = LineField(
        label=_("Street"),
        max_length=60,
        help_text=_("Its number or name alone, such as 12 or Salem Al-Mubarak."),
        error_messages={"required": _("Enter the street: its number or name.")},
    )
    building = LineField(label=_("Building"), max_length=20, required=False)
    plot = LineField(label=_("Plot"), max_length=20, required=False)
    floor = LineField(label=_("Floor"), max_length=20, required=False)
    unit = LineField(label=_("Unit"), max_length=20, required=False)
    paci_number = DigitsField(label=_("PACI number"), length=8, help_text=_("8 digits, on the blue plate at the entrance."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].choices = [("", _("Choose")), *places.grouped_areas()]  # type: ignore[attr-defined]

        self.fields["building"].either, self.fields["plot"].either = _("(or the plot)"), _("(or the building)")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        for name in ("building", "plot"):
            if name not in data:
                return data
        if not data["building"] and not data["plot"]:
            self.add_error("building", ValidationError(_("Enter the building, or the plot below."), code="required"))
        return data


FACT_FORMS: dict[str, type[PageForm]] = {
    "trade_name": TradeNameForm,
    "activity": ActivityForm,
    "area_m2": AreaForm,
    "manager": ManagerForm,
    "address": AddressForm,
}


class CheckAndSend(PageForm):
    declared = forms.BooleanField(
        label=_("I declare that the facts of my shop above (address and changes) are true, and that all files sent belong to it."),
        error_messages={"required": _("Tick the box to make the declaration. The request cannot be sent without it.")},
    )
    total = WholeNumberField(widget=forms.HiddenInput, min_value=0, error_messages={"required": _LOAD_AGAIN, "invalid": _LOAD_AGAIN})
    # `NewPlace.mark` of the zoning answer on the page; empty where the address stays.
    zoning = forms.CharField(widget=forms.HiddenInput, max_length=16, required=False, error_messages={"max_length": _LOAD_AGAIN})

    def __init__(self, *args: Any, has_files: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_files:
            self.fields["declared"].label = _("I declare that the facts of my shop above (address and changes) are true.")
