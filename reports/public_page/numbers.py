"""The number of a report as people type it."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from municipality.kernel import ids
from municipality.ui.forms import ReferenceField

PREFIX, _LENGTH = "EYE", 9  # eight characters and the check character


def canonical(typed: str) -> str:
    """`EYE-7K3M-9Q2X-5` of a number in capital letters, with or without dashes and prefix; empty if its check character does not fit.

    O, I and L are read as 0 and 1, also as the check character where only that fits.
    """
    code = typed.replace("-", "").removeprefix(PREFIX)
    if len(code) != _LENGTH:
        return ""
    stem = ids.normalise_code(code[:-1])
    number = ids.with_check(f"{PREFIX}-{stem[:4]}-{stem[4:]}")
    return number if ids.normalise_code(number[-1]) == ids.normalise_code(code[-1]) else ""


class ReportNumberForm(forms.Form):
    """The number of a report; the check character tells typing errors before anything is searched."""

    number = ReferenceField(
        label=_("Number of the report"),
        help_text=_("With or without dashes, for example EYE-7K3M-9Q2X-5."),
        error_messages={"required": _("Enter the number of the report, as it stood on the last page after sending.")},
    )

    def clean_number(self) -> str:
        number = canonical(self.cleaned_data["number"])
        if not number:
            raise ValidationError(
                _("A character is missing or wrong. A number has eight letters or digits and a last one: EYE-7K3M-9Q2X-5, for example."),
                code="check",
            )
        return number
