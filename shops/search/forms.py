"""Forms of the search."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from django import forms
from django.db import models
from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from municipality.kernel import digits
from municipality.places.models import Area, Governorate
from municipality.rulebook.models import Activity
from municipality.ui.forms import NearField, WholeNumberField
from shops.models import LicenceState
from shops.search.box import Box
from shops.search.queries import ELSEWHERE, SearchQuery

LICENCES = [("", _("Any")), *LicenceState.choices, (ELSEWHERE, _("Licensed by another authority"))]


class BoxField(forms.CharField):
    """`29.30000,47.90000,29.40000,48.00000`: south, west, north and east (WGS 84) of a rectangle."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        parts = [part.strip() for part in digits.clean(text).split(",")]
        if len(parts) == 4 and all(re.fullmatch(r"-?\d{1,3}(?:\.\d{1,12})?", part) for part in parts):
            box = Box(*map(float, parts))
            if box.south < box.north and box.west < box.east:
                return box
        raise forms.ValidationError(_("This part of the map is not known. Begin with the whole map."))


class ShopSearchForm(forms.Form):
    """The text and filters of a search, all optional. Reads no lists of choices."""

    q = forms.CharField(
        label=_("Name, number or place"),
        help_text=_(
            "In Arabic or Latin letters; spelling need not be exact. For a licence, registration or PACI number "
            "the first digits are enough."
        ),
        required=False,
        max_length=200,
        strip=True,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "dir": "auto"}),
    )
    governorate = forms.CharField(label=_("Governorate"), required=False, max_length=20)
    area = WholeNumberField(label=_("Area"), required=False, min_value=1, max_value=2**31 - 1)
    activity = forms.CharField(label=_("Activity"), required=False, max_length=20)
    licence = forms.ChoiceField(label=_("Health licence"), required=False, choices=LICENCES)
    open = forms.BooleanField(label=_("Only shops in operation (not closed down)"), required=False)
    open_now = forms.BooleanField(label=_("Open now, by the hours that the shop states"), required=False)
    near = NearField(required=False, max_length=60, widget=forms.HiddenInput)
    after = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)

    def clean_governorate(self) -> str:
        return self._known(Governorate, "governorate")

    def clean_area(self) -> Any:
        return self._known(Area, "area")

    def clean_activity(self) -> str:
        return self._known(Activity, "activity")

    def _known(self, model: type[models.Model], name: str) -> Any:
        value = self.cleaned_data[name]
        if value and not model._default_manager.filter(pk=value).exists():
            raise forms.ValidationError(_("Choose one from the list, or leave it open."))
        return value

    def query(self) -> SearchQuery:
        """The query of a valid form."""
        data = self.cleaned_data
        return SearchQuery(
            text=data["q"],
            governorate=data["governorate"],
            area=data["area"] or None,
            activity=data["activity"],
            licence=data["licence"],
            is_open=data["open"],
            open_now=data["open_now"],
            near=data["near"],
            after=data["after"],
        )


class FindShopForm(ShopSearchForm):
    """The form of the page, with lists to choose from."""

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        name = "name_ar" if get_language() == "ar" else "name_en"
        lists: dict[str, QuerySet[Any]] = {
            "governorate": Governorate.objects.order_by("code"),
            "area": Area.objects.order_by(name),
            "activity": Activity.objects.order_by(name),
        }
        for field, rows in lists.items():
            self.fields[field].widget = forms.Select(choices=[("", _("All")), *rows.values_list("pk", name)])


class MapForm(FindShopForm):
    """The form of the map, with a rectangle of it."""

    box = BoxField(required=False, max_length=80, widget=forms.HiddenInput)

    def query(self) -> SearchQuery:
        return replace(super().query(), box=self.cleaned_data["box"])
