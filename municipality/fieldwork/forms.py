"""The fields that the device fills in, in every form of a visit: key, time and place."""

from __future__ import annotations

import datetime as dt
import re

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from municipality.fieldwork.services import SentVisit

_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
INCOMPLETE = {code: _("The page was sent incomplete. Reload it and try again.") for code in ("required", "max_length")}


class VisitForm(forms.Form):
    """Hidden fields: place (WGS 84), its accuracy in metres, and the time by the clock of the device. Services add fields."""

    client_key = forms.CharField(widget=forms.HiddenInput, max_length=36, error_messages=INCOMPLETE)
    # ISO 8601 with a time zone
    seen_at = forms.CharField(widget=forms.HiddenInput, max_length=40, error_messages=INCOMPLETE)
    latitude = forms.FloatField(widget=forms.HiddenInput, required=False, min_value=28, max_value=31)
    longitude = forms.FloatField(widget=forms.HiddenInput, required=False, min_value=46, max_value=49)
    accuracy_m = forms.FloatField(widget=forms.HiddenInput, required=False, min_value=0, max_value=100_000)

    def clean_client_key(self) -> str:
        key = str(self.cleaned_data["client_key"]).lower()
        if not _KEY.fullmatch(key):
            raise ValidationError(INCOMPLETE["required"], code="key")
        return key

    def clean_seen_at(self) -> dt.datetime:
        try:
            moment = dt.datetime.fromisoformat(self.cleaned_data["seen_at"])
            if moment.tzinfo is None:
                raise ValueError("no time zone")
            return moment.astimezone(dt.UTC)
        except (ValueError, OverflowError):
            raise ValidationError(INCOMPLETE["required"], code="time") from None

    def sent(self) -> SentVisit:
        """The visit of a valid form, for `services.receive`; a latitude or longitude alone is dropped."""
        data = self.cleaned_data
        accuracy = data.get("accuracy_m")
        return SentVisit(
            key=data["client_key"],
            started_at=data["seen_at"],
            latitude=data.get("latitude") if data.get("longitude") is not None else None,
            longitude=data.get("longitude") if data.get("latitude") is not None else None,
            accuracy_m=int(accuracy) if accuracy is not None else None,
        )
