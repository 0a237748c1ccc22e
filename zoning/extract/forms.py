"""What an extract is made for: the plot alone, or with the answer to a question."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from zoning.answer.forms import QuestionForm


class ExtractForm(QuestionForm):
    """The question of the plot's page; without an activity the extract has no answer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["activity"].required = self.fields["floor"].required = False
        self.fields["activity"].help_text = _("Empty for an extract without an answer.")

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if found.get("activity") and found.get("floor") == "":
            self.add_error("floor", _("Choose a floor"))
        return found
