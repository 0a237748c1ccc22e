"""A worker and their health certificate."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from municipality.ui.forms import CivilIdField, DayField, FoldedField

_DAY = _("Enter the last day of the certificate, such as 24/11/2027.")


class CertificateForm(forms.Form):
    """What is new in a renewed certificate."""

    number = FoldedField(
        label=_("Number of the certificate"), max_length=20, error_messages={"required": _("Enter the number of the certificate.")}
    )
    last_day = DayField(label=_("Last day of the certificate"), error_messages={"required": _DAY, "invalid": _DAY})


class WorkerForm(CertificateForm):
    """A worker with their certificate."""

    name = forms.CharField(
        label=_("Name"),
        help_text=_("As on the certificate."),
        max_length=120,
        error_messages={"required": _("Enter the name of the worker, as on the certificate.")},
        widget=forms.TextInput({"dir": "auto", "autocomplete": "off"}),
    )
    civil_id = CivilIdField(
        label=_("Civil number of the worker"),
        help_text=_("12 digits. It is stored so that nobody can read it; the list shows a part of it."),
    )
    field_order = ["name", "civil_id", "number", "last_day"]

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())
