"""Forms to claim a shop, and to dispute a claim."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from municipality.kernel import digits
from municipality.ui.forms import LtrInput


class LicenceNumberField(forms.CharField):
    """The number of a commercial licence, in any digits; spaces are removed."""

    widget = LtrInput(inputmode="text")

    def to_python(self, value: object) -> str:
        return "".join(digits.clean(str(super().to_python(value) or "")).split()).upper()


class ClaimSearchForm(forms.Form):
    """The licence number of the shop."""

    number = LicenceNumberField(
        label=_("Number of the commercial licence"),
        help_text=_("As it stands on the commercial licence of the shop."),
        max_length=20,
        error_messages={"required": _("Enter the number of the commercial licence.")},
    )
    organisation = forms.ChoiceField(
        label=_("For whom you claim it"),
        required=False,
        error_messages={"invalid_choice": _("Choose yourself or an organisation of the list.")},
    )

    def __init__(self, *args: Any, organisations: Sequence[tuple[str, Any]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        if organisations:
            fields["organisation"].choices = [("", _("For myself")), *organisations]
        else:
            del fields["organisation"]


class StatementForm(forms.Form):
    """The statement of the claimant."""

    statement = forms.CharField(
        label=_("Why the shop is yours"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
        help_text=_("A few sentences; the officer reads them beside the documents."),
        error_messages={"required": _("Write why the shop is yours.")},
    )


class DisputeForm(forms.Form):
    """The statement of the holder who disputes."""

    dispute = forms.CharField(
        label=_("Why the claim is wrong"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
        help_text=_("A few sentences; the officer reads them beside the statement of the claimant."),
        error_messages={"required": _("Write why the claim is wrong.")},
    )
