"""The form renderer, and form fields of identifiers."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.forms.renderers import DjangoTemplates
from django.template import loader
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from municipality.kernel import civil_id, digits

_BARE_INPUTS = {"checkbox", "radio", "hidden", "submit", "range", "color"}


class PortalBoundField(BoundField):
    """A bound field whose widget has the CSS class of the portal."""

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        widget = widget or self.field.widget
        built: dict[str, Any] = super().build_widget_attrs(attrs, widget)
        plain = not isinstance(widget, (forms.RadioSelect, forms.CheckboxSelectMultiple))
        if plain and getattr(widget, "input_type", "") not in _BARE_INPUTS and "class" not in widget.attrs:
            built.setdefault("class", "kp-input")
        return built


class PortalRenderer(DjangoTemplates):
    """Renders fields by templates/components and widgets by Django's own templates."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"
    bound_field_class = PortalBoundField

    def get_template(self, template_name: str) -> Any:
        # Only our own templates are loaded from the project: Django's and the admin's widgets include each other by name.
        if template_name.startswith("components/"):
            return loader.get_template(template_name)
        return super().get_template(template_name)


class LtrInput(forms.TextInput):
    """A widget for digits and references: left to right in both languages, with the number keyboard on phones."""

    def __init__(self, attrs: dict[str, Any] | None = None, *, inputmode: str = "numeric", css: str = "kp-input--ref") -> None:
        base = {"dir": "ltr", "inputmode": inputmode, "autocomplete": "off", "spellcheck": "false", "class": f"kp-input {css}"}
        super().__init__({**base, **(attrs or {})})


class FoldedField(forms.CharField):
    """Text with ASCII digits: Arabic-Indic and Persian digits are converted, invisible characters removed."""

    widget = LtrInput

    def to_python(self, value: Any) -> str:
        return digits.clean(str(super().to_python(value) or ""))


class LineField(forms.CharField):
    """One line of text with single spaces; Arabic-Indic and Persian digits become ASCII."""

    def to_python(self, value: Any) -> str:
        return " ".join(digits.clean(str(super().to_python(value) or "")).split())


class AnyDigits:
    """Mixin of number, date and time fields: digits and separators of every kind are read as ASCII ones."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(digits.clean_number(value) if isinstance(value, str) else value)  # type: ignore[misc]


class WholeNumberField(AnyDigits, forms.IntegerField):
    """A whole number in any digits. A text input: browsers refuse Arabic digits in one of the type `number`."""

    widget = LtrInput


class DecimalNumberField(AnyDigits, forms.DecimalField):
    """A decimal number in any digits, with a point or the Arabic decimal separator. A text input, as a whole number."""

    widget = LtrInput(inputmode="decimal")


class DayField(AnyDigits, forms.DateField):
    """A date in any digits; browsers show their date picker."""

    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "dir": "ltr"})

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("input_formats", ["%Y-%m-%d", "%d/%m/%Y"])
        super().__init__(**kwargs)


# Bounds of a place in Kuwait with its waters (WGS 84): latitudes and longitudes.
NORTH, EAST = (28.4, 30.2), (46.4, 49.6)


class NearField(forms.CharField):
    """`29.37590,47.97740`: latitude and longitude (WGS 84) in or around Kuwait."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        match = re.fullmatch(r"(-?\d{1,2}(?:\.\d{1,12})?),\s*(-?\d{1,3}(?:\.\d{1,12})?)", digits.clean(text))
        if match is None:
            raise forms.ValidationError(_("Write the place as latitude and longitude with a comma between them, such as 29.3759,47.9774."))
        north, east = float(match[1]), float(match[2])
        if not (NORTH[0] <= north <= NORTH[1] and EAST[0] <= east <= EAST[1]):
            raise forms.ValidationError(_("This place is not in Kuwait. Search by area instead."))
        return north, east


