"""Forms of a transfer: whom the present holder names, and the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from licensing.health.transfers.models import TransferOutcome
from municipality.accounts.models import Organisation
from municipality.ui.forms import CivilIdField, WholeNumberField
from municipality.ui.templatetags.portal import bilingual

MYSELF = "myself"
INCOMPLETE = _("The page was sent incomplete. Reload it and try again.")
_CHOOSE = dict.fromkeys(("required", "invalid_choice"), _("Choose whether you take the shop over."))
_HOLDER = dict.fromkeys(("required", "invalid_choice"), _("Choose who is to hold the licence."))


class NameHolder(forms.Form):
    """The civil number of the new holder."""

    civil_id = CivilIdField(
        label=_("Civil number of the new holder"),
        help_text=_("For a company: of a person who signs for it."),
    )
    understood = forms.BooleanField(
        label=_("I understand that shop and licence pass to the new holder, and that the licences of its boards end."),
        error_messages={"required": _("Tick the box. The transfer cannot be asked for without it.")},
    )


class TakeOver(forms.Form):
    """Take over, oneself or for an organisation, or decline."""

    answer = forms.ChoiceField(
        label=_("Your answer"),
        choices=[(TransferOutcome.AGREED, _("I take the shop over with its licence")), (TransferOutcome.DECLINED, _("I decline"))],
        widget=forms.RadioSelect,
        error_messages=_CHOOSE,
    )
    holder = forms.ChoiceField(label=_("Who is to hold the licence"), widget=forms.RadioSelect, required=False, error_messages=_HOLDER)
    declared = forms.BooleanField(
        label=_(
            "I declare that from the day the new licence is issued I have the right to use the shop, for example "
            "under a lease, and that I will meet the conditions of the licence."
        ),
        help_text=_("Only if you take the shop over."),
        required=False,
    )

    # The fee on the page in fils; `agree` refuses another one than the present one. Declining needs none.
    total = WholeNumberField(widget=forms.HiddenInput, min_value=0, required=False, error_messages={"invalid": INCOMPLETE})

    def __init__(self, *args: Any, organisations: Sequence[Organisation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        self.organisations = {organisation.public_id: organisation for organisation in organisations}
        if organisations:
            named = [(code, bilingual(organisation, "name")) for code, organisation in self.organisations.items()]
            fields["holder"].choices = [(MYSELF, _("Myself")), *named]
        else:
            del fields["holder"]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("answer") == TransferOutcome.AGREED:
            if self.organisations and "holder" not in self.errors and not data.get("holder"):
                self.add_error("holder", _HOLDER["required"])
            if not data.get("declared"):
                self.add_error("declared", _("Tick the box to make the declaration. The shop cannot be taken over without it."))
            if data.get("total") is None and "total" not in self.errors:
                self.add_error("total", INCOMPLETE)
        return data

    @property
    def organisation(self) -> Organisation | None:
        """The organisation of a valid form; None for the person."""
        return self.organisations.get(self.cleaned_data.get("holder", ""))
