"""Forms of opinions: the question, the order, and those of planners."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from municipality.rulebook.models import Activity
from municipality.ui.forms import WholeNumberField
from zoning.answer.forms import MOST_FLOORS, floor_name
from zoning.models import Asker


class OpinionQuestionForm(forms.Form):
    """Who asks, and about which activity on which floor; without an activity what may be built."""

    asker = forms.ChoiceField(
        label=_("Who asks"), choices=Asker, widget=forms.RadioSelect, error_messages={"required": _("Choose who asks.")}
    )
    activity = forms.ChoiceField(label=_("Question"), required=False, help_text=_("An activity, or what may be built on the plot."))
    floor = forms.TypedChoiceField(label=_("Floor"), coerce=int, required=False, help_text=_("Only for an activity."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = "name_ar" if get_language() == "ar" else "name_en"
        fields: dict[str, Any] = self.fields
        fields["activity"].choices = [
            ("", gettext("What may be built on this plot?")),
            *Activity.objects.order_by(name).values_list("code", name),
        ]
        fields["floor"].choices = [(floor, floor_name(floor)) for floor in (*range(MOST_FLOORS + 1), -1)]

    def answers(self) -> dict[str, Any]:
        """The answers as a draft keeps them."""
        activity = self.cleaned_data["activity"] or None
        return {"asker": self.cleaned_data["asker"], "activity": activity, "floor": (self.cleaned_data["floor"] or 0) if activity else None}


_INCOMPLETE = dict.fromkeys(("required", "invalid"), _("The page was sent incomplete. Reload it and try again."))


class OpinionOrderForm(forms.Form):
    """The order; `version` is that of the draft and `total` the fee in fils on the page. Others are refused."""

    version = WholeNumberField(widget=forms.HiddenInput, min_value=0, error_messages=_INCOMPLETE)
    total = WholeNumberField(widget=forms.HiddenInput, min_value=0, error_messages=_INCOMPLETE)