class CivilIdField(FoldedField):
    """A civil number, twelve ASCII digits with a right check digit."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": _("Enter the civil number: the 12 digits on the front of the civil ID card."),
        "length": _("A civil number has 12 digits and begins with 2 or 3. Check it against the card."),
        "date": _("Digits 2 to 7 of a civil number are a date of birth. These are not a date. Check them against the card."),
        "check": _("One digit is wrong: the last digit does not fit the others. Check the number against the card."),
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Civil number"))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        if not text:
            return ""
        try:
            return civil_id.parse(text)
        except civil_id.InvalidCivilId as error:
            raise ValidationError(self.error_messages[error.code], code=error.code) from None


MOBILE = ("5", "6", "9", "41")


class PhoneField(FoldedField):
    """A Kuwaiti phone number: 8 digits, with or without +965; the value is +965XXXXXXXX.

    A mobile number begins with 5, 6, 9 or 41 (the national numbering plan as the library phonenumbers has it).
    """

    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": _("Enter a phone number: 8 digits."),
        "phone": _("A phone number in Kuwait has 8 digits. Leave out everything else, or begin with +965."),
        "mobile": _("A mobile number begins with 5, 6, 9 or 41. Check the number; a message must be able to reach it."),
    }

    def __init__(self, *, mobile: bool = True, **kwargs: Any) -> None:
        self.mobile = mobile
        kwargs.setdefault("label", _("Phone"))
        kwargs.setdefault("widget", LtrInput({"autocomplete": "tel"}, inputmode="tel"))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        for separator in " -().":
            text = text.replace(separator, "")
        if not text:
            return ""
        for prefix in ("+965", "00965", "965"):
            if text.startswith(prefix) and len(text) == len(prefix) + 8:
                text = text.removeprefix(prefix)
                break
        if len(text) != 8 or not text.isascii() or not text.isdigit():
            raise ValidationError(self.error_messages["phone"], code="phone")
        if self.mobile and not text.startswith(MOBILE):
            raise ValidationError(self.error_messages["mobile"], code="mobile")
        return f"+965{text}"


class DigitsField(FoldedField):
    """A number of exactly `length` digits, as text (with leading zeros)."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "digits": _("This number must have %(length)s digits; you typed %(typed)s. Check it and type all of them."),
        "letters": _("Use digits only: %(length)s of them."),
    }

    def __init__(self, *, length: int, **kwargs: Any) -> None:
        self.length = length
        needed = format_lazy(_("Enter the number: {length} digits."), length=length)
        kwargs["error_messages"] = {"required": needed, **kwargs.get("error_messages", {})}
        if length <= 6:
            kwargs.setdefault("widget", LtrInput(css="kp-input--code"))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value).replace(" ", "").replace("-", "")
        if not text:
            return ""
        if not (text.isascii() and text.isdigit()):
            raise ValidationError(self.error_messages["letters"], code="letters", params={"length": self.length})
        if len(text) != self.length:
            params = {"length": self.length, "typed": len(text)}
            raise ValidationError(self.error_messages["digits"], code="digits", params=params)
        return text


class ReferenceField(FoldedField):
    """A reference or a licence number: upper case, ASCII, without spaces, dashes of every kind as a hyphen."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": _("Enter the reference number as it stands in the message or on the receipt."),
        "reference": _(
            "A reference contains Latin letters, digits and dashes only. Enter it as it stands in the message or on the receipt."
        ),
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Reference number"))
        kwargs.setdefault("max_length", 40)
        kwargs.setdefault("widget", LtrInput({"autocapitalize": "characters"}, inputmode="text"))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> str:
        text = "".join(super().to_python(value).split()).upper()
        for dash in "\u2010\u2011\u2012\u2013\u2014\u2212\u0640_/":
            text = text.replace(dash, "-")
        if text and not (text.isascii() and text.replace("-", "").isalnum()):
            raise ValidationError(self.error_messages["reference"], code="reference")
        return text
