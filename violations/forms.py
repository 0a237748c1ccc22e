"""Forms of violations."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock, money
from municipality.rulebook import queries as rulebook
from municipality.ui.forms import DigitsField, ReferenceField
from municipality.ui.plurals import counted
from violations import queries, rules
from violations.services.objections import MAX_WORDS


class ViolationLookupForm(forms.Form):
    number = ReferenceField(label=_("Number of the violation or warning"), help_text=_("As on the notice, for example VIO-2026-000001-K."))
    last_four = DigitsField(
        label=_("Last 4 digits of the civil number"),
        length=4,
        help_text=_("A person: of the one whom the notice names. A company: of anybody who signs for it."),
    )

    def clean_number(self) -> str:
        return rules.canonical_number(str(self.cleaned_data["number"]))


class ObjectForm(forms.Form):
    ground = forms.ChoiceField(
        label=_("Ground of the objection"),
        help_text=_("If several fit, choose the strongest and write the others in the text."),
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose the ground of the objection."), "invalid_choice": _("Please choose one of the list.")},
    )
    words = forms.CharField(
        label=_("Text of the objection"),
        help_text=_(
            "Why the violation is wrong, in Arabic or English. Please write no names: the person who decides must not know who you are."
        ),
        widget=forms.Textarea(attrs={"rows": 7}),
        max_length=MAX_WORDS,
        error_messages={
            "required": _("Please write the text of the objection."),
            "max_length": _("Please shorten the objection to 4,000 characters."),
        },
    )

    def __init__(self, *args: Any, excluded: Collection[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        part = "text_ar" if get_language() == "ar" else "text_en"
        reasons = [r for r in rulebook.edition(queries.REPLIES, clock.today()).reasons_of("ground") if r.code not in excluded]
        self.fields["ground"].choices = [(reason.code, getattr(reason, part)) for reason in reasons]  # type: ignore[attr-defined]


class AnswerForm(forms.Form):
    words = forms.CharField(
        label=_("Your answer"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        max_length=MAX_WORDS,
        error_messages={"max_length": _("Please shorten the objection to 4,000 characters.")},
    )


class PlanForm(forms.Form):
    """The number of instalments; each choice names the first amount."""

    count = forms.TypedChoiceField(
        label=_("How many instalments?"),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Please choose one of the numbers of instalments offered."),
            "invalid_choice": _("Please choose one of the numbers of instalments offered."),
        },
    )

    def __init__(self, *args: Any, fils: int, max_count: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label = _("%(instalments)s, the first of KD %(part)s by tomorrow")
        parts = {count: money.to_display(rules.instalments(fils, count)[0]) for count in range(2, max_count + 1)}
        self.fields["count"].choices = [  # type: ignore[attr-defined]
            (count, label % {"instalments": counted(count, "instalment"), "part": part}) for count, part in parts.items()
        ]
